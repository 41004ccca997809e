//! Packages in a folder.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portolan_chart::Chart;
use tempfile::NamedTempFile;

use super::{DirectoryError, PackageOptions, Packaged, Work};
use crate::build::InTree;
use crate::dependencies::Whole;
use crate::make::{MakeError, make, merge};
use crate::pull::{keep, on_a_thread};
use crate::tree::Tree;
use crate::{Acquirer, Limits, Repositories, SourceRequest};

impl Acquirer {
    /// Package the chart in `directory`, with the dependencies that it lacks, as
    /// `<name>-<version>.tgz` in `destination`. The folder itself is not changed, and equal folders
    /// give equal bytes. A file of that name is replaced.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`]. Nothing was written.
    pub async fn package(
        &self,
        directory: &Path,
        destination: &Path,
        options: &PackageOptions,
        repositories: &dyn Repositories,
    ) -> Result<Packaged, DirectoryError> {
        let work = Work::open(self, directory, repositories).await?;
        let builder = work.builder();
        let whole = builder.build(work.chart.clone(), &work.path).await?;
        let tree = Arc::clone(&work.tree);
        let below = Some(work.path.clone());
        self.packaged(whole, tree, below, options, destination)
            .await
    }

    /// Package the chart of `request`, with the dependencies that it lacks, as
    /// `<name>-<version>.tgz` in `destination`. What is to be made of it is what `options` says; the
    /// request's own recipe is not looked at. A file of that name is replaced.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`]. Nothing was written.
    pub async fn package_source(
        &self,
        request: &SourceRequest,
        destination: &Path,
        options: &PackageOptions,
    ) -> Result<Packaged, DirectoryError> {
        let opened = self.open_source(request).await?;
        let whole = self.whole(request, opened.held(), opened.at()).await?;
        if let Some(path) = whole.doubtful_locks.first() {
            return Err(DirectoryError::DoubtfulLock { path: path.clone() });
        }
        let tree = Arc::clone(&opened.held().tree);
        self.packaged(whole, tree, None, options, destination).await
    }

    /// Write down a chart that lacks nothing. Values files are looked for in `tree`, `below` a path in it.
    async fn packaged(
        &self,
        whole: Whole,
        tree: Arc<Tree>,
        below: Option<String>,
        options: &PackageOptions,
        destination: &Path,
    ) -> Result<Packaged, DirectoryError> {
        let Whole {
            chart,
            taken: dependencies,
            ..
        } = whole;
        let (options, destination) = (options.clone(), destination.to_owned());
        let limits = self.limits;
        let written = on_a_thread(move || {
            let below = below.as_deref();
            write(chart, &options, &destination, &tree, below, &limits)
        });
        let (path, digest, metadata, values_files) = written.await??;
        Ok(Packaged {
            path,
            digest,
            metadata,
            values_files,
            dependencies,
        })
    }
}

type Written = (
    PathBuf,
    portolan_reference::Digest,
    portolan_chart::ChartMetadata,
    Vec<String>,
);

fn write(
    mut chart: Chart,
    options: &PackageOptions,
    destination: &Path,
    tree: &Tree,
    below: Option<&str>,
    limits: &Limits,
) -> Result<Written, DirectoryError> {
    if let Some(version) = &options.version {
        chart.set_version(version)?;
    }
    if let Some(version) = &options.app_version {
        chart.set_app_version(version)?;
    }
    let files = InTree {
        tree,
        limit: limits.chart.max_file_bytes,
        below,
    };
    let used = make(&mut chart, &options.recipe, |_| {
        merge(&options.recipe, &files, &limits.chart)
    })
    .map_err(DirectoryError::Make)?;
    let archive = packed(&chart)?;
    let metadata = chart.metadata().clone();
    let path = destination.join(format!("{}-{}.tgz", metadata.name, metadata.version));
    let written = NamedTempFile::new_in(destination).and_then(|mut file| {
        file.write_all(&archive)?;
        keep(file, &path)
    });
    written.map_err(|source| DirectoryError::file(&path, source))?;
    let digest = portolan_reference::Digest::of(portolan_reference::Algorithm::Sha256, &archive);
    Ok((path, digest, metadata, used.files))
}

/// The chart as an archive.
pub(super) fn packed(chart: &Chart) -> Result<Vec<u8>, DirectoryError> {
    let mut archive = Vec::new();
    let written = chart.write_archive(&mut archive);
    written.map_err(|error| DirectoryError::Make(MakeError::Package(error)))?;
    Ok(archive)
}
