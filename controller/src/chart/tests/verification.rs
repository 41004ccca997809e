//! Charts that have to be signed.

use portolan_kit::{CosignKey, Lie, Registry, Target, chart_archive};
use serde_json::{Value, json};

use super::{HOUR, chart, files, follow, pass};
use crate::kind::Next;
use crate::world::World;

pub(super) const CHARTS: &str = "charts/app";
const STORED: &str = "helmchart/team/app/app-1.0.0.tgz";
const READY: [&str; 3] = [
    "Ready=True/ChartPullSucceeded",
    "ArtifactInStorage=True/ChartPullSucceeded",
    "SourceVerified=True/Succeeded",
];

/// A world with the repository `repo`, of type `oci`, and no chart in it.
pub(super) async fn registry() -> World {
    let world = World::new().await;
    let url = world.registry.oci_url("charts");
    let spec = json!({ "type": "oci", "insecure": true, "url": url });
    world.apply("HelmRepository", "repo", 1, spec);
    world
}

/// Let the registry have `app` in this version. Answers the digest of its manifest.
pub(super) fn push(registry: &Registry, version: &str) -> String {
    registry.push_chart(CHARTS, &chart_archive("app", version), version)
}

/// Let the Secret have this key, and nothing else.
fn trust(world: &World, key: &CosignKey) {
    world.secret("keys", json!({ "cosign.pub": key.public_pem() }));
}

/// What is put over the spec of a chart.
fn signed() -> Value {
    json!({ "verify": { "provider": "cosign", "secretRef": { "name": "keys" } } })
}

/// A world in which `app 1.0.0` was brought, signed with that key.
async fn proven() -> (World, CosignKey) {
    let (world, key) = (registry().await, CosignKey::generate());
    let digest = push(&world.registry, "1.0.0");
    world.registry.sign_with_tag(CHARTS, &digest, &key);
    trust(&world, &key);
    chart(&world, 1, "1.x", signed());
    assert_eq!(pass(&world).await, HOUR, "{:?}", world.events());
    world.registry.forget_requests();
    (world, key)
}

/// Which pages the registry was asked for since they were forgotten, without the repository.
fn asked(world: &World) -> Vec<String> {
    let requests = world.registry.requests();
    let pages = requests.iter().filter_map(|seen| {
        let page = seen.path.strip_prefix("/v2/charts/app/")?;
        let (kind, name) = page.split_once('/')?;
        Some(match name.split_once(':') {
            Some((_, _)) => format!("{kind} by digest"),
            None if name.strip_suffix(".sig").is_some() => format!("{kind} of signatures"),
            None => page.to_owned(),
        })
    });
    pages.collect()
}

#[tokio::test]
async fn a_signed_chart_is_brought_and_said_to_be_signed() {
    type Sign = fn(&Registry, &str, &str, &CosignKey) -> String;
    let ways: [Sign; 2] = [Registry::sign_with_tag, Registry::sign_with_bundle];
    for sign in ways {
        let (world, key) = (registry().await, CosignKey::generate());
        let digest = push(&world.registry, "1.0.0");
        sign(&world.registry, CHARTS, &digest, &key);
        trust(&world, &key);
        chart(&world, 1, "1.0.0", signed());
        assert_eq!(pass(&world).await, HOUR, "{:?}", world.events());
        assert_eq!(world.conditions(), READY);
        assert_eq!(
            world.message("SourceVerified"),
            "verified signature of version 1.0.0"
        );
        assert_eq!(
            world.events(),
            ["ChartPullSucceeded: pulled 'app' chart with version '1.0.0'"]
        );
        assert_eq!(world.stored(STORED), chart_archive("app", "1.0.0"));
    }
}

#[tokio::test]
async fn any_key_of_the_secret_will_do() {
    let (world, key) = (registry().await, CosignKey::generate());
    let digest = push(&world.registry, "1.0.0");
    world.registry.sign_with_tag(CHARTS, &digest, &key);
    let other = CosignKey::generate();
    world.secret(
        "keys",
        json!({ "a.pub": other.public_pem(), "b.pub": key.public_pem() }),
    );
    chart(&world, 1, "1.0.0", signed());
    assert_eq!(pass(&world).await, HOUR, "{:?}", world.events());
}

