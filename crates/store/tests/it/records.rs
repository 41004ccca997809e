//! What is known about an artifact survives a restart, and never speaks of other bytes.

use std::collections::BTreeMap;
use std::fs;

use portolan_store::Record;

use crate::home::{Home, LINK, app, sha256};

const PATH: &str = "helmchart/ns/app/team/a.tgz";
const RECORD: &str = ".portolan/records/helmchart/ns/app/team/a.tgz.json";

fn record(revision: &str) -> Record {
    Record {
        manifest_digest: Some(sha256(b"manifest")),
        source: "oci://registry.example/charts/app".to_owned(),
        revision: revision.to_owned(),
        fingerprints: BTreeMap::from([("policy".to_owned(), "none".to_owned())]),
    }
}

async fn recorded(revision: &str) -> Home {
    let home = Home::new();
    publish(&home, b"chart", revision).await;
    home
}

async fn publish(home: &Home, bytes: &[u8], revision: &str) {
    let mut staged = home.store.stage(&app()).await.unwrap();
    staged.write(bytes).await.unwrap();
    let published = home
        .store
        .publish(staged, "team/a.tgz", LINK, record(revision));
    published.await.unwrap();
}

#[tokio::test]
async fn a_record_survives_a_restart() {
    let home = recorded("1.0.0").await;
    assert_eq!(home.store.record(PATH).await, Some(record("1.0.0")));
    let home = home.reopened();
    assert_eq!(home.store.record(PATH).await, Some(record("1.0.0")));
}

#[tokio::test]
async fn a_record_may_be_empty() {
    let home = Home::new();
    home.publish("team/a.tgz", b"chart").await;
    assert_eq!(home.store.record(PATH).await, Some(Record::default()));
}

#[tokio::test]
async fn publishing_the_same_bytes_renews_the_record() {
    let home = recorded("1.0.0").await;
    publish(&home, b"chart", "1.0.0+1").await;
    assert_eq!(home.store.record(PATH).await, Some(record("1.0.0+1")));
}

#[tokio::test]
async fn a_record_is_not_about_a_file_that_was_changed() {
    let home = recorded("1.0.0").await;
    fs::write(home.path(PATH), b"tampered").unwrap();
    assert_eq!(home.store.record(PATH).await, None);
    let home = recorded("1.0.0").await;
    let later = fs::metadata(home.path(PATH)).unwrap().modified().unwrap()
        + std::time::Duration::from_secs(1);
    let file = fs::File::options()
        .write(true)
        .open(home.path(PATH))
        .unwrap();
    file.set_modified(later).unwrap();
    assert_eq!(home.store.record(PATH).await, None);
}

#[tokio::test]
async fn a_record_without_its_file_is_none() {
    let home = recorded("1.0.0").await;
    fs::remove_file(home.path(PATH)).unwrap();
    assert_eq!(home.store.record(PATH).await, None);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_none() {
    let home = recorded("1.0.0").await;
    let text = fs::read_to_string(home.path(RECORD)).unwrap();
    let half = text.get(..text.len() / 2).unwrap().to_owned();
    let other = text.replace("sha256", "md5");
    let long = format!("{}{text}", " ".repeat(2 << 20));
    for bad in [
        String::new(),
        half,
        other,
        long,
        "null".to_owned(),
        "{}".to_owned(),
    ] {
        fs::write(home.path(RECORD), bad).unwrap();
        assert_eq!(home.store.record(PATH).await, None);
    }
    fs::write(home.path(RECORD), text).unwrap();
    assert_eq!(home.store.record(PATH).await, Some(record("1.0.0")));
    fs::remove_file(home.path(RECORD)).unwrap();
    assert_eq!(home.store.record(PATH).await, None);
}

#[tokio::test]
async fn a_record_is_json_with_the_digest_of_its_file() {
    let home = recorded("1.0.0").await;
    let text = fs::read(home.path(RECORD)).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(value["digest"], sha256(b"chart").to_string());
    assert_eq!(
        value["record"]["manifestDigest"],
        sha256(b"manifest").to_string()
    );
    assert_eq!(value["record"]["revision"], "1.0.0");
}

#[tokio::test]
async fn what_a_newer_version_recorded_is_still_read() {
    let home = recorded("1.0.0").await;
    let text = fs::read(home.path(RECORD)).unwrap();
    let mut value: serde_json::Value = serde_json::from_slice(&text).unwrap();
    value["record"]["later"] = "invention".into();
    fs::write(home.path(RECORD), value.to_string()).unwrap();
    assert_eq!(home.store.record(PATH).await, Some(record("1.0.0")));
}
