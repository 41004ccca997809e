//! Every link of every genuine signature is altered, and each time the signature is refused: nothing in
//! a signature is there for show, but for what [`HARMLESS`] lists.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use portolan_verify::{Judge, Policy, Reason, Refused, Signature, Verified};
use serde_json::{Value, json};

use crate::fixtures::{Case, now, path, rows};
use crate::raw::{Encoding, LINKS, Link, Raw, alterations};
use crate::verdicts::policy;

/// Alterations that change nothing which is proven, and why.
///
/// Each is in the table because it happens, and the proof is then the same to the letter.
const HARMLESS: [(&str, &str, &str); 3] = [
    (
        "key hint",
        "*",
        "nobody signs it, and it decides nothing: the policy's keys are tried",
    ),
    (
        "promise",
        "removed",
        "a proof stands for the log, and a timestamp for the time",
    ),
    (
        "checkpoint's signer",
        "*",
        "a label: the log's key is found by its identifier",
    ),
];

/// What logs say of a key's signature, where nobody asks them.
const BARE: (&str, &str, &str) = (
    "log entry",
    "*",
    "the key alone decides, as in Flux, and nothing of this is told as proven",
);

/// A signature that is accepted under a policy which demands all that it has.
struct Genuine {
    name: String,
    digest: portolan_reference::Digest,
    raw: Raw,
    policy: Policy,
    /// A key made it, and no log is demanded: Flux's question.
    bare: bool,
    verified: Verified,
}

fn judge(
    policy: &Policy,
    digest: &portolan_reference::Digest,
    signature: &Signature,
) -> Result<Verified, Refused> {
    let mut judge = Judge::new(policy.clone(), digest.clone(), now());
    judge.consider(signature);
    judge.finish()
}

/// Every signature of every genuine case that any policy of the table accepts.
fn genuine() -> &'static [Genuine] {
    static ALL: OnceLock<Vec<Genuine>> = OnceLock::new();
    ALL.get_or_init(find)
}

fn find() -> Vec<Genuine> {
    let mut all = Vec::new();
    let mut cases: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for row in rows() {
        if row.case.starts_with("genuine/") && row.expect != "refuse" {
            cases.entry(row.case.clone()).or_default().push(row.policy);
        }
    }
    for (name, asked) in cases {
        let case = Case::load(&name);
        for (number, signature) in case.signatures.iter().enumerate() {
            let raw = Raw::read(&path(&name), signature);
            let strictest = STRICTEST_FIRST.iter().find_map(|(log, timestamp, sct)| {
                asked.iter().find_map(|asked| {
                    let mut asked = asked.clone();
                    (asked.ignore_tlog, asked.signed_timestamps) = (!log, *timestamp);
                    asked.ignore_sct = !sct;
                    let policy = policy(&asked);
                    let verified = judge(&policy, &case.digest, &raw.signature());
                    let bare = !asked.keys.is_empty() && !log;
                    verified.ok().map(|verified| (policy, bare, verified))
                })
            });
            if let Some((policy, bare, verified)) = strictest {
                all.push(Genuine {
                    name: format!("{name} {number}"),
                    digest: case.digest.clone(),
                    raw,
                    policy,
                    bare,
                    verified,
                });
            }
        }
    }
    all
}

const STRICTEST_FIRST: [(bool, bool, bool); 7] = [
    (true, true, true),
    (true, true, false),
    (true, false, true),
    (true, false, false),
    (false, true, true),
    (false, true, false),
    (false, false, true),
];

/// The same link of other genuine signatures, at most two.
fn others(all: &[Genuine], one: &Genuine, link: &Link) -> Vec<(String, Value)> {
    let value = one.raw.get(link);
    let mut seen = BTreeSet::new();
    let others = all.iter().filter(|other| other.name != one.name);
    let others = others.filter_map(|other| other.raw.get(link));
    let others = others.filter(|other| Some(other) != value.as_ref());
    let different = others.filter(|other| seen.insert(other.to_string()));
    different
        .take(2)
        .map(|other| ("that of another signature".to_owned(), other))
        .collect()
}

#[test]
fn an_altered_link_breaks_every_genuine_signature() {
    let all = genuine();
    assert!(all.len() >= 40, "{}", all.len());
    let (mut tried, mut accepted, mut hit) = (0, Vec::new(), BTreeSet::new());
    let mut links = BTreeSet::new();
    for one in all {
        for link in LINKS {
            let Some(value) = one.raw.get(link) else {
                continue;
            };
            links.insert(link.name);
            let mut altered = alterations(link.encoding, &value);
            altered.extend(others(all, one, link));
            let altered = altered.into_iter().map(|(what, value)| (what, Some(value)));
            let removed = ("removed".to_owned(), None);
            for (what, value) in altered.chain([removed]) {
                tried += 1;
                let signature = one.raw.with(link, value).signature();
                let Ok(verified) = judge(&one.policy, &one.digest, &signature) else {
                    continue;
                };
                let harmless = HARMLESS
                    .iter()
                    .find(|(name, kind, _)| *name == link.name && (*kind == "*" || *kind == what));
                let harmless = match harmless {
                    None if one.bare && link.is_of_logs() => Some(&BARE),
                    harmless => harmless,
                };
                match harmless {
                    Some(harmless) if verified.signatures == one.verified.signatures => {
                        hit.insert(harmless.0);
                    }
                    // Without its promise an entry is proven, and says nothing about the time.
                    Some(harmless) if harmless.0 == "promise" => {
                        hit.insert(harmless.0);
                    }
                    _ => accepted.push(format!("{}: {} {what}", one.name, link.name)),
                }
            }
        }
    }
    assert!(accepted.is_empty(), "accepted:\n{}", accepted.join("\n"));
    let missing = LINKS.iter().filter(|link| !links.contains(link.name));
    let missing: Vec<_> = missing.map(|link| link.name).collect();
    assert!(missing.is_empty(), "no genuine signature has {missing:?}");
    let stale = HARMLESS
        .iter()
        .chain([&BARE])
        .filter(|(name, ..)| !hit.contains(name));
    let stale: Vec<_> = stale.collect();
    assert!(stale.is_empty(), "not harmless, or not there: {stale:?}");
    assert!(tried > 4000, "{tried}");
}

