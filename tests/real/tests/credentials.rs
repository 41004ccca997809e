//! Registries that ask who is there: every failure is told as what it is, and is over as soon as
//! its cause is.

use std::thread::sleep;
use std::time::Duration;

use portolan_real::{
    Account, Authority, ChartFolder, Cluster, Controller, Helm, Id, Identity, OciRegistry, Scene,
    Scope, condition, helm_chart, helm_repository, is_ready_with, is_true_for, secret,
};
use serde_json::{Value, json};

const LOGIN: &str = "login";

/// How long tokens are good where it matters.
const LIFETIME: Duration = Duration::from_secs(1);

/// How long they are good where nobody is to ask for a second one.
const LONG: Duration = Duration::from_mins(10);

/// A repository that names the Secret `login`, and a chart of it.
fn follow(scene: &Scene<'_>) -> Id {
    let url = scene.charts.url("charts");
    let mut repository = helm_repository(&scene.namespace, "charts", &url);
    repository["spec"]["secretRef"] = json!({"name": LOGIN});
    scene.api().create(&repository);
    let chart = helm_chart(&scene.namespace, "app", "1.0.x", "charts");
    scene.api().create(&chart)
}

fn is_denied(object: &Value) -> bool {
    let ready = condition(object, "Ready");
    is_true_for(object, "FetchFailed", "AuthenticationFailed")
        && ready.is_some_and(|(status, reason, _)| {
            status == "False" && reason == "AuthenticationFailed"
        })
}

#[track_caller]
fn until_denied(scene: &Scene<'_>, chart: &Id) -> Value {
    scene.until(chart, "told that its credential is refused", is_denied)
}

/// Change the Secret `login` to the password of an account.
fn change_secret(scene: &Scene<'_>, account: Account) {
    let id = Id::new("Secret", &scene.namespace, LOGIN);
    let data = json!({"username": account.name, "password": account.password});
    scene.api().merge(&id, &json!({"stringData": data}));
}

/// Everything that may happen to the Secret of a repository, with one controller that never stops.
fn lives_through_its_secrets(namespace: &str, registry: OciRegistry) {
    let scene = Scene::in_front_of(Cluster::shared(), namespace, registry);
    scene.push_as("1.0.0", Some(Account::ALICE));

    // There is no Secret.
    let chart = follow(&scene);
    let failed = until_denied(&scene, &chart);
    let (_, _, message) = condition(&failed, "FetchFailed").expect("it failed");
    assert!(
        message.contains(&format!("'{namespace}/{LOGIN}'")),
        "{message}"
    );

    // There is one of somebody whom the registry does not know.
    scene.api().create(&secret(namespace, LOGIN, Account::BOB));
    scene.until(&chart, "told that bob is refused", |chart| {
        let told = condition(chart, "FetchFailed");
        is_denied(chart) && told.is_some_and(|(_, _, text)| !text.contains("not found"))
    });

    // It is the right one. The next try comes by itself.
    change_secret(&scene, Account::ALICE);
    let first = scene.until_ready(&chart, "1.0.0");

    // The registry wants another password from now on.
    scene.charts.accept(&[Account::ALICE_LATER]);
    // Tokens are good for as long as they were given for.
    sleep(LIFETIME);
    scene.push_as("1.0.1", Some(Account::ALICE_LATER));
    scene.api().request(&chart, "after the registry");
    let failed = until_denied(&scene, &chart);
    // Who follows the chart is not disturbed by this.
    assert_eq!(failed["status"]["artifact"]["revision"], "1.0.0");
    first.download();

    // The Secret follows.
    change_secret(&scene, Account::ALICE_LATER);
    scene.until_ready(&chart, "1.0.1").download();

    // A half of a Secret.
    let id = Id::new("Secret", namespace, LOGIN);
    scene.api().merge(&id, &json!({"data": {"password": null}}));
    scene.api().request(&chart, "half");
    until_denied(&scene, &chart);

    // No Secret any more.
    scene.api().delete(&id);
    scene.api().request(&chart, "deleted");
    scene.until(&chart, "told that its Secret is gone", |chart| {
        let told = condition(chart, "FetchFailed");
        is_denied(chart) && told.is_some_and(|(_, _, text)| text.contains("not found"))
    });
    scene
        .api()
        .create(&secret(namespace, LOGIN, Account::ALICE_LATER));
    scene.until_ready(&chart, "1.0.1");

    says_no_password(&scene);
}

/// Nothing that anybody can read has a password in it.
fn says_no_password(scene: &Scene<'_>) {
    let objects = ["HelmChart", "HelmRepository", "Event"]
        .map(|kind| json!(scene.api().list(kind, &scene.namespace)).to_string());
    let said = [scene.controller.log(), scene.controller.metrics()];
    for account in [Account::ALICE, Account::ALICE_LATER, Account::BOB] {
        for text in objects.iter().chain(&said) {
            assert!(!text.contains(account.password), "{text}");
        }
    }
}

#[test]
fn a_registry_with_passwords_is_pulled_from_as_long_as_the_secret_is_right() {
    let registry = OciRegistry::with_passwords(&[Account::ALICE]);
    lives_through_its_secrets("passwords", registry);
}

#[test]
fn a_registry_with_tokens_is_pulled_from_as_long_as_the_secret_is_right() {
    let registry = OciRegistry::with_tokens(&[Account::ALICE], LIFETIME);
    lives_through_its_secrets("tokens", registry);
}

