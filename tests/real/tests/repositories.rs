//! Repositories as `helm repo index` makes them, on a real web server: followed, guarded, away and broken.

use std::thread::sleep;
use std::time::{Duration, Instant};

use portolan_real::{
    Account, Artifact, Authority, ChartFolder, Cluster, Id, Identity, Scene, Visit, WebServer,
    Writer, condition, get, helm_chart, index_repository, is_ready_with, is_true_for, secret,
    within,
};
use serde_json::{Value, json};

const LOGIN: &str = "login";

/// How long anything may take that should take a moment.
const PATIENCE: Duration = Duration::from_secs(20);

/// How much later than it is due anything may be, on a machine that has other things to do.
const SLACK: Duration = Duration::from_secs(10);

type Scenery = Scene<'static, WebServer>;

/// What the web server has answered for the index, and with how many bytes of it.
fn asked_for_the_index(scene: &Scenery) -> Vec<Visit> {
    scene.charts.visits("charts/index.yaml")
}

/// The digest of the index as it is on the web server now.
fn digest_of_the_index(scene: &Scenery) -> String {
    let index = get(&scene.charts.url("charts/index.yaml")).expect("the index");
    index.digest()
}

/// Wait until the repository is ready with the index that is on the web server now.
#[track_caller]
fn until_current(scene: &Scenery, repository: &Id) -> Artifact {
    scene.until_ready(repository, &digest_of_the_index(scene))
}

#[test]
fn helm_installs_a_chart_from_an_index_and_the_next_version_once_the_index_has_it() {
    let scene = Scene::with_index("index");
    let first = scene.publish("1.0.0");
    let (repository, chart) = scene.follow("1.0.x");
    let stored = until_current(&scene, &repository);
    let artifact = scene.until_ready(&chart, "1.0.0");
    let bytes = std::fs::read(first).expect("an archive");
    assert_eq!(
        artifact.download(),
        bytes,
        "untouched charts keep their bytes"
    );
    scene.install(&artifact, "hello");

    // The index is stored as Flux stores it: JSON, under the hash of what was fetched.
    let hash = stored.revision.trim_start_matches("sha256:");
    assert!(
        stored.path.ends_with(&format!("/index-{hash}.yaml")),
        "{}",
        stored.path
    );
    let index: Value = serde_json::from_slice(&stored.download()).expect("JSON");
    assert_eq!(index["apiVersion"], "v1");
    assert_eq!(index["entries"]["app"][0]["version"], "1.0.0");
    let object = scene.api().get(&repository).expect("a repository");
    let link = object["status"]["url"].as_str().expect("a URL");
    assert!(link.ends_with("/index.yaml"), "{link}");
    assert_eq!(get(link).expect("an answer").digest(), stored.digest);

    // Nobody asks for the chart to be looked at: the index does.
    scene.publish("1.0.1");
    scene.publish("1.1.0");
    scene.api().request(&repository, "now");
    let artifact = scene.until_ready(&chart, "1.0.1");
    scene.install(&artifact, "hello");
    until_current(&scene, &repository);
}

#[test]
fn a_new_version_is_noticed_within_an_interval() {
    let scene = Scene::with_index("index-interval");
    scene.publish("1.0.0");
    let (repository, chart) = scene.follow("1.0.x");
    scene.until_ready(&chart, "1.0.0");
    let change = json!({"spec": {"interval": "2s"}});
    scene.api().merge(&repository, &change);
    scene.publish("1.0.1");
    let published = Instant::now();
    scene.until_ready(&chart, "1.0.1").download();
    let took = published.elapsed();
    // Intervals vary by 5 %.
    let due = Duration::from_millis(2_100);
    assert!(took <= due + SLACK, "{took:?} after it was published");
}

