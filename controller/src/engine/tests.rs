//! The engine over a cluster that is a list of events, and objects whose spec says how a pass goes.

use std::sync::Mutex;

use futures_util::stream::BoxStream;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use kube::runtime::reflector;
use portolan_acquire::{Acquirer, Limits, TrustRoots};
use portolan_api::{Artifact, annotation};
use portolan_auth::Transport;
use portolan_store::{Address, Options, Store as Files};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;
use crate::cluster::{ClusterError, Report};
use crate::context::Settings;
use crate::kind::{Kind, Watched};
use crate::metrics::Metrics;

/// An object whose passes go as `script` says.
#[derive(CustomResource, Debug, Clone, Default, Serialize, Deserialize)]
#[kube(
    group = "test",
    version = "v1",
    kind = "Probe",
    namespaced,
    schema = "disabled"
)]
#[serde(rename_all = "camelCase")]
struct ProbeSpec {
    /// `done`, `every <seconds>`, `fail`, `retry <seconds>`, `panic`, `slow <seconds>`.
    script: String,
}

impl Watched for Probe {
    const NAME: &'static str = "Probe";

    fn artifact(&self) -> Option<&Artifact> {
        None
    }
}

impl Kind for Probe {
    const OWNED: &'static [&'static str] = &[];

    fn conditions(&self) -> &[Condition] {
        &[]
    }

    fn status_value(&self) -> Value {
        Value::Null
    }

    fn is_suspended(&self) -> bool {
        false
    }
}

impl Reconcile for Probe {
    async fn reconcile<C: Cluster>(self: Arc<Self>, context: Arc<Context<C>>) -> Next {
        let _ = context
            .cluster
            .report(&*self, Report::Status(Value::from("looked")))
            .await;
        let (act, number) = self
            .spec
            .script
            .split_once(' ')
            .unwrap_or((&self.spec.script, "0"));
        let time = Duration::from_secs(number.parse().unwrap_or_default());
        match act {
            "done" => Next::WhenChanged,
            "every" => Next::After(time),
            "fail" => Next::RETRY,
            "retry" => Next::Retry { at_least: time },
            "panic" => panic!("the script says so"),
            "slow" => {
                sleep(time).await;
                let _ = context
                    .cluster
                    .report(&*self, Report::Status(Value::from("finished")))
                    .await;
                Next::WhenChanged
            }
            other => panic!("no script {other}"),
        }
    }

    async fn panicked<C: Cluster>(
        self: Arc<Self>,
        context: Arc<Context<C>>,
        message: String,
    ) -> Next {
        assert_ne!(self.spec.script, "panic twice", "and again");
        let told = Report::Status(Value::from(format!("panicked: {message}")));
        let _ = context.cluster.report(&*self, told).await;
        Next::WhenChanged
    }

    fn is_concerned_by(&self, news: &News) -> bool {
        self.metadata.namespace.as_deref() == Some(&news.namespace)
    }
}

type Events = UnboundedReceiver<Result<watcher::Event<Value>, ClusterError>>;

/// Plays events once, and keeps what is reported, with the seconds since the start.
#[derive(Debug, Clone)]
struct Script {
    events: Arc<Mutex<Option<Events>>>,
    reports: Arc<Mutex<Vec<String>>>,
    began: Instant,
}

impl Cluster for Script {
    fn watch<K: Watched>(&self) -> BoxStream<'static, Result<watcher::Event<K>, ClusterError>> {
        let events = self.events.lock().unwrap().take().expect("one watch");
        futures_util::stream::unfold(events, |mut events| async {
            let event = events.recv().await?.map(|event| event_as::<K>(event));
            Some((event, events))
        })
        .boxed()
    }

    async fn read<K>(&self, _: &str, _: &str) -> Result<Option<K>, ClusterError>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        Ok(None)
    }

    async fn report<K: Kind>(
        &self,
        object: &K,
        report: Report,
    ) -> Result<Option<String>, ClusterError> {
        let Report::Status(Value::String(said)) = report else {
            return Ok(None);
        };
        let told = format!(
            "{}s {} {said}",
            self.began.elapsed().as_secs(),
            key_of(object)
        );
        self.reports.lock().unwrap().push(told);
        Ok(None)
    }
}

fn event_as<K: DeserializeOwned>(event: watcher::Event<Value>) -> watcher::Event<K> {
    let read = |object| serde_json::from_value(object).expect("an object of the kind");
    match event {
        watcher::Event::Apply(object) => watcher::Event::Apply(read(object)),
        watcher::Event::Delete(object) => watcher::Event::Delete(read(object)),
        watcher::Event::Init => watcher::Event::Init,
        watcher::Event::InitApply(object) => watcher::Event::InitApply(read(object)),
        watcher::Event::InitDone => watcher::Event::InitDone,
    }
}

