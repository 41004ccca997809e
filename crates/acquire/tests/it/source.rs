//! Charts in the artifact of another controller.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use portolan_acquire::{
    Acquired, BuildError, ChartRepository, DirectoryError, OpenError, PackageOptions, Reaching,
    Recipe, Repositories, Source, SourceError, SourceRequest,
};
use portolan_chart::{Chart, Limits, read_chart};
use portolan_kit::{ChartArchive, chart_archive};
use portolan_reference::{Algorithm, Digest, Pin, RepositoryUrl};

use crate::site::{Site, tarball};

/// Serve `files` as the artifact of a source, and ask for the chart at `path` in it.
fn wanted(site: &Site, path: &str, files: &[(&str, &str)]) -> SourceRequest {
    wanted_by(site, path, files, Site::anonymous())
}

fn wanted_by(
    site: &Site,
    path: &str,
    files: &[(&str, &str)],
    repositories: Arc<dyn Repositories>,
) -> SourceRequest {
    let archive = tarball(files);
    let digest = Digest::of(Algorithm::Sha256, &archive);
    let url = format!("/{}.tar.gz", digest.hex());
    site.web.put(&url, "application/gzip", archive);
    let source = Source::artifact(site.web.url(&url).parse().unwrap(), digest);
    SourceRequest::new(source, "main@sha1:abc", path, repositories)
}

async fn build(site: &Site, request: &SourceRequest) -> Result<Acquired, BuildError> {
    let opened = site.acquirer.open_source(request).await.unwrap();
    site.acquirer
        .build(request, opened, &site.store, &Site::object("HelmChart"))
        .await
}

fn chart_of(site: &Site, acquired: &Acquired) -> Chart {
    let path = &acquired.artifact.as_ref().unwrap().path;
    read_chart(site.file(path).as_slice(), &Limits::default()).unwrap()
}

const APP: (&str, &str) = (
    "charts/app/Chart.yaml",
    "# kept\napiVersion: v2\nname: app\nversion: 1.0.0\n",
);

#[tokio::test]
async fn a_folder_is_packaged_and_equal_folders_give_equal_bytes() {
    let site = Site::start().await;
    let files = [APP, ("charts/app/values.yaml", "a: 1\n"), ("README", "x")];
    let request = wanted(&site, "./charts/app", &files);
    let first = build(&site, &request).await.unwrap();
    let artifact = first.artifact.clone().unwrap();
    assert_eq!(artifact.path, "helmchart/team/app/app-1.0.0.tgz");
    assert!(first.packaged);
    assert_eq!(
        chart_of(&site, &first).file("Chart.yaml"),
        Some(APP.1.as_bytes())
    );
    let again = build(&site, &request).await.unwrap().artifact.unwrap();
    assert_eq!(again.digest, artifact.digest);
}

#[tokio::test]
async fn an_archive_in_a_source_keeps_its_bytes() {
    let site = Site::start().await;
    let archive = chart_archive("app", "1.0.0");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.tgz"), &archive).unwrap();
    let source = Source::folder(folder.path());
    let request = SourceRequest::new(source, "1", "app.tgz", Site::anonymous());
    let acquired = build(&site, &request).await.unwrap();
    assert!(!acquired.packaged);
    assert_eq!(site.file(&acquired.artifact.unwrap().path), archive);
}

#[tokio::test]
async fn values_files_are_found_from_the_root_of_the_source() {
    let site = Site::start().await;
    let files = [
        APP,
        ("charts/app/values.yaml", "a: 1\n"),
        ("env/prod.yaml", "b: 2\n"),
    ];
    let request = wanted(&site, "charts/app", &files);
    let recipe = Recipe::new().values_files(["charts/app/values.yaml", "../../env/prod.yaml"]);
    let acquired = build(&site, &request.clone().recipe(recipe)).await.unwrap();
    let values = chart_of(&site, &acquired).values().map(<[u8]>::to_vec);
    assert_eq!(values.unwrap(), b"a: 1\nb: 2\n");
    let recipe = Recipe::new()
        .values_files(["charts/app/values.yaml"])
        .version_metadata("1");
    let acquired = build(&site, &request.clone().recipe(recipe)).await.unwrap();
    assert!(
        acquired.packaged && acquired.values_files.is_empty(),
        "nothing changed"
    );
    let recipe = Recipe::new().values_files(["../../../etc/hostname"]);
    let error = build(&site, &request.recipe(recipe)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no values file found at path '/etc/hostname' (reference '../../../etc/hostname')"
    );
}

