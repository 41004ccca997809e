//! What somebody does to a stored file is seen at the next check.

use std::fs;
use std::os::unix::fs::symlink;

use portolan_reference::{Algorithm, Digest};
use portolan_store::{Artifact, Integrity};

use crate::home::{Home, sha256};

async fn tampered(how: impl FnOnce(&std::path::Path)) -> Integrity {
    let home = Home::new();
    let artifact = home.publish("a.tgz", &vec![7; 100_000]).await;
    how(&home.path(&artifact.path));
    check(&home, &artifact).await
}

async fn check(home: &Home, artifact: &Artifact) -> Integrity {
    let checked = home.store.check(&artifact.path, &artifact.digest);
    checked.await.unwrap()
}

#[tokio::test]
async fn an_untouched_file_is_intact() {
    let home = Home::new();
    let artifact = home.publish("a.tgz", &vec![7; 1_000_000]).await;
    let expected = Integrity::Intact {
        size: artifact.size,
        modified: artifact.modified,
    };
    assert_eq!(check(&home, &artifact).await, expected);
    let home = home.reopened();
    assert_eq!(check(&home, &artifact).await, expected);
}

#[tokio::test]
async fn a_flipped_bit_is_seen_even_when_size_and_time_are_the_same() {
    let found = tampered(|path| {
        let modified = fs::metadata(path).unwrap().modified().unwrap();
        let mut bytes = fs::read(path).unwrap();
        bytes[70_000] ^= 1;
        fs::write(path, bytes).unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(modified).unwrap();
    });
    assert_eq!(found.await, Integrity::Corrupt);
}

#[tokio::test]
async fn a_file_that_was_cut_or_grew_is_corrupt() {
    let cut = |length| {
        tampered(move |path| {
            let file = fs::File::options().write(true).open(path).unwrap();
            file.set_len(length).unwrap();
        })
    };
    assert_eq!(cut(0).await, Integrity::Corrupt);
    assert_eq!(cut(99_999).await, Integrity::Corrupt);
    assert_eq!(cut(100_001).await, Integrity::Corrupt);
}

#[tokio::test]
async fn a_file_that_is_gone_is_missing() {
    let gone = tampered(|path| fs::remove_file(path).unwrap());
    assert_eq!(gone.await, Integrity::Missing);
    let gone = tampered(|path| fs::remove_dir_all(path.parent().unwrap()).unwrap());
    assert_eq!(gone.await, Integrity::Missing);
}

#[tokio::test]
async fn what_is_no_file_is_corrupt_even_if_it_leads_to_the_right_bytes() {
    let moved = |path: &std::path::Path| {
        let copy = path.with_extension("copy");
        fs::rename(path, &copy).unwrap();
        copy
    };
    let linked = tampered(|path| symlink(moved(path), path).unwrap());
    assert_eq!(linked.await, Integrity::Corrupt);
    let dangling = tampered(|path| symlink(moved(path).join("x"), path).unwrap());
    assert_eq!(dangling.await, Integrity::Corrupt);
    let folder = tampered(|path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    });
    assert_eq!(folder.await, Integrity::Corrupt);
    let pipe = tampered(|path| {
        fs::remove_file(path).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).unwrap();
    });
    assert_eq!(pipe.await, Integrity::Corrupt);
}

#[tokio::test]
async fn a_file_is_checked_by_the_algorithm_of_the_digest() {
    let home = Home::new();
    let artifact = home.publish("a.tgz", b"chart").await;
    for algorithm in [
        Algorithm::Sha256,
        Algorithm::Sha384,
        Algorithm::Sha512,
        Algorithm::Blake3,
    ] {
        let good = Digest::of(algorithm, b"chart");
        let checked = home.store.check(&artifact.path, &good).await.unwrap();
        assert!(matches!(checked, Integrity::Intact { .. }), "{algorithm}");
        let bad = Digest::of(algorithm, b"other");
        let checked = home.store.check(&artifact.path, &bad).await.unwrap();
        assert_eq!(checked, Integrity::Corrupt, "{algorithm}");
    }
}

#[tokio::test]
async fn a_corrupt_file_is_discarded_and_made_again_under_its_name() {
    let home = Home::new();
    let artifact = home.publish("a.tgz", b"chart").await;
    fs::write(home.path(&artifact.path), b"x").unwrap();
    assert_eq!(check(&home, &artifact).await, Integrity::Corrupt);
    assert!(home.store.discard(&artifact.path).await.unwrap());
    assert_eq!(
        home.files(),
        ["helmchart/ns/app/latest.tar.gz -> <root>/helmchart/ns/app/a.tgz"]
    );
    assert_eq!(home.store.record(&artifact.path).await, None);
    assert!(!home.store.discard(&artifact.path).await.unwrap());
    let again = home.publish("a.tgz", b"chart").await;
    assert_eq!(again.path, artifact.path);
    assert_eq!(again.digest, sha256(b"chart"));
}

#[tokio::test]
async fn a_reader_reads_what_was_published() {
    let home = Home::new();
    let artifact = home.publish("a.tgz", b"chart").await;
    let mut file = home.store.reader(&artifact.path).await.unwrap().unwrap();
    home.store.discard(&artifact.path).await.unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
    assert_eq!(bytes, b"chart");
    assert!(home.store.reader(&artifact.path).await.unwrap().is_none());
}
