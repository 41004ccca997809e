//! Payloads that are signed, and are no signature of the artifact.

use portolan_verify::{Policy, PolicyBuilder, PublicKey, Reason, Signature};
use serde_json::{Value, json};

use super::{accepted, refused};
use crate::forge::{ALICE, Certified, Envelope, Lab, SIGN, Tag, payload, statement, subject};

struct Signer {
    lab: Lab,
    alice: Certified,
}

impl Signer {
    fn new() -> Self {
        let lab = Lab::new();
        let alice = lab.certify(ALICE, 60..70);
        Self { lab, alice }
    }

    /// By Alice's certificate and logged, and by her key alone.
    fn policies(&self) -> [PolicyBuilder; 2] {
        let key = PublicKey::parse("alice.pub", self.alice.key.pem().as_bytes()).unwrap();
        let keyed = Policy::builder().key(key).require_log(false);
        [self.lab.policy(), keyed]
    }

    /// For each of the policies.
    fn bundles(&self, payload: Vec<u8>) -> [Signature; 2] {
        self.wrapped(&Envelope::new(payload, &self.alice.key))
    }

    fn wrapped(&self, envelope: &Envelope) -> [Signature; 2] {
        let entry = self.lab.entry(&envelope.entry(&self.alice.pem()), 65);
        [
            envelope.bundle(Some(&self.alice.certificate), &[entry], &[]),
            envelope.bundle(None, &[], &[]),
        ]
    }

    fn tags(&self, payload: Vec<u8>) -> [Signature; 2] {
        let mut tag = Tag::new(payload, &self.alice);
        tag.entry = Some(self.lab.entry(&tag.entry(&self.alice.pem()), 65));
        let logged = tag.signature();
        (tag.certificate, tag.entry) = (String::new(), None);
        [logged, tag.signature()]
    }
}

/// [CVE-2022-35929](https://nvd.nist.gov/vuln/detail/CVE-2022-35929),
/// [CVE-2022-35930](https://nvd.nist.gov/vuln/detail/CVE-2022-35930):
/// an attestation of whatever type stood for the one that was wanted.
#[test]
fn a_genuine_attestation_is_no_signature() {
    let signer = Signer::new();
    let genuine = signer.bundles(statement(&subject(), SIGN));
    for (policy, signature) in signer.policies().into_iter().zip(&genuine) {
        accepted(policy, signature);
    }
    for kind in [
        "https://slsa.dev/provenance/v1",
        "https://cosign.sigstore.dev/attestation/vuln/v1",
        "https://spdx.dev/Document",
        "https://sigstore.dev/cosign/sign/v2",
        "https://sigstore.dev/cosign/sign/v1/",
        "",
    ] {
        let forged = signer.bundles(statement(&subject(), kind));
        for (policy, signature) in signer.policies().into_iter().zip(&forged) {
            assert_eq!(
                refused(policy, signature),
                Reason::Attestation(kind.to_owned())
            );
        }
    }
    for (policy, signature) in signer
        .policies()
        .into_iter()
        .zip(signer.tags(payload(&subject())))
    {
        accepted(policy, &signature);
    }
    let mut other: Value = serde_json::from_slice(&payload(&subject())).unwrap();
    other["critical"]["type"] = json!("cosign container image attestation");
    let other = other.to_string().into_bytes();
    for (policy, signature) in signer.policies().into_iter().zip(signer.tags(other)) {
        let reason = refused(policy, &signature);
        assert!(matches!(reason, Reason::Attestation(_)), "{reason}");
    }
}

