//! Who signed, or said when, at a time at which he could not.

use portolan_verify::{Policy, PolicyBuilder, PublicKey, Reason, Signature, TrustRoot};
use serde_json::json;

use super::{accepted, judge, refused};
use crate::forge::{
    ALICE, Certified, Envelope, Key, Lab, SIGN, Tag, Usage, payload, pem, policy, statement,
    subject,
};

fn envelope(signer: &Certified) -> Envelope {
    Envelope::new(statement(&subject(), SIGN), &signer.key)
}

#[track_caller]
fn certificate_refused(what: &str, policy: PolicyBuilder, signature: &Signature) {
    let Err(refused) = judge(policy, signature) else {
        panic!("a forgery is accepted: {what}");
    };
    let reason = &refused.refused[0].reason;
    assert!(matches!(reason, Reason::Certificate(_)), "{what}: {reason}");
}

/// [CVE-2026-24122](https://nvd.nist.gov/vuln/detail/CVE-2026-24122): the
/// certificate of the authority ended before the signer's, and before the time of the timestamp.
#[test]
fn an_intermediate_that_ended_before_the_signature_does_not_vouch_for_it() {
    // As in the advisory: from half past twelve to half past one, and a leaf from one to three.
    let lab = Lab::with_intermediate(30..90);
    let alice = lab.certify(ALICE, 60..180);
    let envelope = envelope(&alice);
    let unlogged = |minutes| {
        let timestamp = lab.timestamp(&envelope.signature, minutes);
        envelope.bundle(Some(&alice.certificate), &[], &[timestamp])
    };
    let policy = || lab.policy().require_log(false);
    accepted(policy(), &unlogged(75));
    certificate_refused("a timestamp", policy(), &unlogged(150));
    // And by a log.
    let logged = |minutes| {
        let entry = lab.entry(&envelope.entry(&alice.pem()), minutes);
        envelope.bundle(Some(&alice.certificate), &[entry], &[])
    };
    accepted(lab.policy(), &logged(75));
    certificate_refused("an entry", lab.policy(), &logged(150));
}

/// The same where the trust root names only the root, and the signature brings the intermediate.
#[test]
fn an_intermediate_that_is_brought_along_is_judged_at_the_time_of_signing() {
    let lab = Lab::with_intermediate(30..90);
    let alice = lab.certify(ALICE, 60..180);
    let mut root = lab.trusted_root();
    let chain = &mut root["certificateAuthorities"][0]["certChain"]["certificates"];
    *chain = json!([chain[1]]);
    let signed = |minutes| {
        let mut tag = Tag::new(payload(&subject()), &alice);
        tag.chain = pem(lab.intermediate());
        tag.timestamp = Some(lab.timestamp(&tag.signature, minutes));
        tag.signature()
    };
    let policy = || policy(&root).require_log(false);
    accepted(policy(), &signed(75));
    certificate_refused("a timestamp", policy(), &signed(150));
}

/// [CVE-2026-54787](https://nvd.nist.gov/vuln/detail/CVE-2026-54787):
/// the time of signing was not held against the validity of the key.
#[test]
fn every_proven_time_has_to_lie_in_the_life_of_the_certificate() {
    let lab = Lab::new();
    let alice = lab.certify(ALICE, 60..70);
    let envelope = envelope(&alice);
    let at = |logged, stamped: &[u64]| {
        let entry = lab.entry(&envelope.entry(&alice.pem()), logged);
        let stamped = stamped.iter();
        let stamped: Vec<_> = stamped
            .map(|minutes| lab.timestamp(&envelope.signature, *minutes))
            .collect();
        envelope.bundle(Some(&alice.certificate), &[entry], &stamped)
    };
    accepted(lab.policy(), &at(65, &[]));
    accepted(lab.policy(), &at(65, &[64, 66]));
    for (logged, stamped) in [
        (65, &[120][..]),
        (65, &[64, 120]),
        (65, &[120, 64]),
        (65, &[30]),
        (120, &[]),
        (30, &[]),
        (120, &[65]),
    ] {
        let what = format!("logged at {logged}, stamped at {stamped:?}");
        certificate_refused(&what, lab.policy(), &at(logged, stamped));
    }
}

/// The same of the key of a log, and of a timestamp authority.
#[test]
fn who_proves_the_time_has_to_have_been_believed_then() {
    let lab = Lab::new();
    let alice = lab.certify(ALICE, 60..70);
    let envelope = envelope(&alice);
    let entry = lab.entry(&envelope.entry(&alice.pem()), 65);
    let logged = envelope.bundle(Some(&alice.certificate), &[entry], &[]);
    let stamped = lab.timestamp(&envelope.signature, 65);
    let stamped = envelope.bundle(Some(&alice.certificate), &[], &[stamped]);
    let within = |whose: &str, start: &str, end: &str| {
        let mut root = lab.trusted_root();
        *root.pointer_mut(whose).unwrap() = json!({ "start": start, "end": end });
        policy(&root)
    };
    let (noon, one) = ("2024-03-01T12:00:00Z", "2024-03-01T13:00:00Z");
    let (later, night) = ("2024-03-01T13:06:00Z", "2024-03-01T23:00:00Z");
    let log = "/tlogs/0/publicKey/validFor";
    accepted(within(log, noon, later), &logged);
    for (start, end) in [(noon, one), (later, night)] {
        super::not_logged(start, within(log, start, end), &logged);
    }
    let authority = "/timestampAuthorities/0/validFor";
    accepted(within(authority, noon, later).require_log(false), &stamped);
    for (start, end) in [(noon, one), (later, night)] {
        let policy = within(authority, start, end).require_log(false);
        let reason = refused(policy, &stamped);
        assert!(matches!(reason, Reason::Timestamp(_)), "{reason}");
    }
}

