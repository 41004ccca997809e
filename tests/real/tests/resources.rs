//! Our custom resources, as a real API server takes them.

use portolan_real::{Cluster, Id};
use serde_json::{Value, json};

/// What the API server answered with the custom resources of Flux (source-controller 1.9, Kubernetes
/// 1.36): `stored` and `status` of an object that it took, `code`, `reason` and `message` for one that
/// it refused.
const RECORDED: &str = include_str!("../data/admission.jsonl");

const VERSION: &str = "source.toolkit.fluxcd.io/v1";

fn manifest(row: &Value, namespace: &str) -> Value {
    json!({
        "apiVersion": VERSION,
        "kind": row["kind"],
        "metadata": {"namespace": namespace, "name": row["name"]},
        "spec": row["spec"],
    })
}

#[test]
fn what_flux_refuses_is_refused_in_the_same_words_and_the_rest_has_the_same_defaults() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("admission");
    let mut refused = 0;
    let mut differences = Vec::new();
    for line in RECORDED.lines() {
        let row: Value = serde_json::from_str(line).expect("a row of the table");
        let manifest = manifest(&row, &namespace);
        let (expected, answer) = match cluster.api().try_create(&manifest) {
            Ok(object) => (
                json!([row["stored"], row["status"]]),
                json!([object["spec"], object["status"]]),
            ),
            Err(refusal) => {
                refused += 1;
                (
                    json!([row["code"], row["reason"], row["message"]]),
                    json!([refusal.code, refusal.reason, refusal.message]),
                )
            }
        };
        if answer != expected {
            differences.push(format!(
                "{}:\n  Flux {expected}\n  ours {answer}",
                Id::of(&manifest)
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!((RECORDED.lines().count(), refused), (66, 43));
}

#[test]
fn no_field_of_a_chart_is_immutable() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("immutable");
    let chart = portolan_real::helm_chart(&namespace, "app", "*", "r");
    let id = cluster.api().create(&chart);
    let source = json!({"kind": "GitRepository", "name": "g"});
    let change = json!({"spec": {"chart": "./charts/other", "sourceRef": source}});
    cluster.api().merge(&id, &change);
    let changed = cluster.api().get(&id).expect("a chart");
    assert_eq!(changed["metadata"]["generation"], 2);
    assert_eq!(changed["spec"]["sourceRef"], source);
}

/// What `kubectl api-resources` shows.
#[test]
fn the_resources_go_by_the_names_that_people_know() {
    let cluster = Cluster::shared();
    let list = cluster.api().read(&format!("/apis/{VERSION}"));
    let resources = list["resources"].as_array().expect("a list");
    let check = |kind: &str, plural: &str, singular: &str, short: &str| {
        let resource = resources
            .iter()
            .find(|resource| resource["name"] == plural)
            .unwrap_or_else(|| panic!("there are no {plural}"));
        assert_eq!(resource["kind"], kind);
        assert_eq!(resource["singularName"], singular);
        assert_eq!(resource["shortNames"], json!([short]));
        assert_eq!(resource["namespaced"], true);
        let mut categories: Vec<_> = resource["categories"]
            .as_array()
            .expect("categories")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        categories.sort_unstable();
        assert_eq!(categories, ["all", "fluxcd", "fluxcd-sources"]);
        let status = format!("{plural}/status");
        assert!(resources.iter().any(|resource| resource["name"] == status));
    };
    check("HelmChart", "helmcharts", "helmchart", "hc");
    check(
        "HelmRepository",
        "helmrepositories",
        "helmrepository",
        "helmrepo",
    );
}

/// What `kubectl get` shows.
#[test]
fn the_columns_are_those_of_flux_in_its_order() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("columns");
    let check = |plural: &str, expected: &[&str]| {
        let path = format!("/apis/{VERSION}/namespaces/{namespace}/{plural}");
        let table = cluster.api().read_table(&path);
        let columns: Vec<_> = table["columnDefinitions"]
            .as_array()
            .expect("columns")
            .iter()
            .filter_map(|column| column["name"].as_str())
            .collect();
        assert_eq!(columns, expected);
    };
    check(
        "helmcharts",
        &[
            "Name",
            "Chart",
            "Version",
            "Source Kind",
            "Source Name",
            "Age",
            "Ready",
            "Status",
        ],
    );
    check(
        "helmrepositories",
        &["Name", "URL", "Age", "Ready", "Status"],
    );
}

#[test]
fn the_resources_can_be_applied_again_and_are_not_substituted_into() {
    let cluster = Cluster::shared();
    for plural in ["helmcharts", "helmrepositories"] {
        let name = format!("{plural}.source.toolkit.fluxcd.io");
        let id = Id::new("CustomResourceDefinition", "", &name);
        let resource = cluster.api().get(&id).expect("a custom resource");
        let annotations = &resource["metadata"]["annotations"];
        assert_eq!(
            annotations["kustomize.toolkit.fluxcd.io/substitute"],
            "disabled"
        );
    }
    let again = cluster.api().apply_from_yaml(
        "CustomResourceDefinition",
        &portolan_real::custom_resources(),
    );
    assert_eq!(again.map(|names| names.len()), Ok(2));
}
