//! A Kubernetes API server.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use k8s_openapi::NamespaceResourceScope;
use kube::api::{Patch, PatchParams};
use kube::runtime::watcher;
use kube::{Api, Client, Resource, ResourceExt};
use portolan_api::{FINALIZER, MANAGER};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::cluster::patch::{merge_patch, with_foreign};
use crate::cluster::watching::watching;
use crate::cluster::{Cluster, ClusterError, Report};
use crate::events::{Recorder, Subject};
use crate::kind::{Kind, Watched};
use crate::leader::Leadership;
use crate::metrics::Metrics;

/// How often a write is tried that somebody else's write got in the way of.
const TRIES: usize = 5;

/// How long to wait before the next try.
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// How long one request may take, retries of the client included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A Kubernetes API server, as far as it is our business: a namespace or all of them, and the
/// objects with certain labels.
#[derive(Clone)]
pub(crate) struct Kubernetes {
    client: Client,
    scope: Scope,
    events: Recorder,
    leadership: Leadership,
    metrics: Metrics,
}

/// Which objects are watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Those of one namespace, or all.
    pub(crate) namespace: Option<String>,
    /// Those whose labels match this selector, or all.
    pub(crate) selector: Option<String>,
}

impl Kubernetes {
    /// The server behind `client`. Events go to `events`. Objects are written as long as
    /// `leadership` holds, and not after.
    pub(crate) fn new(
        client: Client,
        scope: Scope,
        events: Recorder,
        leadership: Leadership,
        metrics: Metrics,
    ) -> Self {
        Self {
            client,
            scope,
            events,
            leadership,
            metrics,
        }
    }

    fn api<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// Another process may lead by now: then nothing is written any more.
    fn check_leadership(&self) -> Result<(), ClusterError> {
        if self.leadership.holds() {
            return Ok(());
        }
        Err(ClusterError::Api(
            "this process does not lead any more".into(),
        ))
    }

    /// One write, with everything that gets in its way. `patch` says what to write to an object as
    /// it is in the cluster, or nothing.
    async fn write<K: Kind>(
        &self,
        object: &K,
        subresource: Option<&str>,
        mut patch: impl FnMut(&K) -> Result<Option<Value>, ClusterError>,
    ) -> Result<Option<String>, ClusterError> {
        let (api, name) = (self.api::<K>(&object.home()), object.name_any());
        let params = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let mut live = None;
        for _ in 0..TRIES {
            let seen = live.as_ref().unwrap_or(object);
            let Some(mut body) = patch(seen)? else {
                return Ok(None);
            };
            body["metadata"]["resourceVersion"] = json!(seen.resource_version());
            self.check_leadership()?;
            let patch = Patch::Merge(body);
            let written = match subresource {
                None => in_time(api.patch(&name, &params, &patch)).await,
                Some(_) => in_time(api.patch_status(&name, &params, &patch)).await,
            };
            match written {
                Ok(written) => return Ok(written.resource_version()),
                Err(error) if code(&error) == Some(404) => return Err(ClusterError::Gone),
                Err(error) if code(&error) == Some(409) => {}
                Err(error) => return Err(error),
            }
            sleep(BETWEEN_TRIES).await;
            let now = in_time(api.get_opt(&name))
                .await?
                .ok_or(ClusterError::Gone)?;
            if now.meta().uid != object.meta().uid {
                return Err(ClusterError::Gone);
            }
            live = Some(now);
        }
        Err(ClusterError::Api(
            format!("somebody else wrote the object at the same time, {TRIES} times in a row")
                .into(),
        ))
    }

    async fn finalizer<K: Kind>(
        &self,
        object: &K,
        present: bool,
    ) -> Result<Option<String>, ClusterError> {
        self.write(object, None, |seen| {
            let mut finalizers = seen.finalizers().to_vec();
            let is_there = finalizers.iter().any(|name| name == FINALIZER);
            if is_there == present {
                return Ok(None);
            }
            if present {
                finalizers.push(FINALIZER.to_owned());
            } else {
                finalizers.retain(|name| name != FINALIZER);
            }
            Ok(Some(json!({ "metadata": { "finalizers": finalizers } })))
        })
        .await
    }

    async fn status<K: Kind>(
        &self,
        object: &K,
        wanted: Value,
    ) -> Result<Option<String>, ClusterError> {
        self.write(object, Some("status"), |seen| {
            if seen.generation() != object.generation() {
                return Err(ClusterError::Outdated);
            }
            let wanted = with_foreign(wanted.clone(), seen.conditions(), K::OWNED);
            let patch = merge_patch(&seen.status_value(), &wanted);
            Ok(patch.map(|status| json!({ "status": status })))
        })
        .await
    }
}

impl Cluster for Kubernetes {
    fn watch<K: Watched>(&self) -> BoxStream<'static, Result<watcher::Event<K>, ClusterError>> {
        let api = match &self.scope.namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        };
        let mut config = watcher::Config::default();
        config.label_selector.clone_from(&self.scope.selector);
        watching(api, config, self.events.clone(), self.metrics.clone()).boxed()
    }

    async fn read<K>(&self, namespace: &str, name: &str) -> Result<Option<K>, ClusterError>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + fmt::Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        in_time(self.api::<K>(namespace).get_opt(name)).await
    }

    async fn report<K: Kind>(
        &self,
        object: &K,
        report: Report,
    ) -> Result<Option<String>, ClusterError> {
        match report {
            Report::Finalizer { present } => self.finalizer(object, present).await,
            Report::Status(wanted) => self.status(object, wanted).await,
            Report::Event(event) => {
                self.events.record(Subject::of::<K>(object.meta()), event);
                Ok(None)
            }
        }
    }
}

impl fmt::Debug for Kubernetes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kubernetes")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// The answer to a request, if it comes in time.
async fn in_time<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T, ClusterError> {
    match timeout(REQUEST_TIMEOUT, request).await {
        Ok(answer) => answer.map_err(|error| ClusterError::Api(error.into())),
        Err(_) => Err(ClusterError::Api(
            format!("no answer within {} seconds", REQUEST_TIMEOUT.as_secs()).into(),
        )),
    }
}

/// The status with which the API server refused, if it did.
fn code(error: &ClusterError) -> Option<u16> {
    let ClusterError::Api(error) = error else {
        return None;
    };
    match error.downcast_ref::<kube::Error>() {
        Some(kube::Error::Api(status)) => Some(status.code),
        _ => None,
    }
}
