//! How much is looked at, and what is said of what cannot be read.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portolan_verify::{Format, Limits, PolicyBuilder, Reason, Signature};
use serde_json::{Value, json};

use crate::fixtures::{Case, annotations, path};
use crate::judging::{judge, keyless, keys, reasons};

fn limited(change: impl FnOnce(&mut Limits)) -> PolicyBuilder {
    let mut limits = Limits::default();
    change(&mut limits);
    keys(&["p256a"]).limits(limits)
}

#[test]
fn no_more_is_looked_at_than_the_limits_say() {
    let good = Case::load("genuine/tag-key-p256a-no-log");
    let noise = Signature::simple_signing("noise", "{}", []);
    let behind = |count: usize| Case {
        digest: good.digest.clone(),
        signatures: [vec![noise.clone(); count], good.signatures.clone()].concat(),
    };
    assert!(judge(keys(&["p256a"]), &behind(99)).is_ok());
    let refused = judge(keys(&["p256a"]), &behind(100)).unwrap_err();
    assert_eq!(refused.refused.len(), 100);
    assert_eq!(refused.at_limit, Some(100));
    let told = refused.to_string();
    assert!(
        told.ends_with("; and 97 more; no more than 100 are looked at"),
        "{told}"
    );
    assert!(judge(limited(|limits| limits.max_signatures = 2), &behind(1)).is_ok());
    assert!(judge(limited(|limits| limits.max_signatures = 1), &behind(1)).is_err());

    let size = good.signatures[0].size();
    assert_eq!(
        reasons(judge(
            keys(&["p256a"]),
            &Case {
                digest: good.digest.clone(),
                signatures: vec![Signature::not_fetched("far", Format::Bundle, "9 MiB")],
            }
        )),
        [Reason::NotFetched("9 MiB".to_owned())]
    );
    let too_large = |what, limit| vec![Reason::TooLarge { what, limit }];
    let one = |limit| limited(|limits| limits.max_signature_bytes = limit);
    assert!(judge(one(size), &good).is_ok());
    assert_eq!(
        reasons(judge(one(size - 1), &good)),
        too_large("bytes", size - 1)
    );

    // What was looked at before counts, and what was too large does not.
    let total = |limit| limited(|limits| limits.max_total_bytes = limit);
    assert!(judge(total(size + 2), &behind(1)).is_ok());
    let what = "bytes of all signatures";
    let last = reasons(judge(total(size + 1), &behind(1))).pop();
    assert_eq!(last.as_slice(), too_large(what, size + 1));
    let huge = Signature::simple_signing("huge", vec![b' '; 5 << 20], []);
    let beside = Case {
        digest: good.digest.clone(),
        signatures: [vec![huge; 50], good.signatures.clone()].concat(),
    };
    assert!(judge(keys(&["p256a"]), &beside).is_ok());
}

#[test]
fn a_signature_is_as_large_as_all_that_it_brings() {
    let annotation = ("ab".to_owned(), "cde".to_owned());
    assert_eq!(
        Signature::simple_signing("x", "1234", [annotation]).size(),
        9
    );
    assert_eq!(Signature::bundle("x", "12345").size(), 5);
}

/// The bundle of a case with a list of so many items in it.
fn long(case: &str, list: &str, item: &Value, count: usize) -> Case {
    let folder = path(case).join("bundle-0.sigstore.json");
    let mut bundle: Value = serde_json::from_slice(&std::fs::read(folder).unwrap()).unwrap();
    let material = bundle["verificationMaterial"].as_object_mut().unwrap();
    let items = json!(vec![item; count]);
    if list == "tlogEntries" {
        material.insert(list.to_owned(), items);
    } else {
        let data = json!({ list: items });
        material.insert("timestampVerificationData".to_owned(), data);
    }
    Case {
        digest: Case::load(case).digest,
        signatures: vec![Signature::bundle("long", bundle.to_string())],
    }
}

