//! The sources of other controllers, kept at hand.

use futures_util::{FutureExt as _, StreamExt as _};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt as _;
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher;
use portolan_api::{Artifact, Bucket, GitRepository};
use tracing::{debug, warn};

use crate::chain::chain;
use crate::cluster::{Cluster, ClusterError};
use crate::kind::Watched;
use crate::news::Announcer;

impl Watched for GitRepository {
    const NAME: &'static str = "GitRepository";

    fn artifact(&self) -> Option<&Artifact> {
        self.status.as_ref()?.artifact.as_ref()
    }
}

impl Watched for Bucket {
    const NAME: &'static str = "Bucket";

    fn artifact(&self) -> Option<&Artifact> {
        self.status.as_ref()?.artifact.as_ref()
    }
}

/// Keeps the objects of a kind as they were last seen, and tells what they have stored. It writes
/// nothing.
#[derive(Debug)]
pub(crate) struct Observer<K: Watched, C: Cluster> {
    /// Where the objects come from.
    pub(crate) cluster: C,
    /// Where they are kept.
    pub(crate) objects: Writer<K>,
    /// Who hears of what they have stored.
    pub(crate) announcer: Announcer,
}

impl<K: Watched, C: Cluster> Observer<K, C> {
    /// Observe until `shutdown`. A cluster that does not know the kind is asked again now and then:
    /// it may be taught later.
    pub(crate) async fn run(mut self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown.fuse());
        let mut events = self.cluster.watch::<K>();
        let store = self.objects.as_reader();
        loop {
            tokio::select! {
                () = &mut shutdown => return,
                event = events.next() => match event {
                    Some(Ok(event)) => self.see(event, &store),
                    Some(Err(error @ ClusterError::UnknownKind(_))) => {
                        debug!(kind = K::NAME, error = chain(&error), "nothing to watch");
                    }
                    Some(Err(error)) => {
                        warn!(kind = K::NAME, error = chain(&error), "the watch was interrupted");
                    }
                    None => return,
                },
            }
        }
    }

    fn see(&mut self, event: watcher::Event<K>, store: &Store<K>) {
        let event = event.modify(|object| forget_the_rest(object.meta_mut()));
        match &event {
            watcher::Event::Init => self.announcer.forget(),
            watcher::Event::InitApply(new) | watcher::Event::Apply(new) => {
                let key = ObjectRef::new(&new.name_any()).within(&new.home());
                self.announcer.notice(store.get(&key).as_deref(), new);
            }
            watcher::Event::InitDone | watcher::Event::Delete(_) => {}
        }
        self.objects.apply_watcher_event(&event);
        if matches!(event, watcher::Event::InitDone | watcher::Event::Apply(_)) {
            self.announcer.tell();
        }
    }
}

/// Only name and namespace are of use here.
fn forget_the_rest(metadata: &mut ObjectMeta) {
    *metadata = ObjectMeta {
        name: metadata.name.take(),
        namespace: metadata.namespace.take(),
        resource_version: metadata.resource_version.take(),
        ..ObjectMeta::default()
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;
    use crate::news::News;
    use crate::world::Held;

    fn source(name: &str, revision: &str) -> GitRepository {
        let artifact = json!({
            "digest": "sha256:00", "lastUpdateTime": "2026-01-01T00:00:00Z",
            "path": "p", "revision": revision, "url": "http://h/p",
        });
        serde_json::from_value(json!({
            "metadata": { "name": name, "namespace": "team", "labels": { "a": "b" } },
            "status": { "artifact": artifact },
        }))
        .unwrap()
    }

    fn told(news: &mut UnboundedReceiver<News>) -> Vec<String> {
        let next = || news.try_recv().ok();
        std::iter::from_fn(next)
            .map(|news| format!("{} {}", news.name, news.revision.unwrap_or_default()))
            .collect()
    }

    #[test]
    fn what_is_seen_can_be_looked_up_when_it_is_told() {
        let (announce, mut news) = unbounded_channel();
        let mut observer = Observer {
            cluster: Held::default(),
            objects: Writer::<GitRepository>::new(()),
            announcer: Announcer::new(announce),
        };
        let store = observer.objects.as_reader();
        let mut see = |event| observer.see(event, &store);
        see(watcher::Event::Init);
        see(watcher::Event::InitApply(source("a", "1")));
        see(watcher::Event::InitApply(source("b", "1")));
        assert!(told(&mut news).is_empty(), "the list is not complete");
        see(watcher::Event::InitDone);
        assert_eq!(told(&mut news), ["a 1", "b 1"]);
        see(watcher::Event::Apply(source("a", "2")));
        assert_eq!(told(&mut news), ["a 2"]);
        // The watch broke off, and everything is listed again: only what was missed is news.
        see(watcher::Event::Init);
        see(watcher::Event::InitApply(source("a", "3")));
        see(watcher::Event::InitApply(source("b", "1")));
        see(watcher::Event::InitDone);
        assert_eq!(told(&mut news), ["a 3"]);
        let found = store.get(&ObjectRef::new("a").within("team")).unwrap();
        assert_eq!(found.artifact().unwrap().revision, "3");
        assert_eq!(found.metadata.labels, None, "nobody reads them");
    }
}
