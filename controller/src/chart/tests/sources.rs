//! Charts among the files of a `GitRepository` or a `Bucket`.

use portolan_kit::chart_archive;
use serde_json::{Value, json};

use super::{HOUR, chart, files, pass};
use crate::context::Settings;
use crate::kind::Next;
use crate::world::World;

const ONE: &str = "main@sha1:1111111111111111111111111111111111111111";
const TWO: &str = "main@sha1:2222222222222222222222222222222222222222";
const CHART: &[u8] = b"apiVersion: v2\nname: app\nversion: 1.0.0\n";
const VALUES: &[u8] = b"a: 1\nb: 1\n";

/// What is put over the spec of the chart: it lies at `charts/app`.
fn more(more: Value) -> Value {
    let mut spec = json!({
        "chart": "charts/app", "sourceRef": { "kind": "GitRepository", "name": "src" },
    });
    if let (Some(fields), Value::Object(more)) = (spec.as_object_mut(), more) {
        fields.extend(more);
    }
    spec
}

/// Let the Git repository have the chart in this revision, and these files beside it.
fn push(world: &World, revision: &str, beside: &[(&str, &[u8])]) {
    let mut files = vec![
        ("charts/app/Chart.yaml", CHART),
        ("charts/app/values.yaml", VALUES),
    ];
    files.retain(|(path, _)| beside.iter().all(|(other, _)| other != path));
    files.extend(beside);
    world.source("GitRepository", revision, &files);
}

/// How often the files of a source were downloaded.
fn downloads(world: &World) -> usize {
    world.sources.requests().len()
}

#[tokio::test]
async fn a_folder_is_packaged_and_the_same_revision_is_not_downloaded_again() {
    let world = World::new().await;
    push(&world, ONE, &[]);
    chart(&world, 1, "ignored", more(json!({})));
    assert_eq!(pass(&world).await, HOUR, "{:?}", world.events());
    let told = "packaged 'app' chart with version '1.0.0'";
    assert_eq!(world.events(), [format!("ChartPackageSucceeded: {told}")]);
    assert_eq!(
        world.conditions(),
        [
            "Ready=True/ChartPackageSucceeded",
            "ArtifactInStorage=True/ChartPackageSucceeded"
        ]
    );
    let status = world.status();
    assert_eq!(
        status["artifact"]["path"],
        "helmchart/team/app/app-1.0.0.tgz"
    );
    assert_eq!(status["observedChartName"], "app");
    assert_eq!(status["observedSourceArtifactRevision"], ONE);
    assert_eq!(pass(&world).await, HOUR);
    assert_eq!(world.message("Ready"), told);
    assert!(world.events()[0].starts_with("~ArtifactUpToDate: "));
    assert_eq!(downloads(&world), 1);
}

/// That is what the strategy means: what the chart says of itself decides.
#[tokio::test]
async fn another_revision_of_the_same_version_is_looked_at_and_not_packaged() {
    let world = World::new().await;
    push(&world, ONE, &[]);
    chart(&world, 1, "*", more(json!({})));
    pass(&world).await;
    let before = world.status();
    push(&world, TWO, &[("charts/app/values.yaml", b"a: 2\n")]);
    assert_eq!(pass(&world).await, HOUR);
    assert_eq!(world.status()["artifact"], before["artifact"]);
    assert_eq!(world.status()["observedSourceArtifactRevision"], TWO);
    assert!(world.events()[0].starts_with("~ArtifactUpToDate: "));
}

#[tokio::test]
async fn with_the_other_strategy_a_revision_is_a_version() {
    let world = World::new().await;
    push(&world, ONE, &[("env/prod.yaml", b"a: 2\n")]);
    let strategy = json!({ "reconcileStrategy": "Revision" });
    chart(&world, 1, "*", more(strategy));
    pass(&world).await;
    assert_eq!(world.status()["artifact"]["revision"], "1.0.0+111111111111");
    push(&world, TWO, &[("env/prod.yaml", b"a: 2\n")]);
    pass(&world).await;
    assert_eq!(world.status()["artifact"]["revision"], "1.0.0+222222222222");
    let values = json!({ "reconcileStrategy": "Revision", "valuesFiles": ["env/prod.yaml"] });
    chart(&world, 2, "*", more(values));
    pass(&world).await;
    assert_eq!(
        world.status()["artifact"]["revision"],
        "1.0.0+222222222222.2"
    );
}

