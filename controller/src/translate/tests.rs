use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use portolan_acquire::AnonymousRepositories;
use portolan_api::{Bucket, Field};
use portolan_store::Options;
use serde_json::{Value, json};

use super::*;
use crate::failure::Retry;

const DOCKER_CONFIG_TYPE: &str = "kubernetes.io/dockerconfigjson";
const DOCKER_CONFIG_KEY: &str = ".dockerconfigjson";

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

/// A repository with an index.
fn index() -> HelmRepository {
    object(json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
        "metadata": { "name": "repo", "namespace": "team", "generation": 1 },
        "spec": { "url": "https://charts.example.com/stable" },
        "status": { "artifact": artifact("sha256:1") },
    }))
}

/// What a source has stored in this revision.
fn artifact(revision: &str) -> Value {
    json!({
        "digest": format!("sha256:{}", "0".repeat(64)), "path": "p", "revision": revision,
        "lastUpdateTime": "2026-01-01T00:00:00Z", "url": "http://source-controller/p.tar.gz",
    })
}

/// The request for `chart` from `repository`.
fn asked(
    chart: &HelmChart,
    repository: &HelmRepository,
    secrets: &Secrets,
) -> Result<Request, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Options::default()).unwrap();
    request(chart, repository, secrets, &store)
}

/// The request for `chart` from a source of that kind in that revision.
fn built(chart: &HelmChart, kind: &str, revision: &str) -> Result<SourceRequest, Failure> {
    let artifact = object(artifact(revision));
    source_request(
        chart,
        kind,
        &artifact,
        Arc::new(AnonymousRepositories::default()),
    )
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
    /// By Flux's own contract it has no effect.
    NoEffect,
}

use Fate::{Honoured, NoEffect, Refused};

