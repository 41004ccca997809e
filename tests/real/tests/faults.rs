//! Whatever breaks, what was good last is served, the status is true, and work goes on when it can.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use portolan_real::{
    Artifact, ChartFolder, Cluster, Id, OciRegistry, Scene, condition, get, helm_chart,
    is_ready_with, is_true_for,
};
use serde_json::{Value, json};

/// A pod has ten seconds to end.
const GRACE: Duration = Duration::from_secs(10);

/// What the status of a chart names is served, whatever the controller does meanwhile.
#[track_caller]
fn serves_what_it_names(scene: &Scene<'_>, chart: &Id) {
    let artifact = || {
        let object = scene.api().get(chart).expect("a chart");
        Artifact::of(&object).expect("an artifact")
    };
    let mut named = artifact();
    loop {
        let answer = get(&named.url).unwrap_or_else(|error| panic!("{error}"));
        if answer.status == 200 {
            assert_eq!(answer.digest(), named.digest, "{}", named.url);
            return;
        }
        let later = artifact();
        assert_ne!(
            named, later,
            "{} is not served: {}",
            named.url, answer.status
        );
        named = later;
    }
}

#[test]
fn while_the_registry_is_away_the_last_chart_is_served_and_the_status_says_why() {
    let mut scene = Scene::new("registry-away");
    scene.push("1.0.0");
    let chart = scene.follow("1.0.x", "1s");
    let first = scene.until_ready(&chart, "1.0.0");

    scene.charts.stop();
    let failed = scene.until(&chart, "told that the registry is away", |chart| {
        is_true_for(chart, "FetchFailed", "ChartPullError")
    });
    let (ready, reason, _) = condition(&failed, "Ready").expect("a condition");
    assert_eq!((ready, reason), ("False", "ChartPullError"));
    assert!(is_true_for(&failed, "Reconciling", "ProgressingWithRetry"));
    assert_eq!(Artifact::of(&failed), Some(first.clone()));
    first.download();

    scene.charts.start();
    scene.push("1.0.1");
    let second = scene.until_ready(&chart, "1.0.1");
    second.download();
    let recovered = scene.api().get(&chart).expect("a chart");
    assert_eq!(condition(&recovered, "FetchFailed"), None);
    assert_eq!(condition(&recovered, "Reconciling"), None);
}

#[test]
fn a_registry_that_is_away_at_birth_is_waited_for() {
    let mut scene = Scene::new("registry-away-at-birth");
    scene.push("1.0.0");
    scene.charts.stop();
    let chart = scene.follow("1.0.x", "1h");
    let failed = scene.until(&chart, "told that the registry is away", |chart| {
        is_true_for(chart, "FetchFailed", "ChartPullError")
    });
    assert_eq!(Artifact::of(&failed), None);
    assert_eq!(failed["status"]["observedGeneration"], -1);
    scene.charts.start();
    scene.until_ready(&chart, "1.0.0").download();
}

/// The API server goes away and comes back, while the registry gets a new version. `meanwhile` is
/// done in the absence of the API server.
fn goes_on_after_an_outage(namespace: &str, meanwhile: impl FnOnce(&Cluster)) {
    let cluster = Cluster::start();
    let mut scene = Scene::in_front_of(&cluster, namespace, OciRegistry::open());
    scene.push("1.0.0");
    let chart = scene.follow("1.0.x", "1s");
    let first = scene.until_ready(&chart, "1.0.0");

    cluster.stop_api_server();
    scene.push("1.0.1");
    meanwhile(&cluster);
    // Long enough for a pass that cannot be reported.
    sleep(Duration::from_secs(2));
    first.download();
    assert_eq!(scene.controller.ended(), None, "it does not end for this");
    assert!(scene.controller.probe().0, "it is alive");

    cluster.start_api_server();
    let ready = |version: &'static str| {
        let what = format!("became ready with {version}");
        // Watches are tried again at growing intervals.
        let patience = Duration::from_secs(45);
        let object = scene.api().until(&chart, patience, &what, |chart| {
            is_ready_with(chart, version)
        });
        Artifact::of(&object).expect("an artifact").download();
    };
    ready("1.0.1");
    // Changes are seen again as well, and not only the clock.
    let change = json!({"spec": {"version": "1.0.0"}});
    scene.api().merge(&chart, &change);
    ready("1.0.0");
}

