//! What the command line builds on.

use std::fs;
use std::time::{Duration, SystemTime};

use portolan_acquire::Class;
use portolan_kit::{Lie, Registry, chart_archive};

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::world::World;

#[tokio::test]
async fn a_chart_is_pulled_into_a_folder_and_unpacked() {
    let world = World::new(Registry::start().await);
    world.publish(&["1.0.0"]);
    let folder = tempfile::tempdir().unwrap();
    let request = world.wanted("*");
    let look = world.look(&request).await.unwrap();
    let mut last = None;
    let pulled = world
        .acquirer
        .pull(&request, &look, folder.path(), |progress| {
            last = Some(progress);
        })
        .await
        .unwrap();
    assert_eq!(pulled.path, folder.path().join("app-1.0.0.tgz"));
    assert_eq!(
        fs::read(&pulled.path).unwrap(),
        chart_archive("app", "1.0.0")
    );
    let last = last.unwrap();
    assert_eq!(
        (last.received, last.total),
        (pulled.size, Some(pulled.size))
    );
    let unpacked = world.acquirer.unpack(&pulled, folder.path()).await.unwrap();
    assert_eq!(unpacked, folder.path().join("app"));
    assert!(unpacked.join("Chart.yaml").is_file());
    assert!(
        world.acquirer.unpack(&pulled, folder.path()).await.is_err(),
        "nothing is overwritten"
    );
}

#[tokio::test]
async fn a_pull_that_fails_leaves_the_folder_as_it_was() {
    let mut lies = JoinSet::new();
    for lie in Lie::blob_lies() {
        lies.spawn(leaves_the_folder(lie));
    }
    while let Some(done) = lies.join_next().await {
        done.unwrap();
    }
}

async fn leaves_the_folder(lie: Lie) {
    let world = World::new(Registry::start().await);
    world.publish(&["1.0.0"]);
    let folder = tempfile::tempdir().unwrap();
    let request = world.wanted("*");
    let look = world.look(&request).await.unwrap();
    world.registry.tell(lie.clone());
    let pull = world.acquirer.pull(&request, &look, folder.path(), |_| ());
    let pulled = timeout(Duration::from_secs(2), pull).await;
    assert!(!matches!(pulled, Ok(Ok(_))), "{lie:?}");
    drop(pulled);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{lie:?}");
}

#[tokio::test]
async fn a_folder_is_packaged_the_same_way_every_time_and_an_archive_is_sent_as_it_is() {
    let world = World::new(Registry::start().await);
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("app");
    fs::create_dir_all(chart.join("templates")).unwrap();
    fs::write(
        chart.join("Chart.yaml"),
        "apiVersion: v2\nname: app\nversion: 1.0.0+b\n",
    )
    .unwrap();
    fs::write(chart.join("templates/a.yaml"), "a: 1\n").unwrap();
    let to = world.charts();
    let push = async |path: &std::path::Path| {
        world
            .acquirer
            .push(path, &to, SystemTime::UNIX_EPOCH)
            .await
            .unwrap()
    };
    let first = push(&chart).await;
    let again = push(&chart).await;
    assert_eq!(first.digest, again.digest);
    assert!(first.reference.to_string().ends_with("/charts/app:1.0.0_b"));
    let archive = folder.path().join("app.tgz");
    fs::write(&archive, chart_archive("app", "2.0.0")).unwrap();
    push(&archive).await;
    let look = world.look(&world.wanted("2.0.0")).await.unwrap();
    let pulled = world
        .acquirer
        .pull(&world.wanted("2.0.0"), &look, folder.path(), |_| ())
        .await
        .unwrap();
    assert_eq!(
        fs::read(pulled.path).unwrap(),
        chart_archive("app", "2.0.0")
    );
}

#[tokio::test]
async fn what_is_no_chart_is_not_pushed() {
    let world = World::new(Registry::start().await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.tgz");
    fs::write(&file, "no").unwrap();
    for path in [folder.path(), &file, &folder.path().join("absent")] {
        let pushed = world
            .acquirer
            .push(path, &world.charts(), SystemTime::UNIX_EPOCH)
            .await;
        assert_eq!(pushed.unwrap_err().class(), Class::Local);
    }
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn versions_are_listed_highest_first_and_explained() {
    let world = World::new(Registry::start().await);
    world.publish(&["1.9.0", "1.10.0", "1.10.0-rc.1", "2.0.0"]);
    world
        .registry
        .push_chart("charts/app", &chart_archive("app", "1.0.0"), "latest");
    let request = world.wanted("~1");
    let texts = |versions: Vec<portolan_reference::Version>| -> Vec<String> {
        versions.iter().map(ToString::to_string).collect()
    };
    let all = world.acquirer.versions(&request, None).await.unwrap();
    assert_eq!(texts(all), ["2.0.0", "1.10.0", "1.10.0-rc.1", "1.9.0"]);
    let some = world.acquirer.versions(&request, Some("~1")).await.unwrap();
    assert_eq!(texts(some), ["1.10.0", "1.9.0"]);
    let explanation = world.acquirer.explain(&request).await.unwrap();
    assert_eq!(explanation.chosen(), Some("1.10.0"));
    assert_eq!(explanation.offered(), 5);
}
