//! A cluster in memory, a registry and a web server: what passes are tested in.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use k8s_openapi::NamespaceResourceScope;
use kube::runtime::reflector::store::Writer;
use kube::runtime::{reflector, watcher};
use kube::{Resource, ResourceExt as _};
use portolan_acquire::{Acquirer, Limits, TrustRoots};
use portolan_api::HelmRepository;
use portolan_auth::Transport;
use portolan_kit::{Registry, WebServer};
use portolan_store::{Address, Options, Store};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cluster::{Cluster, ClusterError, Report, Severity};
use crate::context::{Context, Settings};
use crate::kind::{Kind, Next, Reconcile, Watched};

/// A cluster that holds objects as JSON, and tells of one that it is gone if it is not there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    objects: Arc<Mutex<BTreeMap<String, Value>>>,
    reports: Arc<Mutex<Vec<Report>>>,
}

impl Cluster for Held {
    fn watch<K: Watched>(&self) -> BoxStream<'static, Result<watcher::Event<K>, ClusterError>> {
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
        let mut objects = self.objects.lock().unwrap();
        let held = objects.get_mut(&key);
        let is_there = held.is_some();
        if let (Some(held), Report::Status(status)) = (held, &report) {
            held["status"] = status.clone();
        }
        let finalizer = matches!(report, Report::Finalizer { .. });
        self.reports.lock().unwrap().push(report);
        // As with a stale list: the finalizer is seen on the object, and the status finds nobody.
        if is_there || finalizer {
            Ok(None)
        } else {
            Err(ClusterError::Gone)
        }
    }
}

