//! What a chart depends on, brought.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::try_join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use portolan_chart::{
    AddChartError, Chart, ChartName, Dependency, Index, ReadChartError, read_chart, read_directory,
};
use portolan_fetch::{ChartSource, OciChartSource};
use portolan_reference::{Digest, RepositoryUrl, Version};
use portolan_resolve::{
    Answer, Entry, Listed as Offered, Place, Question, Reach, Resolution, Resolved, Subject,
    Unbuilt, Walk, WalkError, WalkOptions, Wanted, pick_entry,
};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::task::JoinError;

use crate::bring::{Body, opened};
use crate::pull::on_a_thread;
use crate::tree::{At, Tree};
use crate::{
    Acquirer, ChartRepository, Class, IndexError, Registry, Repositories, Repository, Trust,
};

/// How many requests for dependencies may be under way at a time: in all, and to one server.
const IN_ALL: usize = 16;
const PER_SERVER: usize = 8;

/// A chart that was built into another, and where it was taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Taken {
    /// Its name.
    pub name: String,
    /// Its version, as the repository or the chart itself writes it.
    pub version: String,
    /// The repository or the path, without secrets.
    pub from: String,
    /// The SHA-256 of its archive, where it was one.
    pub digest: Option<Digest>,
    /// The digest of its manifest, where it came from a registry.
    pub manifest_digest: Option<Digest>,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} from {}", self.name, self.version, self.from)?;
        match &self.digest {
            Some(digest) => write!(f, " {digest}"),
            None => Ok(()),
        }
    }
}

/// Brings what one chart depends on. Everything is asked for once.
#[derive(Debug)]
pub(crate) struct Builder<'a> {
    acquirer: &'a Acquirer,
    repositories: &'a dyn Repositories,
    tree: &'a Arc<Tree>,
    options: WalkOptions,
    in_all: Semaphore,
    servers: Mutex<HashMap<String, Arc<Semaphore>>>,
    indexes: Mutex<HashMap<RepositoryUrl, Arc<OnceCell<Arc<Index>>>>>,
    /// Charts on disk, by their path, as they were read.
    local: Mutex<HashMap<String, Arc<Chart>>>,
}

/// A chart from a repository.
#[derive(Debug, Clone)]
pub(crate) struct Fetched {
    pub(crate) archive: Arc<Vec<u8>>,
    pub(crate) chart: Arc<Chart>,
    taken: Taken,
}

/// A chart that a dependency stands for, whole.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) chart: Arc<Chart>,
    /// Its archive, if it came as one.
    pub(crate) archive: Option<Arc<Vec<u8>>>,
    pub(crate) taken: Taken,
}

/// Which chart from a repository.
pub(crate) type Needed = (RepositoryUrl, String, String);

impl<'a> Builder<'a> {
    pub(crate) fn new(
        acquirer: &'a Acquirer,
        repositories: &'a dyn Repositories,
        tree: &'a Arc<Tree>,
    ) -> Self {
        let options = match repositories.named() {
            Some(named) => WalkOptions::default().named(named),
            None => WalkOptions::default(),
        };
        Self {
            acquirer,
            repositories,
            tree,
            options,
            in_all: Semaphore::new(IN_ALL),
            servers: Mutex::default(),
            indexes: Mutex::default(),
            local: Mutex::default(),
        }
    }

    /// `requirements` as they are in the digest of a lock file.
    pub(crate) fn without_names(&self, requirements: &[Dependency]) -> Vec<Dependency> {
        self.options.without_names(requirements)
    }

    /// Let `file://` reach anywhere: the charts are somebody's own.
    pub(crate) fn on_this_machine(mut self) -> Self {
        self.options = self.options.reach(Reach::Machine);
        self
    }

