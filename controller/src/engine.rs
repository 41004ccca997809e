//! What keeps the objects of one kind looked at: when they change, and when their time has come.

mod queue;
#[cfg(test)]
mod tests;
mod wake;

use std::any::Any;
use std::collections::HashMap;
use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher;
use kube::{Resource, ResourceExt};
use portolan_api::HelmRepository;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{Instrument, error, info, info_span, warn};

use crate::backoff::{Pace, chance};
use crate::chain::chain;
use crate::cluster::Cluster;
use crate::context::Context;
use crate::engine::queue::Queue;
use crate::kind::{Next, Reconcile};
use crate::metrics::{Outcome, QueueMetrics};
use crate::news::{Announcer, News};

pub(crate) use crate::engine::queue::Key;

/// How long passes that are under way at the end may take to finish.
const GRACE: Duration = Duration::from_secs(8);

/// How often the metrics of running passes are brought up to date.
const TICK: Duration = Duration::from_secs(5);

/// How often is asked whether the repositories are known.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// An annotation that repeats the whole object. Nobody here reads it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Looks after the objects of one kind.
#[derive(Debug)]
pub(crate) struct Engine<K: Reconcile, C: Cluster> {
    /// What passes need.
    pub(crate) context: Arc<Context<C>>,
    /// Where the objects are kept as last seen.
    pub(crate) objects: Writer<K>,
    /// Whether an object is any of our business. A change of one that is not wakes nobody.
    pub(crate) concerns: fn(&K) -> bool,
    /// How many passes run at a time, at least 1.
    pub(crate) concurrent: usize,
    /// How long to wait between passes.
    pub(crate) pace: Pace,
    /// What is counted.
    pub(crate) metrics: QueueMetrics,
    /// Who hears of what the objects have stored, if anybody.
    pub(crate) announcer: Option<Announcer>,
    /// What sources have stored, if objects take anything from sources.
    pub(crate) news: Option<UnboundedReceiver<News>>,
}

impl<K: Reconcile, C: Cluster> Engine<K, C> {
    /// Look after the objects until `shutdown`. Then no pass begins any more, and those under way
    /// have 8 seconds before they are dropped.
    ///
    /// No pass begins before all repositories are known. A pass that panics is a failure of its
    /// object and of nothing else.
    pub(crate) async fn run(mut self, shutdown: impl Future<Output = ()>) {
        let mut news = self.news.take();
        let mut shutdown = std::pin::pin!(shutdown.fuse());
        let mut events = self.context.cluster.watch::<K>();
        let mut known = std::pin::pin!(until_known(self.context.repositories.clone()).fuse());
        let mut work = Work::new(self);
        loop {
            work.begin_passes();
            let until = work.wake_up_at();
            tokio::select! {
                () = &mut shutdown => break,
                event = events.next() => match event {
                    Some(Ok(event)) => work.see(event),
                    Some(Err(error)) => warn!(kind = K::NAME, error = chain(&error), "the watch was interrupted"),
                    None => {
                        error!(kind = K::NAME, "the watch ended");
                        break;
                    }
                },
                Some(news) = heard(&mut news) => work.hear(&news),
                Some(ended) = work.passes.join_next_with_id() => work.end_pass(ended),
                () = &mut known, if !work.ready => work.ready = true,
                () = sleep_until(until) => {}
            }
        }
        drop(events);
        work.drain().await;
    }
}

/// Wait until the repositories have been listed.
///
/// Of all who wait for a store, kube wakes only the one that asked last. Every engine waits for this
/// one, so each asks again.
async fn until_known(repositories: Store<HelmRepository>) {
    while timeout(ASK_AGAIN, repositories.wait_until_ready())
        .await
        .is_err()
    {}
}

/// The next piece of news; `None` when there will be none.
async fn heard(news: &mut Option<UnboundedReceiver<News>>) -> Option<News> {
    news.as_mut()?.recv().await
}

type Ended = Result<(tokio::task::Id, Next), tokio::task::JoinError>;