#[test]
fn lists_in_a_bundle_are_counted_before_they_are_judged() {
    let case = "genuine/bundle-key-p256a-no-log";
    for (list, what) in [
        ("tlogEntries", "log entries"),
        ("rfc3161Timestamps", "timestamps"),
    ] {
        assert!(judge(keys(&["p256a"]), &long(case, list, &json!({}), 32)).is_ok());
        let refused = judge(keys(&["p256a"]), &long(case, list, &json!({}), 33));
        assert_eq!(reasons(refused), [Reason::TooLarge { what, limit: 32 }]);
    }
}

#[test]
fn what_cannot_be_read_says_what_is_wrong() {
    let case = Case::load("genuine/tag-key-p256a-no-log");
    let said = |signature: Signature| {
        let case = Case {
            digest: case.digest.clone(),
            signatures: vec![signature],
        };
        let reason = reasons(judge(keys(&["p256a"]), &case)).remove(0);
        reason.to_string()
    };
    let bundle = |json: &str| said(Signature::bundle("b", json));
    assert!(bundle("").starts_with("unreadable: EOF"));
    assert!(bundle("[]").starts_with("unreadable: "));
    let old = r#"{"mediaType":"application/vnd.dev.sigstore.bundle+json;version=0.2","verificationMaterial":{}}"#;
    assert!(bundle(old).contains("is not that of a bundle of version 0.3"));
    let with = |material: &str, envelope: &str| {
        bundle(&format!(
            r#"{{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{material}{envelope}}}"#
        ))
    };
    let envelope = |signatures: &str| {
        format!(
            r#","dsseEnvelope":{{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{signatures}]}}"#
        )
    };
    let (key, one) = (r#"{"publicKey":{}}"#, r#"{"sig":"AAAA"}"#);
    assert!(with("{}", "").ends_with("neither a certificate nor a key, or both"));
    let both = r#"{"publicKey":{},"certificate":{}}"#;
    assert!(with(both, "").ends_with("neither a certificate nor a key, or both"));
    assert!(with(key, "").ends_with("no DSSE envelope"));
    let not_one = "not exactly one signature in the envelope";
    assert!(with(key, &envelope("")).ends_with(not_one));
    assert!(with(key, &envelope(&format!("{one},{one}"))).ends_with(not_one));
    assert!(with(key, &envelope(r#"{"sig":"!"}"#)).ends_with("no base64"));
    assert!(with(key, &envelope(one)).starts_with("unreadable: statement: missing field"));

    let tag = |payload: &str, signature: &str| {
        let annotation = (
            "dev.cosignproject.cosign/signature".to_owned(),
            signature.to_owned(),
        );
        said(Signature::simple_signing("t", payload, [annotation]))
    };
    assert!(tag("{}", "").ends_with("no signature in the annotations"));
    assert!(tag("{}", "!").ends_with("the signature is no base64"));
    assert!(tag("{}", "AAAA").starts_with("unreadable: payload: missing field"));
    let payload = |kind: &str, digest: &str| {
        json!({"critical": {"image": {"docker-manifest-digest": digest}, "type": kind}}).to_string()
    };
    let kind = "cosign container image signature";
    let digest = case.digest.to_string();
    assert_eq!(
        tag(&payload("something else", &digest), "AAAA"),
        "not a signature but an attestation (something else)"
    );
    let other = format!("sha256:{}", "0".repeat(64));
    assert_eq!(
        tag(&payload(kind, &other), "AAAA"),
        format!("it is about {other}, not about {digest}")
    );
    let shouted = digest.to_uppercase();
    assert!(tag(&payload(kind, &shouted), "AAAA").starts_with("it is about"));
    assert_eq!(
        tag(&payload(kind, &digest), "AAAA"),
        "no key of the policy verifies it"
    );
    // The JSON of whoever signed may be long, and a reason is not.
    assert!(tag(&payload(&"x".repeat(1 << 20), &digest), "AAAA").len() < 1024);
}

#[test]
fn a_refusal_tells_a_few_reasons_and_how_many_more_there_are() {
    let digest = Case::load("genuine/unsigned").digest;
    let case = |count: usize| Case {
        digest: digest.clone(),
        signatures: (0..count)
            .map(|number| Signature::bundle(format!("bundle {number}"), "{"))
            .collect(),
    };
    let told = |count| {
        judge(keys(&["p256a"]), &case(count))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(told(0), "no signatures found");
    let one = told(1);
    assert!(
        one.starts_with("no matching signatures: bundle 0 (bundle): unreadable: "),
        "{one}"
    );
    assert!(told(3).contains("; bundle 2 (bundle): "));
    assert!(told(4).ends_with("; and 1 more"), "{}", told(4));
    assert!(told(100).ends_with("; and 97 more; no more than 100 are looked at"));
}

/// The same with something else in a place of the bundle.
fn altered(case: &Case, name: &str, pointer: &str, new: Value) -> Case {
    let bundle = std::fs::read(path(name).join("bundle-0.sigstore.json")).unwrap();
    let mut bundle: Value = serde_json::from_slice(&bundle).unwrap();
    let (at, member) = pointer.rsplit_once('/').unwrap();
    bundle.pointer_mut(at).unwrap()[member] = new;
    Case {
        digest: case.digest.clone(),
        signatures: vec![Signature::bundle("altered", bundle.to_string())],
    }
}

/// What is read before it is known who wrote it: 4 MiB of `{"":0}` would take 400 MiB.
#[test]
fn memory_is_in_proportion_to_bytes() {
    let too_many = [Reason::TooLarge {
        what: "values of JSON",
        limit: 10_000,
    }];
    let many = json!(vec![json!({ "": 0 }); 20_000]);
    for name in [
        "genuine/bundle-key-p256a-no-log",
        "genuine/bundle-keyless-rekor1",
    ] {
        let case = Case::load(name);
        for policy in [keys(&["p256a"]), keyless()] {
            for place in [
                "/unknown",
                "/verificationMaterial/unknown",
                "/dsseEnvelope/unknown",
            ] {
                let case = altered(&case, name, place, many.clone());
                assert_eq!(reasons(judge(policy.clone(), &case)), too_many, "{place}");
            }
            let statement = json!({
                "_type": "https://in-toto.io/Statement/v1",
                "predicateType": "https://sigstore.dev/cosign/sign/v1",
                "predicate": {},
                "subject": [{ "digest": { "sha256": case.digest.hex() } }],
            });
            for place in ["predicate", "subject", "unknown"] {
                let mut statement = statement.clone();
                statement[place] = many.clone();
                let payload = STANDARD.encode(statement.to_string());
                let case = altered(&case, name, "/dsseEnvelope/payload", json!(payload));
                assert_eq!(reasons(judge(policy.clone(), &case)), too_many, "{place}");
            }
        }
    }
    let payload = json!({
        "critical": {
            "image": { "docker-manifest-digest": "sha256:…" },
            "type": "cosign container image signature",
        },
        "optional": { "a": many },
    });
    let signature = ("dev.cosignproject.cosign/signature", "AAAA");
    let tag = |payload: Value, annotations: &[(&str, &str)]| Case {
        digest: Case::load("genuine/tag-keyless-rekor1").digest,
        signatures: vec![Signature::simple_signing(
            "tag",
            payload.to_string(),
            annotations
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )],
    };
    let case = tag(payload, &[signature]);
    assert_eq!(reasons(judge(keys(&["p256a"]), &case)), too_many);
}

/// Each certificate that cannot be read may be read to the end several times.
#[test]
fn certificates_beside_a_payload_are_counted_in_bytes() {
    let name = "genuine/tag-keyless-rekor1";
    let case = Case::load(name);
    assert!(judge(keyless(), &case).is_ok());
    let manifest = std::fs::read(path(name).join("sig.manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let payload = std::fs::read(path(name).join("sig-0.payload.json")).unwrap();
    let filled = |member: &str, bytes: usize| {
        let mut annotations: BTreeMap<_, _> =
            annotations(&manifest["layers"][0]).into_iter().collect();
        let certificate = annotations["dev.sigstore.cosign/certificate"].clone();
        let comment = "#".repeat(bytes - certificate.len() - 1);
        annotations.insert(member.to_owned(), format!("{comment}\n{certificate}"));
        Case {
            digest: case.digest.clone(),
            signatures: vec![Signature::simple_signing("t", payload.clone(), annotations)],
        }
    };
    for member in [
        "dev.sigstore.cosign/certificate",
        "dev.sigstore.cosign/chain",
    ] {
        assert!(judge(keyless(), &filled(member, 256 << 10)).is_ok());
        assert_eq!(
            reasons(judge(keyless(), &filled(member, (256 << 10) + 1))),
            [Reason::TooLarge {
                what: "bytes of PEM",
                limit: 256 << 10
            }]
        );
    }
}

#[test]
fn of_bundles_only_version_0_3_is_known_however_it_is_spelt() {
    for (name, policy) in [
        ("genuine/bundle-key-p256a-no-log", keys(&["p256a"])),
        ("genuine/bundle-keyless-rekor1", keyless()),
    ] {
        let case = Case::load(name);
        let of = |media_type: &str| altered(&case, name, "/mediaType", json!(media_type));
        for known in [
            "application/vnd.dev.sigstore.bundle.v0.3+json",
            "application/vnd.dev.sigstore.bundle+json;version=0.3",
        ] {
            assert!(judge(policy.clone(), &of(known)).is_ok(), "{known}");
        }
        for other in [
            "application/vnd.dev.sigstore.bundle+json;version=0.1",
            "application/vnd.dev.sigstore.bundle+json;version=0.2",
            "application/vnd.dev.sigstore.bundle.v0.2+json",
            "application/vnd.dev.sigstore.bundle.v0.4+json",
            "application/vnd.dev.sigstore.bundle.v0.30+json",
            "application/vnd.dev.sigstore.bundle.v0.03+json",
            "application/vnd.dev.sigstore.bundle.v0.+3+json",
            "application/vnd.dev.sigstore.bundle.v1.0+json",
            "application/vnd.dev.sigstore.bundle.v0.3",
            "application/json",
            "",
        ] {
            let reason = reasons(judge(policy.clone(), &of(other))).remove(0);
            assert!(matches!(reason, Reason::Malformed(_)), "{other}: {reason}");
        }
    }
}

/// `base64` writes lines, and `cosign attach signature` takes them as they are.
#[test]
fn a_signature_in_an_annotation_may_have_lines() {
    let name = "genuine/tag-key-p256a-no-log";
    let case = Case::load(name);
    let manifest = std::fs::read(path(name).join("sig.manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let payload = std::fs::read(path(name).join("sig-0.payload.json")).unwrap();
    let written = |change: fn(&str) -> String| {
        let annotations = annotations(&manifest["layers"][0]);
        let annotations = annotations
            .into_iter()
            .map(|(name, value)| (name, change(&value)));
        Case {
            digest: case.digest.clone(),
            signatures: vec![Signature::simple_signing("t", payload.clone(), annotations)],
        }
    };
    let fine: [fn(&str) -> String; 3] = [
        |text| format!("{text}\n"),
        |text| format!("{}\n{}\n", &text[..76], &text[76..]),
        |text| format!("{}\r\n{}\r\n", &text[..64], &text[64..]),
    ];
    for change in fine {
        assert!(judge(keys(&["p256a"]), &written(change)).is_ok());
    }
    let broken: [fn(&str) -> String; 3] = [
        |text| format!("{text} "),
        |text| format!("{text}="),
        |text| text.replace('+', "-").replace('/', "_") + "-",
    ];
    for change in broken {
        let reason = reasons(judge(keys(&["p256a"]), &written(change))).remove(0);
        assert!(matches!(reason, Reason::Malformed(_)), "{reason}");
    }
}
