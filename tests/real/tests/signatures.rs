//! Who signed this: cosign and ours judge what the real cosign signed with the real services of
//! sigstore, in both kinds of registry. Every difference stands here with its reason.

#[path = "signatures/stage.rs"]
mod stage;

use portolan_real::{
    Believed, Caller, ChartFolder, Demand, Evidence, Folder, KeyKind, Signature, SigningKey, copy,
    files, pinned,
};
use serde_json::{Value, json};

use stage::{
    ACCEPTED, Charts, DONE, NO_DEMAND, NOT_SIGNED, REFUSED, STAGE, Verdict, believing, identity,
    key, logged_key, only_cosign, only_ours, ours,
};

fn alice() -> Caller {
    Caller::person("alice@example.com")
}

/// All that has an entry in a log, in the order of their age.
fn logged(by: Signature<'_>) -> [Signature<'_>; 5] {
    [
        by.as_tag(),
        by.as_tag().proven(Evidence::RekorAndTimestamp),
        by,
        by.proven(Evidence::RekorAndTimestamp),
        by.proven(Evidence::RekorTiles),
    ]
}

#[test]
fn a_logged_signature_is_good_for_the_name_and_the_issuer_in_its_certificate() {
    let alice = alice();
    let elsewhere = Caller::person_elsewhere("alice@example.com");
    for signature in logged(Signature::by(&alice)) {
        let charts = Charts::signed(signature);
        charts.judged(&identity(&alice), ACCEPTED);
        charts.judged(&identity(&elsewhere), REFUSED);
        charts.judged(&identity(&Caller::person("lice@example.com")), REFUSED);
    }
    let release = Caller::workflow("example/charts");
    let charts = Charts::signed(Signature::by(&release));
    charts.judged(&identity(&release), ACCEPTED);
    charts.judged(&identity(&Caller::workflow("example/other")), REFUSED);
    charts.judged(&identity(&alice), REFUSED);
}

#[test]
fn expressions_are_looked_for_anywhere_unless_they_say_where() {
    let release = Caller::workflow("example/charts");
    let by = Signature::by(&release);
    for charts in [Charts::signed(by), Charts::signed(by.as_tag())] {
        for (issuer, subject, expected) in [
            ("127", "example/charts", ACCEPTED),
            ("^http://127", "@refs/heads/(main|next)$", ACCEPTED),
            (
                r"\Ahttp://127\.0\.0\.1:\d+/workflows\z",
                r"(?i)EXAMPLE/[[:lower:]]+/",
                ACCEPTED,
            ),
            ("^127", "example/charts", REFUSED),
            ("127", "^example/charts", REFUSED),
            ("127", "example/charts$", REFUSED),
            ("127", "EXAMPLE/charts", REFUSED),
            ("127", "example/(charts", NO_DEMAND),
        ] {
            let demand = Demand::pattern(issuer, subject);
            charts.judged(&believing(Believed::Everything, demand), expected);
        }
    }
}

#[test]
fn a_certificate_is_good_for_nobody_unless_somebody_is_named() {
    let alice = alice();
    let charts = Charts::signed(Signature::by(&alice));
    charts.judged(
        &believing(Believed::Everything, Demand::default()),
        NO_DEMAND,
    );
}

#[test]
fn what_is_believed_ends_with_the_time_of_a_key() {
    const TIMESTAMP: Verdict = only_cosign(
        "one proof of the time is enough for cosign; ours believes nothing of a signature that \
         brings a timestamp which does not hold",
    );
    let alice = alice();
    let by = Signature::by(&alice);
    let all = [
        by.as_tag(),
        by,
        by.proven(Evidence::RekorAndTimestamp),
        by.proven(Evidence::RekorTiles),
    ];
    let [tag, rekor, both, tiles] = all.map(Charts::signed);
    let expect = |believed, expected: [Verdict; 4]| {
        for (charts, expected) in [&tag, &rekor, &both, &tiles].into_iter().zip(expected) {
            charts.judged(&believing(believed, identity(&alice)), expected);
        }
    };
    expect(Believed::Everything, [ACCEPTED; 4]);
    expect(Believed::Stranger, [REFUSED; 4]);
    expect(Believed::FulcioEnded, [REFUSED; 4]);
    expect(Believed::CertificateLogEnded, [REFUSED; 4]);
    expect(Believed::NoCertificateLog, [REFUSED; 4]);
    // The second Rekor states no time that could be compared with the end of its key.
    expect(Believed::RekorEnded, [REFUSED, REFUSED, REFUSED, ACCEPTED]);
    expect(
        Believed::TimestampsEnded,
        [ACCEPTED, ACCEPTED, TIMESTAMP, REFUSED],
    );
}

