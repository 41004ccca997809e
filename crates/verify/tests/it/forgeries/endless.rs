//! More than anybody needs, and the same counted twice.

use std::convert::Infallible;

use portolan_verify::{
    Identity, Judge, Pattern, Policy, PolicyBuilder, PublicKey, Reason, Signature, SignatureSource,
    VerifyError, verify,
};

use super::{accepted, refused};
use crate::fixtures::ready;
use crate::forge::{
    ALICE, Envelope, ISSUER, Key, Lab, SIGN, Tag, now, payload, statement, subject,
};

/// Somebody who can push adds signatures without end; the good one is at one place among them.
struct Endless {
    bad: Signature,
    good: Signature,
    place: usize,
    asked: usize,
}

impl SignatureSource for Endless {
    type Error = Infallible;

    async fn next(&mut self) -> Result<Option<Signature>, Infallible> {
        self.asked += 1;
        let good = self.asked == self.place;
        Ok(Some(if good { &self.good } else { &self.bad }.clone()))
    }
}

struct Keyed {
    key: Key,
    good: Signature,
}

impl Keyed {
    fn new() -> Self {
        let key = Key::new();
        let good = Envelope::new(statement(&subject(), SIGN), &key);
        let good = good.bundle(None, &[], &[]);
        Self { key, good }
    }

    fn policy(&self) -> PolicyBuilder {
        let key = PublicKey::parse("cosign.pub", self.key.pem().as_bytes()).unwrap();
        Policy::builder().key(key).require_log(false)
    }

    /// Whether the good one is found, and how many signatures were asked for.
    fn judge(&self, bad: Signature, place: usize) -> (bool, usize) {
        let mut source = Endless {
            bad,
            good: self.good.clone(),
            place,
            asked: 0,
        };
        let policy = self.policy().build().unwrap();
        let answer = ready(verify(&policy, &subject(), &mut source, now()));
        if let Err(error) = &answer {
            assert!(matches!(error, VerifyError::Refused(_)), "{error}");
        }
        (answer.is_ok(), source.asked)
    }
}

/// [CVE-2023-46737](https://nvd.nist.gov/vuln/detail/CVE-2023-46737),
/// [CVE-2024-29903](https://nvd.nist.gov/vuln/detail/CVE-2024-29903): a
/// registry with signatures without end.
#[test]
fn a_hundred_signatures_are_looked_at_and_no_more_are_asked_for() {
    let keyed = Keyed::new();
    let other = Envelope::new(statement(&subject(), SIGN), &Key::new());
    let bad = other.bundle(None, &[], &[]);
    assert_eq!(keyed.judge(bad.clone(), 1), (true, 1));
    assert_eq!(keyed.judge(bad.clone(), 100), (true, 100));
    assert_eq!(keyed.judge(bad, 101), (false, 100));
}

/// [CVE-2024-29902](https://nvd.nist.gov/vuln/detail/CVE-2024-29902): one
/// that is so large that memory ends.
#[test]
fn what_is_too_large_is_passed_over_and_the_rest_of_the_bytes_goes_on() {
    let keyed = Keyed::new();
    let large = |bytes: usize| Signature::bundle("large", vec![b'['; bytes]);
    // Whatever is above 4 MiB is not looked into, and does not use up what others may have.
    let above = large((4 << 20) + 1);
    let limit = Reason::TooLarge {
        what: "bytes",
        limit: 4 << 20,
    };
    assert_eq!(refused(keyed.policy(), &above), limit);
    assert_eq!(keyed.judge(above, 100), (true, 100));
    // 32 of 4 MiB are 128 MiB.
    let whole = large(4 << 20);
    assert_ne!(refused(keyed.policy(), &whole), limit);
    assert_eq!(keyed.judge(whole.clone(), 32), (true, 32));
    assert_eq!(keyed.judge(whole, 33), (false, 100));
}

