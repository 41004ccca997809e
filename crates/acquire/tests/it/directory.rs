//! Charts that somebody works on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use portolan_acquire::{
    Brought, DependencyState, DirectoryError, PackageOptions, Reaching, Recipe, Repositories, Step,
};
use portolan_kit::chart_archive;
use portolan_reference::RepositoryUrl;
use tempfile::TempDir;

use crate::site::Site;

/// Somebody with a list of repositories, in which the site is called `site`.
#[derive(Debug)]
struct Somebody {
    url: String,
}

impl Repositories for Somebody {
    fn at<'a>(&'a self, url: &'a RepositoryUrl) -> Reaching<'a> {
        Box::pin(async { Ok(portolan_acquire::ChartRepository::new(url.clone()).into()) })
    }

    fn named(&self) -> Option<Vec<(String, String)>> {
        Some(vec![("site".to_owned(), self.url.clone())])
    }
}

struct Workplace {
    site: Site,
    folder: TempDir,
}

impl Workplace {
    /// A chart `app` that requires `one` and `lib`, and `one` in three versions.
    async fn start() -> Self {
        let site = Site::start().await;
        let versions = ["1.0.0", "1.1.0", "2.0.0"];
        let charts: Vec<_> = versions
            .iter()
            .map(|version| ("one", *version, chart_archive("one", version)))
            .collect();
        site.publish_all(&charts);
        let place = Self {
            site,
            folder: tempfile::tempdir().unwrap(),
        };
        place.require("1.x");
        place.write(
            "lib/Chart.yaml",
            "apiVersion: v2\nname: lib\nversion: 0.1.0\n",
        );
        place
    }

    fn require(&self, range: &str) {
        self.write(
            "app/Chart.yaml",
            &format!(
                "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n\
                 - {{name: one, version: {range:?}, repository: \"@site\"}}\n\
                 - {{name: lib, version: 0.1.0, repository: \"file://../lib\"}}\n"
            ),
        );
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn app(&self) -> PathBuf {
        self.folder.path().join("app")
    }

    fn somebody(&self) -> Somebody {
        Somebody {
            url: self.site.web.url("/helm"),
        }
    }

    async fn update(&self) -> Result<Brought, DirectoryError> {
        let now = SystemTime::UNIX_EPOCH;
        self.site
            .acquirer
            .update_dependencies(&self.app(), &self.somebody(), now, |_| ())
            .await
    }

    async fn build(&self) -> Result<Brought, DirectoryError> {
        let now = SystemTime::UNIX_EPOCH;
        self.site
            .acquirer
            .build_dependencies(&self.app(), &self.somebody(), now, |_| ())
            .await
    }

    fn charts(&self) -> Vec<String> {
        names(&self.app().join("charts"))
    }

    async fn states(&self) -> Vec<(String, DependencyState)> {
        let listing = self.site.acquirer.dependencies(&self.app()).await.unwrap();
        let dependencies = listing.dependencies.into_iter();
        dependencies
            .map(|dependency| (dependency.name, dependency.state))
            .collect()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_update_brings_charts_and_writes_the_lock_file() {
    let place = Workplace::start().await;
    let brought = place.update().await.unwrap();
    assert_eq!(place.charts(), ["lib-0.1.0.tgz", "one-1.1.0.tgz"]);
    let archive = fs::read(place.app().join("charts/one-1.1.0.tgz")).unwrap();
    assert_eq!(archive, chart_archive("one", "1.1.0"));
    let lock = fs::read_to_string(brought.lock.unwrap()).unwrap();
    assert!(lock.contains("version: 1.1.0"), "{lock}");
    assert!(
        lock.contains("generated: \"1970-01-01T00:00:00Z\""),
        "{lock}"
    );
    assert!(
        place.update().await.unwrap().lock.is_none(),
        "it says the same"
    );
}

#[tokio::test]
async fn what_was_brought_before_in_another_version_goes() {
    let place = Workplace::start().await;
    place.update().await.unwrap();
    place.write("app/charts/_notes.txt", "mine");
    place.require("2.x");
    let steps = Mutex::new(Vec::new());
    let updated = place
        .site
        .acquirer
        .update_dependencies(
            &place.app(),
            &place.somebody(),
            SystemTime::UNIX_EPOCH,
            |step| steps.lock().unwrap().push(step),
        )
        .await;
    updated.unwrap();
    assert_eq!(
        place.charts(),
        ["_notes.txt", "lib-0.1.0.tgz", "one-2.0.0.tgz"]
    );
    let removed = Step::Removed {
        file: "one-1.1.0.tgz".to_owned(),
    };
    assert!(steps.into_inner().unwrap().contains(&removed));
}

#[tokio::test]
async fn archives_of_charts_that_are_not_required_any_more_go_and_nothing_else_does() {
    let place = Workplace::start().await;
    let chart = |requirements: &str| {
        let chart = "apiVersion: v2\nname: app\nversion: 1.0.0\n";
        place.write("app/Chart.yaml", &format!("{chart}{requirements}"));
    };
    let stray = || {
        fs::create_dir_all(place.app().join("charts")).unwrap();
        for name in ["stray", "inside"] {
            let path = place.app().join(format!("charts/{name}-1.0.0.tgz"));
            fs::write(path, chart_archive(name, "1.0.0")).unwrap();
        }
    };
    stray();
    for path in ["inside", "mine"] {
        let name = format!("app/charts/{path}/Chart.yaml");
        place.write(&name, "apiVersion: v2\nname: inside\nversion: 1.0.0\n");
    }
    place.write("app/charts/_notes.tgz", "no chart");
    chart("dependencies:\n- {name: inside, version: \"*\"}\n");
    place.update().await.unwrap();
    let left = ["_notes.tgz", "inside", "inside-1.0.0.tgz", "mine"];
    assert_eq!(place.charts(), left);
    stray();
    place.build().await.unwrap();
    assert_eq!(place.charts(), left, "by a build as well");
    stray();
    let before = place.charts();
    chart("");
    fs::remove_file(place.app().join("Chart.lock")).unwrap();
    place.update().await.unwrap();
    assert_eq!(place.charts(), before, "nothing is required");
    assert!(!place.app().join("Chart.lock").exists());
}

#[tokio::test]
async fn a_build_keeps_to_the_lock_file() {
    let place = Workplace::start().await;
    place.require("=1.0.0");
    place.update().await.unwrap();
    fs::remove_dir_all(place.app().join("charts")).unwrap();
    let brought = place.build().await.unwrap();
    assert!(brought.lock.is_none());
    assert_eq!(place.charts(), ["lib-0.1.0.tgz", "one-1.0.0.tgz"]);
}

#[tokio::test]
async fn a_lock_file_for_something_else_is_told_and_nothing_is_brought() {
    let place = Workplace::start().await;
    place.update().await.unwrap();
    place.require("2.x");
    place.site.asked();
    let error = place.build().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml). Please update the dependencies"
    );
    assert!(place.site.asked().is_empty());
}

#[tokio::test]
async fn nothing_changes_before_everything_is_there() {
    let place = Workplace::start().await;
    place.update().await.unwrap();
    let before = place.charts();
    place.require("2.x");
    place.site.web.remove("/helm/one-2.0.0.tgz");
    assert!(place.update().await.is_err());
    assert_eq!(place.charts(), before);
}

#[tokio::test]
async fn nothing_is_written_where_a_link_leads() {
    let place = Workplace::start().await;
    let elsewhere = place.folder.path().join("elsewhere");
    fs::write(&elsewhere, "precious").unwrap();
    std::os::unix::fs::symlink("../elsewhere", place.app().join("Chart.lock")).unwrap();
    place.write("app/.helmignore", "Chart.lock\n");
    let error = place.update().await.unwrap_err();
    assert!(matches!(error, DirectoryError::Link { .. }), "{error:?}");
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "precious");
    fs::remove_file(place.app().join("Chart.lock")).unwrap();
    let _ = fs::remove_dir_all(place.app().join("charts"));
    std::os::unix::fs::symlink("../lib", place.app().join("charts")).unwrap();
    place.write("app/.helmignore", "charts\n");
    let error = place.update().await.unwrap_err();
    assert!(matches!(error, DirectoryError::Link { .. }), "{error:?}");
    assert_eq!(names(&place.folder.path().join("lib")), ["Chart.yaml"]);
}

