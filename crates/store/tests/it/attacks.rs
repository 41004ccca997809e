//! Somebody who can write into the storage plants links in it. Nothing follows them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use portolan_store::{Integrity, Options, Store};

use crate::home::{Home, app, sha256};

/// The file of an artifact that was published and then moved out of the storage, folder by folder:
/// what is at `planted` is a link to a copy of it outside, with a file of the same name in it.
struct Planted {
    home: Home,
    outside: std::path::PathBuf,
}

const PATH: &str = "helmchart/ns/app/team/a.tgz";

impl Planted {
    async fn at(planted: &str) -> Self {
        let home = Home::new();
        let outside = home.outside();
        home.publish("team/a.tgz", b"inside").await;
        let rest = Path::new(PATH).strip_prefix(planted).unwrap();
        let file = outside.join(rest);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, b"outside").unwrap();
        fs::write(file.with_extension("tgz.lock"), b"").unwrap();
        fs::remove_dir_all(home.path(planted)).unwrap();
        symlink(&outside, home.path(planted)).unwrap();
        Self { home, outside }
    }

    fn snapshot(&self) -> Vec<(std::path::PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.outside.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push((path.clone(), fs::read(path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }
}

const FOLDERS: [&str; 4] = [
    "helmchart",
    "helmchart/ns",
    "helmchart/ns/app",
    "helmchart/ns/app/team",
];

#[tokio::test]
async fn a_folder_that_became_a_link_is_not_written_through() {
    for folder in FOLDERS {
        let planted = Planted::at(folder).await;
        let before = planted.snapshot();
        for (name, bytes) in [
            ("team/b.tgz", b"new".as_slice()),
            ("team/a.tgz", b"outside"),
        ] {
            let published = planted.home.try_publish(name, bytes).await;
            assert!(published.is_err(), "{folder}");
        }
        assert_eq!(planted.snapshot(), before, "{folder}");
        assert_eq!(planted.home.staged(), 0);
    }
}

#[tokio::test]
async fn a_folder_that_became_a_link_is_not_read_through() {
    for folder in FOLDERS {
        let planted = Planted::at(folder).await;
        let store = &planted.home.store;
        let checked = store.check(PATH, &sha256(b"outside")).await;
        assert!(checked.is_err(), "{folder}: {checked:?}");
        assert!(store.reader(PATH).await.is_err(), "{folder}");
        assert_eq!(store.record(PATH).await, None, "{folder}");
    }
}

#[tokio::test]
async fn a_folder_that_became_a_link_is_not_deleted_through() {
    let later = UNIX_EPOCH + Duration::from_secs(1 << 40);
    for folder in FOLDERS {
        let planted = Planted::at(folder).await;
        let before = planted.snapshot();
        let store = &planted.home.store;
        assert!(store.discard(PATH).await.is_err(), "{folder}");
        let current = "helmchart/ns/app/current.tgz";
        let _ = store.collect(&app(), current, later).await;
        assert_eq!(planted.snapshot(), before, "{folder}");
        // The link itself may go, if it is where the object was.
        let _ = store.remove(&app()).await;
        assert_eq!(planted.snapshot(), before, "{folder}");
    }
}

#[tokio::test]
async fn removing_an_object_that_became_a_link_removes_the_link() {
    let planted = Planted::at("helmchart/ns/app").await;
    let before = planted.snapshot();
    assert_eq!(planted.home.store.remove(&app()).await.unwrap(), 0);
    assert!(fs::symlink_metadata(planted.home.path("helmchart/ns/app")).is_err());
    assert_eq!(planted.snapshot(), before);
}

#[tokio::test]
async fn a_link_inside_an_object_is_not_followed_when_the_object_goes() {
    let home = Home::new();
    let outside = home.outside();
    home.publish("a.tgz", b"chart").await;
    symlink(&outside, home.path("helmchart/ns/app/away")).unwrap();
    symlink(
        outside.join("precious"),
        home.path("helmchart/ns/app/b.tgz"),
    )
    .unwrap();
    let later = UNIX_EPOCH + Duration::from_secs(1 << 40);
    let current = "helmchart/ns/app/a.tgz";
    assert_eq!(
        home.store.collect(&app(), current, later).await.unwrap(),
        [""; 0]
    );
    assert_eq!(home.store.remove(&app()).await.unwrap(), 1);
    assert_eq!(fs::read(outside.join("precious")).unwrap(), b"precious");
    assert!(!home.path("helmchart/ns/app").exists());
}

#[tokio::test]
async fn a_link_in_place_of_an_artifact_is_corrupt_and_replaced() {
    let home = Home::new();
    let precious = home.outside().join("precious");
    let artifact = home.publish("a.tgz", b"chart").await;
    fs::remove_file(home.path(&artifact.path)).unwrap();
    symlink(&precious, home.path(&artifact.path)).unwrap();
    let digest = sha256(b"precious");
    let checked = home.store.check(&artifact.path, &digest).await.unwrap();
    assert_eq!(checked, Integrity::Corrupt);
    assert!(home.store.reader(&artifact.path).await.is_err());
    let again = home.publish("a.tgz", b"chart").await;
    assert_eq!(again.path, artifact.path);
    assert_eq!(fs::read(home.path(&again.path)).unwrap(), b"chart");
    assert_eq!(fs::read(precious).unwrap(), b"precious");
}

#[tokio::test]
async fn links_where_locks_links_and_records_go_are_not_written_through() {
    let home = Home::new();
    let outside = home.outside();
    home.publish("a.tgz", b"chart").await;
    let precious = outside.join("precious");
    let created = outside.join("created");
    symlink(&created, home.path("helmchart/ns/app/b.tgz.lock")).unwrap();
    symlink(&created, home.path("helmchart/ns/app/latest.tar.gz.tmp")).unwrap();
    fs::remove_file(home.path("helmchart/ns/app/latest.tar.gz")).unwrap();
    symlink(&precious, home.path("helmchart/ns/app/latest.tar.gz")).unwrap();
    let records = ".portolan/records/helmchart/ns/app";
    symlink(&precious, home.path(&format!("{records}/b.tgz.json"))).unwrap();
    home.publish("b.tgz", b"other").await;
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
    assert!(!created.exists());
    assert_eq!(
        fs::read(home.path("helmchart/ns/app/latest.tar.gz")).unwrap(),
        b"other"
    );
}

#[tokio::test]
async fn a_records_folder_that_became_a_link_is_not_used() {
    let home = Home::new();
    let outside = home.outside();
    home.publish("a.tgz", b"chart").await;
    fs::remove_dir_all(home.path(".portolan/records")).unwrap();
    symlink(&outside, home.path(".portolan/records")).unwrap();
    assert!(home.try_publish("b.tgz", b"other").await.is_err());
    assert_eq!(home.store.record("helmchart/ns/app/a.tgz").await, None);
    assert!(home.store.remove(&app()).await.is_err());
    assert_eq!(fs::read_dir(outside).unwrap().count(), 1);
}

#[tokio::test]
async fn cleaning_at_the_start_follows_no_link() {
    for (folder, opens) in [(".portolan", false), (".portolan/staging", false)] {
        let home = Home::new();
        let outside = home.outside();
        fs::create_dir(outside.join("staging")).unwrap();
        fs::write(outside.join("staging/precious"), b"").unwrap();
        fs::remove_dir_all(home.path(folder)).unwrap();
        symlink(&outside, home.path(folder)).unwrap();
        let opened = Store::open(&home.path(""), Options::default());
        assert_eq!(opened.is_ok(), opens, "{folder}");
        assert!(outside.join("staging/precious").exists());
        assert!(outside.join("precious").exists());
    }
    let home = Home::new();
    let outside = home.outside();
    symlink(&outside, home.path(".portolan/staging/away")).unwrap();
    let home = home.reopened();
    assert_eq!(home.staged(), 0);
    assert!(outside.join("precious").exists());
}
