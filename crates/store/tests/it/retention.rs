//! Which artifacts stay.

use std::fs;
use std::io::Read as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portolan_store::{CollectError, Options};
use serde::Deserialize;

use crate::home::{Home, app};

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_001)
}

fn name(index: usize) -> String {
    format!("a-{index:04}.tgz")
}

fn path(index: usize) -> String {
    format!("helmchart/ns/app/{}", name(index))
}

/// Lay down files of these ages in seconds, with locks; negative ages are in the future.
fn lay(home: &Home, ages: &[i64]) {
    fs::create_dir_all(home.path("helmchart/ns/app")).unwrap();
    for (index, age) in ages.iter().enumerate() {
        let file = fs::File::create(home.path(&path(index))).unwrap();
        let distance = Duration::from_secs(age.unsigned_abs());
        let modified = if *age < 0 {
            now() + distance
        } else {
            now() - distance
        };
        file.set_modified(modified).unwrap();
        fs::write(home.path(&format!("{}.lock", path(index))), b"").unwrap();
    }
}

fn options(records: usize, ttl: u64) -> Options {
    Options {
        retention_records: records,
        retention_ttl: Duration::from_secs(ttl),
        ..Options::default()
    }
}

#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    ages_s: Vec<i64>,
    records: usize,
    ttl_s: u64,
    deleted_index: Vec<usize>,
    ours: Option<Vec<usize>>,
}

#[tokio::test]
async fn what_flux_deletes_is_deleted_counted_once() {
    let rows = include_str!("../data/retention.jsonl").lines();
    let rows: Vec<Row> = rows.map(|row| serde_json::from_str(row).unwrap()).collect();
    assert_eq!(rows.len(), 13);
    for row in rows {
        let home = Home::with(options(row.records, row.ttl_s));
        lay(&home, &row.ages_s);
        let current = path(row.ages_s.len() - 1);
        let collected = home.store.collect(&app(), &current, now()).await.unwrap();
        let mut collected_sorted = collected.clone();
        collected_sorted.sort();
        let expected = row.ours.unwrap_or(row.deleted_index);
        let expected: Vec<_> = expected.into_iter().map(path).collect();
        assert_eq!(collected_sorted, expected, "{}", row.id);
        for (index, _) in row.ages_s.iter().enumerate() {
            let is_gone = expected.contains(&path(index));
            assert_eq!(home.path(&path(index)).exists(), !is_gone, "{}", row.id);
            let lock = home.path(&format!("{}.lock", path(index)));
            assert_eq!(lock.exists(), !is_gone, "{}", row.id);
        }
    }
}

#[tokio::test]
async fn links_locks_and_what_nobody_published_are_not_artifacts() {
    let home = Home::with(options(1, 60));
    lay(&home, &[10]);
    let folder = home.path("helmchart/ns/app");
    for foreign in ["lonely.tgz.lock", ".hidden"] {
        fs::write(folder.join(foreign), b"").unwrap();
    }
    std::os::unix::fs::symlink(home.path(&path(0)), folder.join("latest.tar.gz")).unwrap();
    let later = now() + Duration::from_hours(24);
    assert_eq!(
        home.store.collect(&app(), &path(0), later).await.unwrap(),
        [""; 0]
    );
    assert_eq!(home.files().len(), 5);
}

#[tokio::test]
async fn a_nested_file_counts_and_is_collected() {
    let home = Home::with(options(1, 60));
    lay(&home, &[10]);
    home.publish("team/deep/b.tgz", b"nested").await;
    home.publish("c.tgz", b"newest").await;
    let current = path(0);
    let far = now() + Duration::from_secs(1 << 32);
    let collected = home.store.collect(&app(), &current, far).await.unwrap();
    assert_eq!(collected, ["helmchart/ns/app/team/deep/b.tgz"]);
    assert!(home.path(&current).exists());
}

