//! A small client of the API server, which is not the one that is tested.

use std::path::Path;
use std::time::Duration;

use hyper::Request;
use kube::Client;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};

use crate::kinds::Id;
use crate::runtime::runtime;
use crate::wait::eventually;

const MERGE: &str = "application/merge-patch+json";
const JSON: &str = "application/json";
const APPLY: &str = "application/apply-patch+yaml";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// A client with the rights of a cluster's administrator.
#[derive(Clone)]
pub struct Api {
    client: Client,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

/// Why the API server did not do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status; 0 when there was no answer.
    pub code: u16,
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: String,
}

impl Api {
    /// A client as a kubeconfig says.
    #[track_caller]
    pub(crate) fn connect(kubeconfig: &Path) -> Self {
        let client = runtime().block_on(async {
            let kubeconfig = Kubeconfig::read_from(kubeconfig).expect("a kubeconfig");
            let mut config =
                Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
                    .await
                    .expect("a kubeconfig that is complete");
            config.read_timeout = Some(Duration::from_secs(30));
            Client::try_from(config).expect("a client")
        });
        Self { client }
    }

    /// Create an object. Fields that its schema does not have are an error, and not dropped.
    ///
    /// # Errors
    ///
    /// What the API server has against it.
    pub fn try_create(&self, manifest: &Value) -> Result<Value, Refusal> {
        let path = Id::of(manifest).collection();
        let path = format!("{path}?fieldValidation=Strict");
        self.send("POST", &path, JSON, Some(manifest))
    }

    /// Apply the objects of a YAML file, all of one kind and in no namespace, by server-side apply, and
    /// return their names.
    ///
    /// # Errors
    ///
    /// What the API server has against the first that it does not take.
    pub fn apply_from_yaml(&self, kind: &str, yaml: &str) -> Result<Vec<String>, Refusal> {
        yaml.split("\n---")
            .map(|document| document.trim_start_matches("---"))
            .filter(|document| document.contains("kind:"))
            .map(|document| {
                // The server reads the YAML; only the name has to be known here.
                let name = document
                    .lines()
                    .find_map(|line| line.strip_prefix("  name: "))
                    .unwrap_or_default()
                    .trim_matches(['"', '\''])
                    .to_owned();
                let path = Id::new(kind, "", &name).path();
                let path = format!("{path}?fieldManager=portolan-real&force=true");
                let body = document.as_bytes().to_vec();
                self.ask("PATCH", &path, (APPLY, JSON), body)?;
                Ok(name)
            })
            .collect()
    }

    /// GET any path.
    #[track_caller]
    pub fn read(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, (JSON, JSON), Vec::new());
        answer.unwrap_or_else(|refusal| panic!("{path}: {refusal:?}"))
    }

    /// GET any path as the table that `kubectl get` shows.
    #[track_caller]
    pub fn read_table(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, (JSON, TABLE), Vec::new());
        answer.unwrap_or_else(|refusal| panic!("{path}: {refusal:?}"))
    }

    /// Create an object that is in order.
    #[track_caller]
    pub fn create(&self, manifest: &Value) -> Id {
        let id = Id::of(manifest);
        if let Err(refusal) = self.try_create(manifest) {
            panic!("{id} was refused: {refusal:?}");
        }
        id
    }

    /// Create objects that are in order, one after the other.
    #[track_caller]
    pub fn create_all(&self, manifests: &[Value]) {
        for manifest in manifests {
            self.create(manifest);
        }
    }

    /// An object as it is now.
    #[track_caller]
    pub fn get(&self, id: &Id) -> Option<Value> {
        match self.try_get(id) {
            Ok(object) => Some(object),
            Err(refusal) if refusal.code == 404 => None,
            Err(refusal) => panic!("{id} cannot be read: {refusal:?}"),
        }
    }

    /// The objects of a kind in a namespace.
    #[track_caller]
    pub fn list(&self, kind: &str, namespace: &str) -> Vec<Value> {
        let list = self.try_list(kind, namespace);
        let list = list.unwrap_or_else(|refusal| panic!("no list of {kind}: {refusal:?}"));
        list["items"].as_array().expect("a list").clone()
    }

    pub(crate) fn try_get(&self, id: &Id) -> Result<Value, Refusal> {
        self.send("GET", &id.path(), JSON, None)
    }

    pub(crate) fn try_list(&self, kind: &str, namespace: &str) -> Result<Value, Refusal> {
        let path = Id::new(kind, namespace, "").collection();
        self.send("GET", &path, JSON, None)
    }

    /// Merge something into an object, and return the object.
    ///
    /// # Errors
    ///
    /// What the API server has against it.
    pub fn try_merge(&self, id: &Id, change: &Value) -> Result<Value, Refusal> {
        self.send("PATCH", &id.path(), MERGE, Some(change))
    }

    /// Merge something into an object.
    #[track_caller]
    pub fn merge(&self, id: &Id, change: &Value) {
        if let Err(refusal) = self.try_merge(id, change) {
            panic!("{id} cannot be changed: {refusal:?}");
        }
    }

    /// Merge something into the status of an object, as the controller of its kind does.
    #[track_caller]
    pub fn report(&self, id: &Id, status: &Value) {
        let path = format!("{}/status", id.path());
        let change = json!({"status": status});
        if let Err(refusal) = self.send("PATCH", &path, MERGE, Some(&change)) {
            panic!("the status of {id} cannot be changed: {refusal:?}");
        }
    }

    /// Ask for an object to be looked at now, and return the token of the request.
    #[track_caller]
    pub fn request(&self, id: &Id, token: &str) {
        let change =
            json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}});
        self.merge(id, &change);
    }

    /// Delete an object. Finalizers may keep it for a while.
    #[track_caller]
    pub fn delete(&self, id: &Id) {
        if let Err(refusal) = self.send("DELETE", &id.path(), JSON, None) {
            panic!("{id} cannot be deleted: {refusal:?}");
        }
    }

    /// Wait until an object is as wanted, and return it. `what` completes the sentence "… never …".
    #[track_caller]
    pub fn until(
        &self,
        id: &Id,
        patience: Duration,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut last = Value::Null;
        let found = eventually(patience, || {
            last = self.get(id).unwrap_or_default();
            wanted(&last).then(|| last.clone())
        });
        found.unwrap_or_else(|| {
            let status = serde_json::to_string_pretty(&last["status"]).unwrap_or_default();
            panic!("{id} never {what}; its status is {status}")
        })
    }

    /// Wait until an object is gone.
    #[track_caller]
    pub fn until_gone(&self, id: &Id, patience: Duration) {
        let gone = eventually(patience, || self.get(id).is_none().then_some(()));
        assert!(gone.is_some(), "{id} is still there");
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Option<&Value>,
    ) -> Result<Value, Refusal> {
        let body = body.map_or_else(Vec::new, |value| value.to_string().into_bytes());
        self.ask(method, path, (content_type, JSON), body)
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        (content_type, accept): (&str, &str),
        body: Vec<u8>,
    ) -> Result<Value, Refusal> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Content-Type", content_type)
            .header("Accept", accept)
            .body(body)
            .expect("a request");
        let client = self.client.clone();
        runtime()
            .block_on(async move { client.request::<Value>(request).await })
            .map_err(|error| match error {
                kube::Error::Api(status) => Refusal {
                    code: status.code,
                    reason: status.reason.clone(),
                    message: status.message.clone(),
                },
                other => Refusal {
                    code: 0,
                    reason: String::new(),
                    message: other.to_string(),
                },
            })
    }
}
