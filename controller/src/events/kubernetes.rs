//! Events as objects of the cluster: `core/v1`, as client-go writes them.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Event as Object, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use portolan_api::{MANAGER, whole_seconds};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use crate::chain::chain;
use crate::clock;
use crate::cluster::Severity;
use crate::events::Told;
use crate::events::correlator::{Correlator, Verdict};
use crate::metrics::Metrics;

/// How often a write is tried that the API server did not answer, and how long to wait in between:
/// as client-go has it, which survives two minutes without an API server.
const TRIES: u32 = 12;
const BETWEEN_TRIES: Duration = Duration::from_secs(10);

/// How long one write may take.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest name that an object may have.
const MAX_NAME_BYTES: usize = 253;

/// Writes the events of some of the objects, one after the other.
pub(super) struct Writer {
    client: Client,
    correlator: Correlator,
    metrics: Metrics,
}

impl Writer {
    pub(super) fn new(client: Client, metrics: Metrics) -> Self {
        Self {
            client,
            correlator: Correlator::default(),
            metrics,
        }
    }

    /// Write one event. What cannot be written is in the log, and counted.
    pub(super) async fn write(&mut self, told: &Told) {
        let (uid, content) = (told.subject.uid.as_str(), content(told));
        match self.correlator.judge(uid, content, Instant::now()) {
            Verdict::TooMany => self.metrics.event_dropped("kubernetes"),
            Verdict::New => self.create(told, 1).await,
            Verdict::Again { name, count } => match self.count(told, &name, count).await {
                Ok(()) => {}
                // Events expire, after an hour by default.
                Err(kube::Error::Api(status)) if status.code == 404 => {
                    self.correlator.forget(uid, content);
                    self.create(told, count).await;
                }
                Err(error) => self.failed(&error),
            },
        }
    }

    async fn create(&mut self, told: &Told, count: i32) {
        let object = object(told, count, clock::now());
        let (api, params) = (self.api(told), params());
        match persistently(|| api.create(&params, &object)).await {
            Ok(_) => {
                let name = object.metadata.name.unwrap_or_default();
                self.correlator
                    .remember(&told.subject.uid, content(told), name);
            }
            Err(error) => self.failed(&error),
        }
    }

    async fn count(&self, told: &Told, name: &str, count: i32) -> kube::Result<()> {
        let patch = Patch::Merge(json!({
            "count": count,
            "lastTimestamp": whole_seconds(clock::now()),
            "message": told.message,
        }));
        let api = self.api(told);
        let params = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PatchParams::default()
        };
        persistently(|| api.patch(name, &params, &patch))
            .await
            .map(drop)
    }

    fn api(&self, told: &Told) -> Api<Object> {
        Api::namespaced(self.client.clone(), &told.subject.namespace)
    }

    fn failed(&self, error: &kube::Error) {
        self.metrics.event_dropped("kubernetes");
        warn!(error = chain(error), "an event could not be written");
    }
}

/// What makes two events the same one.
fn content(told: &Told) -> (&str, &str, &str) {
    (kind(told.severity), &told.reason, &told.message)
}

/// `type` of an event.
fn kind(severity: Severity) -> &'static str {
    match severity {
        Severity::Trace | Severity::Info => "Normal",
        Severity::Error => "Warning",
    }
}

fn object(told: &Told, count: i32, now: std::time::SystemTime) -> Object {
    let (subject, time): (_, Time) = (&told.subject, whole_seconds(now));
    let nanoseconds = Timestamp::try_from(now).unwrap_or_default().as_nanosecond();
    let suffix = format!(".{nanoseconds:x}");
    let mut name = subject.name.clone();
    name.truncate(MAX_NAME_BYTES - suffix.len());
    Object {
        metadata: ObjectMeta {
            name: Some(name + &suffix),
            namespace: Some(subject.namespace.clone()),
            annotations: (!told.metadata.is_empty()).then(|| told.metadata.clone()),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some(subject.api_version.clone()),
            kind: Some(subject.kind.clone()),
            name: Some(subject.name.clone()),
            namespace: Some(subject.namespace.clone()),
            uid: Some(subject.uid.clone()),
            resource_version: Some(subject.resource_version.clone()),
            ..ObjectReference::default()
        },
        type_: Some(kind(told.severity).to_owned()),
        reason: Some(told.reason.clone()),
        message: Some(told.message.clone()),
        count: Some(count),
        first_timestamp: Some(time.clone()),
        last_timestamp: Some(time),
        source: Some(EventSource {
            component: Some(MANAGER.to_owned()),
            host: None,
        }),
        reporting_component: Some(MANAGER.to_owned()),
        ..Object::default()
    }
}

/// Ask until the API server answers, whatever it says.
async fn persistently<T, F>(mut ask: impl FnMut() -> F) -> kube::Result<T>
where
    F: Future<Output = kube::Result<T>>,
{
    let mut tries = 0;
    loop {
        tries += 1;
        let answer = match timeout(WRITE_TIMEOUT, ask()).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(kube::Error::Service(elapsed.into())),
        };
        match answer {
            Err(error) if tries < TRIES && !matches!(error, kube::Error::Api(_)) => {
                sleep(BETWEEN_TRIES).await;
            }
            answer => return answer,
        }
    }
}

fn params() -> PostParams {
    PostParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PostParams::default()
    }
}