#[tokio::test]
async fn what_was_just_published_stays_though_no_status_names_it() {
    let home = Home::with(options(1, 0));
    let old = home.publish("a-1.tgz", b"one").await;
    let new = home.publish("a-2.tgz", b"two").await;
    let far = new.modified + Duration::from_hours(1);
    let collected = home.store.collect(&app(), &old.path, far).await.unwrap();
    assert_eq!(collected, [""; 0]);
    assert!(home.path(&new.path).exists() && home.path(&old.path).exists());
    let collected = home.store.collect(&app(), &new.path, far).await.unwrap();
    assert_eq!(collected, [old.path]);
}

#[tokio::test]
async fn a_collected_artifact_has_no_record_any_more() {
    let home = Home::with(options(1, 0));
    let old = home.publish("a-1.tgz", b"one").await;
    let new = home.publish("a-2.tgz", b"two").await;
    let record = home.path(".portolan/records/helmchart/ns/app/a-1.tgz.json");
    assert!(record.exists());
    home.store
        .collect(&app(), &new.path, new.modified)
        .await
        .unwrap();
    assert!(!home.path(&old.path).exists());
    assert!(!record.exists());
}

#[tokio::test]
async fn who_reads_a_collected_artifact_reads_it_to_its_end() {
    let home = Home::with(options(1, 0));
    let bytes = vec![7; 1_000_000];
    let old = home.publish("a-1.tgz", &bytes).await;
    let mut reader = home.store.reader(&old.path).await.unwrap().unwrap();
    let new = home.publish("a-2.tgz", b"two").await;
    let collected = home
        .store
        .collect(&app(), &new.path, new.modified)
        .await
        .unwrap();
    assert_eq!(collected, [old.path]);
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    assert!(read == bytes);
}

#[tokio::test]
async fn five_thousand_files_are_collected_down_to_the_number() {
    let home = Home::new();
    let ages: Vec<i64> = (0..5_000).map(|index| 20 - index % 10).collect();
    lay(&home, &ages);
    let collected = home
        .store
        .collect(&app(), &path(4_999), now())
        .await
        .unwrap();
    assert_eq!(collected.len(), 4_998);
    assert_eq!(home.files().len(), 4);
    // The youngest of the others, and the current one.
    assert!(home.path(&path(4_989)).exists() || home.path(&path(4_979)).exists());
    assert!(home.path(&path(4_999)).exists());
}

#[tokio::test]
async fn the_oldest_go_first_whatever_fits_in_memory() {
    let home = Home::with(Options {
        max_scan: 7,
        ..options(4, 3600)
    });
    let ages: Vec<i64> = (0..50).map(|index| 100 + (index * 37) % 50).collect();
    lay(&home, &ages);
    home.store.collect(&app(), &path(0), now()).await.unwrap();
    let mut youngest: Vec<_> = (1..50).collect();
    youngest.sort_by_key(|index| ages[*index]);
    let mut expected: Vec<_> = youngest[..3].iter().copied().chain([0]).map(path).collect();
    expected.sort();
    let mut left = home.files();
    left.retain(|file| file.strip_suffix(".lock").is_none());
    assert_eq!(left, expected);
}

#[tokio::test]
async fn a_collection_that_takes_too_long_gives_up_and_keeps_the_current_one() {
    let home = Home::with(Options {
        retention_deadline: Duration::from_nanos(1),
        ..options(1, 60)
    });
    lay(&home, &[3600, 3600, 10]);
    let error = home
        .store
        .collect(&app(), &path(2), now())
        .await
        .unwrap_err();
    assert!(matches!(error, CollectError::DeadlineExceeded));
    assert!(error.to_string().contains("context deadline exceeded"));
    assert!(home.path(&path(2)).exists());
}

#[tokio::test]
async fn an_object_without_files_has_nothing_to_collect() {
    let home = Home::new();
    let collected = home.store.collect(&app(), &path(0), now()).await.unwrap();
    assert_eq!(collected, [""; 0]);
}