/// The state of a running engine.
struct Work<K: Reconcile, C: Cluster> {
    engine: Engine<K, C>,
    store: Store<K>,
    queue: Queue,
    /// How often an object has failed in a row.
    failures: HashMap<Key, u32>,
    passes: JoinSet<Next>,
    running: HashMap<tokio::task::Id, (Key, Instant)>,
    /// Who is to be woken once the list is complete.
    listed: Vec<Key>,
    ready: bool,
}

impl<K: Reconcile, C: Cluster> Work<K, C> {
    fn new(engine: Engine<K, C>) -> Self {
        Self {
            store: engine.objects.as_reader(),
            engine,
            queue: Queue::default(),
            failures: HashMap::new(),
            passes: JoinSet::new(),
            running: HashMap::new(),
            listed: Vec::new(),
            ready: false,
        }
    }

    /// Take notice of what happened in the cluster.
    fn see(&mut self, event: watcher::Event<K>) {
        let event = event.modify(|object| {
            object.managed_fields_mut().clear();
            object.annotations_mut().remove(LAST_APPLIED);
        });
        if let Some(announcer) = &mut self.engine.announcer {
            match &event {
                watcher::Event::Init => announcer.forget(),
                watcher::Event::InitApply(new) | watcher::Event::Apply(new) => {
                    let old = self.store.get(&reference(&key_of(new)));
                    announcer.notice(old.as_deref(), new);
                }
                watcher::Event::InitDone | watcher::Event::Delete(_) => {}
            }
        }
        match &event {
            watcher::Event::Init => self.listed.clear(),
            watcher::Event::InitApply(object) if self.is_worth_a_look(object) => {
                self.listed.push(key_of(object));
            }
            watcher::Event::Apply(object) if self.is_worth_a_look(object) => {
                self.wake(&key_of(object));
            }
            watcher::Event::InitApply(_) | watcher::Event::InitDone | watcher::Event::Apply(_) => {}
            watcher::Event::Delete(object) => self.forget(&key_of(object)),
        }
        let before = match event {
            watcher::Event::InitDone => self.store.state(),
            _ => Vec::new(),
        };
        self.engine.objects.apply_watcher_event(&event);
        if matches!(event, watcher::Event::InitDone) {
            self.list_is_complete(&before);
        }
        if let (Some(announcer), watcher::Event::InitDone | watcher::Event::Apply(_)) =
            (&mut self.engine.announcer, &event)
        {
            announcer.tell();
        }
    }

    /// A source has stored something: whoever takes from it is to be looked at.
    fn hear(&mut self, news: &News) {
        for object in self.store.state() {
            if object.is_concerned_by(news) {
                self.wake(&key_of(&*object));
            }
        }
    }

    fn is_worth_a_look(&self, object: &K) -> bool {
        let old = self.object(&key_of(object));
        wake::wakes(old.as_deref(), object) && (self.engine.concerns)(object)
    }

    fn list_is_complete(&mut self, before: &[Arc<K>]) {
        for key in before.iter().map(|object| key_of(&**object)) {
            if self.object(&key).is_none() {
                self.forget(&key);
            }
        }
        for key in std::mem::take(&mut self.listed) {
            self.wake(&key);
        }
    }

    /// Somebody changed something, so what failed before may succeed now.
    fn wake(&mut self, key: &Key) {
        self.failures.remove(key);
        self.queue.wake(key, Instant::now());
    }

    fn forget(&mut self, key: &Key) {
        self.failures.remove(key);
        self.queue.forget(key);
        self.engine.metrics.forget(key);
    }

    fn object(&self, key: &Key) -> Option<Arc<K>> {
        self.store.get(&reference(key))
    }

    /// Begin as many passes as are due and allowed.
    fn begin_passes(&mut self) {
        while self.ready && self.passes.len() < self.engine.concurrent.max(1) {
            let now = Instant::now();
            let Some((key, waited)) = self.queue.take(now) else {
                break;
            };
            let Some(object) = self.object(&key) else {
                self.queue.finish(&key, None, now);
                continue;
            };
            self.engine.metrics.begun(waited);
            let span = info_span!(
                "pass",
                kind = K::NAME,
                namespace = key.namespace,
                name = key.name
            );
            let (context, metrics) = (
                Arc::clone(&self.engine.context),
                self.engine.metrics.clone(),
            );
            let task = pass(object, context, metrics).instrument(span);
            let id = self.passes.spawn(task).id();
            self.running.insert(id, (key, now));
        }
        self.count();
    }