#[tokio::test]
async fn values_files_are_looked_for_from_the_root_of_the_source() {
    let world = World::new().await;
    push(&world, ONE, &[("env/prod.yaml", b"a: 2\n")]);
    let files = ["charts/app/values.yaml", "env/prod.yaml"];
    chart(&world, 1, "*", more(json!({ "valuesFiles": files })));
    assert_eq!(pass(&world).await, HOUR, "{:?}", world.events());
    assert_eq!(
        world.message("Ready"),
        "packaged 'app' chart with version '1.0.0+1' and merged values files [charts/app/values.yaml env/prod.yaml]"
    );
    for (generation, (file, told)) in (2..).zip([
        (
            "env/absent.yaml",
            "no values file found at path '/env/absent.yaml' (reference 'env/absent.yaml')",
        ),
        (
            "../../../../etc/hostname",
            "no values file found at path '/etc/hostname' (reference '../../../../etc/hostname')",
        ),
    ]) {
        chart(
            &world,
            generation,
            "*",
            more(json!({ "valuesFiles": [file] })),
        );
        assert_eq!(pass(&world).await, Next::WhenChanged);
        assert_eq!(world.conditions()[0], "Stalled=True/ValuesFilesError");
        assert_eq!(
            world.message("BuildFailed"),
            format!("values files merge error: {told}")
        );
    }
}

#[tokio::test]
async fn an_archive_in_a_source_keeps_its_bytes() {
    let world = World::new().await;
    let archive = chart_archive("app", "1.2.3");
    push(&world, ONE, &[("app.tgz", &archive)]);
    chart(&world, 1, "*", more(json!({ "chart": "./app.tgz" })));
    assert_eq!(pass(&world).await, HOUR, "{:?}", world.events());
    assert_eq!(
        world.events(),
        ["ChartPullSucceeded: pulled 'app' chart with version '1.2.3'"]
    );
    assert_eq!(world.stored("helmchart/team/app/app-1.2.3.tgz"), archive);
}

#[tokio::test]
async fn what_is_no_chart_stalls_and_wakes_with_the_next_revision() {
    let world = World::new().await;
    chart(&world, 1, "*", more(json!({})));
    for bad in [&b"a: [1\n"[..], b"apiVersion: v2\nname: app\n"] {
        push(&world, ONE, &[("charts/app/Chart.yaml", bad)]);
        assert_eq!(pass(&world).await, Next::WhenChanged);
        assert_eq!(world.conditions()[0], "Stalled=True/InvalidChartReference");
        let told = world.message("FetchFailed");
        assert!(told.starts_with("invalid chart reference: "), "{told}");
        assert_eq!(world.status()["observedSourceArtifactRevision"], ONE);
    }
    push(&world, TWO, &[]);
    assert_eq!(pass(&world).await, HOUR);
}

/// Where a source is unpacked is another place each time, and every new message is another event.
#[tokio::test]
async fn what_is_wrong_with_a_folder_is_told_with_its_path_in_the_source() {
    let world = World::new().await;
    // Helm reads this rule so that everything else is left out.
    let rules: (&str, &[u8]) = ("charts/app/.helmignore", b"!docs/keep.md\n");
    push(&world, ONE, &[rules]);
    chart(&world, 1, "*", more(json!({})));
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(
        world.conditions()[1],
        "Ready=False/ChartPackageError",
        "{:?}",
        world.events()
    );
    assert_eq!(
        world.message("BuildFailed"),
        "chart package error: /charts/app/Chart.yaml: no such file or directory"
    );
    push(&world, TWO, &[]);
    chart(&world, 2, "*", more(json!({ "chart": "charts" })));
    assert_eq!(pass(&world).await, Next::WhenChanged);
    assert_eq!(
        world.message("FetchFailed"),
        "invalid chart reference: /charts/Chart.yaml: no such file or directory"
    );
}

#[tokio::test]
async fn a_path_that_leads_nowhere_stalls() {
    let world = World::new().await;
    push(&world, ONE, &[]);
    for path in ["charts/absent", "../../etc"] {
        chart(&world, 1, "*", more(json!({ "chart": path })));
        assert_eq!(pass(&world).await, Next::WhenChanged);
        assert_eq!(world.conditions()[0], "Stalled=True/InvalidChartReference");
    }
}

#[tokio::test]
async fn files_that_are_not_those_that_were_announced_are_not_used() {
    let world = World::new().await;
    push(&world, ONE, &[]);
    world.change_source("GitRepository", |source| {
        let other = format!("sha256:{}", "0".repeat(64));
        source["status"]["artifact"]["digest"] = other.into();
    });
    chart(&world, 1, "*", more(json!({})));
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(world.conditions()[1], "Ready=False/SourceUnavailable");
    assert!(files(&world).is_empty());
}