    /// The chart, which lies at `path` of the tree, with everything that it depends on and lacks.
    pub(crate) async fn build(
        &self,
        chart: Chart,
        path: &str,
    ) -> Result<(Chart, Vec<Taken>), BuildDependenciesError> {
        if chart.metadata().dependencies.is_empty() {
            return Ok((chart, Vec::new()));
        }
        let unbuilt = self.unbuilt(&chart)?;
        let resolution = self.resolve_at(unbuilt, path).await?;
        let fetched = self.fetch_all(&resolution).await?;
        let mut taken = Vec::new();
        let mut whole = chart;
        self.add_all(&mut whole, resolution.dependencies(), &fetched, &mut taken)?;
        Ok((whole, taken))
    }

    /// What `chart` requires, has locked, and has in `charts/`.
    fn unbuilt(&self, chart: &Chart) -> Result<Unbuilt, BuildDependenciesError> {
        let vendored = chart.vendored(&self.acquirer.limits.chart)?;
        let unbuilt = Unbuilt::new(chart.metadata()).vendored(&vendored);
        Ok(match chart.lock()? {
            Some(lock) => unbuilt.locked(lock),
            None => unbuilt,
        })
    }

    /// Find out which chart each requirement stands for.
    pub(crate) async fn resolve_at(
        &self,
        unbuilt: Unbuilt,
        path: &str,
    ) -> Result<Resolution, BuildDependenciesError> {
        let mut walk = Walk::new(unbuilt, self.options.clone().at(path));
        let mut asked = FuturesUnordered::new();
        loop {
            for question in walk.wanted() {
                asked.push(async move { (question.id(), self.answer(&question).await) });
            }
            let Some((id, answer)) = asked.next().await else {
                return Ok(walk.finish()?);
            };
            walk.answer(id, answer)
                .map_err(|error| BuildDependenciesError::Internal(error.to_string()))?;
        }
    }

    async fn answer(&self, question: &Question) -> Answer {
        let answered = match question.subject() {
            Subject::Versions { repository, chart } => self.versions(repository, chart).await,
            Subject::Chart { path } => self.on_disk(path).await,
        };
        answered.unwrap_or_else(|error| Answer::Failed(Arc::from(error)))
    }

    async fn versions(&self, url: &RepositoryUrl, chart: &str) -> Result<Answer, Failure> {
        let offered = match self.repositories.at(url).await? {
            Repository::Registry(registry) => self
                .tags(&registry, chart)
                .await?
                .into_iter()
                .map(Offered::tag)
                .collect(),
            Repository::Charts(charts) => {
                let index = self.index(url, &charts).await?;
                let Some(versions) = index.versions(chart) else {
                    return Ok(Answer::Absent);
                };
                versions
                    .map(|entry| Offered::entry(entry.version(), entry.created()))
                    .collect()
            }
        };
        Ok(Answer::Versions(offered))
    }

    async fn tags(&self, registry: &Registry, chart: &str) -> Result<Vec<String>, Failure> {
        let chart: ChartName = chart.parse()?;
        let remote = registry.for_chart(&chart).await?;
        let _permits = self.permits(registry.base().registry()).await?;
        let source = OciChartSource::new(self.acquirer.registry.clone(), remote);
        let tags = source.versions(&chart).await;
        tags.map_err(|source| {
            crate::LookError::List {
                chart: chart.clone(),
                source,
            }
            .into()
        })
    }

    /// The index of `charts`, asked for once, whatever comes of it.
    async fn index(
        &self,
        url: &RepositoryUrl,
        charts: &ChartRepository,
    ) -> Result<Arc<Index>, Failure> {
        let cell = Arc::clone(locked(&self.indexes).entry(url.clone()).or_default());
        let index = cell
            .get_or_try_init(|| async {
                let _permits = self.permits(&server_of(url)).await?;
                let index = self.acquirer.fetched_index(charts).await;
                index.map_err(|error: IndexError| Failure::from(error))
            })
            .await?;
        Ok(Arc::clone(index))
    }