    /// A pass has come to its end: when is its object looked at again?
    fn end_pass(&mut self, ended: Ended) {
        let (id, next) = match ended {
            Ok(ended) => ended,
            // A panic in the report of a panic.
            Err(error) => (error.id(), Next::RETRY),
        };
        let Some((key, begun)) = self.running.remove(&id) else {
            return;
        };
        let now = Instant::now();
        self.engine.metrics.ended(
            &key,
            Outcome::of(next),
            now.saturating_duration_since(begun),
        );
        if self.object(&key).is_none() {
            // Gone while it was being worked on: the pass may have brought its series back.
            self.forget(&key);
            self.queue.finish(&key, None, now);
            return;
        }
        let wait = self.wait(&key, next);
        self.queue
            .finish(&key, wait.map(|wait| later(now, wait)), now);
    }

    fn wait(&mut self, key: &Key, next: Next) -> Option<Duration> {
        let pace = self.engine.pace;
        match next {
            Next::Retry { at_least } => {
                let failures = self.failures.entry(key.clone()).or_default();
                let wait = pace.retry(*failures, at_least, chance());
                *failures = failures.saturating_add(1);
                Some(wait)
            }
            Next::After(interval) => {
                self.failures.remove(key);
                Some(pace.interval(interval, chance()))
            }
            Next::WhenChanged => {
                self.failures.remove(key);
                None
            }
        }
    }

    /// When to look at the clock again.
    fn wake_up_at(&self) -> Instant {
        let tick = Instant::now()
            + if self.running.is_empty() {
                TICK * 60
            } else {
                TICK
            };
        let due = self
            .queue
            .next_due()
            .filter(|_| self.passes.len() < self.engine.concurrent.max(1));
        due.map_or(tick, |due| due.min(tick))
    }

    fn count(&self) {
        let now = Instant::now();
        let ages = self
            .running
            .values()
            .map(|(_, begun)| now.saturating_duration_since(*begun));
        self.engine
            .metrics
            .load(self.queue.depth(), self.queue.added(), ages);
    }

    async fn drain(mut self) {
        if self.passes.is_empty() {
            return;
        }
        info!(
            kind = K::NAME,
            passes = self.passes.len(),
            "waiting for passes to end"
        );
        let ended = timeout(GRACE, async {
            while self.passes.join_next().await.is_some() {}
        })
        .await;
        if ended.is_err() {
            warn!(
                kind = K::NAME,
                passes = self.passes.len(),
                "dropping passes that did not end in time"
            );
            self.passes.shutdown().await;
        }
    }
}

/// One pass over one object, whatever happens in it.
async fn pass<K: Reconcile, C: Cluster>(
    object: Arc<K>,
    context: Arc<Context<C>>,
    metrics: QueueMetrics,
) -> Next {
    let reconcile = Arc::clone(&object).reconcile(Arc::clone(&context));
    match AssertUnwindSafe(reconcile).catch_unwind().await {
        Ok(next) => next,
        Err(panic) => {
            let message = message_of(&*panic);
            error!(message, "the pass panicked");
            metrics.panicked();
            object.panicked(context, message).await
        }
    }
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "unknown".to_owned())
}

fn reference<K: Resource<DynamicType = ()>>(key: &Key) -> ObjectRef<K> {
    ObjectRef::new(&key.name).within(&key.namespace)
}

fn key_of<K: Resource>(object: &K) -> Key {
    Key {
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
    }
}

/// `wait` from `now`, or ten years if that is beyond what a clock can hold.
fn later(now: Instant, wait: Duration) -> Instant {
    const TEN_YEARS: Duration = Duration::from_hours(10 * 365 * 24);
    now + wait.min(TEN_YEARS)
}
