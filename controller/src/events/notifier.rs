//! Events for Flux's notification-controller: one POST each.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use portolan_api::{MANAGER, whole_seconds};
use portolan_auth::{Request, SendError, Transport};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tracing::warn;
use url::Url;

use crate::chain::chain;
use crate::clock;
use crate::cluster::Severity;
use crate::events::Told;
use crate::metrics::Metrics;

/// How long one POST may take.
const POST_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait before the second try, the third and the fourth. There is no fifth.
const WAITS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// How much of an answer is read. Its text is for nobody.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

/// Where events are posted.
#[derive(Debug, Clone)]
pub(crate) struct Notifier {
    transport: Transport,
    address: Url,
    instance: String,
}

impl Notifier {
    /// Post to `address`, as the process that runs on the host `instance`.
    pub(crate) fn new(transport: Transport, address: Url, instance: String) -> Self {
        Self {
            transport,
            address,
            instance,
        }
    }

    /// Post one event, and again if that fails and may succeed later. What cannot be posted is in
    /// the log, and counted.
    pub(super) async fn post(&self, told: &Told, metrics: &Metrics) {
        let Some(body) = body(told, &self.instance) else {
            return;
        };
        let body = Bytes::from(body.to_string());
        let mut waits = WAITS.into_iter();
        loop {
            let Err(failure) = self.try_once(body.clone()).await else {
                return;
            };
            match waits.next() {
                Some(wait) if failure.is_transient => sleep(wait).await,
                _ => {
                    metrics.event_dropped("http");
                    warn!(error = failure.text, "an event could not be posted");
                    return;
                }
            }
        }
    }

    async fn try_once(&self, body: Bytes) -> Result<(), Failure> {
        let json = HeaderValue::from_static("application/json");
        let request = Request::post(self.address.clone(), body).header(CONTENT_TYPE, json);
        let answer = async {
            let response = self.transport.send(request).await?;
            let status = response.status();
            // Read to its end, so that the connection can be used again.
            let _ = response.collect(MAX_ANSWER_BYTES).await;
            Ok::<StatusCode, SendError>(status)
        };
        match timeout(POST_TIMEOUT, answer).await {
            Ok(Ok(status)) if status.is_success() => Ok(()),
            Ok(Ok(status)) => Err(Failure {
                is_transient: status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED,
                text: format!("the answer was {status}"),
            }),
            Ok(Err(error)) => Err(Failure {
                // "Too many" is not asked again: whoever says so limits the rate for a reason.
                is_transient: error.is_transient()
                    && !matches!(error, SendError::RateLimited { .. }),
                text: chain(&error),
            }),
            Err(_) => Err(Failure {
                is_transient: true,
                text: format!("no answer within {} seconds", POST_TIMEOUT.as_secs()),
            }),
        }
    }
}

struct Failure {
    is_transient: bool,
    text: String,
}

/// The body, in the form of
/// [`event.toolkit.fluxcd.io` v1](https://fluxcd.io/flux/components/notification/events/). `None` for
/// what is not sent on: good news of no interest, and news of nobody.
fn body(told: &Told, instance: &str) -> Option<Value> {
    let severity = match told.severity {
        Severity::Trace => return None,
        Severity::Info => "info",
        Severity::Error => "error",
    };
    let subject = &told.subject;
    if [&subject.kind, &subject.name, &subject.namespace]
        .into_iter()
        .any(String::is_empty)
    {
        return None;
    }
    let mut metadata = told.metadata.clone();
    metadata.extend(subject.event_metadata.clone());
    let mut body = json!({
        "involvedObject": {
            "apiVersion": subject.api_version,
            "kind": subject.kind,
            "name": subject.name,
            "namespace": subject.namespace,
            "uid": subject.uid,
            "resourceVersion": subject.resource_version,
        },
        "severity": severity,
        "timestamp": whole_seconds(clock::now()),
        "message": told.message,
        "reason": told.reason,
        "action": told.action.as_str(),
        "reportingController": MANAGER,
        "reportingInstance": instance,
    });
    if !metadata.is_empty() {
        body["metadata"] = json!(metadata);
    }
    Some(body)
}
