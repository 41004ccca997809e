//! The manifests in `deploy/`, held against the code.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use http::{Method, Request, Response};
use kube::Client;
use kube::client::Body;
use portolan_api::{Bucket, GitRepository, HelmChart, HelmRepository};
use serde_json::{Value, json};

use crate::cluster::{Cluster, Event, Kubernetes, Report, Scope};
use crate::events::Recorder;
use crate::flags::{self, Command};
use crate::kind::{Kind, Watched};
use crate::leader::{Leadership, Lease};
use crate::metrics::Metrics;

const CRDS: &str = include_str!("../deploy/crds.yaml");
const CHART_CRDS: &str = include_str!("../deploy/chart/crds/crds.yaml");
const RBAC: &str = include_str!("../deploy/rbac.yaml");
const CHART_RBAC: &str = include_str!("../deploy/chart/templates/rbac.yaml");
const DEPLOYMENT: &str = include_str!("../deploy/deployment.yaml");

/// `verb group/resource`, for each.
type Rights = BTreeSet<String>;

fn documents(yaml: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(yaml).expect("YAML")
}

/// What the roles of a manifest allow.
fn granted(yaml: &str) -> Rights {
    let texts =
        |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).expect("texts") };
    let mut rights = Rights::new();
    for role in documents(yaml) {
        for rule in role["rules"].as_array().into_iter().flatten() {
            for group in texts(&rule["apiGroups"]) {
                for resource in texts(&rule["resources"]) {
                    rights.extend(
                        texts(&rule["verbs"])
                            .iter()
                            .map(|verb| format!("{verb} {group}/{resource}")),
                    );
                }
            }
        }
    }
    rights
}