/// [CVE-2024-45395](https://nvd.nist.gov/vuln/detail/CVE-2024-45395):
/// lists inside of a bundle, each item of which is work.
#[test]
fn lists_in_a_bundle_have_an_end() {
    let lab = Lab::new();
    let alice = lab.certify(ALICE, 60..70);
    let envelope = Envelope::new(statement(&subject(), SIGN), &alice.key);
    let entry = lab.entry(&envelope.entry(&alice.pem()), 65);
    let timestamp = lab.timestamp(&envelope.signature, 65);
    let bundle = |entries: usize, timestamps: usize| {
        let entries = vec![entry.clone(); entries];
        let timestamps = vec![timestamp.clone(); timestamps];
        envelope.bundle(Some(&alice.certificate), &entries, &timestamps)
    };
    accepted(lab.policy(), &bundle(32, 32));
    let beyond = |what| Reason::TooLarge { what, limit: 32 };
    assert_eq!(refused(lab.policy(), &bundle(33, 1)), beyond("log entries"));
    assert_eq!(refused(lab.policy(), &bundle(1, 33)), beyond("timestamps"));
    // Certificates that a tag brings along.
    let tag = |certificates: usize| {
        let mut tag = Tag::new(payload(&subject()), &alice);
        tag.entry = Some(lab.entry(&tag.entry(&alice.pem()), 65));
        tag.chain = alice.pem().repeat(certificates);
        tag.signature()
    };
    accepted(lab.policy(), &tag(32));
    assert_eq!(refused(lab.policy(), &tag(33)), beyond("certificates"));
}

/// [CVE-2026-49834](https://nvd.nist.gov/vuln/detail/CVE-2026-49834):
/// several that agree were one that said it several times.
#[test]
fn a_signer_who_signs_again_is_no_second_signer() {
    let lab = Lab::new();
    let bob = "bob@example.com";
    let signatures = |name: &str| {
        // Another certificate each time, another entry, and both forms.
        let (one, other) = (lab.certify(name, 60..70), lab.certify(name, 62..72));
        let envelope = Envelope::new(statement(&subject(), SIGN), &one.key);
        let entries = [64, 66].map(|minutes| lab.entry(&envelope.entry(&one.pem()), minutes));
        let mut tag = Tag::new(payload(&subject()), &other);
        tag.entry = Some(lab.entry(&tag.entry(&other.pem()), 65));
        [
            envelope.bundle(Some(&one.certificate), &entries, &[]),
            tag.signature(),
        ]
    };
    let policy = || {
        let bob = Identity::new(Pattern::exact(ISSUER), Pattern::exact(bob));
        // A second way to name Alice names nobody else.
        let anybody = Pattern::regexp("alice@").unwrap();
        let alice = Identity::new(Pattern::exact(ISSUER), anybody);
        lab.policy().identity(bob).identity(alice).required(2)
    };
    let judge = |policy: PolicyBuilder, signatures: &[Signature]| {
        let mut judge = Judge::new(policy.build().unwrap(), subject(), now());
        for signature in signatures {
            judge.consider(signature);
        }
        judge.finish()
    };
    let (alices, bobs) = (signatures(ALICE), signatures(bob));
    let refused = judge(policy(), &alices).unwrap_err();
    assert_eq!((refused.counting.len(), refused.refused.len()), (2, 0));
    let both = [alices[0].clone(), alices[1].clone(), bobs[1].clone()];
    assert!(judge(policy(), &both).is_ok());

    // Nor is a key under two names.
    let keyed = Keyed::new();
    let second = Key::new();
    let policy = || {
        let key = |name: &str, key: &Key| PublicKey::parse(name, key.pem().as_bytes()).unwrap();
        let policy = keyed.policy().key(key("again.pub", &keyed.key));
        policy.key(key("second.pub", &second)).required(2)
    };
    let again = Envelope::new(statement(&subject(), SIGN), &keyed.key).bundle(None, &[], &[]);
    let other = Envelope::new(statement(&subject(), SIGN), &second).bundle(None, &[], &[]);
    assert!(judge(policy(), &[keyed.good.clone(), again.clone()]).is_err());
    assert!(judge(policy(), &[keyed.good.clone(), again, other]).is_ok());
}