/// Every field of a `HelmChart` that the schema accepts. A field that is missing here fails the test.
const CHART_FIELDS: &[(&str, Fate)] = &[
    ("spec.chart", Honoured),
    ("spec.ignoreMissingValuesFiles", Honoured),
    ("spec.interval", Honoured),
    ("spec.reconcileStrategy", Honoured),
    ("spec.sourceRef", Honoured),
    ("spec.sourceRef.apiVersion", NoEffect),
    ("spec.sourceRef.kind", Honoured),
    ("spec.sourceRef.name", Honoured),
    ("spec.suspend", Honoured),
    ("spec.valuesFiles", Honoured),
    ("spec.verify", Honoured),
    ("spec.verify.matchOIDCIdentity", Honoured),
    ("spec.verify.matchOIDCIdentity[].issuer", Honoured),
    ("spec.verify.matchOIDCIdentity[].subject", Honoured),
    // The example is the provider that is not there yet.
    ("spec.verify.provider", Refused),
    ("spec.verify.secretRef", Honoured),
    ("spec.verify.secretRef.name", Honoured),
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

/// The same for a `HelmRepository` with an index.
const INDEX_FIELDS: &[(&str, Fate)] = &[
    ("spec.accessFrom", NoEffect),
    ("spec.accessFrom.namespaceSelectors", NoEffect),
    ("spec.accessFrom.namespaceSelectors[].matchLabels", NoEffect),
    ("spec.certSecretRef", Honoured),
    ("spec.certSecretRef.name", Honoured),
    ("spec.insecure", NoEffect),
    ("spec.interval", Honoured),
    ("spec.passCredentials", Honoured),
    ("spec.provider", NoEffect),
    ("spec.secretRef", Honoured),
    ("spec.secretRef.name", Honoured),
    ("spec.suspend", Honoured),
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

/// Everything that a chart's spec decides about, as text.
fn meant(chart: &HelmChart) -> String {
    let from_index = asked(chart, &index(), &Secrets::default()).unwrap();
    let from_git = built(chart, "GitRepository", "main@sha1:0123456789abcdef").unwrap();
    let demanded = chart.spec.verify.as_ref().map(|verify| {
        let secret_ref = verify.secret_ref.as_ref();
        let root = || portolan_verify::TrustRoot::sigstore().unwrap();
        match secret_ref.map(|named| secret(&named.name, &[])) {
            // Which keys that means is for whoever reads the Secret.
            Some(secret) => format!("{:?} {:?}", secret_ref, policy(verify, Some(&secret), root)),
            None => match policy(verify, None, root) {
                Ok(policy) => policy.fingerprint().to_string(),
                Err(failure) => failure.message,
            },
        }
    });
    format!(
        "{:?} {:?} {:?} {:?} {} {} {} {demanded:?}",
        from_index.chart(),
        from_index.version(),
        from_git,
        chart.spec.interval(),
        chart.is_suspended(),
        chart.spec.source_ref.kind,
        chart.spec.source_ref.name,
    )
}

#[test]
fn every_field_of_a_chart_is_honoured_or_refused_by_name() {
    walk(CHART_FIELDS, HelmChart::fields(), |field| {
        refuse_unsupported(&with(&chart(), field).spec)
    });
    let before = meant(&chart());
    for (field, (path, fate)) in HelmChart::fields().iter().zip(CHART_FIELDS) {
        let now = with(&chart(), field);
        // What the example of a field says may be what is so without it.
        if now != chart() && *fate != Refused {
            assert_eq!(meant(&now) != before, *fate == Honoured, "{path}");
        }
    }
}

#[test]
fn every_field_of_a_repository_is_honoured_or_refused_by_name() {
    walk(REPOSITORY_FIELDS, HelmRepository::fields(), |field| {
        asked(&chart(), &with(&repository(), field), &Secrets::default()).map(|_| ())
    });
    walk(INDEX_FIELDS, HelmRepository::fields(), |field| {
        let mut repository = with(&index(), field);
        // The examples are those of a registry, which is the other type.
        repository.spec.repository_type = None;
        repository.spec.url = index().spec.url;
        asked(&chart(), &repository, &Secrets::default()).map(|_| ())
    });
}

#[test]
fn an_index_that_is_not_there_yet_is_waited_for() {
    let mut repository = index();
    repository.status = None;
    let failure = asked(&chart(), &repository, &Secrets::default()).unwrap_err();
    assert_eq!(failure.reason, reason::NO_SOURCE_ARTIFACT);
    assert!(matches!(failure.retry, Retry::After { .. }));
    assert_eq!(
        failure.message,
        "no artifact available for HelmRepository source 'repo'"
    );
}

/// Rows of Flux's own documentation and controller.
#[test]
fn a_version_tells_values_and_revisions_apart() {
    #[track_caller]
    fn check(
        values: &[&str],
        strategy: &str,
        source: Option<(&str, &str)>,
        expected: Option<&str>,
    ) {
        let mut chart = chart();
        chart.metadata.generation = Some(3);
        chart.spec.values_files = values.iter().map(ToString::to_string).collect();
        chart.spec.reconcile_strategy = Some(object(json!(strategy)));
        assert_eq!(version_metadata(&chart, source).as_deref(), expected);
    }
    const COMMIT: &str = "main@sha1:0123456789abcdef0123456789abcdef01234567";
    let git = |revision| Some((GitRepository::NAME, revision));
    let bucket = |revision| Some((Bucket::NAME, revision));
    check(&[], "ChartVersion", None, None);
    check(&["values.yaml"], "ChartVersion", None, None);
    check(&["./values.yaml"], "ChartVersion", None, None);
    check(&["prod.yaml"], "ChartVersion", None, Some("3"));
    check(&["values.yaml", "prod.yaml"], "Revision", None, Some("3"));
    check(&[], "Revision", None, None);
    check(&[], "ChartVersion", git(COMMIT), None);
    check(&[], "Revision", git(COMMIT), Some("0123456789ab"));
    check(
        &["prod.yaml"],
        "Revision",
        git(COMMIT),
        Some("0123456789ab.3"),
    );
    check(&["prod.yaml"], "ChartVersion", git(COMMIT), Some("3"));
    check(
        &[],
        "Revision",
        git("main/0123456789abcdef"),
        Some("0123456789ab"),
    );
    check(
        &[],
        "Revision",
        git("sha1:0123456789abcdef"),
        Some("0123456789ab"),
    );
    check(&[], "Revision", git("v1@x/y@sha256:abc"), Some("abc"));
    check(&[], "Revision", git("short"), Some("short"));
    check(
        &[],
        "Revision",
        bucket("sha256:aaaaaaaaaaaaaaaa"),
        Some("aaaaaaaaaaaa"),
    );
    check(
        &[],
        "Revision",
        bucket("no digest, but text"),
        Some("no digest, b"),
    );
    check(
        &["prod.yaml"],
        "Revision",
        bucket("sha256:bbbbbbbbbbbbbbbb"),
        Some("bbbbbbbbbbbb.3"),
    );
}

#[test]
fn a_source_that_says_nonsense_of_its_artifact_is_unavailable() {
    #[track_caller]
    fn check(field: &str, text: &str, told: &str) {
        let mut artifact = artifact("main@sha1:1");
        artifact[field] = text.into();
        let artifact = object(artifact);
        let nobody = Arc::new(AnonymousRepositories::default());
        let failure = source_request(&chart(), "GitRepository", &artifact, nobody).unwrap_err();
        assert_eq!(failure.reason, reason::SOURCE_UNAVAILABLE);
        assert!(failure.message.starts_with(told), "{}", failure.message);
    }
    let begin = "failed to get source: the";
    check(
        "url",
        "no url",
        &format!("{begin} URL of the artifact of GitRepository 'repo'"),
    );
    check(
        "digest",
        "sha256:short",
        &format!("{begin} digest of the artifact of GitRepository 'repo'"),
    );
}

#[track_caller]
fn failing(secrets: &Secrets, expected_reason: &str, text: &str) {
    let failure = asked(&chart(), &repository(), secrets).unwrap_err();
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
    let failure = asked(&chart(), &repository(), &with_credential(broken)).unwrap_err();
    assert!(
        failure.message.contains("unable to load Docker config"),
        "{}",
        failure.message
    );
}

#[test]
fn an_empty_secret_means_that_nobody_logs_in() {
    for data in [&[][..], &[("username", ""), ("password", "")]] {
        asked(
            &chart(),
            &repository(),
            &with_credential(secret("Opaque", data)),
        )
        .unwrap();
    }
}

/// The words of Flux, for both types and both Secrets.
#[test]
fn a_tls_secret_is_whole_or_an_error() {
    #[track_caller]
    fn check(data: &[(&str, &str)], text: &str) {
        for repository in [repository(), index()] {
            let secrets = Secrets {
                credential: None,
                tls: Some(secret("Opaque", data)),
            };
            let failure = asked(&chart(), &repository, &secrets).unwrap_err();
            let begin = "failed to construct Helm client's TLS config: ";
            let told = failure.message.strip_prefix(begin).unwrap();
            assert!(told.starts_with(text), "{told}");
            assert_eq!(failure.reason, reason::AUTHENTICATION_FAILED);
        }
    }
    let none = "secret 'team/creds' must contain either 'ca.crt' or both 'tls.crt' and 'tls.key'";
    check(&[], none);
    check(&[("foo", "bar")], none);
    check(
        &[("tls.crt", "x")],
        "secret 'team/creds' contains 'tls.crt' but missing 'tls.key'",
    );
    check(
        &[("tls.key", "x")],
        "secret 'team/creds' contains 'tls.key' but missing 'tls.crt'",
    );
    check(&[("ca.crt", "no pem")], "failed to parse CA certificate");
    check(&[("caFile", "no pem")], "failed to parse CA certificate");
    check(
        &[("tls.crt", "no pem"), ("tls.key", "no pem")],
        "secret 'team/creds': ",
    );
}

#[test]
fn tls_keys_beside_a_password_count_where_no_other_secret_is_named() {
    let half = || secret("Opaque", &[("tls.crt", "x")]);
    for repository in [repository(), index()] {
        let failure = asked(&chart(), &repository, &with_credential(half())).unwrap_err();
        assert_eq!(
            failure.message,
            "failed to detect authentication methods: secret 'team/creds' contains 'tls.crt' but missing 'tls.key'"
        );
        let both = Secrets {
            credential: Some(half()),
            tls: Some(secret("Opaque", &[("ca.crt", "no pem")])),
        };
        let failure = asked(&chart(), &repository, &both).unwrap_err();
        assert!(
            failure.message.contains("CA certificate"),
            "{}",
            failure.message
        );
    }
}

#[test]
fn what_is_no_text_is_not_passed_over() {
    let mut broken = secret("Opaque", &[]);
    let data = [("username", b"me".to_vec()), ("password", vec![0xff])];
    let data = data.map(|(key, value)| (key.to_owned(), ByteString(value)));
    broken.data = Some(data.into());
    for repository in [repository(), index()] {
        let failure = asked(&chart(), &repository, &with_credential(broken.clone())).unwrap_err();
        assert_eq!(
            failure.message,
            "failed to detect authentication methods: secret 'team/creds': 'password' is not UTF-8"
        );
    }
}

#[test]
fn a_url_that_is_none_of_a_repository_with_an_index_is_stalled() {
    #[track_caller]
    fn check(text: &str, told: &str) {
        let mut repository = index();
        text.clone_into(&mut repository.spec.url);
        let failure = url(&repository).unwrap_err();
        assert_eq!(failure.reason, reason::URL_INVALID);
        assert_eq!(failure.retry, Retry::WhenChanged);
        assert!(failure.message.starts_with(told), "{}", failure.message);
        assert!(!failure.message.contains("hunter2"), "{}", failure.message);
    }
    let begin = "invalid Helm repository URL: ";
    check(
        "OCI://registry.example.com/charts",
        "invalid Helm repository URL: 'oci' URL scheme cannot be used with 'default' HelmRepository type",
    );
    check("ftp://ci:hunter2@example.com/", begin);
    check("127.0.0.1:1234", begin);
    check("https://", begin);
}

#[test]
fn a_url_that_is_none_of_a_registry_is_stalled() {
    #[track_caller]
    fn check(url: &str, expected_reason: &str, text: &str) {
        let mut repository = repository();
        url.clone_into(&mut repository.spec.url);
        let failure = asked(&chart(), &repository, &Secrets::default()).unwrap_err();
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
        let failure = asked(&chart, &repository(), &Secrets::default()).unwrap_err();
        assert_eq!(failure.reason, reason::INVALID_CHART_REFERENCE, "{name}");
        assert!(
            failure.message.starts_with("invalid chart reference: "),
            "{}",
            failure.message
        );
        assert_eq!(failure.retry, Retry::WhenChanged);
    }
}
