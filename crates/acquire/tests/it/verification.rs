//! Nothing unverified is brought.

use std::time::{Duration, SystemTime};

use portolan_acquire::{
    AcquireError, Acquired, Class, PullError, Recipe, Request, Trust, VerificationError,
};
use portolan_kit::{CosignKey, Lie, Registry, Target, chart_archive};
use portolan_reference::{Algorithm, Digest, Pin};
use portolan_verify::{Format, Policy, PublicKey, Reason, Signer};

use crate::site::Site;
use crate::world::World;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000)
}

fn demanding(keys: &[&CosignKey]) -> Policy {
    let named = keys.iter().enumerate().map(|(number, key)| {
        PublicKey::parse(format!("key-{number}.pub"), key.public_pem().as_bytes()).unwrap()
    });
    let policy = Policy::builder().keys(named).require_log(false);
    policy.build().unwrap()
}

/// A registry with one chart, and a key.
struct Signed {
    world: World,
    key: CosignKey,
    manifest: String,
}

impl Signed {
    fn new(registry: Registry) -> Self {
        let world = World::new(registry);
        let archive = chart_archive("app", "1.0.0");
        let manifest = world.registry.push_chart("charts/app", &archive, "1.0.0");
        world.registry.forget_requests();
        Self {
            world,
            key: CosignKey::generate(),
            manifest,
        }
    }

    async fn honest() -> Self {
        Self::new(Registry::start().await)
    }

    fn wanted(&self) -> Request {
        self.world
            .wanted("1.0.0")
            .verify(demanding(&[&self.key]), now())
    }

    fn wanted_under(&self, limits: portolan_verify::Limits) -> Request {
        let key = PublicKey::parse("k", self.key.public_pem().as_bytes()).unwrap();
        let policy = Policy::builder().key(key).require_log(false);
        let policy = policy.limits(limits).build().unwrap();
        self.world.wanted("1.0.0").verify(policy, now())
    }

    fn sign(&self, format: Format, key: &CosignKey) {
        let registry = &self.world.registry;
        match format {
            Format::Bundle => registry.sign_with_bundle("charts/app", &self.manifest, key),
            _ => registry.sign_with_tag("charts/app", &self.manifest, key),
        };
        registry.forget_requests();
    }

    async fn acquire(&self, held: Option<&str>) -> Result<Acquired, AcquireError> {
        self.world.acquire(&self.wanted(), held).await
    }

    /// What was asked for, with what the names stand for.
    fn asked(&self) -> Vec<String> {
        let asked = self.world.registry.requests();
        self.world.registry.forget_requests();
        let named = asked.iter().map(|seen| {
            let path = seen.path.trim_start_matches("/v2/charts/app/");
            let kind = match path.split_once('/') {
                Some(("manifests", tag)) if tag.contains(".sig") => "signature tag",
                Some(("manifests", tag)) if tag.starts_with("sha256-") => "referrers tag",
                Some(("manifests", digest)) if digest.starts_with("sha256:") => "referrer",
                Some((kind, _)) => kind,
                None => path,
            };
            kind.to_owned()
        });
        named.collect()
    }
}

fn refusal(error: AcquireError) -> VerificationError {
    let verification = match error {
        AcquireError::Verification(error) => Ok(error),
        other => Err(other),
    };
    verification.unwrap()
}

/// What is done before somebody asks for the chart.
type Preparation<'a> = &'a dyn Fn(&Signed);

#[tokio::test]
async fn a_signed_chart_is_brought_and_the_proof_names_who_signed() {
    for format in [Format::Bundle, Format::SimpleSigning] {
        let signed = Signed::honest().await;
        signed.sign(format, &signed.key);
        let acquired = signed.acquire(None).await.unwrap();
        assert!(acquired.artifact.is_some());
        let Trust::Verified(proof) = acquired.trust else {
            panic!("{:?}", acquired.trust)
        };
        assert_eq!(proof.digest.to_string(), signed.manifest);
        assert_eq!(proof.signatures[0].format, format);
        let Signer::Key { name, .. } = &proof.signatures[0].signer else {
            panic!()
        };
        assert_eq!(name, "key-0.pub");
    }
}