#[test]
fn an_index_that_has_not_changed_costs_no_more_than_headers_even_after_a_restart() {
    let mut scene = Scene::with_index("not-modified");
    scene.publish("1.0.0");
    scene.charts.let_age("charts/index.yaml");
    let (repository, chart) = scene.follow("1.0.x");
    let before = until_current(&scene, &repository);
    scene.until_ready(&chart, "1.0.0");
    let visits = asked_for_the_index(&scene);
    // One is that of this test, which asks for no compression.
    let [first] = visits
        .iter()
        .filter(|visit| visit.compressed)
        .collect::<Vec<_>>()[..]
    else {
        panic!("one request was expected: {visits:?}");
    };
    assert_eq!(first.status, 200);
    let (mut before_now, charts) = (visits.len(), scene.charts.visits("charts/app-").len());
    assert_eq!(charts, 1);
    let mut looks_at_nothing_new = |scene: &Scenery, token: &str| {
        scene.look(&repository, token);
        scene.look(&chart, token);
        let visits = within(PATIENCE, "a request", || {
            let visits = asked_for_the_index(scene);
            (visits.len() > before_now).then_some(visits)
        });
        for visit in &visits[before_now..] {
            assert_eq!((visit.status, visit.bytes), (304, 0), "{token}");
        }
        let asked = visits.len() - before_now;
        before_now = visits.len();
        assert_eq!(scene.charts.visits("charts/app-").len(), charts, "{token}");
        asked
    };
    for token in ["first", "second", "third"] {
        assert_eq!(looks_at_nothing_new(&scene, token), 1, "{token}");
    }
    scene.controller.kill();
    scene.controller.start_again();
    // It looks at everything when it starts.
    looks_at_nothing_new(&scene, "after a restart");
    let object = scene.api().get(&repository).expect("a repository");
    assert_eq!(Artifact::of(&object), Some(before));

    // And what has changed is fetched.
    scene.publish("1.0.1");
    scene.look(&repository, "changed");
    scene.until_ready(&chart, "1.0.1").download();
}

#[test]
fn one_index_serves_every_chart_of_it() {
    let scene = Scene::with_index("many-charts");
    let names = ["one", "two", "three", "four", "five"];
    let folders = names.map(|name| ChartFolder::new(name, "hello"));
    let packages = portolan_real::Folder::new("packages");
    for archive in scene.helm.package_all(&folders, "1.2.3", packages.path()) {
        scene.charts.put_file("charts", &archive);
    }
    scene.helm.index(&scene.charts.file("charts"));
    let url = scene.charts.url("charts");
    let repository = index_repository(&scene.namespace, "charts", &url);
    let charts = names.map(|name| helm_chart(&scene.namespace, name, "*", "charts"));
    scene.api().create(&repository);
    scene.api().create_all(&charts);
    for chart in &charts {
        scene.until_ready(&Id::of(chart), "1.2.3").download();
    }
    assert_eq!(asked_for_the_index(&scene).len(), 1);
    assert_eq!(scene.charts.visits("charts/").len(), 1 + names.len());
}

/// A repository that names the Secret `login`, and a chart of it.
fn follow_as(scene: &Scenery, reference: &str) -> (Id, Id) {
    let url = scene.charts.url("charts");
    let mut repository = index_repository(&scene.namespace, "charts", &url);
    repository["spec"][reference] = json!({"name": LOGIN});
    let repository = scene.api().create(&repository);
    let chart = helm_chart(&scene.namespace, "app", "1.0.x", "charts");
    (repository, scene.api().create(&chart))
}

#[track_caller]
fn until_refused(scene: &Scenery, repository: &Id) -> Value {
    scene.until(repository, "told that it is refused", |repository| {
        let failed = condition(repository, "FetchFailed");
        let ready = condition(repository, "Ready");
        failed.is_some_and(|(status, _, _)| status == "True")
            && ready.is_some_and(|(status, _, _)| status == "False")
    })
}

