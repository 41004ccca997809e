//! What a transparency log has to say, and what is told of it.

use std::time::{Duration, SystemTime};

use portolan_verify::{Judge, Logged, Policy, PolicyBuilder, Reason, Refused, Signature, Verified};
use serde_json::{Value, json};

use crate::fixtures::{Case, key, now, path, root};
use crate::raw::Raw;
use crate::roots::anybody;

fn policy() -> PolicyBuilder {
    anybody(root("trusted_root.json"))
}

fn keyed() -> PolicyBuilder {
    Policy::builder()
        .key(key("p256a"))
        .trust_root(root("trusted_root.json"))
}

/// The first signature of a case, changed.
fn judge(
    case: &str,
    policy: PolicyBuilder,
    change: impl FnOnce(&mut Value),
) -> Result<Verified, Refused> {
    let folder = path(case);
    let case = Case::load(case);
    let mut raw = Raw::read(&folder, &case.signatures[0]);
    change(&mut raw.value);
    judged(&case, policy, &raw.signature())
}

fn judged(case: &Case, policy: PolicyBuilder, signature: &Signature) -> Result<Verified, Refused> {
    let mut judge = Judge::new(policy.build().unwrap(), case.digest.clone(), now());
    judge.consider(signature);
    judge.finish()
}

#[track_caller]
fn refused(case: &str, policy: PolicyBuilder, change: impl FnOnce(&mut Value), why: &str) {
    let refused = judge(case, policy, change).unwrap_err().refused;
    let Reason::TransparencyLog(reason) = &refused[0].reason else {
        panic!("{:?}", refused[0].reason);
    };
    assert_eq!(reason, why);
}

fn entries(bundle: &mut Value) -> &mut Vec<Value> {
    let entries = bundle.pointer_mut("/verificationMaterial/tlogEntries");
    entries.unwrap().as_array_mut().unwrap()
}

const REKOR1: &str = "genuine/bundle-keyless-rekor1";
const REKOR2: &str = "genuine/bundle-keyless-rekor2";
const BOTH: &str = "genuine/bundle-keyless-rekor1-timestamp";
const TAG: &str = "genuine/tag-keyless-rekor1";
const KEY1: &str = "genuine/bundle-key-p256a-rekor1";
const KEY2: &str = "genuine/bundle-key-p256a-rekor2";

#[test]
fn without_an_entry_nothing_is_logged() {
    for (case, policy) in [
        ("genuine/bundle-keyless-timestamp-only", policy()),
        ("genuine/tag-keyless-timestamp-only", policy()),
        ("genuine/bundle-key-p256a-no-log", keyed()),
        ("genuine/tag-key-p256a-no-log", keyed()),
    ] {
        refused(case, policy, |_| {}, "there is no log entry");
    }
}

#[test]
fn every_entry_needs_a_proof_or_a_promise_of_its_own() {
    for (case, policy) in [
        (REKOR1, policy()),
        (REKOR2, policy()),
        (KEY1, keyed()),
        (KEY2, keyed()),
    ] {
        let bare = |bundle: &mut Value| {
            let mut second = entries(bundle)[0].clone();
            let second_entry = second.as_object_mut().unwrap();
            second_entry.remove("inclusionProof");
            second_entry.remove("inclusionPromise");
            entries(bundle).push(second);
        };
        let why = "an entry has neither a proof nor a promise of the log";
        refused(case, policy, bare, why);
    }
}

