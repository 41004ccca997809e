//! Charts from a repository with an index.

use std::fmt::Write as _;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use portolan_acquire::{
    AcquireError, HeldIndex, IndexError, LookError, Recipe, Refreshed, Request,
};
use portolan_auth::Credential;
use portolan_kit::{ChartArchive, WebLie, chart_archive};
use portolan_reference::Algorithm;
use portolan_store::{Options, Store};
use tokio::time::timeout;

use crate::site::Site;

#[tokio::test]
async fn an_index_is_stored_as_json_under_the_digest_of_what_was_sent() {
    let site = Site::start().await;
    site.publish(&["1.0.0", "1.1.0"]);
    let stored = site.stored().await;
    let name = format!("index-{}.yaml", stored.revision.hex());
    assert_eq!(
        stored.artifact.path,
        format!("helmrepository/team/app/{name}")
    );
    let text = String::from_utf8(site.file(&stored.artifact.path)).unwrap();
    assert!(text.starts_with("{\n  \"apiVersion\": \"v1\","), "{text}");
    let link = site
        .folder
        .path()
        .join("helmrepository/team/app/index.yaml");
    assert!(std::fs::read_link(link).unwrap().ends_with(name));
}

#[tokio::test]
async fn an_index_that_did_not_change_is_not_sent_again() {
    let site = Site::start().await;
    site.publish(&["1.0.0"]);
    let path = site.stored().await.artifact.path;
    site.web.forget_requests();
    let again = site.refresh(Some(&path)).await.unwrap();
    assert!(matches!(again, Refreshed::Unchanged));
    let seen = site.web.requests();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].header("if-none-match").is_some());
}

#[tokio::test]
async fn a_server_without_validators_sends_the_index_and_the_file_stays() {
    let site = Site::start().await;
    site.publish(&["1.0.0"]);
    site.web.tell("/helm/index.yaml", WebLie::IgnoresConditions);
    let path = site.stored().await.artifact.path;
    let again = site.refresh(Some(&path)).await.unwrap();
    assert!(matches!(again, Refreshed::Unchanged));
}

#[tokio::test]
async fn a_doubted_index_is_sent_whatever_its_tag_says() {
    let site = Site::start().await;
    site.publish(&["1.0.0"]);
    site.web.tell("/helm/index.yaml", WebLie::FirstTag);
    let path = site.stored().await.artifact.path;
    site.publish(&["1.0.0", "1.1.0"]);
    let again = site.refresh(Some(&path)).await.unwrap();
    assert!(matches!(again, Refreshed::Unchanged), "so says the server");
    let refresh = async |held| {
        let (repository, object) = (site.repository(), Site::object("HelmRepository"));
        let refreshed = site
            .acquirer
            .refresh_index(&repository, &site.store, &object, Some(held))
            .await;
        refreshed.unwrap()
    };
    let Refreshed::Stored(new) = refresh(HeldIndex::new(&path).doubted()).await else {
        panic!("it changed");
    };
    let again = refresh(HeldIndex::new(&new.artifact.path).doubted()).await;
    assert!(matches!(again, Refreshed::Unchanged), "the same bytes");
}

#[tokio::test]
async fn what_a_server_said_to_one_is_not_said_to_another() {
    let site = Site::start().await;
    site.publish(&["1.0.0"]);
    let path = site.stored().await.artifact.path;
    let is_conditional = async |name: &str| {
        site.web.forget_requests();
        let credential = Credential::basic(name, "secret");
        let repository = site.repository().credential(Some(credential));
        let held = HeldIndex::new(&path);
        let object = Site::object("HelmRepository");
        let refreshed = site
            .acquirer
            .refresh_index(&repository, &site.store, &object, Some(held))
            .await;
        assert!(matches!(refreshed, Ok(Refreshed::Unchanged)));
        site.web.requests()[0].header("if-none-match").is_some()
    };
    assert!(!is_conditional("first").await, "nobody had asked");
    assert!(is_conditional("first").await);
    assert!(!is_conditional("second").await);
}

#[tokio::test]
async fn an_index_that_changed_is_stored_beside_the_old_one() {
    let site = Site::start().await;
    site.publish(&["1.0.0"]);
    let old = site.stored().await;
    site.publish(&["1.0.0", "1.1.0"]);
    let Refreshed::Stored(new) = site.refresh(Some(&old.artifact.path)).await.unwrap() else {
        panic!("it changed");
    };
    assert_ne!(old.revision, new.revision);
    assert!(!site.file(&old.artifact.path).is_empty());
    let look = site.look(&site.wanted(&new, "*")).await.unwrap();
    assert_eq!(look.version(), "1.1.0");
}

