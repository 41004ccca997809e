//! Mistakes that others made and published, tried here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portolan_reference::{Algorithm, Digest};
use portolan_verify::{Judge, Policy, PolicyBuilder, PublicKey, Reason, Signature};
use serde_json::{Value, json};
use sigstore::crypto::SigningScheme;

use crate::fixtures::{Case, key, now, path, root};
use crate::raw::Raw;
use crate::roots::anybody;

fn keyless() -> PolicyBuilder {
    anybody(root("trusted_root.json"))
}

/// Why the only signature does not count.
#[track_caller]
fn reason(policy: PolicyBuilder, digest: &Digest, signature: &Signature) -> Reason {
    let mut judge = Judge::new(policy.build().unwrap(), digest.clone(), now());
    judge.consider(signature);
    let refused = judge.finish().unwrap_err().refused;
    refused.into_iter().next().unwrap().reason
}

fn raw(case: &str, number: usize) -> (Digest, Raw) {
    let found = Case::load(case);
    let raw = Raw::read(&path(case), &found.signatures[number]);
    (found.digest, raw)
}

#[test]
fn an_entry_of_another_signature_is_not_this_ones() {
    // CVE-2022-23649, CVE-2022-36056, CVE-2026-22703. First for other payloads, then for one payload that
    // two people signed, whose entries differ in the signature and its certificate only.
    for (case, number, other, other_number) in [
        (
            "genuine/tag-keyless-rekor1",
            0,
            "genuine/tag-keyless-workflow",
            0,
        ),
        ("genuine/tag-keyless-two", 0, "genuine/tag-keyless-two", 1),
        ("genuine/tag-keyless-two", 1, "genuine/tag-keyless-two", 0),
    ] {
        let (digest, mut forged) = raw(case, number);
        let (_, other) = raw(other, other_number);
        forged.value["bundle"] = other.value["bundle"].clone();
        let why = reason(keyless(), &digest, &forged.signature());
        assert!(
            matches!(why, Reason::TransparencyLog(_) | Reason::Certificate(_)),
            "{case}: {why}"
        );
    }
    let entries = "/verificationMaterial/tlogEntries";
    for (case, other, policy) in [
        (
            "genuine/bundle-keyless-rekor1",
            "genuine/bundle-keyless-rekor1-timestamp",
            keyless(),
        ),
        (
            "genuine/bundle-keyless-rekor2",
            "genuine/bundle-keyless-workflow-rekor2",
            keyless(),
        ),
        (
            "genuine/bundle-key-p256a-rekor1",
            "genuine/bundle-key-rsa2048-rekor1",
            Policy::builder()
                .key(key("p256a"))
                .trust_root(root("trusted_root.json")),
        ),
    ] {
        let (digest, mut forged) = raw(case, 0);
        let (_, other) = raw(other, 0);
        *forged.value.pointer_mut(entries).unwrap() = other.value.pointer(entries).unwrap().clone();
        let why = reason(policy, &digest, &forged.signature());
        assert!(
            matches!(why, Reason::TransparencyLog(_) | Reason::Certificate(_)),
            "{case}: {why}"
        );
    }
}

#[test]
fn a_statement_about_an_artifact_is_not_its_signature() {
    // CVE-2022-35929, CVE-2022-35930.
    let (digest, attestation) = raw("genuine/attestation-keyless", 0);
    let why = reason(keyless(), &digest, &attestation.signature());
    assert!(matches!(why, Reason::Attestation(_)), "{why}");
    let (digest, attestation) = raw("genuine/attestation-key", 0);
    let policy = Policy::builder().key(key("p256a")).require_log(false);
    let why = reason(policy, &digest, &attestation.signature());
    assert!(matches!(why, Reason::Attestation(_)), "{why}");
}

#[test]
fn signatures_without_end_are_not_looked_at_without_end() {
    // CVE-2023-46737, CVE-2024-45395, CVE-2024-29902, CVE-2024-29903.
    let good = Case::load("genuine/bundle-keyless-rekor1");
    let policy = keyless().build().unwrap();
    let mut judge = Judge::new(policy, good.digest.clone(), now());
    let mut looked = 0;
    while judge.wants_more() {
        judge.consider(&Signature::bundle("noise", vec![b'['; 4 << 20]));
        looked += 1;
    }
    assert_eq!(looked, 100);
    judge.consider(&good.signatures[0]);
    assert!(judge.finish().is_err());
}

/// A key, and what it signs.
fn fresh() -> (PublicKey, impl Fn(&[u8]) -> String) {
    let signer = SigningScheme::ECDSA_P256_SHA256_ASN1
        .create_signer()
        .unwrap();
    let pem = signer
        .to_sigstore_keypair()
        .unwrap()
        .public_key_to_pem()
        .unwrap();
    let key = PublicKey::parse("fresh.pub", pem.as_bytes()).unwrap();
    let sign = move |message: &[u8]| STANDARD.encode(signer.sign(message).unwrap());
    (key, sign)
}

