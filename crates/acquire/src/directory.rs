//! Charts that somebody works on: what they depend on, kept in `charts/`; and packages of them.

mod error;
mod replace;
mod status;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use portolan_chart::{Chart, Lock, read_directory};
use portolan_resolve::{Place, Resolution, Unbuilt};
use tempfile::NamedTempFile;

use crate::dependencies::{Builder, Form, Keep, Parts, wanted};
use crate::pull::{keep, on_a_thread};
use crate::tree::Tree;
use crate::{Acquirer, Recipe, Repositories, Taken};

use self::replace::{refuse_link, replace};
use self::write::packed;

pub use self::error::DirectoryError;
pub use self::status::{DependencyState, DependencyStatus, Listing, Surplus};

/// What happens while dependencies are brought, for who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// It is being found out which versions are wanted, of so many dependencies.
    Resolving(usize),
    /// Charts are being downloaded, so many.
    Downloading(usize),
    /// This lies in `charts/` now.
    Saved {
        /// The file's name.
        file: String,
        /// The chart in it.
        taken: Taken,
    },
    /// This was in `charts/` and is not any more: it is a chart that is not wanted, or not in this
    /// version.
    Removed {
        /// The file's name.
        file: String,
    },
}

/// What became of a chart's dependencies.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Brought {
    /// What lies in `charts/` now.
    pub taken: Vec<Taken>,
    /// The lock file, where one was written.
    pub lock: Option<PathBuf>,
}

/// What else is to be done when a folder is packaged.
#[derive(Debug, Clone, Default)]
pub struct PackageOptions {
    /// Give the chart this version.
    pub version: Option<String>,
    /// Let it say that this is what it installs.
    pub app_version: Option<String>,
    /// Make this of it.
    pub recipe: Recipe,
}

/// A package that was made of a folder.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Packaged {
    /// The archive.
    pub path: PathBuf,
    /// Its SHA-256.
    pub digest: portolan_reference::Digest,
    /// What it says about itself.
    pub metadata: portolan_chart::ChartMetadata,
    /// The values files that were merged.
    pub values_files: Vec<String>,
    /// What was built into it.
    pub dependencies: Vec<Taken>,
}

impl Acquirer {
    /// What the chart in `directory` depends on, and how what lies in `charts/` meets that, as
    /// `helm dependency list` tells it.
    ///
    /// # Errors
    ///
    /// If the folder is no chart.
    pub async fn dependencies(&self, directory: &Path) -> Result<Listing, DirectoryError> {
        let (directory, limits) = (directory.to_owned(), self.limits.chart);
        on_a_thread(move || status::list(&directory, &limits)).await?
    }

    /// Choose what the chart in `directory` depends on anew, bring it into `charts/`, and write the
    /// lock file, as `helm dependency update` does. `now` is noted in it.
    ///
    /// Other archives of charts are removed from `charts/`, so that nothing is installed which
    /// `Chart.yaml` does not mention any more; those of charts that are required without a repository
    /// stay, and so does everything else. A lock file that would say the same stays as it is, and a
    /// chart that requires nothing stays as it is altogether.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`]. Before everything is downloaded and checked nothing in the folder has
    /// changed.
    pub async fn update_dependencies(
        &self,
        directory: &Path,
        repositories: &dyn Repositories,
        now: SystemTime,
        tell: impl Fn(Step) + Send + Sync,
    ) -> Result<Brought, DirectoryError> {
        let work = Work::open(self, directory, repositories).await?;
        let metadata = work.chart.metadata();
        if metadata.dependencies.is_empty() {
            // Helm writes no lock file then, and refuses one that says so.
            return Ok(Brought {
                taken: Vec::new(),
                lock: None,
            });
        }
        let unbuilt = Unbuilt::new(metadata);
        let (resolution, taken) = work.bring(unbuilt, &tell).await?;
        let lock = work.write_lock(&resolution, now)?;
        Ok(Brought { taken, lock })
    }

    /// Bring what the lock file of the chart in `directory` names into `charts/`, as
    /// `helm dependency build` does. Without a lock file it is
    /// [`update_dependencies`](Self::update_dependencies).
    ///
    /// # Errors
    ///
    /// [`DirectoryError`], also if the lock file was not made for what the chart requires. Before
    /// everything is downloaded and checked nothing in the folder has changed.
    pub async fn build_dependencies(
        &self,
        directory: &Path,
        repositories: &dyn Repositories,
        now: SystemTime,
        tell: impl Fn(Step) + Send + Sync,
    ) -> Result<Brought, DirectoryError> {
        let work = Work::open(self, directory, repositories).await?;
        let Some(lock) = work.chart.lock()? else {
            return self
                .update_dependencies(directory, repositories, now, tell)
                .await;
        };
        work.check_lock(&lock)?;
        let unbuilt = Unbuilt::new(work.chart.metadata()).locked(lock);
        let (_, taken) = work.bring(unbuilt, &tell).await?;
        Ok(Brought { taken, lock: None })
    }
}

/// A chart that somebody works on, while its dependencies are brought.
struct Work<'a> {
    acquirer: &'a Acquirer,
    repositories: &'a dyn Repositories,
    folder: PathBuf,
    /// The folder as a path in the tree, which is the whole machine.
    path: String,
    tree: Arc<Tree>,
    chart: Chart,
}

