//! Telling what happened: to whoever looks at the object, and to Flux's notification-controller.

mod correlator;
mod kubernetes;
mod notifier;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Client, Resource};
use portolan_api::annotation::EVENT_METADATA_PREFIX;
use portolan_reference::redacted;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::cluster::{Action, Event, Severity};
use crate::events::kubernetes::Writer;
pub(crate) use crate::events::notifier::Notifier;
use crate::metrics::Metrics;

/// How many events may wait for one worker. Further ones are dropped.
const QUEUE: usize = 1_024;

/// How many events are written at a time. Those of one object are written one after the other.
const WORKERS: usize = 4;

/// The longest message, in bytes. Longer ones end in `...`.
const MAX_MESSAGE_BYTES: usize = 32 << 10;

/// Who an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    api_version: String,
    kind: String,
    namespace: String,
    name: String,
    uid: String,
    resource_version: String,
    /// Those of its annotations that go along with notifications.
    event_metadata: BTreeMap<String, String>,
}

impl Subject {
    /// The object of kind `K` that has this metadata.
    pub(crate) fn of<K: Resource<DynamicType = ()>>(meta: &ObjectMeta) -> Self {
        let annotations = meta.annotations.iter().flatten();
        Self {
            api_version: K::api_version(&()).into_owned(),
            kind: K::kind(&()).into_owned(),
            namespace: meta.namespace.clone().unwrap_or_default(),
            name: meta.name.clone().unwrap_or_default(),
            uid: meta.uid.clone().unwrap_or_default(),
            resource_version: meta.resource_version.clone().unwrap_or_default(),
            event_metadata: annotations
                .filter(|(key, _)| key.starts_with(EVENT_METADATA_PREFIX))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        }
    }
}

/// An event, ready to be told.
#[derive(Debug)]
struct Told {
    subject: Subject,
    severity: Severity,
    reason: String,
    message: String,
    metadata: BTreeMap<String, String>,
    action: Action,
}

impl Told {
    fn new(subject: Subject, event: Event) -> Self {
        Self {
            subject,
            severity: event.severity,
            reason: event.reason,
            message: bounded(redacted(&event.message)),
            metadata: event.metadata,
            action: event.action,
        }
    }
}

impl Told {
    /// The log is where people look who do not look at the object.
    fn log(&self) {
        let Subject {
            kind,
            namespace,
            name,
            ..
        } = &self.subject;
        let (reason, message) = (&self.reason, &self.message);
        match self.severity {
            Severity::Trace | Severity::Info => info!(kind, namespace, name, reason, "{message}"),
            Severity::Error => error!(kind, namespace, name, reason, "{message}"),
        }
    }
}

fn bounded(mut text: String) -> String {
    if text.len() > MAX_MESSAGE_BYTES {
        text.truncate(text.floor_char_boundary(MAX_MESSAGE_BYTES - 3));
        text.push_str("...");
    }
    text
}

/// Takes events and never keeps anybody waiting: workers tell them. Clones share the workers.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    cluster: Arc<[Sender<Arc<Told>>]>,
    notifications: Arc<[Sender<Arc<Told>>]>,
    metrics: Metrics,
}

/// The workers behind a [`Recorder`].
#[derive(Debug)]
pub(crate) struct Workers {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Recorder {
    /// Begin to tell events to the cluster behind `client`, and to `notifier` if there is one.
    pub(crate) fn start(
        client: &Client,
        notifier: Option<&Notifier>,
        metrics: &Metrics,
    ) -> (Self, Workers) {
        let mut tasks = JoinSet::new();
        let (stop, _) = watch::channel(false);
        let cluster = (0..WORKERS).map(|_| {
            let (sender, mut queue) = channel(QUEUE);
            let mut writer = Writer::new(client.clone(), metrics.clone());
            let mut stopped = stop.subscribe();
            tasks.spawn(async move {
                while let Some(told) = next(&mut queue, &mut stopped).await {
                    writer.write(&told).await;
                }
            });
            sender
        });
        let cluster = cluster.collect();
        let notifications = notifier
            .into_iter()
            .flat_map(|notifier| std::iter::repeat_n(notifier, WORKERS))
            .map(|notifier| {
                let (sender, mut queue) = channel::<Arc<Told>>(QUEUE);
                let (notifier, metrics) = (notifier.clone(), metrics.clone());
                let mut stopped = stop.subscribe();
                tasks.spawn(async move {
                    while let Some(told) = next(&mut queue, &mut stopped).await {
                        notifier.post(&told, &metrics).await;
                    }
                });
                sender
            });
        let notifications = notifications.collect();
        let recorder = Self {
            cluster,
            notifications,
            metrics: metrics.clone(),
        };
        (recorder, Workers { tasks, stop })
    }

    /// Tell `event` of `subject`, if the queue is not full; else it is dropped and counted.
    pub(crate) fn record(&self, subject: Subject, event: Event) {
        let told = Arc::new(Told::new(subject, event));
        told.log();
        self.enqueue(&self.cluster, "kubernetes", &told);
        if told.severity != Severity::Trace {
            self.enqueue(&self.notifications, "http", &told);
        }
    }

    fn enqueue(&self, queues: &[Sender<Arc<Told>>], sink: &'static str, told: &Arc<Told>) {
        let Some(queue) = queues.get(worker_of(&told.subject, queues.len())) else {
            return;
        };
        if queue.try_send(Arc::clone(told)).is_err() {
            self.metrics.event_dropped(sink);
            warn!(
                sink,
                reason = told.reason,
                "an event is dropped: too many are waiting"
            );
        }
    }
}

impl Workers {
    /// Tell what is waiting, and end.
    pub(crate) async fn finish(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// The next event, until there is none left and no more are to come.
async fn next(
    queue: &mut Receiver<Arc<Told>>,
    stopped: &mut watch::Receiver<bool>,
) -> Option<Arc<Told>> {
    tokio::select! {
        biased;
        told = queue.recv() => told,
        _ = stopped.wait_for(|stopped| *stopped) => None,
    }
}

/// Which of `workers` tells about `subject`: always the same one, so that order is kept.
fn worker_of(subject: &Subject, workers: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    subject.uid.hash(&mut hasher);
    let hash = usize::try_from(hasher.finish() >> 33).unwrap_or_default();
    hash.checked_rem(workers).unwrap_or_default()
}
