use std::time::Duration;

use portolan_api::FINALIZER;
use portolan_kit::WebLie;
use serde_json::json;

use super::*;
use crate::cluster::Report;
use crate::world::World;

const HOUR: Next = Next::After(Duration::from_hours(1));

#[track_caller]
fn check(kind: &str, finalizers: &[&str], status: &Value, expected: bool) {
    let repository: HelmRepository = serde_json::from_value(json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
        "metadata": { "name": "repo", "namespace": "team", "finalizers": finalizers },
        "spec": { "type": kind, "url": "oci://registry.example.com/charts" },
        "status": status,
    }))
    .unwrap();
    assert_eq!(concerns_us(&repository), expected);
}

/// Flux's own rows: `−1` is what the definition writes into a new object.
#[test]
fn a_repository_of_type_oci_concerns_us_while_it_carries_something() {
    check("oci", &[], &json!({}), false);
    check("oci", &[], &json!({ "observedGeneration": 0 }), false);
    check("oci", &[], &json!({ "observedGeneration": -1 }), true);
    check("oci", &[], &json!({ "observedGeneration": 3 }), true);
    check(
        "oci",
        &[],
        &json!({ "url": "http://localhost/index.yaml" }),
        true,
    );
    check("oci", &[FINALIZER], &json!({}), true);
    check("oci", &["example.com/other"], &json!({}), false);
    check("default", &[], &json!({}), true);
}

fn apply(world: &World, generation: i64, url: &str) {
    let spec = json!({ "url": url, "interval": "1h" });
    world.apply("HelmRepository", "repo", generation, spec);
}

async fn pass(world: &World) -> Next {
    world.pass::<HelmRepository>("repo").await
}

/// Every request for the index, with what it was answered.
fn asked(world: &World) -> usize {
    let seen = world.web.requests();
    seen.iter()
        .filter(|seen| seen.path == "/helm/index.yaml")
        .count()
}

#[tokio::test]
async fn an_index_is_stored_and_told_with_one_status_and_one_event() {
    let world = World::new().await;
    let url = world.publish(&["app 1.0.0"]);
    apply(&world, 1, &url);
    assert_eq!(pass(&world).await, HOUR);
    let reports = world.reports();
    assert!(
        matches!(
            &reports[..],
            [
                Report::Finalizer { present: true },
                Report::Status(_),
                Report::Event(_)
            ]
        ),
        "{reports:?}"
    );
    let status = world.status();
    let revision = status["artifact"]["revision"].as_str().unwrap().to_owned();
    let hex = revision.strip_prefix("sha256:").unwrap();
    let folder = "helmrepository/team/repo";
    assert_eq!(
        status["artifact"]["path"],
        format!("{folder}/index-{hex}.yaml")
    );
    assert_ne!(status["artifact"]["digest"], status["artifact"]["revision"]);
    assert_eq!(
        status["url"],
        format!("http://localhost:9090/{folder}/index.yaml")
    );
    assert_eq!(status["observedGeneration"], 1);
    assert_eq!(
        world.conditions(),
        ["Ready=True/Succeeded", "ArtifactInStorage=True/Succeeded"]
    );
    let stored = world.stored(status["artifact"]["path"].as_str().unwrap());
    assert_eq!(
        world.message("Ready"),
        format!("stored artifact: revision '{revision}'")
    );
    assert_eq!(
        world.events(),
        [format!(
            "NewArtifact: stored fetched index of size {}B from '{url}'",
            stored.len()
        )]
    );
    let stored: Value = serde_json::from_slice(&stored).unwrap();
    assert_eq!(stored["entries"]["app"][0]["version"], "1.0.0");
    assert_eq!(
        world.files(folder),
        [format!("index-{hex}.yaml"), "index.yaml".to_owned()]
    );
}

#[tokio::test]
async fn an_index_that_has_not_changed_costs_a_request_and_nothing_else() {
    let world = World::new().await;
    apply(&world, 1, &world.publish(&["app 1.0.0"]));
    pass(&world).await;
    let before = world.status();
    assert_eq!(pass(&world).await, HOUR);
    assert_eq!(world.status(), before);
    assert_eq!(asked(&world), 2);
    let revision = before["artifact"]["revision"].as_str().unwrap();
    assert_eq!(
        world.events(),
        [format!(
            "~ArtifactUpToDate: artifact up-to-date with remote revision: '{revision}'"
        )]
    );
    let last = world.web.requests().pop().unwrap();
    assert_eq!(last.status, Some(304), "{last:?}");
}

