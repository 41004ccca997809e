//! Reading and writing the types themselves.

use std::time::{Duration, SystemTime};

use portolan_api::{
    Bucket, Field, GitRepository, HelmChart, HelmChartSpec, HelmRepository, HelmRepositorySpec,
    Kind, Provider, ReconcileStrategy, RepositoryType, SourceKind, crds, decode_strict,
    whole_seconds,
};
use serde_json::{Value, json};

fn chart_manifest() -> Value {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "HelmChart",
        "metadata": { "name": "app", "namespace": "default" },
        "spec": {
            "chart": "app",
            "interval": "1h",
            "sourceRef": { "kind": "HelmRepository", "name": "charts" },
        },
    })
}

fn repository_manifest() -> Value {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "HelmRepository",
        "metadata": { "name": "charts", "namespace": "default" },
        "spec": { "url": "https://charts.test" },
    })
}

#[test]
fn an_object_with_unknown_fields_is_read_from_a_cluster() {
    let mut manifest = chart_manifest();
    manifest["spec"]["fromTheFuture"] = json!({ "a": 1 });
    manifest["spec"]["sourceRef"]["namespace"] = json!("other");
    let chart: HelmChart = serde_json::from_value(manifest).unwrap();
    assert_eq!(chart.spec.chart, "app");
}

#[test]
fn a_value_that_the_schema_does_not_list_is_kept_as_it_was_written() {
    let mut manifest = chart_manifest();
    manifest["spec"]["sourceRef"]["kind"] = json!("OCIRepository");
    let chart: HelmChart = serde_json::from_value(manifest.clone()).unwrap();
    assert_eq!(
        chart.spec.source_ref.kind,
        SourceKind::Unrecognised("OCIRepository".to_owned())
    );
    assert_eq!(serde_json::to_value(chart).unwrap(), manifest);
}

#[test]
fn an_object_without_a_spec_is_read_as_one_that_names_nothing() {
    let manifest = json!({ "metadata": { "name": "app" } });
    let chart: HelmChart = serde_json::from_value(manifest.clone()).unwrap();
    assert_eq!(chart.spec, HelmChartSpec::default());
    assert_eq!(chart.spec.source_ref.kind.as_str(), "");
    let repository: HelmRepository = serde_json::from_value(manifest).unwrap();
    assert_eq!(repository.spec, HelmRepositorySpec::default());
}

#[test]
fn what_is_absent_is_not_written() {
    for manifest in [chart_manifest(), repository_manifest()] {
        let again = match manifest["kind"].as_str() {
            Some("HelmChart") => again::<HelmChart>(&manifest),
            _ => again::<HelmRepository>(&manifest),
        };
        assert_eq!(again, manifest);
    }
}

fn again<T: Kind>(manifest: &Value) -> Value {
    let resource: T = serde_json::from_value(manifest.clone()).unwrap();
    serde_json::to_value(resource).unwrap()
}

#[test]
fn absent_fields_mean_what_the_controller_takes_them_for() {
    let repository: HelmRepository = serde_json::from_value(repository_manifest()).unwrap();
    assert_eq!(repository.spec.interval(), Ok(Duration::from_mins(1)));
    assert_eq!(repository.spec.timeout(), Ok(Duration::from_mins(1)));
    assert_eq!(repository.spec.provider(), Provider::Generic);
    assert_eq!(repository.spec.repository_type(), RepositoryType::Default);
    let chart: HelmChart = serde_json::from_value(chart_manifest()).unwrap();
    assert_eq!(chart.spec.version(), "*");
    assert_eq!(
        chart.spec.reconcile_strategy(),
        ReconcileStrategy::ChartVersion
    );
    assert_eq!(chart.spec.interval(), Ok(Duration::from_hours(1)));
}

#[test]
fn an_interval_of_zero_counts_as_absent_in_a_repository_and_as_zero_in_a_chart() {
    let repository = HelmRepositorySpec {
        interval: Some("0s".to_owned()),
        timeout: Some("0ms".to_owned()),
        ..HelmRepositorySpec::default()
    };
    assert_eq!(repository.interval(), Ok(Duration::from_mins(1)));
    assert_eq!(repository.timeout(), Ok(Duration::from_mins(1)));
    let chart = HelmChartSpec {
        interval: "0s".to_owned(),
        ..HelmChartSpec::default()
    };
    assert_eq!(chart.interval(), Ok(Duration::ZERO));
}

#[test]
fn an_interval_that_the_schema_accepts_and_nobody_can_wait_for_is_an_error() {
    let mut manifest = chart_manifest();
    manifest["spec"]["interval"] = json!("99999999999999999999h");
    let chart: HelmChart = decode_strict(manifest).unwrap();
    let error = chart.spec.interval().unwrap_err().to_string();
    assert_eq!(
        error,
        "invalid duration \"99999999999999999999h\": it is longer than 292 years"
    );
}

