//! Whatever somebody calls a chart, a version or an object, nothing leaves the root.

use std::fs;

use portolan_store::{Integrity, ObjectKey, PublishError, Record};
use proptest::prelude::*;

use crate::home::{Home, app, sha256};

#[tokio::test]
async fn a_file_name_that_climbs_hides_or_lies_is_refused() {
    let home = Home::new();
    let long_part = format!("{}.tgz", "a".repeat(234));
    let long_name = vec!["a".repeat(100); 11].join("/");
    let many_parts = vec!["a"; 17].join("/");
    for name in [
        "",
        "/",
        "/etc/passwd",
        "..",
        ".",
        "../app/a.tgz",
        "a/../../b.tgz",
        "a/./b.tgz",
        "a//b.tgz",
        "a/",
        "a\0.tgz",
        "a\n.tgz",
        "a\\..\\b.tgz",
        ".hidden",
        "a/.hidden",
        "a.tgz.lock",
        "a.lock/b.tgz",
        "a.LOCK",
        &long_part,
        &long_name,
        &many_parts,
    ] {
        let error = home.try_publish(name, b"chart").await.unwrap_err();
        assert!(matches!(error, PublishError::Path(_)), "{name}: {error}");
    }
    assert_eq!(home.files(), [""; 0]);
    assert_eq!(home.staged(), 0);
}

#[tokio::test]
async fn the_longest_names_fit() {
    let home = Home::new();
    let part = format!("{}.tgz", "a".repeat(233));
    let deep = vec!["b".repeat(111); 7].join("/");
    let name = format!("{deep}/{part}");
    assert_eq!(name.len(), 1024 - 3);
    for name in [part, name] {
        home.publish(&name, b"one").await;
        // There is room for the mark, too, and for what else has that name.
        let second = home.publish(&name, b"two").await;
        let checked = home.store.check(&second.path, &second.digest).await;
        assert!(matches!(checked, Ok(Integrity::Intact { .. })));
        assert!(home.store.record(&second.path).await.is_some());
        assert!(home.store.discard(&second.path).await.unwrap());
    }
}

#[tokio::test]
async fn a_link_is_one_name_and_not_the_artifacts_own() {
    let home = Home::new();
    for link in [
        "",
        "..",
        "../latest.tar.gz",
        "a/latest.tar.gz",
        "a.tgz",
        ".x",
        "x.lock",
        "a\0b",
    ] {
        let mut staged = home.store.stage(&app()).await.unwrap();
        staged.write(b"chart").await.unwrap();
        let published = home
            .store
            .publish(staged, "team/a.tgz", link, Record::default());
        let error = published.await.unwrap_err();
        assert!(matches!(error, PublishError::Path(_)), "{link}: {error}");
    }
    assert_eq!(home.files(), [""; 0]);
}

#[test]
fn an_object_is_named_as_kubernetes_names_it() {
    #[track_caller]
    fn check(kind: &str, namespace: &str, name: &str, is_good: bool) {
        let key = ObjectKey::new(kind, namespace, name);
        assert_eq!(key.is_ok(), is_good, "{kind}/{namespace}/{name}: {key:?}");
    }
    check("HelmChart", "flux-system", "podinfo", true);
    check("HelmChart", "ns", "a.b-c.0", true);
    check("HelmChart", "ns", &"a".repeat(253), true);
    check("HelmChart", "ns", &"a".repeat(254), false);
    check("HelmChart", &"a".repeat(64), "app", false);
    check(&"K".repeat(64), "ns", "app", false);
    for bad in [
        "", ".", "..", "a/b", "../a", "a..b", ".a", "a.", "-a", "a-", "A", "a\0", "a b", "ä",
        "a\\b", "a\n", "%2e", "~",
    ] {
        check("HelmChart", bad, "app", false);
        check("HelmChart", "ns", bad, false);
    }
    for bad in ["", ".", "..", "a/b", "a.b", "a-b", ".portolan", "a\0", "ä"] {
        check(bad, "ns", "app", false);
    }
}

#[tokio::test]
async fn a_path_of_no_object_is_refused_by_every_act() {
    let home = Home::new();
    let outside = home.outside();
    let precious = outside.join("precious");
    let digest = sha256(b"precious");
    for path in [
        "",
        "/",
        precious.to_str().unwrap(),
        "../outside/precious",
        "helmchart/ns/app/../../../../outside/precious",
        "helmchart/ns/app",
        "helmchart/ns/../precious",
        ".portolan/staging/a/b",
        "HelmChart/ns/app/a.tgz",
        "helmchart/ns/app/a.tgz.lock",
        "helmchart/ns/app/",
    ] {
        assert!(home.store.check(path, &digest).await.is_err(), "{path}");
        assert!(home.store.discard(path).await.is_err(), "{path}");
        assert!(home.store.reader(path).await.is_err(), "{path}");
        assert_eq!(home.store.record(path).await, None, "{path}");
        let now = std::time::UNIX_EPOCH;
        assert!(
            home.store.collect(&app(), path, now).await.is_err(),
            "{path}"
        );
    }
    assert!(precious.exists());
}

#[tokio::test]
async fn the_current_artifact_of_another_object_is_refused() {
    let home = Home::new();
    let now = std::time::UNIX_EPOCH;
    let other = "helmchart/ns/other/a.tgz";
    let error = home.store.collect(&app(), other, now).await.unwrap_err();
    assert!(error.to_string().contains("another object"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_file_name_is_refused_or_stays_under_the_root(
        name in prop_oneof![
            "\\PC{0,40}",
            "[./a\\\\%\0\n-]{0,24}",
            "(\\.\\./|\\./|/|a/|~/|\\.portolan/){0,6}[a-z.]{0,8}",
        ]
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let home = Home::new();
            let outside = home.outside();
            let published = home.try_publish(&name, b"chart").await;
            if let Ok(artifact) = published {
                let file = fs::canonicalize(home.path(&artifact.path)).unwrap();
                let object = fs::canonicalize(home.path("helmchart/ns/app")).unwrap();
                assert!(file.starts_with(object), "{name:?}");
                assert_eq!(artifact.path, format!("helmchart/ns/app/{name}"));
                assert!(home.store.discard(&artifact.path).await.unwrap());
                assert!(!home.path(&artifact.path).exists());
            } else {
                assert_eq!(home.files(), [""; 0], "{name:?}");
            }
            let beside: Vec<_> = fs::read_dir(home.parent()).unwrap().collect();
            assert_eq!(beside.len(), 2, "{name:?}");
            assert_eq!(fs::read_dir(outside).unwrap().count(), 1);
        });
    }
}
