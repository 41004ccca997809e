use portolan_reference::{Algorithm, Digest};
use portolan_verify::{Judge, Pattern, Policy, Signature, TrustRoot};

use super::*;

fn at(text: &str) -> Moment {
    Moment(text.parse().unwrap())
}

fn proof() -> Proof {
    let log_id = "c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d";
    Proof {
        policy: "sha256:aa".to_owned(),
        signatures: vec![
            Signed {
                signer: Who::Identity {
                    subject: "release@example.com".to_owned(),
                    issuer: "https://accounts.example.com".to_owned(),
                },
                format: Format::Bundle,
                origin: "sha256:bb".to_owned(),
                logged: vec![
                    Entry {
                        log_id: log_id.to_owned(),
                        log_index: 42,
                        integrated_time: Some(at("2026-11-21T12:00:03Z")),
                    },
                    Entry {
                        log_id: "cafe".to_owned(),
                        log_index: 7,
                        integrated_time: None,
                    },
                ],
                timestamps: vec![at("2026-11-21T12:00:02Z")],
                annotations: [("env".to_owned(), "prod".to_owned())].into(),
            },
            Signed {
                signer: Who::Key {
                    name: "keys/cosign.pub".to_owned(),
                    fingerprint: "sha256:dd".to_owned(),
                },
                format: Format::SimpleSigning,
                origin: "sha256-ee.sig layer 0".to_owned(),
                logged: Vec::new(),
                timestamps: Vec::new(),
                annotations: BTreeMap::new(),
            },
        ],
        refused: vec![Refused {
            origin: "sha256:ff".to_owned(),
            format: Format::Bundle,
            reason: "no key of the policy verifies it".to_owned(),
        }],
    }
}

const SIGNATURES: &str = "  release@example.com
    issuer:     https://accounts.example.com
    signature:  bundle, sha256:bb
    logged:     2026-11-21 12:00:03 UTC, entry 42 of log c0d23d6ad406
    logged:     at a time that the log does not tell, entry 7 of log cafe
    timestamp:  2026-11-21 12:00:02 UTC
    annotation: env=prod
  key keys/cosign.pub
    signature:  simple signing, sha256-ee.sig layer 0
    logged:     not asked for
";

#[test]
fn people_read_who_signed_and_when_and_on_demand_what_does_not_count() {
    assert_eq!(proof().text(false), SIGNATURES);
    let refused = "
Not counted:
  sha256:ff (bundle): no key of the policy verifies it
";
    assert_eq!(proof().text(true), format!("{SIGNATURES}{refused}"));
    assert_eq!(
        proof().signers(),
        [
            "release@example.com (issuer https://accounts.example.com), logged 2026-11-21 12:00:03 UTC",
            "key keys/cosign.pub",
        ]
    );
}

#[test]
fn programs_read_the_same_under_names_that_stay() {
    let log_id = "c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d";
    assert_eq!(
        serde_json::to_value(proof()).unwrap(),
        serde_json::json!({
            "policy": "sha256:aa",
            "signatures": [
                {
                    "signer": {
                        "kind": "identity",
                        "subject": "release@example.com",
                        "issuer": "https://accounts.example.com",
                    },
                    "format": "bundle",
                    "origin": "sha256:bb",
                    "logged": [
                        {
                            "log_id": log_id,
                            "log_index": 42,
                            "integrated_time": "2026-11-21T12:00:03Z",
                        },
                        { "log_id": "cafe", "log_index": 7 },
                    ],
                    "timestamps": ["2026-11-21T12:00:02Z"],
                    "annotations": { "env": "prod" },
                },
                {
                    "signer": {
                        "kind": "key",
                        "name": "keys/cosign.pub",
                        "fingerprint": "sha256:dd",
                    },
                    "format": "simple-signing",
                    "origin": "sha256-ee.sig layer 0",
                    "logged": [],
                    "timestamps": [],
                    "annotations": {},
                },
            ],
            "refused": [{
                "origin": "sha256:ff",
                "format": "bundle",
                "reason": "no key of the policy verifies it",
            }],
        })
    );
}

#[test]
fn what_a_signer_chose_ends_no_line_and_steers_no_terminal() {
    let mut proof = proof();
    proof.signatures.truncate(1);
    proof.signatures[0].signer = Who::Identity {
        subject: "x\nVerified y\u{1b}[2K\u{202e}".to_owned(),
        issuer: "i\r".to_owned(),
    };
    proof.refused[0].reason = "signed by \u{2028}z".to_owned();
    let text = proof.text(true);
    let said = |text: &str| text.replace(char::is_whitespace, " ");
    assert!(
        text.starts_with("  x\\u{a}Verified y\\u{1b}[2K\\u{202e}\n    issuer:     i\\u{d}\n"),
        "{text}"
    );
    assert!(text.contains("signed by \\u{2028}z\n"), "{}", said(&text));
    assert_eq!(
        proof.signers(),
        ["x\\u{a}Verified y\\u{1b}[2K\\u{202e} (issuer i\\u{d}), logged 2026-11-21 12:00:03 UTC"]
    );
    assert_eq!(printable("Jörg ✓ 署名"), "Jörg ✓ 署名");
}

/// A policy that so many signatures do not meet.
fn refused(signatures: usize) -> portolan_verify::Refused {
    let identity = portolan_verify::Identity::new(Pattern::exact("i"), Pattern::exact("s"));
    let policy = Policy::builder().identity(identity);
    let policy = policy.trust_root(TrustRoot::sigstore().unwrap());
    let digest = Digest::of(Algorithm::Sha256, b"chart");
    let mut judge = Judge::new(policy.build().unwrap(), digest, SystemTime::UNIX_EPOCH);
    for number in 0..signatures {
        judge.consider(&Signature::bundle(format!("bundle {number}\n"), "{}"));
    }
    judge.finish().unwrap_err()
}

#[test]
fn why_a_policy_is_not_met_is_a_short_list() {
    assert_eq!(unmet(&refused(0), false), "no signatures found");
    let check = |signatures, verbose, lines: usize, last: &str| {
        let told = unmet(&refused(signatures), verbose);
        assert!(told.starts_with("no matching signatures\n  bundle 0\\u{a} (bundle): "));
        assert_eq!(told.lines().count(), 1 + lines, "{told}");
        assert!(told.lines().last().unwrap().starts_with(last), "{told}");
    };
    check(1, false, 1, "  bundle 0");
    check(10, false, 10, "  bundle 9");
    check(12, false, 11, "  and 2 more: ");
    check(12, true, 12, "  bundle 11");
}

#[test]
fn what_is_missing_on_purpose_has_a_flag_that_is_told() {
    let check = |reason: Reason, flag: Option<&str>| {
        let mut refused = refused(1);
        refused.refused[0].reason = reason;
        let told = unmet(&refused, false);
        match flag {
            Some(flag) => assert!(told.contains(flag), "{told}"),
            None => assert!(!told.contains("--"), "{told}"),
        }
    };
    let why = || "there is no entry".to_owned();
    check(
        Reason::TransparencyLog(why()),
        Some("--insecure-ignore-tlog"),
    );
    check(
        Reason::SignedCertificateTimestamp(why()),
        Some("--insecure-ignore-sct"),
    );
    check(Reason::Timestamp(why()), None);
    check(Reason::NoKeyVerifies, None);
}