#[test]
fn a_docker_config_is_as_good_as_a_name_and_a_password() {
    let registry = OciRegistry::with_passwords(&[Account::ALICE]);
    let scene = Scene::in_front_of(Cluster::shared(), "docker-config", registry);
    scene.push_as("1.0.0", Some(Account::ALICE));
    let login = json!({"username": Account::ALICE.name, "password": Account::ALICE.password});
    let config = json!({"auths": {scene.charts.host(): login}});
    scene.api().create(&json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": scene.namespace, "name": LOGIN},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": config.to_string()},
    }));
    let chart = follow(&scene);
    scene.until_ready(&chart, "1.0.0").download();
}

#[test]
fn a_registry_with_certificates_is_pulled_from_when_both_sides_believe_each_other() {
    let registry = OciRegistry::with_certificates(Authority::new());
    let scene = Scene::in_front_of(Cluster::shared(), "certificates", registry);
    let archive = scene.helm.package(&scene.source, "1.0.0");
    let url = scene.charts.url("charts");
    let authority = scene.charts.authority();
    scene.helm.push_over_tls(&archive, &url, authority);

    // There is no Secret.
    let mut repository = helm_repository(&scene.namespace, "charts", &url);
    repository["spec"]["insecure"] = json!(false);
    repository["spec"]["certSecretRef"] = json!({"name": LOGIN});
    scene.api().create(&repository);
    let chart = helm_chart(&scene.namespace, "app", "1.0.x", "charts");
    let chart = scene.api().create(&chart);
    until_denied(&scene, &chart);

    // Neither side believes the other.
    let secret = Id::new("Secret", &scene.namespace, LOGIN);
    let change = |change: &Value, token: &str| {
        scene.api().merge(&secret, change);
        scene.api().request(&chart, token);
        scene.until(&chart, "was looked at", |chart| {
            chart["status"]["lastHandledReconcileAt"] == token
        })
    };
    scene.api().create(&json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": scene.namespace, "name": LOGIN},
    }));
    let another = Authority::new();
    let (strange, known) = (another.client(), authority.client());
    let identity = |identity: &Identity, believed: &Authority| {
        json!({"stringData": {
            "ca.crt": believed.certificate(),
            "tls.crt": identity.certificate,
            "tls.key": identity.key,
        }})
    };
    for (told, data) in [
        ("neither", identity(&strange, &another)),
        ("not the client", identity(&strange, authority)),
        ("not the server", identity(&known, &another)),
        ("half an identity", json!({"data": {"tls.key": null}})),
        (
            "no certificate",
            json!({"stringData": {"tls.key": known.key, "tls.crt": "hello"}}),
        ),
    ] {
        let object = change(&data, told);
        let failed = condition(&object, "FetchFailed").map(|(status, _, _)| status);
        assert_eq!(failed, Some("True"), "{told}: {object}");
        assert_eq!(object["status"]["artifact"], Value::Null, "{told}");
    }

    // Both do.
    let object = change(&identity(&known, authority), "both");
    assert!(is_ready_with(&object, "1.0.0"), "{object}");
}

#[test]
fn a_token_goes_with_the_secret_that_it_was_got_with() {
    let registry = OciRegistry::with_tokens(&[Account::ALICE], LONG);
    let scene = Scene::in_front_of(Cluster::shared(), "rotation", registry);
    scene.push_as("1.0.0", Some(Account::ALICE));
    scene
        .api()
        .create(&secret(&scene.namespace, LOGIN, Account::ALICE));
    let chart = follow(&scene);
    scene.until_ready(&chart, "1.0.0").download();
    // The registry would still take the token.
    change_secret(&scene, Account::BOB);
    scene.api().request(&chart, "as bob");
    until_denied(&scene, &chart);
    assert!(scene.charts.tokens().refusals() > 0, "nobody asked for bob");
}

#[test]
fn a_token_of_one_namespace_serves_no_other() {
    let cluster = Cluster::shared();
    let registry = OciRegistry::with_tokens(&[Account::ALICE], LONG);
    let (label, value) = ("portolan-real/test", "tenants");
    let scope = Scope::Labels(format!("{label}={value}"));
    let _controller = Controller::start(cluster, scope);
    let (helm, source) = (Helm::new(), ChartFolder::new("app", "hello"));
    let archive = helm.package(&source, "1.0.0");
    helm.push_as(&archive, &registry.url("charts"), Some(Account::ALICE));

    let api = cluster.api();
    let patience = Duration::from_secs(20);
    let follow = |namespace: &str, account: Option<Account>| {
        let namespace = cluster.namespace(namespace);
        let mut repository = helm_repository(&namespace, "charts", &registry.url("charts"));
        repository["metadata"]["labels"] = json!({label: value});
        if let Some(account) = account {
            api.create(&secret(&namespace, LOGIN, account));
            repository["spec"]["secretRef"] = json!({"name": LOGIN});
        }
        api.create(&repository);
        let mut chart = helm_chart(&namespace, "app", "1.0.x", "charts");
        chart["metadata"]["labels"] = json!({label: value});
        api.create(&chart)
    };
    let alices = follow("tenant-alice", Some(Account::ALICE));
    api.until(&alices, patience, "became ready", |chart| {
        is_ready_with(chart, "1.0.0")
    });
    // The registry would take the token that is known by now from anybody.
    let nobodys = follow("tenant-nobody", None);
    let bobs = follow("tenant-bob", Some(Account::BOB));
    for refused in [&nobodys, &bobs] {
        let object = api.until(refused, patience, "was refused", is_denied);
        assert_eq!(object["status"]["artifact"], Value::Null);
    }
    // And the failures of others are none of hers.
    api.request(&alices, "again");
    let object = api.until(&alices, patience, "was looked at again", |chart| {
        chart["status"]["lastHandledReconcileAt"] == "again"
    });
    assert!(is_ready_with(&object, "1.0.0"), "{object}");
}
