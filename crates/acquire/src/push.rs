//! Bring a chart to a registry.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;
use portolan_chart::{ChartMetadata, check_archive, read_directory, tag_for_version};
use portolan_fetch::Remote;
use portolan_reference::{Digest, OciReference};

use crate::error::PushError;
use crate::{Acquirer, Limits, Registry};

/// A chart that a registry took.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pushed {
    /// Where it is, by tag.
    pub reference: OciReference,
    /// The digest of its manifest.
    pub digest: Digest,
    /// What it says about itself.
    pub metadata: ChartMetadata,
}

impl Acquirer {
    /// Push the chart at `path`, a folder or an archive, into the folder `to`, under its own name and
    /// version. An archive's bytes are pushed as they are; a folder is packaged, and equal folders
    /// give equal bytes. `created` is noted in the manifest.
    ///
    /// # Errors
    ///
    /// [`PushError`]. Blobs may have reached the registry, but no tag has moved.
    pub async fn push(
        &self,
        path: &Path,
        to: &Registry,
        created: SystemTime,
    ) -> Result<Pushed, PushError> {
        let (from, limits) = (path.to_owned(), self.limits);
        let read = tokio::task::spawn_blocking(move || read(&from, &limits));
        let (archive, metadata) = read.await.map_err(PushError::Interrupted)??;
        // The path of the chart decides between keys of a docker config that name paths.
        let repository = to.base().join(&metadata.name);
        let repository = repository.as_ref().unwrap_or(to.base());
        let remote = to.remote(repository).await.map_err(PushError::Credential)?;
        let named = remote
            .join(&metadata.name)
            .and_then(|remote| {
                let tag = tag_for_version(&metadata.version);
                Ok((remote.repository().tagged(&tag)?, remote))
            })
            .map_err(|source| PushError::Name {
                name: metadata.name.clone(),
                version: metadata.version.clone(),
                source,
            });
        let (reference, remote): (OciReference, Remote) = named?;
        let pushed = self
            .registry
            .push_chart(&remote, archive, &metadata, created)
            .await;
        let digest = pushed.map_err(|source| PushError::Push {
            repository: reference.repository().url(),
            source,
        })?;
        Ok(Pushed {
            reference,
            digest,
            metadata,
        })
    }
}

/// The archive at `path`, or the one made of the folder there.
fn read(path: &Path, limits: &Limits) -> Result<(Bytes, ChartMetadata), PushError> {
    let cannot_read = |source| PushError::Read {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(cannot_read)?.is_dir() {
        let chart = read_directory(path, &limits.chart).map_err(|source| PushError::Directory {
            path: path.to_owned(),
            source,
        })?;
        let mut archive = Vec::new();
        chart.write_archive(&mut archive).map_err(cannot_read)?;
        return Ok((archive.into(), chart.metadata().clone()));
    }
    let file = File::open(path).map_err(cannot_read)?;
    let metadata = check_archive(BufReader::new(file), &limits.chart).map_err(|source| {
        PushError::Archive {
            path: path.to_owned(),
            source,
        }
    })?;
    let archive = fs::read(path).map_err(cannot_read)?;
    Ok((archive.into(), metadata))
}
