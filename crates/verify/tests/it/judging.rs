//! How a policy is met: by how many, in which format, with which annotations, and when.

use std::time::Duration;

use portolan_verify::{
    Format, Identity, Judge, Pattern, Policy, PolicyBuilder, Reason, Refused, Signer, Verified,
};

use crate::fixtures::{Case, key, now, root};

pub(crate) const ISSUER: &str = "http://127.0.0.1:22010/email";

pub(crate) fn alice() -> Identity {
    Identity::new(Pattern::exact(ISSUER), Pattern::exact("alice@example.com"))
}

pub(crate) fn keys(names: &[&str]) -> PolicyBuilder {
    let keys = names.iter().map(|name| key(name));
    Policy::builder().keys(keys).require_log(false)
}

pub(crate) fn keyless() -> PolicyBuilder {
    Policy::builder()
        .identity(alice())
        .trust_root(root("trusted_root.json"))
}

pub(crate) fn judge(policy: PolicyBuilder, case: &Case) -> Result<Verified, Refused> {
    let mut judge = Judge::new(policy.build().unwrap(), case.digest.clone(), now());
    case.signatures
        .iter()
        .for_each(|signature| judge.consider(signature));
    judge.finish()
}

pub(crate) fn reasons(answer: Result<Verified, Refused>) -> Vec<Reason> {
    let refused = answer.unwrap_err().refused.into_iter();
    refused.map(|refusal| refusal.reason).collect()
}

#[test]
fn as_many_different_signers_as_are_required_have_to_agree() {
    for case in ["genuine/tag-key-two", "genuine/bundle-key-two"] {
        let case = Case::load(case);
        assert_eq!(
            judge(keys(&["p256a", "p256b"]), &case)
                .unwrap()
                .signatures
                .len(),
            1
        );
        let two = judge(keys(&["p256a", "p256b"]).required(2), &case).unwrap();
        let signers: Vec<_> = two
            .signatures
            .iter()
            .map(|one| one.signer.to_string())
            .collect();
        assert_eq!(signers.len(), 2);
        assert!(signers.contains(&"key p256a.pub".to_owned()), "{signers:?}");
        let refused = judge(keys(&["p256a", "p384"]).required(2), &case).unwrap_err();
        assert_eq!(refused.counting.len(), 1);
        assert_eq!(refused.refused.len(), 1);
        let told = refused.to_string();
        assert!(
            told.starts_with("no matching signatures: 1 of 2 required signers agree: "),
            "{told}"
        );
    }
}

#[test]
fn a_signer_who_signs_twice_is_one_signer() {
    let case = Case::load("genuine/tag-keyless-two");
    let twice = Case {
        signatures: [&case.signatures[..], &case.signatures[..]].concat(),
        digest: case.digest,
    };
    let two = keyless().required(2);
    let refused = judge(two, &twice).unwrap_err();
    assert_eq!(refused.counting.len(), 2, "the same signature, twice");
    let anybody = Identity::new(Pattern::exact(ISSUER), Pattern::regexp("@example").unwrap());
    assert!(judge(keyless().identity(anybody).required(2), &twice).is_ok());
}

#[test]
fn keys_and_identities_count_together() {
    let case = Case::load("genuine/mixed-tag-key-bundle-keyless");
    let both = keyless().key(key("p256a")).require_log(false).required(2);
    let verified = judge(both, &case).unwrap();
    let signers: Vec<_> = verified.signatures.iter().map(|one| &one.signer).collect();
    let [
        Signer::Identity { subject, issuer },
        Signer::Key { name, fingerprint },
    ] = &signers[..]
    else {
        panic!("{signers:?}");
    };
    assert_eq!(
        (subject.as_str(), issuer.as_str()),
        ("alice@example.com", ISSUER)
    );
    assert_eq!(
        (name.as_str(), fingerprint),
        ("p256a.pub", key("p256a").fingerprint())
    );
}

#[test]
fn a_signature_of_a_format_that_is_not_asked_for_is_passed_over() {
    let case = Case::load("genuine/mixed-tag-key-bundle-keyless");
    assert!(judge(keys(&["p256a"]).formats([Format::SimpleSigning]), &case).is_ok());
    assert_eq!(
        reasons(judge(keys(&["p256a"]).formats([Format::Bundle]), &case)),
        [Reason::KeyWanted, Reason::Format]
    );
    assert!(judge(keyless().formats([Format::Bundle]), &case).is_ok());
    assert_eq!(
        reasons(judge(keyless().formats([Format::SimpleSigning]), &case)),
        [Reason::Format, Reason::CertificateWanted]
    );
}

#[test]
fn annotations_are_part_of_what_was_signed() {
    for (case, policy) in [
        ("genuine/bundle-key-annotations", keys(&["p256a"])),
        ("genuine/tag-key-annotations", keys(&["p256a"])),
        ("genuine/bundle-keyless-annotations", keyless()),
    ] {
        let case = Case::load(case);
        let with = |policy: &PolicyBuilder, key: &str, value: &str| {
            judge(policy.clone().annotation(key, value), &case)
        };
        let verified = with(&policy, "env", "prod").unwrap();
        assert_eq!(verified.signatures[0].annotations["env"], "prod");
        let wrong = |key: &str| vec![Reason::Annotation(key.to_owned())];
        assert_eq!(reasons(with(&policy, "env", "test")), wrong("env"));
        assert_eq!(reasons(with(&policy, "env", "")), wrong("env"));
        assert_eq!(reasons(with(&policy, "Env", "prod")), wrong("Env"));
        let both = policy
            .clone()
            .annotation("env", "prod")
            .annotation("x", "y");
        assert_eq!(reasons(judge(both, &case)), wrong("x"));
    }
}

#[test]
fn what_claims_to_be_from_later_is_not_believed() {
    for (case, logged) in [
        ("genuine/bundle-keyless-rekor1", true),
        ("genuine/bundle-keyless-rekor2", false),
        ("genuine/tag-keyless-rekor1", true),
    ] {
        let case = Case::load(case);
        let at = |now| {
            let policy = keyless().build().unwrap();
            let mut judge = Judge::new(policy, case.digest.clone(), now);
            judge.consider(&case.signatures[0]);
            judge.finish()
        };
        let verified = at(now()).unwrap().signatures.remove(0);
        let time = match verified.logged[0].integrated_time {
            Some(time) => time,
            None => verified.timestamps[0],
        };
        assert_eq!(verified.logged[0].integrated_time.is_some(), logged);
        assert!(at(time).is_ok());
        let before = time - Duration::from_secs(1);
        assert!(matches!(reasons(at(before))[..], [Reason::Timestamp(_)]));
    }
}
