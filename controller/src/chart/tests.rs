use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use k8s_openapi::NamespaceResourceScope;
use kube::Resource;
use kube::runtime::{reflector, watcher};
use portolan_acquire::{Acquirer, Limits};
use portolan_auth::Transport;
use portolan_kit::{Registry, chart_archive};
use portolan_store::{Address, Options, Store};
use serde::de::DeserializeOwned;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::context::Settings;

/// A cluster that holds objects as JSON, and tells of one that it is gone if it is not there.
#[derive(Debug, Clone, Default)]
struct Held {
    objects: Arc<Mutex<BTreeMap<String, Value>>>,
    reports: Arc<Mutex<Vec<Report>>>,
}

impl Cluster for Held {
    fn watch<K: Kind>(&self) -> BoxStream<'static, Result<watcher::Event<K>, ClusterError>> {
        futures_util::stream::pending().boxed()
    }

    async fn read<K>(&self, _: &str, name: &str) -> Result<Option<K>, ClusterError>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        let objects = self.objects.lock().unwrap();
        let found = objects.get(&format!("{}/{name}", K::kind(&())));
        Ok(found.map(|value| serde_json::from_value(value.clone()).unwrap()))
    }

    async fn report<K: Kind>(
        &self,
        object: &K,
        report: Report,
    ) -> Result<Option<String>, ClusterError> {
        let key = format!("{}/{}", K::NAME, object.name_any());
        let there = self.objects.lock().unwrap().contains_key(&key);
        let finalizer = matches!(report, Report::Finalizer { .. });
        self.reports.lock().unwrap().push(report);
        // As with a stale list: the finalizer is seen on the object, and the status finds nobody.
        if there || finalizer {
            Ok(None)
        } else {
            Err(ClusterError::Gone)
        }
    }
}

struct World {
    registry: Registry,
    cluster: Held,
    context: Arc<Context<Held>>,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let registry = Registry::start().await;
        registry.push_chart("charts/app", &chart_archive("app", "1.0.0"), "1.0.0");
        let folder = tempfile::tempdir().unwrap();
        let cluster = Held::default();
        let repository = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
            "metadata": { "name": "repo", "namespace": "team" },
            "spec": { "type": "oci", "insecure": true, "url": registry.oci_url("charts") },
        });
        let objects = Arc::clone(&cluster.objects);
        objects
            .lock()
            .unwrap()
            .insert("HelmRepository/repo".to_owned(), repository);
        let (repositories, _) = reflector::store();
        let transport = Transport::builder().build().unwrap();
        let context = Arc::new(Context {
            cluster: cluster.clone(),
            acquirer: Acquirer::new(transport, Limits::default()),
            store: Store::open(folder.path(), Options::default()).unwrap(),
            address: Address::new("localhost:9090").unwrap(),
            repositories,
            settings: Settings::default(),
        });
        Self {
            registry,
            cluster,
            context,
            folder,
        }
    }

    fn chart(version: &str) -> Value {
        json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart",
            "metadata": { "name": "app", "namespace": "team", "generation": 1 },
            "spec": {
                "chart": "app", "version": version, "interval": "1m",
                "sourceRef": { "kind": "HelmRepository", "name": "repo" },
            },
        })
    }

    async fn reconcile(&self, chart: &Value) -> Next {
        let chart: HelmChart = serde_json::from_value(chart.clone()).unwrap();
        Arc::new(chart).reconcile(Arc::clone(&self.context)).await
    }

    fn files(&self) -> usize {
        let folder = self.folder.path().join("helmchart/team/app");
        std::fs::read_dir(folder).map_or(0, Iterator::count)
    }

    /// The status that was written last.
    fn status(&self) -> Value {
        let reports = self.cluster.reports.lock().unwrap();
        let mut statuses = reports.iter().rev().filter_map(|report| match report {
            Report::Status(status) => Some(status.clone()),
            _ => None,
        });
        statuses.next().unwrap()
    }
}

#[tokio::test]
async fn a_chart_is_brought_and_told_with_one_status_and_one_event() {
    let world = World::new().await;
    let chart = World::chart("1.x");
    world
        .cluster
        .objects
        .lock()
        .unwrap()
        .insert("HelmChart/app".to_owned(), chart.clone());
    assert_eq!(
        world.reconcile(&chart).await,
        Next::After(Duration::from_mins(1))
    );
    let status = world.status();
    assert_eq!(status["artifact"]["revision"], "1.0.0");
    assert_eq!(status["observedGeneration"], 1);
    let reports = world.cluster.reports.lock().unwrap();
    assert!(
        matches!(
            &reports[..],
            [
                Report::Finalizer { present: true },
                Report::Status(_),
                Report::Event(_)
            ]
        ),
        "{reports:?}"
    );
}

#[tokio::test]
async fn what_was_stored_for_a_chart_that_is_gone_is_removed() {
    let world = World::new().await;
    assert_eq!(
        world.reconcile(&World::chart("1.x")).await,
        Next::WhenChanged
    );
    assert!(world.status()["artifact"].is_object(), "it had been stored");
    assert_eq!(world.files(), 0);
}

#[tokio::test]
async fn what_fails_keeps_the_artifact_and_is_tried_again() {
    let world = World::new().await;
    let mut chart = World::chart("1.x");
    world
        .cluster
        .objects
        .lock()
        .unwrap()
        .insert("HelmChart/app".to_owned(), chart.clone());
    world.reconcile(&chart).await;
    chart["status"] = world.status();
    world.registry.stop();
    assert_eq!(world.reconcile(&chart).await, Next::RETRY);
    let status = world.status();
    assert_eq!(status["artifact"], chart["status"]["artifact"]);
    assert_eq!(status["conditions"][0]["type"], "Reconciling");
}
