//! Charts that the controller brings only when they are signed: the stories of
//! [RFC-0002](https://github.com/fluxcd/flux2/tree/main/rfcs/0002-helm-oci#verify-helm-charts), and
//! what becomes of charts that somebody has changed.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use portolan_real::{
    Artifact, Believed, Caller, Cluster, Evidence, Id, KeyKind, OciRegistry, ReferrersRegistry,
    Scene, Signature, SigningKey, Sigstore, condition, copy, helm_chart, helm_repository,
    is_true_for, pinned,
};
use serde_json::{Value, json};

/// The log of a registry is complete a moment after an answer was given.
const SETTLED: Duration = Duration::from_millis(500);

/// A namespace whose controller believes the private sigstore, and a registry of either kind.
struct Story<C> {
    scene: Scene<'static, C>,
    host: String,
}

impl Story<OciRegistry> {
    #[track_caller]
    fn without_referrers(namespace: &str) -> Self {
        let registry = OciRegistry::open();
        let host = registry.host();
        Self::new(namespace, registry, host)
    }
}

impl Story<ReferrersRegistry> {
    #[track_caller]
    fn with_referrers(namespace: &str) -> Self {
        let registry = ReferrersRegistry::start();
        let host = registry.host();
        Self::new(namespace, registry, host)
    }
}

impl<C> Story<C> {
    #[track_caller]
    fn new(namespace: &str, registry: C, host: String) -> Self {
        let root = Sigstore::shared().trusted_root(Believed::Everything);
        let flag = format!("--trusted-root={}", root.display());
        let scene = Scene::with_flags(Cluster::shared(), namespace, registry, &[&flag]);
        let url = format!("oci://{host}/charts");
        let repository = helm_repository(&scene.namespace, "charts", &url);
        scene.api().create(&repository);
        Self { scene, host }
    }

    /// Push a version: where it is, with its digest, and the archive.
    #[track_caller]
    fn push(&self, version: &str) -> (String, PathBuf) {
        let archive = self.scene.helm.package(&self.scene.source, version);
        let remote = format!("oci://{}/charts", self.host);
        self.scene.helm.push(&archive, &remote);
        let tagged = format!("{}/charts/app:{version}", self.host);
        (pinned(&tagged), archive)
    }

    /// A Secret with public keys.
    #[track_caller]
    fn keys(&self, name: &str, keys: &[(&str, &SigningKey)]) -> Id {
        let keys = keys.iter();
        let data = keys.map(|(name, key)| ((*name).to_owned(), json!(key.public_pem())));
        self.scene.api().create(&json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"namespace": self.scene.namespace, "name": name},
            "stringData": Value::Object(data.collect()),
        }))
    }

    /// A chart that is followed, and verified.
    #[track_caller]
    fn follow(&self, range: &str, verify: &Value) -> Id {
        self.follow_as("app", range, verify)
    }

    /// The same under another name.
    #[track_caller]
    fn follow_as(&self, name: &str, range: &str, verify: &Value) -> Id {
        let mut chart = helm_chart(&self.scene.namespace, "app", range, "charts");
        chart["metadata"]["name"] = json!(name);
        chart["spec"]["verify"] = verify.clone();
        self.scene.api().create(&chart)
    }

    /// Wait until a chart is ready with a version, and is told to be verified.
    #[track_caller]
    fn until_verified(&self, chart: &Id, version: &str) -> Artifact {
        let artifact = self.scene.until_ready(chart, version);
        let object = self.scene.api().get(chart).expect("a chart");
        let told = condition(&object, "SourceVerified");
        let (status, reason, message) = told.expect("a condition");
        assert_eq!((status, reason), ("True", "Succeeded"), "{message}");
        assert!(message.contains(version), "{message}");
        artifact
    }

    /// Wait until a chart is refused, and see that what was there is there.
    #[track_caller]
    fn until_refused(&self, chart: &Id, kept: Option<&Artifact>) -> String {
        let refused = self.scene.until(chart, "was refused", |object| {
            condition(object, "SourceVerified").is_some_and(|(status, reason, _)| {
                (status, reason) == ("False", "VerificationError")
            })
        });
        let (ready, reason, message) = condition(&refused, "Ready").expect("a condition");
        assert_eq!((ready, reason), ("False", "VerificationError"), "{message}");
        assert_eq!(Artifact::of(&refused).as_ref(), kept);
        if let Some(kept) = kept {
            kept.download();
        }
        message.to_owned()
    }

    /// Have a chart looked at now.
    #[track_caller]
    fn look(&self, chart: &Id, token: &str) -> Value {
        self.scene.look(chart, token)
    }
}