#[test]
fn a_repository_with_passwords_is_read_as_long_as_the_secret_is_right() {
    let server = WebServer::with_passwords(&[Account::ALICE]);
    let scene = Scene::in_front_of(Cluster::shared(), "index-passwords", server);
    scene.publish("1.0.0");
    let login = Id::new("Secret", &scene.namespace, LOGIN);

    // There is no Secret.
    let (repository, chart) = follow_as(&scene, "secretRef");
    let failed = until_refused(&scene, &repository);
    assert!(
        is_true_for(&failed, "FetchFailed", "AuthenticationFailed"),
        "{failed}"
    );
    assert_eq!(
        asked_for_the_index(&scene),
        [],
        "nobody is asked without it"
    );

    // There is one of somebody whom the server does not know, and then the right one: the next try
    // comes by itself.
    let api = scene.api();
    api.create(&secret(&scene.namespace, LOGIN, Account::BOB));
    scene.until(&repository, "told that bob is refused", |repository| {
        condition(repository, "FetchFailed").is_some_and(|(_, _, text)| text.contains("401"))
    });
    let data = |account: Account| json!({"stringData": {"username": account.name, "password": account.password}});
    api.merge(&login, &data(Account::ALICE));
    let first = scene.until_ready(&chart, "1.0.0");
    first.download();
    assert!(
        scene
            .charts
            .visits("charts/app-")
            .iter()
            .all(|visit| visit.with_credential)
    );

    // The password is changed, and the Secret follows.
    scene.charts.accept(&[Account::ALICE_LATER]);
    scene.publish("1.0.1");
    scene.look(&repository, "after the server");
    until_refused(&scene, &repository);
    let object = api.get(&chart).expect("a chart");
    assert_eq!(Artifact::of(&object), Some(first.clone()));
    first.download();
    api.merge(&login, &data(Account::ALICE_LATER));
    api.request(&repository, "after the Secret");
    scene.until_ready(&chart, "1.0.1").download();

    // Nothing that anybody can read has a password in it.
    let objects = ["HelmChart", "HelmRepository", "Event"]
        .map(|kind| json!(api.list(kind, &scene.namespace)).to_string());
    let said = [scene.controller.log(), scene.controller.metrics()];
    for account in [Account::ALICE, Account::ALICE_LATER, Account::BOB] {
        for text in objects.iter().chain(&said) {
            assert!(!text.contains(account.password), "{text}");
        }
    }
}

#[test]
fn a_repository_with_certificates_is_read_when_both_sides_believe_each_other() {
    let server = WebServer::with_certificates(Authority::new());
    let scene = Scene::in_front_of(Cluster::shared(), "index-certificates", server);
    scene.publish("1.0.0");
    let authority = scene.charts.authority();
    let another = Authority::new();
    let identity = |identity: &Identity, believed: &Authority| {
        json!({"stringData": {
            "ca.crt": believed.certificate(),
            "tls.crt": identity.certificate,
            "tls.key": identity.key,
        }})
    };
    let login = scene.api().create(&json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": scene.namespace, "name": LOGIN},
    }));
    let (strange, known) = (another.client(), authority.client());
    let (repository, chart) = follow_as(&scene, "certSecretRef");
    for (told, data) in [
        ("neither", identity(&strange, &another)),
        ("not-the-client", identity(&strange, authority)),
        ("not-the-server", identity(&known, &another)),
    ] {
        scene.api().merge(&login, &data);
        let object = scene.look(&repository, told);
        let failed = condition(&object, "FetchFailed").map(|(status, _, _)| status);
        assert_eq!(failed, Some("True"), "{told}: {object}");
        assert_eq!(object["status"]["artifact"], Value::Null, "{told}");
    }
    scene.api().merge(&login, &identity(&known, authority));
    scene.look(&repository, "both");
    let artifact = scene.until_ready(&chart, "1.0.0");
    artifact.download();
    scene.install(&artifact, "certified");
}

/// Charts may lie elsewhere than their index. A password goes there only where that is asked for.
#[test]
fn a_password_goes_to_another_host_only_with_pass_credentials() {
    let scene = Scene::in_front_of(
        Cluster::shared(),
        "pass-credentials",
        WebServer::with_passwords(&[Account::ALICE]),
    );
    let elsewhere = WebServer::open();
    let archive = scene.helm.package(&scene.source, "1.0.0");
    elsewhere.put_file("files", &archive);
    scene.charts.put_file("charts", &archive);
    let charts = scene.charts.file("charts");
    scene.helm.index_for(&charts, &elsewhere.url("files"));
    scene
        .api()
        .create(&secret(&scene.namespace, LOGIN, Account::ALICE));
    let (repository, chart) = follow_as(&scene, "secretRef");
    scene.until_ready(&chart, "1.0.0").download();
    let shown = || {
        elsewhere
            .visits("files")
            .iter()
            .filter(|visit| visit.with_credential)
            .count()
    };
    assert_eq!((elsewhere.visits("files").len(), shown()), (1, 0));

    let pass = json!({"spec": {"passCredentials": true}});
    scene.api().merge(&repository, &pass);
    scene.until(&repository, "became ready", |repository| {
        repository["status"]["observedGeneration"] == repository["metadata"]["generation"]
    });
    // Another version, as the first one is stored.
    let archive = scene.helm.package(&scene.source, "1.0.1");
    elsewhere.put_file("files", &archive);
    scene.charts.put_file("charts", &archive);
    scene.helm.index_for(&charts, &elsewhere.url("files"));
    scene.look(&repository, "now");
    scene.until_ready(&chart, "1.0.1").download();
    assert_eq!((elsewhere.visits("files").len(), shown()), (2, 1));
}

