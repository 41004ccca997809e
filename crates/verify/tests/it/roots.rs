//! Who is believed, and for how long.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portolan_verify::{
    Identity, Judge, Pattern, Policy, PolicyBuilder, Reason, Refused, TrustRoot, Verified,
};
use serde_json::{Value, json};

use crate::fixtures::{Case, now, path};

/// The lab's trusted root, to be changed.
fn root() -> Value {
    serde_json::from_slice(&fs::read(path("trusted_root.json")).unwrap()).unwrap()
}

fn parse(root: &Value) -> TrustRoot {
    TrustRoot::parse(root.to_string().as_bytes()).unwrap()
}

/// Somebody's signature, whoever it is.
pub(crate) fn anybody(root: TrustRoot) -> PolicyBuilder {
    let any = || Pattern::regexp(".*").unwrap();
    Policy::builder()
        .identity(Identity::new(any(), any()))
        .trust_root(root)
}

fn judge(case: &str, policy: PolicyBuilder) -> Result<Verified, Refused> {
    let case = Case::load(case);
    let mut judge = Judge::new(policy.build().unwrap(), case.digest, now());
    judge.consider(&case.signatures[0]);
    judge.finish()
}

/// Why the only signature does not count.
#[track_caller]
fn reason(case: &str, policy: PolicyBuilder) -> Reason {
    let refused = judge(case, policy).unwrap_err().refused;
    refused.into_iter().next().unwrap().reason
}

const REKOR1: &str = "genuine/bundle-keyless-rekor1";
const REKOR2: &str = "genuine/bundle-keyless-rekor2";
const BOTH: &str = "genuine/bundle-keyless-rekor1-timestamp";
/// Before everything that the lab signed, and after its authorities began.
const BEFORE: &str = "2026-11-20T15:00:30Z";

#[test]
fn the_public_root_is_built_in() {
    let root = TrustRoot::sigstore().unwrap();
    assert_eq!(root.fingerprint(), root.clone().fingerprint());
    assert_ne!(root.fingerprint(), parse(&self::root()).fingerprint());
}

#[test]
fn an_authority_is_believed_until_its_end() {
    for case in [REKOR1, REKOR2] {
        assert!(judge(case, anybody(parse(&root()))).is_ok());
        let mut ended = root();
        ended["certificateAuthorities"][0]["validFor"]["end"] = json!(BEFORE);
        let Reason::Certificate(why) = reason(case, anybody(parse(&ended))) else {
            panic!("{case}");
        };
        assert!(
            why.starts_with("no trusted certificate authority is valid at"),
            "{why}"
        );

        let mut ended = root();
        ended["ctlogs"][0]["publicKey"]["validFor"]["end"] = json!(BEFORE);
        let Reason::SignedCertificateTimestamp(why) = reason(case, anybody(parse(&ended))) else {
            panic!("{case}");
        };
        assert!(why.contains("not valid at"), "{why}");
    }
    let mut ended = root();
    ended["timestampAuthorities"][0]["validFor"]["end"] = json!(BEFORE);
    let Reason::Timestamp(why) = reason(REKOR2, anybody(parse(&ended))) else {
        panic!();
    };
    assert!(why.contains("outside"), "{why}");
}

/// A certificate whose validity ends at `end`. The signature over it is broken by that, which nobody
/// asks of a certificate that is trusted for itself.
fn ending(certificate: &mut Value, end: &[u8; 13]) {
    let mut der = STANDARD
        .decode(certificate["rawBytes"].as_str().unwrap())
        .unwrap();
    // Two times as text, one after the other.
    let times = der.windows(2).position(|two| two == [0x17, 13]).unwrap();
    let second = times + 15;
    assert_eq!(der[second..second + 2], [0x17, 13]);
    der[second + 2..second + 15].copy_from_slice(end);
    certificate["rawBytes"] = json!(STANDARD.encode(der));
}