#[tokio::test]
async fn a_chart_that_is_not_signed_as_demanded_is_refused_before_any_of_it_comes() {
    let (world, key) = (registry().await, CosignKey::generate());
    let digest = push(&world.registry, "1.0.0");
    let other = push(&world.registry, "2.0.0");
    trust(&world, &key);
    chart(&world, 1, "1.0.0", signed());
    let attach = |what: &str| match what {
        "nothing" => {}
        "another key" => {
            let stranger = CosignKey::generate();
            world.registry.sign_with_tag(CHARTS, &digest, &stranger);
        }
        "another digest" => {
            let bundle = key.bundle(&other);
            world.registry.attach_bundle(CHARTS, &digest, &bundle);
        }
        _ => {
            let payload = key.simple_signing("x", &other);
            world
                .registry
                .attach_simple_signing(CHARTS, &digest, &payload);
        }
    };
    for (what, told) in [
        ("nothing", "no signatures found"),
        ("another key", "no matching signatures: "),
        ("another digest", "no matching signatures: "),
        ("another digest's payload", "no matching signatures: "),
    ] {
        attach(what);
        world.registry.forget_requests();
        assert_eq!(pass(&world).await, Next::RETRY, "{what}");
        assert_eq!(
            world.conditions(),
            [
                "Reconciling=True/ProgressingWithRetry",
                "Ready=False/VerificationError",
                "BuildFailed=True/ChartVerificationError",
                "SourceVerified=False/VerificationError",
            ],
            "{what}"
        );
        let place = world.registry.oci_url(CHARTS);
        let begin = format!("chart verification error: failed to verify {place}@{digest}: {told}");
        let message = world.message("Ready");
        assert!(message.starts_with(&begin), "{what}: {message}");
        for kind in ["BuildFailed", "SourceVerified"] {
            assert_eq!(world.message(kind), message);
        }
        assert_eq!(world.message("Reconciling"), "building artifact");
        assert_eq!(
            world.events(),
            [format!("!ChartVerificationError: {message}")]
        );
        assert_eq!(world.status()["observedGeneration"], -1);
        assert!(files(&world).is_empty(), "{what}");
        let layer = crate::world::digest_of(&chart_archive("app", "1.0.0"));
        let requests = world.registry.requests();
        let came = requests.iter().any(|seen| seen.path.contains(&layer));
        assert!(!came, "{what}: the layer was asked for");
    }
    // It is tried again, and signed by then.
    world.registry.sign_with_tag(CHARTS, &digest, &key);
    assert_eq!(pass(&world).await, HOUR, "{:?}", world.events());
    assert_eq!(world.conditions(), READY);
}

#[tokio::test]
async fn what_is_proven_is_not_proven_again() {
    let (world, _) = proven().await;
    assert_eq!(pass(&world).await, HOUR);
    assert_eq!(asked(&world), ["tags/list"]);
    assert_eq!(
        world.events(),
        ["~ArtifactUpToDate: artifact up-to-date with remote revision: '1.0.0'"]
    );
    assert_eq!(world.conditions(), READY);
    // A changed spec asks for the manifest, and finds that this very one is proven.
    chart(&world, 2, "1.0.0", signed());
    world.registry.forget_requests();
    assert_eq!(pass(&world).await, HOUR);
    assert_eq!(asked(&world), ["manifests/1.0.0"]);
    assert_eq!(world.conditions(), READY);
    // A version with all three numbers is not even asked for.
    world.registry.forget_requests();
    assert_eq!(pass(&world).await, HOUR);
    assert!(asked(&world).is_empty());
    assert_eq!(world.conditions(), READY);
}

