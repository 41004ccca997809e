mod identities;
mod sources;
mod verification;

use std::time::Duration;

use portolan_kit::chart_archive;
use serde_json::{Value, json};

use super::*;
use crate::cluster::Report;
use crate::context::Settings;
use crate::kind::Next;
use crate::world::World;

const HOUR: Next = Next::After(Duration::from_hours(1));

/// A world with the repository `repo`, of type `oci`, that has `app 1.0.0`.
async fn registry() -> World {
    let world = World::new().await;
    let archive = chart_archive("app", "1.0.0");
    world.registry.push_chart("charts/app", &archive, "1.0.0");
    let url = world.registry.oci_url("charts");
    let spec = json!({ "type": "oci", "insecure": true, "url": url });
    world.apply("HelmRepository", "repo", 1, spec);
    world
}

/// A world with the repository `repo`, with an index, that has these charts, and has been looked at.
async fn index(charts: &[&str]) -> World {
    let world = World::new().await;
    follow(&world, charts).await;
    world
}

/// Let the repository have these charts, and look at it.
async fn follow(world: &World, charts: &[&str]) {
    let url = world.publish(charts);
    world.apply(
        "HelmRepository",
        "repo",
        1,
        json!({ "url": url, "interval": "1h" }),
    );
    let next = world.pass::<portolan_api::HelmRepository>("repo").await;
    assert_eq!(next, HOUR, "{:?}", world.events());
}

/// The spec of a chart `app` of `repo`; `more` is put over it.
fn spec(version: &str, more: Value) -> Value {
    let mut spec = json!({
        "chart": "app", "version": version, "interval": "1h",
        "sourceRef": { "kind": "HelmRepository", "name": "repo" },
    });
    if let (Some(fields), Value::Object(more)) = (spec.as_object_mut(), more) {
        fields.extend(more);
    }
    spec
}

fn chart(world: &World, generation: i64, version: &str, more: Value) {
    world.apply("HelmChart", "app", generation, spec(version, more));
}

async fn pass(world: &World) -> Next {
    world.pass::<HelmChart>("app").await
}

fn files(world: &World) -> Vec<String> {
    world.files("helmchart/team/app")
}

#[tokio::test]
async fn a_chart_is_brought_and_told_with_one_status_and_one_event() {
    let world = registry().await;
    chart(&world, 1, "1.x", json!({}));
    assert_eq!(pass(&world).await, HOUR);
    let status = world.status();
    assert_eq!(status["artifact"]["revision"], "1.0.0");
    assert_eq!(status["observedGeneration"], 1);
    assert_eq!(status["observedSourceArtifactRevision"], Value::Null);
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
}

#[tokio::test]
async fn what_was_stored_for_a_chart_that_is_gone_is_removed() {
    let world = registry().await;
    chart(&world, 1, "1.x", json!({}));
    let seen: HelmChart = world
        .context
        .cluster
        .read("team", "app")
        .await
        .unwrap()
        .unwrap();
    world.remove("HelmChart/app");
    assert_eq!(world.pass_over(seen).await, Next::WhenChanged);
    assert!(world.status()["artifact"].is_object(), "it had been stored");
    assert!(files(&world).is_empty());
}

/// Roles for tenants often let them write a status as well.
#[tokio::test]
async fn a_status_cannot_name_what_another_object_has() {
    let world = registry().await;
    chart(&world, 1, "1.x", json!({}));
    pass(&world).await;
    let held = world.status()["artifact"].clone();
    let path = held["path"].as_str().unwrap();
    let of_another = |digest: &str| {
        let mut artifact = held.clone();
        artifact["digest"] = json!(digest);
        artifact
    };
    let wrong = format!("sha256:{}", "0".repeat(64));
    for digest in [held["digest"].as_str().unwrap(), &wrong, "none"] {
        world.apply("HelmChart", "mine", 1, spec("1.x", json!({})));
        let cluster = &world.context.cluster;
        let mine = cluster.read("team", "mine").await.unwrap();
        let mut mine: HelmChart = mine.unwrap();
        let status = json!({ "artifact": of_another(digest) });
        mine.status = Some(serde_json::from_value(status).unwrap());
        world.pass_over(mine).await;
        assert_eq!(world.stored(path), chart_archive("app", "1.0.0"));
        assert_eq!(
            world.status()["artifact"]["path"],
            "helmchart/team/mine/app-1.0.0.tgz"
        );
        let events = world.events();
        let told = events.iter().any(|event| {
            event.starts_with("!ArtifactVerificationFailed: the artifact in the status")
        });
        assert!(told, "{events:?}");
    }
}