/// [CVE-2026-39395](https://nvd.nist.gov/vuln/detail/CVE-2026-39395): a
/// payload that cannot be read, under a valid signature, was success.
#[test]
fn a_signed_payload_that_cannot_be_read_is_no_signature() {
    let signer = Signer::new();
    let without = |payload: &[u8], member: &str| {
        let mut value: Value = serde_json::from_slice(payload).unwrap();
        let at = value.as_object_mut().unwrap();
        at.remove(member).unwrap();
        value.to_string().into_bytes()
    };
    let malformed = |forged: [Signature; 2]| {
        for (policy, signature) in signer.policies().into_iter().zip(&forged) {
            let reason = refused(policy, signature);
            assert!(matches!(reason, Reason::Malformed(_)), "{reason}");
        }
    };
    let (statement, payload) = (statement(&subject(), SIGN), payload(&subject()));
    for (policy, signature) in signer
        .policies()
        .into_iter()
        .zip(signer.bundles(statement.clone()))
    {
        accepted(policy, &signature);
    }
    for broken in [
        Vec::new(),
        b"{".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"\xff\xfe".to_vec(),
        statement[..statement.len() - 1].to_vec(),
        [&statement[..], b"x"].concat(),
        without(&statement, "predicateType"),
        without(&statement, "subject"),
        without(&statement, "_type"),
    ] {
        malformed(signer.bundles(broken));
    }
    // What can be read, and is called something else.
    let mut other: Value = serde_json::from_slice(&statement).unwrap();
    other["_type"] = json!("https://in-toto.io/Statement/v2");
    malformed(signer.bundles(other.to_string().into_bytes()));
    for kind in [
        "application/json",
        "application/vnd.in-toto+json; charset=utf-8",
        "",
    ] {
        let envelope = Envelope::of_kind(kind, statement.clone(), &signer.alice.key);
        malformed(signer.wrapped(&envelope));
    }
    for broken in [
        Vec::new(),
        b"null".to_vec(),
        b"\xff\xfe".to_vec(),
        payload[..payload.len() - 1].to_vec(),
        [&payload[..], b"x"].concat(),
        without(&payload, "critical"),
        br#"{"critical":{"type":"cosign container image signature","image":{}}}"#.to_vec(),
    ] {
        malformed(signer.tags(broken));
    }
}

/// A statement may have several subjects, and what is written beside one says nothing of the others.
#[test]
fn what_is_written_beside_another_subject_is_not_this_ones() {
    let signer = Signer::new();
    let (this, other) = (subject().hex().to_owned(), "0".repeat(64));
    let said = |subjects: &[(&str, Option<&str>)]| {
        let subjects = subjects.iter().map(|(hex, stage)| {
            json!({ "digest": { "sha256": hex }, "annotations": stage.map(|stage| json!({ "stage": stage })) })
        });
        let mut value: Value = serde_json::from_slice(&statement(&subject(), SIGN)).unwrap();
        value["subject"] = subjects.collect();
        signer.bundles(value.to_string().into_bytes())
    };
    let asked = || {
        signer
            .policies()
            .map(|one| one.annotation("stage", "released"))
    };
    for subjects in [
        &[(&*this, Some("released"))][..],
        &[(&*other, Some("tested")), (&*this, Some("released"))],
        &[(&*this, Some("released")), (&*this, Some("tested"))],
    ] {
        for (policy, signature) in asked().into_iter().zip(&said(subjects)) {
            let verified = accepted(policy, signature);
            let told = verified.signatures[0].annotations.iter();
            assert_eq!(
                told.collect::<Vec<_>>(),
                [(&"stage".to_owned(), &"released".to_owned())]
            );
        }
    }
    for subjects in [
        &[(&*other, Some("released")), (&*this, None)][..],
        &[(&*this, None), (&*other, Some("released"))],
        &[(&*this, Some("tested")), (&*other, Some("released"))],
        &[(&*this, Some("tested")), (&*this, Some("released"))],
    ] {
        for (policy, signature) in asked().into_iter().zip(&said(subjects)) {
            let reason = refused(policy, signature);
            assert_eq!(
                reason,
                Reason::Annotation("stage".to_owned()),
                "{subjects:?}"
            );
        }
    }
}

/// Go takes `Critical` for `critical`, and of two the last.
#[test]
fn a_payload_that_others_read_differently_is_no_signature() {
    let signer = Signer::new();
    let genuine: Value = serde_json::from_slice(&payload(&subject())).unwrap();
    let other = payload(&crate::forge::digest(b"another chart"));
    let other: Value = serde_json::from_slice(&other).unwrap();
    for (member, within) in [
        ("Critical", ""),
        ("CRITICAL", ""),
        ("Optional", ""),
        ("Image", "/critical"),
        ("Type", "/critical"),
        ("Docker-Manifest-Digest", "/critical/image"),
    ] {
        let mut ambiguous = genuine.clone();
        let meant = other.pointer(&format!("{within}/{}", member.to_lowercase()));
        let at = ambiguous.pointer_mut(within).unwrap();
        at[member] = meant.unwrap().clone();
        for (policy, signature) in signer
            .policies()
            .into_iter()
            .zip(signer.tags(ambiguous.to_string().into_bytes()))
        {
            let reason = refused(policy, &signature);
            assert!(matches!(reason, Reason::Malformed(_)), "{member}: {reason}");
        }
    }
}
