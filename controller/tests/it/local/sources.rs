//! `--source`: a folder of this machine in the place of a `GitRepository` or a `Bucket`.

use std::fs;
use std::path::Path;

use portolan_kit::chart_archive;
use tempfile::TempDir;

use super::following::Running;
use super::{Manifests, run, web};

/// A folder with a chart `app`, which depends on `hello` of a repository, and with values beside it.
fn tree(version: &str, repository: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    write(folder.path(), "env/prod.yaml", "a: 2\n");
    write(folder.path(), "charts/app/values.yaml", "a: 1\n");
    let dependency = format!("[{{ name: hello, version: 1.x, repository: '{repository}' }}]");
    write(
        folder.path(),
        "charts/app/Chart.yaml",
        &format!("apiVersion: v2\nname: app\nversion: {version}\ndependencies: {dependency}\n"),
    );
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
    fs::write(path, text).expect("it can be written");
}

/// A chart at `charts/app` of a source `src`.
fn manifests(kind: &str, more: &str) -> Manifests {
    let manifests = Manifests::empty();
    let text = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\nmetadata: {{ name: app }}\n\
         spec:\n  chart: charts/app\n  interval: 1h\n  sourceRef: {{ kind: {kind}, name: src }}\n  {more}\n"
    );
    manifests.write("app.yaml", &text);
    manifests
}

fn flag(kind: &str, path: &Path) -> String {
    format!("--source={kind}/default/src={}", path.display())
}

#[test]
fn a_chart_is_built_from_a_folder_with_what_it_depends_on() {
    let web = web(&["1.0.0", "1.1.0"]);
    let folder = tree("0.1.0", &web.url("/helm"));
    let manifests = manifests("GitRepository", "valuesFiles: [env/prod.yaml]");
    let answer = run(
        manifests.path(),
        &["--once", &flag("GitRepository", folder.path())],
    );
    assert_eq!(answer.code, Some(0), "{answer:#?}");
    assert!(
        answer.out.contains(
            "packaged 'app' chart with version '0.1.0+1' and merged values files [env/prod.yaml]"
        ),
        "{answer:#?}"
    );
}

#[test]
fn an_archive_stands_in_for_a_bucket() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("source.tgz");
    // The archive of a chart is an archive with a folder in it.
    fs::write(&path, chart_archive("app", "1.0.0")).expect("it can be written");
    let manifests = manifests("Bucket", "");
    let text = fs::read_to_string(manifests.path().join("app.yaml")).expect("it is there");
    manifests.write("app.yaml", &text.replace("charts/app", "app"));
    let answer = run(manifests.path(), &["--once", &flag("Bucket", &path)]);
    assert_eq!(answer.code, Some(0), "{answer:#?}");
}

#[test]
fn a_source_that_nobody_gave_is_told_with_how_to_give_it() {
    let manifests = manifests("GitRepository", "");
    let answer = run(manifests.path(), &["--once"]);
    assert_eq!(answer.code, Some(1), "{answer:#?}");
    assert!(
        answer.out.contains(
            "failed to get source: GitRepository.source.toolkit.fluxcd.io \"src\" not found: \
             --source GitRepository/default/src=PATH takes a folder or a .tar.gz for it"
        ),
        "{answer:#?}"
    );
}

#[test]
fn a_folder_that_changes_wakes_its_charts() {
    let web = web(&["1.0.0"]);
    let folder = tree("0.1.0", &web.url("/helm"));
    let manifests = manifests("GitRepository", "");
    let source = flag("GitRepository", folder.path());
    let mut running = Running::start(&manifests, &[&source]);
    running.line_with("HelmChart default/app: ready: packaged 'app' chart with version '0.1.0'");
    let chart = "apiVersion: v2\nname: app\nversion: 0.2.0\n";
    write(folder.path(), "charts/app/Chart.yaml", chart);
    running.line_with("HelmChart default/app: ready: packaged 'app' chart with version '0.2.0'");
}
