//! Events as an API server and a notification-controller see them.

use std::sync::Mutex;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;
use portolan_api::HelmChart;
use portolan_auth::Transport;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

use super::*;

/// Requests as `(method, path, body)`.
type Requests = Arc<Mutex<Vec<(Method, String, Value)>>>;

/// An API server that takes every event but those that `code` refuses.
fn server(code: fn(&Method) -> u16) -> (Client, Requests) {
    let requests = Requests::default();
    let seen = Arc::clone(&requests);
    let service = tower::service_fn(move |request: Request<Body>| {
        let seen = Arc::clone(&seen);
        async move {
            let (parts, body) = request.into_parts();
            let bytes = body.collect().await.expect("a body").to_bytes();
            let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let path = parts.uri.path().to_owned();
            let code = code(&parts.method);
            seen.lock().unwrap().push((parts.method, path, body));
            let answer = match code {
                200 => json!({ "metadata": {}, "involvedObject": {} }),
                _ => {
                    json!({ "kind": "Status", "status": "Failure", "code": code, "reason": "", "message": "" })
                }
            };
            let response = Response::builder().status(StatusCode::from_u16(code).unwrap());
            Ok::<_, tower::BoxError>(
                response
                    .body(Body::from(answer.to_string().into_bytes()))
                    .unwrap(),
            )
        }
    });
    (Client::new(service, "default"), requests)
}

fn chart(name: &str) -> HelmChart {
    serde_json::from_value(json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "HelmChart",
        "metadata": {
            "namespace": "ns", "name": name, "uid": format!("uid-{name}"), "resourceVersion": "7",
            "annotations": { "event.toolkit.fluxcd.io/team": "a", "other": "b" },
        },
        "spec": { "chart": "c", "interval": "1m", "sourceRef": { "kind": "HelmRepository", "name": "r" } },
    }))
    .expect("a chart")
}

fn event(severity: Severity, message: &str) -> Event {
    Event {
        severity,
        reason: "ChartPullSucceeded".to_owned(),
        message: message.to_owned(),
        metadata: [(
            "source.toolkit.fluxcd.io/revision".to_owned(),
            "1.0.0".to_owned(),
        )]
        .into(),
        action: Action::Reconcile,
    }
}

fn subject(name: &str) -> Subject {
    Subject::of::<HelmChart>(&chart(name).metadata)
}

/// What the API server sees of events that are told one after the other.
async fn written(code: fn(&Method) -> u16, events: Vec<Event>) -> Vec<(Method, String, Value)> {
    let (client, requests) = server(code);
    let (recorder, workers) = Recorder::start(&client, None, &Metrics::new());
    for event in events {
        recorder.record(subject("podinfo"), event);
    }
    workers.finish().await;
    let requests = requests.lock().unwrap();
    requests.clone()
}

#[tokio::test]
async fn an_event_is_written_as_client_go_writes_it() {
    let requests = written(|_| 200, vec![event(Severity::Info, "pulled")]).await;
    let [(method, path, body)] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert_eq!(
        (method, path.as_str()),
        (&Method::POST, "/api/v1/namespaces/ns/events")
    );
    assert_eq!(
        body["involvedObject"],
        json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart", "namespace": "ns",
            "name": "podinfo", "uid": "uid-podinfo", "resourceVersion": "7",
        })
    );
    assert_eq!(body["type"], "Normal");
    assert_eq!(body["reason"], "ChartPullSucceeded");
    assert_eq!(body["message"], "pulled");
    assert_eq!(body["count"], 1);
    assert_eq!(body["source"], json!({ "component": "source-controller" }));
    assert_eq!(body["reportingComponent"], "source-controller");
    assert_eq!(
        body["metadata"]["annotations"],
        json!({ "source.toolkit.fluxcd.io/revision": "1.0.0" })
    );
    let name = body["metadata"]["name"].as_str().expect("a name");
    assert!(
        name.starts_with("podinfo.") && name.len() == "podinfo.".len() + 16,
        "{name}"
    );
    assert_eq!(body["firstTimestamp"], body["lastTimestamp"]);
}