/// The right that a request needs.
fn needed(request: &Request<Body>) -> String {
    let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
    let (group, path) = match path.as_slice() {
        ["api", "v1", rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        other => panic!("{other:?}"),
    };
    let path = path
        .strip_prefix(&["namespaces"])
        .map_or(path, |path| &path[1..]);
    let is_watch = request
        .uri()
        .query()
        .is_some_and(|query| query.contains("watch=true"));
    let (verb, resource) = match (request.method(), path) {
        (&Method::GET, [resource]) if is_watch => ("watch", (*resource).to_owned()),
        (&Method::GET, [resource]) => ("list", (*resource).to_owned()),
        (&Method::GET, [resource, _]) => ("get", (*resource).to_owned()),
        (&Method::POST, [resource]) => ("create", (*resource).to_owned()),
        (&Method::PUT, [resource, _]) => ("update", (*resource).to_owned()),
        (&Method::PATCH, [resource, _]) => ("patch", (*resource).to_owned()),
        (&Method::PATCH, [resource, _, part]) => ("patch", format!("{resource}/{part}")),
        other => panic!("{other:?}"),
    };
    format!("{verb} {group}/{resource}")
}

/// An API server that has nothing, takes everything, and notes which right each request needs.
fn server() -> (Client, Arc<Mutex<Rights>>) {
    let rights = Arc::<Mutex<Rights>>::default();
    let noted = Arc::clone(&rights);
    let service = tower::service_fn(move |request: Request<Body>| {
        let right = needed(&request);
        let code = match right.split_once(' ').expect("a verb").0 {
            // Without streaming lists both ways to list are seen.
            "watch" => 422,
            "get" => 404,
            _ => 200,
        };
        noted.lock().unwrap().insert(right);
        let answer = if code == 200 {
            json!({
                "metadata": { "name": "x", "resourceVersion": "1" }, "items": [], "involvedObject": {},
                "spec": {
                    "chart": "c", "interval": "1m", "sourceRef": { "kind": "HelmRepository", "name": "r" },
                    "url": "oci://h/p", "holderIdentity": "x",
                },
            })
        } else {
            let message = "sendInitialEvents is forbidden";
            json!({ "kind": "Status", "status": "Failure", "code": code, "reason": "NotFound", "message": message })
        };
        let response = Response::builder().status(code);
        let response = response.body(Body::from(answer.to_string().into_bytes()));
        async move { response }
    });
    (Client::new(service, "flux-system"), rights)
}

/// Everything that is done to objects of a kind.
async fn use_every_act<K: Kind>(cluster: &Kubernetes, object: Value) {
    let object: K = serde_json::from_value(object).expect("an object");
    let report = |report| cluster.report(&object, report);
    report(Report::Finalizer { present: true })
        .await
        .expect("written");
    report(Report::Status(json!({ "observedGeneration": 7 })))
        .await
        .expect("written");
    for _ in 0..2 {
        report(Report::Event(Event::warning(
            "Reason",
            "message".to_owned(),
        )))
        .await
        .expect("told");
    }
    look::<K>(cluster).await;
}

/// Everything that is done with objects of a kind that others reconcile.
async fn look<K: Watched>(cluster: &Kubernetes) {
    cluster.read::<K>("ns", "x").await.expect("an answer");
    cluster.watch::<K>().take(4).collect::<Vec<_>>().await;
}

#[tokio::test(start_paused = true)]
async fn the_roles_allow_what_the_code_asks_for_and_nothing_more() {
    let (client, asked) = server();
    let metrics = Metrics::new();
    let (recorder, workers) = Recorder::start(&client, None, &metrics);
    let cluster = Kubernetes::new(
        client.clone(),
        Scope::default(),
        recorder,
        Leadership::unchallenged(),
        metrics,
    );
    let meta = json!({ "namespace": "ns", "name": "x", "resourceVersion": "1" });
    let spec = json!({ "chart": "c", "interval": "1m", "sourceRef": { "kind": "HelmRepository", "name": "r" } });
    use_every_act::<HelmChart>(&cluster, json!({ "metadata": meta, "spec": spec })).await;
    let spec = json!({ "type": "oci", "url": "oci://h/p" });
    use_every_act::<HelmRepository>(&cluster, json!({ "metadata": meta, "spec": spec })).await;
    look::<GitRepository>(&cluster).await;
    look::<Bucket>(&cluster).await;
    cluster
        .read::<k8s_openapi::api::core::v1::Secret>("ns", "x")
        .await
        .expect("an answer");
    workers.finish().await;
    let mut lease = Lease::new(client, "flux-system", "lease".to_owned(), "x".to_owned());
    for _ in 0..2 {
        assert!(
            lease
                .take(Duration::from_secs(35))
                .await
                .expect("an answer")
        );
    }
    let asked = asked.lock().unwrap().clone();
    assert_eq!(granted(RBAC), asked);
}

#[test]
fn the_chart_allows_what_the_manifests_allow() {
    let rules = |text: &str| -> Vec<String> {
        let indented = |line: &&str| {
            line.starts_with("  - apiGroups")
                || line.starts_with("    resources")
                || line.starts_with("    verbs")
        };
        text.lines().filter(indented).map(str::to_owned).collect()
    };
    assert_eq!(rules(RBAC).len(), 18);
    assert_eq!(rules(CHART_RBAC), rules(RBAC));
}

#[test]
fn the_definitions_are_what_the_command_prints() {
    let mut printed = Vec::new();
    crate::command::print_crds(&mut printed).expect("printed");
    let printed = String::from_utf8(printed).expect("text");
    assert!(
        printed == CRDS,
        "run `portolan-controller crds > controller/deploy/crds.yaml`"
    );
    assert!(
        printed == CHART_CRDS,
        "run `portolan-controller crds > controller/deploy/chart/crds/crds.yaml`"
    );
}

#[test]
fn the_definitions_survive_being_written_as_yaml() {
    let written: Vec<Value> = documents(CRDS);
    let meant: Vec<Value> = portolan_api::crds().iter().map(|crd| json!(crd)).collect();
    assert_eq!(written, meant);
}

#[test]
fn the_deployment_is_one_that_the_command_line_understands() {
    let deployment = &documents(DEPLOYMENT)[0];
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let arguments: Vec<String> =
        serde_json::from_value(container["args"].clone()).expect("arguments");
    let arguments = arguments
        .into_iter()
        .map(|argument| argument.replace("$(RUNTIME_NAMESPACE)", "flux-system"));
    let arguments = std::iter::once("portolan-controller".to_owned())
        .chain(arguments)
        .map(OsString::from);
    let (flags, matches) = flags::parse(arguments, |_| None).expect("the flags are right");
    let Command::Run(run) = flags.command else {
        panic!("{flags:?}");
    };
    assert!(run.leader_election.enable_leader_election);
    assert!(flags::given_without_effect(&matches).is_empty());
    for (index, address) in [
        &run.addresses.storage_addr,
        &run.addresses.metrics_addr,
        &run.addresses.health_addr,
    ]
    .into_iter()
    .enumerate()
    {
        let port = format!(":{}", container["ports"][index]["containerPort"]);
        assert_eq!(address, &port, "{}", container["ports"][index]["name"]);
    }
    let mount = container["volumeMounts"][0]["mountPath"]
        .as_str()
        .expect("a path");
    assert_eq!(run.storage.storage_path.to_str(), Some(mount));
}
