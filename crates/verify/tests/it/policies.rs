//! Policies as values.

use portolan_verify::{
    Format, Identity, Limits, Pattern, Policy, PolicyBuilder, PolicyError, PublicKey,
};

use crate::fixtures::{key, path, root};
use crate::judging::{ISSUER, alice, keyless, keys};

#[test]
fn a_policy_that_makes_no_sense_is_refused() {
    let trusted = || root("trusted_root.json");
    let nobody = Policy::builder().trust_root(trusted());
    assert_eq!(nobody.build().unwrap_err(), PolicyError::NobodyNamed);
    let no_format = keys(&["p256a"]).formats([]);
    assert_eq!(no_format.build().unwrap_err(), PolicyError::NoFormat);
    for rootless in [
        keys(&["p256a"]).require_log(true),
        keys(&["p256a"]).require_timestamp(true),
        Policy::builder().identity(alice()).require_log(false),
    ] {
        assert_eq!(rootless.build().unwrap_err(), PolicyError::NoTrustRoot);
    }
    let required = |required, keys| PolicyError::Required { required, keys };
    assert_eq!(
        keys(&["p256a"]).required(0).build().unwrap_err(),
        required(0, 1)
    );
    assert_eq!(
        keys(&["p256a"]).required(2).build().unwrap_err(),
        required(2, 1)
    );
    let twice = keys(&["p256a", "p256a"]).required(2);
    assert_eq!(twice.build().unwrap_err(), required(2, 1));
    assert!(keyless().required(3).build().is_ok());
}

/// Every signature is held against every key, and an expression of ten letters takes megabytes.
#[test]
fn a_policy_names_32_keys_and_32_identities_and_no_more() {
    let most = Policy::MAX_NAMED;
    let named = |keys, identities| {
        Policy::builder()
            .keys(vec![key("p256a"); keys])
            .identities(vec![alice(); identities])
            .trust_root(root("trusted_root.json"))
            .build()
            .map(|_| ())
    };
    let too_many = |what| PolicyError::TooMany {
        what,
        named: most + 1,
    };
    assert_eq!(named(most, most), Ok(()));
    assert_eq!(named(most + 1, 0), Err(too_many("keys")));
    assert_eq!(named(0, most + 1), Err(too_many("identities")));
}

#[test]
fn a_fingerprint_is_of_all_that_decides_and_of_nothing_else() {
    let base = || {
        keys(&["p256a", "p256b"])
            .identity(alice())
            .trust_root(root("trusted_root.json"))
            .annotation("a", "b")
    };
    let of = |policy: PolicyBuilder| policy.build().unwrap().fingerprint().clone();
    let bob = Identity::new(Pattern::exact(ISSUER), Pattern::exact("bob@example.com"));
    let regexp = Identity::new(
        Pattern::exact(ISSUER),
        Pattern::regexp("alice@example.com").unwrap(),
    );
    let pem = std::fs::read(path("keys/p256a.pub")).unwrap();
    let renamed = PublicKey::parse("another name", &pem).unwrap();
    for same in [
        base(),
        base().key(key("p256a")),
        base().key(renamed),
        base().identity(alice()),
        keys(&["p256b", "p256a"])
            .annotation("a", "b")
            .trust_root(root("trusted_root.json"))
            .identity(alice()),
        base().formats([Format::SimpleSigning, Format::Bundle]),
    ] {
        assert_eq!(of(same), of(base()));
    }
    let limit = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        base().limits(limits)
    };
    let others = [
        base(),
        base().key(key("p384")),
        base().identity(bob),
        base().identity(regexp),
        base().trust_root(root("trusted_root_noct.json")),
        base().annotation("c", "d"),
        base().annotation("a", "bc"),
        base().annotation("ab", "c"),
        base().formats([Format::Bundle]),
        base().formats([Format::SimpleSigning]),
        base().required(2),
        base().require_log(true),
        base().require_sct(false),
        base().require_timestamp(true),
        base().label("a Secret"),
        limit(|limits| limits.max_signatures = 1),
        limit(|limits| limits.max_total_bytes = 1),
        limit(|limits| limits.max_signature_bytes = 1),
        limit(|limits| limits.max_entries = 1),
    ];
    let count = others.len();
    let different: std::collections::BTreeSet<_> = others
        .into_iter()
        .map(|policy| of(policy).to_string())
        .collect();
    assert_eq!(different.len(), count);
}

#[test]
fn a_policy_is_keyless_if_it_names_somebody() {
    let trusted = root("trusted_root.json");
    assert!(!keys(&["p256a"]).build().unwrap().is_keyless());
    let both = keys(&["p256a"]).identity(alice()).trust_root(trusted);
    assert!(both.build().unwrap().is_keyless());
}

#[test]
fn policies_are_equal_if_they_judge_alike() {
    let policy = |builder: PolicyBuilder| builder.build().unwrap();
    assert_eq!(policy(keys(&["p256a"])), policy(keys(&["p256a"])));
    assert_ne!(policy(keys(&["p256a"])), policy(keys(&["p256b"])));
}

#[test]
fn a_policy_takes_both_formats_unless_it_names_one() {
    let formats = |builder: PolicyBuilder| builder.build().unwrap().formats().collect::<Vec<_>>();
    let both = [Format::SimpleSigning, Format::Bundle];
    assert_eq!(formats(keys(&["p256a"])), both);
    let one = keys(&["p256a"]).formats([Format::Bundle]);
    assert_eq!(formats(one), [Format::Bundle]);
}