#[test]
fn while_the_api_server_is_away_charts_are_served_and_work_goes_on_afterwards() {
    goes_on_after_an_outage("api-server-away", |_| ());
}

#[test]
fn a_watch_that_cannot_take_up_where_it_was_lists_everything_again() {
    goes_on_after_an_outage("history-forgotten", Cluster::forget_history);
}

/// How often the controller is killed. `PORTOLAN_REAL_KILLS` sets another number, for a long evening.
fn rounds() -> u64 {
    let set = std::env::var("PORTOLAN_REAL_KILLS").ok();
    set.map_or(10, |text| {
        text.parse().expect("PORTOLAN_REAL_KILLS is a number")
    })
}

#[test]
fn killed_again_and_again_it_serves_what_the_status_names_and_leaves_nothing_behind() {
    let mut scene = Scene::new("killed");
    scene.push("1.0.0");
    let mut charts = vec![scene.follow("1.0.x", "1s")];
    for name in ["second", "third", "fourth"] {
        let mut chart = helm_chart(&scene.namespace, "app", "1.0.x", "charts");
        chart["metadata"]["name"] = json!(name);
        charts.push(scene.api().create(&chart));
    }
    for chart in &charts {
        scene.until_ready(chart, "1.0.0");
    }
    for round in 1..=rounds() {
        scene.push(&format!("1.0.{round}"));
        for chart in &charts {
            scene.api().request(chart, &format!("round {round}"));
        }
        // Another moment every time, of its work and then of its start.
        sleep(Duration::from_millis(round * 37 % 120));
        scene.controller.kill();
        scene.controller.launch();
        sleep(Duration::from_millis(round * 53 % 250));
        scene.controller.kill();
        scene.controller.start_again();
        for chart in &charts {
            serves_what_it_names(&scene, chart);
        }
    }
    for chart in &charts {
        let last = format!("1.0.{}", rounds());
        scene.until_ready(chart, &last).download();
    }
    scene.controller.kill();
    scene.controller.start_again();
    for path in scene.controller.everything_stored() {
        let file = path.rsplit('/').next().unwrap_or_default();
        let archive = file.strip_suffix(".lock").unwrap_or(file);
        let version = archive
            .strip_prefix("app-1.0.")
            .and_then(|rest| rest.strip_suffix(".tgz"));
        let expected = path.starts_with(".portolan/") && !path.contains("/staging/")
            || file == "latest.tar.gz"
            || version.is_some_and(|version| version.parse::<u64>().is_ok());
        assert!(expected, "{path} was left behind");
    }
}

#[test]
fn a_stored_file_that_is_not_what_it_was_is_noticed_and_brought_again() {
    let scene = Scene::new("damage");
    scene.push("1.0.0");
    let chart = scene.follow("1.0.x", "1h");
    let artifact = scene.until_ready(&chart, "1.0.0");
    let bytes = artifact.download();
    let path = scene.controller.storage().join(&artifact.path);
    let elsewhere = scene.controller.temporary().join("other.tgz");
    let mut flipped = bytes.to_vec();
    flipped[100] ^= 1;
    let damages: [(&str, &dyn Fn()); 4] = [
        ("a bit", &|| fs::write(&path, &flipped).expect("a file")),
        ("an end", &|| {
            fs::write(&path, &bytes[..bytes.len() / 2]).expect("a file");
        }),
        ("a file", &|| fs::remove_file(&path).expect("a file")),
        ("a link", &|| {
            fs::rename(&path, &elsewhere).expect("a file");
            std::os::unix::fs::symlink(&elsewhere, &path).expect("a link");
        }),
    ];
    for (what, damage) in damages {
        damage();
        scene.api().request(&chart, what);
        let object = scene.until(&chart, "was looked at", |chart| {
            chart["status"]["lastHandledReconcileAt"] == what
        });
        assert!(is_ready_with(&object, "1.0.0"), "{what}: {object}");
        let again = Artifact::of(&object).expect("an artifact");
        assert_eq!(again.download(), bytes, "{what}");
        let metadata = fs::symlink_metadata(&path).expect("a file");
        assert!(metadata.is_file(), "{what}");
    }
    let events = scene.api().list("Event", &scene.namespace);
    let warned = events
        .iter()
        .any(|event| event["type"] == "Warning" && event["reason"] == "ArtifactVerificationFailed");
    assert!(warned, "nobody was told");
}