#[test]
fn a_certificate_that_is_in_no_log_is_good_only_for_who_does_not_ask() {
    let alice = alice();
    let by = Signature::by(&alice).proven(Evidence::RekorWithoutSct);
    for signature in [by, by.as_tag(), by.proven(Evidence::RekorTilesWithoutSct)] {
        let charts = Charts::signed(signature);
        charts.judged(&identity(&alice), REFUSED);
        // No key of such a log is no permission to do without it.
        let demand = believing(Believed::NoCertificateLog, identity(&alice));
        charts.judged(&demand, REFUSED);
        let unasked = Demand {
            ignore_sct: true,
            ..identity(&alice)
        };
        charts.judged(&unasked, ACCEPTED);
    }
}

#[test]
fn a_signature_that_is_in_no_log_is_good_only_for_who_does_not_ask() {
    let alice = alice();
    let by = Signature::by(&alice).proven(Evidence::Timestamp);
    for signature in [by, by.as_tag()] {
        let charts = Charts::signed(signature);
        charts.judged(&identity(&alice), REFUSED);
        let unasked = Demand {
            ignore_log: true,
            use_timestamps: true,
            ..identity(&alice)
        };
        charts.judged(&unasked, ACCEPTED);
        // Nothing says when it was made, and the certificate was good for ten minutes.
        charts.judged(&believing(Believed::TimestampsEnded, unasked), REFUSED);
    }
}

#[test]
fn a_signature_by_a_key_is_good_for_that_key() {
    let (own, other) = (
        SigningKey::new(KeyKind::P256),
        SigningKey::new(KeyKind::P256),
    );
    let with = Signature::with(&own);
    for (signature, when_logged) in [
        (with, REFUSED),
        (with.as_tag(), REFUSED),
        (with.proven(Evidence::Rekor), ACCEPTED),
        (with.proven(Evidence::RekorTiles), ACCEPTED),
        (with.as_tag().proven(Evidence::Rekor), ACCEPTED),
    ] {
        let charts = Charts::signed(signature);
        charts.judged(&key(&own), ACCEPTED);
        charts.judged(&key(&other), REFUSED);
        charts.judged(&logged_key(&own), when_logged);
        charts.judged(&logged_key(&other), REFUSED);
        charts.judged(&identity(&alice()), REFUSED);
    }
}

const LARGER_HASH: Verdict = only_ours(
    "cosign signs with the curve's own hash and verifies with SHA-256, unless it is told \
     otherwise (sigstore/cosign#5091); ours tries the curve's hash first",
);

#[test]
fn keys_of_every_kind_are_good() {
    for (kind, bundle, tag) in [
        (KeyKind::Rsa2048, ACCEPTED, ACCEPTED),
        (KeyKind::Rsa4096, ACCEPTED, ACCEPTED),
        (KeyKind::P384, LARGER_HASH, LARGER_HASH),
        (KeyKind::P521, LARGER_HASH, LARGER_HASH),
    ] {
        let own = SigningKey::new(kind);
        let with = Signature::with(&own);
        Charts::signed(with).judged(&key(&own), bundle);
        Charts::signed(with.as_tag()).judged(&key(&own), tag);
    }
}

#[test]
fn keys_of_every_kind_are_good_when_they_are_logged() {
    const NEWER_ENTRY: Verdict = only_cosign(
        "the second Rekor's entries are read for P-256 only; ours refuses what it cannot read, \
         where an entry is demanded",
    );
    let rsa = SigningKey::new(KeyKind::Rsa2048);
    let curve = SigningKey::new(KeyKind::P384);
    let (with_rsa, with_curve) = (Signature::with(&rsa), Signature::with(&curve));
    let (first, second) = (Evidence::Rekor, Evidence::RekorTiles);
    for (own, signature, unasked, demanded) in [
        (&rsa, with_rsa.proven(first), ACCEPTED, ACCEPTED),
        (&rsa, with_rsa.as_tag().proven(first), ACCEPTED, ACCEPTED),
        (&rsa, with_rsa.proven(second), ACCEPTED, NEWER_ENTRY),
        (&curve, with_curve.proven(second), LARGER_HASH, REFUSED),
        (
            &curve,
            with_curve.as_tag().proven(first),
            LARGER_HASH,
            REFUSED,
        ),
    ] {
        let charts = Charts::unsigned();
        // RSA signs alike what is alike, and the second Rekor takes nothing twice.
        for (reference, place) in charts.0.iter().zip(["first", "second"]) {
            let annotations = [("place", place)];
            STAGE.lab.sign(reference, &signature.saying(&annotations));
        }
        charts.judged(&key(own), unasked);
        charts.judged(&logged_key(own), demanded);
    }
}

