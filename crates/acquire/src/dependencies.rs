//! What a chart depends on, brought.

mod error;
mod parts;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::try_join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use portolan_chart::{Chart, ChartName, Dependency, Index, Limits, read_chart, read_directory};
use portolan_fetch::{ChartSource, OciChartSource};
use portolan_reference::{Digest, RepositoryUrl, Version};
use portolan_resolve::{
    Answer, Entry, Listed as Offered, Place, Question, Reach, Resolution, Resolved, Subject,
    Unbuilt, Walk, WalkOptions, Wanted, pick_entry,
};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore, SemaphorePermit};

pub(crate) use self::error::Unlisted;
pub use self::error::{BuildDependenciesError, FetchStage};
use self::parts::{Fetched, Room, below};
pub(crate) use self::parts::{Form, Keep, Parts};
use crate::bring::{Body, Promise};
use crate::look::Listed;
use crate::pull::on_a_thread;
use crate::tree::{At, Tree};
use crate::{
    Acquirer, ChartRepository, IndexDigest, IndexError, Registry, Repositories, Repository,
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
    /// What the index of its repository promised and what came, where these differ.
    pub index_digest: Option<IndexDigest>,
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

/// A chart with everything that it depends on.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) chart: Chart,
    pub(crate) taken: Vec<Taken>,
    /// The paths of charts whose lock file has the digest of something else.
    pub(crate) doubtful_locks: Vec<String>,
}