#[tokio::test]
async fn a_tag_that_is_kept_is_not_believed_when_the_spec_has_changed() {
    let world = World::new().await;
    let url = world.publish(&["app 1.0.0"]);
    world.web.tell("/helm/index.yaml", WebLie::FirstTag);
    apply(&world, 1, &url);
    pass(&world).await;
    let revision = || world.status()["artifact"]["revision"].clone();
    let first = revision();
    world.publish(&["app 1.0.0", "app 1.1.0"]);
    pass(&world).await;
    assert_eq!(revision(), first, "so says the server");
    apply(&world, 2, &url);
    pass(&world).await;
    assert_ne!(revision(), first);
}

#[tokio::test]
async fn a_failure_keeps_the_index_and_a_recovery_is_told() {
    let world = World::new().await;
    let url = world.publish(&["app 1.0.0"]);
    apply(&world, 1, &url);
    pass(&world).await;
    let before = world.status();
    world.web.remove("/helm/index.yaml");
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(
        world.conditions(),
        [
            "Reconciling=True/ProgressingWithRetry",
            "Ready=False/Failed",
            "ArtifactInStorage=True/Succeeded",
            "FetchFailed=True/Failed",
        ]
    );
    assert_eq!(
        world.message("FetchFailed"),
        format!(
            "failed to fetch Helm repository index: failed to cache index to temporary file: \
             failed to fetch {url}/index.yaml : 404 Not Found"
        )
    );
    assert_eq!(world.message("Reconciling"), "reconciliation in progress");
    assert_eq!(world.status()["artifact"], before["artifact"]);
    world.publish(&["app 1.0.0"]);
    assert_eq!(pass(&world).await, HOUR);
    let events = world.events();
    assert!(
        events[0].starts_with("Succeeded: stored fetched index of size "),
        "{events:?}"
    );
    assert!(events[1].starts_with("~ArtifactUpToDate: "), "{events:?}");
    assert_eq!(events.len(), 2);
}

#[tokio::test]
async fn what_is_no_index_is_told_with_where_it_came_from_and_without_secrets() {
    let world = World::new().await;
    world.publish(&["app 1.0.0"]);
    world.put_index("{}");
    let url = world
        .web
        .url("/helm?sig=hunter2")
        .replace("//", "//ci:hunter2@");
    apply(&world, 1, &url);
    assert_eq!(pass(&world).await, Next::RETRY);
    let told = world.message("FetchFailed");
    let shown = world.web.url("/helm");
    assert!(
        told.starts_with(&format!(
            "failed to load Helm repository from index YAML at {shown}: failed to load index: "
        )),
        "{told}"
    );
    assert!(told.contains("no API version specified"), "{told}");
    assert_eq!(world.conditions()[1], "Ready=False/IndexationFailed");
    let everything = format!("{:?}", world.reports());
    assert!(!everything.contains("hunter2"), "{everything}");
    assert!(world.files("helmrepository/team/repo").is_empty());
}

#[tokio::test]
async fn entries_that_are_left_out_are_told() {
    let world = World::new().await;
    let url = world.publish(&["app 1.0.0"]);
    world.put_index(
        "apiVersion: v1\nentries:\n  app:\n  - {name: app, version: 1.0.0}\n  - {name: app, version: nonsense}\n",
    );
    apply(&world, 1, &url);
    assert_eq!(pass(&world).await, HOUR);
    let events = world.events();
    let told = events
        .iter()
        .find(|event| event.starts_with("~IndexEntriesDropped: "));
    assert!(
        told.is_some_and(|told| told.contains("nonsense")),
        "{events:?}"
    );
}

