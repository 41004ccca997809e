use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use portolan_api::reason;
use portolan_kit::CosignKey;
use serde_json::{Value, json};

use super::*;
use crate::failure::{Claim, Retry};

fn verification(value: Value) -> Verification {
    serde_json::from_value(value).unwrap()
}

fn keyed() -> Verification {
    verification(json!({ "provider": "cosign", "secretRef": { "name": "keys" } }))
}

fn keyless(identities: &[(&str, &str)]) -> Verification {
    let identities = identities
        .iter()
        .map(|(issuer, subject)| json!({ "issuer": issuer, "subject": subject }));
    let identities: Vec<_> = identities.collect();
    verification(json!({ "provider": "cosign", "matchOIDCIdentity": identities }))
}

fn secret(data: &[(&str, &[u8])]) -> Secret {
    let mut secret: Secret =
        serde_json::from_value(json!({ "metadata": { "name": "keys", "namespace": "team" } }))
            .unwrap();
    let data = data
        .iter()
        .map(|(key, value)| ((*key).to_owned(), ByteString(value.to_vec())));
    secret.data = Some(data.collect::<BTreeMap<_, _>>());
    secret
}

fn root() -> TrustRoot {
    TrustRoot::sigstore().unwrap()
}

fn no_root() -> TrustRoot {
    panic!("keys need no trust root")
}

/// The policy by the keys of a Secret.
fn by_keys(data: &[(&str, &[u8])]) -> Result<Policy, Failure> {
    policy(&keyed(), Some(&secret(data)), no_root)
}

fn fingerprint_of(data: &[(&str, &[u8])]) -> String {
    by_keys(data).unwrap().fingerprint().to_string()
}

/// How a policy that cannot be made is told.
#[track_caller]
fn failing(made: Result<Policy, Failure>, text: &str) {
    let failure = made.unwrap_err();
    assert_eq!(failure.message, text);
    assert_eq!(failure.condition, "FetchFailed");
    assert_eq!(failure.reason, reason::VERIFICATION_ERROR);
    assert_eq!(failure.event_reason, reason::VERIFICATION_ERROR);
    assert_eq!(failure.claim, Claim::Denied);
    assert!(matches!(failure.retry, Retry::After { .. }));
}

#[test]
fn every_key_of_the_secret_that_ends_in_pub_may_have_signed() {
    let (a, b) = (CosignKey::generate(), CosignKey::generate());
    let (a, b) = (a.public_pem(), b.public_pem());
    let one = fingerprint_of(&[("a.pub", a.as_bytes())]);
    let both = fingerprint_of(&[("a.pub", a.as_bytes()), ("b.pub", b.as_bytes())]);
    assert_ne!(one, both);
    let beside = [("a.pub", a.as_bytes()), ("b.pem", b.as_bytes())];
    assert_eq!(one, fingerprint_of(&beside), "only what is called .pub");
    let renamed = fingerprint_of(&[("z.pub", a.as_bytes())]);
    assert_eq!(one, renamed, "names do not matter");
}

#[test]
fn another_key_is_another_policy_and_so_is_the_same_key_written_differently() {
    let (a, b) = (CosignKey::generate(), CosignKey::generate());
    let (a, b) = (a.public_pem(), b.public_pem());
    let one = fingerprint_of(&[("a.pub", a.as_bytes())]);
    assert_ne!(one, fingerprint_of(&[("a.pub", b.as_bytes())]));
    let wider = a.replace('\n', "\r\n");
    assert_ne!(one, fingerprint_of(&[("a.pub", wider.as_bytes())]));
}

#[test]
fn a_key_counts_and_identities_beside_it_do_not() {
    let key = CosignKey::generate().public_pem();
    let mut verify = keyed();
    verify.match_oidc_identity = keyless(&[("[", "[")]).match_oidc_identity;
    let made = policy(
        &verify,
        Some(&secret(&[("a.pub", key.as_bytes())])),
        no_root,
    );
    let made = made.unwrap();
    assert!(!made.is_keyless());
    assert_eq!(
        made.fingerprint().to_string(),
        fingerprint_of(&[("a.pub", key.as_bytes())])
    );
}

#[test]
fn a_secret_without_a_usable_key_says_so() {
    const BEGIN: &str = "failed to verify the signature using provider 'cosign': ";
    let none = format!("{BEGIN}no public keys found in secret 'team/keys'");
    failing(by_keys(&[]), &none);
    let key = CosignKey::generate().public_pem();
    failing(by_keys(&[("good.pem", key.as_bytes())]), &none);
    // One that cannot be read is never passed over: somebody relies on it.
    let bad = [("bad.pub", &b"nonsense"[..]), ("good.pub", key.as_bytes())];
    let failure = by_keys(&bad).unwrap_err();
    let begin = format!("{BEGIN}secret 'team/keys': bad.pub: ");
    assert!(failure.message.starts_with(&begin), "{}", failure.message);
    assert!(!failure.message.contains("nonsense"));
    failing(by_keys(&bad), &failure.message);
}

