//! Charts that have to be signed, with the keys in files.

use portolan_kit::{CosignKey, Registry};
use serde_json::Value;

use super::{Manifests, push, run};

const BY_KEY: &str = "verify: { provider: cosign, secretRef: { name: keys } }";

/// A registry with `hello 1.0.0`, which the key has signed, and the unsigned `hello 2.0.0`; and
/// manifests with the key in a Secret.
fn signed() -> (Registry, Manifests) {
    let registry = Registry::start_blocking();
    push(&registry, &["1.0.0", "2.0.0"]);
    let key = CosignKey::generate();
    let digest = registry.digest("charts/hello", "1.0.0").expect("pushed");
    registry.sign_with_bundle("charts/hello", &digest, &key);
    let manifests = Manifests::new(&registry);
    let pem = key.public_pem();
    let pem = pem.trim_end().replace('\n', "\n    ");
    manifests.write(
        "keys.yaml",
        &format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{ name: keys }}\nstringData:\n  \
             cosign.pub: |\n    {pem}\n"
        ),
    );
    (registry, manifests)
}

#[test]
fn a_signed_chart_is_said_to_be_signed() {
    let (_registry, manifests) = signed();
    manifests.chart("hello", "1.x", BY_KEY);
    manifests.chart("unasked", "2.x", "");
    let answer = run(manifests.path(), &["--once"]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    let proven = "pulled 'hello' chart with version '1.0.0', signature verified\n";
    assert!(answer.out.contains(proven), "{}", answer.out);
    assert!(
        answer.out.contains("chart with version '2.0.0'\n"),
        "nobody asked: {}",
        answer.out
    );
    let answer = run(manifests.path(), &["--once", "--output", "json"]);
    let objects: Value = serde_json::from_str(&answer.out).expect("JSON");
    let told = &objects[0]["conditions"];
    let verified = told.as_array().expect("conditions").iter();
    let mut verified = verified.filter(|one| one["type"] == "SourceVerified");
    let verified = verified.next().expect("it is told");
    assert_eq!(verified["message"], "verified signature of version 1.0.0");
}

#[test]
fn what_is_not_signed_as_demanded_is_told_and_fails() {
    let (_registry, manifests) = signed();
    manifests.chart("hello", "2.x", BY_KEY);
    let answer = run(manifests.path(), &["--once"]);
    assert_eq!(answer.code, Some(1));
    for told in [
        "HelmChart default/hello is not ready: VerificationError",
        "no signatures found",
        "1 not ready",
    ] {
        assert!(answer.out.contains(told), "no {told:?} in {answer:#?}");
    }
}

#[test]
fn a_schema_that_a_cluster_has_is_the_one_of_a_folder() {
    let (registry, manifests) = signed();
    manifests.index("charts", &registry.url(), "");
    manifests.chart("hello", "1.x", BY_KEY);
    let answer = run(manifests.path(), &["--once"]);
    assert_eq!(answer.code, Some(1));
    assert!(
        answer
            .out
            .contains("spec.verify: only a chart of a HelmRepository of type 'oci'"),
        "{answer:#?}"
    );
}