impl Whole {
    /// A chart to which nothing had to be brought.
    pub(crate) fn alone(chart: Chart) -> Self {
        Self {
            chart,
            taken: Vec::new(),
            doubtful_locks: Vec::new(),
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
    insists_on_index_digest: bool,
    in_all: Semaphore,
    servers: Mutex<HashMap<String, Arc<Semaphore>>>,
    reached: Once<Repository>,
    indexes: Once<Arc<Index>>,
    /// Charts on disk, by their path, as they were read.
    local: Mutex<HashMap<String, Arc<Chart>>>,
    room: Arc<Room>,
}

/// What is found out about a repository once, whatever comes of it.
type Once<T> = Mutex<HashMap<RepositoryUrl, Arc<OnceCell<Result<T, Shared>>>>>;

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
            insists_on_index_digest: false,
            in_all: Semaphore::new(IN_ALL),
            servers: Mutex::default(),
            reached: Mutex::default(),
            indexes: Mutex::default(),
            local: Mutex::default(),
            room: Arc::new(Room::new(&acquirer.limits.chart)),
        }
    }

    /// `requirements` as they are in the digest of a lock file.
    pub(crate) fn without_names(&self, requirements: &[Dependency]) -> Vec<Dependency> {
        self.options.without_names(requirements)
    }

    /// Refuse what is not what the index of its repository promises.
    pub(crate) fn require_index_digest(mut self) -> Self {
        self.insists_on_index_digest = true;
        self
    }

    /// Let `file://` reach anywhere: the charts are somebody's own.
    pub(crate) fn on_this_machine(mut self) -> Self {
        self.options = self.options.reach(Reach::Machine);
        self
    }

    /// Take lock files by their lines, whatever their digest.
    pub(crate) fn believing_lock_lines(mut self) -> Self {
        self.options = self.options.believe_lock_lines();
        self
    }

    /// The chart, which lies at `path` of the tree, with everything that it depends on and lacks.
    pub(crate) async fn build(
        &self,
        chart: Chart,
        path: &str,
    ) -> Result<Whole, BuildDependenciesError> {
        if chart.metadata().dependencies.is_empty() {
            return Ok(Whole::alone(chart));
        }
        let limits = self.acquirer.limits.chart;
        let looked = on_a_thread(move || unbuilt(&chart, &limits).map(|unbuilt| (chart, unbuilt)));
        let (chart, unbuilt) = looked.await??;
        let resolution = self.resolve_at(unbuilt, path).await?;
        let parts = self.fetch_all(&resolution, Keep::Charts).await?;
        on_a_thread(move || {
            let (chart, taken) = parts.put_together(chart, &resolution)?;
            Ok(Whole {
                chart,
                taken,
                doubtful_locks: resolution.doubtful_locks().to_vec(),
            })
        })
        .await?
    }

    /// Find out which chart each requirement stands for.
    pub(crate) async fn resolve_at(
        &self,
        unbuilt: Unbuilt,
        path: &str,
    ) -> Result<Resolution, BuildDependenciesError> {
        // Versions are many, and comparing them takes its time.
        let options = self.options.clone().at(path);
        let mut walk = on_a_thread(move || Walk::new(unbuilt, options)).await?;
        let mut asked = FuturesUnordered::new();
        loop {
            for question in walk.wanted() {
                asked.push(async move { (question.id(), self.answer(&question).await) });
            }
            let Some((id, answer)) = asked.next().await else {
                return Ok(on_a_thread(move || walk.finish()).await??);
            };
            let answered = move || {
                let taken = walk.answer(id, answer);
                taken.map(|()| walk)
            };
            walk = on_a_thread(answered)
                .await?
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
        let offered = match self.repository(url).await? {
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

    /// How the repository at `url` is reached.
    async fn repository(&self, url: &RepositoryUrl) -> Result<Repository, Shared> {
        once(&self.reached, url, async || self.repositories.at(url).await).await
    }

    /// The index of `charts`.
    async fn index(
        &self,
        url: &RepositoryUrl,
        charts: &ChartRepository,
    ) -> Result<Arc<Index>, Shared> {
        once(&self.indexes, url, async || {
            let _permits = self.permits(&server_of(url)).await?;
            let index = self.acquirer.fetched_index(charts).await;
            index.map_err(|error: IndexError| Failure::from(error))
        })
        .await
    }

    async fn on_disk(&self, path: &str) -> Result<Answer, Failure> {
        let (tree, at) = (Arc::clone(self.tree), path.to_owned());
        let (limits, room) = (self.acquirer.limits.chart, Arc::clone(&self.room));
        let read = move || -> Result<Option<(Chart, Unbuilt)>, Failure> {
            let Some(found) = tree.at(&at)? else {
                return Ok(None);
            };
            room.check()?;
            let (chart, unbuilt) = match found {
                At::Folder(folder) => {
                    let chart = read_directory(&folder, &limits);
                    let chart = chart.map_err(|error| tree.shown(error))?;
                    let unbuilt = unbuilt(&chart, &limits)?;
                    (chart, unbuilt)
                }
                At::File(_) => {
                    let bytes = tree.file(&at, limits.max_chart_bytes)?.unwrap_or_default();
                    let chart = read_chart(bytes.as_slice(), &limits)?;
                    let unbuilt = Unbuilt::whole(chart.metadata());
                    (chart, unbuilt)
                }
            };
            room.take(&chart)?;
            Ok(Some((chart, unbuilt)))
        };
        let Some((chart, unbuilt)) = on_a_thread(read).await?? else {
            return Ok(Answer::Absent);
        };
        locked(&self.local).insert(path.to_owned(), Arc::new(chart));
        Ok(Answer::Chart(unbuilt))
    }

    /// Bring every chart of `resolution` that is in a repository, each once.
    pub(crate) async fn fetch_all(
        &self,
        resolution: &Resolution,
        keep: Keep,
    ) -> Result<Parts, BuildDependenciesError> {
        let inside: HashSet<Needed> = match keep {
            Keep::Charts => resolution.all().filter_map(wanted).collect(),
            Keep::Archives => below(resolution.dependencies())
                .filter_map(wanted)
                .collect(),
        };
        let needed: BTreeMap<(String, String, String), Needed> = resolution
            .all()
            .filter_map(wanted)
            .map(|wanted| {
                let (url, name, version) = &wanted;
                let key = (url.as_str().to_owned(), name.clone(), version.clone());
                (key, wanted)
            })
            .collect();
        let fetching = needed.into_values().map(async |wanted| {
            let (url, name, version) = &wanted;
            let kept = (inside.contains(&wanted), keep == Keep::Archives);
            let mut stage = FetchStage::Choosing;
            let fetched = self.fetch(url, name, version, kept, &mut stage).await;
            match fetched {
                Ok(fetched) => Ok((wanted, fetched)),
                Err(source) => Err(BuildDependenciesError::Fetch {
                    name: name.clone(),
                    version: version.clone(),
                    repository: url.to_string(),
                    stage,
                    source,
                }),
            }
        });
        Ok(Parts {
            fetched: try_join_all(fetching).await?.into_iter().collect(),
            local: locked(&self.local).clone(),
            limits: self.acquirer.limits.chart,
        })
    }

    /// Bring one chart, and keep of it the chart, the archive, or both. `stage` is how far it came.
    async fn fetch(
        &self,
        url: &RepositoryUrl,
        name: &str,
        version: &str,
        (keep_chart, keep_archive): (bool, bool),
        stage: &mut FetchStage,
    ) -> Result<Fetched, Failure> {
        let (mut body, manifest_digest, entry, permits) = match self.repository(url).await? {
            Repository::Registry(registry) => {
                let chart: ChartName = name.parse()?;
                let remote = registry.for_chart(&chart).await?;
                let permits = self.permits(registry.base().registry()).await?;
                let source = OciChartSource::new(self.acquirer.registry.clone(), remote);
                *stage = FetchStage::Downloading;
                let pinned = source.pin(&chart, version).await?;
                // Nobody can say who has to have signed a dependency.
                let layer = source.open_unchecked(&pinned).await?;
                let digest = pinned.manifest_digest().clone();
                (Body::from(layer), Some(digest), None, permits)
            }
            Repository::Charts(charts) => {
                let index = self.index(url, &charts).await?;
                let listed = listed(&index, name, version)?;
                *stage = FetchStage::Downloading;
                let archive = listed.url.as_deref();
                let archive = archive.ok_or_else(|| Unlisted::Url(name.to_owned()))?;
                let permits = self.permits(&server_of(url)).await?;
                let download = self
                    .acquirer
                    .charts
                    .chart(&charts.remote(), archive)
                    .await?;
                (Body::from(download), None, Some(listed), permits)
            }
        };
        let mut archive = Vec::new();
        while let Some(chunk) = body.chunk().await? {
            archive.extend_from_slice(&chunk);
        }
        *stage = FetchStage::Loading;
        let (limits, room) = (self.acquirer.limits.chart, Arc::clone(&self.room));
        let read = on_a_thread(move || -> Result<_, Failure> {
            let digest = Digest::of(portolan_reference::Algorithm::Sha256, &archive);
            room.check()?;
            let chart = read_chart(archive.as_slice(), &limits)?;
            if keep_chart {
                room.take(&chart)?;
            }
            Ok((
                digest,
                chart.metadata().clone(),
                keep_chart.then_some(chart),
                archive,
            ))
        });
        let (digest, metadata, chart, archive) = read.await??;
        // Only now: what has come and was not read yet is in memory.
        drop(permits);
        let index_digest = match entry {
            Some(entry) => self.check_index_digest(&entry, &digest)?,
            None => None,
        };
        if metadata.name != name || !is_same_version(&metadata.version, version) {
            return Err(format!(
                "the archive calls itself '{}' version '{}'",
                metadata.name, metadata.version
            )
            .into());
        }
        Ok(Fetched {
            archive: keep_archive.then(|| Arc::new(archive)),
            chart: chart.map(Arc::new),
            version: metadata.version,
            taken: Taken {
                name: name.to_owned(),
                version: version.to_owned(),
                from: url.to_string(),
                digest: Some(digest),
                manifest_digest,
                index_digest,
            },
        })
    }

    fn check_index_digest(
        &self,
        entry: &Listed,
        actual: &Digest,
    ) -> Result<Option<IndexDigest>, Failure> {
        let insists = self.insists_on_index_digest;
        match Promise::of(entry, actual) {
            Promise::None if insists => Err("the index promises no digest for it".into()),
            Promise::Broken(found) if insists => Err(format!(
                "the archive has the digest '{}', but the index promises '{}'",
                found.actual, found.promised
            )
            .into()),
            Promise::Broken(found) => Ok(Some(found)),
            Promise::None | Promise::Kept => Ok(None),
        }
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

/// What `find` found out about the repository at `url`: asked once, also if that came to nothing.
async fn once<T: Clone>(
    known: &Once<T>,
    url: &RepositoryUrl,
    find: impl AsyncFnOnce() -> Result<T, Failure>,
) -> Result<T, Shared> {
    let cell = Arc::clone(locked(known).entry(url.clone()).or_default());
    let found = cell.get_or_init(|| async { find().await.map_err(Shared::from) });
    found.await.clone()
}

/// An error that more than one requirement meets.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<dyn Error + Send + Sync>);

impl Shared {
    /// The error itself.
    pub(crate) fn inner(&self) -> &(dyn Error + 'static) {
        &*self.0
    }
}

impl From<Failure> for Shared {
    fn from(failure: Failure) -> Self {
        Self(failure.into())
    }
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Shared {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// What `chart` requires, has locked, and has in `charts/`.
fn unbuilt(chart: &Chart, limits: &Limits) -> Result<Unbuilt, BuildDependenciesError> {
    let vendored = chart.vendored(limits)?;
    let unbuilt = Unbuilt::new(chart.metadata()).vendored(&vendored);
    Ok(match chart.lock()? {
        Some(lock) => unbuilt.locked(lock),
        None => unbuilt,
    })
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

/// What the index says of the archive.
fn listed(index: &Index, name: &str, version: &str) -> Result<Listed, Failure> {
    let entries = || index.versions(name).ok_or(Unlisted::Chart);
    let offers = entries()?.map(|entry| Entry::new(entry.version(), entry.created()));
    // A lock file may write a version otherwise than the index.
    let chosen = pick_entry(&Wanted::parse(version)?, offers).map_err(|_| Unlisted::Version {
        name: name.to_owned(),
        version: version.to_owned(),
    })?;
    let entry = entries()?.nth(chosen.index()).ok_or(Unlisted::Chart)?;
    Ok(Listed::from(entry))
}

fn is_same_version(inside: &str, wanted: &str) -> bool {
    match (Version::loose(inside), Version::loose(wanted)) {
        (Ok(inside), Ok(wanted)) => inside == wanted,
        _ => inside == wanted,
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