/// A running engine.
struct Rig {
    events: UnboundedSender<Result<watcher::Event<Value>, ClusterError>>,
    news: UnboundedSender<News>,
    reports: Arc<Mutex<Vec<String>>>,
    shutdown: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
    metrics: Metrics,
    _files: tempfile::TempDir,
}

impl Rig {
    /// An engine without jitter that runs `concurrent` passes at a time.
    fn start(concurrent: usize) -> Self {
        let (events, received) = unbounded_channel();
        let (news, heard) = unbounded_channel();
        let reports = Arc::default();
        let cluster = Script {
            events: Arc::new(Mutex::new(Some(received))),
            reports: Arc::clone(&reports),
            began: Instant::now(),
        };
        let files = tempfile::tempdir().expect("a directory");
        let (repositories, mut writer) = reflector::store::<HelmRepository>();
        writer.apply_watcher_event(&watcher::Event::Init);
        writer.apply_watcher_event(&watcher::Event::InitDone);
        let transport = Transport::builder().build().expect("a transport");
        let metrics = Metrics::new();
        let engine = Engine::<Probe, Script> {
            context: Arc::new(Context {
                cluster,
                acquirer: Acquirer::new(transport, Limits::default()),
                store: Files::open(files.path(), Options::default()).expect("a store"),
                address: Address::new("localhost").expect("an address"),
                repositories,
                git_repositories: reflector::store().0,
                buckets: reflector::store().0,
                trust_roots: TrustRoots::embedded().expect("a trust root"),
                settings: Settings::default(),
            }),
            objects: Writer::default(),
            concerns: |probe| probe.metadata.name.as_deref() != Some("ignored"),
            concurrent,
            pace: Pace {
                jitter_percentage: 0,
                ..Pace::default()
            },
            metrics: metrics.queue("Probe", concurrent),
            announcer: None,
            news: Some(heard),
        };
        let (shutdown, told) = oneshot::channel::<()>();
        let running = tokio::spawn(engine.run(async {
            let _ = told.await;
        }));
        Self {
            events,
            news,
            reports,
            shutdown: Some(shutdown),
            running,
            metrics,
            _files: files,
        }
    }

    /// An engine that has listed `objects`, each `<name> <script>`.
    fn over(concurrent: usize, objects: &[&str]) -> Self {
        let rig = Self::start(concurrent);
        rig.list(objects.iter().map(|object| probe(object)));
        rig
    }

    fn list(&self, objects: impl IntoIterator<Item = Value>) {
        self.send(watcher::Event::Init);
        for object in objects {
            self.send(watcher::Event::InitApply(object));
        }
        self.send(watcher::Event::InitDone);
    }

    fn send(&self, event: watcher::Event<Value>) {
        self.events.send(Ok(event)).expect("the engine listens");
    }

    /// What was reported within the next `seconds`.
    async fn within(&self, seconds: u64) -> Vec<String> {
        // Half a second more, so that what happens at that second is seen.
        sleep(Duration::from_millis(seconds * 1000 + 500)).await;
        std::mem::take(&mut *self.reports.lock().unwrap())
    }

    async fn stop(mut self) -> Vec<String> {
        drop(self.shutdown.take());
        self.running.await.expect("the engine does not panic");
        std::mem::take(&mut *self.reports.lock().unwrap())
    }
}

/// `<name> <script>` as an object of generation 1.
fn probe(text: &str) -> Value {
    let (name, script) = text.split_once(' ').expect("a name and a script");
    serde_json::json!({
        "apiVersion": "test/v1",
        "kind": "Probe",
        "metadata": { "namespace": "ns", "name": name, "uid": "1", "generation": 1 },
        "spec": { "script": script },
    })
}

/// The same object, changed.
fn changed(mut object: Value, pointer: &str, value: impl Into<Value>) -> Value {
    let (parent, last) = pointer.rsplit_once('/').expect("a pointer");
    object.pointer_mut(parent).expect("a parent")[last] = value.into();
    object
}

