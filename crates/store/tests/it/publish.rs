//! From staged to readable: whole, under the right name, or not at all.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::time::Duration;

use portolan_reference::{Algorithm, Digest};
use portolan_store::{
    Blocking, Fault, Integrity, ObjectKey, Options, PublishError, Record, StageError, Store,
};

use crate::home::{Home, LINK, app, sha256};

fn mode(home: &Home, path: &str) -> u32 {
    let metadata = fs::symlink_metadata(home.path(path)).unwrap();
    metadata.permissions().mode() & 0o777
}

#[tokio::test]
async fn an_artifact_lies_where_flux_lays_it() {
    let home = Home::new();
    let artifact = home.publish("app-1.0.0.tgz", b"chart").await;
    assert_eq!(artifact.path, "helmchart/ns/app/app-1.0.0.tgz");
    assert_eq!(artifact.link, "helmchart/ns/app/latest.tar.gz");
    assert_eq!(artifact.digest, sha256(b"chart"));
    assert_eq!(artifact.size, 5);
    assert_eq!(
        home.files(),
        [
            "helmchart/ns/app/app-1.0.0.tgz",
            "helmchart/ns/app/app-1.0.0.tgz.lock",
            "helmchart/ns/app/latest.tar.gz -> <root>/helmchart/ns/app/app-1.0.0.tgz",
        ]
    );
    let metadata = fs::metadata(home.path(&artifact.path)).unwrap();
    assert_eq!(artifact.modified, metadata.modified().unwrap());
    assert_eq!(fs::read(home.path(&artifact.path)).unwrap(), b"chart");
    assert_eq!(fs::read(home.path(&artifact.link)).unwrap(), b"chart");
}

#[tokio::test]
async fn modes_are_those_of_flux() {
    let home = Home::new();
    home.publish("app-1.0.0.tgz", b"chart").await;
    assert_eq!(mode(&home, "helmchart"), 0o700);
    assert_eq!(mode(&home, "helmchart/ns"), 0o700);
    assert_eq!(mode(&home, "helmchart/ns/app"), 0o700);
    assert_eq!(mode(&home, "helmchart/ns/app/app-1.0.0.tgz"), 0o600);
    assert_eq!(mode(&home, ".portolan"), 0o700);
    assert_eq!(mode(&home, ".portolan/staging"), 0o700);
    let lock = "helmchart/ns/app/app-1.0.0.tgz.lock";
    // What the process's mask leaves of it.
    assert_eq!(mode(&home, lock) & !0o644, 0);
    assert_eq!(mode(&home, lock) & 0o600, 0o600);
    assert_eq!(fs::metadata(home.path(lock)).unwrap().len(), 0);
}

#[tokio::test]
async fn a_chart_name_with_a_slash_nests_the_file_and_its_link() {
    let home = Home::new();
    let artifact = home.publish("team/app-1.0.0.tgz", b"chart").await;
    assert_eq!(artifact.path, "helmchart/ns/app/team/app-1.0.0.tgz");
    assert_eq!(artifact.link, "helmchart/ns/app/team/latest.tar.gz");
    assert_eq!(
        home.files(),
        [
            "helmchart/ns/app/team/app-1.0.0.tgz",
            "helmchart/ns/app/team/app-1.0.0.tgz.lock",
            "helmchart/ns/app/team/latest.tar.gz -> <root>/helmchart/ns/app/team/app-1.0.0.tgz",
        ]
    );
}

#[tokio::test]
async fn nobody_sees_an_artifact_before_it_is_published() {
    let home = Home::new();
    let mut staged = home.store.stage(&app()).await.unwrap();
    staged.write(b"chart").await.unwrap();
    staged.finish().await.unwrap();
    assert_eq!(home.files(), [""; 0]);
    assert_eq!(home.staged(), 1);
    assert_eq!(mode(&home, staged.path().to_str().unwrap()), 0o600);
    assert!(staged.path().starts_with(home.path(".portolan/staging")));
}

