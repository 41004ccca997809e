//! Repositories with an index, and their charts.

use portolan_kit::WebServer;

use super::following::Running;
use super::{Manifests, publish, run, web};

/// With a repository `charts` at the web server.
fn manifests(web: &WebServer, more: &str) -> Manifests {
    let manifests = Manifests::empty();
    manifests.index("charts", &web.url("/helm"), more);
    manifests
}

#[test]
fn a_chart_waits_for_the_index_and_is_ready_in_one_go() {
    let web = web(&["1.0.0", "1.1.0", "2.0.0-rc.1"]);
    let manifests = manifests(&web, "");
    manifests.chart("hello", "1.x", "");
    let answer = run(manifests.path(), &["--once"]);
    assert_eq!(answer.code, Some(0), "{answer:#?}");
    for told in [
        "HelmChart default/hello        True   1.1.0 ",
        "pulled 'hello' chart with version '1.1.0'",
        "HelmRepository default/charts  True   sha256:",
        "2 ready.",
    ] {
        assert!(answer.out.contains(told), "no {told:?} in {answer:#?}");
    }
}

#[test]
fn a_repository_that_is_not_there_is_told_of_both() {
    let web = WebServer::start_blocking();
    let manifests = manifests(&web, "");
    manifests.chart("hello", "1.x", "");
    let answer = run(manifests.path(), &["--once"]);
    assert_eq!(answer.code, Some(1), "{answer:#?}");
    for told in [
        "HelmChart default/hello is not ready: NoSourceArtifact",
        "no artifact available for HelmRepository source 'charts'",
        "HelmRepository default/charts is not ready: Failed",
        " : 404 Not Found",
        "0 ready, 2 not ready.",
    ] {
        assert!(answer.out.contains(told), "no {told:?} in {answer:#?}");
    }
}

#[test]
fn index_digests_are_required_where_that_is_asked_for() {
    // The index of the web server promises none.
    let web = web(&["1.0.0"]);
    let manifests = manifests(&web, "");
    manifests.chart("hello", "1.x", "");
    let answer = run(manifests.path(), &["--once", "--require-index-digest"]);
    assert_eq!(answer.code, Some(1), "{answer:#?}");
    assert!(
        answer
            .out
            .contains("the index promises no digest for 'hello' version '1.0.0'"),
        "{answer:#?}"
    );
}

#[test]
fn a_new_index_wakes_its_charts() {
    let web = web(&["1.0.0"]);
    let manifests = manifests(&web, "");
    // Nobody looks at the chart by itself within the test.
    manifests.write(
        "hello.yaml",
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\nmetadata: { name: hello }\n\
         spec: { chart: hello, version: 1.x, interval: 1h, sourceRef: { kind: HelmRepository, name: charts } }\n",
    );
    let mut running = Running::start(&manifests, &[]);
    running.line_with("HelmChart default/hello: ready: pulled 'hello' chart with version '1.0.0'");
    publish(&web, &["1.0.0", "1.2.0"]);
    running.line_with("HelmChart default/hello: ready: pulled 'hello' chart with version '1.2.0'");
}