/// Everything that a pass can meet.
pub(crate) struct World {
    pub(crate) registry: Registry,
    pub(crate) web: WebServer,
    /// Where other controllers serve what they have stored.
    pub(crate) sources: WebServer,
    cluster: Held,
    pub(crate) context: Arc<Context<Held>>,
    repositories: Mutex<Writer<HelmRepository>>,
    folder: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let public = TrustRoots::embedded().unwrap();
        Self::believing(public, settings).await
    }

    /// A world in which these authorities are believed.
    pub(crate) async fn believing(trust_roots: TrustRoots, settings: Settings) -> Self {
        let registry = Registry::start().await;
        let folder = tempfile::tempdir().unwrap();
        let cluster = Held::default();
        let (repositories, writer) = reflector::store();
        let transport = Transport::builder().build().unwrap();
        let context = Arc::new(Context {
            cluster: cluster.clone(),
            acquirer: Acquirer::new(transport, Limits::default()),
            store: Store::open(folder.path(), Options::default()).unwrap(),
            address: Address::new("localhost:9090").unwrap(),
            repositories,
            git_repositories: reflector::store().0,
            buckets: reflector::store().0,
            trust_roots,
            settings,
        });
        Self {
            registry,
            web: WebServer::start().await,
            sources: WebServer::start().await,
            cluster,
            context,
            repositories: Mutex::new(writer),
            folder,
        }
    }

    /// Let there be this object, in the namespace `team`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a row reads better without borrows"
    )]
    pub(crate) fn apply(&self, kind: &str, name: &str, generation: i64, spec: Value) {
        let key = format!("{kind}/{name}");
        let mut objects = self.cluster.objects.lock().unwrap();
        let status = objects.get(&key).map(|old| old["status"].clone());
        let object = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind,
            "metadata": { "name": name, "namespace": "team", "generation": generation },
            "spec": spec, "status": status,
        });
        objects.insert(key, object);
    }

    /// Let there be this Secret.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a row reads better without borrows"
    )]
    pub(crate) fn secret(&self, name: &str, data: Value) {
        let object =
            json!({ "metadata": { "name": name, "namespace": "team" }, "stringData": data });
        let mut objects = self.cluster.objects.lock().unwrap();
        objects.insert(format!("Secret/{name}"), object);
    }

    /// Let an object be in another namespace.
    pub(crate) fn move_to(&self, object: &str, namespace: &str) {
        let mut objects = self.cluster.objects.lock().unwrap();
        objects.get_mut(object).unwrap()["metadata"]["namespace"] = namespace.into();
    }

    /// Let it be gone.
    pub(crate) fn remove(&self, object: &str) {
        self.cluster.objects.lock().unwrap().remove(object);
    }

    /// One pass over the object as it is.
    pub(crate) async fn pass<K: Reconcile>(&self, name: &str) -> Next {
        let object: K = self.cluster.read("team", name).await.unwrap().unwrap();
        self.pass_over(object).await
    }

    /// One pass over an object as it was seen some time ago.
    pub(crate) async fn pass_over<K: Reconcile>(&self, object: K) -> Next {
        self.look_around();
        self.cluster.reports.lock().unwrap().clear();
        Arc::new(object).reconcile(Arc::clone(&self.context)).await
    }

    /// What the watch would have told by now.
    fn look_around(&self) {
        let mut writer = self.repositories.lock().unwrap();
        let objects = self.cluster.objects.lock().unwrap();
        let repositories = objects
            .iter()
            .filter(|(key, _)| key.starts_with("HelmRepository/"));
        writer.apply_watcher_event(&watcher::Event::Init);
        for (_, repository) in repositories {
            let repository = serde_json::from_value(repository.clone()).unwrap();
            writer.apply_watcher_event(&watcher::Event::InitApply(repository));
        }
        writer.apply_watcher_event(&watcher::Event::InitDone);
    }

    /// The status that was written last.
    pub(crate) fn status(&self) -> Value {
        let reports = self.reports();
        let mut statuses = reports.into_iter().rev().filter_map(|report| match report {
            Report::Status(status) => Some(status),
            _ => None,
        });
        statuses.next().unwrap()
    }

    /// `Type=Status/Reason` of each condition of that status.
    pub(crate) fn conditions(&self) -> Vec<String> {
        let status = self.status();
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        conditions
            .iter()
            .map(|one| {
                let (kind, status) = (text(&one["type"]), text(&one["status"]));
                format!("{kind}={status}/{}", text(&one["reason"]))
            })
            .collect()
    }

    /// The message of one of them.
    pub(crate) fn message(&self, kind: &str) -> String {
        let status = self.status();
        let conditions = status["conditions"].as_array().unwrap();
        let found = conditions.iter().find(|one| one["type"] == kind).unwrap();
        found["message"].as_str().unwrap().to_owned()
    }

    /// The events of the last pass: `Reason: message`, with `~` before a remark and `!` before a
    /// warning.
    pub(crate) fn events(&self) -> Vec<String> {
        let told = |report| match report {
            Report::Event(event) => {
                let mark = match event.severity {
                    Severity::Trace => "~",
                    Severity::Info => "",
                    Severity::Error => "!",
                };
                Some(format!("{mark}{}: {}", event.reason, event.message))
            }
            _ => None,
        };
        self.reports().into_iter().filter_map(told).collect()
    }

    /// Everything that the last pass reported.
    pub(crate) fn reports(&self) -> Vec<Report> {
        self.cluster.reports.lock().unwrap().clone()
    }

    /// The names of the files below a folder of the storage, in order, but for locks.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path().join(folder));
        let names = entries.into_iter().flatten().flatten();
        let mut names: Vec<String> = names
            .map(|entry| entry.file_name().into_string().unwrap())
            .filter(|name| Path::new(name).extension().is_none_or(|end| end != "lock"))
            .collect();
        names.sort();
        names
    }

    /// A file of the storage.
    pub(crate) fn stored(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(path)).unwrap()
    }

    /// Write over a file of the storage.
    pub(crate) fn overwrite(&self, path: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(path), bytes).unwrap();
    }

    /// Let a source of another controller have stored these files (`path: text`), in this revision.
    pub(crate) fn source(&self, kind: &str, revision: &str, files: &[(&str, &[u8])]) {
        let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        let mut tar = tar::Builder::new(encoder);
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, *text).unwrap();
        }
        let archive = tar.into_inner().unwrap().finish().unwrap();
        let digest = digest_of(&archive);
        let path = format!("/sources/{digest}.tar.gz");
        self.sources.put(&path, "application/gzip", archive);
        let object = json!({
            "metadata": { "name": "src", "namespace": "team" },
            "status": { "artifact": {
                "digest": format!("sha256:{digest}"), "revision": revision, "path": path,
                "lastUpdateTime": "2026-01-01T00:00:00Z", "url": self.sources.url(&path),
            }},
        });
        let mut objects = self.cluster.objects.lock().unwrap();
        objects.insert(format!("{kind}/src"), object);
    }

    /// Change that source.
    pub(crate) fn change_source(&self, kind: &str, change: impl FnOnce(&mut Value)) {
        let mut objects = self.cluster.objects.lock().unwrap();
        change(objects.get_mut(&format!("{kind}/src")).unwrap());
    }

    /// Put an index on the web server, below `/helm`, with these charts (`app 1.0.0`), and their
    /// archives. Returns the URL of the repository.
    pub(crate) fn publish(&self, charts: &[&str]) -> String {
        let mut entries: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for chart in charts {
            let (name, version) = chart.split_once(' ').unwrap();
            let archive = portolan_kit::chart_archive(name, version);
            let file = format!("{name}-{version}.tgz");
            entries.entry(name).or_default().push(json!({
                "apiVersion": "v2", "name": name, "version": version, "urls": [file],
                "created": "2026-01-01T00:00:00Z", "digest": digest_of(&archive),
            }));
            self.web
                .put(&format!("/helm/{file}"), "application/gzip", archive);
        }
        let index =
            json!({ "apiVersion": "v1", "generated": "2026-01-01T00:00:00Z", "entries": entries });
        self.put_index(&index.to_string());
        self.web.url("/helm")
    }

    /// Put this index there.
    pub(crate) fn put_index(&self, text: &str) {
        self.web.put("/helm/index.yaml", "text/yaml", text);
    }
}

/// The SHA-256 of these bytes, as an index has it.
pub(crate) fn digest_of(bytes: &[u8]) -> String {
    let digest = portolan_reference::Digest::of(portolan_reference::Algorithm::Sha256, bytes);
    digest.hex().to_owned()
}
