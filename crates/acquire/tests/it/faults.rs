//! Whatever goes wrong, nothing unwhole is published and what was published stays.

use std::time::Duration;

use portolan_acquire::{AcquireError, Class, LookError};
use portolan_kit::{Lie, Registry, chart_archive};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::world::World;

async fn with_one_published() -> World {
    let world = World::new(Registry::start().await);
    world.publish(&["1.0.0", "1.1.0"]);
    world.acquire(&world.wanted("1.0.0"), None).await.unwrap();
    world
}

const ONLY_THE_FIRST: [&str; 3] = ["app-1.0.0.tgz", "app-1.0.0.tgz.lock", "latest.tar.gz"];

#[tokio::test]
async fn a_blob_that_is_not_what_was_promised_is_never_published() {
    let mut lies = JoinSet::new();
    for lie in Lie::blob_lies() {
        lies.spawn(never_published(lie));
    }
    assert!(lies.len() > 5);
    while let Some(done) = lies.join_next().await {
        done.unwrap();
    }
}

async fn never_published(lie: Lie) {
    let world = with_one_published().await;
    assert_eq!(world.stored(), ONLY_THE_FIRST);
    world.registry.tell(lie.clone());
    let request = world.wanted("1.1.0");
    let brought = timeout(Duration::from_secs(2), world.acquire(&request, None)).await;
    assert!(!matches!(brought, Ok(Ok(_))), "{lie:?}");
    drop(brought);
    // What a cancelled task staged is removed by that task, in its own time.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.stored(), ONLY_THE_FIRST, "{lie:?}");
    world.registry.be_honest();
    let honest = world.acquire(&request, None).await.unwrap();
    assert!(honest.artifact.is_some(), "{lie:?}");
}

#[tokio::test]
async fn what_is_no_chart_is_never_published() {
    let world = with_one_published().await;
    world
        .registry
        .push_chart("charts/app", b"not an archive", "1.0.2");
    let error = world
        .acquire(&world.wanted("1.0.2"), None)
        .await
        .unwrap_err();
    assert!(matches!(error, AcquireError::Chart { .. }), "{error:?}");
    assert_eq!(error.class(), Class::Refused);
    assert_eq!(world.stored(), ONLY_THE_FIRST);
}

#[tokio::test]
async fn a_version_that_is_not_there_is_not_found() {
    let world = with_one_published().await;
    let error = world
        .acquire(&world.wanted("9.9.9"), None)
        .await
        .unwrap_err();
    assert_eq!(error.class(), Class::NotFound);
    assert!(!error.is_denied());
}

#[tokio::test]
async fn a_wrong_password_is_denied_whatever_the_words() {
    for builder in [
        Registry::builder().basic_auth("ci", "right"),
        Registry::builder().token_auth("ci", "right"),
    ] {
        let world = World::new(builder.start().await);
        world.publish(&["1.0.0"]);
        let error = world
            .look(&world.wanted_by("*", "wrong"))
            .await
            .unwrap_err();
        assert!(error.is_denied(), "{error:?}");
        assert_eq!(error.class(), Class::Denied);
        let error = world.look(&world.wanted("*")).await.unwrap_err();
        assert!(error.is_denied(), "nobody at all: {error:?}");
        world.look(&world.wanted_by("*", "right")).await.unwrap();
        let error = world
            .acquire(&world.wanted_by("1.0.0", "wrong"), None)
            .await
            .unwrap_err();
        assert!(error.is_denied(), "{error:?}");
    }
}

#[tokio::test]
async fn a_chart_without_versions_says_so() {
    let world = World::new(Registry::start().await);
    world
        .registry
        .push_chart("charts/app", &chart_archive("app", "1.0.0"), "latest");
    let error = world.look(&world.wanted("*")).await.unwrap_err();
    assert!(matches!(error, LookError::NoVersions { .. }), "{error:?}");
    assert_eq!(error.explanation().unwrap().offered(), 1);
}

#[tokio::test]
async fn a_tag_that_moves_while_it_is_pulled_gives_one_content_or_the_other() {
    let world = World::new(Registry::start().await);
    world.publish(&["1.0.0"]);
    let request = world.wanted("1.0.0");
    let look = world.look(&request).await.unwrap();
    let other = portolan_kit::ChartArchive::new("app", "1.0.0")
        .values("a: 2\n")
        .build();
    let moved = world.registry.push_chart("charts/app", &other, "1.0.0");
    let acquired = world
        .acquirer
        .acquire(&request, &look, &world.store, &World::object(), None)
        .await
        .unwrap();
    assert_eq!(acquired.manifest_digest.unwrap().to_string(), moved);
    let artifact = acquired.artifact.unwrap();
    assert_eq!(
        std::fs::read(world.folder.path().join(&artifact.path)).unwrap(),
        other
    );
}