#[tokio::test]
async fn another_key_asks_for_the_signatures_again_and_downloads_nothing() {
    let (world, key) = proven().await;
    chart(&world, 2, "1.0.0", signed());
    pass(&world).await;
    let before = world.status()["artifact"].clone();
    // Nobody signed with the new key.
    let next = CosignKey::generate();
    trust(&world, &next);
    world.registry.forget_requests();
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(
        world.conditions(),
        [
            "Reconciling=True/ProgressingWithRetry",
            "Ready=False/VerificationError",
            "ArtifactInStorage=True/ChartPullSucceeded",
            "BuildFailed=True/ChartVerificationError",
            "SourceVerified=False/VerificationError",
        ]
    );
    assert_eq!(world.status()["artifact"], before, "it stays served");
    assert_eq!(world.stored(STORED), chart_archive("app", "1.0.0"));
    // Then somebody does.
    let digest = world.registry.digest(CHARTS, "1.0.0").unwrap();
    world.registry.sign_with_tag(CHARTS, &digest, &next);
    world.registry.forget_requests();
    assert_eq!(pass(&world).await, HOUR, "{:?}", world.events());
    assert_eq!(world.conditions(), READY);
    assert_eq!(world.status()["artifact"], before, "nothing was downloaded");
    let layer = crate::world::digest_of(&chart_archive("app", "1.0.0"));
    let requests = world.registry.requests();
    assert!(!requests.iter().any(|seen| seen.path.contains(&layer)));
    assert!(asked(&world).contains(&"manifests of signatures".to_owned()));
    assert_eq!(
        world.events(),
        ["ChartPullSucceeded: pulled 'app' chart with version '1.0.0'"],
        "that it is well again is news"
    );
    // The first key is proven no more than any other.
    trust(&world, &key);
    world.registry.forget_requests();
    assert_eq!(pass(&world).await, HOUR);
    assert!(asked(&world).contains(&"manifests of signatures".to_owned()));
}

#[tokio::test]
async fn what_was_stored_before_anybody_asked_has_to_be_proven_too() {
    let (world, key) = (registry().await, CosignKey::generate());
    let digest = push(&world.registry, "1.0.0");
    chart(&world, 1, "1.0.0", json!({}));
    assert_eq!(pass(&world).await, HOUR);
    trust(&world, &key);
    chart(&world, 2, "1.0.0", signed());
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(world.conditions()[1], "Ready=False/VerificationError");
    assert_eq!(world.status()["artifact"]["revision"], "1.0.0");
    assert_eq!(world.status()["observedGeneration"], 1);
    // Nobody takes it for proven just because nothing has changed since.
    assert_eq!(pass(&world).await, Next::RETRY);
    world.registry.sign_with_bundle(CHARTS, &digest, &key);
    assert_eq!(pass(&world).await, HOUR);
    assert_eq!(world.conditions(), READY);
    assert_eq!(world.status()["observedGeneration"], 2);
}

#[tokio::test]
async fn nothing_is_said_of_signatures_when_nobody_asks_any_more() {
    let (world, _) = proven().await;
    let before = world.status()["artifact"].clone();
    chart(&world, 2, "1.x", json!({}));
    assert_eq!(pass(&world).await, HOUR);
    assert_eq!(world.conditions(), READY[..2]);
    assert!(world.events().is_empty());
    assert_eq!(world.status()["artifact"], before);
    assert!(!asked(&world).contains(&"manifests of signatures".to_owned()));
    // Not even while something fails.
    let (world, _) = proven().await;
    chart(&world, 2, "1.x", json!({}));
    world.remove("HelmRepository/repo");
    assert_eq!(pass(&world).await, Next::RETRY);
    let told = world.conditions();
    assert!(told.contains(&READY[1].to_owned()), "{told:?}");
    assert!(!told.contains(&READY[2].to_owned()), "{told:?}");
}

