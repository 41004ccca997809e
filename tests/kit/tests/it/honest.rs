//! What an honest registry answers.
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>

use hyper::{Method, StatusCode};
use portolan_kit::{Registry, chart_archive};

use crate::client::{ask, get};

#[tokio::test]
async fn a_chart_that_was_put_in_comes_out_by_tag_digest_and_layer() {
    let registry = Registry::start().await;
    let archive = chart_archive("podinfo", "1.0.0");
    let digest = registry.push_chart("charts/podinfo", &archive, "1.0.0");
    let base = format!("{}/v2/charts/podinfo", registry.url());

    let by_tag = get(format!("{base}/manifests/1.0.0")).send().await;
    assert_eq!(by_tag.status, StatusCode::OK);
    assert_eq!(by_tag.header("docker-content-digest"), digest);
    let by_digest = get(format!("{base}/manifests/{digest}")).send().await;
    assert_eq!(by_digest.bytes(), by_tag.bytes());

    let manifest = by_tag.json();
    assert_eq!(
        manifest["annotations"]["org.opencontainers.image.title"],
        "podinfo"
    );
    let layer = manifest["layers"][0]["digest"].as_str().expect("a digest");
    let layer = get(format!("{base}/blobs/{layer}")).send().await;
    assert_eq!(layer.bytes(), archive);
}

#[tokio::test]
async fn a_head_has_the_headers_of_a_get_and_no_body() {
    let registry = Registry::start().await;
    let digest = registry.push_chart("podinfo", &chart_archive("podinfo", "1.0.0"), "1.0.0");
    let url = format!("{}/v2/podinfo/manifests/1.0.0", registry.url());
    let head = ask(Method::HEAD, &url).send().await;
    let whole = get(&url).send().await;
    assert_eq!(head.header("docker-content-digest"), digest);
    assert_eq!(
        head.header("content-length"),
        whole.header("content-length")
    );
    assert!(head.bytes().is_empty());
}