    async fn on_disk(&self, path: &str) -> Result<Answer, Failure> {
        let (tree, at) = (Arc::clone(self.tree), path.to_owned());
        let limits = self.acquirer.limits.chart;
        let read = move || -> Result<Option<(Chart, bool)>, Failure> {
            let Some(found) = tree.at(&at)? else {
                return Ok(None);
            };
            Ok(Some(match found {
                At::Folder(folder) => (read_directory(&folder, &limits)?, true),
                At::File(_) => {
                    let bytes = tree.file(&at, limits.max_chart_bytes)?.unwrap_or_default();
                    (read_chart(bytes.as_slice(), &limits)?, false)
                }
            }))
        };
        let Some((chart, is_folder)) = on_a_thread(read).await?? else {
            return Ok(Answer::Absent);
        };
        let unbuilt = if is_folder {
            self.unbuilt(&chart)?
        } else {
            Unbuilt::whole(chart.metadata())
        };
        locked(&self.local).insert(path.to_owned(), Arc::new(chart));
        Ok(Answer::Chart(unbuilt))
    }

    /// Bring every chart of `resolution` that is in a repository, each once.
    pub(crate) async fn fetch_all(
        &self,
        resolution: &Resolution,
    ) -> Result<HashMap<Needed, Fetched>, BuildDependenciesError> {
        let wanted: BTreeMap<(String, String, String), Needed> = resolution
            .all()
            .filter_map(wanted)
            .map(|wanted| {
                let (url, name, version) = &wanted;
                let key = (url.as_str().to_owned(), name.clone(), version.clone());
                (key, wanted)
            })
            .collect();
        let fetching = wanted.into_values().map(async |wanted| {
            let (url, name, version) = &wanted;
            let fetched = self.fetch(url, name, version).await;
            match fetched {
                Ok(fetched) => Ok((wanted, fetched)),
                Err(source) => Err(BuildDependenciesError::Fetch {
                    name: name.clone(),
                    version: version.clone(),
                    repository: url.to_string(),
                    source,
                }),
            }
        });
        Ok(try_join_all(fetching).await?.into_iter().collect())
    }

    async fn fetch(
        &self,
        url: &RepositoryUrl,
        name: &str,
        version: &str,
    ) -> Result<Fetched, Failure> {
        let (mut body, manifest_digest, permits) = match self.repositories.at(url).await? {
            Repository::Registry(registry) => {
                let chart: ChartName = name.parse()?;
                let remote = registry.for_chart(&chart).await?;
                let permits = self.permits(registry.base().registry()).await?;
                let source = OciChartSource::new(self.acquirer.registry.clone(), remote);
                let pinned = source.pin(&chart, version).await?;
                let layer = opened(&source, &pinned, &Trust::NotAsked).await?;
                let digest = pinned.manifest_digest().clone();
                (Body::from(layer), Some(digest), permits)
            }
            Repository::Charts(charts) => {
                let index = self.index(url, &charts).await?;
                let listed = listed(&index, name, version)?;
                let permits = self.permits(&server_of(url)).await?;
                let download = self
                    .acquirer
                    .charts
                    .chart(&charts.remote(), &listed)
                    .await?;
                (Body::from(download), None, permits)
            }
        };
        let mut archive = Vec::new();
        while let Some(chunk) = body.chunk().await? {
            archive.extend_from_slice(&chunk);
        }
        drop(permits);
        let archive = Arc::new(archive);
        let (bytes, limits) = (Arc::clone(&archive), self.acquirer.limits.chart);
        let (chart, digest) = on_a_thread(move || {
            let digest = Digest::of(portolan_reference::Algorithm::Sha256, &bytes);
            read_chart(bytes.as_slice(), &limits).map(|chart| (chart, digest))
        })
        .await??;
        let metadata = chart.metadata();
        if metadata.name != name || !is_same_version(&metadata.version, version) {
            return Err(format!(
                "the archive calls itself '{}' version '{}'",
                metadata.name, metadata.version
            )
            .into());
        }
        Ok(Fetched {
            archive,
            chart: Arc::new(chart),
            taken: Taken {
                name: name.to_owned(),
                version: version.to_owned(),
                from: url.to_string(),
                digest: Some(digest),
                manifest_digest,
            },
        })
    }

