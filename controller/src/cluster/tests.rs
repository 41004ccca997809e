//! Reports and watches as an API server sees them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use kube::client::Body;
use kube::runtime::watcher;
use kube::{Client, ResourceExt};
use portolan_api::{FINALIZER, GitRepository, HelmChart};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::*;
use crate::events::Recorder;
use crate::leader::Leadership;
use crate::metrics::Metrics;

/// What the API server answers to one request.
enum Answer {
    /// An object.
    Object(Value),
    /// A refusal.
    Refusal(u16, &'static str),
    /// The lines of a watch, which then goes on without any.
    Watch(Vec<Value>),
    /// None at all.
    Silence,
}

/// Requests as `METHOD path?query` and their bodies.
type Requests = Arc<Mutex<Vec<(String, Value)>>>;

struct Rig {
    cluster: Kubernetes,
    requests: Requests,
    metrics: Metrics,
}

impl Rig {
    /// A server that gives `answers` in this order, and refuses whatever comes then. Events are
    /// taken, and kept with the requests.
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(answers, Scope::default(), Leadership::unchallenged())
    }

    fn with(
        answers: impl IntoIterator<Item = Answer>,
        scope: Scope,
        leadership: Leadership,
    ) -> Self {
        let answers: Arc<Mutex<VecDeque<Answer>>> =
            Arc::new(Mutex::new(answers.into_iter().collect()));
        let requests = Requests::default();
        let seen = Arc::clone(&requests);
        let client = Client::new(
            tower::service_fn(move |request: Request<Body>| {
                let (answers, seen) = (Arc::clone(&answers), Arc::clone(&seen));
                async move {
                    let (parts, body) = request.into_parts();
                    let bytes = body.collect().await.expect("a body").to_bytes();
                    let body = serde_json::from_slice(&bytes).unwrap_or_default();
                    seen.lock().unwrap().push((
                        format!("{} {}", parts.method, parts.uri).replace("?&", "?"),
                        body,
                    ));
                    let is_event =
                        parts.method == Method::POST && parts.uri.path().ends_with("/events");
                    let answer = if is_event {
                        Answer::Object(json!({ "metadata": {}, "involvedObject": {} }))
                    } else {
                        let next = answers.lock().unwrap().pop_front();
                        next.unwrap_or(Answer::Refusal(500, "unexpected"))
                    };
                    answered(answer).await
                }
            }),
            "default",
        );
        let metrics = Metrics::new();
        let (recorder, workers) = Recorder::start(&client, None, &metrics);
        tokio::spawn(async move {
            // They live as long as the test.
            std::future::pending::<()>().await;
            drop(workers);
        });
        Self {
            cluster: Kubernetes::new(client, scope, recorder, leadership, metrics.clone()),
            requests,
            metrics,
        }
    }

    fn requests(&self) -> Vec<(String, Value)> {
        self.requests.lock().unwrap().clone()
    }

    async fn status(
        &self,
        chart: &HelmChart,
        wanted: Value,
    ) -> Result<Option<String>, ClusterError> {
        self.cluster.report(chart, Report::Status(wanted)).await
    }

    async fn finalizer(
        &self,
        chart: &HelmChart,
        present: bool,
    ) -> Result<Option<String>, ClusterError> {
        self.cluster
            .report(chart, Report::Finalizer { present })
            .await
    }

    /// The next `count` events of a watch, in short.
    async fn watched(&self, count: usize) -> Vec<String> {
        let events = self
            .cluster
            .watch::<HelmChart>()
            .take(count)
            .map(|event| match event {
                Ok(watcher::Event::Init) => "init".to_owned(),
                Ok(watcher::Event::InitApply(chart)) => format!("init {}", chart.name_any()),
                Ok(watcher::Event::InitDone) => "done".to_owned(),
                Ok(watcher::Event::Apply(chart)) => format!("apply {}", chart.name_any()),
                Ok(watcher::Event::Delete(chart)) => format!("delete {}", chart.name_any()),
                Err(error) => format!("error: {}", crate::chain::chain(&error)),
            });
        timeout(Duration::from_mins(10), events.collect())
            .await
            .expect("so many events")
    }
}

