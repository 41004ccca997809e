//! What a chart costs the API server and the registry, in requests that they counted themselves.

use std::thread::sleep;
use std::time::{Duration, Instant};

use portolan_real::{
    Account, Call, Cluster, Id, OciRegistry, Scene, helm_chart, helm_repository, secret,
};
use serde_json::json;

/// The logs of the parts are complete a moment after an answer was given, and a controller that does
/// more than it has to does it right afterwards.
const SETTLED: Duration = Duration::from_millis(500);

/// What the controller asked the registry for, in short.
fn asked(scene: &Scene<'_>) -> Vec<String> {
    let seen = scene.charts.seen("charts/app");
    seen.into_iter()
        .filter(|seen| seen.agent.starts_with("portolan-controller"))
        .map(|seen| {
            let target = seen.target.split('?').next().unwrap_or_default();
            let target = target.trim_start_matches("/v2/charts/app/");
            let what = if target.starts_with("blobs/") {
                "blob"
            } else {
                target
            };
            format!("{} {what} {}", seen.method, seen.status)
        })
        .collect()
}

/// What the controller asked the API server for about the chart of this scene, of what changes
/// something.
fn written(scene: &Scene<'_>) -> Vec<String> {
    let calls = scene.cluster.calls_of_the_controller(&scene.namespace);
    let writes = calls.into_iter().filter(Call::is_write);
    writes
        .filter(|call| !call.resource.starts_with("helmrepositories"))
        .map(|call| format!("{} {}", call.verb, call.resource))
        .collect()
}

/// Let the chart be looked at once more, and return what this cost: registry and API server.
fn look_again(scene: &Scene<'_>, chart: &Id, token: &str) -> (Vec<String>, Vec<String>) {
    let (registry, api) = (asked(scene).len(), written(scene).len());
    scene.api().request(chart, token);
    scene.until(chart, "was looked at again", |chart| {
        chart["status"]["lastHandledReconcileAt"] == token
    });
    sleep(SETTLED);
    (
        asked(scene).split_off(registry),
        written(scene).split_off(api),
    )
}

#[test]
fn a_new_chart_is_looked_at_at_once_and_costs_three_requests_and_three_writes() {
    let scene = Scene::new("cost-of-a-new-chart");
    scene.push("1.0.0");
    let created = Instant::now();
    let chart = scene.follow("1.0.x", "1h");
    scene.until_ready(&chart, "1.0.0");
    let took = created.elapsed();
    // It is due every hour; a machine with other things to do takes its time.
    assert!(
        took < Duration::from_secs(15),
        "{took:?} from creation to ready"
    );
    sleep(SETTLED);
    assert_eq!(
        asked(&scene),
        [
            "GET tags/list 200",
            "GET manifests/1.0.0 200",
            "GET blob 200"
        ]
    );
    assert_eq!(
        written(&scene),
        [
            "patch helmcharts",
            "patch helmcharts/status",
            "create events"
        ]
    );
}

#[test]
fn a_chart_behind_tokens_costs_one_refusal_and_one_token_more() {
    let registry = OciRegistry::with_tokens(&[Account::ALICE], Duration::from_mins(10));
    let scene = Scene::in_front_of(Cluster::shared(), "cost-of-tokens", registry);
    scene.push_as("1.0.0", Some(Account::ALICE));
    let before = scene.charts.tokens().requests();
    let url = scene.charts.url("charts");
    let mut repository = helm_repository(&scene.namespace, "charts", &url);
    repository["spec"]["secretRef"] = json!({"name": "login"});
    scene.api().create_all(&[
        secret(&scene.namespace, "login", Account::ALICE),
        repository,
    ]);
    let chart = helm_chart(&scene.namespace, "app", "1.0.x", "charts");
    let chart = scene.api().create(&chart);
    scene.until_ready(&chart, "1.0.0");
    sleep(SETTLED);
    assert_eq!(
        asked(&scene),
        [
            "GET tags/list 401",
            "GET tags/list 200",
            "GET manifests/1.0.0 200",
            "GET blob 200"
        ]
    );
    assert_eq!(scene.charts.tokens().requests() - before, 1);

    // The token is still good.
    let (registry, _) = look_again(&scene, &chart, "again");
    assert_eq!(registry, ["GET tags/list 200"]);
    assert_eq!(scene.charts.tokens().requests() - before, 1);

    // A new version with a token that is known.
    scene.push_as("1.0.1", Some(Account::ALICE));
    let helms = scene.charts.tokens().requests();
    let (registry, _) = look_again(&scene, &chart, "pushed");
    assert_eq!(
        registry,
        [
            "GET tags/list 200",
            "GET manifests/1.0.1 200",
            "GET blob 200"
        ]
    );
    assert_eq!(scene.charts.tokens().requests(), helms);
}

