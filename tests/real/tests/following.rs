//! From `helm push` to an installed release: the half of the story in which we are the source.

use std::thread::sleep;
use std::time::{Duration, Instant};

use portolan_real::{
    Artifact, ChartFolder, Scene, get, helm_chart, helm_repository, is_ready_with, is_true_for,
    within,
};
use serde_json::{Value, json};

/// How much later than it is due anything may be, on a machine that has other things to do.
const SLACK: Duration = Duration::from_secs(10);

/// How long anything may take that should take a moment.
const PATIENCE: Duration = Duration::from_secs(20);

const RELEASE: &str = "hello";

#[test]
fn helm_installs_the_artifact_and_upgrades_within_an_interval_of_a_push() {
    let scene = Scene::new("interval");
    let pushed = scene.push("1.0.0");
    scene.push("1.1.0");
    let chart = scene.follow("1.0.x", "3s");
    let first = scene.until_ready(&chart, "1.0.0");
    let bytes = std::fs::read(pushed).expect("an archive");
    assert_eq!(first.download(), bytes, "untouched charts keep their bytes");
    scene.install(&first, RELEASE);

    scene.push("1.0.1");
    let pushed = Instant::now();
    let second = scene.until_ready(&chart, "1.0.1");
    let took = pushed.elapsed();
    // Intervals vary by 5 %.
    let due = Duration::from_millis(3_150);
    assert!(took <= due + SLACK, "{took:?} after the push");
    scene.install(&second, RELEASE);
}

#[test]
fn what_is_requested_is_looked_at_at_once() {
    let scene = Scene::new("request");
    scene.push("1.0.0");
    let chart = scene.follow("1.0.x", "1h");
    scene.until_ready(&chart, "1.0.0");

    scene.push("1.0.1");
    let requested = Instant::now();
    scene.api().request(&chart, "now");
    scene.until_ready(&chart, "1.0.1");
    let took = requested.elapsed();
    assert!(took <= SLACK, "{took:?} after the request");
    let object = scene.api().get(&chart).expect("a chart");
    assert_eq!(object["status"]["lastHandledReconcileAt"], "now");
}

#[test]
fn a_chart_beyond_help_is_looked_at_when_its_repository_is_another_one() {
    let scene = Scene::new("mended");
    scene.push("1.0.0");
    let mut repository = helm_repository(&scene.namespace, "cloud", &scene.charts.url("charts"));
    repository["spec"]["provider"] = json!("aws");
    let repository = scene.api().create(&repository);
    let chart = helm_chart(&scene.namespace, "app", "1.0.0", "cloud");
    let chart = scene.api().create(&chart);
    scene.until(&chart, "stalled", |chart| {
        is_true_for(chart, "Stalled", "UnsupportedField")
    });
    let mended = json!({"spec": {"provider": "generic"}});
    scene.api().merge(&repository, &mended);
    scene.until_ready(&chart, "1.0.0");
}

#[test]
fn a_suspended_chart_is_left_alone_until_it_is_resumed() {
    let scene = Scene::new("suspension");
    scene.push("1.0.0");
    let chart = scene.follow("1.0.x", "1s");
    let first = scene.until_ready(&chart, "1.0.0");

    let suspend = |suspend: bool| json!({"spec": {"suspend": suspend}});
    scene.api().merge(&chart, &suspend(true));
    scene.until(&chart, "rested", |chart| {
        chart["status"]["observedGeneration"] == chart["metadata"]["generation"]
    });
    scene.push("1.0.1");
    let asked = |scene: &Scene<'_>| {
        let seen = scene.charts.seen("charts/app");
        seen.iter()
            .filter(|seen| seen.target.ends_with("/tags/list"))
            .count()
    };
    let before = asked(&scene);
    // That nothing happens can only be waited for: for the time of three intervals.
    sleep(Duration::from_secs(3));
    assert_eq!(asked(&scene), before, "the registry was asked");
    let object = scene.api().get(&chart).expect("a chart");
    assert_eq!(Artifact::of(&object), Some(first.clone()));
    first.download();

    scene.api().merge(&chart, &suspend(false));
    scene.until_ready(&chart, "1.0.1");
}

#[test]
fn a_deleted_chart_leaves_nothing_in_the_storage() {
    let scene = Scene::new("deletion");
    scene.push("1.0.0");
    let chart = scene.follow("1.0.x", "1h");
    let artifact = scene.until_ready(&chart, "1.0.0");
    let stored = |scene: &Scene<'_>| {
        scene
            .controller
            .stored("HelmChart", &scene.namespace, "app")
    };
    let lock = format!("{}.lock", artifact.path);
    assert_eq!(stored(&scene), [artifact.path.clone(), lock]);

    scene.api().delete(&chart);
    scene.api().until_gone(&chart, Duration::from_secs(10));
    assert_eq!(stored(&scene), [""; 0]);
    let folder = scene.controller.storage().join(&artifact.path);
    let folder = folder.parent().expect("a file in a folder");
    assert!(!folder.exists(), "{} is still there", folder.display());
    let answer = get(&artifact.url).expect("an answer");
    assert_eq!(answer.status, 404);
}

