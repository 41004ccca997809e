//! How files are sent, and what arrives in place of them.

use portolan_acquire::{Class, RefreshError};
use portolan_kit::{TufServer, WebLie, WebServer};

use super::{TARGET, World, root};

/// CVE-2026-23991 was a panic about the second of these.
#[tokio::test]
async fn what_is_no_metadata_is_an_error() {
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    for text in [
        "",
        "{}",
        "[]",
        "null",
        "\u{feff}{}",
        r#"{"signed":[],"signatures":[]}"#,
        r#"{"signed":{},"signatures":{}}"#,
        r#"{"signed":{"_type":"timestamp"},"signatures":[]}"#,
        r#"{"signed":{"_type":1,"version":1.5,"spec_version":{}},"signatures":[null]}"#,
        r#"{"signed":{"_type":"root"},"signatures":[]}"#,
        deep.as_str(),
    ] {
        let world = World::new().await;
        for path in ["/timestamp.json", "/2.root.json"] {
            world.server.web().put(path, "application/json", text);
            let refused = world.refuses("is not to be believed", text).await;
            assert!(matches!(refused, RefreshError::Refused { .. }));
            assert_eq!(refused.class(), Class::Refused);
        }
    }
}

#[tokio::test]
async fn files_without_end_are_cut_at_their_limit() {
    for (path, limit) in [
        ("/2.root.json", "larger than 512000 bytes"),
        ("/timestamp.json", "larger than 16384 bytes"),
        ("/3.snapshot.json", "larger than 2000000 bytes"),
        ("/3.targets.json", "larger than 5000000 bytes"),
    ] {
        let world = World::new().await;
        world.server.publish(TARGET, root(2));
        world
            .server
            .web()
            .tell(path, WebLie::Streamed { bytes: 8 << 20 });
        world.refuses(limit, path).await;
    }
}

#[tokio::test]
async fn a_trust_root_without_end_is_cut_at_the_length_that_was_signed() {
    let world = World::new().await;
    let before = world.server.remember();
    world.server.publish(TARGET, root(2));
    let path = world.server.remember().paths_since(&before, "/targets/");
    world
        .server
        .web()
        .tell(&path[0], WebLie::Streamed { bytes: 8 << 20 });
    let limit = format!("larger than {} bytes", root(2).len());
    world.refuses(&limit, "an endless target").await;
}

#[tokio::test]
async fn a_trust_root_of_more_than_a_mebibyte_is_not_even_asked_for() {
    let world = World::new().await;
    world.server.publish(TARGET, root(1 << 20));
    world
        .refuses("exceeds configured max 1048576", "large")
        .await;
    let asked = world.server.asked();
    assert!(
        asked.iter().all(|path| !path.starts_with("/targets/")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_repository_that_cannot_be_had_changes_nothing() {
    for lie in [
        WebLie::Status(404),
        WebLie::Status(403),
        WebLie::Status(401),
        WebLie::Status(500),
        WebLie::HangUp,
        WebLie::Cut { sixteenths: 8 },
        WebLie::NotModified,
        WebLie::TooManyRequests { retry_after: None },
    ] {
        let world = World::new().await;
        let web = world.server.web();
        web.tell("/timestamp.json", lie.clone());
        let refused = world
            .refuses(
                "the trust root cannot be had from http://127.0.0.1",
                &format!("{lie:?}"),
            )
            .await;
        assert_eq!(refused.class(), Class::Unavailable, "{lie:?}");
    }
}

#[tokio::test]
async fn roots_end_where_there_is_no_further_one() {
    for (status, ends) in [
        (404, true),
        (403, true),
        (401, false),
        (410, false),
        (500, false),
        (503, false),
    ] {
        let world = World::new().await;
        world.server.publish(TARGET, root(2));
        world
            .server
            .web()
            .tell("/2.root.json", WebLie::Status(status));
        if ends {
            assert!(world.refresh().await.unwrap(), "{status}");
        } else {
            world.refuses("2.root.json", &status.to_string()).await;
        }
    }
}

#[tokio::test]
async fn roots_without_end_are_followed_thirty_two_at_a_time() {
    let world = World::new().await;
    for _ in 0..40 {
        world.server.rotate();
    }
    world.server.publish(TARGET, root(2));
    world
        .refuses("exceeded 32 root rotations", "40 roots")
        .await;
    // Who has slept for long gets there in the end.
    assert!(world.refresh().await.unwrap());
    assert_eq!(world.believed(), 2);
}

#[tokio::test]
async fn where_a_file_comes_from_does_not_matter_and_what_is_signed_does() {
    let elsewhere = TufServer::start().await;
    elsewhere.publish(TARGET, root(1));
    elsewhere.publish(TARGET, root(3));
    let world = World::new().await;
    world.server.publish(TARGET, root(2));
    let (path, status) = ("/timestamp.json", 302);
    let to = elsewhere.web().url(path);
    world
        .server
        .web()
        .tell(path, WebLie::Redirect { status, to });
    world
        .refuses("threshold not met for role timestamp", "a redirect")
        .await;

    let honest = world.server.remember();
    world.server.be_honest();
    let mirror = WebServer::start().await;
    mirror.put(path, "application/json", honest.file(path).unwrap());
    let to = mirror.url(path);
    world
        .server
        .web()
        .tell(path, WebLie::Redirect { status, to });
    assert!(world.refresh().await.unwrap());
    assert_eq!(world.believed(), 2);
}