fn with_keys(secret: &str) -> Value {
    json!({"provider": "cosign", "secretRef": {"name": secret}})
}

fn by_callers(callers: &[&Caller]) -> Value {
    let identities = callers.iter().map(|caller| {
        let escaped = caller.subject().replace('.', r"\.");
        let issuer = Sigstore::shared().issuer(caller).replace('.', r"\.");
        json!({"issuer": format!("^{issuer}$"), "subject": format!("^{escaped}$")})
    });
    json!({"provider": "cosign", "matchOIDCIdentity": identities.collect::<Vec<_>>()})
}

#[test]
fn a_chart_is_followed_as_long_as_each_version_is_signed_with_a_key() {
    let story = Story::without_referrers("signed-with-a-key");
    let lab = Sigstore::shared();
    let (own, other) = (
        SigningKey::new(KeyKind::P256),
        SigningKey::new(KeyKind::P384),
    );
    story.keys("release", &[("cosign.pub", &own), ("next.pub", &other)]);
    let chart = story.follow("1.0.x", &with_keys("release"));

    let (first, _) = story.push("1.0.0");
    lab.sign(&first, &Signature::with(&own).as_tag());
    story.look(&chart, "first");
    let artifact = story.until_verified(&chart, "1.0.0");
    story.scene.install(&artifact, "app");

    // Nobody has signed the next one, and the one before stays.
    let (second, _) = story.push("1.0.1");
    story.look(&chart, "second");
    let message = story.until_refused(&chart, Some(&artifact));
    assert!(message.contains("no signatures found"), "{message}");
    story.scene.install(&artifact, "app");

    lab.sign(&second, &Signature::with(&other));
    story.look(&chart, "signed");
    let artifact = story.until_verified(&chart, "1.0.1");
    story.scene.install(&artifact, "app");
}

#[test]
fn a_chart_is_followed_as_long_as_each_version_is_signed_by_a_workflow() {
    let story = Story::with_referrers("signed-by-a-workflow");
    let lab = Sigstore::shared();
    let release = Caller::workflow("example/charts");
    let mallory = Caller::workflow("mallory/charts");
    let verify = by_callers(&[&Caller::person("alice@example.com"), &release]);
    let chart = story.follow("1.0.x", &verify);

    let (first, _) = story.push("1.0.0");
    lab.sign(
        &first,
        &Signature::by(&release).proven(Evidence::RekorTiles),
    );
    story.look(&chart, "first");
    let artifact = story.until_verified(&chart, "1.0.0");
    story.scene.install(&artifact, "app");

    // Genuine, and by somebody else.
    let (second, _) = story.push("1.0.1");
    lab.sign(&second, &Signature::by(&mallory));
    story.look(&chart, "second");
    story.until_refused(&chart, Some(&artifact));
    story.scene.install(&artifact, "app");

    // What somebody else has signed is held against nobody.
    lab.sign(&second, &Signature::by(&release).as_tag());
    story.look(&chart, "signed");
    let artifact = story.until_verified(&chart, "1.0.1");
    story.scene.install(&artifact, "app");
}