#[test]
fn a_genuine_signature_is_of_nothing_else() {
    let all = genuine();
    for one in all {
        for other in all {
            if one.digest != other.digest {
                let answer = judge(&one.policy, &other.digest, &one.raw.signature());
                assert!(answer.is_err(), "{} for {}", one.name, other.name);
            }
        }
    }
}

#[test]
fn each_bit_of_a_timestamp_is_true_or_says_nothing() {
    let all = genuine();
    let link = LINKS.iter().find(|link| link.name == "timestamp").unwrap();
    let one = all
        .iter()
        .find(|one| one.name.contains("bundle-keyless-rekor1-timestamp"));
    let one = one.unwrap();
    let value = one.raw.get(link).unwrap();
    let bytes = Encoding::decode(&value);
    let mut refused = 0;
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        let altered = one.raw.with(link, Some(Encoding::encode(&bytes)));
        match judge(&one.policy, &one.digest, &altered.signature()) {
            Ok(verified) => assert_eq!(verified.signatures, one.verified.signatures, "byte {at}"),
            Err(_) => refused += 1,
        }
    }
    assert!(
        refused * 10 > bytes.len() * 9,
        "{refused} of {}",
        bytes.len()
    );
}

#[test]
fn a_blob_that_somebody_signed_is_no_signature_of_a_container() {
    // Somebody signed bytes. Their signature is put beside a statement about these bytes, which nobody
    // signed: whoever judges the one and believes the other is deceived.
    let folder = path("genuine/tag-keyless-rekor1");
    let tag = Case::load("genuine/tag-keyless-rekor1");
    let tag = Raw::read(&folder, &tag.signatures[0]).value;
    let bytes = Encoding::decode(&tag["payload"]);
    let digest = portolan_reference::Digest::of(portolan_reference::Algorithm::Sha256, &bytes);
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "digest": { "sha256": digest.hex() }, "annotations": { "env": "prod" } }],
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
    });
    let payload = &tag["bundle"]["Payload"];
    let log: Vec<u8> = (0..32)
        .map(|at| &payload["logID"].as_str().unwrap()[at * 2..at * 2 + 2])
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect();
    let entry = json!({
        "logIndex": payload["logIndex"].to_string(),
        "logId": { "keyId": Encoding::encode(&log) },
        "kindVersion": { "kind": "hashedrekord", "version": "0.0.1" },
        "integratedTime": payload["integratedTime"].to_string(),
        "inclusionPromise": { "signedEntryTimestamp": tag["bundle"]["SignedEntryTimestamp"] },
        "canonicalizedBody": payload["body"],
    });
    let material =
        json!({ "certificate": { "rawBytes": tag["certificate"] }, "tlogEntries": [entry] });
    let message = json!({ "signature": tag["signature"] });
    let envelope = json!({
        "payloadType": "application/vnd.in-toto+json",
        "payload": Encoding::encode(statement.to_string().as_bytes()),
        "signatures": [{ "sig": tag["signature"] }],
    });
    let forged = format!(
        r#"{{"messageSignature":{message},"dsseEnvelope":{envelope},"verificationMaterial":{material},"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}}"#
    );
    // Without a demand for a log, because these entries have no proof, which a bundle needs for one.
    let policy = crate::roots::anybody(crate::fixtures::root("trusted_root.json"));
    let policy = policy.require_log(false).build().unwrap();
    let refused = judge(&policy, &digest, &Signature::bundle("forged", forged)).unwrap_err();
    assert!(
        matches!(refused.refused[0].reason, Reason::Malformed(_)),
        "{refused}"
    );
}

#[test]
fn what_is_there_twice_or_besides_is_refused() {
    let all = genuine();
    let bundles = all.iter().filter(|one| one.raw.is_bundle());
    for one in bundles {
        let json = one.raw.json();
        let again = judge(
            &one.policy,
            &one.digest,
            &Signature::bundle("as it is", json.clone()),
        );
        assert!(again.is_ok(), "{}", one.name);
        let envelope = one.raw.value["dsseEnvelope"].to_string();
        let message = json!({"signature": "AAAA"}).to_string();
        for besides in [
            format!("{{\"dsseEnvelope\":{envelope},"),
            format!("{{\"messageSignature\":{message},"),
        ] {
            let json = json.replacen('{', &besides, 1);
            let signature = Signature::bundle("altered", json);
            let answer = judge(&one.policy, &one.digest, &signature);
            assert!(answer.is_err(), "{}: {besides}", one.name);
        }
        let material = "\"verificationMaterial\":{";
        for besides in [
            r#""x509CertificateChain":{"certificates":[]},"#,
            r#""publicKey":{"hint":""},"#,
            r#""certificate":{"rawBytes":""},"#,
        ] {
            let first = json.replacen(material, &format!("{material}{besides}"), 1);
            let last = besides.trim_end_matches(',');
            let open = json.strip_suffix("}}").unwrap();
            for json in [first, format!("{open},{last}}}}}")] {
                let signature = Signature::bundle("altered", json);
                let answer = judge(&one.policy, &one.digest, &signature);
                assert!(answer.is_err(), "{}: {besides}", one.name);
            }
        }
    }
}