#[tokio::test]
async fn bytes_are_counted_and_hashed_as_they_come() {
    let home = Home::new();
    let mut staged = home.store.stage(&app()).await.unwrap();
    let mut all = Vec::new();
    for length in [0, 1, 1000, 300_000, 5, 262_144, 700_001] {
        let piece = vec![u8::try_from(length % 251).unwrap(); length];
        staged.write(&piece).await.unwrap();
        all.extend(piece);
        assert_eq!(staged.size(), all.len() as u64);
    }
    assert_eq!(staged.finish().await.unwrap(), sha256(&all));
    assert_eq!(staged.finish().await.unwrap(), sha256(&all));
    let mut read = Vec::new();
    std::io::Read::read_to_end(&mut staged.reader().unwrap(), &mut read).unwrap();
    assert_eq!(read, all);
    let published = home.store.publish(staged, "a.tgz", LINK, Record::default());
    let artifact = published.await.unwrap();
    assert_eq!(artifact.digest, sha256(&all));
    assert_eq!(artifact.size, all.len() as u64);
    assert_eq!(fs::read(home.path(&artifact.path)).unwrap(), all);
}

#[tokio::test]
async fn an_artifact_may_be_empty() {
    let home = Home::new();
    let artifact = home.publish("a.tgz", b"").await;
    assert_eq!((artifact.size, artifact.digest), (0, sha256(b"")));
}

#[tokio::test]
async fn a_store_hashes_by_the_algorithm_it_was_told() {
    for algorithm in [Algorithm::Sha384, Algorithm::Sha512, Algorithm::Blake3] {
        let home = Home::with(Options {
            algorithm,
            ..Options::default()
        });
        let artifact = home.publish("a.tgz", b"chart").await;
        assert_eq!(artifact.digest, Digest::of(algorithm, b"chart"));
    }
}

#[tokio::test]
async fn after_its_digest_was_told_nothing_is_added() {
    let home = Home::new();
    let mut staged = home.store.stage(&app()).await.unwrap();
    staged.finish().await.unwrap();
    let error = staged.write(b"more").await.unwrap_err();
    assert!(matches!(error, StageError::Finished), "{error}");
}

#[tokio::test]
async fn a_dropped_artifact_is_gone() {
    let home = Home::new();
    let mut staged = home.store.stage(&app()).await.unwrap();
    staged.write(&vec![7; 300_000]).await.unwrap();
    drop(staged);
    assert_eq!(home.staged(), 0);
}

#[tokio::test]
async fn an_artifact_whose_write_was_dropped_is_no_longer_written() {
    let blocking = Blocking::new(1);
    let home = Home::with(Options {
        blocking: blocking.clone(),
        ..Options::default()
    });
    let mut staged = home.store.stage(&app()).await.unwrap();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let busy = tokio::spawn(async move { blocking.run(move || released.recv()).await });
    tokio::task::yield_now().await;
    {
        let bytes = vec![7; 300_000];
        let mut write = Box::pin(staged.write(&bytes));
        let polled = std::future::poll_fn(|context| {
            std::task::Poll::Ready(write.as_mut().poll(context).is_ready())
        });
        assert!(!polled.await, "the write did not wait for its place");
    }
    drop(release);
    busy.await.unwrap().unwrap().unwrap_err();
    let error = staged.write(b"more").await.unwrap_err();
    assert!(matches!(error, StageError::Interrupted), "{error}");
    let error = staged.finish().await.unwrap_err();
    assert!(matches!(error, StageError::Interrupted), "{error}");
    let published = home.store.publish(staged, "a.tgz", LINK, Record::default());
    assert!(matches!(published.await, Err(PublishError::Stage(_))));
    assert_eq!(home.files(), [""; 0]);
    assert_eq!(home.staged(), 0);
}

#[tokio::test]
async fn the_same_bytes_under_the_same_name_stay_where_they_are() {
    let home = Home::new();
    let first = home.publish("app-1.0.0.tgz", b"one").await;
    let before = fs::metadata(home.path(&first.path)).unwrap();
    home.publish("app-1.1.0.tgz", b"two").await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let again = home.publish("app-1.0.0.tgz", b"one").await;
    let after = fs::metadata(home.path(&first.path)).unwrap();
    assert_eq!(again, first);
    assert_eq!(
        (after.ino(), after.mtime_nsec()),
        (before.ino(), before.mtime_nsec())
    );
    // The link follows all the same.
    assert_eq!(fs::read(home.path(&first.link)).unwrap(), b"one");
    assert_eq!(home.staged(), 0);
}