#[test]
fn a_resource_made_in_rust_is_checked_as_its_manifest_would_be() {
    let mut chart = HelmChart::new(
        "app",
        HelmChartSpec {
            chart: "app".to_owned(),
            interval: "1h".to_owned(),
            ..HelmChartSpec::default()
        },
    );
    let errors: Vec<String> = chart.validate().iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "spec.sourceRef.kind: Unsupported value: \"\": supported values: \"HelmRepository\", \
         \"GitRepository\", \"Bucket\""
        ]
    );
    chart.spec.source_ref.kind = SourceKind::Bucket;
    assert_eq!(chart.validate(), []);
    chart.metadata.name = Some("../app".to_owned());
    assert_eq!(chart.validate()[0].path(), "metadata.name");
}

#[test]
fn a_status_is_checked_too() {
    let mut manifest = chart_manifest();
    manifest["status"] = json!({
        "artifact": {
            "digest": "no digest", "lastUpdateTime": "2026-11-20T10:00:00Z",
            "path": "p", "revision": "1.0.0", "url": "http://host/p",
        },
        "conditions": [{
            "type": "Ready", "status": "Maybe", "reason": "", "message": "x".repeat(32_769),
            "lastTransitionTime": "2026-11-20T10:00:00Z", "observedGeneration": -1,
        }],
    });
    let chart: HelmChart = serde_json::from_value(manifest).unwrap();
    let errors = chart.validate();
    let paths: Vec<&str> = errors.iter().map(portolan_api::FieldError::path).collect();
    assert_eq!(
        paths,
        [
            "status.artifact.digest",
            "status.conditions[0].message",
            "status.conditions[0].observedGeneration",
            "status.conditions[0].reason",
            "status.conditions[0].reason",
            "status.conditions[0].status",
        ]
    );
}

#[test]
fn defaults_are_those_of_the_schema_and_change_nothing_that_is_set() {
    let mut chart: HelmChart = serde_json::from_value(chart_manifest()).unwrap();
    chart.apply_defaults();
    assert_eq!(Ok(chart), decode_strict(chart_manifest()));
    let mut repository: HelmRepository = serde_json::from_value(repository_manifest()).unwrap();
    repository.apply_defaults();
    assert_eq!(Ok(repository.clone()), decode_strict(repository_manifest()));
    repository.spec.provider = Some(Provider::Aws);
    let before = repository.clone();
    repository.apply_defaults();
    assert_eq!(repository, before);
}

#[test]
fn an_exported_manifest_can_be_read_again() {
    let mut manifest = chart_manifest();
    manifest["metadata"]["managedFields"] =
        json!([{ "manager": "kubectl", "fieldsV1": { "f:spec": {} } }]);
    manifest["metadata"]["resourceVersion"] = json!("17");
    manifest["metadata"]["uid"] = json!("0f1e");
    manifest["metadata"]["generation"] = json!(4);
    manifest["metadata"]["creationTimestamp"] = json!("2026-11-20T10:00:00Z");
    manifest["status"] = json!({ "observedGeneration": 4, "url": "http://host/latest.tar.gz" });
    let read: HelmChart = decode_strict(manifest).unwrap();
    assert_eq!(Ok(read), decode_strict(chart_manifest()));
}

#[test]
fn a_password_in_a_refused_url_is_not_repeated() {
    let mut manifest = repository_manifest();
    manifest["spec"]["url"] = json!("ftp://user:pass@word@host/path?token=secret");
    let errors = decode_strict::<HelmRepository>(manifest).unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "spec.url: Invalid value: \"ftp://host/path\": spec.url in body should match '^(http|https|oci)://.*$'"
    );
    assert!(!format!("{errors:?}").contains("pass"));
}

#[test]
fn a_name_that_could_leave_a_folder_is_refused() {
    for (field, bad) in [
        ("name", ".."),
        ("name", "a/b"),
        ("namespace", ".."),
        ("namespace", "a/../b"),
    ] {
        let mut manifest = chart_manifest();
        manifest["metadata"][field] = json!(bad);
        let errors = decode_strict::<HelmChart>(manifest).unwrap_err();
        assert_eq!(errors[0].path(), format!("metadata.{field}"));
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let mut manifest = chart_manifest();
    manifest["metadata"]["name"] = json!("App");
    manifest["spec"]["foo"] = json!(1);
    manifest["spec"]["interval"] = json!("30");
    let errors = decode_strict::<HelmChart>(manifest).unwrap_err();
    let paths: Vec<&str> = errors.iter().map(portolan_api::FieldError::path).collect();
    assert_eq!(paths, ["metadata.name", "spec.foo", "spec.interval"]);
}

#[test]
fn something_that_is_no_object_is_refused() {
    let errors = decode_strict::<HelmChart>(json!([])).unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "manifest: Invalid value: \"array\": manifest in body must be of type object: \"array\""
    );
}