#[test]
fn a_version_that_is_published_again_with_other_content_is_noticed() {
    let scene = Scene::with_index("published-again");
    scene.publish("1.0.0");
    let (repository, chart) = scene.follow("1.0.0");
    let first = scene.until_ready(&chart, "1.0.0");
    let bytes = first.download();

    scene
        .source
        .write("values.yaml", "message: something else\n");
    let archive = scene.publish("1.0.0");
    scene.look(&repository, "now");
    let object = scene.until(&chart, "got the other content", |chart| {
        is_ready_with(chart, "1.0.0")
            && Artifact::of(chart).is_some_and(|artifact| artifact.digest != first.digest)
    });
    let second = Artifact::of(&object).expect("an artifact");
    assert_eq!(
        second.download(),
        std::fs::read(archive).expect("an archive")
    );
    assert_ne!(second.url, first.url);
    // Whoever was told of the first one still finds it.
    assert_eq!(first.download(), bytes);
}

#[test]
fn an_archive_that_is_not_what_the_index_says_is_warned_of() {
    let scene = Scene::with_index("wrong-digest");
    scene.publish("1.0.0");
    // The index stays as it is.
    let other = ChartFolder::new("app", "something else");
    let archive = scene.helm.package(&other, "1.0.0");
    scene.charts.put_file("charts", &archive);
    let (_, chart) = scene.follow("1.0.0");
    let artifact = scene.until_ready(&chart, "1.0.0");
    assert_eq!(
        artifact.download(),
        std::fs::read(archive).expect("an archive")
    );
    let warned = within(PATIENCE, "a warning", || {
        let events = scene.api().list("Event", &scene.namespace);
        events
            .into_iter()
            .find(|event| event["type"] == "Warning" && event["involvedObject"]["name"] == "app")
    });
    let message = warned["message"].as_str().unwrap_or_default();
    assert!(message.contains("digest"), "{message}");
}

#[test]
fn while_the_web_server_is_away_the_last_chart_is_served_and_the_status_says_why() {
    let mut scene = Scene::with_index("web-server-away");
    scene.publish("1.0.0");
    let (repository, chart) = scene.follow("1.0.x");
    let first = scene.until_ready(&chart, "1.0.0");
    let index = until_current(&scene, &repository);

    scene.charts.stop();
    let failed = scene.look(&repository, "while it is away");
    let (status, _, message) = condition(&failed, "FetchFailed").expect("it failed");
    assert_eq!(status, "True");
    assert!(message.contains("index.yaml"), "{message}");
    assert!(is_true_for(&failed, "Reconciling", "ProgressingWithRetry"));
    assert_eq!(Artifact::of(&failed), Some(index.clone()));
    index.download();
    first.download();
    // What is stored is good enough for a chart that is stored.
    let object = scene.look(&chart, "while it is away");
    assert!(is_ready_with(&object, "1.0.0"), "{object}");

    // The next try comes by itself.
    scene.publish("1.0.1");
    scene.charts.start();
    scene.until_ready(&chart, "1.0.1").download();
    let recovered = scene.api().get(&repository).expect("a repository");
    assert_eq!(condition(&recovered, "FetchFailed"), None);
    assert_eq!(condition(&recovered, "Reconciling"), None);
}

