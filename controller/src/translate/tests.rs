use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use portolan_api::{Field, HelmChart, HelmRepository};
use serde_json::{Value, json};

use super::*;
use crate::failure::Retry;

fn chart() -> HelmChart {
    object(json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart",
        "metadata": { "name": "app", "namespace": "team", "generation": 1 },
        "spec": {
            "chart": "app", "version": "1.x", "interval": "1h",
            "sourceRef": { "kind": "HelmRepository", "name": "repo" },
        },
    }))
}

fn repository() -> HelmRepository {
    object(json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
        "metadata": { "name": "repo", "namespace": "team", "generation": 1 },
        "spec": { "type": "oci", "url": "oci://registry.example.com/charts" },
    }))
}

fn object<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn secret(kind: &str, data: &[(&str, &str)]) -> Secret {
    let data: BTreeMap<_, _> = data
        .iter()
        .map(|(key, value)| ((*key).to_owned(), ByteString(value.as_bytes().to_vec())))
        .collect();
    let mut secret: Secret =
        object(json!({ "metadata": { "name": "creds", "namespace": "team" } }));
    secret.type_ = Some(kind.to_owned());
    secret.data = Some(data);
    secret
}

fn with_credential(secret: Secret) -> Secrets {
    Secrets {
        credential: Some(secret),
        tls: None,
    }
}

/// What becomes of a field that is set.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// It changes what is done.
    Honoured,
    /// The object is stalled with a message that names the field.
    Refused,
    /// By Flux's own contract it has no effect on a chart of an OCI registry.
    NoEffect,
}

use Fate::{Honoured, NoEffect, Refused};

/// Every field of a `HelmChart` that the schema accepts. A field that is missing here fails the test.
const CHART_FIELDS: &[(&str, Fate)] = &[
    ("spec.chart", Honoured),
    ("spec.ignoreMissingValuesFiles", NoEffect),
    ("spec.interval", Honoured),
    ("spec.reconcileStrategy", NoEffect),
    ("spec.sourceRef", Honoured),
    ("spec.sourceRef.apiVersion", NoEffect),
    ("spec.sourceRef.kind", Honoured),
    ("spec.sourceRef.name", Honoured),
    ("spec.suspend", Honoured),
    ("spec.valuesFiles", Refused),
    ("spec.verify", Refused),
    ("spec.verify.matchOIDCIdentity", Refused),
    ("spec.verify.matchOIDCIdentity[].issuer", Refused),
    ("spec.verify.matchOIDCIdentity[].subject", Refused),
    ("spec.verify.provider", Refused),
    ("spec.verify.secretRef", Refused),
    ("spec.verify.secretRef.name", Refused),
    ("spec.version", Honoured),
];

/// The same for a `HelmRepository` of type `oci`.
const REPOSITORY_FIELDS: &[(&str, Fate)] = &[
    ("spec.accessFrom", NoEffect),
    ("spec.accessFrom.namespaceSelectors", NoEffect),
    ("spec.accessFrom.namespaceSelectors[].matchLabels", NoEffect),
    ("spec.certSecretRef", Honoured),
    ("spec.certSecretRef.name", Honoured),
    ("spec.insecure", Honoured),
    ("spec.interval", NoEffect),
    ("spec.passCredentials", NoEffect),
    ("spec.provider", Refused),
    ("spec.secretRef", Honoured),
    ("spec.secretRef.name", Honoured),
    ("spec.suspend", NoEffect),
    ("spec.timeout", Honoured),
    ("spec.type", Honoured),
    ("spec.url", Honoured),
];