#[tokio::test]
async fn a_stored_index_that_was_tampered_with_is_fetched_anew() {
    let world = World::new().await;
    apply(&world, 1, &world.publish(&["app 1.0.0"]));
    pass(&world).await;
    let before = world.status();
    world.overwrite(before["artifact"]["path"].as_str().unwrap(), b"{}");
    assert_eq!(pass(&world).await, HOUR);
    assert_eq!(
        world.status()["artifact"]["digest"],
        before["artifact"]["digest"]
    );
    let events = world.events();
    assert!(
        events[0].starts_with("!ArtifactVerificationFailed: "),
        "{events:?}"
    );
    assert_eq!(
        events.len(),
        1,
        "the bytes are the same, so there is no news"
    );
}

#[tokio::test]
async fn a_wrong_password_is_told_as_one() {
    let world = World::new().await;
    let url = world.publish(&["app 1.0.0"]);
    world.web.require_login("me", "right");
    world.secret("login", json!({ "username": "me", "password": "wrong" }));
    let spec = json!({ "url": url, "interval": "1h", "secretRef": { "name": "login" } });
    world.apply("HelmRepository", "repo", 1, spec);
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(world.conditions()[1], "Ready=False/AuthenticationFailed");
    let told = world.message("Ready");
    assert!(
        told.contains("failed to fetch ") && told.contains(" : 401 Unauthorized"),
        "{told}"
    );
    world.secret("login", json!({ "username": "me", "password": "right" }));
    assert_eq!(pass(&world).await, HOUR);
}

#[tokio::test]
async fn a_secret_that_is_missing_is_named_and_nothing_is_fetched() {
    #[track_caller]
    fn told(world: &World, text: &str) {
        assert_eq!(world.conditions()[1], "Ready=False/AuthenticationFailed");
        assert_eq!(world.message("Ready"), text);
        assert!(world.web.requests().is_empty());
    }
    let world = World::new().await;
    let url = world.publish(&["app 1.0.0"]);
    let spec = json!({ "url": url, "secretRef": { "name": "login" } });
    world.apply("HelmRepository", "repo", 1, spec);
    assert_eq!(pass(&world).await, Next::RETRY);
    told(
        &world,
        "failed to get authentication secret 'team/login': secrets \"login\" not found",
    );
    let spec = json!({ "url": url, "certSecretRef": { "name": "tls" } });
    world.apply("HelmRepository", "repo", 2, spec);
    assert_eq!(pass(&world).await, Next::RETRY);
    told(
        &world,
        "failed to get TLS authentication secret 'team/tls': secrets \"tls\" not found",
    );
}

#[tokio::test]
async fn a_url_of_a_registry_stalls() {
    let world = World::new().await;
    apply(&world, 1, "OCI://registry.example.com/charts");
    assert_eq!(pass(&world).await, Next::WhenChanged);
    assert_eq!(
        world.conditions(),
        [
            "Stalled=True/URLInvalid",
            "Ready=False/URLInvalid",
            "FetchFailed=True/URLInvalid",
        ]
    );
}

#[tokio::test]
async fn a_suspended_repository_is_left_alone() {
    let world = World::new().await;
    let url = world.publish(&["app 1.0.0"]);
    apply(&world, 1, &url);
    pass(&world).await;
    world.web.forget_requests();
    let spec = json!({ "url": url, "suspend": true });
    world.apply("HelmRepository", "repo", 2, spec);
    assert_eq!(pass(&world).await, Next::WhenChanged);
    assert!(world.web.requests().is_empty());
    assert_eq!(world.status()["observedGeneration"], 2);
    assert!(world.status()["artifact"].is_object());
}

#[tokio::test]
async fn a_repository_that_becomes_one_of_type_oci_gives_everything_back() {
    let world = World::new().await;
    apply(&world, 1, &world.publish(&["app 1.0.0"]));
    pass(&world).await;
    let spec = json!({ "type": "oci", "url": "oci://registry.example.com/charts" });
    world.apply("HelmRepository", "repo", 2, spec);
    assert_eq!(pass(&world).await, Next::WhenChanged);
    assert_eq!(world.status(), json!({}));
    assert!(world.files("helmrepository/team/repo").is_empty());
    assert_eq!(
        world.events(),
        ["~GarbageCollectionSucceeded: garbage collected artifacts for deleted resource"]
    );
}
