//! Charts that somebody works on: what they depend on, kept in `charts/`; and packages of them.

mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use portolan_chart::{
    Chart, Lock, ParseLockError, ReadDirectoryError, SetVersionError, read_directory, read_metadata,
};
use portolan_resolve::{Place, Resolution, Unbuilt};
use tempfile::NamedTempFile;
use tokio::task::JoinError;

use crate::build::InTree;
use crate::dependencies::{BuildDependenciesError, Builder, Form, Keep, Parts, Whole, wanted};
use crate::make::{MakeError, make, merge};
use crate::pull::{keep, on_a_thread};
use crate::tree::Tree;
use crate::{Acquirer, BuildError, Limits, OpenError, Recipe, Repositories, SourceRequest, Taken};

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
        let Whole {
            chart,
            taken: dependencies,
            ..
        } = builder.build(work.chart.clone(), &work.path).await?;
        let (options, destination) = (options.clone(), destination.to_owned());
        let (tree, path, limits) = (Arc::clone(&work.tree), work.path.clone(), self.limits);
        let written =
            on_a_thread(move || write(chart, &options, &destination, &tree, Some(&path), &limits));
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

impl Acquirer {
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
        let Whole {
            chart,
            taken: dependencies,
            ..
        } = whole;
        let (options, destination) = (options.clone(), destination.to_owned());
        let (tree, limits) = (Arc::clone(&opened.held().tree), self.limits);
        let written =
            on_a_thread(move || write(chart, &options, &destination, &tree, None, &limits));
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

fn packed(chart: &Chart) -> Result<Vec<u8>, DirectoryError> {
    let mut archive = Vec::new();
    let written = chart.write_archive(&mut archive);
    written.map_err(|error| DirectoryError::Make(MakeError::Package(error)))?;
    Ok(archive)
}

/// Whoever put a link there decides where we would write.
fn refuse_link(path: &Path) -> Result<(), DirectoryError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(DirectoryError::Link {
            path: path.to_owned(),
        }),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(DirectoryError::file(path, source)),
    }
}

/// Whether a file of this name is a chart archive to Helm, which looks at nothing but small letters.
fn is_archive(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end == "tgz")
}

/// Put `archives` into the folder `charts`, and remove all other archives of charts but of those that
/// are called as one of `kept`.
fn replace(
    charts: &Path,
    archives: Archives,
    kept: &BTreeSet<String>,
    limits: &Limits,
) -> Result<Vec<Step>, DirectoryError> {
    if archives.is_empty() && !charts.exists() {
        return Ok(Vec::new());
    }
    fs::create_dir_all(charts).map_err(|source| DirectoryError::file(charts, source))?;
    // All of them on disk before one of them has its name.
    let mut staged = Vec::new();
    for (name, (archive, taken)) in archives {
        let path = charts.join(&name);
        let file = NamedTempFile::new_in(charts).and_then(|mut file| {
            file.write_all(&archive)?;
            Ok(file)
        });
        let file = file.map_err(|source| DirectoryError::file(&path, source))?;
        staged.push((name, path, file, taken));
    }
    let mut steps = Vec::new();
    let mut wanted = BTreeSet::new();
    for (name, path, file, taken) in staged {
        keep(file, &path).map_err(|source| DirectoryError::file(&path, source))?;
        wanted.insert(name.clone());
        steps.push(Step::Saved { file: name, taken });
    }
    let entries = fs::read_dir(charts).map_err(|source| DirectoryError::file(charts, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| DirectoryError::file(charts, source))?;
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let is_file = is_archive(&name) && entry.file_type().is_ok_and(|it| it.is_file());
        if !is_file || wanted.contains(&name) {
            continue;
        }
        let read = fs::File::open(&path)
            .ok()
            .and_then(|file| read_metadata(io::BufReader::new(file), &limits.chart).ok());
        if read.is_some_and(|metadata| !kept.contains(&metadata.name)) {
            fs::remove_file(&path).map_err(|source| DirectoryError::file(&path, source))?;
            steps.push(Step::Removed { file: name });
        }
    }
    Ok(steps)
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

/// Why something could not be done about a chart that somebody works on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// The folder is no chart.
    #[error(transparent)]
    Chart(#[from] ReadDirectoryError),
    /// The chart could not be found in its source.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The chart could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Its lock file says nothing that could be understood.
    #[error(transparent)]
    Lock(#[from] ParseLockError),
    /// Its lock file was made for other requirements.
    #[error(
        "the lock file ({lock}) is out of sync with the dependencies file ({requirements}). Please update the dependencies"
    )]
    OutOfSync {
        /// The lock file.
        lock: &'static str,
        /// The file that requires.
        requirements: &'static str,
    },
    /// The lock file of a chart in a source was made for other requirements.
    #[error(
        "the lock file of the chart at '{path}' is out of sync with its requirements. Please update the dependencies"
    )]
    DoubtfulLock {
        /// The path, from the root of the source.
        path: String,
    },
    /// Something that it depends on could not be brought.
    #[error(transparent)]
    Dependencies(#[from] BuildDependenciesError),
    /// Its version cannot be changed as asked.
    #[error(transparent)]
    Version(#[from] SetVersionError),
    /// Nothing could be made of it.
    #[error(transparent)]
    Make(MakeError),
    /// A link is where something is to be written.
    #[error("`{}` is a link: nothing is written to where it leads; remove it", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A file or folder could not be read or written.
    #[error("cannot work with `{}`", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder has a name that is not text.
    #[error("`{}` is not UTF-8", path.display())]
    NotUtf8 {
        /// The folder.
        path: PathBuf,
    },
    /// A task of ours did not end as it should.
    #[error("working on the chart was interrupted")]
    Interrupted(#[from] JoinError),
}

impl DirectoryError {
    fn file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source,
        }
    }
}