#[tokio::test]
async fn nothing_is_said_not_to_have_changed_that_was_never_had() {
    let site = Site::start().await;
    site.publish(&["1.0.0"]);
    site.web.tell("/helm/index.yaml", WebLie::NotModified);
    assert!(site.refresh(None).await.is_err());
}

#[tokio::test]
async fn what_is_no_index_is_not_stored() {
    let site = Site::start().await;
    site.publish(&["1.0.0"]);
    let path = site.stored().await.artifact.path;
    let folder = site.folder.path().join("helmrepository/team/app");
    let files = || std::fs::read_dir(&folder).unwrap().count();
    let before = files();
    site.web.tell("/helm/index.yaml", WebLie::LoginPage);
    let error = site.refresh(Some(&path)).await.unwrap_err();
    assert!(matches!(error, IndexError::Convert(_)), "{error:?}");
    assert_eq!(files(), before);
}

/// The chart `app`, looked up in what the server sends.
fn unstored(site: &Site) -> Request {
    Request::from_repository(site.repository(), "app".parse().unwrap(), "*")
}

#[tokio::test]
async fn an_index_that_breaks_off_is_an_error_and_no_shorter_one() {
    let site = Site::start().await;
    site.publish(&["1.0.0", "1.1.0", "1.2.0"]);
    let cut = WebLie::CutInChunks { sixteenths: 10 };
    site.web.tell("/helm/index.yaml", cut);
    let error = site.look(&unstored(&site)).await.unwrap_err();
    assert!(
        matches!(error, LookError::Index(IndexError::Fetch(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn who_waits_for_a_slow_server_holds_nobody_up() {
    let (slow, site) = (Site::start().await, Site::start().await);
    slow.publish(&["1.0.0"]);
    slow.web.tell("/helm/index.yaml", WebLie::StallMidBody);
    let request = unstored(&slow);
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (acquirer, request) = (slow.acquirer.clone(), request.clone());
        waiting.spawn(async move { acquirer.look(&request).await.map(|_| ()) });
    }
    while slow.web.requests().len() < 20 {
        tokio::task::yield_now().await;
    }
    site.publish(&["1.0.0"]);
    let look = timeout(Duration::from_secs(5), site.look(&unstored(&site))).await;
    assert_eq!(look.unwrap().unwrap().version(), "1.0.0");
    assert_eq!(waiting.len(), 20);
    assert!(waiting.try_join_next().is_none(), "all of them still wait");
}

#[tokio::test]
async fn a_chart_keeps_its_bytes_and_costs_one_request() {
    let site = Site::start().await;
    site.publish(&["1.0.0", "1.1.0"]);
    let stored = site.stored().await;
    site.asked();
    let acquired = site.acquire(&site.wanted(&stored, "1.x")).await.unwrap();
    let artifact = acquired.artifact.unwrap();
    assert_eq!(artifact.path, "helmchart/team/app/app-1.1.0.tgz");
    assert_eq!(site.file(&artifact.path), chart_archive("app", "1.1.0"));
    assert_eq!(site.asked(), ["/helm/app-1.1.0.tgz"]);
    assert!(!acquired.packaged && acquired.index_digest.is_none());
}

#[tokio::test]
async fn what_cannot_be_chosen_says_why() {
    let site = Site::start().await;
    site.publish(&["1.0.0"]);
    let stored = site.stored().await;
    let look = async |version: &str| site.look(&site.wanted(&stored, version)).await.unwrap_err();
    let error = look("2.x").await;
    assert!(matches!(error, LookError::NoEntry { .. }));
    assert_eq!(
        error.to_string(),
        "no 'app' chart with version matching '2.x' found"
    );
    assert!(matches!(
        look("bogus").await,
        LookError::ListedConstraint(_)
    ));
    site.index("apiVersion: v1\nentries:\n  other: []\n  app:\n  - null\n");
    let stored = site.stored().await;
    let error = site.look(&site.wanted(&stored, "*")).await.unwrap_err();
    assert!(matches!(error, LookError::NoEntries { .. }), "{error:?}");
    site.index("apiVersion: v1\nentries: {}\n");
    let stored = site.stored().await;
    let error = site.look(&site.wanted(&stored, "*")).await.unwrap_err();
    assert!(matches!(error, LookError::NoChart { .. }), "{error:?}");
}

#[tokio::test]
async fn a_stored_index_is_read_once_and_then_from_memory() {
    let site = Site::start().await;
    site.publish(&["1.0.0"]);
    let stored = site.stored().await;
    let wanted = site.wanted(&stored, "*");
    site.look(&wanted).await.unwrap();
    std::fs::remove_file(site.folder.path().join(&stored.artifact.path)).unwrap();
    site.look(&wanted).await.unwrap();
    site.acquirer.forget_index(&stored.artifact.path);
    let error = site.look(&wanted).await.unwrap_err();
    assert!(matches!(
        error,
        LookError::Index(IndexError::Missing { .. })
    ));
}

#[tokio::test]
async fn a_stored_index_with_other_bytes_is_not_believed() {
    let site = Site::start().await;
    site.publish(&["1.0.0"]);
    let stored = site.stored().await;
    let path = site.folder.path().join(&stored.artifact.path);
    let forged = String::from_utf8(site.file(&stored.artifact.path)).unwrap();
    std::fs::write(path, forged.replace("1.0.0", "6.6.6")).unwrap();
    let error = site.look(&site.wanted(&stored, "*")).await.unwrap_err();
    assert!(
        matches!(error, LookError::Index(IndexError::Corrupt { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn bytes_that_the_index_does_not_promise_are_told_or_refused() {
    let site = Site::start().await;
    site.publish(&["1.0.0"]);
    let stored = site.stored().await;
    let other = ChartArchive::new("app", "1.0.0")
        .values("replicas: 2\n")
        .build();
    site.web
        .put("/helm/app-1.0.0.tgz", "application/gzip", other.clone());
    let wanted = site.wanted(&stored, "*");
    let acquired = site.acquire(&wanted).await.unwrap();
    assert!(acquired.index_digest.is_some());
    assert_eq!(site.file(&acquired.artifact.unwrap().path), other);
    let error = site.acquire(&wanted.clone().require_index_digest()).await;
    assert!(matches!(error, Err(AcquireError::IndexDigest { .. })));
    site.index("apiVersion: v1\nentries:\n  app:\n  - {name: app, version: 1.0.0, urls: [app-1.0.0.tgz]}\n");
    promises_nothing(&site).await;
    site.index("apiVersion: v1\nentries:\n  app:\n  - {name: app, version: 1.0.0, urls: [app-1.0.0.tgz], digest: \"sha512:00\"}\n");
    promises_nothing(&site).await;
}

#[tokio::test]
async fn what_an_index_promises_is_compared_whatever_the_store_hashes_by() {
    let mut site = Site::start().await;
    let options = Options {
        algorithm: Algorithm::Sha512,
        ..Options::default()
    };
    let folder = tempfile::tempdir().unwrap();
    site.store = Store::open(folder.path(), options).unwrap();
    site.publish(&["1.0.0"]);
    let wanted = site
        .wanted(&site.stored().await, "*")
        .require_index_digest();
    let artifact = site.acquire(&wanted).await.unwrap().artifact.unwrap();
    assert_eq!(artifact.digest.algorithm(), Algorithm::Sha512);
    let other = ChartArchive::new("app", "1.0.0").values("b: 1\n").build();
    site.web
        .put("/helm/app-1.0.0.tgz", "application/gzip", other);
    let error = site.acquire(&wanted).await;
    assert!(matches!(error, Err(AcquireError::IndexDigest { .. })));
}

async fn promises_nothing(site: &Site) {
    let stored = site.stored().await;
    let wanted = site.wanted(&stored, "*");
    assert!(site.acquire(&wanted).await.unwrap().index_digest.is_none());
    let error = site.acquire(&wanted.require_index_digest()).await;
    assert!(matches!(error, Err(AcquireError::NoIndexDigest { .. })));
}

#[tokio::test]
async fn values_files_are_told_to_have_emptied_a_chart_only_if_they_did() {
    let site = Site::start().await;
    site.publish_chart("1.0.0", &ChartArchive::new("app", "1.0.0").values("a: 1\n"));
    let stored = site.stored().await;
    let emptied = async |files: &[&str]| {
        let recipe = Recipe::new().values_files(files.iter().copied());
        let recipe = recipe.ignore_missing_values_files();
        let acquired = site
            .acquire(&site.wanted(&stored, "*").recipe(recipe))
            .await
            .unwrap();
        assert!(acquired.values_files.is_empty());
        acquired.values_emptied
    };
    assert!(
        !emptied(&["values.yaml", "absent.yaml"]).await,
        "the same values"
    );
    assert!(emptied(&["absent.yaml"]).await);
}

#[tokio::test]
async fn a_version_that_was_published_again_is_noticed_in_the_index() {
    let site = Site::start().await;
    site.publish(&["1.0.0"]);
    let stored = site.stored().await;
    let wanted = site.wanted(&stored, "1.0.0");
    let path = site.acquire(&wanted).await.unwrap().artifact.unwrap().path;
    let is_current = async |wanted: &Request| {
        let look = site.look(wanted).await.unwrap();
        site.acquirer
            .is_current(wanted, &look, &site.store, &path)
            .await
    };
    assert!(is_current(&wanted).await);
    site.publish_chart(
        "1.0.0",
        &ChartArchive::new("app", "1.0.0").values("new: 1\n"),
    );
    let wanted = site.wanted(&site.stored().await, "1.0.0");
    assert!(!is_current(&wanted).await);
    let again = site.acquire(&wanted).await.unwrap().artifact.unwrap();
    assert_ne!(again.path, path, "a name is never given other bytes");
}

#[tokio::test]
async fn values_files_of_the_chart_are_merged_into_a_package() {
    let site = Site::start().await;
    let archive = ChartArchive::new("app", "1.0.0")
        .values("a: 1\nb: {c: 2}\n")
        .file("prod.yaml", "b: {d: 3}\n");
    site.publish_chart("1.0.0", &archive);
    let stored = site.stored().await;
    let recipe = Recipe::new()
        .values_files(["values.yaml", "prod.yaml", "absent.yaml"])
        .version_metadata("7");
    let wanted = site.wanted(&stored, "1.0.0");
    let error = site.acquire(&wanted.clone().recipe(recipe.clone())).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "no values file found at path 'absent.yaml'"
    );
    let wanted = wanted.recipe(recipe.ignore_missing_values_files());
    let acquired = site.acquire(&wanted).await.unwrap();
    assert!(acquired.packaged);
    assert_eq!(acquired.values_files, ["values.yaml", "prod.yaml"]);
    let artifact = acquired.artifact.unwrap();
    assert_eq!(artifact.path, "helmchart/team/app/app-1.0.0+7.tgz");
    let bytes = site.file(&artifact.path);
    let chart = portolan_chart::read_chart(bytes.as_slice(), &portolan_chart::Limits::default());
    let chart = chart.unwrap();
    assert_eq!(chart.metadata().version, "1.0.0+7");
    assert_eq!(
        chart.values(),
        Some("a: 1\nb:\n  c: 2\n  d: 3\n".as_bytes())
    );
    let again = site.acquire(&wanted).await.unwrap().artifact.unwrap();
    assert_eq!(again.digest, artifact.digest, "equal input, equal bytes");
}

#[tokio::test]
async fn neither_templates_nor_charts_inside_are_values_files() {
    let site = Site::start().await;
    site.publish_chart("1.0.0", &ChartArchive::new("app", "1.0.0"));
    let stored = site.stored().await;
    for name in [
        "templates/configmap.yaml",
        "Chart.yaml",
        "../app/values.yaml",
    ] {
        let recipe = Recipe::new().values_files([name]);
        let error = site
            .acquire(&site.wanted(&stored, "*").recipe(recipe))
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("no values file found at path '{name}'")
        );
    }
}

#[tokio::test]
async fn a_chart_that_calls_itself_otherwise_is_not_packaged_under_the_name() {
    let site = Site::start().await;
    site.publish_all(&[("app", "1.0.0", chart_archive("app", "6.6.6"))]);
    let stored = site.stored().await;
    let wanted = site.wanted(&stored, "*");
    assert!(site.acquire(&wanted).await.unwrap().mismatch.is_some());
    let wanted = wanted.recipe(Recipe::new().version_metadata("1"));
    let error = site.acquire(&wanted).await.unwrap_err();
    assert!(matches!(error, AcquireError::Renamed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_great_many_versions_are_looked_through_beside_other_work() {
    let site = Site::start().await;
    let mut index = "apiVersion: v1\nentries:\n  app:\n".to_owned();
    for patch in 0..20_000 {
        writeln!(
            index,
            "  - {{name: app, version: 1.0.{patch}, urls: [a.tgz]}}"
        )
        .unwrap();
    }
    site.index(&index);
    let wanted = site.wanted(&site.stored().await, "<=1.0.19998");
    site.look(&wanted).await.unwrap();
    // On the only thread of this runtime nothing else would have its turn.
    let mut looking = pin!(site.look(&wanted));
    let mut turns = 0;
    let look = poll_fn(|context| {
        turns += 1;
        looking.as_mut().poll(context)
    });
    assert_eq!(look.await.unwrap().version(), "1.0.19998");
    assert!(turns > 1);
}