#[tokio::test]
async fn of_what_is_not_proven_no_layer_is_ever_asked_for() {
    let stranger = CosignKey::generate();
    let cases: [(&str, Preparation<'_>); 4] = [
        ("unsigned", &|_| {}),
        ("signed by somebody else", &|it| {
            it.sign(Format::Bundle, &stranger);
            it.sign(Format::SimpleSigning, &stranger);
        }),
        ("a payload about another manifest", &|it| {
            let other = Digest::of(Algorithm::Sha256, b"other");
            let payload = it.key.simple_signing("x", &other.to_string());
            let registry = &it.world.registry;
            registry.attach_simple_signing("charts/app", &it.manifest, &payload);
        }),
        ("a statement about another manifest", &|it| {
            let other = Digest::of(Algorithm::Sha256, b"other");
            let bundle = it.key.bundle(&other.to_string());
            let registry = &it.world.registry;
            registry.attach_bundle("charts/app", &it.manifest, &bundle);
        }),
    ];
    let layer = Digest::of(Algorithm::Sha256, &chart_archive("app", "1.0.0"));
    for (name, prepare) in cases {
        let signed = Signed::honest().await;
        prepare(&signed);
        let error = signed.acquire(None).await.expect_err(name);
        assert_eq!(error.class(), Class::Unproven, "{name}");
        assert!(matches!(refusal(error), VerificationError::Refused { .. }));
        let layer = format!("/v2/charts/app/blobs/{layer}");
        let asked = signed.world.registry.requests();
        assert!(asked.iter().all(|seen| seen.path != layer), "{name}");
        assert!(signed.world.stored().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn the_message_names_the_digest_and_every_signature_that_was_looked_at() {
    let signed = Signed::honest().await;
    let error = refusal(signed.acquire(None).await.unwrap_err());
    let place = signed.world.wanted("1.0.0").place();
    let manifest = &signed.manifest;
    assert_eq!(
        error.to_string(),
        format!("failed to verify {place}@{manifest}")
    );
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "no signatures found");

    signed.sign(Format::SimpleSigning, &CosignKey::generate());
    let error = refusal(signed.acquire(None).await.unwrap_err());
    let refused = &error.refused().unwrap().refused;
    assert_eq!(refused[0].reason, Reason::NoKeyVerifies);
    let tag = manifest.replace(':', "-");
    assert_eq!(refused[0].origin, format!("{tag}.sig layer 0"));
}

#[tokio::test]
async fn looking_for_signatures_costs_what_there_is_to_look_at() {
    let without = || async { Registry::builder().without_referrers().start().await };
    let honest = || async { Registry::start().await };
    let bundle: &[&str] = &["manifests", "referrers", "referrer", "blobs", "blobs"];
    let signed = Signed::new(honest().await);
    signed.sign(Format::Bundle, &signed.key);
    signed.acquire(None).await.unwrap();
    assert_eq!(signed.asked(), bundle);

    let signed = Signed::new(honest().await);
    signed.sign(Format::SimpleSigning, &signed.key);
    signed.acquire(None).await.unwrap();
    let tag: &[&str] = &["manifests", "referrers", "signature tag", "blobs", "blobs"];
    assert_eq!(signed.asked(), tag);

    let signed = Signed::new(without().await);
    signed.sign(Format::Bundle, &signed.key);
    signed.acquire(None).await.unwrap();
    let fallback = [
        "manifests",
        "referrers",
        "referrers tag",
        "referrer",
        "blobs",
        "blobs",
    ];
    assert_eq!(signed.asked(), fallback);
}

#[tokio::test]
async fn signers_of_the_same_bytes_cost_one_blob() {
    let signed = Signed::honest().await;
    for _ in 0..3 {
        signed.sign(Format::SimpleSigning, &CosignKey::generate());
    }
    signed.sign(Format::SimpleSigning, &signed.key);
    signed.acquire(None).await.unwrap();
    let blobs = signed
        .asked()
        .iter()
        .filter(|kind| *kind == "blobs")
        .count();
    assert_eq!(blobs, 2, "the payload and the chart");
}

#[tokio::test]
async fn what_is_proven_is_not_looked_at_again_until_policy_or_digest_change() {
    let signed = Signed::honest().await;
    signed.sign(Format::Bundle, &signed.key);
    let first = signed.acquire(None).await.unwrap().artifact.unwrap();
    let (world, path) = (&signed.world, first.path.as_str());
    let request = signed.wanted();
    let look = world.look(&request).await.unwrap();
    signed.asked();

    assert!(
        world
            .acquirer
            .is_current(&request, &look, &world.store, path)
            .await
    );
    let again = signed.acquire(Some(path)).await.unwrap();
    assert!(matches!(again.trust, Trust::ProvenBefore { .. }));
    assert_eq!(signed.asked(), ["manifests"]);

    let other = CosignKey::generate();
    let request = world.wanted("1.0.0").verify(demanding(&[&other]), now());
    assert!(
        !world
            .acquirer
            .is_current(&request, &look, &world.store, path)
            .await
    );
    let error = world.acquire(&request, Some(path)).await.unwrap_err();
    assert!(matches!(refusal(error), VerificationError::Refused { .. }));
    assert!(
        world.store.record(path).await.is_some(),
        "what was stored stays"
    );

    signed.sign(Format::SimpleSigning, &other);
    let proven = world.acquire(&request, Some(path)).await.unwrap();
    assert!(matches!(proven.trust, Trust::Verified(_)));
    assert!(
        proven.artifact.is_none(),
        "the bytes are those that are stored"
    );
    assert!(
        world
            .acquirer
            .is_current(&request, &look, &world.store, path)
            .await
    );
}

#[tokio::test]
async fn a_chart_that_was_brought_unverified_is_not_current_under_a_policy() {
    let signed = Signed::honest().await;
    let (world, request) = (&signed.world, signed.wanted());
    let open = world.acquire(&world.wanted("1.0.0"), None).await.unwrap();
    let path = open.artifact.unwrap().path;
    let look = world.look(&request).await.unwrap();
    assert_eq!(open.trust, Trust::NotAsked);
    assert!(
        !world
            .acquirer
            .is_current(&request, &look, &world.store, &path)
            .await
    );
    signed.acquire(Some(&path)).await.unwrap_err();
    signed.sign(Format::Bundle, &signed.key);
    let proven = signed.acquire(Some(&path)).await.unwrap();
    assert!(proven.trust.is_proven());
    assert!(proven.artifact.is_none());
}

#[tokio::test]
async fn a_proof_counts_for_its_own_manifest_only() {
    let signed = Signed::honest().await;
    signed.sign(Format::Bundle, &signed.key);
    let path = signed.acquire(None).await.unwrap().artifact.unwrap().path;
    let tampered = portolan_kit::ChartArchive::new("app", "1.0.0").values("evil: true\n");
    let registry = &signed.world.registry;
    registry.push_chart("charts/app", &tampered.build(), "1.0.0");
    let error = signed.acquire(Some(&path)).await.unwrap_err();
    assert!(matches!(refusal(error), VerificationError::Refused { .. }));
    let archives = signed.world.stored().into_iter();
    let archives: Vec<_> = archives
        .filter(|name| !name.contains("latest") && !name.contains("lock"))
        .collect();
    assert_eq!(archives, ["app-1.0.0.tgz"]);
}

#[tokio::test]
async fn a_proof_holds_for_the_same_manifest_packaged_anew() {
    let signed = Signed::honest().await;
    signed.sign(Format::Bundle, &signed.key);
    let path = signed.acquire(None).await.unwrap().artifact.unwrap().path;
    signed.asked();
    let request = signed.wanted().recipe(Recipe::new().version_metadata("7"));
    let packaged = signed.world.acquire(&request, Some(&path)).await.unwrap();
    assert!(matches!(packaged.trust, Trust::ProvenBefore { .. }));
    assert!(packaged.artifact.is_some());
    assert_eq!(signed.asked(), ["manifests", "blobs"]);
}

#[tokio::test]
async fn that_nobody_could_look_is_not_that_there_is_no_signature() {
    let lies = [
        Lie::Status {
            at: Target::Referrers,
            status: 503,
            times: Lie::ALWAYS,
        },
        Lie::UnauthorizedLoop {
            at: Target::Referrers,
        },
        Lie::LoginPage {
            at: Target::Referrers,
        },
        Lie::TooManyRequests {
            at: Target::Referrers,
            retry_after: Some("30".into()),
            times: Lie::ALWAYS,
        },
        Lie::HangUp {
            at: Target::Referrers,
            times: Lie::ALWAYS,
        },
    ];
    for lie in lies {
        let signed = Signed::honest().await;
        signed.sign(Format::Bundle, &signed.key);
        signed.world.registry.tell(lie.clone());
        let error = signed.acquire(None).await.unwrap_err();
        assert_ne!(error.class(), Class::Unproven, "{lie:?}");
        assert!(
            matches!(refusal(error), VerificationError::Unavailable { .. }),
            "{lie:?}"
        );
        assert!(signed.world.stored().is_empty());
    }
}

#[tokio::test]
async fn a_signature_in_one_place_is_enough_while_the_other_cannot_be_asked() {
    let signed = Signed::honest().await;
    signed.sign(Format::SimpleSigning, &signed.key);
    let refused = Lie::Status {
        at: Target::Referrers,
        status: 503,
        times: Lie::ALWAYS,
    };
    signed.world.registry.tell(refused);
    assert!(signed.acquire(None).await.unwrap().trust.is_proven());
}

#[tokio::test]
async fn a_missing_tag_is_told_as_a_name_that_stands_for_nothing() {
    let signed = Signed::honest().await;
    let request = signed.wanted().at_version("2.0.0+x");
    let error = signed.world.acquire(&request, None).await.unwrap_err();
    assert_eq!(error.class(), Class::NotFound);
    let place = request.place();
    assert_eq!(
        refusal(error).to_string(),
        format!("failed to resolve digest for '{place}:2.0.0_x'")
    );
}

#[tokio::test]
async fn what_is_pulled_or_read_from_a_shell_is_verified_too() {
    let signed = Signed::honest().await;
    let (world, request) = (&signed.world, signed.wanted());
    let look = world.look(&request).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let pull = || world.acquirer.pull(&request, &look, folder.path(), |_| {});
    let error = pull().await.unwrap_err();
    assert!(matches!(
        error,
        PullError::Acquire(AcquireError::Verification(_))
    ));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let error = world.acquirer.chart(&request, &look).await.unwrap_err();
    assert!(matches!(error, AcquireError::Verification(_)));
    signed.sign(Format::Bundle, &signed.key);
    assert!(pull().await.unwrap().trust.is_proven());
    world.acquirer.chart(&request, &look).await.unwrap();
}

#[tokio::test]
async fn any_artifact_can_be_judged_without_being_pulled() {
    let signed = Signed::honest().await;
    signed.sign(Format::Bundle, &signed.key);
    let world = &signed.world;
    let repository = format!("{}/charts/app", world.registry.address());
    let registry = portolan_acquire::Registry::new(repository.parse().unwrap()).allow_plain_http();
    let policy = demanding(&[&signed.key]);
    let pin = Pin::Tag("1.0.0".to_owned());
    let judged = world
        .acquirer
        .verify(&registry, &pin, &policy, now())
        .await
        .unwrap();
    assert_eq!(judged.verified.digest.to_string(), signed.manifest);
    assert_eq!(judged.captured.signatures().len(), 1);
    assert!(world.stored().is_empty());

    // What was captured is judged alike without the registry.
    let mut captured = judged.captured;
    let again = portolan_verify::verify(&policy, &judged.verified.digest, &mut captured, now());
    assert_eq!(again.await.unwrap().signatures, judged.verified.signatures);
}

#[tokio::test]
async fn a_chart_repository_has_no_signatures_so_nothing_comes_from_there() {
    let site = Site::start().await;
    site.publish(&["1.0.0"]);
    let key = CosignKey::generate();
    let request = site.wanted(&site.stored().await, "1.0.0");
    let request = request.verify(demanding(&[&key]), now());
    let error = site.acquire(&request).await.unwrap_err();
    assert!(matches!(
        refusal(error),
        VerificationError::NoRegistry { .. }
    ));
}

#[tokio::test]
async fn so_many_signatures_are_fetched_and_no_more() {
    let signed = Signed::honest().await;
    for _ in 0..3 {
        signed.sign(Format::Bundle, &CosignKey::generate());
    }
    for _ in 0..3 {
        signed.sign(Format::SimpleSigning, &CosignKey::generate());
    }
    let mut limits = portolan_verify::Limits::default();
    limits.max_signatures = 2;
    let request = signed.wanted_under(limits);
    let error = signed.world.acquire(&request, None).await.unwrap_err();
    assert_eq!(refusal(error).refused().unwrap().refused.len(), 2);
    let asked = signed.asked();
    assert_eq!(asked.iter().filter(|kind| *kind == "referrer").count(), 2);
    assert!(!asked.contains(&"signature tag".to_owned()));
}

#[tokio::test]
async fn a_signature_of_many_bytes_is_passed_over_unfetched() {
    let signed = Signed::honest().await;
    let registry = &signed.world.registry;
    let large = " ".repeat(5 << 20);
    registry.attach_bundle("charts/app", &signed.manifest, &large);
    registry.forget_requests();
    let error = refusal(signed.acquire(None).await.unwrap_err());
    let refused = &error.refused().unwrap().refused;
    assert!(matches!(refused[0].reason, Reason::NotFetched(_)));
    assert!(!signed.asked().contains(&"blobs".to_owned()));
    signed.sign(Format::Bundle, &signed.key);
    assert!(signed.acquire(None).await.unwrap().trust.is_proven());
}

#[tokio::test]
async fn a_referrer_that_is_no_signature_or_is_gone_stands_in_nobodys_way() {
    let signed = Signed::honest().await;
    let registry = &signed.world.registry;
    for (kind, bytes) in [
        ("application/vnd.oci.image.manifest.v1+json", "[]"),
        ("application/vnd.oci.image.index.v1+json", "{}"),
    ] {
        let subject = &signed.manifest;
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{kind}","subject":{{"mediaType":"{kind}","digest":"{subject}","size":2}},"manifests":{bytes}}}"#
        );
        registry.push_manifest("charts/app", None, kind, manifest.as_bytes());
    }
    let error = signed.acquire(None).await.unwrap_err();
    assert_eq!(error.class(), Class::Unproven, "{error}");
    signed.sign(Format::Bundle, &signed.key);
    assert!(signed.acquire(None).await.unwrap().trust.is_proven());
}

#[tokio::test]
async fn of_referrers_that_are_no_signatures_only_so_many_are_looked_at() {
    let signed = Signed::honest().await;
    let registry = &signed.world.registry;
    let subject = &signed.manifest;
    let kind = "application/vnd.oci.image.manifest.v1+json";
    for number in 0..5 {
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{kind}","config":{{"mediaType":"a/b","digest":"{subject}","size":{number}}},"layers":[],"subject":{{"mediaType":"{kind}","digest":"{subject}","size":2}}}}"#
        );
        registry.push_manifest("charts/app", None, kind, manifest.as_bytes());
    }
    registry.forget_requests();
    let mut limits = portolan_verify::Limits::default();
    limits.max_signatures = 3;
    let request = signed.wanted_under(limits);
    let error = refusal(signed.world.acquire(&request, None).await.unwrap_err());
    let asked = signed.asked();
    assert_eq!(asked.iter().filter(|kind| *kind == "referrer").count(), 3);
    let told = &error.refused().unwrap().refused;
    let why = "no more than 3 are looked at".to_owned();
    assert_eq!(told[0].reason, Reason::NotFetched(why));
}

#[tokio::test]
async fn what_all_signatures_together_may_have_is_not_exceeded_by_fetching() {
    let signed = Signed::honest().await;
    let registry = &signed.world.registry;
    for number in 0..4 {
        let bundle = format!("{}{number}", " ".repeat(1000));
        registry.attach_bundle("charts/app", &signed.manifest, &bundle);
    }
    registry.forget_requests();
    let mut limits = portolan_verify::Limits::default();
    limits.max_total_bytes = 4500;
    let request = signed.wanted_under(limits);
    signed.world.acquire(&request, None).await.unwrap_err();
    let asked = signed.asked();
    assert_eq!(asked.iter().filter(|kind| *kind == "blobs").count(), 2);
}

/// Layers of one digest are one download, and each of them keeps what was downloaded.
#[tokio::test]
async fn a_payload_counts_as_often_as_it_is_named() {
    let signed = Signed::honest().await;
    let registry = &signed.world.registry;
    for _ in 0..9 {
        registry.sign_with_tag("charts/app", &signed.manifest, &CosignKey::generate());
    }
    registry.forget_requests();
    let mut limits = portolan_verify::Limits::default();
    limits.max_total_bytes = 1000;
    let request = signed.wanted_under(limits);
    let error = refusal(signed.world.acquire(&request, None).await.unwrap_err());
    let asked = signed.asked();
    assert_eq!(asked.iter().filter(|kind| *kind == "blobs").count(), 1);
    let told = error.refused().unwrap().refused.iter();
    let passed = told.filter(|one| matches!(one.reason, Reason::NotFetched(_)));
    assert!(passed.count() > 4, "{error:?}");
}

#[tokio::test]
async fn of_a_listed_referrer_that_names_another_subject_no_blob_is_fetched() {
    let signed = Signed::new(Registry::builder().without_referrers().start().await);
    let registry = &signed.world.registry;
    let other = registry.push_chart("charts/app", &chart_archive("app", "2.0.0"), "2.0.0");
    registry.sign_with_bundle("charts/app", &other, &signed.key);
    // The index that stands in for the API is anybody's to write.
    let index = registry
        .manifest("charts/app", &other.replace(':', "-"))
        .unwrap();
    let tag = signed.manifest.replace(':', "-");
    let kind = "application/vnd.oci.image.index.v1+json";
    registry.push_manifest("charts/app", Some(&tag), kind, &index);
    registry.forget_requests();
    signed.acquire(None).await.unwrap_err();
    assert!(!signed.asked().contains(&"blobs".to_owned()));
}

#[tokio::test]
async fn a_tag_that_holds_no_signatures_is_not_that_there_are_none() {
    let signed = Signed::honest().await;
    let registry = &signed.world.registry;
    let tag = format!("{}.sig", signed.manifest.replace(':', "-"));
    let kind = "application/vnd.oci.image.index.v1+json";
    let index = format!(r#"{{"schemaVersion":2,"mediaType":"{kind}","manifests":[]}}"#);
    registry.push_manifest("charts/app", Some(&tag), kind, index.as_bytes());
    let error = refusal(signed.acquire(None).await.unwrap_err());
    assert!(
        matches!(error, VerificationError::Unavailable { .. }),
        "{error}"
    );
}
