//! The servers beside the registry.

use std::time::Duration;

use hyper::{Method, StatusCode};
use portolan_kit::{EventsSink, Mood, TufLie, TufRole, TufServer, WebServer};
use serde_json::{Value, json};

use crate::client::{ask, get};

#[tokio::test]
async fn events_are_recorded_whatever_is_said_of_them() {
    let sink = EventsSink::start().await;
    let post =
        |body: &Value| ask(Method::POST, format!("{}/v1", sink.url())).body(body.to_string());
    let taken = post(&json!({ "reason": "NewArtifact" })).send().await;
    assert_eq!(taken.status, StatusCode::ACCEPTED);
    sink.be(Mood::Answering(429));
    let refused = post(&json!({ "reason": "Second" })).send().await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    sink.be(Mood::Silent);
    let third = post(&json!({ "reason": "Third" })).try_send();
    assert!(
        tokio::time::timeout(Duration::from_millis(50), third)
            .await
            .is_err()
    );

    let events = sink.events();
    let reasons: Vec<&Value> = events.iter().map(|event| &event.body["reason"]).collect();
    assert_eq!(reasons, ["NewArtifact", "Second", "Third"]);
    assert_eq!(events[0].path, "/v1");
    assert_eq!(sink.requests()[1].status, Some(429));
    sink.stop();
    assert!(get(format!("{}/", sink.url())).try_send().await.is_err());
    sink.start_again();
    let get = get(format!("{}/", sink.url())).send().await;
    assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn files_are_served_with_validators_and_ranges() {
    let web = WebServer::start().await;
    web.put("/index.yaml", "text/yaml", "apiVersion: v1\n");
    let url = web.url("/index.yaml");
    let whole = get(&url).send().await;
    assert_eq!(whole.header("content-type"), "text/yaml");
    let tag = whole.header("etag");
    let known = get(&url).header("if-none-match", &format!("\"other\", W/{tag}"));
    let known = known.send().await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    assert!(known.bytes().is_empty());

    let part = || get(&url).header("range", "bytes=0-9");
    let first = part().header("if-range", tag).send().await;
    assert_eq!(
        (first.status, first.bytes()),
        (StatusCode::PARTIAL_CONTENT, "apiVersion".into())
    );
    let beyond = get(&url).header("range", "bytes=99-").send().await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.header("content-range"), "bytes */15");

    web.put("/index.yaml", "text/yaml", "apiVersion: v2\n");
    let changed = part().header("if-range", tag).send().await;
    assert_eq!(
        (changed.status, changed.bytes()),
        (StatusCode::OK, "apiVersion: v2\n".into())
    );
    assert!(web.remove("/index.yaml"));
    assert_eq!(get(&url).send().await.status, StatusCode::NOT_FOUND);
    assert_eq!(web.requests().len(), 6);
}

#[tokio::test]
async fn a_repository_of_trust_names_its_files_by_version_and_signs_with_two_keys() {
    let server = TufServer::start().await;
    server.publish("a.json", "a");
    server.rotate();
    server.renew();
    let file = async |path: &str| -> Value {
        let answer = get(server.web().url(path)).send().await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        serde_json::from_slice(&answer.body.unwrap()).unwrap()
    };
    for (path, role, version, signatures) in [
        ("/1.root.json", "root", 1, 2),
        // By the keys before, too.
        ("/2.root.json", "root", 2, 4),
        ("/3.targets.json", "targets", 3, 2),
        ("/3.snapshot.json", "snapshot", 3, 2),
        ("/timestamp.json", "timestamp", 4, 2),
    ] {
        let file = file(path).await;
        assert_eq!(file["signed"]["_type"], role);
        assert_eq!(file["signed"]["version"], version, "{path}");
        assert_eq!(file["signatures"].as_array().unwrap().len(), signatures);
    }
    let timestamp = file("/timestamp.json").await;
    assert_eq!(timestamp["signed"]["meta"]["snapshot.json"]["version"], 3);
    let targets = file("/3.targets.json").await;
    let hash = &targets["signed"]["targets"]["a.json"]["hashes"]["sha256"];
    let path = format!("/targets/{}.a.json", hash.as_str().unwrap());
    let answer = get(server.web().url(&path)).send().await;
    assert_eq!(answer.body.unwrap(), "a");

    let before = server.remember();
    server.tell(TufLie::Expired(TufRole::Timestamp));
    server.publish("b.json", "b");
    let ended = file("/timestamp.json").await;
    assert_eq!(ended["signed"]["expires"], "2020-01-01T00:00:00Z");
    server.go_back_to(&before);
    assert_eq!(file("/timestamp.json").await, timestamp);
    let later = get(server.web().url("/4.targets.json")).send().await;
    assert_eq!(later.status, StatusCode::NOT_FOUND);
}