    /// The chart that a dependency stands for, whole, and its archive if it came as one.
    pub(crate) fn archive_of(
        &self,
        dependency: &Resolved,
        fetched: &HashMap<Needed, Fetched>,
    ) -> Result<Part, BuildDependenciesError> {
        let name = &dependency.requirement().name;
        if let Some(needed) = wanted(dependency) {
            let found = fetched.get(&needed).ok_or_else(|| missing(name))?;
            return Ok(Part {
                chart: Arc::clone(&found.chart),
                archive: Some(Arc::clone(&found.archive)),
                taken: found.taken.clone(),
            });
        }
        let (chart, taken) = self.whole(dependency, fetched, &mut Vec::new())?;
        let archive = None;
        Ok(Part {
            chart,
            archive,
            taken,
        })
    }

    /// A chart on disk, with what it depends on itself.
    fn whole(
        &self,
        dependency: &Resolved,
        fetched: &HashMap<Needed, Fetched>,
        taken: &mut Vec<Taken>,
    ) -> Result<(Arc<Chart>, Taken), BuildDependenciesError> {
        let name = &dependency.requirement().name;
        let (Place::File { path } | Place::Embedded { path }) = dependency.place() else {
            return Err(missing(name));
        };
        let mut whole = Chart::clone(&*self.local_chart(path, name)?);
        self.add_all(&mut whole, dependency.dependencies(), fetched, taken)?;
        let from = Taken {
            name: name.clone(),
            version: dependency.version().to_owned(),
            from: format!("file://{path}"),
            digest: None,
            manifest_digest: None,
        };
        Ok((Arc::new(whole), from))
    }

    /// Put what was resolved into `chart`.
    fn add_all(
        &self,
        chart: &mut Chart,
        dependencies: &[Resolved],
        fetched: &HashMap<Needed, Fetched>,
        taken: &mut Vec<Taken>,
    ) -> Result<(), BuildDependenciesError> {
        let mut added: HashMap<String, String> = HashMap::new();
        for dependency in dependencies {
            let name = &dependency.requirement().name;
            let (part, from) = match dependency.place() {
                Place::Index(_) | Place::Oci(_) => {
                    let found = wanted(dependency).and_then(|wanted| fetched.get(&wanted));
                    let found = found.ok_or_else(|| missing(name))?;
                    (Arc::clone(&found.chart), found.taken.clone())
                }
                Place::File { .. } => self.whole(dependency, fetched, taken)?,
                // It lies there already. What it lacked itself has to come to it.
                Place::Embedded { .. } if dependency.dependencies().is_empty() => continue,
                Place::Embedded { path } => {
                    let (part, from) = self.whole(dependency, fetched, taken)?;
                    let folder = path.rsplit('/').next().unwrap_or(name);
                    chart.remove_chart(folder);
                    self.add(chart, folder, &part, name)?;
                    taken.push(from);
                    continue;
                }
                _ => continue,
            };
            taken.push(from);
            // The same chart under two aliases lies there once, as with Helm; two versions of one
            // chart lie side by side.
            let version = part.metadata().version.clone();
            if added.get(name) == Some(&version) {
                continue;
            }
            let beside = format!("{name}-{version}");
            let folder = match added.get(name) {
                Some(_) => &beside,
                None if chart.has_chart(name) => &beside,
                None => name,
            };
            self.add(chart, folder, &part, name)?;
            added.entry(name.clone()).or_insert(version);
        }
        Ok(())
    }

    fn add(
        &self,
        chart: &mut Chart,
        folder: &str,
        part: &Chart,
        name: &str,
    ) -> Result<(), BuildDependenciesError> {
        chart
            .add_chart(folder, part, &self.acquirer.limits.chart)
            .map_err(|source| BuildDependenciesError::Add {
                name: name.to_owned(),
                source,
            })
    }

    fn local_chart(&self, path: &str, name: &str) -> Result<Arc<Chart>, BuildDependenciesError> {
        let found = locked(&self.local).get(path).cloned();
        found.ok_or_else(|| missing(name))
    }

