//! What is counted, under the names that
//! [Flux's dashboards](https://fluxcd.io/flux/monitoring/metrics/) know.
//!
//! # Deviation
//!
//! There is no `go_*`, as there is no Go.

mod process;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{
    Histogram, exponential_buckets, exponential_buckets_range,
};
use prometheus_client::registry::Registry;

use crate::engine::Key;
use crate::kind::Next;

/// The media type of [`Metrics::text`].
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels<const N: usize> = [(&'static str, String); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Gauges<const N: usize> = Family<Labels<N>, Gauge>;
type Seconds<const N: usize> = Family<Labels<N>, Gauge<f64, std::sync::atomic::AtomicU64>>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// All counters of the process. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    families: Families,
}

#[derive(Debug, Clone)]
struct Families {
    // Of fluxcd/pkg/runtime.
    object_duration: Histograms<3>,
    // Of controller-runtime.
    reconciles: Counters<2>,
    errors: Counters<1>,
    panics: Counters<1>,
    time: Histograms<1>,
    active: Gauges<1>,
    concurrent: Gauges<1>,
    // Of client-go.
    depth: Gauges<2>,
    adds: Counters<2>,
    retries: Counters<2>,
    waited: Histograms<2>,
    worked: Histograms<2>,
    unfinished: Seconds<2>,
    longest: Seconds<2>,
    requests: Counters<3>,
    leader: Gauges<1>,
    // Ours.
    undecodable: Counters<1>,
    events_dropped: Counters<1>,
}

impl Metrics {
    /// Everything at zero.
    pub(crate) fn new() -> Self {
        let families = Families {
            object_duration: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets_range(0.01, 1800.0, 10))
            }),
            reconciles: Family::default(),
            errors: Family::default(),
            panics: Family::default(),
            time: Family::new_with_constructor(|| Histogram::new(RECONCILE_BUCKETS)),
            active: Family::default(),
            concurrent: Family::default(),
            depth: Family::default(),
            adds: Family::default(),
            retries: Family::default(),
            waited: Family::new_with_constructor(queue_histogram),
            worked: Family::new_with_constructor(queue_histogram),
            unfinished: Family::default(),
            longest: Family::default(),
            requests: Family::default(),
            leader: Family::default(),
            undecodable: Family::default(),
            events_dropped: Family::default(),
        };
        Self {
            registry: Arc::new(registry(&families)),
            families,
        }
    }

    /// The counters of one kind of object, of which `concurrent` are worked on at a time.
    pub(crate) fn queue(&self, kind: &'static str, concurrent: usize) -> QueueMetrics {
        let controller = kind.to_ascii_lowercase();
        let families = &self.families;
        let queue = [
            ("name", controller.clone()),
            ("controller", controller.clone()),
        ];
        let labels = [("controller", controller)];
        families
            .concurrent
            .get_or_create(&labels)
            .set(i64::try_from(concurrent).unwrap_or(i64::MAX));
        // Series that exist from the start make rates right from the start.
        for result in Outcome::ALL {
            let series = with_result(&labels, result);
            families.reconciles.get_or_create(&series).inc_by(0);
        }
        families.errors.get_or_create(&labels).inc_by(0);
        families.panics.get_or_create(&labels).inc_by(0);
        families.retries.get_or_create(&queue).inc_by(0);
        QueueMetrics {
            families: families.clone(),
            kind,
            labels,
            queue,
        }
    }

    /// The API server answered a request, or did not: then `code` is `<error>`, as client-go has it.
    pub(crate) fn api_request(&self, code: String, host: String, method: String) {
        let labels = [("code", code), ("host", host), ("method", method)];
        self.families.requests.get_or_create(&labels).inc();
    }

    /// Whether this process leads.
    pub(crate) fn leads(&self, lease: &str, leads: bool) {
        let labels = [("name", lease.to_owned())];
        self.families
            .leader
            .get_or_create(&labels)
            .set(i64::from(leads));
    }

    /// An object could not be read.
    pub(crate) fn undecodable(&self, kind: &str) {
        let labels = [("kind", kind.to_owned())];
        self.families.undecodable.get_or_create(&labels).inc();
    }

    /// An event was not delivered to `sink`.
    pub(crate) fn event_dropped(&self, sink: &'static str) {
        let labels = [("sink", sink.to_owned())];
        self.families.events_dropped.get_or_create(&labels).inc();
    }

    /// Everything as [OpenMetrics] text.
    ///
    /// [OpenMetrics]: https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a `String` does not fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

/// The counters of one kind of object.
#[derive(Debug, Clone)]
pub(crate) struct QueueMetrics {
    families: Families,
    kind: &'static str,
    labels: Labels<1>,
    queue: Labels<2>,
}