#[tokio::test]
async fn a_listing_tells_how_each_requirement_is_met() {
    use DependencyState::{Missing, Ok, Unpacked, WrongVersion};
    let place = Workplace::start().await;
    let expect = async |one, lib| {
        let expected = [("one".to_owned(), one), ("lib".to_owned(), lib)];
        assert_eq!(place.states().await, expected);
    };
    expect(Missing, Missing).await;
    place.update().await.unwrap();
    expect(Ok, Ok).await;
    place.require("2.x");
    expect(WrongVersion, Ok).await;
    fs::remove_file(place.app().join("charts/lib-0.1.0.tgz")).unwrap();
    let lib = "apiVersion: v2\nname: lib\nversion: 0.1.0\n";
    place.write("app/charts/lib/Chart.yaml", lib);
    expect(WrongVersion, Unpacked).await;
}

#[tokio::test]
async fn a_package_has_what_the_folder_lacks_and_the_folder_stays_as_it_is() {
    let place = Workplace::start().await;
    place.write("app/values.yaml", "a: 1\n");
    place.write("app/prod.yaml", "b: 2\n");
    let options = PackageOptions {
        version: Some("3.0.0".to_owned()),
        app_version: Some("9".to_owned()),
        recipe: Recipe::new().values_files(["values.yaml", "prod.yaml"]),
    };
    let package = async || {
        let to = place.folder.path();
        place
            .site
            .acquirer
            .package(&place.app(), to, &options, &place.somebody())
            .await
            .unwrap()
    };
    let first = package().await;
    assert!(first.path.ends_with("app-3.0.0.tgz"));
    assert_eq!(first.digest, package().await.digest);
    let archive = fs::read(&first.path).unwrap();
    let limits = portolan_chart::Limits::default();
    let chart = portolan_chart::read_chart(archive.as_slice(), &limits).unwrap();
    assert_eq!(chart.values(), Some("a: 1\nb: 2\n".as_bytes()));
    assert_eq!(chart.metadata().app_version.as_deref(), Some("9"));
    assert!(chart.file("charts/one/Chart.yaml").is_some());
    assert_eq!(
        names(&place.app()),
        ["Chart.yaml", "prod.yaml", "values.yaml"]
    );
}