#[tokio::test]
async fn nothing_is_unpacked_from_the_wrong_bytes() {
    let site = Site::start().await;
    let promised = Digest::of(Algorithm::Sha256, b"something else");
    site.web
        .put("/x.tar.gz", "application/gzip", tarball(&[APP]));
    let source = Source::artifact(site.web.url("/x.tar.gz").parse().unwrap(), promised);
    let request = SourceRequest::new(source, "1", "charts/app", Site::anonymous());
    let error = site.acquirer.open_source(&request).await.unwrap_err();
    assert!(
        matches!(error, OpenError::Source(SourceError::Fetch(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_path_with_no_chart_is_told() {
    let site = Site::start().await;
    let request = wanted(&site, "charts/web", &[APP]);
    let error = site.acquirer.open_source(&request).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no chart found at '/charts/web' in the source"
    );
    let request = wanted(&site, "charts", &[APP]);
    let error = site.acquirer.open_source(&request).await.unwrap_err();
    assert!(matches!(error, OpenError::Directory(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "/charts/Chart.yaml: no such file or directory"
    );
}

#[tokio::test]
async fn where_a_source_was_unpacked_is_not_told() {
    let site = Site::start().await;
    let beside = (
        "app/Chart.yaml",
        "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n- {name: lib, version: \"*\", repository: \"file://../lib\"}\n",
    );
    let odd = (r"app/templates\odd.yaml", "a: 1\n");
    let error = build(&site, &wanted(&site, "app", &[beside, odd])).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with(r"`/app/templates\odd.yaml` has a name"),
        "{error}"
    );
    let files = [beside, ("lib/values.yaml", "a: 1\n")];
    let error = build(&site, &wanted(&site, "app", &files)).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("/lib/Chart.yaml"), "{error}");
    assert!(!error.contains("portolan-source-"), "{error}");
}

#[tokio::test]
async fn a_link_out_of_a_folder_is_not_followed() {
    let site = Site::start().await;
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("Chart.yaml"), APP.1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("app")).unwrap();
    let source = Source::folder(folder.path());
    let request = SourceRequest::new(source, "1", "app", Site::anonymous());
    let error = site.acquirer.open_source(&request).await.unwrap_err();
    assert!(
        matches!(error, OpenError::Source(SourceError::LeadsOut { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn one_artifact_is_downloaded_once_for_all_who_build_from_it_at_a_time() {
    let site = Site::start().await;
    let request = wanted(&site, "charts/app", &[APP]);
    let (first, second) = tokio::join!(
        site.acquirer.open_source(&request),
        site.acquirer.open_source(&request)
    );
    first.unwrap();
    second.unwrap();
    assert_eq!(site.asked().len(), 1);
}

/// A chart that depends on two charts of the repository and one beside it, with an alias.
fn umbrella(site: &Site, more: &[(&str, &str)]) -> SourceRequest {
    umbrella_by(site, more, Site::anonymous())
}

fn umbrella_by(
    site: &Site,
    more: &[(&str, &str)],
    repositories: Arc<dyn Repositories>,
) -> SourceRequest {
    let chart = format!(
        "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n\
         - {{name: one, version: 1.x, repository: \"{0}\"}}\n\
         - {{name: two, version: 1.x, repository: \"{0}\", alias: first}}\n\
         - {{name: two, version: 1.x, repository: \"{0}\", alias: second}}\n\
         - {{name: lib, version: \"*\", repository: \"file://../lib\"}}\n",
        site.web.url("/helm")
    );
    let mut files = vec![
        ("charts/app/Chart.yaml", chart.as_str()),
        (
            "charts/lib/Chart.yaml",
            "apiVersion: v2\nname: lib\nversion: 0.1.0\n",
        ),
    ];
    files.extend(more);
    wanted_by(site, "charts/app", &files, repositories)
}

#[tokio::test]
async fn dependencies_are_brought_each_once_and_told() {
    let site = Site::start().await;
    site.publish_all(&[
        ("one", "1.0.0", chart_archive("one", "1.0.0")),
        ("two", "1.0.0", chart_archive("two", "1.0.0")),
        ("two", "1.1.0", chart_archive("two", "1.1.0")),
    ]);
    let acquired = build(&site, &umbrella(&site, &[])).await.unwrap();
    let told: Vec<String> = acquired
        .dependencies
        .iter()
        .map(|taken| format!("{} {}", taken.name, taken.version))
        .collect();
    assert_eq!(told, ["one 1.0.0", "two 1.1.0", "two 1.1.0", "lib 0.1.0"]);
    let digest = Digest::of(Algorithm::Sha256, &chart_archive("one", "1.0.0"));
    assert_eq!(acquired.dependencies[0].digest, Some(digest));
    let built = chart_of(&site, &acquired);
    for name in ["one", "two", "lib"] {
        assert!(built.file(&format!("charts/{name}/Chart.yaml")).is_some());
    }
    let mut asked = site.asked();
    asked.sort();
    assert_eq!(
        asked[1..],
        [
            "/helm/index.yaml",
            "/helm/one-1.0.0.tgz",
            "/helm/two-1.1.0.tgz"
        ]
    );
}

#[tokio::test]
async fn everything_that_cannot_be_resolved_is_told_at_once() {
    let site = Site::start().await;
    site.publish_all(&[("one", "2.0.0", chart_archive("one", "2.0.0"))]);
    let error = build(&site, &umbrella(&site, &[])).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("'one'"), "{text}");
    assert!(
        text.contains("'first'") && text.contains("'second'"),
        "{text}"
    );
}

#[tokio::test]
async fn an_index_that_cannot_be_had_is_asked_for_once() {
    let site = Site::start().await;
    let request = umbrella(&site, &[]);
    build(&site, &request).await.unwrap_err();
    let asked = site.asked();
    let index = asked.iter().filter(|path| *path == "/helm/index.yaml");
    assert_eq!(index.count(), 1, "{asked:?}");
}

#[tokio::test]
async fn how_a_repository_is_reached_is_asked_once() {
    #[derive(Debug, Default)]
    struct Counting(AtomicUsize);
    impl Repositories for Counting {
        fn at<'a>(&'a self, url: &'a RepositoryUrl) -> Reaching<'a> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Ok(ChartRepository::new(url.clone()).into()) })
        }
    }
    let site = Site::start().await;
    site.publish_all(&[
        ("one", "1.0.0", chart_archive("one", "1.0.0")),
        ("two", "1.0.0", chart_archive("two", "1.0.0")),
    ]);
    let counting = Arc::new(Counting::default());
    let request = umbrella_by(&site, &[], counting.clone());
    build(&site, &request).await.unwrap();
    assert_eq!(counting.0.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_dependency_that_its_index_does_not_promise_is_told_or_refused() {
    let site = Site::start().await;
    site.publish_all(&[
        ("one", "1.0.0", chart_archive("one", "1.0.0")),
        ("two", "1.0.0", chart_archive("two", "1.0.0")),
    ]);
    let request = umbrella(&site, &[]);
    let insisting = request.clone().require_index_digest();
    build(&site, &insisting).await.unwrap();
    let other = ChartArchive::new("two", "1.0.0")
        .values("other: 1\n")
        .build();
    site.web
        .put("/helm/two-1.0.0.tgz", "application/gzip", other);
    let taken = build(&site, &request).await.unwrap().dependencies;
    let told: Vec<&str> = taken
        .iter()
        .filter(|taken| taken.index_digest.is_some())
        .map(|taken| taken.name.as_str())
        .collect();
    assert_eq!(told, ["two", "two"]);
    let BuildError::Dependencies(error) = build(&site, &insisting).await.unwrap_err() else {
        panic!("it was insisted on");
    };
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("but the index promises"), "{cause}");
}

#[tokio::test]
async fn versions_of_one_chart_lie_side_by_side_each_once() {
    let site = Site::start().await;
    site.publish_all(&[
        ("one", "1.0.0", chart_archive("one", "1.0.0")),
        ("one", "2.0.0", chart_archive("one", "2.0.0")),
    ]);
    let url = site.web.url("/helm");
    let requirement = |version, alias| {
        format!("- {{name: one, version: {version}, repository: \"{url}\", alias: {alias}}}\n")
    };
    let chart = format!(
        "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n{}{}{}",
        requirement("1.0.0", "first"),
        requirement("2.0.0", "second"),
        requirement("2.0.0", "third")
    );
    let request = wanted(&site, "app", &[("app/Chart.yaml", chart.as_str())]);
    let built = chart_of(&site, &build(&site, &request).await.unwrap());
    let charts: Vec<_> = built
        .files()
        .map(|(path, _)| path)
        .filter(|path| path.ends_with("/Chart.yaml"))
        .collect();
    assert_eq!(
        charts,
        ["charts/one-2.0.0/Chart.yaml", "charts/one/Chart.yaml"]
    );
}

#[tokio::test]
async fn charts_on_disk_are_not_read_beyond_what_one_chart_may_hold() {
    let limits = portolan_acquire::Limits {
        chart: Limits::default().max_unpacked_bytes(10_000),
        ..portolan_acquire::Limits::default()
    };
    let site = Site::limited(limits).await;
    let mut app = "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n".to_owned();
    let mut files = Vec::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        writeln!(
            app,
            "- {{name: {name}, version: \"*\", repository: \"file://../{name}\"}}"
        )
        .unwrap();
        let chart = format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
        files.push((format!("{name}/Chart.yaml"), chart));
        files.push((format!("{name}/README.md"), "x".repeat(8_000)));
    }
    files.push(("app/Chart.yaml".to_owned(), app));
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let error = build(&site, &wanted(&site, "app", &files))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("unpack to more than 20000 bytes"), "{text}");
}

#[tokio::test]
async fn a_dependency_that_calls_itself_otherwise_is_refused() {
    let site = Site::start().await;
    site.publish_all(&[
        ("one", "1.0.0", chart_archive("evil", "1.0.0")),
        ("two", "1.0.0", chart_archive("two", "1.0.0")),
    ]);
    let error = build(&site, &umbrella(&site, &[])).await.unwrap_err();
    let BuildError::Dependencies(error) = error else {
        panic!("{error:?}");
    };
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "the archive calls itself 'evil' version '1.0.0'");
}

#[tokio::test]
async fn what_a_chart_beside_it_depends_on_is_built_first() {
    let site = Site::start().await;
    site.publish_all(&[("one", "1.0.0", ChartArchive::new("one", "1.0.0").build())]);
    let lib = format!(
        "apiVersion: v2\nname: lib\nversion: 0.1.0\ndependencies:\n- {{name: one, version: \"*\", repository: \"{}\"}}\n",
        site.web.url("/helm")
    );
    let files = [
        (
            "app/Chart.yaml",
            "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n- {name: lib, version: \"*\", repository: \"file://../lib\"}\n",
        ),
        ("lib/Chart.yaml", lib.as_str()),
    ];
    let acquired = build(&site, &wanted(&site, "app", &files)).await.unwrap();
    let built = chart_of(&site, &acquired);
    assert!(built.file("charts/lib/charts/one/Chart.yaml").is_some());
}

#[tokio::test]
async fn a_chart_inside_gets_what_it_lacks() {
    let site = Site::start().await;
    site.publish_all(&[("one", "1.0.0", ChartArchive::new("one", "1.0.0").build())]);
    let inside = format!(
        "apiVersion: v2\nname: sub\nversion: 0.1.0\ndependencies:\n- {{name: one, version: \"*\", repository: \"{}\"}}\n",
        site.web.url("/helm")
    );
    let files = [
        (
            "app/Chart.yaml",
            "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n- {name: sub, version: \"*\"}\n",
        ),
        ("app/charts/sub/Chart.yaml", inside.as_str()),
    ];
    let acquired = build(&site, &wanted(&site, "app", &files)).await.unwrap();
    let built = chart_of(&site, &acquired);
    assert!(built.file("charts/sub/Chart.yaml").is_some());
    assert!(built.file("charts/sub/charts/one/Chart.yaml").is_some());
}

#[tokio::test]
async fn that_nobody_knows_a_repository_is_told() {
    #[derive(Debug)]
    struct Nobody;
    impl Repositories for Nobody {
        fn at<'a>(&'a self, _: &'a RepositoryUrl) -> Reaching<'a> {
            Box::pin(async { Err("nobody knows".into()) })
        }
    }
    let site = Site::start().await;
    let archive = tarball(&[(
        "app/Chart.yaml",
        "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n- {name: one, version: 1.0.0, repository: \"https://example.com\"}\n",
    )]);
    let digest = Digest::of(Algorithm::Sha256, &archive);
    site.web.put("/x.tar.gz", "application/gzip", archive);
    let source = Source::artifact(site.web.url("/x.tar.gz").parse().unwrap(), digest);
    let request = SourceRequest::new(source, "1", "app", Arc::new(Nobody));
    let error = build(&site, &request).await.unwrap_err();
    assert!(error.to_string().contains("nobody knows"), "{error}");
}

#[tokio::test]
async fn a_chart_in_an_artifact_of_a_registry_is_packaged() {
    let site = Site::start().await;
    let registry = portolan_kit::Registry::start().await;
    let archive = ChartArchive::new("app", "1.0.0").file("prod.yaml", "a: 1\n");
    registry.push_chart("artifacts/app", &archive.build(), "latest");
    let repository = format!("{}/artifacts/app", registry.address());
    let place = portolan_acquire::Registry::new(repository.parse().unwrap()).allow_plain_http();
    let source = Source::oci(place, Pin::Tag("latest".to_owned()));
    let request = SourceRequest::new(source, "latest", "app", Site::anonymous());
    let to = tempfile::tempdir().unwrap();
    std::fs::write(to.path().join("unrelated"), "").unwrap();
    let options = PackageOptions {
        recipe: Recipe::new()
            .values_files(["app/prod.yaml"])
            .version_metadata("2"),
        ..PackageOptions::default()
    };
    let packaged = site
        .acquirer
        .package_source(&request, to.path(), &options)
        .await
        .unwrap();
    assert!(packaged.path.ends_with("app-1.0.0+2.tgz"));
    assert_eq!(packaged.values_files, ["app/prod.yaml"]);
}

#[tokio::test]
async fn a_lock_file_with_another_digest_is_followed_and_told() {
    let site = Site::start().await;
    site.publish_all(&[
        ("one", "1.0.0", chart_archive("one", "1.0.0")),
        ("one", "1.1.0", chart_archive("one", "1.1.0")),
    ]);
    let url = site.web.url("/helm");
    let requires = |range: &str| {
        format!(
            "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n- {{name: one, version: {range}, repository: \"{url}\"}}\n"
        )
    };
    let lock = format!(
        "dependencies:\n- {{name: one, version: 1.0.0, repository: \"{url}\"}}\ndigest: sha256:0\ngenerated: \"2024-01-01T00:00:00Z\"\n"
    );
    let (chart_yaml, other) = (requires("1.x"), requires("2.x"));
    let files = |chart: &str| {
        [
            ("app/Chart.yaml", chart.to_owned()),
            ("app/Chart.lock", lock.clone()),
        ]
    };
    let request = |chart: &str| {
        let files = files(chart);
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, text)| (*path, text.as_str()))
            .collect();
        wanted(&site, "app", &files)
    };
    let acquired = build(&site, &request(&chart_yaml)).await.unwrap();
    assert_eq!(acquired.dependencies[0].version, "1.0.0");
    assert_eq!(acquired.doubtful_locks, ["/app"]);
    // Whoever packages a chart can mend it, and is told to.
    let to = tempfile::tempdir().unwrap();
    let packaged = site
        .acquirer
        .package_source(&request(&chart_yaml), to.path(), &PackageOptions::default())
        .await;
    let error = packaged.unwrap_err();
    assert!(
        matches!(error, DirectoryError::DoubtfulLock { .. }),
        "{error:?}"
    );
    let error = build(&site, &request(&other)).await.unwrap_err();
    assert!(error.to_string().contains("'2.x' is required"), "{error}");
}
