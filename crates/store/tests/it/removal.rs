//! An object goes whole, and alone.

use portolan_store::{ObjectKey, Record};

use crate::home::{Home, LINK, app};

async fn publish_for(home: &Home, key: &ObjectKey) {
    let mut staged = home.store.stage(key).await.unwrap();
    staged.write(b"chart").await.unwrap();
    let published = home.store.publish(staged, "a.tgz", LINK, Record::default());
    published.await.unwrap();
}

#[tokio::test]
async fn everything_of_an_object_goes_and_nothing_else() {
    let home = Home::new();
    let neighbours = [
        ("HelmChart", "ns", "app2"),
        ("HelmChart", "ns", "ap"),
        ("HelmChart", "other", "app"),
        ("OCIRepository", "ns", "app"),
    ];
    for (kind, namespace, name) in neighbours {
        publish_for(&home, &ObjectKey::new(kind, namespace, name).unwrap()).await;
    }
    let before = home.listing();
    home.publish("a-1.tgz", b"one").await;
    home.publish("a-2.tgz", b"two").await;
    home.publish("team/deep/a-3.tgz", b"three").await;
    assert_eq!(home.store.remove(&app()).await.unwrap(), 3);
    assert_eq!(home.listing(), before);
}

#[tokio::test]
async fn removing_twice_is_removing_once() {
    let home = Home::new();
    home.publish("a.tgz", b"one").await;
    assert_eq!(home.store.remove(&app()).await.unwrap(), 1);
    assert_eq!(home.store.remove(&app()).await.unwrap(), 0);
    let never = ObjectKey::new("HelmChart", "never", "was").unwrap();
    assert_eq!(home.store.remove(&never).await.unwrap(), 0);
}

#[tokio::test]
async fn what_was_recorded_goes_too() {
    let home = Home::new();
    let artifact = home.publish("a.tgz", b"one").await;
    home.store.remove(&app()).await.unwrap();
    assert_eq!(home.store.record(&artifact.path).await, None);
    assert!(!home.path(".portolan/records/helmchart/ns/app").exists());
}

#[tokio::test]
async fn foreign_files_in_an_objects_folder_go_with_it() {
    let home = Home::new();
    home.publish("a.tgz", b"one").await;
    let folder = home.path("helmchart/ns/app");
    std::fs::create_dir_all(folder.join("deep/er")).unwrap();
    std::fs::write(folder.join("deep/er/foreign"), b"x").unwrap();
    std::fs::write(folder.join(".hidden"), b"x").unwrap();
    let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff\xfe");
    std::fs::write(folder.join(name), b"x").unwrap();
    assert_eq!(home.store.remove(&app()).await.unwrap(), 4);
    assert!(!folder.exists());
}

#[tokio::test]
async fn an_object_can_come_back() {
    let home = Home::new();
    let first = home.publish("a.tgz", b"one").await;
    home.store.remove(&app()).await.unwrap();
    let second = home.publish("a.tgz", b"two").await;
    assert_eq!(second.path, first.path);
}
