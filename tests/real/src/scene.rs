//! What most stories begin with.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::Api;
use crate::artifact::{Artifact, is_ready_with};
use crate::charts::ChartFolder;
use crate::cluster::Cluster;
use crate::controller::{Controller, Scope};
use crate::helm::Helm;
use crate::kinds::Id;
use crate::manifest::{helm_chart, helm_repository};
use crate::registry::{Account, OciRegistry};

/// How long anything may take that should take a moment, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(20);

/// A namespace of a cluster with a controller of its own, and a registry into which Helm pushes
/// versions of the chart `app`.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The namespace.
    pub namespace: String,
    /// The registry; charts are below `charts`.
    pub registry: OciRegistry,
    /// The controller.
    pub controller: Controller,
    /// Helm.
    pub helm: Helm,
    /// The sources of the chart.
    pub source: ChartFolder,
}

impl Scene<'static> {
    /// In the shared cluster, with a registry that does not ask who is there.
    #[track_caller]
    pub fn new(namespace: &str) -> Self {
        Self::in_front_of(Cluster::shared(), namespace, OciRegistry::open())
    }
}

impl<'a> Scene<'a> {
    /// In front of a registry.
    #[track_caller]
    pub fn in_front_of(cluster: &'a Cluster, namespace: &str, registry: OciRegistry) -> Self {
        let namespace = cluster.namespace(namespace);
        let scope = Scope::Namespace(namespace.clone());
        Self {
            cluster,
            controller: Controller::start(cluster, scope),
            namespace,
            registry,
            helm: Helm::new(),
            source: ChartFolder::new("app", "hello"),
        }
    }

    /// The client of the cluster.
    pub fn api(&self) -> &Api {
        self.cluster.api()
    }

    /// `helm package` and `helm push`.
    #[track_caller]
    pub fn push(&self, version: &str) -> PathBuf {
        self.push_as(version, None)
    }

    /// `helm package` and `helm push`, logged in.
    #[track_caller]
    pub fn push_as(&self, version: &str, account: Option<Account>) -> PathBuf {
        let archive = self.helm.package(&self.source, version);
        let remote = self.registry.url("charts");
        self.helm.push_as(&archive, &remote, account);
        archive
    }

    /// A `HelmRepository` for the registry, and a `HelmChart` for a range of versions.
    #[track_caller]
    pub fn follow(&self, range: &str, interval: &str) -> Id {
        let url = self.registry.url("charts");
        let repository = helm_repository(&self.namespace, "charts", &url);
        self.api().create(&repository);
        let mut chart = helm_chart(&self.namespace, "app", range, "charts");
        chart["spec"]["interval"] = json!(interval);
        self.api().create(&chart)
    }

    /// Wait until an object is ready with a revision.
    #[track_caller]
    pub fn until_ready(&self, id: &Id, revision: &str) -> Artifact {
        let what = format!("became ready with {revision}");
        let object = self.api().until(id, PATIENCE, &what, |object| {
            is_ready_with(object, revision)
        });
        Artifact::of(&object).expect("an artifact of that revision")
    }

    /// Wait until an object is as wanted. `what` completes the sentence "… never …".
    #[track_caller]
    pub fn until(&self, id: &Id, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.api().until(id, PATIENCE, what, wanted)
    }
}
