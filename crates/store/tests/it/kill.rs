//! A process that is killed leaves nothing half, and the next one cleans up.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use portolan_store::{ObjectKey, Options, Record, Store};

use crate::home::{Home, LINK, app, sha256};

#[tokio::test]
async fn what_was_staged_and_not_published_is_gone_after_a_restart() {
    let home = Home::new();
    let kept = home.publish("kept.tgz", b"kept").await;
    for name in ["0123456789abcdef", "other"] {
        fs::write(home.path(&format!(".portolan/staging/{name}")), b"half").unwrap();
    }
    fs::create_dir_all(home.path(".portolan/staging/deep/er")).unwrap();
    let home = home.reopened();
    assert_eq!(home.staged(), 0);
    assert_eq!(fs::read(home.path(&kept.path)).unwrap(), b"kept");
}

#[tokio::test]
async fn a_second_store_does_not_clean_what_the_first_is_staging() {
    let home = Home::new();
    let mut staged = home.store.stage(&app()).await.unwrap();
    staged.write(b"chart").await.unwrap();
    let second = Store::open(&home.path(""), Options::default()).unwrap();
    assert_eq!(home.staged(), 1);
    let published = home.store.publish(staged, "a.tgz", LINK, Record::default());
    published.await.unwrap();
    drop(second);
}

const CHILD: &str = "PORTOLAN_STORE_TEST_ROOT";

/// Publishes until somebody kills it; does nothing when it is run as a test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_publishes_until_it_is_killed() {
    let Some(root) = std::env::var_os(CHILD).map(PathBuf::from) else {
        return;
    };
    let options = Options {
        retention_ttl: Duration::ZERO,
        ..Options::default()
    };
    let store = Store::open(&root, options).unwrap();
    let mut running = tokio::task::JoinSet::new();
    for object in 0..8_u32 {
        let store = store.clone();
        running.spawn(async move { publish_for_ever(&store, object).await });
    }
    while running.join_next().await.is_some() {}
}

async fn publish_for_ever(store: &Store, object: u32) {
    let key = ObjectKey::new("HelmChart", "ns", &format!("app-{object}")).unwrap();
    for round in 0_u64.. {
        let text = format!("{object} {round} ").repeat(5_000);
        let mut staged = store.stage(&key).await.unwrap();
        staged.write(text.as_bytes()).await.unwrap();
        let name = format!("a-{}.tgz", round % 5);
        let published = store.publish(staged, &name, LINK, Record::default());
        let artifact = published.await.unwrap();
        let now = artifact.modified + Duration::from_secs(1);
        store.collect(&key, &artifact.path, now).await.unwrap();
        if round % 7 == 6 {
            store.remove(&key).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_process_killed_at_any_moment_leaves_only_whole_artifacts() {
    let home = Home::new();
    let root = home.path("");
    drop(home.store.clone());
    let mut seen = 0;
    for round in 0..15_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "kill::a_process_that_publishes_until_it_is_killed",
                "--exact",
            ])
            .env(CHILD, &root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(30 + round * 12)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        seen += check_artifacts(&home).await;
    }
    assert!(seen > 0, "the process never published anything");
    let home = home.reopened();
    assert_eq!(home.staged(), 0);
}

/// Every file that has an artifact's name is whole, every record that is read is about it.
async fn check_artifacts(home: &Home) -> usize {
    let mut seen = 0;
    for file in home.files() {
        let path = file.split(" -> ").next().unwrap();
        if path.strip_suffix(".tgz").is_none() {
            continue;
        }
        let text = fs::read_to_string(home.path(path)).unwrap();
        assert!(
            text.len() >= 5_000 * 4,
            "{path} is cut: {} bytes",
            text.len()
        );
        let piece: String = text.split_inclusive(' ').take(2).collect();
        assert!(text == piece.repeat(5_000), "{path} is mixed");
        let digest = sha256(text.as_bytes());
        let checked = home.store.check(path, &digest).await.unwrap();
        assert!(matches!(checked, portolan_store::Integrity::Intact { .. }));
        seen += 1;
    }
    seen
}