impl QueueMetrics {
    /// A pass begins, after its object was due for that long.
    pub(crate) fn begun(&self, waited: Duration) {
        let families = &self.families;
        families
            .waited
            .get_or_create(&self.queue)
            .observe(waited.as_secs_f64());
        families.active.get_or_create(&self.labels).inc();
    }

    /// A pass has come to its end.
    pub(crate) fn ended(&self, key: &Key, outcome: Outcome, took: Duration) {
        let families = &self.families;
        let took = took.as_secs_f64();
        families.active.get_or_create(&self.labels).dec();
        families
            .reconciles
            .get_or_create(&with_result(&self.labels, outcome))
            .inc();
        families.time.get_or_create(&self.labels).observe(took);
        families.worked.get_or_create(&self.queue).observe(took);
        families
            .object_duration
            .get_or_create(&self.object(key))
            .observe(took);
        match outcome {
            Outcome::Error => {
                families.errors.get_or_create(&self.labels).inc();
                families.retries.get_or_create(&self.queue).inc();
            }
            Outcome::Success | Outcome::Requeue | Outcome::RequeueAfter => {}
        }
    }

    /// A pass panicked.
    pub(crate) fn panicked(&self) {
        self.families.panics.get_or_create(&self.labels).inc();
    }

    /// How many objects are due, how often one has become so, and how long the passes under way have
    /// been running.
    pub(crate) fn load(&self, depth: usize, added: u64, ages: impl Iterator<Item = Duration>) {
        let (mut sum, mut longest) = (Duration::ZERO, Duration::ZERO);
        for age in ages {
            sum += age;
            longest = longest.max(age);
        }
        let families = &self.families;
        let depth = i64::try_from(depth).unwrap_or(i64::MAX);
        families.depth.get_or_create(&self.queue).set(depth);
        let adds = families.adds.get_or_create(&self.queue);
        adds.inc_by(added.saturating_sub(adds.get()));
        drop(adds);
        families
            .unfinished
            .get_or_create(&self.queue)
            .set(sum.as_secs_f64());
        families
            .longest
            .get_or_create(&self.queue)
            .set(longest.as_secs_f64());
    }

    /// An object is gone, and its series with it.
    pub(crate) fn forget(&self, key: &Key) {
        self.families.object_duration.remove(&self.object(key));
    }

    fn object(&self, key: &Key) -> Labels<3> {
        [
            ("kind", self.kind.to_owned()),
            ("name", key.name.clone()),
            ("namespace", key.namespace.clone()),
        ]
    }
}

/// How a pass went, in the words of controller-runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing more to do.
    Success,
    /// It will be tried again.
    Error,
    /// Again at once. Never so here, but dashboards sum over it.
    Requeue,
    /// Again later.
    RequeueAfter,
}

impl Outcome {
    const ALL: [Self; 4] = [
        Self::Success,
        Self::Error,
        Self::Requeue,
        Self::RequeueAfter,
    ];

    /// What `next` says about the pass that answered so.
    pub(crate) fn of(next: Next) -> Self {
        match next {
            Next::After(_) => Self::RequeueAfter,
            Next::Retry { .. } => Self::Error,
            Next::WhenChanged => Self::Success,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Requeue => "requeue",
            Self::RequeueAfter => "requeue_after",
        }
    }
}

fn with_result([controller]: &Labels<1>, outcome: Outcome) -> Labels<2> {
    [controller.clone(), ("result", outcome.as_str().to_owned())]
}

/// Those of controller-runtime.
const RECONCILE_BUCKETS: [f64; 40] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9,
    1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 20.0,
    25.0, 30.0, 40.0, 50.0, 60.0,
];

/// Those of client-go.
fn queue_histogram() -> Histogram {
    Histogram::new(exponential_buckets(1e-8, 10.0, 12))
}