type Told = UnsyncBoxBody<Bytes, Infallible>;

fn whole(value: &Value) -> Told {
    Full::new(Bytes::from(value.to_string())).boxed_unsync()
}

async fn answered(answer: Answer) -> Result<Response<Told>, tower::BoxError> {
    let (code, body) = match answer {
        Answer::Silence => std::future::pending().await,
        Answer::Object(object) => (200, whole(&object)),
        Answer::Refusal(code, message) => {
            let reason = match code {
                404 => "NotFound",
                409 => "Conflict",
                _ => "",
            };
            let status = json!({ "kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message });
            (code, whole(&status))
        }
        Answer::Watch(lines) => {
            let lines = lines
                .into_iter()
                .map(|line| Bytes::from(format!("{line}\n")));
            let frames = stream::iter(lines)
                .chain(stream::pending())
                .map(Ok::<_, Infallible>);
            (
                200,
                StreamBody::new(frames.map_ok(Frame::data)).boxed_unsync(),
            )
        }
    };
    Ok(Response::builder()
        .status(StatusCode::from_u16(code)?)
        .body(body)?)
}

/// A chart at `version`, changed by `change`.
fn object(version: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut chart = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "HelmChart",
        "metadata": {
            "namespace": "ns", "name": "podinfo", "uid": "1", "generation": 1,
            "resourceVersion": version, "finalizers": ["example.com/theirs"],
        },
        "spec": { "chart": "c", "interval": "1m", "sourceRef": { "kind": "HelmRepository", "name": "r" } },
        "status": { "observedGeneration": 1, "url": "http://old" },
    });
    change(&mut chart);
    chart
}

fn chart(object: Value) -> HelmChart {
    serde_json::from_value(object).expect("a chart")
}