#[test]
fn an_unchanged_range_costs_one_request_and_at_most_one_event() {
    let scene = Scene::new("cost-of-a-range");
    scene.push("1.0.0");
    let chart = scene.follow("1.0.x", "1s");
    scene.until_ready(&chart, "1.0.0");
    sleep(SETTLED);
    let (registry, api) = (asked(&scene).len(), written(&scene).len());
    // Of an interval with nothing new in it there is nothing to be seen but its requests.
    sleep(Duration::from_millis(3_500));
    let requests = asked(&scene).split_off(registry);
    let looked = requests.len();
    assert!((2..=4).contains(&looked), "{requests:?} in three intervals");
    assert!(
        requests
            .iter()
            .all(|request| request == "GET tags/list 200")
    );
    let writes = written(&scene).split_off(api);
    let events = writes.iter().filter(|write| write.ends_with(" events"));
    assert_eq!(events.count(), writes.len(), "{writes:?}");
    assert!(writes.len() <= looked + 1, "{writes:?} in {looked} passes");
}

#[test]
fn an_unchanged_exact_version_costs_no_request() {
    let scene = Scene::new("cost-of-a-version");
    scene.push("1.0.0");
    let chart = scene.follow("1.0.0", "1h");
    scene.until_ready(&chart, "1.0.0");
    sleep(SETTLED);
    assert_eq!(asked(&scene), ["GET manifests/1.0.0 200", "GET blob 200"]);
    let (registry, api) = look_again(&scene, &chart, "again");
    assert_eq!(registry, [""; 0]);
    // The request itself is acknowledged.
    let acknowledged = api
        .iter()
        .filter(|write| *write == "patch helmcharts/status");
    assert_eq!(acknowledged.count(), 1, "{api:?}");
    assert!(api.len() <= 2, "{api:?}");
}

#[test]
fn a_restart_on_the_same_storage_brings_nothing_again() {
    let mut scene = Scene::new("cost-of-a-restart");
    scene.push("1.0.0");
    let chart = scene.follow("1.0.0", "1h");
    let artifact = scene.until_ready(&chart, "1.0.0");
    sleep(SETTLED);
    let (registry, api) = (asked(&scene).len(), written(&scene).len());
    scene.controller.kill();
    scene.controller.start_again();
    artifact.download();
    sleep(SETTLED);
    assert_eq!(asked(&scene).split_off(registry), [""; 0]);
    let writes = written(&scene).split_off(api);
    assert!(
        writes.iter().all(|write| write.ends_with(" events")),
        "{writes:?}"
    );
    assert!(writes.len() <= 1, "{writes:?}");
}

#[test]
fn a_secret_is_read_once_in_a_pass() {
    let registry = OciRegistry::with_passwords(&[Account::ALICE]);
    let scene = Scene::in_front_of(Cluster::shared(), "cost-of-a-secret", registry);
    scene.push_as("1.0.0", Some(Account::ALICE));
    let url = scene.charts.url("charts");
    let mut repository = helm_repository(&scene.namespace, "charts", &url);
    repository["spec"]["secretRef"] = json!({"name": "login"});
    scene.api().create_all(&[
        secret(&scene.namespace, "login", Account::ALICE),
        repository,
    ]);
    let chart = helm_chart(&scene.namespace, "app", "1.0.x", "charts");
    let chart = scene.api().create(&chart);
    scene.until_ready(&chart, "1.0.0");
    sleep(SETTLED);
    let calls = scene.cluster.calls_of_the_controller(&scene.namespace);
    let reads: Vec<_> = calls
        .iter()
        .filter(|call| call.resource == "secrets")
        .collect();
    assert_eq!(reads.len(), 1, "{reads:?}");
}