#[tokio::test]
async fn what_fails_keeps_the_artifact_and_is_tried_again() {
    let world = registry().await;
    chart(&world, 1, "1.x", json!({}));
    pass(&world).await;
    let before = world.status();
    world.registry.stop();
    assert_eq!(pass(&world).await, Next::RETRY);
    let status = world.status();
    assert_eq!(status["artifact"], before["artifact"]);
    assert_eq!(status["conditions"][0]["type"], "Reconciling");
}

#[tokio::test]
async fn a_chart_of_an_index_is_pulled_from_where_the_index_says() {
    let world = index(&["app 1.0.0", "app 1.1.0", "app 2.0.0-rc.1"]).await;
    chart(&world, 1, "1.x", json!({}));
    world.web.forget_requests();
    assert_eq!(pass(&world).await, HOUR);
    let status = world.status();
    assert_eq!(
        world.events(),
        ["ChartPullSucceeded: pulled 'app' chart with version '1.1.0'"]
    );
    assert_eq!(
        status["artifact"]["path"],
        "helmchart/team/app/app-1.1.0.tgz"
    );
    assert_eq!(
        world.stored("helmchart/team/app/app-1.1.0.tgz"),
        chart_archive("app", "1.1.0")
    );
    assert_eq!(status["observedChartName"], "app");
    assert!(
        status["observedSourceArtifactRevision"]
            .as_str()
            .is_some_and(|revision| revision.starts_with("sha256:"))
    );
    let asked: Vec<String> = world
        .web
        .requests()
        .iter()
        .map(|seen| seen.path.clone())
        .collect();
    assert_eq!(
        asked,
        ["/helm/app-1.1.0.tgz"],
        "the stored index is looked into"
    );
}

#[tokio::test]
async fn what_is_stored_and_wanted_is_not_downloaded_again() {
    let world = index(&["app 1.0.0"]).await;
    chart(&world, 1, "1.x", json!({}));
    pass(&world).await;
    world.web.stop();
    assert_eq!(pass(&world).await, HOUR);
    assert_eq!(
        world.events(),
        ["~ArtifactUpToDate: artifact up-to-date with remote revision: '1.0.0'"]
    );
}

#[tokio::test]
async fn a_version_that_was_published_again_is_noticed() {
    let world = index(&["app 1.0.0"]).await;
    chart(&world, 1, "1.x", json!({}));
    pass(&world).await;
    let before = world.status()["artifact"].clone();
    let again = portolan_kit::ChartArchive::new("app", "1.0.0")
        .values("other: true\n")
        .build();
    let entry = json!({
        "name": "app", "version": "1.0.0", "urls": ["again.tgz"],
        "digest": crate::world::digest_of(&again),
    });
    let text = json!({ "apiVersion": "v1", "entries": { "app": [entry] } }).to_string();
    world
        .web
        .put("/helm/again.tgz", "application/gzip", again.clone());
    world.put_index(&text);
    world.pass::<portolan_api::HelmRepository>("repo").await;
    assert_eq!(pass(&world).await, HOUR);
    let now = world.status()["artifact"].clone();
    assert_eq!(
        (&now["revision"], &before["revision"]),
        (&json!("1.0.0"), &json!("1.0.0"))
    );
    assert_ne!(now["digest"], before["digest"]);
    assert_eq!(world.stored(now["path"].as_str().unwrap()), again);
    assert_eq!(
        world.events(),
        ["ChartPullSucceeded: pulled 'app' chart with version '1.0.0'"]
    );
}