fn condition(kind: &str, reason: &str) -> Value {
    json!({
        "type": kind, "status": "True", "reason": reason, "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    })
}

const OBJECT: &str = "/apis/source.toolkit.fluxcd.io/v1/namespaces/ns/helmcharts/podinfo";

#[tokio::test]
async fn our_finalizer_is_added_to_those_of_others() {
    let rig = Rig::new([Answer::Object(object("8", |_| ()))]);
    let version = rig
        .finalizer(&chart(object("7", |_| ())), true)
        .await
        .expect("written");
    assert_eq!(version.as_deref(), Some("8"));
    let requests = rig.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        requests[0].0,
        format!("PATCH {OBJECT}?fieldManager=source-controller")
    );
    assert_eq!(
        requests[0].1,
        json!({ "metadata": { "resourceVersion": "7", "finalizers": ["example.com/theirs", FINALIZER] } })
    );
}

#[tokio::test]
async fn our_finalizer_is_removed_and_those_of_others_stay() {
    let rig = Rig::new([Answer::Object(object("8", |_| ()))]);
    let held = object("7", |chart| {
        chart["metadata"]["finalizers"] = json!([FINALIZER, "example.com/theirs"]);
    });
    rig.finalizer(&chart(held), false).await.expect("written");
    assert_eq!(
        rig.requests()[0].1["metadata"]["finalizers"],
        json!(["example.com/theirs"])
    );
}

#[tokio::test]
async fn a_finalizer_that_is_there_costs_no_request() {
    let rig = Rig::new([]);
    assert_eq!(
        rig.finalizer(&chart(object("7", |_| ())), false)
            .await
            .expect("nothing to do"),
        None
    );
    assert!(rig.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_that_somebody_added_meanwhile_is_kept() {
    let others = object("8", |chart| {
        chart["metadata"]["finalizers"] = json!(["example.com/new"]);
    });
    let rig = Rig::new([
        Answer::Refusal(409, "conflict"),
        Answer::Object(others),
        Answer::Object(object("9", |_| ())),
    ]);
    let version = rig
        .finalizer(&chart(object("7", |_| ())), true)
        .await
        .expect("written");
    assert_eq!(version.as_deref(), Some("9"));
    assert_eq!(
        rig.requests()[2].1,
        json!({ "metadata": { "resourceVersion": "8", "finalizers": ["example.com/new", FINALIZER] } })
    );
}

#[tokio::test]
async fn a_status_is_one_patch_of_what_changed_with_the_version_it_was_made_for() {
    let rig = Rig::new([Answer::Object(object("8", |_| ()))]);
    let wanted = json!({ "observedGeneration": 2, "observedChartName": "c" });
    let version = rig
        .status(&chart(object("7", |_| ())), wanted)
        .await
        .expect("written");
    assert_eq!(version.as_deref(), Some("8"));
    let requests = rig.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        requests[0].0,
        format!("PATCH {OBJECT}/status?fieldManager=source-controller")
    );
    assert_eq!(
        requests[0].1,
        json!({
            "metadata": { "resourceVersion": "7" },
            "status": { "observedGeneration": 2, "observedChartName": "c", "url": null },
        })
    );
}

#[tokio::test]
async fn an_unchanged_status_costs_no_request() {
    let rig = Rig::new([]);
    let chart = chart(object("7", |chart| {
        chart["status"]["conditions"] = json!([condition("Theirs", "Same")]);
    }));
    let same = Kind::status_value(&chart);
    assert_eq!(rig.status(&chart, same).await.expect("nothing to do"), None);
    assert!(rig.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_condition_that_somebody_wrote_meanwhile_is_kept() {
    let live = object("8", |chart| {
        chart["status"]["conditions"] =
            json!([condition("Theirs", "New"), condition("Ready", "Old")]);
    });
    let rig = Rig::new([
        Answer::Refusal(409, "conflict"),
        Answer::Object(live),
        Answer::Object(object("9", |_| ())),
    ]);
    let wanted = json!({
        "observedGeneration": 1, "url": "http://old", "conditions": [condition("Ready", "Ours"), condition("Theirs", "Old")],
    });
    rig.status(&chart(object("7", |_| ())), wanted)
        .await
        .expect("written");
    let requests = rig.requests();
    assert_eq!(requests[1].0, format!("GET {OBJECT}"));
    assert_eq!(
        requests[2].1,
        json!({
            "metadata": { "resourceVersion": "8" },
            "status": { "conditions": [condition("Ready", "Ours"), condition("Theirs", "New")] },
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_status_for_an_old_spec_is_not_written() {
    let changed = object("8", |chart| chart["metadata"]["generation"] = json!(2));
    let rig = Rig::new([Answer::Refusal(409, "conflict"), Answer::Object(changed)]);
    let error = rig
        .status(&chart(object("7", |_| ())), json!({}))
        .await
        .expect_err("outdated");
    assert!(matches!(error, ClusterError::Outdated), "{error:?}");
    assert_eq!(rig.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_status_is_not_written_to_another_object_of_the_same_name() {
    let other = object("8", |chart| chart["metadata"]["uid"] = json!("2"));
    let rig = Rig::new([Answer::Refusal(409, "conflict"), Answer::Object(other)]);
    let error = rig
        .status(&chart(object("7", |_| ())), json!({}))
        .await
        .expect_err("gone");
    assert!(matches!(error, ClusterError::Gone), "{error:?}");
    assert_eq!(rig.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_gone_is_not_written() {
    let rig = Rig::new([Answer::Refusal(404, "not found")]);
    let error = rig
        .status(&chart(object("7", |_| ())), json!({}))
        .await
        .expect_err("gone");
    assert!(matches!(error, ClusterError::Gone), "{error:?}");
    let rig = Rig::new([
        Answer::Refusal(409, "conflict"),
        Answer::Refusal(404, "not found"),
    ]);
    let error = rig
        .finalizer(&chart(object("7", |_| ())), true)
        .await
        .expect_err("gone");
    assert!(matches!(error, ClusterError::Gone), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn after_five_conflicts_a_write_is_given_up() {
    let conflicts = (0..9).map(|number| {
        if number % 2 == 0 {
            Answer::Refusal(409, "conflict")
        } else {
            Answer::Object(object(&number.to_string(), |_| ()))
        }
    });
    let rig = Rig::new(conflicts.chain([Answer::Object(object("10", |_| ()))]));
    let error = rig
        .status(&chart(object("0", |_| ())), json!({}))
        .await
        .expect_err("given up");
    assert!(matches!(error, ClusterError::Api(_)), "{error:?}");
    let writes = rig
        .requests()
        .iter()
        .filter(|(request, _)| request.starts_with("PATCH"))
        .count();
    assert_eq!(writes, 5);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_given_up_after_30_seconds() {
    let rig = Rig::new([Answer::Silence]);
    let began = Instant::now();
    let error = rig
        .cluster
        .read::<HelmChart>("ns", "podinfo")
        .await
        .expect_err("no answer");
    assert!(matches!(error, ClusterError::Api(_)), "{error:?}");
    assert_eq!(began.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn who_does_not_lead_writes_nothing() {
    let rig = Rig::with([], Scope::default(), Leadership::none());
    let chart = chart(object("7", |_| ()));
    rig.status(&chart, json!({}))
        .await
        .expect_err("not leading");
    rig.finalizer(&chart, true).await.expect_err("not leading");
    assert!(rig.requests().is_empty());
}

#[tokio::test]
async fn an_object_that_is_not_there_is_an_answer() {
    let rig = Rig::new([
        Answer::Refusal(404, "not found"),
        Answer::Refusal(403, "forbidden"),
    ]);
    assert!(
        rig.cluster
            .read::<HelmChart>("ns", "podinfo")
            .await
            .expect("an answer")
            .is_none()
    );
    rig.cluster
        .read::<HelmChart>("ns", "podinfo")
        .await
        .expect_err("a refusal is none");
}

fn line(kind: &str, object: &Value) -> Value {
    json!({ "type": kind, "object": object })
}

fn end_of_list() -> Value {
    line(
        "BOOKMARK",
        &json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart",
            "metadata": { "resourceVersion": "50", "annotations": { "k8s.io/initial-events-end": "true" } },
        }),
    )
}

fn named(name: &str) -> Value {
    object("7", |chart| chart["metadata"]["name"] = json!(name))
}

/// An object that the schema should have refused.
fn broken(name: &str) -> Value {
    object("7", |chart| {
        chart["metadata"]["name"] = json!(name);
        chart["spec"] = json!("https://user:hunter2@host");
    })
}

#[tokio::test(start_paused = true)]
async fn a_watch_lists_by_streaming_and_goes_on() {
    let lines = vec![
        line("ADDED", &named("a")),
        end_of_list(),
        line("MODIFIED", &named("a")),
        line("DELETED", &named("a")),
    ];
    let rig = Rig::new([Answer::Watch(lines)]);
    assert_eq!(
        rig.watched(5).await,
        ["init", "init a", "done", "apply a", "delete a"]
    );
    let (request, _) = &rig.requests()[0];
    assert!(
        request.starts_with("GET /apis/source.toolkit.fluxcd.io/v1/helmcharts?"),
        "{request}"
    );
    assert!(request.contains("sendInitialEvents=true"), "{request}");
}

#[tokio::test(start_paused = true)]
async fn a_scope_narrows_the_watch() {
    let scope = Scope {
        namespace: Some("flux-system".to_owned()),
        selector: Some("sharding.fluxcd.io/key=a".to_owned()),
    };
    let rig = Rig::with(
        [Answer::Watch(vec![end_of_list()])],
        scope,
        Leadership::unchallenged(),
    );
    rig.watched(2).await;
    let (request, _) = &rig.requests()[0];
    assert!(
        request.contains("/namespaces/flux-system/helmcharts?"),
        "{request}"
    );
    assert!(
        request.contains("labelSelector=sharding.fluxcd.io%2Fkey%3Da"),
        "{request}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_bad_object_among_good_ones_is_passed_over_and_told() {
    let lines = vec![
        line("ADDED", &named("a")),
        line("ADDED", &broken("bad")),
        line("ADDED", &named("b")),
        end_of_list(),
    ];
    let rig = Rig::new([Answer::Watch(lines)]);
    assert_eq!(rig.watched(4).await, ["init", "init a", "init b", "done"]);
    assert!(
        rig.metrics
            .text()
            .contains(r#"portolan_undecodable_objects_total{kind="HelmChart"} 1"#)
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    let requests = rig.requests();
    let (request, event) = requests.last().expect("an event");
    assert!(
        request.starts_with("POST /api/v1/namespaces/ns/events"),
        "{request}"
    );
    assert_eq!(event["involvedObject"]["name"], "bad");
    assert_eq!(event["type"], "Warning");
    let message = event["message"].as_str().expect("a message");
    assert!(!message.contains("hunter2"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_becomes_bad_vanishes_from_the_next_list() {
    let first = vec![
        line("ADDED", &named("a")),
        line("ADDED", &named("b")),
        end_of_list(),
        line("MODIFIED", &broken("b")),
    ];
    let second = vec![
        line("ADDED", &named("a")),
        line("ADDED", &broken("b")),
        end_of_list(),
    ];
    let rig = Rig::new([Answer::Watch(first), Answer::Watch(second)]);
    assert_eq!(
        rig.watched(7).await,
        ["init", "init a", "init b", "done", "init", "init a", "done"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_without_streaming_lists_is_asked_for_pages() {
    let list = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChartList",
        "metadata": { "resourceVersion": "50" }, "items": [named("a")],
    });
    let refusal = "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
    let rig = Rig::new([
        Answer::Refusal(422, refusal),
        Answer::Object(list),
        Answer::Watch(vec![line("MODIFIED", &named("a"))]),
    ]);
    let told = rig.watched(5).await;
    assert!(told[0].starts_with("error"), "{told:?}");
    assert_eq!(told[1..], ["init", "init a", "done", "apply a"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_too_old_lists_again() {
    let expired = json!({ "kind": "Status", "status": "Failure", "code": 410, "reason": "Expired", "message": "too old" });
    let first = vec![
        line("ADDED", &named("a")),
        end_of_list(),
        line("ERROR", &expired),
    ];
    let second = vec![line("ADDED", &named("b")), end_of_list()];
    let rig = Rig::new([Answer::Watch(first), Answer::Watch(second)]);
    let began = Instant::now();
    let told = rig.watched(7).await;
    assert_eq!(told[..3], ["init", "init a", "done"]);
    assert!(told[3].starts_with("error"), "{told:?}");
    assert_eq!(told[4..], ["init", "init b", "done"]);
    assert_eq!(
        began.elapsed(),
        Duration::ZERO,
        "nobody has to wait for that"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_is_asked_less_and_less_often() {
    let rig = Rig::new([]);
    let began = Instant::now();
    let told = rig.watched(8).await;
    assert!(
        told.iter().all(|event| event.starts_with("error")),
        "{told:?}"
    );
    // 0.8 + 1.6 + 3.2 + 6.4 + 12.8 + 25.6 + 30 seconds at least, with jitter on top.
    assert!(
        began.elapsed() > Duration::from_mins(1),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_not_installed_is_told_apart_and_asked_for_until_it_is() {
    let source = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
        "metadata": { "namespace": "ns", "name": "src", "resourceVersion": "1" },
        "spec": { "url": "https://git.example.com/a", "interval": "1m" },
    });
    let lines = vec![line("ADDED", &source), end_of_list()];
    let rig = Rig::new([
        Answer::Refusal(404, "the server could not find the requested resource"),
        Answer::Refusal(404, "the server could not find the requested resource"),
        Answer::Watch(lines),
    ]);
    let mut unknown = 0;
    let mut events = rig.cluster.watch::<GitRepository>();
    let found = loop {
        match events.next().await.expect("a watch has no end") {
            Err(ClusterError::UnknownKind(_)) => unknown += 1,
            Err(error) => panic!("{error:?}"),
            Ok(watcher::Event::InitApply(source)) => break source.name_any(),
            Ok(_) => {}
        }
    };
    assert_eq!((unknown, found.as_str()), (2, "src"));
}