#[test]
fn keys_are_good_as_others_use_them() {
    // P-521 with SHA-256, and Ed25519 of the bytes themselves.
    for kind in [KeyKind::P521, KeyKind::Ed25519] {
        let own = SigningKey::new(kind);
        let charts = Charts::unsigned().and_by_hand(|payload| own.sign(payload));
        charts.judged(&key(&own), ACCEPTED);
    }
    // Ed25519 of the hash: cosign makes it and nobody reads it.
    let own = SigningKey::new(KeyKind::Ed25519);
    Charts::signed(Signature::with(&own).as_tag()).judged(&key(&own), REFUSED);
}

#[test]
fn one_of_several_signers_is_enough() {
    let (first, second) = (
        SigningKey::new(KeyKind::P256),
        SigningKey::new(KeyKind::P256),
    );
    let (alice, release) = (alice(), Caller::workflow("example/charts"));
    let (a, b) = (Signature::with(&first), Signature::with(&second));
    let (c, d) = (Signature::by(&alice), Signature::by(&release));
    for [a, b, c, d] in [[a, b, c, d], [a, b, c, d].map(Signature::as_tag)] {
        let (by_keys, by_callers) = (Charts::signed(a).and(b), Charts::signed(c).and(d));
        by_keys.judged(&key(&first), ACCEPTED);
        by_keys.judged(&key(&second), ACCEPTED);
        by_callers.judged(&identity(&alice), ACCEPTED);
        by_callers.judged(&identity(&release), ACCEPTED);
    }
}

#[test]
fn a_signature_by_a_key_is_found_beside_a_certificate() {
    const BESIDE: Verdict = only_ours(
        "cosign looks at bundles only where there is one, and a certificate is no signature by a \
         key; ours passes over what does not fit",
    );
    let own = SigningKey::new(KeyKind::P256);
    let alice = alice();
    let charts = Charts::signed(Signature::with(&own).as_tag()).and(Signature::by(&alice));
    charts.judged(&key(&own), BESIDE);
    charts.judged(&identity(&alice), ACCEPTED);
}

#[test]
fn what_was_signed_beside_the_digest_has_to_be_what_is_wanted() {
    let own = SigningKey::new(KeyKind::P256);
    let annotations = [("stage", "production"), ("team", "maps")];
    let with = Signature::with(&own).saying(&annotations);
    for signature in [with, with.as_tag()] {
        let charts = Charts::signed(signature);
        for (wanted, expected) in [
            (vec![("stage", "production")], ACCEPTED),
            (vec![("stage", "production"), ("team", "maps")], ACCEPTED),
            (vec![("stage", "production"), ("team", "other")], REFUSED),
            (vec![("Stage", "production")], REFUSED),
            (vec![("other", "production")], REFUSED),
        ] {
            let wanted = wanted.into_iter();
            let annotations = wanted.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let demand = Demand {
                annotations: annotations.collect(),
                ..key(&own)
            };
            charts.judged(&demand, expected);
        }
    }
}

#[test]
fn something_said_about_a_chart_is_no_signature_of_it() {
    const NO_SIGNATURE: Verdict = only_cosign(
        "cosign takes any statement for a signature whose subject is the digest \
         (kubernetes-sigs/security-profiles-operator#3449); ours wants the predicate of a \
         signature: who says that a chart has holes does not release it",
    );
    let own = SigningKey::new(KeyKind::P256);
    let alice = alice();
    for kind in ["slsaprovenance", "vuln"] {
        let charts = Charts::unsigned().attested(Signature::with(&own), kind);
        charts.judged(&key(&own), NO_SIGNATURE);
        let charts = Charts::unsigned().attested(Signature::by(&alice), kind);
        charts.judged(&identity(&alice), NO_SIGNATURE);
        let charts = charts.and(Signature::by(&alice));
        charts.judged(&identity(&alice), ACCEPTED);
    }
}

#[test]
fn nothing_is_no_signature() {
    let charts = Charts::unsigned();
    charts.judged(&identity(&alice()), REFUSED);
    charts.judged(&key(&SigningKey::new(KeyKind::P256)), REFUSED);
}

#[test]
fn a_broken_signature_is_held_against_nobody() {
    let own = SigningKey::new(KeyKind::P256);
    let with = Signature::with(&own).as_tag();
    let broken = Charts::unsigned().and_by_hand(|_| b"no signature".to_vec());
    broken.judged(&key(&own), REFUSED);
    broken.and(with).judged(&key(&own), ACCEPTED);
}