/// [CVE-2026-39984](https://nvd.nist.gov/vuln/detail/CVE-2026-39984):
/// one certificate of a timestamp was verified, and another one asked whether it may make timestamps.
#[test]
fn a_timestamp_is_of_the_certificate_that_signed_it_whatever_lies_beside() {
    let lab = Lab::new();
    let alice = lab.certify(ALICE, 60..70);
    let envelope = envelope(&alice);
    let genuine = &lab.timestamper;
    // Below the same root, and not for timestamps; below the same root, and of somebody else.
    let code = lab.certify_beside_timestamper(Usage::Code);
    let other = lab.certify_beside_timestamper(Usage::Timestamps);
    let stamp = |named: &Certified, signer: &Certified, bag: &[&[u8]]| {
        let signature = &envelope.signature;
        let token = Lab::forged_timestamp(signature, 65, &named.certificate, &signer.key, bag);
        envelope.bundle(Some(&alice.certificate), &[], &[token])
    };
    let policy = || lab.policy().require_log(false);
    let of = |certified: &Certified| certified.certificate.clone();
    let (own, theirs) = (of(genuine), of(&code));
    for bag in [&[&own[..]][..], &[], &[&theirs, &own], &[&own, &theirs]] {
        accepted(policy(), &stamp(genuine, genuine, bag));
    }
    for signer in [&code, &other] {
        let theirs = of(signer);
        for bag in [
            &[&own[..], &theirs][..],
            &[&theirs, &own],
            &[&theirs],
            &[&own],
            &[],
        ] {
            for named in [signer, genuine] {
                assert!(judge(policy(), &stamp(named, signer, bag)).is_err());
                let demanded = policy().require_timestamp(true);
                let reason = refused(demanded, &stamp(named, signer, bag));
                assert!(matches!(reason, Reason::Timestamp(_)), "{reason}");
            }
        }
    }
    // And if the trust root names it: it may still not make timestamps.
    let mut root = lab.trusted_root();
    let leaf = "/timestampAuthorities/0/certChain/certificates/0/rawBytes";
    *root.pointer_mut(leaf).unwrap() = json!(crate::forge::base64(&theirs));
    let named = crate::forge::policy(&root).require_log(false);
    let reason = refused(named, &stamp(&code, &code, &[&own, &theirs]));
    assert!(matches!(reason, Reason::Timestamp(_)), "{reason}");
}

/// A timestamp that is demanded of a key's signature is one of that signature, in either form.
#[test]
fn a_demanded_timestamp_of_another_signature_does_not_do() {
    let (lab, key) = (Lab::new(), Key::new());
    let named = PublicKey::parse("k", key.pem().as_bytes()).unwrap();
    let root = TrustRoot::parse(lab.trusted_root().to_string().as_bytes()).unwrap();
    let policy = || {
        let builder = Policy::builder()
            .key(named.clone())
            .trust_root(root.clone());
        builder.require_log(false).require_timestamp(true)
    };
    let envelope = Envelope::new(statement(&subject(), SIGN), &key);
    let signed = payload(&subject());
    let tag = Tag {
        signature: key.sign(&signed),
        payload: signed,
        ..Tag::default()
    };
    let bundled = |stamps: &[Vec<u8>]| envelope.bundle(None, &[], stamps);
    let tagged = |stamp: Option<Vec<u8>>| {
        let timestamp = stamp;
        Tag {
            timestamp,
            ..tag.clone()
        }
        .signature()
    };
    let (of_bundle, of_tag) = (
        lab.timestamp(&envelope.signature, 75),
        lab.timestamp(&tag.signature, 75),
    );
    for genuine in [
        bundled(std::slice::from_ref(&of_bundle)),
        tagged(Some(of_tag.clone())),
    ] {
        let verified = accepted(policy(), &genuine);
        assert_eq!(verified.signatures[0].timestamps.len(), 1);
    }
    for forged in [
        bundled(&[of_tag]),
        bundled(&[]),
        tagged(Some(of_bundle)),
        tagged(None),
    ] {
        let reason = refused(policy(), &forged);
        assert!(matches!(reason, Reason::Timestamp(_)), "{reason}");
    }
}

/// What is told of an entry is what was signed: the index among all entries by a promise, and without one
/// the index in the tree of the proof.
#[test]
fn an_entry_is_told_with_the_index_that_somebody_signed() {
    let lab = Lab::new();
    let alice = lab.certify(ALICE, 60..120);
    let envelope = envelope(&alice);
    let mut entry = lab.entry_at(&envelope.entry(&alice.pem()), 75, 7);
    let stamp = lab.timestamp(&envelope.signature, 75);
    let mut index = |promised: bool| {
        if !promised {
            entry.as_object_mut().unwrap().remove("inclusionPromise");
        }
        let stamps = [stamp.clone()];
        let bundle = envelope.bundle(Some(&alice.certificate), &[entry.clone()], &stamps);
        accepted(lab.policy(), &bundle).signatures[0].logged[0].log_index
    };
    assert_eq!(index(true), 7);
    assert_eq!(index(false), 0);
}