/// The encoder adds `_total` to counters, and a full stop to the help.
#[rustfmt::skip]
fn registry(families: &Families) -> Registry {
    let f = families.clone();
    let mut r = Registry::default();
    r.register("gotk_reconcile_duration_seconds", "The duration in seconds of a GitOps Toolkit resource reconciliation", f.object_duration);
    r.register("controller_runtime_reconcile", "Total number of reconciliations per controller", f.reconciles);
    r.register("controller_runtime_reconcile_errors", "Total number of reconciliation errors per controller", f.errors);
    r.register("controller_runtime_reconcile_panics", "Total number of reconciliation panics per controller", f.panics);
    r.register("controller_runtime_reconcile_time_seconds", "Length of time per reconciliation per controller", f.time);
    r.register("controller_runtime_active_workers", "Number of currently used workers per controller", f.active);
    r.register("controller_runtime_max_concurrent_reconciles", "Maximum number of concurrent reconciles per controller", f.concurrent);
    r.register("workqueue_depth", "Current depth of workqueue", f.depth);
    r.register("workqueue_adds", "Total number of adds handled by workqueue", f.adds);
    r.register("workqueue_retries", "Total number of retries handled by workqueue", f.retries);
    r.register("workqueue_queue_duration_seconds", "How long in seconds an item stays in workqueue before being requested", f.waited);
    r.register("workqueue_work_duration_seconds", "How long in seconds processing an item from workqueue takes", f.worked);
    r.register("workqueue_unfinished_work_seconds", "How many seconds of work is in progress and has not been observed by work_duration", f.unfinished);
    r.register("workqueue_longest_running_processor_seconds", "How many seconds the longest running processor has been running", f.longest);
    r.register("rest_client_requests", "Number of HTTP requests, partitioned by status code, method, and host", f.requests);
    r.register("leader_election_master_status", "Whether the reporting system leads: 1 if so, 0 if it waits", f.leader);
    r.register("portolan_undecodable_objects", "Objects that could not be read as their kind", f.undecodable);
    r.register("portolan_events_dropped", "Events that were not delivered", f.events_dropped);
    r.register_collector(Box::new(process::Process));
    r
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key {
            namespace: "ns".to_owned(),
            name: "podinfo".to_owned(),
        }
    }

    #[track_caller]
    fn check(text: &str, line: &str) {
        assert!(
            text.lines().any(|told| told == line),
            "no `{line}` in:\n{text}"
        );
    }

    #[test]
    fn a_pass_is_counted_under_the_names_that_dashboards_know() {
        let metrics = Metrics::new();
        let queue = metrics.queue("HelmChart", 2);
        queue.begun(Duration::from_millis(3));
        queue.ended(&key(), Outcome::RequeueAfter, Duration::from_millis(20));
        queue.load(
            4,
            1,
            [Duration::from_secs(1), Duration::from_secs(2)].into_iter(),
        );
        let text = metrics.text();
        check(
            &text,
            r#"controller_runtime_reconcile_total{controller="helmchart",result="requeue_after"} 1"#,
        );
        check(
            &text,
            r#"controller_runtime_reconcile_total{controller="helmchart",result="error"} 0"#,
        );
        check(
            &text,
            r#"controller_runtime_reconcile_errors_total{controller="helmchart"} 0"#,
        );
        check(
            &text,
            r#"controller_runtime_reconcile_time_seconds_count{controller="helmchart"} 1"#,
        );
        check(
            &text,
            r#"controller_runtime_active_workers{controller="helmchart"} 0"#,
        );
        check(
            &text,
            r#"controller_runtime_max_concurrent_reconciles{controller="helmchart"} 2"#,
        );
        check(
            &text,
            r#"gotk_reconcile_duration_seconds_count{kind="HelmChart",name="podinfo",namespace="ns"} 1"#,
        );
        check(
            &text,
            r#"workqueue_depth{name="helmchart",controller="helmchart"} 4"#,
        );
        check(
            &text,
            r#"workqueue_adds_total{name="helmchart",controller="helmchart"} 1"#,
        );
        check(
            &text,
            r#"workqueue_unfinished_work_seconds{name="helmchart",controller="helmchart"} 3.0"#,
        );
        check(
            &text,
            r#"workqueue_longest_running_processor_seconds{name="helmchart",controller="helmchart"} 2.0"#,
        );
    }

    #[test]
    fn a_failure_counts_as_error_and_retry() {
        let metrics = Metrics::new();
        let queue = metrics.queue("HelmChart", 2);
        queue.begun(Duration::ZERO);
        queue.ended(&key(), Outcome::of(Next::RETRY), Duration::ZERO);
        let text = metrics.text();
        check(
            &text,
            r#"controller_runtime_reconcile_errors_total{controller="helmchart"} 1"#,
        );
        check(
            &text,
            r#"workqueue_retries_total{name="helmchart",controller="helmchart"} 1"#,
        );
    }

    #[test]
    fn the_series_of_an_object_goes_with_it() {
        let metrics = Metrics::new();
        let queue = metrics.queue("HelmChart", 2);
        queue.ended(&key(), Outcome::Success, Duration::ZERO);
        assert!(metrics.text().contains("podinfo"));
        queue.forget(&key());
        assert!(!metrics.text().contains("podinfo"));
    }

    #[test]
    fn requests_leadership_and_the_process_are_told() {
        let metrics = Metrics::new();
        metrics.api_request("200".into(), "10.0.0.1:443".into(), "GET".into());
        metrics.leads("lease", true);
        let text = metrics.text();
        check(
            &text,
            r#"rest_client_requests_total{code="200",host="10.0.0.1:443",method="GET"} 1"#,
        );
        check(&text, r#"leader_election_master_status{name="lease"} 1"#);
        assert!(text.contains("process_resident_memory_bytes "));
        assert!(text.ends_with("# EOF\n"));
    }
}