#[tokio::test]
async fn bad_news_is_a_warning_and_a_trace_is_normal() {
    let events = vec![
        event(Severity::Error, "bad"),
        event(Severity::Trace, "so what"),
    ];
    let requests = written(|_| 200, events).await;
    let kinds: Vec<_> = requests
        .iter()
        .map(|(_, _, body)| body["type"].clone())
        .collect();
    assert_eq!(kinds, ["Warning", "Normal"]);
}

#[tokio::test]
async fn the_same_event_again_is_a_patch_of_its_count() {
    let events = ["a", "a", "b", "a"]
        .map(|message| event(Severity::Info, message))
        .to_vec();
    let requests = written(|_| 200, events).await;
    let told: Vec<_> = requests
        .iter()
        .map(|(method, _, body)| (method.as_str(), body["count"].clone()))
        .collect();
    assert_eq!(
        told,
        [
            ("POST", json!(1)),
            ("PATCH", json!(2)),
            ("POST", json!(1)),
            ("PATCH", json!(3))
        ]
    );
    let (created, patched) = (&requests[0].2, &requests[1]);
    assert_eq!(
        patched.1,
        format!(
            "/api/v1/namespaces/ns/events/{}",
            created["metadata"]["name"].as_str().unwrap()
        )
    );
    assert_eq!(patched.2["message"], "a");
    assert!(patched.2["lastTimestamp"].is_string());
}

#[tokio::test]
async fn an_event_that_expired_is_written_anew() {
    let refuse = |method: &Method| if method == Method::PATCH { 404 } else { 200 };
    let events = ["a", "a", "a"]
        .map(|message| event(Severity::Info, message))
        .to_vec();
    let requests = written(refuse, events).await;
    let told: Vec<_> = requests
        .iter()
        .map(|(method, _, body)| (method.as_str(), body["count"].clone()))
        .collect();
    assert_eq!(
        told[..3],
        [("POST", json!(1)), ("PATCH", json!(2)), ("POST", json!(2))]
    );
}

#[tokio::test]
async fn a_message_is_bounded_and_shows_no_secret() {
    let long = "é".repeat(MAX_MESSAGE_BYTES);
    let secret = "failed to fetch https://user:hunter2@host/chart?sig=abc";
    let requests = written(
        |_| 200,
        vec![
            event(Severity::Error, &long),
            event(Severity::Error, secret),
        ],
    )
    .await;
    let message = requests[0].2["message"].as_str().expect("a message");
    assert!(message.len() <= MAX_MESSAGE_BYTES && message.ends_with("..."));
    let message = requests[1].2["message"].as_str().expect("a message");
    assert!(
        !message.contains("hunter2") && !message.contains("abc"),
        "{message}"
    );
}

#[tokio::test]
async fn two_thousand_bytes_are_told_whole() {
    let long = "x".repeat(2_000);
    let requests = written(|_| 200, vec![event(Severity::Error, &long)]).await;
    assert_eq!(requests[0].2["message"], long);
}