#[test]
fn a_signature_of_one_chart_is_none_of_another() {
    let own = SigningKey::new(KeyKind::P256);
    let alice = alice();
    for signature in [
        Signature::with(&own).as_tag(),
        Signature::by(&alice).as_tag(),
    ] {
        let signed = Charts::signed(signature);
        let other = ChartFolder::new("app", "not signed");
        let archive = STAGE.helm.package(&other, "1.0.1");
        let others = signed.0.each_ref().map(|reference| {
            let (repository, _) = reference.split_once('@').expect("a digest");
            let (folder, _) = repository.rsplit_once('/').expect("a folder");
            STAGE.helm.push(&archive, &format!("oci://{folder}"));
            let other = pinned(&format!("{repository}:1.0.1"));
            copy(&signature_tag(reference), &signature_tag(&other));
            other
        });
        Charts(others.clone()).judged(&key(&own), REFUSED);
        Charts(others).judged(&identity(&alice), REFUSED);
    }
}

#[test]
fn who_signed_is_told_and_when() {
    let alice = alice();
    let demand = identity(&alice);
    for signature in logged(Signature::by(&alice)) {
        let charts = Charts::signed(signature);
        for reference in &charts.0 {
            let (code, said) = ours("verify", reference, &demand, &["--output=json"]);
            assert_eq!(code, DONE, "{said}");
            let told: Value = serde_json::from_str(&said).expect("JSON");
            let signed = told["signatures"].as_array().expect("signatures");
            assert_eq!(signed.len(), 1, "{said}");
            let caller = json!({
                "kind": "identity",
                "subject": alice.subject(),
                "issuer": STAGE.lab.issuer(&alice),
            });
            assert_eq!(signed[0]["signer"], caller);
            assert_eq!(
                signed[0]["logged"].as_array().map(Vec::len),
                Some(1),
                "{said}"
            );
            // The second Rekor states no time, and an authority does instead.
            let is_second = signature.evidence == Evidence::RekorTiles;
            let integrated = signed[0]["logged"][0]["integrated_time"].is_string();
            assert_eq!(integrated, !is_second, "{said}");
            let stamps = signed[0]["timestamps"].as_array().map(Vec::len);
            let is_stamped = signature.evidence != Evidence::Rekor;
            assert_eq!(stamps, Some(usize::from(is_stamped)), "{said}");
        }
    }
}

#[test]
fn as_many_signers_have_to_agree_as_are_wanted() {
    let (first, second) = (
        SigningKey::new(KeyKind::P256),
        SigningKey::new(KeyKind::P256),
    );
    let second_file = format!("--key={}", second.public().display());
    let both = ["--required=2", second_file.as_str()];
    let once = Charts::signed(Signature::with(&first));
    let twice = Charts::signed(Signature::with(&first).as_tag()).and(Signature::with(&second));
    for (charts, expected) in [(once, NOT_SIGNED), (twice, DONE)] {
        for reference in &charts.0 {
            let (code, said) = ours("verify", reference, &key(&first), &both);
            assert_eq!(code, expected, "{said}");
        }
    }
}

#[test]
fn a_chart_that_is_not_signed_as_demanded_does_not_reach_the_disk() {
    let own = SigningKey::new(KeyKind::P256);
    let unsigned = Charts::unsigned();
    let signed = Charts::signed(Signature::with(&own));
    for (charts, expected, count) in [(unsigned, NOT_SIGNED, 0), (signed, DONE, 1)] {
        for reference in &charts.0 {
            let folder = Folder::new("pulled");
            let destination = format!("--destination={}", folder.path().display());
            let (repository, _) = reference.split_once('@').expect("a digest");
            let tagged = format!("{repository}:1.0.0");
            let (code, said) = ours("pull", &tagged, &key(&own), &["--verify", &destination]);
            assert_eq!(code, expected, "{said}");
            assert_eq!(files(folder.path()).len(), count, "{said}");
        }
    }
}

#[test]
fn what_was_looked_at_once_is_judged_again_without_the_registry() {
    let alice = alice();
    let demand = identity(&alice);
    let charts = Charts::signed(Signature::by(&alice));
    let folder = Folder::new("captured");
    for reference in &charts.0 {
        let file = folder.join("capture.json").display().to_string();
        let (code, said) = ours(
            "verify",
            reference,
            &demand,
            &[&format!("--capture={file}")],
        );
        assert_eq!(code, DONE, "{said}");
        let (_, chart) = reference.split_once('/').expect("a host");
        let away = format!("registry.invalid/{chart}");
        let (rest, last) = away.split_at(away.len() - 1);
        let another = format!("{rest}{}", if last == "0" { "1" } else { "0" });
        for (reference, expected) in [(away.as_str(), DONE), (&another, NOT_SIGNED)] {
            let captured = format!("--captured={file}");
            let (code, said) = ours("verify", reference, &demand, &[&captured]);
            assert_eq!(code, expected, "{said}");
        }
    }
}

/// Where the tag form of a signature is.
fn signature_tag(reference: &str) -> String {
    let (repository, digest) = reference.split_once('@').expect("a digest");
    format!("{repository}:{}.sig", digest.replace(':', "-"))
}
