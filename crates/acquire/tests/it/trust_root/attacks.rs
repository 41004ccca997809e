//! What somebody can do who is between us and the keepers, or has some of their keys.

use std::time::{Duration, SystemTime};

use portolan_acquire::{RefreshError, TufRepository};
use portolan_auth::Transport;
use portolan_kit::{TufLie, TufRole, TufServer, WebServer};
use portolan_verify::TrustRoot;

use super::{TARGET, World, believed, believing, chain, later, now, root};

/// A lie, what is done after it was told, and the reason for which it is refused. Each follows an honest
/// refresh that was believed.
async fn refused(lie: TufLie, rotated: bool, reason: &str) {
    let world = World::new().await;
    world.server.tell(lie.clone());
    if rotated {
        world.server.rotate();
    }
    world.server.publish(TARGET, root(2));
    world.refuses(reason, &format!("{lie:?}")).await;
}

#[tokio::test]
async fn what_the_keepers_publish_is_believed() {
    let world = World::new().await;
    assert!(!world.refresh().await.unwrap(), "it is the same");
    world.server.renew();
    assert!(!world.refresh().await.unwrap(), "it is still the same");
    world.server.publish(TARGET, root(2));
    assert!(world.refresh().await.unwrap());
    assert_eq!(world.believed(), 2);
    world.server.rotate();
    world.server.publish(TARGET, root(3));
    assert!(world.refresh().await.unwrap());
    assert_eq!(world.believed(), 3);
}

