//! What most stories begin with.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::Api;
use crate::artifact::{Artifact, is_ready_with};
use crate::charts::ChartFolder;
use crate::cluster::Cluster;
use crate::controller::{Controller, Scope};
use crate::folder::Folder;
use crate::helm::Helm;
use crate::kinds::Id;
use crate::manifest::{helm_chart, helm_repository, index_repository};
use crate::registry::{Account, OciRegistry};
use crate::web::WebServer;

/// How long anything may take that should take a moment, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(20);

/// A namespace of a cluster with a controller of its own, and where Helm puts versions of the chart
/// `app`: a registry, or a web server with an index.
#[derive(Debug)]
pub struct Scene<'a, C = OciRegistry> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The namespace.
    pub namespace: String,
    /// Where charts are, below `charts`.
    pub charts: C,
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

impl Scene<'static, WebServer> {
    /// In the shared cluster, with a web server that does not ask who is there.
    #[track_caller]
    pub fn with_index(namespace: &str) -> Self {
        Self::in_front_of(Cluster::shared(), namespace, WebServer::open())
    }
}

impl<'a, C> Scene<'a, C> {
    /// In front of a registry or a web server.
    #[track_caller]
    pub fn in_front_of(cluster: &'a Cluster, namespace: &str, charts: C) -> Self {
        Self::with_flags(cluster, namespace, charts, &[])
    }

    /// The same, with more flags for the controller.
    #[track_caller]
    pub fn with_flags(cluster: &'a Cluster, namespace: &str, charts: C, flags: &[&str]) -> Self {
        let namespace = cluster.namespace(namespace);
        let scope = Scope::Namespace(namespace.clone());
        Self {
            cluster,
            controller: Controller::start_with(cluster, scope, flags),
            namespace,
            charts,
            helm: Helm::new(),
            source: ChartFolder::new("app", "hello"),
        }
    }

    /// The client of the cluster.
    pub fn api(&self) -> &Api {
        self.cluster.api()
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

    /// Install an artifact as helm-controller would, and see that what it says is what is there.
    #[track_caller]
    pub fn install(&self, artifact: &Artifact, release: &str) {
        let folder = Folder::new("download");
        let archive = folder.write("chart.tgz", artifact.download());
        let kubeconfig = self.cluster.kubeconfig();
        let which = (self.namespace.as_str(), release);
        let installed = self.helm.install(&archive, which, &kubeconfig);
        installed.unwrap_or_else(|said| panic!("helm install: {said}"));
        let status = self.helm.status(which, &kubeconfig).expect("a release");
        assert_eq!(status["status"], "deployed");
        let version = &artifact.revision;
        assert_eq!(status["chart"], format!("{}-{version}", self.source.name()));
        let id = Id::new("ConfigMap", &self.namespace, release);
        let installed = self.api().get(&id).expect("what the chart installs");
        assert_eq!(installed["data"]["version"], version.as_str());
    }

    /// Ask for an object to be looked at now, and wait until it was. `token` is a new one each time.
    #[track_caller]
    pub fn look(&self, id: &Id, token: &str) -> Value {
        self.api().request(id, token);
        self.until(id, "was looked at", |object| {
            object["status"]["lastHandledReconcileAt"] == token
        })
    }
}

impl Scene<'_> {
    /// `helm package` and `helm push`.
    #[track_caller]
    pub fn push(&self, version: &str) -> PathBuf {
        self.push_as(version, None)
    }

    /// `helm package` and `helm push`, logged in.
    #[track_caller]
    pub fn push_as(&self, version: &str, account: Option<Account>) -> PathBuf {
        let archive = self.helm.package(&self.source, version);
        let remote = self.charts.url("charts");
        self.helm.push_as(&archive, &remote, account);
        archive
    }

    /// A `HelmRepository` for the registry, and a `HelmChart` for a range of versions.
    #[track_caller]
    pub fn follow(&self, range: &str, interval: &str) -> Id {
        let url = self.charts.url("charts");
        let repository = helm_repository(&self.namespace, "charts", &url);
        self.api().create(&repository);
        let mut chart = helm_chart(&self.namespace, "app", range, "charts");
        chart["spec"]["interval"] = json!(interval);
        self.api().create(&chart)
    }
}

impl Scene<'_, WebServer> {
    /// `helm package`, and `helm repo index` of all there is.
    #[track_caller]
    pub fn publish(&self, version: &str) -> PathBuf {
        let archive = self.helm.package(&self.source, version);
        self.charts.put_file("charts", &archive);
        self.helm.index(&self.charts.file("charts"));
        archive
    }

    /// A `HelmRepository` for the web server, and a `HelmChart` for a range of versions; each is
    /// looked at once an hour.
    #[track_caller]
    pub fn follow(&self, range: &str) -> (Id, Id) {
        let url = self.charts.url("charts");
        let repository = index_repository(&self.namespace, "charts", &url);
        let repository = self.api().create(&repository);
        let chart = helm_chart(&self.namespace, "app", range, "charts");
        (repository, self.api().create(&chart))
    }
}