#[tokio::test]
async fn a_name_is_never_given_other_bytes() {
    let home = Home::new();
    let first = home.publish("app-1.0.0.tgz", b"one").await;
    let second = home.publish("app-1.0.0.tgz", b"two").await;
    let digest = sha256(b"two");
    let mark = &digest.hex()[..12];
    assert_eq!(
        second.path,
        format!("helmchart/ns/app/app-1.0.0-{mark}.tgz")
    );
    assert_eq!(fs::read(home.path(&first.path)).unwrap(), b"one");
    assert_eq!(fs::read(home.path(&second.path)).unwrap(), b"two");
    assert_eq!(fs::read(home.path(&second.link)).unwrap(), b"two");
    // And again: nothing new.
    assert_eq!(home.publish("app-1.0.0.tgz", b"two").await, second);
    assert_eq!(home.files().len(), 5);
}

#[tokio::test]
async fn a_marked_name_that_was_tampered_with_is_not_overwritten() {
    let home = Home::new();
    home.publish("a.tgz", b"one").await;
    let second = home.publish("a.tgz", b"two").await;
    fs::write(home.path(&second.path), b"evil").unwrap();
    let error = home.try_publish("a.tgz", b"two").await.unwrap_err();
    assert!(matches!(error, PublishError::File(_)), "{error}");
    assert!(home.store.discard(&second.path).await.unwrap());
    assert_eq!(home.publish("a.tgz", b"two").await.path, second.path);
}