#[test]
fn the_table_of_fields_has_every_field_of_the_schema() {
    for (crd, fields) in crds()
        .iter()
        .zip([HelmChart::fields(), HelmRepository::fields()])
    {
        let schema = serde_json::to_value(&crd.spec.versions[0].schema).unwrap();
        let mut paths = Vec::new();
        collect_paths(
            "spec",
            &schema["openAPIV3Schema"]["properties"]["spec"],
            &mut paths,
        );
        let listed: Vec<&str> = fields.iter().map(Field::path).collect();
        assert_eq!(listed, paths);
    }
}

fn collect_paths(path: &str, schema: &Value, paths: &mut Vec<String>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        paths.push(path.clone());
        collect_paths(&path, property, paths);
        collect_paths(&format!("{path}[]"), &property["items"], paths);
    }
}

#[test]
fn the_example_of_each_field_is_accepted_and_survives_the_rust_type() {
    for field in HelmChart::fields() {
        check_example::<HelmChart>(*field, chart_manifest());
    }
    for field in HelmRepository::fields() {
        check_example::<HelmRepository>(*field, repository_manifest());
    }
}

#[track_caller]
fn check_example<T: Kind>(field: Field, mut manifest: Value) {
    let mut parents = json!({});
    // What has to stand beside the field for the object to be whole.
    if field.path().starts_with("spec.verify.matchOIDCIdentity[]") {
        parents = json!({ "verify": { "matchOIDCIdentity": [{ "issuer": "i", "subject": "s" }] } });
    }
    if field.path().starts_with("spec.accessFrom.") {
        parents = json!({ "accessFrom": { "namespaceSelectors": [{}] } });
    }
    for (name, value) in parents.as_object().unwrap() {
        manifest["spec"][name] = value.clone();
    }
    set(&mut manifest, field.path(), field.example());
    let resource: T = decode_strict(manifest).unwrap();
    assert!(field.is_set(&resource), "{}", field.path());
    assert_eq!(
        field.values(&resource),
        [field.example()],
        "{}",
        field.path()
    );
}

fn set(root: &mut Value, path: &str, value: Value) {
    let mut place = root;
    for name in path.split('.') {
        place = match name.strip_suffix("[]") {
            Some(name) => &mut place[name][0],
            None => &mut place[name],
        };
    }
    *place = value;
}

#[test]
fn a_field_of_a_list_has_a_value_for_each_entry() {
    let mut manifest = chart_manifest();
    manifest["spec"]["verify"] = json!({ "matchOIDCIdentity": [
        { "issuer": "a", "subject": "b" },
        { "issuer": "c", "subject": "d" },
    ] });
    let chart: HelmChart = decode_strict(manifest).unwrap();
    let issuer = "spec.verify.matchOIDCIdentity[].issuer";
    let field = HelmChart::fields()
        .iter()
        .find(|field| field.path() == issuer)
        .unwrap();
    assert_eq!(field.values(&chart), [json!("a"), json!("c")]);
}

#[test]
fn a_source_of_another_controller_is_read_as_far_as_its_artifact() {
    let source = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": { "name": "app" },
        "spec": { "url": "https://git.test/app", "interval": "1m" },
        "status": { "artifact": {
            "digest": "sha256:00", "lastUpdateTime": "2026-11-20T10:00:00Z", "path": "p",
            "revision": "main@sha1:00", "size": 7, "url": "http://host/p",
        } },
    });
    let git: GitRepository = serde_json::from_value(source.clone()).unwrap();
    let artifact = git.status.unwrap().artifact.unwrap();
    assert_eq!(
        (artifact.revision.as_str(), artifact.size),
        ("main@sha1:00", Some(7))
    );
    let bucket: Bucket = serde_json::from_value(source).unwrap();
    assert_eq!(bucket.metadata.name.as_deref(), Some("app"));
}

#[test]
fn a_moment_is_told_in_whole_seconds() {
    let moment = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_168_799_999);
    let time = whole_seconds(moment);
    assert_eq!(
        serde_json::to_value(&time).unwrap(),
        json!("2026-11-20T09:59:59Z")
    );
    let again = serde_json::from_value(json!("2026-11-20T09:59:59Z")).unwrap();
    assert_eq!(time, again);
}