#[test]
fn a_chart_that_is_changed_after_it_was_signed_stays_as_it_was_signed() {
    let story = Story::without_referrers("changed-after-signing");
    let lab = Sigstore::shared();
    let (own, alice) = (
        SigningKey::new(KeyKind::P256),
        Caller::person("alice@example.com"),
    );
    story.keys("release", &[("cosign.pub", &own)]);

    let (signed, archive) = story.push("1.0.0");
    lab.sign(&signed, &Signature::with(&own).as_tag());
    lab.sign(&signed, &Signature::by(&alice));
    let chart = story.follow("1.0.0", &with_keys("release"));
    let artifact = story.until_verified(&chart, "1.0.0");
    let good = std::fs::read(&archive).expect("the archive");
    assert_eq!(artifact.download(), good);
    story.scene.install(&artifact, "app");

    // Other content under the same tag, and the signatures of what was there before.
    story
        .scene
        .source
        .write("values.yaml", "message: changed\n");
    let (changed, _) = story.push("1.0.0");
    assert_ne!(changed, signed);
    copy(&signature_tag(&signed), &signature_tag(&changed));
    copy(&referrers_tag(&signed), &referrers_tag(&changed));

    // Whoever has the version is not interested, and whoever wants it does not get it.
    story.look(&chart, "changed");
    assert_eq!(story.until_verified(&chart, "1.0.0"), artifact);
    assert_eq!(artifact.download(), good);
    for (name, verify) in [
        ("keyed", with_keys("release")),
        ("keyless", by_callers(&[&alice])),
    ] {
        let late = story.follow_as(name, "1.0.0", &verify);
        story.until_refused(&late, None);
    }

    // Whoever has it and is asked for another proof has none.
    let verify = json!({"spec": {"verify": {
        "secretRef": null, "matchOIDCIdentity": by_callers(&[&alice])["matchOIDCIdentity"],
    }}});
    story.scene.api().merge(&chart, &verify);
    story.until_refused(&chart, Some(&artifact));
    assert_eq!(artifact.download(), good);
    story.scene.install(&artifact, "app");
}

#[test]
fn what_is_proven_is_not_asked_for_again_until_the_keys_change() {
    let story = Story::without_referrers("proven-once");
    let lab = Sigstore::shared();
    let (own, other) = (
        SigningKey::new(KeyKind::P256),
        SigningKey::new(KeyKind::P256),
    );
    let secret = story.keys("release", &[("cosign.pub", &own)]);
    let (signed, _) = story.push("1.0.0");
    lab.sign(&signed, &Signature::with(&own));
    let chart = story.follow("1.0.x", &with_keys("release"));
    let artifact = story.until_verified(&chart, "1.0.0");

    let asked = || {
        sleep(SETTLED);
        let seen = story.scene.charts.seen("charts/app");
        let ours = seen.iter().filter(|seen| seen.agent.contains("portolan"));
        ours.filter(|seen| seen.target.contains("/referrers/") || seen.target.contains("sha256-"))
            .count()
    };
    let before = asked();
    assert_ne!(before, 0);
    story.look(&chart, "again");
    assert_eq!(asked(), before);
    story.until_verified(&chart, "1.0.0");

    let data = json!({"stringData": {"cosign.pub": other.public_pem()}});
    story.scene.api().merge(&secret, &data);
    story.look(&chart, "another key");
    story.until_refused(&chart, Some(&artifact));
    assert_ne!(asked(), before);

    let data = json!({"stringData": {"cosign.pub": own.public_pem()}});
    story.scene.api().merge(&secret, &data);
    story.look(&chart, "the key again");
    story.until_verified(&chart, "1.0.0");
}

#[test]
fn what_cannot_be_verified_is_told_and_not_fetched() {
    let story = Story::without_referrers("unverifiable");
    story.push("1.0.0");
    let chart = story.follow(
        "1.0.x",
        &json!({"provider": "notation", "secretRef": {"name": "x"}}),
    );
    let told = story.scene.until(&chart, "stalled", |object| {
        condition(object, "Stalled").is_some_and(|(status, _, _)| status == "True")
    });
    let (_, _, message) = condition(&told, "Ready").expect("a condition");
    assert!(message.contains("spec.verify.provider"), "{message}");
    assert_eq!(Artifact::of(&told), None);
    sleep(SETTLED);
    let seen = story.scene.charts.seen("charts/app");
    assert!(
        !seen.iter().any(|seen| seen.agent.contains("portolan")),
        "{seen:?}"
    );
    assert!(!is_true_for(&told, "Ready", "Succeeded"));
}

/// Where the tag form of a signature is.
fn signature_tag(reference: &str) -> String {
    referrers_tag(reference) + ".sig"
}

/// Where the list is of what refers to a chart, in a registry that keeps none itself.
fn referrers_tag(reference: &str) -> String {
    let (repository, digest) = reference.split_once('@').expect("a digest");
    format!("{repository}:{}", digest.replace(':', "-"))
}