/// A bundle whose envelope holds this, signed.
fn signed(sign: &impl Fn(&[u8]) -> String, kind: &str, payload: &str) -> Signature {
    let pae = format!("DSSEv1 {} {kind} {} {payload}", kind.len(), payload.len());
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": { "publicKey": { "hint": "" } },
        "dsseEnvelope": {
            "payloadType": kind,
            "payload": STANDARD.encode(payload),
            "signatures": [{ "sig": sign(pae.as_bytes()) }],
        },
    });
    Signature::bundle("bundle", bundle.to_string())
}

#[test]
fn what_is_signed_and_cannot_be_read_names_nothing() {
    // CVE-2026-39395: whoever gets anything signed could have it taken for a signature of everything.
    let (key, sign) = fresh();
    let digest = Digest::of(Algorithm::Sha256, b"a manifest");
    let policy = || Policy::builder().key(key.clone()).require_log(false);
    let said = |subject: Value, predicate: &str, statement: &str| {
        json!({ "_type": statement, "subject": subject, "predicateType": predicate }).to_string()
    };
    let (kind, v1) = (
        "application/vnd.in-toto+json",
        "https://in-toto.io/Statement/v1",
    );
    let is = "https://sigstore.dev/cosign/sign/v1";
    let own = json!([{ "digest": { "sha256": digest.hex() } }]);
    let good = signed(&sign, kind, &said(own.clone(), is, v1));
    let mut judge = Judge::new(policy().build().unwrap(), digest.clone(), now());
    judge.consider(&good);
    assert!(judge.finish().is_ok());

    for (kind, payload) in [
        (kind, String::new()),
        (kind, "{}".to_owned()),
        (kind, "null".to_owned()),
        (kind, digest.hex().to_owned()),
        (kind, said(json!([]), is, v1)),
        (kind, said(json!(null), is, v1)),
        (kind, said(json!([{}]), is, v1)),
        (kind, said(json!([{ "digest": {} }]), is, v1)),
        (kind, said(json!([{ "digest": { "sha256": "" } }]), is, v1)),
        (
            kind,
            said(json!([{ "digest": { "sha512": digest.hex() } }]), is, v1),
        ),
        (kind, said(json!([{ "name": digest.to_string() }]), is, v1)),
        (kind, said(own.clone(), "", v1)),
        (
            kind,
            said(own.clone(), "https://slsa.dev/provenance/v1", v1),
        ),
        (
            kind,
            said(own.clone(), is, "https://in-toto.io/Statement/v0.1"),
        ),
        ("application/json", said(own.clone(), is, v1)),
        ("", said(own, is, v1)),
    ] {
        let why = reason(policy(), &digest, &signed(&sign, kind, &payload));
        assert!(!matches!(why, Reason::NoKeyVerifies), "{payload}: {why}");
    }
    for payload in [
        String::new(),
        "{}".to_owned(),
        "null".to_owned(),
        digest.to_string(),
        json!({ "critical": { "type": "cosign container image signature" } }).to_string(),
        json!({ "critical": { "image": { "docker-manifest-digest": digest.to_string() } } })
            .to_string(),
    ] {
        let signature = sign(payload.as_bytes());
        let annotation = ("dev.cosignproject.cosign/signature".to_owned(), signature);
        let signature = Signature::simple_signing("layer", payload.clone(), [annotation]);
        let why = reason(policy(), &digest, &signature);
        assert!(matches!(why, Reason::Malformed(_)), "{payload}: {why}");
    }
}

#[test]
fn a_certificate_is_judged_at_the_time_that_is_proven() {
    // CVE-2026-54787 and what is like it: a key that outlived its certificate signs on.
    let (digest, late) = raw("genuine/tag-keyless-expired-when-logged", 0);
    let why = reason(keyless(), &digest, &late.signature());
    let Reason::Certificate(why) = why else {
        panic!("{why}");
    };
    assert!(why.contains("CertExpired"), "{why}");
}

#[test]
fn an_authority_of_the_same_name_is_another_authority() {
    // CVE-2026-39984: names are written by whoever writes the certificate.
    for case in [
        "genuine/bundle-keyless-rekor1",
        "genuine/bundle-keyless-rekor2",
        "genuine/tag-keyless-rekor1-timestamp",
    ] {
        let (digest, signature) = raw(case, 0);
        let foreign = anybody(root("trusted_root_foreign.json"));
        reason(foreign.require_log(false), &digest, &signature.signature());
    }
}