/// `resource` with the field set to its example, the objects on the way made where they are missing.
fn with<T: serde::Serialize + serde::de::DeserializeOwned>(resource: &T, field: &Field) -> T {
    fn set(into: &mut Value, path: &[&str], value: Value) {
        let Some((name, rest)) = path.split_first() else {
            *into = value;
            return;
        };
        match name.strip_suffix("[]") {
            Some(name) => {
                if into[name].is_null() {
                    into[name] = json!([{ "issuer": "i", "subject": "s" }]);
                }
                set(&mut into[name][0], rest, value);
            }
            None => set(&mut into[*name], rest, value),
        }
    }
    let mut value = serde_json::to_value(resource).unwrap();
    if field.path().starts_with("spec.verify.") {
        value["spec"]["verify"] = json!({ "provider": "cosign" });
    }
    if field.path().starts_with("spec.accessFrom.") {
        value["spec"]["accessFrom"] = json!({ "namespaceSelectors": [{}] });
    }
    let path: Vec<_> = field.path().split('.').collect();
    set(&mut value, &path, field.example());
    object(value)
}

#[track_caller]
fn walk(table: &[(&str, Fate)], fields: &[Field], attempt: impl Fn(&Field) -> Result<(), Failure>) {
    let named: Vec<_> = table.iter().map(|(path, _)| *path).collect();
    let there: Vec<_> = fields.iter().map(Field::path).collect();
    assert_eq!(
        named, there,
        "every field is honoured or refused, and none is forgotten"
    );
    for (field, (path, fate)) in fields.iter().zip(table) {
        let refused = match attempt(field) {
            Err(failure) if failure.reason == reason::UNSUPPORTED_FIELD => {
                assert_eq!(failure.retry, Retry::WhenChanged, "{path}");
                let top: Vec<_> = path.splitn(3, '.').take(2).collect();
                assert!(
                    failure.message.starts_with(&top.join(".")),
                    "{path}: {}",
                    failure.message
                );
                true
            }
            Err(failure) => panic!("{path}: {failure:?}"),
            Ok(()) => false,
        };
        assert_eq!(refused, *fate == Refused, "{path}");
    }
}

#[test]
fn every_field_of_a_chart_is_honoured_or_refused_by_name() {
    walk(CHART_FIELDS, HelmChart::fields(), |field| {
        refuse_unsupported(&with(&chart(), field).spec)
    });
}

#[test]
fn every_field_of_a_repository_is_honoured_or_refused_by_name() {
    walk(REPOSITORY_FIELDS, HelmRepository::fields(), |field| {
        request(&chart(), &with(&repository(), field), &Secrets::default()).map(|_| ())
    });
}

#[test]
fn a_chart_from_another_kind_of_source_is_refused_by_name() {
    for kind in ["GitRepository", "Bucket", ""] {
        let mut chart = chart();
        chart.spec.source_ref.kind = object(json!(kind));
        let failure = refuse_unsupported(&chart.spec).unwrap_err();
        assert!(
            failure.message.starts_with("spec.sourceRef.kind: "),
            "{}",
            failure.message
        );
    }
}

#[test]
fn the_charts_own_values_alone_are_no_values_files() {
    let mut chart = chart();
    chart.spec.values_files = vec!["values.yaml".to_owned()];
    assert!(refuse_unsupported(&chart.spec).is_ok());
    chart.spec.values_files.push("values.yaml".to_owned());
    assert!(refuse_unsupported(&chart.spec).is_err());
}

#[test]
fn verification_that_is_asked_for_and_cannot_be_done_is_owed() {
    let mut chart = chart();
    chart.spec.verify = Some(object(json!({ "provider": "cosign" })));
    assert!(refuse_unsupported(&chart.spec).unwrap_err().unverified);
}

#[track_caller]
fn failing(secrets: &Secrets, expected_reason: &str, text: &str) {
    let failure = request(&chart(), &repository(), secrets).unwrap_err();
    assert_eq!(failure.reason, expected_reason);
    assert_eq!(failure.message, text);
    assert!(
        matches!(failure.retry, Retry::After { .. }),
        "a Secret may be mended at any time"
    );
}

