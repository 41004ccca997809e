//! One reference, one digest, and no request too many.

use portolan_kit::{Registry, chart_archive};
use portolan_reference::{Algorithm, Digest};

use crate::world::World;

#[tokio::test]
async fn a_range_costs_three_requests_and_what_is_stored_is_what_was_pushed() {
    let world = World::new(Registry::start().await);
    world.publish(&["1.0.0", "1.1.0", "2.0.0"]);
    world.asked();
    let acquired = world.acquire(&world.wanted("1.x"), None).await.unwrap();
    assert_eq!(world.asked(), ["GET tags", "GET manifest", "GET blob"]);
    let artifact = acquired.artifact.unwrap();
    assert_eq!(artifact.path, "helmchart/team/app/app-1.1.0.tgz");
    let archive = chart_archive("app", "1.1.0");
    assert_eq!(artifact.digest, Digest::of(Algorithm::Sha256, &archive));
    assert_eq!(
        std::fs::read(world.folder.path().join(&artifact.path)).unwrap(),
        archive
    );
    let tag = world.registry.digest("charts/app", "1.1.0").unwrap();
    assert_eq!(acquired.manifest_digest.unwrap().to_string(), tag);
}

#[tokio::test]
async fn with_a_token_the_first_range_costs_five_requests_and_the_next_three() {
    let world = World::new(Registry::builder().token_auth("ci", "secret").start().await);
    world.publish(&["1.0.0"]);
    world.asked();
    let request = world.wanted_by("1.x", "secret");
    world.acquire(&request, None).await.unwrap();
    assert_eq!(
        world.asked(),
        [
            "GET tags",
            "GET token",
            "GET tags",
            "GET manifest",
            "GET blob"
        ]
    );
    world.acquire(&request, None).await.unwrap();
    assert_eq!(world.asked(), ["GET tags", "GET manifest", "GET blob"]);
}

#[tokio::test]
async fn to_look_costs_one_request_for_a_range_and_none_for_a_version() {
    let world = World::new(Registry::start().await);
    world.publish(&["1.0.0"]);
    world.asked();
    assert_eq!(
        world.look(&world.wanted("1.x")).await.unwrap().version(),
        "1.0.0"
    );
    assert_eq!(world.asked(), ["GET tags"]);
    assert_eq!(
        world.look(&world.wanted("9.9.9")).await.unwrap().version(),
        "9.9.9"
    );
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn what_is_held_is_not_downloaded_again_while_the_registry_offers_the_same() {
    let world = World::new(Registry::start().await);
    world.publish(&["1.0.0"]);
    let request = world.wanted("1.0.0");
    let first = world
        .acquire(&request, None)
        .await
        .unwrap()
        .artifact
        .unwrap();
    world.asked();
    let again = world.acquire(&request, Some(&first.path)).await.unwrap();
    assert_eq!(world.asked(), ["GET manifest"]);
    assert!(again.artifact.is_none());
}

#[tokio::test]
async fn other_bytes_under_the_same_version_get_a_name_of_their_own() {
    let world = World::new(Registry::start().await);
    world.publish(&["1.0.0"]);
    let request = world.wanted("1.0.0");
    let first = world
        .acquire(&request, None)
        .await
        .unwrap()
        .artifact
        .unwrap();
    let other = portolan_kit::ChartArchive::new("app", "1.0.0")
        .values("replicas: 2\n")
        .build();
    world.registry.push_chart("charts/app", &other, "1.0.0");
    let second = world.acquire(&request, Some(&first.path)).await.unwrap();
    let second = second.artifact.unwrap();
    assert_ne!(second.path, first.path);
    let hex = second.digest.hex();
    assert_eq!(
        second.path,
        format!("helmchart/team/app/app-1.0.0-{}.tgz", &hex[..12])
    );
}

#[tokio::test]
async fn build_metadata_is_written_with_an_underscore_in_the_tag_alone() {
    let world = World::new(Registry::start().await);
    world.publish(&["1.0.0+build.5"]);
    for version in ["1.x", "1.0.0+build.5"] {
        let request = world.wanted(version);
        let artifact = world
            .acquire(&request, None)
            .await
            .unwrap()
            .artifact
            .unwrap();
        assert_eq!(artifact.path, "helmchart/team/app/app-1.0.0+build.5.tgz");
    }
}

/// Rows of Helm's own choice over a registry, with the tags of Flux's test.
#[tokio::test]
async fn a_version_is_chosen_as_helm_chooses_it() {
    let world = World::new(Registry::start().await);
    let archive = chart_archive("app", "1.0.0");
    for tag in [
        "0.0.1",
        "0.1.0",
        "0.1.5_b.min",
        "0.2.0",
        "0.9.0",
        "0.10.0",
        "1.0.0",
        "1.1.0-rc.1",
        "v2.0.0",
        "3.0",
        "latest",
    ] {
        world.registry.push_chart("charts/app", &archive, tag);
    }
    for (wanted, expected) in [
        ("", Ok("1.0.0")),
        ("*", Ok("1.0.0")),
        (">=0.1.5", Ok("1.0.0")),
        ("0.2.x", Ok("0.2.0")),
        ("0.1.0", Ok("0.1.0")),
        (
            ">2.0.0",
            Err("could not locate a version matching provided version string >2.0.0"),
        ),
        ("v2.0.0", Ok("v2.0.0")),
        ("0.1.5+b.min", Ok("0.1.5+b.min")),
        (">=1.0.0-0", Ok("1.1.0-rc.1")),
        ("latest", Err("improper constraint: \"latest\"")),
        (
            "3.0",
            Err("could not locate a version matching provided version string 3.0"),
        ),
        ("^0", Ok("0.10.0")),
    ] {
        let look = world.look(&world.wanted(wanted)).await;
        let look = look
            .map(|look| look.version().to_owned())
            .map_err(|error| error.to_string());
        assert_eq!(
            look.as_deref().map_err(String::as_str),
            expected,
            "{wanted}"
        );
    }
}

#[tokio::test]
async fn an_archive_that_calls_itself_something_else_is_named() {
    let world = World::new(Registry::start().await);
    world
        .registry
        .push_chart("charts/app", &chart_archive("app", "1.0.0"), "v1.0.0");
    world
        .registry
        .push_chart("charts/app", &chart_archive("web", "1.0.0"), "1.0.4");
    let same = world.acquire(&world.wanted("v1.0.0"), None).await.unwrap();
    assert_eq!(same.mismatch, None, "a `v` in front is no difference");
    let other = world.acquire(&world.wanted("1.0.4"), None).await.unwrap();
    let inside = other.mismatch.unwrap();
    assert_eq!(
        (inside.name.as_str(), inside.version.as_str()),
        ("web", "1.0.0")
    );
    let held = other.artifact.unwrap();
    let again = world
        .acquire(&world.wanted("1.0.4"), Some(&held.path))
        .await
        .unwrap();
    assert!(
        again.mismatch.is_some(),
        "it does not fall silent because it is held"
    );
}
