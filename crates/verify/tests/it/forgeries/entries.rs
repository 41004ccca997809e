//! Log entries that are genuine, and about something else.

use portolan_verify::{Policy, PolicyBuilder, PublicKey, Reason, Signature, TrustRoot};
use serde_json::{Value, json};

use super::{accepted, not_logged, refused};
use crate::forge::{
    ALICE, Certified, Entry, Envelope, ISSUER, Key, Lab, SIGN, Tag, digest, payload, statement,
    subject,
};

/// Somebody has Alice's key, and wants nobody to see what it is used for.
struct Stolen {
    lab: Lab,
    alice: Certified,
    mallory: Certified,
}

impl Stolen {
    fn new() -> Self {
        let lab = Lab::new();
        let alice = lab.certify(ALICE, 60..70);
        let mallory = lab.certify("mallory@example.com", 60..70);
        Self {
            lab,
            alice,
            mallory,
        }
    }

    fn policy(&self) -> PolicyBuilder {
        self.lab.policy()
    }

    fn bundle(&self, envelope: &Envelope, entry: &Entry<'_>) -> Signature {
        let entry = self.lab.entry(entry, 65);
        envelope.bundle(Some(&self.alice.certificate), &[entry], &[])
    }

    fn tag(&self, tag: &Tag, entry: &Entry<'_>) -> Signature {
        let entry = Some(self.lab.entry(entry, 65));
        Tag {
            entry,
            ..tag.clone()
        }
        .signature()
    }
}

/// [CVE-2022-36056](https://nvd.nist.gov/vuln/detail/CVE-2022-36056),
/// [CVE-2022-23649](https://nvd.nist.gov/vuln/detail/CVE-2022-23649),
/// [CVE-2026-22703](https://nvd.nist.gov/vuln/detail/CVE-2026-22703): a valid entry is not held against the artifact, the signature and the key.
#[test]
fn a_valid_entry_about_something_else_is_no_entry() {
    let it = Stolen::new();
    let (alice, mallory) = (it.alice.pem(), it.mallory.pem());
    let other = digest(b"another chart");

    let ours = Envelope::new(statement(&subject(), SIGN), &it.alice.key);
    accepted(it.policy(), &it.bundle(&ours, &ours.entry(&alice)));
    let again = Envelope::new(ours.payload.clone(), &it.alice.key);
    assert_ne!(again.signature, ours.signature);
    let theirs = Envelope::new(statement(&other, SIGN), &it.alice.key);
    let (payload_of, signature) = (&theirs.payload, &ours.signature);
    for (what, entry) in [
        ("everything", theirs.entry(&mallory)),
        ("payload and signature", theirs.entry(&alice)),
        ("signature", again.entry(&alice)),
        ("certificate", ours.entry(&mallory)),
        (
            "payload",
            Entry::Dsse {
                payload: payload_of,
                signature,
                verifier: &alice,
            },
        ),
    ] {
        not_logged(what, it.policy(), &it.bundle(&ours, &entry));
    }

    let ours = Tag::new(payload(&subject()), &it.alice);
    accepted(it.policy(), &it.tag(&ours, &ours.entry(&alice)));
    let again = Tag::new(ours.payload.clone(), &it.alice);
    assert_ne!(again.signature, ours.signature);
    let theirs = Tag::new(payload(&other), &it.alice);
    for (what, entry) in [
        ("everything", theirs.entry(&mallory)),
        ("payload and signature", theirs.entry(&alice)),
        ("signature", again.entry(&alice)),
        ("certificate", ours.entry(&mallory)),
        (
            "payload",
            Entry::HashedRekord {
                payload: &theirs.payload,
                signature: &ours.signature,
                verifier: &alice,
            },
        ),
    ] {
        not_logged(what, it.policy(), &it.tag(&ours, &entry));
    }
}

/// The same of a bare key, whose entry holds the key.
#[test]
fn a_valid_entry_about_another_signature_of_a_key_is_no_entry() {
    let lab = Lab::new();
    let (key, other_key) = (Key::new(), Key::new());
    let policy = || {
        let root = TrustRoot::parse(lab.trusted_root().to_string().as_bytes()).unwrap();
        let key = PublicKey::parse("cosign.pub", key.pem().as_bytes()).unwrap();
        Policy::builder().key(key).trust_root(root)
    };
    let ours = Envelope::new(statement(&subject(), SIGN), &key);
    let again = Envelope::new(ours.payload.clone(), &key);
    let theirs = Envelope::new(statement(&digest(b"another chart"), SIGN), &key);
    let bundle = |entry: &Entry<'_>| ours.bundle(None, &[lab.entry(entry, 65)], &[]);
    accepted(policy(), &bundle(&ours.entry(&key.pem())));
    for (what, entry) in [
        ("payload and signature", theirs.entry(&key.pem())),
        ("signature", again.entry(&key.pem())),
        ("key", ours.entry(&other_key.pem())),
    ] {
        not_logged(what, policy(), &bundle(&entry));
    }
}