#[tokio::test]
async fn a_version_that_leaves_the_index_stalls_and_the_artifact_stays() {
    let world = index(&["app 1.0.0", "app 1.1.0"]).await;
    chart(&world, 1, "1.1.0", json!({}));
    pass(&world).await;
    let before = world.status();
    follow(&world, &["app 1.0.0"]).await;
    assert_eq!(pass(&world).await, Next::WhenChanged);
    let status = world.status();
    assert_eq!(
        world.conditions(),
        [
            "Stalled=True/InvalidChartReference",
            "Ready=False/InvalidChartReference",
            "ArtifactInStorage=True/ChartPullSucceeded",
            "FetchFailed=True/InvalidChartReference",
        ]
    );
    assert!(
        world.message("Ready").starts_with(
            "invalid chart reference: failed to get chart version for remote reference: \
             no 'app' chart with version matching '1.1.0' found"
        ),
        "{}",
        world.message("Ready")
    );
    assert_eq!(status["artifact"], before["artifact"]);
    assert_ne!(
        status["observedSourceArtifactRevision"],
        before["observedSourceArtifactRevision"]
    );
    follow(&world, &["app 1.0.0", "app 1.1.0"]).await;
    assert_eq!(pass(&world).await, HOUR);
    assert_eq!(
        world.events(),
        [
            "ChartPullSucceeded: pulled 'app' chart with version '1.1.0'",
            "~ArtifactUpToDate: artifact up-to-date with remote revision: '1.1.0'",
        ]
    );
}

#[tokio::test]
async fn a_chart_waits_for_the_index_of_its_repository() {
    let world = World::new().await;
    world.apply(
        "HelmRepository",
        "repo",
        1,
        json!({ "url": world.web.url("/helm") }),
    );
    chart(&world, 1, "1.x", json!({}));
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(
        world.conditions(),
        [
            "Reconciling=True/ProgressingWithRetry",
            "Ready=False/NoSourceArtifact",
            "FetchFailed=True/NoSourceArtifact",
        ]
    );
    assert_eq!(
        world.events(),
        ["~NoSourceArtifact: no artifact available for HelmRepository source 'repo'"]
    );
    assert_eq!(world.status()["observedGeneration"], -1);
    // A status that names a file which is gone is no better.
    follow(&world, &["app 1.0.0"]).await;
    let stored = world.status()["artifact"]["path"]
        .as_str()
        .unwrap()
        .to_owned();
    world.context.store.discard(&stored).await.unwrap();
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(world.conditions()[1], "Ready=False/NoSourceArtifact");
}

#[tokio::test]
async fn values_files_that_change_nothing_are_told_alike_in_each_pass() {
    let world = World::new().await;
    let archive = portolan_kit::ChartArchive::new("app", "1.0.0")
        .values("replicas: 9\n")
        .file("same.yaml", "replicas: 9\n")
        .build();
    follow(&world, &["app 1.0.0"]).await;
    world
        .web
        .put("/helm/app-1.0.0.tgz", "application/gzip", archive);
    chart(&world, 3, "1.x", json!({ "valuesFiles": ["same.yaml"] }));
    assert_eq!(pass(&world).await, HOUR);
    assert!(
        !world
            .events()
            .iter()
            .any(|event| event.contains("NoValuesFiles")),
        "it is there"
    );
    let told = "packaged 'app' chart with version '1.0.0+3'";
    assert_eq!(world.message("Ready"), told);
    pass(&world).await;
    assert_eq!(world.message("Ready"), told);
}

