//! A folder of manifests instead of an API server. It is read and never written: what is reported
//! lives in memory.

mod document;
mod file;
mod live;
mod manifest;
mod object;
mod reader;
mod scan;
mod secret;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Debug};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, unfold};
use k8s_openapi::NamespaceResourceScope;
use kube::runtime::watcher::Event;
use kube::{Resource, ResourceExt as _};
use portolan_api::{Bucket, GitRepository};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;

use self::live::Live;
use self::object::Object;
use self::reader::{Contents, Reader};
use crate::clock::now;
use crate::cluster::{Cluster, ClusterError, Report, Severity};
use crate::kind::{Kind, Watched};

pub(crate) use self::file::Problem;
use self::manifest::Id;

/// The objects of a folder. Clones share them.
#[derive(Clone)]
pub(crate) struct Folder {
    shared: Arc<Shared>,
}

/// Tells nothing of the objects: Secrets are among them.
impl Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Folder").finish_non_exhaustive()
    }
}

struct Shared {
    state: Mutex<State>,
    /// Counts changes of the state.
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    live: Live,
    problems: Vec<Problem>,
    others: usize,
}

/// Follows what happens to the files of a [`Folder`].
pub(crate) struct Follower {
    folder: Folder,
    reader: Reader,
}

impl Folder {
    /// Read the manifests below `root`.
    ///
    /// # Errors
    ///
    /// If `root` is no folder that can be listed. What is wrong with files in it is one of the
    /// [`problems`](Self::problems).
    pub(crate) fn open(root: &Path) -> io::Result<(Self, Follower)> {
        let (reader, contents) = Reader::open(root)?;
        let folder = Self {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                changed: watch::Sender::default(),
            }),
        };
        folder.take(contents);
        let follower = Follower {
            folder: folder.clone(),
            reader,
        };
        Ok((folder, follower))
    }

    /// Every object of a kind, in the order of their names.
    pub(crate) fn objects<K: Kind>(&self) -> Vec<Arc<K>> {
        let state = self.state();
        let objects = state.live.of_kind(K::NAME);
        objects.filter_map(Object::typed).collect()
    }

    /// Let there be `object`, which is in no file, with its status as it is. One that was given before
    /// under that name is replaced.
    pub(crate) fn give(&self, object: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let id = Id {
            kind: text(&object["kind"]),
            namespace: text(&object["metadata"]["namespace"]),
            name: text(&object["metadata"]["name"]),
        };
        self.state().live.give(&id, object);
        self.tell();
    }

    /// What is wrong with the files.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        self.state().problems.clone()
    }

    /// How many objects in the files are none of our business.
    pub(crate) fn others(&self) -> usize {
        self.state().others
    }

    /// Tells after each change of an object or a problem.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }

    fn take(&self, contents: Contents) {
        let mut state = self.state();
        state.live.apply(contents.objects, &contents.unclear, now());
        state.problems = contents.problems;
        state.others = contents.others;
        drop(state);
        self.tell();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock leaves the state half changed.
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.shared.changed.send_modify(|count| *count += 1);
    }
}

impl Follower {
    /// Follow the files for as long as this is polled, looking at them `every` so often. A change
    /// counts once the file has stayed the same from one look to the next.
    pub(crate) async fn follow(self, every: Duration) {
        let Self { folder, mut reader } = self;
        loop {
            tokio::time::sleep(every).await;
            let looked = tokio::task::spawn_blocking(move || {
                let contents = reader.look_again();
                (reader, contents)
            });
            // It ended in a panic, which has been told.
            let Ok((again, contents)) = looked.await else {
                return;
            };
            reader = again;
            if let Some(contents) = contents {
                folder.take(contents);
            }
        }
    }
}

impl Cluster for Folder {
    fn watch<K: Watched>(&self) -> BoxStream<'static, Result<Event<K>, ClusterError>> {
        let watch = Watch::begin(self.clone());
        unfold(watch, |mut watch| async move {
            loop {
                if let Some(event) = watch.waiting.pop_front() {
                    return Some((Ok(event), watch));
                }
                watch.changes.changed().await.ok()?;
                watch.compare();
            }
        })
        .boxed()
    }

    async fn read<K>(&self, namespace: &str, name: &str) -> Result<Option<K>, ClusterError>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        let id = Id {
            kind: K::kind(&()).into_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        let object: Option<Arc<K>> = self.state().live.get(&id).and_then(Object::typed);
        let is_foreign = [GitRepository::NAME, Bucket::NAME].contains(&id.kind.as_str());
        if object.is_none() && is_foreign {
            let Id { kind, .. } = &id;
            return Err(ClusterError::Missing(format!(
                "{kind}.source.toolkit.fluxcd.io \"{name}\" not found: \
                 --source {kind}/{namespace}/{name}=PATH takes a folder or a .tar.gz for it"
            )));
        }
        Ok(object.map(|object| K::clone(&object)))
    }

    async fn report<K: Kind>(
        &self,
        object: &K,
        report: Report,
    ) -> Result<Option<String>, ClusterError> {
        let id = id_of(object);
        if let Report::Event(event) = &report {
            let (reason, message) = (&event.reason, &event.message);
            match event.severity {
                Severity::Trace => tracing::debug!(object = %id, reason, message),
                Severity::Info => tracing::info!(object = %id, reason, message),
                Severity::Error => tracing::warn!(object = %id, reason, message),
            }
            return Ok(None);
        }
        let seen = (object.meta().uid.as_deref(), object.generation());
        let told = self.state().live.report(&id, seen, report, now());
        if told.is_ok() {
            self.tell();
        }
        told
    }
}

/// What a watch has told so far, and what it has to tell.
struct Watch<K> {
    folder: Folder,
    changes: watch::Receiver<u64>,
    /// Up to which version everything has been told.
    version: u64,
    told: BTreeMap<Id, Arc<K>>,
    waiting: VecDeque<Event<K>>,
}

impl<K: Watched> Watch<K> {
    fn begin(folder: Folder) -> Self {
        let mut watch = Self {
            changes: folder.changes(),
            version: 0,
            told: BTreeMap::new(),
            waiting: VecDeque::new(),
            folder,
        };
        watch.compare();
        let listed = std::mem::take(&mut watch.waiting)
            .into_iter()
            .map(|event| match event {
                Event::Apply(object) => Event::InitApply(object),
                event => event,
            });
        watch.waiting = std::iter::once(Event::Init)
            .chain(listed)
            .chain([Event::InitDone])
            .collect();
        watch
    }

    /// See what has changed since it was last told. What changed twice is told once.
    fn compare(&mut self) {
        let state = self.folder.state();
        let changed = state.live.changed_after(self.version);
        for id in changed.filter(|id| id.kind == K::NAME) {
            let object = state.live.get(id).and_then(Object::typed::<K>);
            self.waiting.extend(match object {
                Some(object) => {
                    self.told.insert(id.clone(), Arc::clone(&object));
                    Some(Event::Apply(K::clone(&object)))
                }
                None => self
                    .told
                    .remove(id)
                    .map(|told| Event::Delete(K::clone(&told))),
            });
        }
        self.version = state.live.version();
    }
}

fn id_of<K: Kind>(object: &K) -> Id {
    Id {
        kind: K::NAME.to_owned(),
        namespace: object.home(),
        name: object.name_any(),
    }
}