    /// Wait until another request may be made to `server`.
    async fn permits(&self, server: &str) -> Result<Permits<'_>, Failure> {
        let of_server = Arc::clone(
            locked(&self.servers)
                .entry(server.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(PER_SERVER))),
        );
        // First that of the server: who waits for a slow one must not hold up the others.
        Ok(Permits {
            _of_server: of_server.acquire_owned().await?,
            _in_all: self.in_all.acquire().await?,
        })
    }
}

/// Held while a request is under way.
struct Permits<'a> {
    _of_server: OwnedSemaphorePermit,
    _in_all: SemaphorePermit<'a>,
}

type Failure = Box<dyn Error + Send + Sync>;

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn missing(name: &str) -> BuildDependenciesError {
    BuildDependenciesError::Internal(format!("'{name}' was resolved and not brought"))
}

pub(crate) fn wanted(dependency: &Resolved) -> Option<Needed> {
    match dependency.place() {
        Place::Index(url) | Place::Oci(url) => Some((
            url.clone(),
            dependency.requirement().name.clone(),
            dependency.version().to_owned(),
        )),
        _ => None,
    }
}

fn server_of(url: &RepositoryUrl) -> String {
    let url = url.index_url();
    format!(
        "{}:{}",
        url.host_str().unwrap_or_default(),
        url.port_or_known_default().unwrap_or_default()
    )
}

/// Where the index says that the archive is.
fn listed(index: &Index, name: &str, version: &str) -> Result<String, Failure> {
    let entries = || index.versions(name).ok_or(Unlisted::Chart);
    let offers = entries()?.map(|entry| Entry::new(entry.version(), entry.created()));
    // A lock file may write a version otherwise than the index.
    let chosen = pick_entry(&Wanted::parse(version)?, offers).map_err(|_| Unlisted::Version {
        name: name.to_owned(),
        version: version.to_owned(),
    })?;
    let url = entries()?.nth(chosen.index()).and_then(|entry| entry.url());
    let url = url.ok_or_else(|| Unlisted::Url(name.to_owned()))?;
    Ok(url.to_owned())
}

/// Why an index does not lead to an archive. The words are Flux's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unlisted {
    #[error("no chart name found")]
    Chart,
    #[error("no '{name}' chart with version matching '{version}' found")]
    Version { name: String, version: String },
    #[error("chart '{0}' has no downloadable URLs")]
    Url(String),
}

impl Unlisted {
    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Chart | Self::Version { .. } => Class::NotFound,
            Self::Url(_) => Class::Refused,
        }
    }
}

fn is_same_version(inside: &str, wanted: &str) -> bool {
    match (Version::loose(inside), Version::loose(wanted)) {
        (Ok(inside), Ok(wanted)) => inside == wanted,
        _ => inside == wanted,
    }
}

/// Why something that a chart depends on could not be brought.
///
/// Exhaustive on purpose: whoever reports these to somebody decides about each.
#[derive(Debug, thiserror::Error)]
pub enum BuildDependenciesError {
    /// It is not known what the chart depends on.
    #[error(transparent)]
    Resolve(#[from] WalkError),
    /// The chart's lock file says nothing that could be understood.
    #[error(transparent)]
    Lock(#[from] portolan_chart::ParseLockError),
    /// What is in the chart's `charts/` folder are no charts.
    #[error(transparent)]
    Vendored(#[from] ReadChartError),
    /// A chart could not be had from its repository.
    #[error(
        "failed to add remote dependency '{name}': failed to get chart '{name}' version '{version}' from '{repository}'"
    )]
    Fetch {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
        /// Its repository, without secrets.
        repository: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A chart could not be put into the other.
    #[error("failed to add dependency '{name}'")]
    Add {
        /// Its name.
        name: String,
        /// Why.
        source: AddChartError,
    },
    /// A mistake of ours.
    #[error("internal error: {0}")]
    Internal(String),
}

impl From<JoinError> for BuildDependenciesError {
    fn from(error: JoinError) -> Self {
        Self::Internal(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_may_write_a_version_otherwise_than_the_chart() {
        assert!(is_same_version("1.2.0", "v1.2.0"));
        assert!(is_same_version("1.2.0+a", "1.2.0+b"));
        assert!(!is_same_version("1.2.0", "1.2.1"));
    }
}