impl<'a> Work<'a> {
    async fn open(
        acquirer: &'a Acquirer,
        directory: &Path,
        repositories: &'a dyn Repositories,
    ) -> Result<Self, DirectoryError> {
        let (directory, limits) = (directory.to_owned(), acquirer.limits.chart);
        let (folder, chart) = on_a_thread(move || {
            let chart = read_directory(&directory, &limits)?;
            let folder = directory
                .canonicalize()
                .map_err(|source| DirectoryError::file(&directory, source))?;
            Ok::<_, DirectoryError>((folder, chart))
        })
        .await??;
        let path = folder.to_str().ok_or_else(|| DirectoryError::NotUtf8 {
            path: folder.clone(),
        })?;
        Ok(Self {
            acquirer,
            repositories,
            path: path.to_owned(),
            folder,
            tree: Arc::new(Tree::machine()),
            chart,
        })
    }

    fn builder(&self) -> Builder<'_> {
        Builder::new(self.acquirer, self.repositories, &self.tree).on_this_machine()
    }

    /// Bring what `unbuilt` requires into `charts/`.
    async fn bring(
        &self,
        unbuilt: Unbuilt,
        tell: &(impl Fn(Step) + Send + Sync),
    ) -> Result<(Resolution, Vec<Taken>), DirectoryError> {
        let charts = self.folder.join("charts");
        refuse_link(&charts)?;
        let builder = self.builder();
        tell(Step::Resolving(self.chart.metadata().dependencies.len()));
        let resolution = builder.resolve_at(unbuilt, &self.path).await?;
        let remote: BTreeSet<_> = resolution
            .all()
            .filter_map(wanted)
            .map(|(url, name, version)| (url.as_str().to_owned(), name, version))
            .collect();
        tell(Step::Downloading(remote.len()));
        let parts = builder.fetch_all(&resolution, Keep::Archives).await?;
        let limits = self.acquirer.limits;
        let work = move || {
            let (archives, kept, taken) = archives(&parts, &resolution)?;
            let steps = match resolution.dependencies() {
                [] => Vec::new(),
                _ => replace(&charts, archives, &kept, &limits)?,
            };
            Ok::<_, DirectoryError>((resolution, taken, steps))
        };
        let (resolution, taken, steps) = on_a_thread(work).await??;
        for step in steps {
            tell(step);
        }
        Ok((resolution, taken))
    }

    /// Whether `lock` was made for what the chart requires.
    fn check_lock(&self, lock: &Lock) -> Result<(), DirectoryError> {
        let metadata = self.chart.metadata();
        let requirements = self.builder().without_names(&metadata.dependencies);
        let fits = lock.is_for(&requirements)
            || (metadata.api_version == "v1" && lock.is_of_helm_2_for(&metadata.dependencies));
        if fits {
            return Ok(());
        }
        let (lock, requirements) = if metadata.api_version == "v1" {
            ("requirements.lock", "requirements.yaml")
        } else {
            ("Chart.lock", "Chart.yaml")
        };
        Err(DirectoryError::OutOfSync { lock, requirements })
    }

    /// Write the lock file, unless there is one that says the same.
    fn write_lock(
        &self,
        resolution: &Resolution,
        now: SystemTime,
    ) -> Result<Option<PathBuf>, DirectoryError> {
        let name = match self.chart.metadata().api_version.as_str() {
            "v1" => "requirements.lock",
            _ => "Chart.lock",
        };
        let path = self.folder.join(name);
        refuse_link(&path)?;
        let generated = Timestamp::try_from(now).unwrap_or_default();
        let lock = resolution.lock(generated.to_string());
        if self
            .chart
            .lock()?
            .is_some_and(|held| held.digest == lock.digest)
        {
            return Ok(None);
        }
        let written = NamedTempFile::new_in(&self.folder).and_then(|mut file| {
            file.write_all(lock.to_yaml().as_bytes())?;
            keep(file, &path)
        });
        written.map_err(|source| DirectoryError::file(&path, source))?;
        Ok(Some(path))
    }
}

/// Archives, by the names of their files.
type Archives = BTreeMap<String, (Arc<Vec<u8>>, Taken)>;

/// The archives that belong into `charts/`, the names of charts that lie there already, and where
/// everything was taken from.
fn archives(
    parts: &Parts,
    resolution: &Resolution,
) -> Result<(Archives, BTreeSet<String>, Vec<Taken>), DirectoryError> {
    let (mut archives, mut kept) = (Archives::new(), BTreeSet::new());
    let mut inside = Vec::new();
    for dependency in resolution.dependencies() {
        let name = &dependency.requirement().name;
        if let Place::Embedded { .. } | Place::Vendored { .. } = dependency.place() {
            kept.insert(name.clone());
            continue;
        }
        let part = parts.part(dependency)?;
        let archive = match part.form {
            Form::Archive(archive) => archive,
            Form::Chart(chart) => Arc::new(packed(&chart)?),
        };
        let file = format!("{}-{}.tgz", part.name, part.version);
        archives.insert(file, (archive, part.taken));
        inside.extend(part.inside);
    }
    let mut taken: Vec<Taken> = archives.values().map(|(_, taken)| taken.clone()).collect();
    taken.extend(inside);
    Ok((archives, kept, taken))
}