#[test]
fn another_range_brings_another_chart() {
    let scene = Scene::new("another-range");
    for version in ["1.0.0", "2.0.0-rc.1", "2.0.0+build.5"] {
        scene.push(version);
    }
    let chart = scene.follow("1.x", "1h");
    scene.until_ready(&chart, "1.0.0");
    let change = json!({"spec": {"version": ">=2"}});
    scene.api().merge(&chart, &change);
    let artifact = scene.until_ready(&chart, "2.0.0+build.5");
    assert!(artifact.path.ends_with("/app-2.0.0+build.5.tgz"));
    artifact.download();
    let change = json!({"spec": {"version": "2.0.0-rc.1"}});
    scene.api().merge(&chart, &change);
    scene.until_ready(&chart, "2.0.0-rc.1").download();
}

#[test]
fn a_chart_that_comes_before_its_repository_waits_for_it() {
    let scene = Scene::new("too-early");
    scene.push("1.0.0");
    let chart = helm_chart(&scene.namespace, "app", "1.0.x", "charts");
    let chart = scene.api().create(&chart);
    scene.until(&chart, "told that its repository is missing", |chart| {
        is_true_for(chart, "FetchFailed", "SourceUnavailable")
    });
    let url = scene.charts.url("charts");
    let repository = helm_repository(&scene.namespace, "charts", &url);
    scene.api().create(&repository);
    scene.until_ready(&chart, "1.0.0").download();
}

#[test]
fn a_chart_below_a_path_is_stored_below_that_path() {
    let scene = Scene::new("nested");
    let archive = scene.helm.package(&scene.source, "1.0.0");
    let remote = scene.charts.url("charts/team");
    scene.helm.push(&archive, &remote);
    let url = scene.charts.url("charts");
    let repository = helm_repository(&scene.namespace, "charts", &url);
    scene.api().create(&repository);
    let mut chart = helm_chart(&scene.namespace, "app", "*", "charts");
    chart["spec"]["chart"] = json!("team/app");
    let chart = scene.api().create(&chart);
    let artifact = scene.until_ready(&chart, "1.0.0");
    artifact.download();
    assert_eq!(artifact.path, "helmchart/nested/app/team/app-1.0.0.tgz");
    let object = scene.api().get(&chart).expect("a chart");
    let link = object["status"]["url"].as_str().expect("a URL");
    assert!(
        link.ends_with("/helmchart/nested/app/team/latest.tar.gz"),
        "{link}"
    );
    let linked = get(link).expect("an answer");
    assert_eq!(linked.digest(), artifact.digest);
}

#[test]
fn a_version_that_is_pushed_again_with_other_content_gets_another_name() {
    let scene = Scene::new("pushed-again");
    scene.push("1.0.0");
    let chart = scene.follow("1.0.0", "1h");
    let first = scene.until_ready(&chart, "1.0.0");
    let bytes = first.download();

    let other = ChartFolder::new("app", "something else");
    let archive = scene.helm.package(&other, "1.0.0");
    scene.helm.push(&archive, &scene.charts.url("charts"));
    // The registry is asked for a version that is stored when the spec has changed, and only then.
    let change = json!({"spec": {"interval": "2h"}});
    scene.api().merge(&chart, &change);
    let object = scene.until(&chart, "got the other content", |chart| {
        is_ready_with(chart, "1.0.0")
            && Artifact::of(chart).is_some_and(|artifact| artifact.digest != first.digest)
    });
    let second = Artifact::of(&object).expect("an artifact");
    let content = std::fs::read(archive).expect("an archive");
    assert_eq!(second.download(), content);
    assert_ne!(second.url, first.url);
    // Whoever was told of the first one still finds it.
    assert_eq!(first.download(), bytes);
}

#[test]
fn whoever_listens_hears_of_a_new_artifact_once() {
    let scene = Scene::new("heard");
    scene.push("1.0.0");
    let chart = scene.follow("1.0.x", "1s");
    let artifact = scene.until_ready(&chart, "1.0.0");
    let listed = |reason: &str| -> Vec<Value> {
        let events = scene.api().list("Event", &scene.namespace);
        events
            .into_iter()
            .filter(|event| event["reason"] == reason)
            .collect()
    };
    // A pass without news ends after the news of the first.
    within(PATIENCE, "a pass without news", || {
        (!listed("ArtifactUpToDate").is_empty()).then_some(())
    });
    let events = listed("ChartPullSucceeded");
    let [event] = events.as_slice() else {
        panic!("one event was expected: {events:?}");
    };
    assert_eq!(event["type"], "Normal");
    assert_eq!(event["involvedObject"]["name"], "app");
    assert_eq!(event["source"]["component"], "source-controller");
    assert_eq!(event["message"], "pulled 'app' chart with version '1.0.0'");
    let annotations = &event["metadata"]["annotations"];
    assert_eq!(annotations["source.toolkit.fluxcd.io/revision"], "1.0.0");
    assert_eq!(
        annotations["source.toolkit.fluxcd.io/digest"],
        artifact.digest.as_str()
    );
}
