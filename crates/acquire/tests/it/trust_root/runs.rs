//! What one run leaves for the next.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use portolan_kit::{TufLie, TufRole, TufServer};
use tempfile::TempDir;

use super::{TARGET, believed, believing, chain, later, now, root};

/// A repository, and what a run left that believed the second root.
async fn left() -> (TufServer, TempDir) {
    let (server, folder) = (TufServer::start().await, tempfile::tempdir().unwrap());
    server.rotate();
    server.publish(TARGET, root(1));
    server.publish(TARGET, root(2));
    let roots = believing(&server, Some(&cache(&folder)));
    assert!(roots.refresh(now()).await.unwrap());
    server.asked();
    (server, folder)
}

fn cache(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("portolan/sigstore")
}

/// Every file below, by its path from there.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(folder).unwrap();
                found.push(below.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_later_run_does_not_go_back() {
    let (server, folder) = (TufServer::start().await, tempfile::tempdir().unwrap());
    server.publish(TARGET, root(1));
    let before = server.remember();
    server.publish(TARGET, root(2));
    let first = believing(&server, Some(folder.path()));
    first.refresh(now()).await.unwrap();

    server.go_back_to(&before);
    let refused = first.refresh(now()).await.unwrap_err();
    assert!(
        chain(&refused).contains("rollback"),
        "in the same run: {refused}"
    );
    let second = believing(&server, Some(folder.path()));
    let refused = second.refresh(now()).await.unwrap_err();
    assert!(
        chain(&refused).contains("rollback"),
        "in the next run: {refused}"
    );
    assert_eq!(believed(&second), 0);

    let without = believing(&server, None);
    without.refresh(now()).await.unwrap();
    assert_eq!(believed(&without), 1, "who has seen nothing cannot know");
}

#[tokio::test]
async fn no_role_goes_back_in_a_later_run() {
    for (role, reason) in [
        (TufRole::Timestamp, "rollback detected for timestamp"),
        (TufRole::Snapshot, "rollback detected for snapshot"),
        (TufRole::Targets, "rollback detected for targets.json"),
    ] {
        let (server, folder) = left().await;
        server.tell(TufLie::OlderVersion(role));
        server.publish(TARGET, root(3));
        let next = believing(&server, Some(&cache(&folder)));
        let refused = chain(&next.refresh(now()).await.unwrap_err());
        assert!(refused.contains(reason), "{refused}");
    }
}

#[tokio::test]
async fn a_run_that_failed_has_seen_what_it_has_seen() {
    let (server, folder) = (TufServer::start().await, tempfile::tempdir().unwrap());
    server.publish(TARGET, root(1));
    let before = server.remember();
    server.tell(TufLie::Strangers(TufRole::Snapshot));
    server.publish(TARGET, root(2));
    let first = believing(&server, Some(folder.path()));
    first.refresh(now()).await.unwrap_err();
    server.go_back_to(&before);
    for roots in [first, believing(&server, Some(folder.path()))] {
        let refused = chain(&roots.refresh(now()).await.unwrap_err());
        assert!(refused.contains("rollback"), "{refused}");
    }
}

#[tokio::test]
async fn what_is_unchanged_is_not_fetched_again() {
    let (server, folder) = left().await;
    let next = believing(&server, Some(&cache(&folder)));
    assert!(next.refresh(now()).await.unwrap());
    assert_eq!(believed(&next), 2);
    assert_eq!(server.asked(), ["/3.root.json", "/timestamp.json"]);
}

/// `source-controller#1004`: an old cache refused everything until somebody removed it.
#[tokio::test]
async fn a_cache_that_has_expired_is_in_nobodys_way() {
    let (server, folder) = left().await;
    server.last_until("2040-01-01T00:00:00Z");
    server.rotate();
    server.publish(TARGET, root(3));
    let next = believing(&server, Some(&cache(&folder)));
    assert!(next.refresh(later()).await.unwrap());
    assert_eq!(believed(&next), 3);
}

#[tokio::test]
async fn a_start_without_a_network_believes_what_was_fetched_until_it_expires() {
    let (server, folder) = left().await;
    server.web().stop();
    let next = believing(&server, Some(&cache(&folder)));
    assert!(!next.recall(later()).await);
    assert_eq!(believed(&next), 0);
    assert!(next.recall(now()).await);
    assert_eq!(believed(&next), 2);

    let nothing = believing(&server, None);
    assert!(!nothing.recall(now()).await);
    assert_eq!(believed(&nothing), 0);
}

#[tokio::test]
async fn the_folder_is_believed_nothing() {
    let forged = TufServer::start().await;
    forged.rotate();
    forged.publish(TARGET, root(5));
    forged.publish(TARGET, root(6));
    let forgery = forged.remember();
    let target = forgery.paths("/targets/");
    let files = [
        ("root_history/2.root.json", "/2.root.json"),
        ("timestamp.json", "/timestamp.json"),
        ("snapshot.json", "/4.snapshot.json"),
        ("targets.json", "/4.targets.json"),
        ("targets/trusted_root.json", target[0].as_str()),
    ];
    for (name, path) in files {
        let changes: [&dyn Fn(Vec<u8>) -> Vec<u8>; 3] = [
            &|_| forgery.file(path).unwrap(),
            &|_| b"{}".to_vec(),
            // As it was signed, and with as many blanks as nobody wants to read.
            &|mut bytes| {
                bytes.resize(5_000_001, b' ');
                bytes
            },
        ];
        for change in changes {
            let (server, folder) = left().await;
            let file = cache(&folder).join(name);
            fs::write(&file, change(fs::read(&file).unwrap())).unwrap();
            let next = believing(&server, Some(&cache(&folder)));
            assert!(!next.recall(now()).await, "{name}");
            assert_eq!(believed(&next), 0, "{name}");
            next.refresh(now()).await.unwrap();
            assert_eq!(believed(&next), 2, "{name} is fetched again");
        }
    }
    let (server, folder) = left().await;
    for (name, path) in files {
        fs::write(cache(&folder).join(name), forgery.file(path).unwrap()).unwrap();
    }
    let next = believing(&server, Some(&cache(&folder)));
    assert!(!next.recall(now()).await, "all of another repository");
    next.refresh(now()).await.unwrap();
    assert_eq!(believed(&next), 2);
}

#[tokio::test]
async fn what_would_not_have_been_fetched_is_not_taken_from_the_folder() {
    let (server, folder) = left().await;
    server.tell(TufLie::OneKeyTwoNames(TufRole::Timestamp));
    server.rotate();
    let root = server.remember().file("/3.root.json").unwrap();
    fs::write(cache(&folder).join("root_history/3.root.json"), root).unwrap();
    let next = believing(&server, Some(&cache(&folder)));
    let refused = chain(&next.refresh(now()).await.unwrap_err());
    assert!(refused.contains("one key twice"), "{refused}");
}

#[tokio::test]
async fn what_is_no_file_is_not_read_and_not_written_through() {
    let (server, folder) = left().await;
    let (inside, outside) = (
        cache(&folder).join("timestamp.json"),
        folder.path().join("outside"),
    );
    fs::rename(&inside, &outside).unwrap();
    symlink(&outside, &inside).unwrap();
    let there = fs::read(&outside).unwrap();
    server.publish(TARGET, root(3));
    let next = believing(&server, Some(&cache(&folder)));
    assert!(!next.recall(now()).await);
    next.refresh(now()).await.unwrap();
    assert_eq!(believed(&next), 3);
    assert_eq!(fs::read(&outside).unwrap(), there);
    assert!(fs::symlink_metadata(&inside).unwrap().is_file());
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_as_good_as_none() {
    let (server, folder) = left().await;
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let next = believing(&server, Some(&file.join("below")));
    assert!(next.refresh(now()).await.unwrap());
    assert_eq!(believed(&next), 2);
    assert_eq!(fs::read(&file).unwrap(), b"x");
}

#[tokio::test]
async fn nothing_lies_around_but_what_a_later_run_wants() {
    let (server, folder) = left().await;
    server.publish(TARGET, root(3));
    server.tell(TufLie::Delegated("../../../evil".to_owned()));
    let next = believing(&server, Some(&cache(&folder)));
    next.refresh(now()).await.unwrap();
    server.publish(TARGET, root(4));
    next.refresh(now()).await.unwrap_err();
    let below = |name: &str| format!("portolan/sigstore/{name}");
    let expected = [
        "root_history/1.root.json",
        "root_history/2.root.json",
        "snapshot.json",
        "targets.json",
        "targets/trusted_root.json",
        "timestamp.json",
    ];
    assert_eq!(files(folder.path()), expected.map(below));
    for name in ["", "root_history", "targets"] {
        let mode = fs::metadata(cache(&folder).join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700, "{name}");
    }
}