#[test]
fn while_the_index_is_garbage_the_last_one_serves() {
    let scene = Scene::with_index("garbage");
    scene.publish("1.0.0");
    scene.publish("1.0.1");
    let (repository, chart) = scene.follow("1.0.x");
    scene.until_ready(&chart, "1.0.1");
    let good = until_current(&scene, &repository);
    for (what, garbage) in [
        (
            "a page",
            "<!DOCTYPE html><html><body>Please log in</body></html>",
        ),
        ("nothing", ""),
        ("no-index", "hello: world\n"),
        (
            "half-an-index",
            "apiVersion: v1\nentries:\n  app:\n  - name: app\n    version: \"1.0",
        ),
        (
            "twice-the-same",
            "apiVersion: v1\nentries: {}\nentries: {}\n",
        ),
    ] {
        scene.charts.put("charts/index.yaml", garbage);
        let failed = scene.look(&repository, what);
        assert!(
            is_true_for(&failed, "FetchFailed", "IndexationFailed"),
            "{what}: {failed}"
        );
        assert_eq!(Artifact::of(&failed), Some(good.clone()), "{what}");
        good.download();
    }
    // Another version is found by the index that is stored.
    let change = json!({"spec": {"version": "1.0.0"}});
    scene.api().merge(&chart, &change);
    scene.until_ready(&chart, "1.0.0").download();
    // And a good one is good again.
    scene.publish("1.0.2");
    scene.look(&repository, "good again");
    let change = json!({"spec": {"version": "1.x"}});
    scene.api().merge(&chart, &change);
    scene.until_ready(&chart, "1.0.2").download();
}

#[test]
fn indexes_that_others_write_are_as_good() {
    let scene = Scene::with_index("other-writers");
    let packed: Vec<_> = ["1.0.0", "1.2.0", "1.10.0"]
        .map(|version| (version, scene.helm.package(&scene.source, version)))
        .into();
    let archives: Vec<_> = packed
        .iter()
        .map(|(version, archive)| (*version, archive.as_path()))
        .collect();
    for writer in Writer::ALL {
        let name = format!("{writer:?}").to_lowercase();
        for (_, archive) in &archives {
            let folder = format!("{name}/{}", writer.folder());
            scene.charts.put_file(&folder, archive);
        }
        let url = scene.charts.url(&name);
        let index = writer.index(&url, &archives);
        scene.charts.put(&format!("{name}/index.yaml"), index);
        scene
            .api()
            .create(&index_repository(&scene.namespace, &name, &url));
        let mut chart = helm_chart(&scene.namespace, "app", ">=1.0.0 <2", &name);
        chart["metadata"]["name"] = json!(name);
        let chart = scene.api().create(&chart);
        let artifact = scene.until_ready(&chart, "1.10.0");
        let packed = std::fs::read(archives[2].1).expect("an archive");
        assert_eq!(artifact.download(), packed, "{writer:?}");
    }
}

#[test]
fn a_suspended_repository_is_left_alone_until_it_is_resumed() {
    let scene = Scene::with_index("index-suspension");
    scene.publish("1.0.0");
    let (repository, chart) = scene.follow("1.0.x");
    scene.until_ready(&chart, "1.0.0");
    let suspend = |suspend: bool| json!({"spec": {"suspend": suspend, "interval": "1s"}});
    scene.api().merge(&repository, &suspend(true));
    scene.until(&repository, "rested", |repository| {
        repository["status"]["observedGeneration"] == repository["metadata"]["generation"]
    });
    scene.publish("1.0.1");
    let before = asked_for_the_index(&scene).len();
    // That nothing happens can only be waited for: for the time of two intervals.
    sleep(Duration::from_secs(2));
    assert_eq!(asked_for_the_index(&scene).len(), before);
    scene.api().merge(&repository, &suspend(false));
    scene.until_ready(&chart, "1.0.1").download();
}

#[test]
fn a_deleted_repository_leaves_nothing_in_the_storage_and_its_charts_stay() {
    let scene = Scene::with_index("index-deletion");
    scene.publish("1.0.0");
    let (repository, chart) = scene.follow("1.0.x");
    let artifact = scene.until_ready(&chart, "1.0.0");
    let index = until_current(&scene, &repository);
    scene.api().delete(&repository);
    scene.api().until_gone(&repository, Duration::from_secs(10));
    let stored = scene
        .controller
        .stored("HelmRepository", &scene.namespace, "charts");
    assert_eq!(stored, [""; 0]);
    assert_eq!(get(&index.url).expect("an answer").status, 404);
    artifact.download();
    let failed = scene.look(&chart, "without its repository");
    assert!(
        is_true_for(&failed, "FetchFailed", "SourceUnavailable"),
        "{failed}"
    );
    artifact.download();
}