#[tokio::test]
async fn a_source_without_an_artifact_is_waited_for() {
    let world = World::new().await;
    for kind in ["GitRepository", "Bucket"] {
        world.source(kind, ONE, &[]);
        world.change_source(kind, |source| source["status"] = json!({}));
        let source = json!({ "sourceRef": { "kind": kind, "name": "src" } });
        chart(&world, 1, "*", more(source));
        assert_eq!(pass(&world).await, Next::RETRY);
        assert_eq!(
            world.events(),
            [format!(
                "~NoSourceArtifact: no artifact available for {kind} source 'src'"
            )]
        );
    }
}

/// A chart with a dependency from the web server's repository.
fn umbrella(repository: &str) -> Vec<u8> {
    format!(
        "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n\
         - {{name: dep, version: 1.x, repository: '{repository}'}}\n"
    )
    .into_bytes()
}

#[tokio::test]
async fn a_dependency_is_had_with_the_credential_of_the_repository_that_has_its_url() {
    let world = World::new().await;
    let url = world.publish(&["dep 1.1.0"]);
    world.web.require_login("me", "secret");
    push(
        &world,
        ONE,
        &[("charts/app/Chart.yaml", &umbrella(&format!("{url}/")))],
    );
    chart(&world, 1, "*", more(json!({})));
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(world.conditions()[1], "Ready=False/DependencyBuildError");
    let told = world.message("BuildFailed");
    assert!(
        told.starts_with("dependency build error: failed to add remote dependency 'dep': ")
            && told.contains("401 Unauthorized"),
        "{told}"
    );
    world.secret("login", json!({ "username": "me", "password": "secret" }));
    let spec = json!({ "url": url, "secretRef": { "name": "login" } });
    world.apply("HelmRepository", "deps", 1, spec);
    assert_eq!(pass(&world).await, HOUR, "{:?}", world.events());
    assert_eq!(
        world.events(),
        [
            "~ResolvedDependencies: resolved 1 chart dependencies",
            "ChartPackageSucceeded: packaged 'app' chart with version '1.0.0'",
        ]
    );
}

#[tokio::test]
async fn a_dependency_that_is_not_as_promised_is_told_or_refused() {
    for insists in [false, true] {
        let settings = Settings {
            require_index_digest: insists,
            ..Settings::default()
        };
        let world = World::with(settings).await;
        let url = world.publish(&["dep 1.1.0"]);
        let other = portolan_kit::ChartArchive::new("dep", "1.1.0").values("a: 1\n");
        world
            .web
            .put("/helm/dep-1.1.0.tgz", "application/gzip", other.build());
        push(&world, ONE, &[("charts/app/Chart.yaml", &umbrella(&url))]);
        chart(&world, 1, "*", more(json!({})));
        let next = pass(&world).await;
        if insists {
            assert_eq!(next, Next::RETRY);
            let told = world.message("BuildFailed");
            assert!(told.contains("but the index promises"), "{told}");
        } else {
            assert_eq!(next, HOUR);
            let told = "!IndexDigestMismatch: the archive of 'dep' version '1.1.0' has the digest";
            let events = world.events();
            assert!(
                events.iter().any(|event| event.starts_with(told)),
                "{events:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_repository_of_another_namespace_or_url_lends_no_credential() {
    let world = World::new().await;
    let url = world.publish(&["dep 1.1.0"]);
    world.web.require_login("me", "secret");
    world.secret("login", json!({ "username": "me", "password": "secret" }));
    push(&world, ONE, &[("charts/app/Chart.yaml", &umbrella(&url))]);
    chart(&world, 1, "*", more(json!({})));
    let spec = |url: &str| json!({ "url": url, "secretRef": { "name": "login" } });
    world.apply("HelmRepository", "near", 1, spec(&format!("{url}/more")));
    world.apply("HelmRepository", "far", 1, spec(&url));
    world.move_to("HelmRepository/far", "other");
    assert_eq!(pass(&world).await, Next::RETRY);
    assert_eq!(world.conditions()[1], "Ready=False/DependencyBuildError");
    assert_eq!(world.web.logins(), 0);
}

/// Who asked for a login that cannot be had gets no other one.
#[tokio::test]
async fn a_repository_whose_secret_is_missing_is_not_asked_for_a_dependency() {
    let world = World::new().await;
    let url = world.publish(&["dep 1.1.0"]);
    push(&world, ONE, &[("charts/app/Chart.yaml", &umbrella(&url))]);
    chart(&world, 1, "*", more(json!({})));
    let spec = json!({ "url": url, "secretRef": { "name": "login" } });
    world.apply("HelmRepository", "deps", 1, spec);
    assert_eq!(pass(&world).await, Next::RETRY);
    let told = world.message("BuildFailed");
    assert!(
        told.contains(
            "failed to get authentication secret 'team/login': secrets \"login\" not found"
        ),
        "{told}"
    );
    assert!(world.web.requests().is_empty());
}
