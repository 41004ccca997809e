//! A folder of manifests instead of an API server. It is read and never written: what is reported
//! lives in memory.

mod document;
mod file;
mod live;
mod manifest;
mod reader;
mod scan;
mod secret;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, unfold};
use k8s_openapi::NamespaceResourceScope;
use kube::runtime::watcher::Event;
use kube::{Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;

use self::live::{Live, version_of};
use self::reader::{Contents, Reader};
use crate::clock::now;
use crate::cluster::{Cluster, ClusterError, Report, Severity};
use crate::kind::Kind;

pub(crate) use self::file::Problem;
use self::manifest::Id;

/// The objects of a folder. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Counts changes of the state.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    live: Live,
    problems: Vec<Problem>,
    others: usize,
}

/// Follows what happens to the files of a [`Folder`].
#[derive(Debug)]
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
    pub(crate) fn objects<K: Kind>(&self) -> Vec<K> {
        let state = self.state();
        let of_kind = state.live.iter().filter(|(id, _)| id.kind == K::NAME);
        of_kind.filter_map(|(_, value)| typed(value).ok()).collect()
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
    fn watch<K: Kind>(&self) -> BoxStream<'static, Result<Event<K>, ClusterError>> {
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
        self.state().live.get(&id).map(typed).transpose()
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
    told: BTreeMap<Id, K>,
    waiting: VecDeque<Event<K>>,
}

impl<K: Kind> Watch<K> {
    fn begin(folder: Folder) -> Self {
        let mut watch = Self {
            changes: folder.changes(),
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
        let live = || state.live.iter().filter(|(id, _)| id.kind == K::NAME);
        let gone: Vec<Id> = self
            .told
            .keys()
            .filter(|id| state.live.get(id).is_none())
            .cloned()
            .collect();
        for id in gone {
            self.waiting
                .extend(self.told.remove(&id).map(Event::Delete));
        }
        for (id, value) in live() {
            let told = self
                .told
                .get(id)
                .and_then(|object| object.meta().resource_version.as_deref());
            if told == version_of(value) {
                continue;
            }
            // The files were read as this type before.
            if let Ok(object) = typed::<K>(value) {
                self.told.insert(id.clone(), object.clone());
                self.waiting.push_back(Event::Apply(object));
            }
        }
    }
}

fn id_of<K: Kind>(object: &K) -> Id {
    Id {
        kind: K::NAME.to_owned(),
        namespace: object.home(),
        name: object.name_any(),
    }
}

fn typed<K: DeserializeOwned>(value: &Value) -> Result<K, ClusterError> {
    serde_json::from_value(value.clone()).map_err(|error| ClusterError::Api(Box::new(error)))
}