#[test]
fn a_secret_that_cannot_be_used_says_so_in_fluxs_words() {
    let auth = reason::AUTHENTICATION_FAILED;
    failing(
        &with_credential(secret("Opaque", &[("username", "flux")])),
        auth,
        "failed to detect authentication methods: secret 'team/creds': malformed basic auth - has 'username' but missing 'password'",
    );
    failing(
        &with_credential(secret("Opaque", &[("password", "x")])),
        auth,
        "failed to detect authentication methods: secret 'team/creds': malformed basic auth - has 'password' but missing 'username'",
    );
    failing(
        &with_credential(secret(
            DOCKER_CONFIG_TYPE,
            &[(DOCKER_CONFIG_KEY, r#"{"auths":{}}"#)],
        )),
        auth,
        "failed to configure OCI registry authentication: no auth config for 'registry.example.com' in the docker-registry Secret 'creds'",
    );
    failing(
        &with_credential(secret(DOCKER_CONFIG_TYPE, &[])),
        auth,
        "failed to configure OCI registry authentication: secret 'team/creds' has no key '.dockerconfigjson'",
    );
    let broken = secret(DOCKER_CONFIG_TYPE, &[(DOCKER_CONFIG_KEY, "foo")]);
    let failure = request(&chart(), &repository(), &with_credential(broken)).unwrap_err();
    assert!(
        failure.message.contains("unable to load Docker config"),
        "{}",
        failure.message
    );
}

#[test]
fn an_empty_secret_means_that_nobody_logs_in() {
    for data in [&[][..], &[("username", ""), ("password", "")]] {
        request(
            &chart(),
            &repository(),
            &with_credential(secret("Opaque", data)),
        )
        .unwrap();
    }
}

#[test]
fn a_tls_secret_is_whole_or_an_error() {
    #[track_caller]
    fn check(data: &[(&str, &str)], text: &str) {
        let secrets = Secrets {
            credential: None,
            tls: Some(secret("Opaque", data)),
        };
        let failure = request(&chart(), &repository(), &secrets).unwrap_err();
        assert!(failure.message.contains(text), "{}", failure.message);
        assert_eq!(failure.reason, reason::AUTHENTICATION_FAILED);
    }
    check(&[], "none of the keys 'ca.crt'");
    check(&[("tls.crt", "x")], "missing 'tls.key'");
    check(&[("tls.key", "x")], "missing 'tls.crt'");
    check(&[("ca.crt", "no pem")], "ca.crt");
    check(&[("caFile", "no pem")], "ca.crt");
}

#[test]
fn a_url_that_is_none_of_a_registry_is_stalled() {
    #[track_caller]
    fn check(url: &str, expected_reason: &str, text: &str) {
        let mut repository = repository();
        url.clone_into(&mut repository.spec.url);
        let failure = request(&chart(), &repository, &Secrets::default()).unwrap_err();
        assert_eq!(failure.reason, expected_reason);
        assert_eq!(failure.retry, Retry::WhenChanged);
        assert!(failure.message.starts_with(text), "{}", failure.message);
        assert!(!failure.message.contains("hunter2"), "{}", failure.message);
    }
    check(
        "https://ci:hunter2@registry.example.com/charts",
        reason::FAILED,
        "failed to construct Helm client: invalid OCI registry URL: https://registry.example.com/charts/",
    );
    check(
        "oci://registry.example.com/Charts",
        reason::URL_INVALID,
        "invalid Helm repository URL: ",
    );
    check(
        "oci://",
        reason::URL_INVALID,
        "invalid Helm repository URL: ",
    );
}

#[test]
fn a_name_that_no_chart_has_is_stalled() {
    for name in [
        "iNvAlID-ChArT-NAmE!",
        "",
        "/",
        "not//a/valid/chart",
        "../valid-chart-name",
        "a..b",
    ] {
        let mut chart = chart();
        name.clone_into(&mut chart.spec.chart);
        let failure = request(&chart, &repository(), &Secrets::default()).unwrap_err();
        assert_eq!(failure.reason, reason::INVALID_CHART_REFERENCE, "{name}");
        assert!(
            failure.message.starts_with("invalid chart reference: "),
            "{}",
            failure.message
        );
        assert_eq!(failure.retry, Retry::WhenChanged);
    }
}