#[tokio::test]
async fn while_signatures_cannot_be_asked_for_what_is_proven_stays_and_nothing_new_comes() {
    let (world, key) = proven().await;
    let before = world.status()["artifact"].clone();
    let digest = push(&world.registry, "1.1.0");
    world.registry.sign_with_bundle(CHARTS, &digest, &key);
    world.registry.tell(Lie::Status {
        at: Target::Referrers,
        status: 503,
        times: Lie::ALWAYS,
    });
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(
        world.conditions(),
        [
            "Reconciling=True/ProgressingWithRetry",
            "Ready=False/VerificationError",
            "ArtifactInStorage=True/ChartPullSucceeded",
            "BuildFailed=True/ChartVerificationError",
            "SourceVerified=False/VerificationError",
        ]
    );
    let message = world.message("SourceVerified");
    assert!(
        message.contains("not every signature could be looked at"),
        "{message}"
    );
    assert!(message.contains("503"), "{message}");
    assert_eq!(world.status()["artifact"], before);
    assert_eq!(files(&world), ["app-1.0.0.tgz", "latest.tar.gz"]);
    world.registry.be_honest();
    assert_eq!(pass(&world).await, HOUR);
    assert_eq!(world.status()["artifact"]["revision"], "1.1.0");
    assert_eq!(world.conditions(), READY);
}

