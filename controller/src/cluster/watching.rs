//! A watch that goes on whatever happens.

use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use kube::Api;
use kube::core::DeserializeGuard;
use kube::core::error_boundary::InvalidObject;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher;
use kube::runtime::watcher::DefaultBackoff;
use portolan_reference::redacted;
use tokio::time::sleep;
use tracing::info;

use crate::cluster::{ClusterError, Event};
use crate::events::{Recorder, Subject};
use crate::kind::Watched;
use crate::metrics::Metrics;

/// The reason of the event on an object that cannot be read.
const INVALID_OBJECT: &str = "InvalidObject";

/// How long to wait before everything is listed again because of an object that became unreadable.
const BEFORE_LISTING_AGAIN: Duration = Duration::from_secs(1);

type Guarded<K> = DeserializeGuard<K>;
type Events<K> = BoxStream<'static, watcher::Result<watcher::Event<Guarded<K>>>>;

/// Everything that happens to the objects of a kind in the scope of `api`.
///
/// After a failure the watch takes up where it was, or lists everything again, with a growing wait
/// (0.8 s to 30 s, with jitter). An object that cannot be read as `K` is passed over, in the log,
/// by an event and in a metric; one that could be read before vanishes from the next list.
pub(super) fn watching<K: Watched>(
    api: Api<Guarded<K>>,
    config: watcher::Config,
    recorder: Recorder,
    metrics: Metrics,
) -> impl Stream<Item = Result<watcher::Event<K>, ClusterError>> + Send {
    let state = Watching {
        events: open(&api, config.clone().streaming_lists()),
        backoff: DefaultBackoff::default(),
        wait: None,
        api,
        config,
        recorder,
        metrics,
    };
    stream::unfold(state, |mut state| async {
        let event = state.next().await;
        Some((event, state))
    })
}

struct Watching<K: Watched> {
    events: Events<K>,
    backoff: DefaultBackoff,
    /// How long to wait before the next event is asked for, after a failure.
    wait: Option<Duration>,
    api: Api<Guarded<K>>,
    config: watcher::Config,
    recorder: Recorder,
    metrics: Metrics,
}

fn open<K: Watched>(api: &Api<Guarded<K>>, config: watcher::Config) -> Events<K> {
    watcher(api.clone(), config).boxed()
}

impl<K: Watched> Watching<K> {
    async fn next(&mut self) -> Result<watcher::Event<K>, ClusterError> {
        loop {
            if let Some(wait) = self.wait.take() {
                sleep(wait).await;
            }
            // The stream has no end.
            let Some(event) = self.events.next().await else {
                self.list_again().await;
                continue;
            };
            if event.is_ok() {
                self.backoff.reset();
            }
            match event {
                Ok(watcher::Event::Init) => return Ok(watcher::Event::Init),
                Ok(watcher::Event::InitDone) => return Ok(watcher::Event::InitDone),
                Ok(watcher::Event::InitApply(DeserializeGuard(Ok(object)))) => {
                    return Ok(watcher::Event::InitApply(object));
                }
                Ok(watcher::Event::Apply(DeserializeGuard(Ok(object)))) => {
                    return Ok(watcher::Event::Apply(object));
                }
                Ok(watcher::Event::Delete(DeserializeGuard(Ok(object)))) => {
                    return Ok(watcher::Event::Delete(object));
                }
                Ok(watcher::Event::InitApply(DeserializeGuard(Err(invalid)))) => {
                    self.tell(&invalid);
                }
                // What is known of it is outdated, and only a list without it says so.
                Ok(
                    watcher::Event::Apply(DeserializeGuard(Err(_)))
                    | watcher::Event::Delete(DeserializeGuard(Err(_))),
                ) => self.list_again().await,
                Err(error) => {
                    if !is_expired(&error) {
                        self.wait = self.backoff.next();
                    }
                    if has_no_streaming_lists(&error) {
                        info!(
                            kind = K::NAME,
                            "the API server has no streaming lists: listing by pages"
                        );
                        self.events = open(&self.api, self.config.clone().any_semantic());
                    }
                    return Err(if is_unknown_kind(&error) {
                        ClusterError::UnknownKind(error.into())
                    } else {
                        ClusterError::Api(error.into())
                    });
                }
            }
        }
    }

    async fn list_again(&mut self) {
        sleep(BEFORE_LISTING_AGAIN).await;
        self.events = open(&self.api, self.config.clone().streaming_lists());
    }

    /// Say that an object cannot be read, where its owner looks.
    fn tell(&self, invalid: &InvalidObject) {
        let cause = redacted(&invalid.error);
        self.metrics.undecodable(K::NAME);
        let message = format!("the object cannot be read as {}: {cause}", K::NAME);
        let event = Event::warning(INVALID_OBJECT, message);
        self.recorder
            .record(Subject::of::<K>(&invalid.metadata), event);
    }
}

/// Whether the API server has forgotten what happened since: after a list all is well.
fn is_expired(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchError(status) if status.code == 410)
}

/// Whether the API server does not know how to send a list as a watch: its feature `WatchList` is off.
fn has_no_streaming_lists(error: &watcher::Error) -> bool {
    let watcher::Error::WatchStartFailed(kube::Error::Api(status)) = error else {
        return false;
    };
    matches!(status.code, 400 | 422) && status.message.contains("sendInitialEvents")
}

/// Whether the API server has no such kind of object at all.
fn is_unknown_kind(error: &watcher::Error) -> bool {
    let (watcher::Error::InitialListFailed(kube::Error::Api(status))
    | watcher::Error::WatchStartFailed(kube::Error::Api(status))) = error
    else {
        return false;
    };
    status.code == 404
}