#[tokio::test(start_paused = true)]
async fn every_listed_object_is_looked_at_at_once_and_a_new_one_too() {
    let rig = Rig::over(2, &["a done", "b done"]);
    assert_eq!(rig.within(1).await, ["0s ns/a looked", "0s ns/b looked"]);
    rig.send(watcher::Event::Apply(probe("c done")));
    assert_eq!(rig.within(0).await, ["1s ns/c looked"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_concerned_by_the_news_of_a_source_is_looked_at_and_nobody_else() {
    let rig = Rig::over(2, &["a done", "b fail"]);
    rig.send(watcher::Event::Apply(changed(
        probe("c done"),
        "/metadata/namespace",
        "other",
    )));
    rig.within(20).await;
    let news = News {
        kind: "GitRepository",
        namespace: "ns".to_owned(),
        name: "src".to_owned(),
        revision: Some("2".to_owned()),
    };
    rig.news.send(news).expect("the engine listens");
    // What failed before has a fresh start.
    let mut told = rig.within(1).await;
    told.sort();
    assert_eq!(
        told,
        ["20s ns/a looked", "20s ns/b looked", "21s ns/b looked"]
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_before_the_list_is_complete() {
    let rig = Rig::start(2);
    rig.send(watcher::Event::Init);
    rig.send(watcher::Event::InitApply(probe("a done")));
    assert!(rig.within(10).await.is_empty());
    rig.send(watcher::Event::InitDone);
    assert_eq!(rig.within(0).await, ["10s ns/a looked"]);
}

#[tokio::test(start_paused = true)]
async fn every_engine_learns_that_the_repositories_are_known() {
    let (repositories, mut writer) = reflector::store::<HelmRepository>();
    let waiting = [(); 3].map(|()| tokio::spawn(until_known(repositories.clone())));
    sleep(Duration::from_secs(1)).await;
    assert!(waiting.iter().all(|waiting| !waiting.is_finished()));
    writer.apply_watcher_event(&watcher::Event::Init);
    writer.apply_watcher_event(&watcher::Event::InitDone);
    sleep(Duration::from_secs(1)).await;
    assert!(waiting.iter().all(JoinHandle::is_finished));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_failure_of_one_object_and_the_others_go_on() {
    let rig = Rig::over(1, &["a panic", "b every 10"]);
    let told = rig.within(20).await;
    assert_eq!(
        told,
        [
            "0s ns/a looked",
            "0s ns/a panicked: the script says so",
            "0s ns/b looked",
            "10s ns/b looked",
            "20s ns/b looked"
        ]
    );
    let text = rig.metrics.text();
    assert!(
        text.contains(r#"controller_runtime_reconcile_panics_total{controller="probe"} 1"#),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_report_of_a_panic_is_a_failure_that_is_tried_again() {
    let rig = Rig::over(1, &["a panic twice", "b done"]);
    assert_eq!(
        rig.within(1).await,
        ["0s ns/a looked", "0s ns/b looked", "0s ns/a looked"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_failing_watch_is_not_the_end() {
    let rig = Rig::over(1, &["a done"]);
    rig.events
        .send(Err(ClusterError::Api("no route".into())))
        .expect("the engine listens");
    rig.send(watcher::Event::Apply(probe("b done")));
    assert_eq!(rig.within(0).await, ["0s ns/a looked", "0s ns/b looked"]);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_spec_and_a_request_wake_and_nothing_else_does() {
    let rig = Rig::over(1, &["a done"]);
    rig.within(0).await;
    let mut object = probe("a done");
    for (pointer, value, wakes) in [
        ("/status", "x".into(), false),
        ("/metadata/labels", serde_json::json!({ "a": "b" }), false),
        (
            "/metadata/annotations",
            serde_json::json!({ "a": "b" }),
            false,
        ),
        ("/metadata/resourceVersion", "7".into(), false),
        ("/metadata/generation", 2.into(), true),
        (
            "/metadata/annotations",
            serde_json::json!({ annotation::REQUESTED_AT: "1" }),
            true,
        ),
        (
            "/metadata/annotations",
            serde_json::json!({ annotation::REQUESTED_AT: "1" }),
            false,
        ),
        (
            "/metadata/annotations",
            serde_json::json!({ annotation::REQUESTED_AT: "2", "a": "c" }),
            true,
        ),
        (
            "/metadata/deletionTimestamp",
            serde_json::to_value(Time(jiff::Timestamp::UNIX_EPOCH)).unwrap(),
            true,
        ),
        ("/metadata/uid", "2".into(), true),
    ] {
        object = changed(object, pointer, value);
        rig.send(watcher::Event::Apply(object.clone()));
        assert_eq!(
            rig.within(0).await.len(),
            usize::from(wakes),
            "{pointer} of {object}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_none_of_our_business_wakes_nobody() {
    let rig = Rig::over(1, &["ignored done"]);
    rig.send(watcher::Event::Apply(changed(
        probe("ignored done"),
        "/metadata/generation",
        2,
    )));
    assert!(rig.within(10).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_list_after_an_outage_wakes_what_changed_and_forgets_what_is_gone() {
    let rig = Rig::over(1, &["a every 100", "b every 100", "gone every 100"]);
    rig.within(10).await;
    rig.list([
        probe("a every 100"),
        changed(probe("b every 100"), "/metadata/generation", 2),
    ]);
    assert_eq!(rig.within(0).await, ["10s ns/b looked"]);
    assert!(!rig.metrics.text().contains(r#"name="gone""#));
    assert_eq!(
        rig.within(100).await,
        ["100s ns/a looked", "110s ns/b looked"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_forgets_nobody() {
    let rig = Rig::over(1, &["a every 100"]);
    rig.within(0).await;
    rig.send(watcher::Event::Init);
    rig.events
        .send(Err(ClusterError::Api("no route".into())))
        .expect("the engine listens");
    rig.send(watcher::Event::Init);
    assert_eq!(rig.within(100).await, ["100s ns/a looked"]);
}

#[tokio::test(start_paused = true)]
async fn the_wait_after_failures_grows_and_a_change_resets_it() {
    let rig = Rig::over(1, &["a fail"]);
    // 0.75, 1.5, 3, 6 and 12 seconds apart.
    let told = rig.within(25).await;
    assert_eq!(
        told,
        ["0s", "0s", "2s", "5s", "11s", "23s"].map(|second| format!("{second} ns/a looked"))
    );
    rig.send(watcher::Event::Apply(changed(
        probe("a fail"),
        "/metadata/generation",
        2,
    )));
    assert_eq!(rig.within(1).await, ["25s ns/a looked", "26s ns/a looked"]);
}

#[tokio::test(start_paused = true)]
async fn a_success_resets_the_wait() {
    let rig = Rig::over(1, &["a fail"]);
    rig.within(20).await;
    rig.send(watcher::Event::Apply(changed(
        changed(probe("a fail"), "/spec/script", "done"),
        "/metadata/generation",
        2,
    )));
    rig.within(0).await;
    rig.send(watcher::Event::Apply(changed(
        probe("a fail"),
        "/metadata/generation",
        3,
    )));
    assert_eq!(rig.within(1).await.len(), 2, "at once and after 750 ms");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_named_a_time_is_given_it() {
    let rig = Rig::over(1, &["a retry 30"]);
    assert_eq!(rig.within(31).await, ["0s ns/a looked", "30s ns/a looked"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_is_never_worked_on_twice_at_a_time_and_no_request_is_lost() {
    let rig = Rig::over(4, &["a slow 10"]);
    rig.within(0).await;
    for generation in [2, 3] {
        rig.send(watcher::Event::Apply(changed(
            probe("a slow 10"),
            "/metadata/generation",
            generation,
        )));
    }
    assert_eq!(
        rig.within(20).await,
        ["10s ns/a finished", "10s ns/a looked", "20s ns/a finished"]
    );
}

#[tokio::test(start_paused = true)]
async fn only_so_many_passes_run_at_a_time() {
    let rig = Rig::over(2, &["a slow 10", "b slow 10", "c slow 10"]);
    assert_eq!(rig.within(1).await, ["0s ns/a looked", "0s ns/b looked"]);
    let text = rig.metrics.text();
    for (metric, value) in [("workqueue_depth", 1), ("workqueue_adds_total", 3)] {
        let line = format!(r#"{metric}{{name="probe",controller="probe"}} {value}"#);
        assert!(text.contains(&line), "no {line} in {text}");
    }
    assert!(
        text.contains(r#"controller_runtime_active_workers{controller="probe"} 2"#),
        "{text}"
    );
    assert_eq!(
        rig.within(10).await,
        ["10s ns/a finished", "10s ns/b finished", "10s ns/c looked"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_deleted_object_is_not_looked_at_again_and_leaves_no_series() {
    let rig = Rig::over(1, &["a every 10"]);
    rig.within(0).await;
    rig.send(watcher::Event::Delete(probe("a every 10")));
    assert!(rig.within(30).await.is_empty());
    assert!(!rig.metrics.text().contains(r#"name="a""#));
}

#[tokio::test(start_paused = true)]
async fn at_shutdown_what_runs_may_finish_and_nothing_begins() {
    let rig = Rig::over(1, &["a slow 5", "b done"]);
    rig.within(0).await;
    assert_eq!(rig.stop().await, ["5s ns/a finished"]);
}

#[tokio::test(start_paused = true)]
async fn at_shutdown_nobody_waits_longer_than_eight_seconds() {
    let rig = Rig::over(1, &["a slow 60"]);
    rig.within(0).await;
    let began = Instant::now();
    assert!(rig.stop().await.is_empty());
    assert_eq!(began.elapsed().as_secs(), 8);
}