/// What the public instance published on a day in August 2026, one root behind the one built in.
#[tokio::test]
async fn what_sigstore_publishes_is_believed() {
    macro_rules! published {
        ($name:literal) => {
            (
                $name,
                include_bytes!(concat!("../../data/sigstore-tuf/", $name)).as_slice(),
            )
        };
    }
    let files = [
        published!("timestamp.json"),
        published!("165.snapshot.json"),
        published!("14.targets.json"),
        published!(
            "targets/6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66.trusted_root.json"
        ),
        (
            "16.root.json",
            include_bytes!("../../../data/sigstore-root.json"),
        ),
    ];
    let mirror = WebServer::start().await;
    for (name, bytes) in files {
        mirror.put(&format!("/{name}"), "application/json", bytes);
    }
    let day = SystemTime::UNIX_EPOCH + Duration::from_secs(1_787_399_999);
    for first in [published!("15.root.json").1, files[4].1] {
        let transport = Transport::builder().build().unwrap();
        let url = mirror.url("/").parse().unwrap();
        let repository = TufRepository::new(transport, url, first);
        let target = repository.fetch(day).await.unwrap();
        assert_eq!(target, files[3].1);
        TrustRoot::parse(&target).unwrap();
        let error = repository.fetch(later()).await.unwrap_err();
        assert!(matches!(error, RefreshError::Expired { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn nothing_counts_that_the_keys_of_its_role_did_not_sign() {
    use TufRole::{Root, Snapshot, Targets, Timestamp};
    for role in [Timestamp, Snapshot, Targets] {
        let reason = format!("threshold not met for role {}: 0/2", role.name());
        refused(TufLie::Strangers(role), false, &reason).await;
    }
    // Signed by its own keys, and by none of those that were believed.
    let reason = "threshold not met for role root: 0/2";
    refused(TufLie::Strangers(Root), true, reason).await;
}

#[tokio::test]
async fn one_key_never_counts_for_two() {
    for role in TufRole::ALL {
        let rotated = role == TufRole::Root;
        refused(TufLie::OneKeyTwice(role), rotated, "duplicate signature").await;
        let reason = format!("one key twice for the role {}", role.name());
        refused(TufLie::OneKeyTwoNames(role), true, &reason).await;
    }
}

/// CVE-2026-23992.
#[tokio::test]
async fn a_role_that_needs_no_signatures_is_refused() {
    for role in TufRole::ALL {
        refused(TufLie::NoThreshold(role), true, "threshold 0").await;
    }
}

/// CVE-2022-29173.
#[tokio::test]
async fn no_role_goes_back() {
    for (role, rotated, reason) in [
        (TufRole::Root, true, "root version must increment by one"),
        (TufRole::Timestamp, false, "rollback detected for timestamp"),
        (TufRole::Snapshot, false, "rollback detected for snapshot"),
        (
            TufRole::Targets,
            false,
            "rollback detected for targets.json",
        ),
    ] {
        refused(TufLie::OlderVersion(role), rotated, reason).await;
    }
}

#[tokio::test]
async fn nothing_is_believed_after_its_end() {
    for role in TufRole::ALL {
        let world = World::new().await;
        world.server.tell(TufLie::Expired(role));
        if role == TufRole::Root {
            world.server.rotate();
        }
        world.server.publish(TARGET, root(2));
        let reason = format!("{} metadata expired at 2020-01-01", role.name());
        let refused = world.refuses(&reason, role.name()).await;
        assert!(matches!(refused, RefreshError::Expired { .. }));
    }
}

#[tokio::test]
async fn who_holds_back_what_is_newer_is_believed_no_longer_than_it_lasts() {
    let world = World::new().await;
    world.server.tell(TufLie::FormerFile(TufRole::Timestamp));
    world.server.publish(TARGET, root(2));
    assert!(!world.refresh().await.unwrap(), "nobody can tell yet");
    let refused = world.roots.refresh(later()).await.unwrap_err();
    assert!(matches!(refused, RefreshError::Expired { .. }));
}

#[tokio::test]
async fn files_of_different_times_do_not_go_together() {
    for (hashes, role, reason) in [
        (
            false,
            TufRole::Snapshot,
            "snapshot version 2 does not match",
        ),
        (
            false,
            TufRole::Targets,
            "targets.json version 2 does not match",
        ),
        (true, TufRole::Snapshot, "snapshot.json: "),
        (true, TufRole::Targets, "targets.json: "),
    ] {
        let world = World::new().await;
        if hashes {
            world.server.pin_hashes();
            world.server.publish(TARGET, root(1));
            assert!(!world.refresh().await.unwrap());
        }
        world.server.tell(TufLie::FormerFile(role));
        world.server.publish(TARGET, root(2));
        world.refuses(reason, role.name()).await;
    }
}

#[tokio::test]
async fn a_file_has_the_length_and_the_hash_that_were_signed() {
    refused(TufLie::WrongHash, false, "sha256 mismatch").await;
    refused(TufLie::WrongLength, false, "!= pinned").await;
}

/// CVE-2026-24137 and CVE-2026-24686 wrote where such names led; here nobody even asks for them.
#[tokio::test]
async fn a_name_that_leads_elsewhere_is_not_followed() {
    for hash in ["../../x", "/x", "\\x", "x?y=", "%2e%2e/x", "//localhost/x"] {
        let world = World::new().await;
        world.server.tell(TufLie::HashIs(hash.to_owned()));
        world.server.publish(TARGET, root(2));
        world.refuses("is no name of a file", hash).await;
        let asked = world.server.asked();
        let ours = [
            "/2.root.json",
            "/timestamp.json",
            "/3.snapshot.json",
            "/3.targets.json",
        ];
        assert_eq!(asked, ours, "{hash}");
    }
}

/// CVE-2024-47534 took a file from a delegated role that had no say about it.
#[tokio::test]
async fn no_delegated_role_says_whom_to_believe() {
    for name in ["friends", "../../friends", "1.root", ""] {
        let world = World::new().await;
        world.server.tell(TufLie::Delegated(name.to_owned()));
        world.server.publish(TARGET, root(2));
        world
            .refuses("is not listed by any trusted targets role", name)
            .await;
        let asked = world.server.asked();
        let ours = [
            "/2.root.json",
            "/timestamp.json",
            "/3.snapshot.json",
            "/3.targets.json",
        ];
        assert_eq!(asked, ours, "{name}");
    }
}

#[tokio::test]
async fn what_is_signed_and_no_trust_root_is_not_believed() {
    let world = World::new().await;
    world
        .server
        .publish(TARGET, "{\"certificateAuthorities\": 1}");
    let refused = world.refuses("trusted_root.json", "no root").await;
    assert!(matches!(refused, RefreshError::NoTrustRoot { .. }));
    world.server.publish(TARGET, root(2));
    assert!(world.refresh().await.unwrap(), "the next one is");
}

#[tokio::test]
async fn whoever_made_the_first_root_is_believed_and_nobody_else() {
    let (ours, other) = (TufServer::start().await, TufServer::start().await);
    for server in [&ours, &other] {
        server.publish(TARGET, root(1));
    }
    let transport = Transport::builder().build().unwrap();
    let url: url::Url = other.url().parse().unwrap();
    for (first, reason) in [
        (ours.first_root(), "threshold not met for role timestamp"),
        (b"{}".to_vec(), "is not to be believed"),
        (
            ours.remember().file("/timestamp.json").unwrap(),
            "expected _type",
        ),
    ] {
        let repository = TufRepository::new(transport.clone(), url.clone(), first);
        let error = repository.fetch(now()).await.unwrap_err();
        let told = chain(&error);
        assert!(told.contains(reason), "{told}");
    }
    let honest = believing(&other, None);
    honest.refresh(now()).await.unwrap();
    assert_eq!(believed(&honest), 1);
}