#[test]
fn an_authority_is_believed_no_longer_than_its_certificates_last() {
    // CVE-2026-24122: the file says nothing about an end, the intermediate certificate does.
    let chain = root()["certificateAuthorities"][0]["certChain"]["certificates"].clone();
    assert_eq!(chain.as_array().unwrap().len(), 2);
    for number in 0..2 {
        let mut ended = root();
        let authority = &mut ended["certificateAuthorities"][0];
        authority["validFor"] = json!({ "start": "2020-01-01T00:00:00Z" });
        assert!(judge(REKOR1, anybody(parse(&ended))).is_ok());
        let authority = &mut ended["certificateAuthorities"][0];
        ending(
            &mut authority["certChain"]["certificates"][number],
            b"261120150030Z",
        );
        let Reason::Certificate(why) = reason(REKOR1, anybody(parse(&ended))) else {
            panic!("{number}");
        };
        assert!(
            why.starts_with("no trusted certificate authority is valid at"),
            "{why}"
        );
    }
    let mut ended = root();
    let authority = &mut ended["timestampAuthorities"][0];
    let root = authority["certChain"]["certificates"]
        .as_array()
        .unwrap()
        .len()
        - 1;
    ending(
        &mut authority["certChain"]["certificates"][root],
        b"261120150030Z",
    );
    let Reason::Timestamp(why) = reason(REKOR2, anybody(parse(&ended))) else {
        panic!();
    };
    assert!(why.contains("outside"), "{why}");
}

#[test]
fn a_timestamp_of_an_unknown_authority_proves_nothing_and_spoils_nothing() {
    let foreign = fs::read(path("trusted_root_foreign.json")).unwrap();
    let foreign: Value = serde_json::from_slice(&foreign).unwrap();
    let mut none = root();
    none["timestampAuthorities"] = json!([]);
    let mut other = root();
    other["timestampAuthorities"] = foreign["timestampAuthorities"].clone();
    // The same names with other keys are told apart by their serial numbers.
    for unknown in [none, other] {
        let unknown = parse(&unknown);
        let verified = judge(BOTH, anybody(unknown.clone())).unwrap();
        let signature = &verified.signatures[0];
        assert!(signature.timestamps.is_empty());
        assert!(signature.logged[0].integrated_time.is_some());

        let demanded = anybody(unknown.clone()).require_timestamp(true);
        assert!(matches!(reason(BOTH, demanded), Reason::Timestamp(_)));
        assert!(matches!(
            reason(REKOR2, anybody(unknown)),
            Reason::Timestamp(_)
        ));
    }
    let verified = judge(BOTH, anybody(parse(&root())).require_timestamp(true)).unwrap();
    assert_eq!(verified.signatures[0].timestamps.len(), 1);
    let none_there = anybody(parse(&root())).require_timestamp(true);
    assert_eq!(
        reason(REKOR1, none_there),
        Reason::Timestamp("there is no timestamp".to_owned())
    );
}

#[track_caller]
fn refused(change: impl FnOnce(&mut Value), why: &str) {
    let mut changed = root();
    change(&mut changed);
    let error = TrustRoot::parse(changed.to_string().as_bytes()).unwrap_err();
    let error = error.to_string();
    assert!(error.starts_with("not a usable trusted root: "), "{error}");
    assert!(error.contains(why), "{error}");
}

#[test]
fn a_root_that_cannot_be_used_is_refused_whole_and_says_what_is_wrong() {
    for (text, why) in [
        (&b""[..], "EOF"),
        (b"{}", "missing field `mediaType`"),
        (b"\xff", "utf-8"),
        (b"-----BEGIN CERTIFICATE-----", "invalid number"),
    ] {
        let error = TrustRoot::parse(text).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    let certificate =
        |root: &mut Value| root["certificateAuthorities"][0]["certChain"]["certificates"][0].take();
    refused(
        |root| {
            certificate(root);
        },
        "",
    );
    refused(
        |root| {
            root["certificateAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"] =
                json!("AAAA");
        },
        "certificate authority http://127.0.0.1",
    );
    refused(
        |root| {
            root["timestampAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"] =
                json!("AAAA");
        },
        "timestamp authority http://127.0.0.1",
    );
    refused(
        |root| root["certificateAuthorities"][0]["certChain"]["certificates"] = json!([]),
        "empty certificate chain",
    );
    refused(
        |root| root["certificateAuthorities"][0]["validFor"]["end"] = json!("2020-01-01T00:00:00Z"),
        "there is no time at which all its certificates are valid",
    );
    refused(
        |root| {
            let log = root["tlogs"][0].clone();
            root["tlogs"].as_array_mut().unwrap().push(log);
        },
        "duplicate trusted log ID",
    );
    refused(
        |root| root["tlogs"][0]["publicKey"]["rawBytes"] = json!("AAAA"),
        "",
    );
    refused(
        |root| root["tlogs"][0]["logId"]["keyId"] = json!("AAAA"),
        "",
    );
}