#[tokio::test]
async fn values_files_make_a_package_that_carries_the_generation() {
    let world = World::new().await;
    let archive = portolan_kit::ChartArchive::new("app", "1.0.0")
        .file("prod.yaml", "replicas: 9\n")
        .build();
    follow(&world, &["app 1.0.0"]).await;
    world
        .web
        .put("/helm/app-1.0.0.tgz", "application/gzip", archive);
    let more =
        json!({ "valuesFiles": ["prod.yaml", "absent.yaml"], "ignoreMissingValuesFiles": true });
    chart(&world, 3, "1.x", more.clone());
    assert_eq!(pass(&world).await, HOUR, "{:?}", world.events());
    let status = world.status();
    let packaged =
        "packaged 'app' chart with version '1.0.0+3' and merged values files [prod.yaml]";
    assert_eq!(
        world.events().last().unwrap(),
        &format!("ChartPackageSucceeded: {packaged}")
    );
    assert_eq!(status["artifact"]["revision"], "1.0.0+3");
    assert_eq!(
        status["artifact"]["path"],
        "helmchart/team/app/app-1.0.0+3.tgz"
    );
    assert_eq!(status["observedValuesFiles"], json!(["prod.yaml"]));
    assert_eq!(world.message("Ready"), packaged);
    // The next pass finds it as it is, and says the same.
    pass(&world).await;
    assert_eq!(world.message("Ready"), packaged);
    assert_eq!(world.events().len(), 1);
    // A missing file that is not to be ignored stalls, and the artifact stays.
    chart(&world, 4, "1.x", json!({ "valuesFiles": ["absent.yaml"] }));
    assert_eq!(pass(&world).await, Next::WhenChanged);
    assert_eq!(world.conditions()[0], "Stalled=True/ValuesFilesError");
    assert_eq!(
        world.message("BuildFailed"),
        "values files merge error: failed to merge chart values: no values file found at path 'absent.yaml'"
    );
    assert_eq!(world.status()["artifact"], status["artifact"]);
    assert_eq!(world.status()["observedValuesFiles"], json!(["prod.yaml"]));
    // That none at all is there is done as asked, and not in silence.
    let more = json!({ "valuesFiles": ["absent.yaml"], "ignoreMissingValuesFiles": true });
    chart(&world, 5, "1.x", more);
    assert_eq!(pass(&world).await, HOUR);
    let events = world.events();
    assert!(
        events.contains(
            &"!NoValuesFiles: none of the values files [absent.yaml] is there, so the chart's own values are empty"
                .to_owned()
        ),
        "{events:?}"
    );
    assert_eq!(world.status()["observedValuesFiles"], Value::Null);
    assert_eq!(
        world.message("Ready"),
        "packaged 'app' chart with version '1.0.0+5'"
    );
}

#[tokio::test]
async fn bytes_that_the_index_does_not_promise_are_told_or_refused() {
    for strict in [false, true] {
        let world = World::with(Settings {
            require_index_digest: strict,
            ..Settings::default()
        })
        .await;
        follow(&world, &["app 1.0.0"]).await;
        let other = portolan_kit::ChartArchive::new("app", "1.0.0")
            .values("a: 1\n")
            .build();
        world
            .web
            .put("/helm/app-1.0.0.tgz", "application/gzip", other);
        chart(&world, 1, "1.x", json!({}));
        let next = pass(&world).await;
        let told = world.events().remove(0);
        if strict {
            assert_eq!(next, Next::RETRY);
            assert!(
                told.starts_with("!ChartPullError: chart pull error: "),
                "{told}"
            );
            assert!(files(&world).is_empty(), "nothing is published");
        } else {
            assert_eq!(next, HOUR);
            assert!(told.starts_with("!IndexDigestMismatch: "), "{told}");
            assert_eq!(files(&world), ["app-1.0.0.tgz", "latest.tar.gz"]);
        }
        assert!(told.contains("but the index promises"), "{told}");
    }
}

#[tokio::test]
async fn a_download_that_wants_another_login_says_so_by_its_reason() {
    let world = index(&["app 1.0.0"]).await;
    world.web.require_login("me", "secret");
    chart(&world, 1, "1.x", json!({}));
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(world.conditions()[1], "Ready=False/AuthenticationFailed");
    let told = world.message("FetchFailed");
    assert!(
        told.starts_with(
            "failed to authenticate with the Helm repository: chart pull error: \
             failed to download chart for remote reference: failed to fetch "
        ) && told.contains("401 Unauthorized"),
        "{told}"
    );
}

/// A name is no error: Flux takes one that contains `tls` for a failed login.
#[tokio::test]
async fn a_chart_whose_name_sounds_like_a_login_is_missing_like_any_other() {
    let world = index(&["tls-proxy 1.0.0"]).await;
    chart(&world, 1, "2.0.0", json!({ "chart": "tls-proxy" }));
    assert_eq!(pass(&world).await, Next::WhenChanged);
    assert_eq!(world.conditions()[0], "Stalled=True/InvalidChartReference");
    world.web.remove("/helm/tls-proxy-1.0.0.tgz");
    chart(&world, 2, "1.0.0", json!({ "chart": "tls-proxy" }));
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(world.conditions()[1], "Ready=False/ChartPullError");
}