#[test]
fn a_chart_deleted_while_nobody_looks_is_cleaned_up_after() {
    let mut scene = Scene::new("deleted-meanwhile");
    scene.push("1.0.0");
    let chart = scene.follow("1.0.x", "1h");
    let artifact = scene.until_ready(&chart, "1.0.0");
    scene.controller.kill();
    scene.api().delete(&chart);
    assert!(scene.api().get(&chart).is_some(), "its finalizer keeps it");
    scene.controller.start_again();
    scene.api().until_gone(&chart, Duration::from_secs(10));
    let path = scene.controller.storage().join(artifact.path);
    assert!(!path.exists());
}

#[test]
fn changes_that_come_faster_than_work_end_with_the_last() {
    let scene = Scene::new("haste");
    scene.push("1.0.0");
    scene.push("1.0.1");
    let chart = scene.follow("1.0.0", "1h");
    for turn in 0..40 {
        let version = ["1.0.1", "1.0.0"][turn % 2];
        let change = json!({"spec": {"version": version}});
        scene.api().merge(&chart, &change);
        let object = scene.api().get(&chart).expect("a chart");
        // Who reads the status now may believe it.
        let wanted = object["spec"]["version"].as_str().expect("a version");
        let current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
        if current {
            assert!(is_ready_with(&object, wanted), "{object}");
        }
    }
    let change = json!({"spec": {"version": "1.0.1"}});
    scene.api().merge(&chart, &change);
    scene.until_ready(&chart, "1.0.1").download();
}

#[test]
fn charts_deleted_at_birth_leave_nothing_behind() {
    let scene = Scene::new("short-lives");
    scene.push("1.0.0");
    scene.follow("1.0.x", "1h");
    let mut lived = Vec::new();
    for turn in 0..10_u64 {
        let mut chart = helm_chart(&scene.namespace, "app", "1.0.x", "charts");
        chart["metadata"]["name"] = json!(format!("short-{turn}"));
        lived.push(scene.api().create(&chart));
        sleep(Duration::from_millis(turn * 7));
        scene.api().delete(lived.last().expect("just created"));
    }
    for chart in &lived {
        scene.api().until_gone(chart, GRACE);
        let stored = scene
            .controller
            .stored("HelmChart", &scene.namespace, &chart.name);
        assert_eq!(stored, [""; 0]);
    }
}

#[test]
fn told_to_end_it_ends_in_time_and_well() {
    let mut scene = Scene::new("told-to-end");
    scene.push("1.0.0");
    let chart = scene.follow("1.0.x", "1s");
    scene.until_ready(&chart, "1.0.0");
    let status = scene.controller.terminate(GRACE);
    assert!(status.success(), "{status}");
    scene.controller.start_again();
    scene.push("1.0.1");
    scene.until_ready(&chart, "1.0.1").download();
}