#[tokio::test]
async fn a_version_that_cannot_be_looked_up_does_not_unprove_the_one_that_is_held() {
    let (world, _) = proven().await;
    let down = Lie::Status {
        at: Target::Tags,
        status: 503,
        times: Lie::ALWAYS,
    };
    world.registry.tell(down);
    assert_eq!(pass(&world).await, Next::RETRY);
    let told = world.conditions();
    assert!(told.contains(&"FetchFailed=True/ChartPullError".to_owned()));
    assert!(told.contains(&READY[2].to_owned()), "{told:?}");
    // But of other keys nothing was proven.
    trust(&world, &CosignKey::generate());
    assert_eq!(pass(&world).await, Next::RETRY);
    let told = world.conditions();
    assert!(told.contains(&"FetchFailed=True/ChartPullError".to_owned()));
    assert!(
        !told.iter().any(|one| one.starts_with("SourceVerified")),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_registry_that_wants_another_login_for_signatures_says_so_by_its_reason() {
    let (world, key) = (registry().await, CosignKey::generate());
    push(&world.registry, "1.0.0");
    trust(&world, &key);
    chart(&world, 1, "1.0.0", signed());
    world.registry.tell(Lie::Status {
        at: Target::Referrers,
        status: 403,
        times: Lie::ALWAYS,
    });
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(
        world.conditions(),
        [
            "Reconciling=True/ProgressingWithRetry",
            "Ready=False/VerificationError",
            "FetchFailed=True/AuthenticationFailed",
            "SourceVerified=False/VerificationError",
        ]
    );
    let event = world.events().remove(0);
    assert!(
        event.starts_with(
            "!AuthenticationFailed: failed to authenticate with the Helm repository: \
             failed to verify "
        ),
        "{event}"
    );
}

#[tokio::test]
async fn a_version_that_is_not_there_is_told_as_flux_tells_it_of_signed_charts() {
    let (world, key) = (registry().await, CosignKey::generate());
    trust(&world, &key);
    chart(&world, 1, "1.0.0", signed());
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(
        world.conditions()[2],
        "BuildFailed=True/ChartVerificationError"
    );
    assert_eq!(
        world.conditions()[3],
        "SourceVerified=False/VerificationError"
    );
    let place = world.registry.oci_url(CHARTS);
    let begin = format!("chart verification error: failed to resolve digest for '{place}:1.0.0': ");
    let message = world.message("Ready");
    assert!(message.starts_with(&begin), "{message}");
}

#[tokio::test]
async fn a_secret_that_is_no_help_is_told_and_mended() {
    let (world, key) = (registry().await, CosignKey::generate());
    let digest = push(&world.registry, "1.0.0");
    world.registry.sign_with_tag(CHARTS, &digest, &key);
    chart(&world, 1, "1.0.0", signed());
    let refused = async |told: &str| {
        assert_eq!(pass(&world).await, Next::RETRY);
        assert_eq!(
            world.conditions(),
            [
                "Reconciling=True/ProgressingWithRetry",
                "Ready=False/VerificationError",
                "FetchFailed=True/VerificationError",
                "SourceVerified=False/VerificationError",
            ]
        );
        let text = format!("failed to verify the signature using provider 'cosign': {told}");
        let message = world.message("Ready");
        assert!(message.starts_with(&text), "{message}");
        assert_eq!(world.events(), [format!("!VerificationError: {message}")]);
        assert!(
            world.registry.requests().is_empty(),
            "nothing was asked for"
        );
    };
    refused("secrets \"keys\" not found").await;
    world.secret("keys", json!({ "good.pem": key.public_pem() }));
    refused("no public keys found in secret 'team/keys'").await;
    world.secret("keys", json!({ "good.pub": "nonsense" }));
    refused("secret 'team/keys': good.pub: ").await;
    trust(&world, &key);
    assert_eq!(pass(&world).await, HOUR);
    assert_eq!(world.conditions(), READY);
}

/// Nothing is read or fetched, whatever else may be missing.
#[tokio::test]
async fn what_cannot_be_verified_stalls_by_the_name_of_its_field() {
    let stalled = async |world: &World, begin: &str| {
        assert_eq!(pass(world).await, Next::WhenChanged);
        assert_eq!(
            world.conditions(),
            [
                "Stalled=True/UnsupportedField",
                "Ready=False/VerificationError",
                "FetchFailed=True/UnsupportedField",
                "SourceVerified=False/VerificationError",
            ]
        );
        let message = world.message("Stalled");
        assert!(message.starts_with(begin), "{message}");
        assert_eq!(world.events(), [format!("!UnsupportedField: {message}")]);
        assert_eq!(world.status()["observedGeneration"], 1);
        for server in [world.registry.requests(), world.web.requests()] {
            assert!(server.is_empty());
        }
    };
    let world = registry().await;
    push(&world.registry, "1.0.0");
    let notation = json!({ "provider": "notation", "secretRef": { "name": "keys" } });
    chart(&world, 1, "1.0.0", json!({ "verify": notation }));
    stalled(&world, "spec.verify.provider: signatures of notation ").await;
    // An index has no signatures, whether it is there already or not.
    let world = World::new().await;
    let url = world.web.url("/helm");
    world.apply("HelmRepository", "repo", 1, json!({ "url": url }));
    chart(&world, 1, "1.0.0", signed());
    stalled(
        &world,
        "spec.verify: only a chart of a HelmRepository of type 'oci' ",
    )
    .await;
    let world = World::new().await;
    follow(&world, &["app 1.0.0"]).await;
    world.web.forget_requests();
    chart(&world, 1, "1.0.0", signed());
    stalled(
        &world,
        "spec.verify: only a chart of a HelmRepository of type 'oci' ",
    )
    .await;
    // The schema does not let this through.
    for kind in ["GitRepository", "Bucket"] {
        let world = World::new().await;
        let mut more = signed();
        more["sourceRef"] = json!({ "kind": kind, "name": "src" });
        chart(&world, 1, "1.0.0", more);
        stalled(
            &world,
            "spec.verify: only a chart of a HelmRepository of type 'oci' ",
        )
        .await;
    }
}

#[tokio::test]
async fn what_is_made_of_a_signed_chart_is_told_by_its_own_version() {
    let (world, key) = (registry().await, CosignKey::generate());
    let archive = portolan_kit::ChartArchive::new("app", "1.0.0")
        .file("prod.yaml", "replicas: 9\n")
        .build();
    let digest = world.registry.push_chart(CHARTS, &archive, "1.0.0");
    world.registry.sign_with_tag(CHARTS, &digest, &key);
    trust(&world, &key);
    let mut more = signed();
    more["valuesFiles"] = json!(["prod.yaml"]);
    chart(&world, 3, "1.0.0", more);
    assert_eq!(pass(&world).await, HOUR, "{:?}", world.events());
    assert_eq!(
        world.message("SourceVerified"),
        "verified signature of version 1.0.0+3"
    );
}