#[test]
fn identities_are_go_expressions_and_any_of_them_may_have_signed() {
    let one = ("^https://issuer$", "^me@example\\.com$");
    let other = ("https://issuer", "(?i)you");
    let made = |identities: &[(&str, &str)]| policy(&keyless(identities), None, root).unwrap();
    assert!(made(&[one]).is_keyless());
    assert_ne!(made(&[one]), made(&[one, other]));
    assert_ne!(made(&[one]), made(&[other]));
    assert_eq!(made(&[one, other]), made(&[other, one]));
}

#[test]
fn nobody_is_believed_whom_the_spec_does_not_name() {
    const BEGIN: &str = "failed to verify the signature using provider 'cosign keyless': ";
    failing(
        policy(&keyless(&[]), None, root),
        &format!(
            "{BEGIN}can't verify identities without providing at least one identity: add \
             spec.verify.matchOIDCIdentity with the issuer and the subject of who signs, or \
             spec.verify.secretRef with public keys"
        ),
    );
    for (issuer, subject, field) in [("", "s", "issuer"), ("i", "", "subject")] {
        failing(
            policy(&keyless(&[("i", "s"), (issuer, subject)]), None, root),
            &format!(
                "{BEGIN}spec.verify.matchOIDCIdentity[1].{field}: it is empty, which would be \
                 anybody: write .* if that is meant"
            ),
        );
    }
}

#[test]
fn an_expression_that_is_none_is_told_with_its_field() {
    let failed = |issuer: &str, subject: &str| {
        let verify = keyless(&[("i", "s"), (issuer, subject)]);
        policy(&verify, None, root).unwrap_err().message
    };
    let begin = |field: &str| {
        format!(
            "failed to verify the signature using provider 'cosign keyless': \
             spec.verify.matchOIDCIdentity[1].{field}: error parsing regexp: "
        )
    };
    assert!(failed("i(", "s").starts_with(&begin("issuer")));
    assert!(failed("i", "s(").starts_with(&begin("subject")));
    assert!(failed("i", "(?=s)").starts_with(&begin("subject")));
}

#[test]
fn signatures_of_others_than_cosign_are_refused_by_name() {
    for provider in ["notation", "minisign"] {
        let verify = verification(json!({ "provider": provider, "secretRef": { "name": "keys" } }));
        let failure = refuse_unsupported(&verify).unwrap_err();
        assert_eq!(failure.reason, reason::UNSUPPORTED_FIELD);
        assert_eq!(failure.retry, Retry::WhenChanged);
        assert_eq!(failure.claim, Claim::Denied);
        assert_eq!(
            failure.message,
            format!(
                "spec.verify.provider: signatures of {provider} cannot be verified by this version, \
                 those of cosign can; nothing is fetched while it stays so"
            )
        );
        let made = policy(&verify, Some(&secret(&[])), root);
        assert_eq!(made.unwrap_err(), failure, "whoever asks");
    }
}

/// Tenants write both. A thousand keys take seconds for each signature, and a few hundred expressions
/// of ten letters take gigabytes: they are counted before any of them is read.
#[test]
fn more_keys_or_identities_than_anybody_has_are_not_even_read() {
    let names: Vec<_> = (0..33).map(|number| format!("{number}.pub")).collect();
    let pem = CosignKey::generate().public_pem();
    let good: Vec<_> = names.iter().map(|name| (&**name, pem.as_bytes())).collect();
    assert!(by_keys(&good[..32]).is_ok());
    let beside = [&good[..32], &[("cosign.key", &b"none of these"[..])]].concat();
    assert!(by_keys(&beside).is_ok());
    let broken: Vec<_> = names.iter().map(|name| (&**name, &b"no key"[..])).collect();
    for keys in [good, broken] {
        failing(
            by_keys(&keys),
            "failed to verify the signature using provider 'cosign': secret 'team/keys' has 33 public keys, and 32 is the most",
        );
    }
    let by = |identity, count| policy(&keyless(&vec![identity; count]), None, root);
    assert!(by(("issuer", "subject"), 32).is_ok());
    for identity in [("issuer", "subject"), ("(", ")"), ("", "")] {
        failing(
            by(identity, 33),
            "failed to verify the signature using provider 'cosign keyless': spec.verify.matchOIDCIdentity has 33 entries, and 32 is the most",
        );
    }
}