/// [CVE-2022-36056](https://nvd.nist.gov/vuln/detail/CVE-2022-36056), its
/// second part: with a log entry, nobody asked whose certificate it is.
#[test]
fn a_logged_signature_of_somebody_else_does_not_count() {
    let it = Stolen::new();
    for (who, name) in [(&it.alice, ALICE), (&it.mallory, "mallory@example.com")] {
        let envelope = Envelope::new(statement(&subject(), SIGN), &who.key);
        let entry = it.lab.entry(&envelope.entry(&who.pem()), 65);
        let bundle = envelope.bundle(Some(&who.certificate), std::slice::from_ref(&entry), &[]);
        let mut tag = Tag::new(payload(&subject()), who);
        tag.entry = Some(it.lab.entry(&tag.entry(&who.pem()), 65));
        for signature in [bundle, tag.signature()] {
            if name == ALICE {
                accepted(it.policy(), &signature);
            } else {
                let (subject, issuer) = (name.to_owned(), ISSUER.to_owned());
                let reason = Reason::Identity { subject, issuer };
                assert_eq!(refused(it.policy(), &signature), reason);
            }
        }
    }
}

/// [CVE-2022-36056](https://nvd.nist.gov/vuln/detail/CVE-2022-36056), its
/// third and fourth part: an entry that is not valid ended verification with success.
#[test]
fn an_entry_that_is_not_valid_is_never_success() {
    let it = Stolen::new();
    let ours = Envelope::new(statement(&subject(), SIGN), &it.alice.key);
    let entry = it.lab.entry(&ours.entry(&it.alice.pem()), 65);
    let bundle = |entry: Value| ours.bundle(Some(&it.alice.certificate), &[entry], &[]);
    accepted(it.policy(), &bundle(entry.clone()));
    // A log of one's own signs whatever one likes.
    let own = Lab::new().entry(&ours.entry(&it.alice.pem()), 65);
    not_logged("another log", it.policy(), &bundle(own.clone()));
    for link in ["inclusionPromise", "inclusionProof"] {
        let mut forged = entry.clone();
        forged[link] = own[link].clone();
        not_logged(link, it.policy(), &bundle(forged));
    }
    for (link, value) in [
        ("/integratedTime", json!("1709298000")),
        ("/logIndex", json!("1")),
        ("/inclusionProof/treeSize", json!("2")),
        (
            "/inclusionProof/hashes",
            json!([entry["inclusionProof"]["rootHash"]]),
        ),
    ] {
        let mut forged = entry.clone();
        *forged.pointer_mut(link).unwrap() = value;
        not_logged(link, it.policy(), &bundle(forged));
    }
    let none = ours.bundle(Some(&it.alice.certificate), &[], &[]);
    not_logged("no entry", it.policy(), &none);
}

/// [GHSA-fx35-mq7g-6g98](https://github.com/sigstore/cosign/security/advisories/GHSA-fx35-mq7g-6g98):
/// a bare key where a certificate should be, which then is believed because it is there.
#[test]
fn a_key_in_the_place_of_a_certificate_is_not_believed() {
    let it = Stolen::new();
    let mut tag = Tag::new(payload(&subject()), &it.alice);
    let genuine = it.tag(&tag, &tag.entry(&it.alice.pem()));
    accepted(it.policy(), &genuine);
    let own = Key::new();
    tag.signature = own.sign(&tag.payload);
    tag.certificate = own.pem();
    let forged = it.tag(&tag, &tag.entry(&own.pem()));
    let reason = refused(it.policy(), &forged);
    assert!(matches!(reason, Reason::Malformed(_)), "{reason}");
    // Nor is it a key of a policy that names keys.
    let key = PublicKey::parse("cosign.pub", Key::new().pem().as_bytes()).unwrap();
    let keyed = Policy::builder().key(key).require_log(false);
    assert_eq!(refused(keyed, &forged), Reason::KeyWanted);
}
