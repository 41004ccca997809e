//! Charts that somebody has to have signed who is known by a certificate.

use portolan_acquire::TrustRoots;
use portolan_kit::CosignKey;
use portolan_verify::TrustRoot;
use serde_json::{Value, json};

use super::verification::{CHARTS, push, registry};
use super::{chart, pass};
use crate::context::Settings;
use crate::kind::Next;
use crate::world::World;

/// A world with a chart that a private Sigstore instance has seen signed, in this form. The chart's
/// archive is not there: whoever asks for it has found the proof.
async fn seen_signed(case: &str, root: &str) -> World {
    let data = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../crates/verify/tests/data/sigstore"
    );
    let read = |file: &str| std::fs::read(format!("{data}/{file}")).unwrap();
    let root = TrustRoot::parse(&read(root)).unwrap();
    let world = World::believing(TrustRoots::fixed(root), Settings::default()).await;
    let registry = &world.registry;
    let url = registry.oci_url("charts");
    let spec = json!({ "type": "oci", "insecure": true, "url": url });
    world.apply("HelmRepository", "repo", 1, spec);
    let manifest = "application/vnd.oci.image.manifest.v1+json";
    let subject = read(&format!("genuine/{case}/subject.json"));
    let digest = registry.push_manifest(CHARTS, Some("1.0.0"), manifest, &subject);
    for entry in std::fs::read_dir(format!("{data}/genuine/{case}")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let bytes = read(&format!("genuine/{case}/{name}"));
        if name == "sig.manifest.json" {
            let tag = format!("{}.sig", digest.replace(':', "-"));
            registry.push_manifest(CHARTS, Some(&tag), manifest, &bytes);
        } else if name.ends_with(".manifest.json") {
            registry.push_manifest(CHARTS, None, manifest, &bytes);
        } else if name != "subject.json" && name != "referrers.json" {
            registry.push_blob(CHARTS, &bytes);
        }
    }
    world
}

#[tokio::test]
async fn whoever_an_identity_names_may_have_signed_and_nobody_else() {
    const OWN: &str = "trusted_root.json";
    let alice = ("^http://127.0.0.1:22010/email$", "^alice@example\\.com$");
    for case in [
        "bundle-keyless-rekor1",
        "bundle-keyless-rekor2",
        "tag-keyless-rekor1",
    ] {
        for (root, (issuer, subject), is_good) in [
            (OWN, alice, true),
            (OWN, (alice.0, "^mallory@example\\.net$"), false),
            (OWN, ("^https://issuer\\.example\\.com$", alice.1), false),
            ("trusted_root_foreign.json", alice, false),
        ] {
            let world = seen_signed(case, root).await;
            let identity = json!([{ "issuer": issuer, "subject": subject }]);
            let verify = json!({ "provider": "cosign", "matchOIDCIdentity": identity });
            chart(&world, 1, "1.0.0", json!({ "verify": verify }));
            assert_eq!(pass(&world).await, Next::RETRY);
            let message = world.message("Ready");
            let expected = if is_good {
                "FetchFailed=True/ChartPullError"
            } else {
                "BuildFailed=True/ChartVerificationError"
            };
            assert_eq!(
                world.conditions()[2],
                expected,
                "{case} {subject}: {message}"
            );
            let subject = world.registry.manifest(CHARTS, "1.0.0").unwrap();
            let subject: Value = serde_json::from_slice(&subject).unwrap();
            let layer = subject["layers"][0]["digest"].as_str().unwrap();
            let requests = world.registry.requests();
            let was_asked = requests.iter().any(|seen| seen.path.contains(layer));
            assert_eq!(was_asked, is_good, "{case}: {message}");
        }
    }
}

#[tokio::test]
async fn who_names_nobody_gets_nothing() {
    let world = registry().await;
    push(&world.registry, "1.0.0");
    chart(
        &world,
        1,
        "1.0.0",
        json!({ "verify": { "provider": "cosign" } }),
    );
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(
        world.conditions()[3],
        "SourceVerified=False/VerificationError"
    );
    let message = world.message("SourceVerified");
    assert!(message.contains("'cosign keyless'"), "{message}");
    assert!(
        message.contains("spec.verify.matchOIDCIdentity"),
        "{message}"
    );
    assert!(world.registry.requests().is_empty());
}

#[tokio::test]
async fn a_signature_by_a_key_is_none_by_an_identity() {
    let world = registry().await;
    let digest = push(&world.registry, "1.0.0");
    let key = CosignKey::generate();
    world.registry.sign_with_tag(CHARTS, &digest, &key);
    world.registry.sign_with_bundle(CHARTS, &digest, &key);
    let anybody = json!([{ "issuer": ".*", "subject": ".*" }]);
    let verify = json!({ "provider": "cosign", "matchOIDCIdentity": anybody });
    chart(&world, 1, "1.0.0", json!({ "verify": verify }));
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(
        world.conditions()[2],
        "BuildFailed=True/ChartVerificationError"
    );
    let message = world.message("Ready");
    assert!(message.contains("no matching signatures: "), "{message}");
}