#[test]
fn what_is_too_large_or_no_chart_is_refused_and_the_last_chart_stays() {
    let scene = Scene::new("refused-content");
    scene.push("1.0.0");
    let chart = scene.follow(">=1", "1h");
    let first = scene.until_ready(&chart, "1.0.0");
    let refused = |token: &str, version: &str, reason: &str| {
        scene.api().request(&chart, token);
        let object = scene.until(&chart, "was looked at", |chart| {
            chart["status"]["lastHandledReconcileAt"] == token
        });
        let (status, told, message) = condition(&object, "FetchFailed").expect("it failed");
        assert_eq!((status, told), ("True", "ChartPullError"), "{message}");
        assert!(
            message.contains(version) && message.contains(reason),
            "{message}"
        );
        assert_eq!(Artifact::of(&object), Some(first.clone()));
        first.download();
    };

    // More than 10 MiB that no compression makes less of.
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        state.to_be_bytes()[0]
    })
    .take(11 << 20)
    .collect();
    let large = ChartFolder::new("app", "large");
    fs::write(large.path().join("noise"), noise).expect("a file");
    let archive = scene.helm.package(&large, "2.0.0");
    scene.helm.push(&archive, &scene.charts.url("charts"));
    refused("too large", "2.0.0", "10485760");

    // An image, as far as a registry is concerned no less welcome.
    scene.charts.push_image("charts/app", "3.0.0");
    refused("no chart", "3.0.0", "is not a Helm chart");

    let stored = scene
        .controller
        .stored("HelmChart", &scene.namespace, "app");
    assert_eq!(stored, [first.path.clone(), format!("{}.lock", first.path)]);
    let left = scene.controller.everything_stored();
    assert!(
        !left.iter().any(|path| path.contains("/staging/")),
        "{left:?}"
    );
}

/// A schema as an older or careless version of a resource may have had it: anything is a spec.
fn lax(resource: &Value) -> Value {
    let mut versions = resource["spec"]["versions"].clone();
    let spec = "/0/schema/openAPIV3Schema/properties/spec";
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    *versions.pointer_mut(spec).expect("a schema") = anything;
    json!({"spec": {"versions": versions}})
}

#[test]
fn objects_that_cannot_be_read_hold_up_no_other() {
    let cluster = Cluster::start();
    let registry = OciRegistry::open();
    let mut scene = Scene::in_front_of(&cluster, "unreadable", registry);
    scene.push("1.0.0");
    let good = scene.follow("1.0.x", "1s");
    scene.until_ready(&good, "1.0.0");

    // The schema lets unreadable objects in, and is strict again afterwards.
    let name = "helmcharts.source.toolkit.fluxcd.io";
    let id = Id::new("CustomResourceDefinition", "", name);
    let strict = scene.api().get(&id).expect("a custom resource");
    scene.api().merge(&id, &lax(&strict));
    let unreadable = |name: &str, broken: Value| {
        let mut chart = helm_chart(&scene.namespace, "app", "1.0.x", "charts");
        chart["metadata"]["name"] = json!(name);
        for (key, value) in broken.as_object().expect("fields") {
            chart["spec"][key] = value.clone();
        }
        chart
    };
    let broken = [
        unreadable("number", json!({"interval": 5})),
        unreadable("text", json!({"sourceRef": "charts"})),
        unreadable("list", json!({"suspend": ["yes"]})),
    ];
    // The API server takes a new schema in its own time.
    for manifest in &broken {
        portolan_real::within(GRACE, "a lax schema", || {
            scene.api().try_create(manifest).ok()
        });
    }
    let strict = json!({"spec": {"versions": strict["spec"]["versions"]}});
    scene.api().merge(&id, &strict);

    // One that was there, with a watch that has seen them come.
    scene.push("1.0.1");
    scene.until_ready(&good, "1.0.1");
    // One that comes later.
    let mut late = helm_chart(&scene.namespace, "app", "1.0.x", "charts");
    late["metadata"]["name"] = json!("late");
    let late = scene.api().create(&late);
    scene.until_ready(&late, "1.0.1");
    // All of them, with a list that has the unreadable ones in it.
    scene.controller.kill();
    scene.controller.start_again();
    scene.push("1.0.2");
    scene.until_ready(&good, "1.0.2");
    scene.api().request(&late, "now");
    scene.until_ready(&late, "1.0.2");
    // And whoever looks for the reason finds it.
    let log = scene.controller.log();
    for name in ["number", "text", "list"] {
        let event = scene.api().list("Event", &scene.namespace);
        let told = event
            .iter()
            .any(|event| event["involvedObject"]["name"] == name && event["type"] == "Warning");
        assert!(told, "no event tells what is wrong with {name}");
        assert!(log.contains(&format!("\"{name}\"")), "the log is silent");
    }
}