#[test]
fn every_entry_is_of_a_log_that_the_root_names() {
    for (case, policy) in [
        (REKOR1, policy()),
        (REKOR2, policy()),
        (KEY1, keyed()),
        (KEY2, keyed()),
    ] {
        let foreign = |bundle: &mut Value| {
            let mut second = entries(bundle)[0].clone();
            second["logId"]["keyId"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
            entries(bundle).push(second);
        };
        let why = "the trust root does not name the log of an entry";
        refused(case, policy, foreign, why);
    }
}

/// The note of the first entry as text.
fn note(case: &str) -> String {
    let folder = path(case).join("bundle-0.sigstore.json");
    let bundle: Value = serde_json::from_slice(&std::fs::read(folder).unwrap()).unwrap();
    let note = "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope";
    bundle.pointer(note).unwrap().as_str().unwrap().to_owned()
}

/// The first bundle with another note.
fn with_note(case: &str, note: &str) -> Result<Verified, Refused> {
    let folder = path(case).join("bundle-0.sigstore.json");
    let mut bundle: Value = serde_json::from_slice(&std::fs::read(folder).unwrap()).unwrap();
    let checkpoint = "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint";
    *bundle.pointer_mut(checkpoint).unwrap() = json!({ "envelope": note });
    judged(
        &Case::load(case),
        policy(),
        &Signature::bundle("b", bundle.to_string()),
    )
}

#[test]
fn a_checkpoint_is_one_signed_note_and_no_more() {
    for case in [REKOR1, REKOR2] {
        let note = note(case);
        assert!(with_note(case, &note).is_ok());
        // A witness, whom nobody asked.
        let witness = "— witness.example AAAAAAAAAAA=\n";
        assert!(with_note(case, &format!("{note}{witness}")).is_ok());
        for other in [
            String::new(),
            note.trim_end().to_owned(),
            format!("{note}\n"),
            format!("{note}\nmore\n"),
            format!("{note}more\n"),
            note.replace("\n\n", "\n\n\n"),
            note.replace('\n', "\r\n"),
            format!("\n{note}"),
        ] {
            assert!(with_note(case, &other).is_err(), "{other:?}");
        }
    }
}

#[test]
fn signatures_of_a_checkpoint_are_counted_before_they_are_tried() {
    for case in [REKOR1, REKOR2] {
        let note = note(case);
        let line = note.lines().last().unwrap();
        let lines = |count: usize| format!("{}\n", [line].repeat(count).join("\n"));
        assert!(with_note(case, &note.replace(&lines(1), &lines(32))).is_ok());
        let refused = with_note(case, &note.replace(&lines(1), &lines(33)));
        assert_eq!(
            refused.unwrap_err().refused[0].reason,
            Reason::TooLarge {
                what: "signatures of a checkpoint",
                limit: 32
            }
        );
    }
}

#[test]
fn what_a_log_has_proven_is_told() {
    let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    let told = |case, policy: PolicyBuilder, change: fn(&mut Value)| {
        let verified = judge(case, policy, change).unwrap();
        let signature = verified.signatures.into_iter().next().unwrap();
        (signature.logged, signature.timestamps.len())
    };
    let one = |logged: Vec<Logged>| {
        let [entry] = <[Logged; 1]>::try_from(logged).unwrap();
        (entry.log_index, entry.integrated_time, entry.log_id)
    };
    let rekor1 = "93ead3fcb7e449871a16d1f113b2738a717fe364ccc07d438bf1103552bc050c";
    let (logged, timestamps) = told(BOTH, policy(), |_| {});
    assert_eq!(one(logged), (6, at(1_795_186_874), rekor1.to_owned()));
    assert_eq!(timestamps, 1);

    // Without the promise nobody vouches for the time, and the index is that in the tree.
    let (logged, timestamps) = told(BOTH, policy(), |bundle| {
        let entry = entries(bundle)[0].as_object_mut().unwrap();
        entry.remove("inclusionPromise");
        entry.insert("logIndex".to_owned(), json!("77"));
        entry.insert("integratedTime".to_owned(), json!("1"));
    });
    assert_eq!(one(logged), (6, None, rekor1.to_owned()));
    assert_eq!(timestamps, 1);

    let (logged, timestamps) = told(REKOR2, policy(), |_| {});
    let (_, time, log) = one(logged);
    assert_eq!((time, timestamps), (None, 1));
    assert_ne!(log, rekor1);

    let (logged, timestamps) = told("genuine/tag-keyless-rekor1-timestamp", policy(), |_| {});
    assert_eq!(one(logged), (19, at(1_795_186_891), rekor1.to_owned()));
    assert_eq!(timestamps, 1);

    for (case, timestamps) in [(KEY1, 0), (KEY2, 1), ("genuine/tag-key-p256a-rekor1", 0)] {
        let (logged, times) = told(case, keyed(), |_| {});
        assert_eq!((logged.len(), times), (1, timestamps), "{case}");
    }

    // Nobody asked, and nothing is claimed.
    let (logged, timestamps) = told(KEY1, keyed().require_log(false), |_| {});
    assert_eq!((logged.len(), timestamps), (0, 0));
    let (logged, timestamps) = told(BOTH, policy().require_log(false), |_| {});
    assert_eq!((logged.len(), timestamps), (0, 1));
}

#[test]
fn a_timestamp_of_a_keys_signature_is_proven_for_itself() {
    let demanded = || keyed().require_log(false).require_timestamp(true);
    let verified = judge(KEY2, demanded(), |_| {}).unwrap();
    assert_eq!(verified.signatures[0].timestamps.len(), 1);
    let refused = judge(KEY1, demanded(), |_| {}).unwrap_err();
    assert!(matches!(refused.refused[0].reason, Reason::Timestamp(_)));
    let other = Raw::read(&path(REKOR2), &Case::load(REKOR2).signatures[0]);
    let refused = judge(KEY2, demanded(), |bundle| {
        let timestamps = "/verificationMaterial/timestampVerificationData";
        *bundle.pointer_mut(timestamps).unwrap() = other.value.pointer(timestamps).unwrap().clone();
    });
    let refused = refused.unwrap_err();
    assert!(matches!(refused.refused[0].reason, Reason::Timestamp(_)));
}

#[test]
fn an_entry_of_a_payload_is_a_hashedrekord() {
    let other = |tag: &mut Value| {
        let body = &mut tag["bundle"]["Payload"]["body"];
        let text = crate::raw::Encoding::decode(body);
        let text = String::from_utf8(text).unwrap();
        let text = text.replace("\"kind\":\"hashedrekord\"", "\"kind\":\"rekord\"");
        *body = crate::raw::Encoding::encode(text.as_bytes());
    };
    let why = "an entry of kind rekord 0.0.1 is not about a signed payload";
    refused(TAG, policy(), other, why);
}

/// A tag's signature with this in the annotation of the chain, and of the certificate.
fn with_chain(
    certificate: impl FnOnce(String) -> String,
    chain: &str,
) -> Result<Verified, Refused> {
    let case = Case::load(TAG);
    let manifest = std::fs::read(path(TAG).join("sig.manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let annotations = crate::fixtures::annotations(&manifest["layers"][0]);
    let mut annotations: std::collections::BTreeMap<_, _> = annotations.into_iter().collect();
    let own = annotations
        .remove("dev.sigstore.cosign/certificate")
        .unwrap();
    annotations.insert("dev.sigstore.cosign/certificate".into(), certificate(own));
    annotations.insert("dev.sigstore.cosign/chain".into(), chain.into());
    let payload = std::fs::read(path(TAG).join("sig-0.payload.json")).unwrap();
    judged(
        &case,
        policy(),
        &Signature::simple_signing("t", payload, annotations),
    )
}

#[test]
fn a_chain_helps_to_find_and_is_not_believed() {
    let own = std::fs::read(path("trusted_root.json")).unwrap();
    let own: Value = serde_json::from_slice(&own).unwrap();
    let pem = |certificate: &Value| {
        let body = certificate["rawBytes"].as_str().unwrap();
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    };
    let chain = own["certificateAuthorities"][0]["certChain"]["certificates"].as_array();
    let chain: String = chain.unwrap().iter().map(pem).collect();
    let unrelated = own["timestampAuthorities"][0]["certChain"]["certificates"].as_array();
    let unrelated: String = unrelated.unwrap().iter().map(pem).collect();
    let same = |own: String| own;
    for chain in ["", &chain, &unrelated] {
        assert!(with_chain(same, chain).is_ok(), "{chain}");
    }
    let malformed = |answer: Result<Verified, Refused>| {
        let refused = answer.unwrap_err().refused;
        matches!(refused[0].reason, Reason::Malformed(_))
    };
    let one = pem(&own["certificateAuthorities"][0]["certChain"]["certificates"][0]);
    assert!(malformed(with_chain(same, "garbage")));
    assert!(malformed(with_chain(
        same,
        &one.replace("CERTIFICATE", "PUBLIC KEY")
    )));
    assert!(malformed(with_chain(|_| "garbage".to_owned(), "")));
    assert!(malformed(with_chain(
        |own| own.replace("CERTIFICATE", "PRIVATE KEY"),
        ""
    )));
    let too_large = |answer: Result<Verified, Refused>| {
        let refused = answer.unwrap_err().refused;
        matches!(refused[0].reason, Reason::TooLarge { .. })
    };
    assert!(with_chain(same, &one.repeat(32)).is_ok());
    assert!(too_large(with_chain(same, &one.repeat(33))));
    assert!(too_large(with_chain(|own| own.repeat(2), "")));
    // The authority's own certificate did not sign this.
    let refused = with_chain(|_| one.clone(), "").unwrap_err().refused;
    assert!(!matches!(refused[0].reason, Reason::Malformed(_)));
}