#[tokio::test]
async fn a_bad_range_stalls_where_an_index_answers_and_is_tried_again_where_a_registry_does() {
    let world = index(&["app 1.0.0"]).await;
    chart(&world, 1, "bogus", json!({}));
    assert_eq!(pass(&world).await, Next::WhenChanged);
    assert_eq!(world.conditions()[0], "Stalled=True/InvalidChartReference");
    let world = registry().await;
    chart(&world, 1, "bogus", json!({}));
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(world.conditions()[1], "Ready=False/ChartPullError");
}

#[tokio::test]
async fn a_source_that_is_not_there_is_told_by_its_kind() {
    let world = World::new().await;
    for kind in ["HelmRepository", "GitRepository", "Bucket"] {
        let more = json!({ "sourceRef": { "kind": kind, "name": "src" } });
        chart(&world, 1, "*", more);
        assert_eq!(pass(&world).await, Next::RETRY);
        assert_eq!(world.conditions()[1], "Ready=False/SourceUnavailable");
        assert_eq!(
            world.message("Ready"),
            format!("failed to get source: {kind}.source.toolkit.fluxcd.io \"src\" not found")
        );
    }
}

#[tokio::test]
async fn a_kind_of_source_that_the_schema_does_not_know_stalls() {
    let world = World::new().await;
    chart(
        &world,
        1,
        "*",
        json!({ "sourceRef": { "kind": "Foo", "name": "src" } }),
    );
    assert_eq!(pass(&world).await, Next::WhenChanged);
    assert_eq!(
        world.conditions(),
        [
            "Stalled=True/UnsupportedSourceKind",
            "Ready=False/SourceUnavailable",
            "FetchFailed=True/SourceUnavailable",
        ]
    );
    assert!(world.events()[0].starts_with("!UnsupportedSourceKind: failed to get source: "));
}

#[test]
fn a_chart_beyond_help_is_concerned_by_another_spec_of_its_source() {
    let chart = |stalled: &str| -> HelmChart {
        serde_json::from_value(json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart",
            "metadata": { "name": "app", "namespace": "team", "generation": 1 },
            "spec": spec("*", json!({})),
            "status": { "conditions": [{
                "type": "Stalled", "status": stalled, "reason": "UnsupportedField", "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }] },
        }))
        .unwrap()
    };
    let news = News {
        kind: "HelmRepository",
        namespace: "team".to_owned(),
        name: "repo".to_owned(),
        revision: None,
    };
    assert!(chart("True").is_concerned_by(&news));
    assert!(!chart("False").is_concerned_by(&news));
}

#[test]
fn a_chart_is_concerned_by_news_of_its_own_source_that_it_has_not_seen() {
    let chart: HelmChart = serde_json::from_value(json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart",
        "metadata": { "name": "app", "namespace": "team", "generation": 1 },
        "spec": spec("*", json!({})),
        "status": { "observedSourceArtifactRevision": "sha256:1" },
    }))
    .unwrap();
    let waiting = {
        let mut waiting = chart.clone();
        let failed = json!({
            "type": "FetchFailed", "status": "True", "reason": "NoSourceArtifact", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        });
        let status = waiting.status.as_mut().unwrap();
        status.conditions = vec![serde_json::from_value(failed).unwrap()];
        waiting
    };
    let check = |chart: &HelmChart, kind, namespace: &str, name: &str, revision: &str| {
        chart.is_concerned_by(&News {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            revision: Some(revision.to_owned()),
        })
    };
    assert!(check(&chart, "HelmRepository", "team", "repo", "sha256:2"));
    assert!(!check(&chart, "HelmRepository", "team", "repo", "sha256:1"));
    assert!(!check(
        &chart,
        "HelmRepository",
        "other",
        "repo",
        "sha256:2"
    ));
    assert!(!check(
        &chart,
        "HelmRepository",
        "team",
        "other",
        "sha256:2"
    ));
    assert!(!check(&chart, "GitRepository", "team", "repo", "sha256:2"));
    assert!(check(
        &waiting,
        "HelmRepository",
        "team",
        "repo",
        "sha256:1"
    ));
}