#[tokio::test]
async fn the_mark_comes_before_the_whole_extension() {
    let home = Home::new();
    for (name, marked) in [
        ("x-1.tar.gz", "x-1-{}.tar.gz"),
        ("x-1.2.tgz", "x-1.2-{}.tgz"),
        ("team.a/x", "team.a/x-{}"),
        ("x", "x-{}"),
    ] {
        home.publish(name, b"one").await;
        let second = home.publish(name, b"two").await;
        let expected = marked.replace("{}", &sha256(b"two").hex()[..12]);
        assert_eq!(second.path, format!("helmchart/ns/app/{expected}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_artifacts_are_published_at_once() {
    let home = Home::new();
    let mut running = tokio::task::JoinSet::new();
    for number in 0..200_u32 {
        let store = home.store.clone();
        running.spawn(async move {
            let name = format!("app-{number}");
            let key = ObjectKey::new("HelmChart", "ns", &name).unwrap();
            let mut staged = store.stage(&key).await.unwrap();
            staged.write(name.as_bytes()).await.unwrap();
            let published = store.publish(staged, "a.tgz", LINK, Record::default());
            let artifact = published.await.unwrap();
            assert_eq!(artifact.digest, sha256(name.as_bytes()));
            let checked = store.check(&artifact.path, &artifact.digest).await.unwrap();
            assert!(matches!(checked, Integrity::Intact { .. }));
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    assert_eq!(home.files().len(), 600);
    assert_eq!(home.staged(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_contents_for_one_name_at_once_get_two_names() {
    let home = Home::new();
    let (one, two) = tokio::join!(home.publish("a.tgz", b"one"), home.publish("a.tgz", b"two"));
    assert_ne!(one.path, two.path);
    assert_eq!(fs::read(home.path(&one.path)).unwrap(), b"one");
    assert_eq!(fs::read(home.path(&two.path)).unwrap(), b"two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publish_that_is_dropped_is_whole_or_nothing() {
    let home = Home::new();
    for number in 0..100_u64 {
        let store = home.store.clone();
        let publish = tokio::spawn(async move {
            let mut staged = store.stage(&app()).await.unwrap();
            staged.write(format!("{number}").as_bytes()).await.unwrap();
            let name = format!("a-{number}.tgz");
            let published = store.publish(staged, &name, LINK, Record::default());
            published.await.unwrap();
        });
        tokio::time::sleep(Duration::from_micros(number * 10)).await;
        publish.abort();
        let _ = publish.await;
    }
    // One's turn comes when nobody else changes the object any more.
    home.publish("last.tgz", b"last").await;
    for number in 0..100 {
        let path = home.path(&format!("helmchart/ns/app/a-{number}.tgz"));
        if let Ok(bytes) = fs::read(path) {
            assert_eq!(bytes, number.to_string().as_bytes());
        }
    }
    assert_eq!(home.staged(), 0);
}

#[tokio::test]
async fn a_publish_that_is_dropped_while_it_waits_for_its_batch_is_nothing() {
    let blocking = Blocking::new(1);
    let home = Home::with(Options {
        blocking: blocking.clone(),
        ..Options::default()
    });
    let mut staged = home.store.stage(&app()).await.unwrap();
    staged.finish().await.unwrap();
    let busy = || {
        let (release, released) = std::sync::mpsc::channel::<()>();
        let blocking = blocking.clone();
        let busy = async move { blocking.run(move || released.recv()).await };
        (release, tokio::spawn(busy))
    };
    let soon = || tokio::time::sleep(Duration::from_millis(50));
    // Between the first one and the second one, the name is looked for, and then the batch waits.
    let (release_first, first) = busy();
    soon().await;
    let store = home.store.clone();
    let publish = async move {
        store
            .publish(staged, "a.tgz", LINK, Record::default())
            .await
    };
    let publish = tokio::spawn(publish);
    soon().await;
    let (release_second, second) = busy();
    soon().await;
    drop(release_first);
    first.await.unwrap().unwrap().unwrap_err();
    soon().await;
    publish.abort();
    assert!(publish.await.unwrap_err().is_cancelled());
    drop(release_second);
    second.await.unwrap().unwrap().unwrap_err();
    home.publish("b.tgz", b"next").await;
    assert!(!home.path("helmchart/ns/app/a.tgz").exists());
    assert_eq!(home.staged(), 0);
}

#[tokio::test]
async fn a_batch_goes_on_without_the_one_that_fails() {
    let home = Home::new();
    fs::create_dir_all(home.path("helmchart/ns/bad/a.tgz/full")).unwrap();
    let publish = |name: &'static str| {
        let store = home.store.clone();
        async move {
            let key = ObjectKey::new("HelmChart", "ns", name).unwrap();
            let mut staged = store.stage(&key).await?;
            staged.write(b"chart").await?;
            store
                .publish(staged, "a.tgz", LINK, Record::default())
                .await
        }
    };
    let (good, bad, other) = tokio::join!(publish("good"), publish("bad"), publish("other"));
    assert!(good.is_ok() && other.is_ok());
    let Err(PublishError::File(error)) = bad else {
        panic!("{bad:?}")
    };
    assert_eq!(error.fault(), Fault::Misplaced);
    assert_eq!(error.path(), "helmchart/ns/bad/a.tgz");
    assert_eq!(home.staged(), 0);
    assert!(home.path("helmchart/ns/bad/a.tgz/full").is_dir());
}

#[tokio::test]
async fn what_fails_half_way_is_taken_away_again() {
    let home = Home::new();
    let first = home.publish("a-1.tgz", b"one").await;
    // Where the link should be is a folder, which no rename replaces.
    fs::remove_file(home.path(&first.link)).unwrap();
    fs::create_dir(home.path(&first.link)).unwrap();
    let error = home.try_publish("a-2.tgz", b"two").await.unwrap_err();
    assert!(matches!(error, PublishError::File(_)), "{error}");
    assert_eq!(
        home.files(),
        ["helmchart/ns/app/a-1.tgz", "helmchart/ns/app/a-1.tgz.lock"]
    );
    assert_eq!(home.staged(), 0);
    assert_eq!(home.store.record("helmchart/ns/app/a-2.tgz").await, None);
    fs::remove_dir(home.path(&first.link)).unwrap();
    home.publish("a-2.tgz", b"two").await;
}

#[tokio::test]
async fn a_storage_that_was_emptied_is_filled_again() {
    let home = Home::new();
    let first = home.publish("a.tgz", b"one").await;
    fs::remove_dir_all(home.path("helmchart")).unwrap();
    fs::remove_dir_all(home.path(".portolan")).unwrap();
    let checked = home.store.check(&first.path, &first.digest).await.unwrap();
    assert_eq!(checked, Integrity::Missing);
    assert_eq!(home.publish("a.tgz", b"one").await.path, first.path);
}

#[tokio::test]
async fn a_root_that_is_not_there_is_not_made() {
    let home = Home::new();
    let missing = home.parent().join("missing");
    let error = Store::open(&missing, Options::default()).unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
    assert!(!missing.exists());
    let file = home.parent().join("file");
    fs::write(&file, b"").unwrap();
    assert!(Store::open(&file, Options::default()).is_err());
}