#[tokio::test]
async fn a_flood_of_one_object_is_cut_and_counted() {
    let (client, requests) = server(|_| 200);
    let metrics = Metrics::new();
    let (recorder, workers) = Recorder::start(&client, None, &metrics);
    for number in 0..40 {
        recorder.record(subject("loud"), event(Severity::Info, &number.to_string()));
    }
    recorder.record(subject("quiet"), event(Severity::Info, "hello"));
    workers.finish().await;
    assert_eq!(requests.lock().unwrap().len(), 26);
    assert!(
        metrics
            .text()
            .contains(r#"portolan_events_dropped_total{sink="kubernetes"} 15"#)
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_server_refuses_is_counted_and_not_tried_again() {
    let (client, requests) = server(|_| 403);
    let metrics = Metrics::new();
    let (recorder, workers) = Recorder::start(&client, None, &metrics);
    recorder.record(subject("podinfo"), event(Severity::Info, "hello"));
    workers.finish().await;
    assert_eq!(requests.lock().unwrap().len(), 1);
    assert!(
        metrics
            .text()
            .contains(r#"portolan_events_dropped_total{sink="kubernetes"} 1"#)
    );
}

/// A notification-controller that answers each POST with the next status, `0` being none at all.
async fn receiver(statuses: &'static [u16]) -> (Notifier, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&bodies);
    tokio::spawn(async move {
        for number in 0.. {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = Vec::new();
            while !is_whole(&request)
                && stream
                    .read_buf(&mut request)
                    .await
                    .is_ok_and(|read| read > 0)
            {}
            let status = statuses
                .get(number)
                .or(statuses.last())
                .copied()
                .unwrap_or_default();
            seen.lock()
                .unwrap()
                .push(String::from_utf8(request).expect("text"));
            if status == 0 {
                tokio::spawn(async move {
                    sleep(Duration::from_hours(1)).await;
                    drop(stream);
                });
                continue;
            }
            let answer =
                format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let transport = Transport::builder().build().expect("a transport");
    let notifier = Notifier::new(
        transport,
        address.parse().expect("a URL"),
        "host-1".to_owned(),
    );
    (notifier, bodies)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| body.len() >= length.parse().expect("a length"))
}

/// How often `event` is posted to a receiver that answers so, and what is counted as dropped.
async fn posted(statuses: &'static [u16], event: Event) -> (Vec<String>, bool) {
    let (notifier, bodies) = receiver(statuses).await;
    let (client, _) = server(|_| 200);
    let metrics = Metrics::new();
    let (recorder, workers) = Recorder::start(&client, Some(&notifier), &metrics);
    recorder.record(subject("podinfo"), event);
    workers.finish().await;
    let bodies = bodies.lock().unwrap().clone();
    (
        bodies,
        metrics
            .text()
            .contains(r#"portolan_events_dropped_total{sink="http"} 1"#),
    )
}

#[tokio::test]
async fn an_event_is_posted_in_the_form_of_fluxs_event_api() {
    let (bodies, dropped) = posted(&[200], event(Severity::Error, "bad")).await;
    assert!(!dropped);
    let (head, body) = bodies[0].split_once("\r\n\r\n").expect("a request");
    assert!(head.starts_with("POST / HTTP/1.1"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    let mut body: Value = serde_json::from_str(body).expect("JSON");
    let timestamp = body["timestamp"].take();
    assert!(
        timestamp
            .as_str()
            .is_some_and(|time| time.ends_with('Z') && time.len() == 20),
        "{timestamp}"
    );
    assert_eq!(
        body,
        json!({
            "involvedObject": {
                "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart", "namespace": "ns",
                "name": "podinfo", "uid": "uid-podinfo", "resourceVersion": "7",
            },
            "severity": "error",
            "timestamp": null,
            "message": "bad",
            "reason": "ChartPullSucceeded",
            "action": "Reconcile",
            "metadata": {
                "source.toolkit.fluxcd.io/revision": "1.0.0",
                "event.toolkit.fluxcd.io/team": "a",
            },
            "reportingController": "source-controller",
            "reportingInstance": "host-1",
        })
    );
}

#[tokio::test]
async fn a_trace_is_not_posted() {
    let (bodies, dropped) = posted(&[200], event(Severity::Trace, "so what")).await;
    assert!(bodies.is_empty() && !dropped);
}

#[tokio::test]
async fn a_post_that_failed_is_tried_again_until_it_succeeds() {
    let (bodies, dropped) = posted(&[500, 200], event(Severity::Info, "good")).await;
    assert_eq!((bodies.len(), dropped), (2, false));
    assert!(bodies[1].contains(r#""severity":"info""#));
}

#[tokio::test]
async fn too_many_requests_and_a_refusal_are_not_tried_again() {
    for statuses in [&[429_u16][..], &[400]] {
        let statuses: &'static [u16] = statuses;
        let (bodies, dropped) = posted(statuses, event(Severity::Info, "good")).await;
        assert_eq!((bodies.len(), dropped), (1, true), "{statuses:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_keeps_nobody_waiting() {
    let (notifier, _) = receiver(&[0]).await;
    let (client, requests) = server(|_| 200);
    let metrics = Metrics::new();
    let (recorder, workers) = Recorder::start(&client, Some(&notifier), &metrics);
    let began = Instant::now();
    for number in 0..2 * QUEUE * WORKERS {
        recorder.record(subject(&number.to_string()), event(Severity::Info, "good"));
    }
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(
        metrics
            .text()
            .contains(r#"portolan_events_dropped_total{sink="http"}"#)
    );
    let told = async {
        while requests.lock().unwrap().is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(5), told)
        .await
        .expect("the cluster is told meanwhile");
    drop(workers);
}
