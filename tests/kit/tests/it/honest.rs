//! What an honest registry answers.
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>

use hyper::{Method, StatusCode};
use portolan_kit::{Registry, chart_archive};

use crate::client::{ask, get};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The digest of `hello`.
const HELLO: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

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

/// An empty registry, and the address of a repository in it.
async fn empty() -> (Registry, String) {
    let registry = Registry::start().await;
    let base = format!("{}/v2/team/thing", registry.url());
    (registry, base)
}

fn manifest_of(registry: &Registry, blob: &[u8]) -> String {
    let config = registry.push_blob("team/thing", b"{}");
    let layer = registry.push_blob("team/thing", blob);
    serde_json::json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": "application/vnd.kit.v1+json", "digest": config, "size": 2 },
        "layers": [{ "mediaType": "text/plain", "digest": layer, "size": blob.len() }],
    })
    .to_string()
}

#[tokio::test]
async fn a_blob_is_taken_in_one_piece_or_in_many() {
    let (registry, base) = empty().await;
    let uploads = format!("{base}/blobs/uploads/");
    let at_once = ask(Method::POST, format!("{uploads}?digest={HELLO}")).body("hello");
    let at_once = at_once.send().await;
    assert_eq!(at_once.status, StatusCode::CREATED);
    assert_eq!(
        at_once.header("location"),
        format!("/v2/team/thing/blobs/{HELLO}")
    );
    assert!(registry.delete_blob("team/thing", HELLO));

    let begun = ask(Method::POST, &uploads).send().await;
    assert_eq!(begun.status, StatusCode::ACCEPTED);
    let upload = format!("{}{}", registry.url(), begun.header("location"));
    let piece = |range: &str, text: &'static str| {
        let piece = ask(Method::PATCH, &upload).header("content-range", range);
        piece.body(text)
    };
    assert_eq!(piece("0-1", "he").send().await.header("range"), "0-1");
    let again = piece("0-1", "he").send().await;
    assert_eq!(again.status, StatusCode::RANGE_NOT_SATISFIABLE);
    let status = get(&upload).send().await;
    assert_eq!(
        (status.status, status.header("range")),
        (StatusCode::NO_CONTENT, "0-1")
    );
    assert_eq!(piece("2-3", "ll").send().await.status, StatusCode::ACCEPTED);
    let last = ask(Method::PUT, format!("{upload}?digest={HELLO}")).body("o");
    assert_eq!(last.send().await.status, StatusCode::CREATED);
    assert_eq!(registry.blob("team/thing", HELLO), Some(b"hello".to_vec()));
    assert_eq!(get(&upload).send().await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_blob_that_is_not_what_its_digest_says_is_refused() {
    let (registry, base) = empty().await;
    let url = format!("{base}/blobs/uploads/?digest={HELLO}");
    let refused = ask(Method::POST, url).body("hallo").send().await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["errors"][0]["code"], "DIGEST_INVALID");
    assert_eq!(registry.blob("team/thing", HELLO), None);
}

#[tokio::test]
async fn a_blob_is_mounted_from_a_repository_that_the_client_may_read() {
    let (registry, base) = empty().await;
    registry.push_blob("elsewhere", b"hello");
    let mount = |from: &str| {
        let url = format!("{base}/blobs/uploads/?mount={HELLO}&from={from}");
        ask(Method::POST, url)
    };
    assert_eq!(mount("nowhere").send().await.status, StatusCode::ACCEPTED);
    assert_eq!(mount("elsewhere").send().await.status, StatusCode::CREATED);
    assert_eq!(registry.blob("team/thing", HELLO), Some(b"hello".to_vec()));

    let builder = Registry::builder().basic_auth("root", "sesame");
    let builder = builder.limited_account("alice", "sesame", &["team"]);
    let limited = builder.start().await;
    limited.push_blob("secret", b"hello");
    let url = format!(
        "{}/v2/team/x/blobs/uploads/?mount={HELLO}&from=secret",
        limited.url()
    );
    let alice = ask(Method::POST, url).header("authorization", "Basic YWxpY2U6c2VzYW1l");
    assert_eq!(alice.send().await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_manifest_is_taken_once_everything_it_names_is_there() {
    let (registry, base) = empty().await;
    let manifest = manifest_of(&registry, b"hello");
    let put = |reference: &str, body: &str| {
        ask(Method::PUT, format!("{base}/manifests/{reference}"))
            .header("content-type", MANIFEST)
            .body(body.to_owned())
    };
    let taken = put("1.0.0", &manifest).send().await;
    assert_eq!(taken.status, StatusCode::CREATED);
    let digest = taken.header("docker-content-digest").to_owned();
    assert_eq!(registry.digest("team/thing", "1.0.0"), Some(digest.clone()));
    assert_eq!(
        put(&digest, &manifest).send().await.status,
        StatusCode::CREATED
    );

    let wrong = put(&digest, &manifest.replace("text/plain", "text/html"));
    assert_eq!(
        wrong.send().await.json()["errors"][0]["code"],
        "DIGEST_INVALID"
    );
    assert_eq!(
        put("1.0.0", "{").send().await.json()["errors"][0]["code"],
        "MANIFEST_INVALID"
    );
    assert_eq!(
        put("-", &manifest).send().await.status,
        StatusCode::BAD_REQUEST
    );
    registry.delete_blob("team/thing", HELLO);
    let incomplete = put("1.0.1", &manifest).send().await;
    assert_eq!(
        incomplete.json()["errors"][0]["code"],
        "MANIFEST_BLOB_UNKNOWN"
    );
}

#[tokio::test]
async fn a_manifest_is_not_given_to_who_does_not_accept_its_type() {
    let (registry, base) = empty().await;
    registry.push_manifest("team/thing", Some("1.0.0"), MANIFEST, b"{}");
    let accepting = async |accept: &str| {
        let url = format!("{base}/manifests/1.0.0");
        get(url).header("accept", accept).send().await.status
    };
    assert_eq!(accepting(MANIFEST).await, StatusCode::OK);
    assert_eq!(
        accepting(&format!("text/html, {MANIFEST};q=0.5")).await,
        StatusCode::OK
    );
    assert_eq!(accepting("*/*").await, StatusCode::OK);
    assert_eq!(accepting("application/json").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_not_there_is_named_in_the_envelope() {
    let (registry, base) = empty().await;
    registry.push_blob("team/thing", b"hello");
    let code = async |path: &str| {
        let refused = get(format!("{base}{path}")).send().await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{path}");
        refused.json()["errors"][0]["code"].clone()
    };
    assert_eq!(code("/manifests/1.0.0").await, "MANIFEST_UNKNOWN");
    assert_eq!(
        code(&format!("/blobs/{}", HELLO.replace('2', "3"))).await,
        "BLOB_UNKNOWN"
    );
    assert_eq!(code("/other/tags/list").await, "NAME_UNKNOWN");
}

#[tokio::test]
async fn referrers_are_listed_and_filtered_unless_there_is_no_such_api() {
    let (registry, base) = empty().await;
    let subject = registry.push_manifest("team/thing", Some("1.0.0"), MANIFEST, b"{}");
    let mut refers: serde_json::Value =
        serde_json::from_str(&manifest_of(&registry, b"signature")).expect("JSON");
    refers["subject"] = serde_json::json!({ "digest": subject });
    refers["artifactType"] = "application/vnd.kit.signature".into();
    refers["annotations"] = serde_json::json!({ "by": "alice" });
    let put = ask(Method::PUT, format!("{base}/manifests/signature"))
        .header("content-type", MANIFEST)
        .body(refers.to_string());
    assert_eq!(put.send().await.header("oci-subject"), subject);

    let list = async |query: &str| {
        get(format!("{base}/referrers/{subject}{query}"))
            .send()
            .await
    };
    let all = list("").await;
    assert_eq!(
        all.header("content-type"),
        "application/vnd.oci.image.index.v1+json"
    );
    let found = &all.json()["manifests"][0];
    assert_eq!(found["artifactType"], "application/vnd.kit.signature");
    assert_eq!(found["annotations"]["by"], "alice");
    let none = list("?artifactType=text/plain").await;
    assert_eq!(none.header("oci-filters-applied"), "artifactType");
    assert_eq!(none.json()["manifests"], serde_json::json!([]));
    let unknown = format!("{base}/referrers/{HELLO}");
    assert_eq!(
        get(unknown).send().await.json()["manifests"],
        serde_json::json!([])
    );

    let old = Registry::builder().without_referrers().start().await;
    let url = format!("{}/v2/team/thing/referrers/{HELLO}", old.url());
    assert_eq!(get(url).send().await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn tags_manifests_and_blobs_are_deleted_unless_nothing_is() {
    let (registry, base) = empty().await;
    let digest = registry.push_manifest("team/thing", Some("1.0.0"), MANIFEST, b"{}");
    registry.move_tag("team/thing", "1.0.1", &digest);
    registry.push_blob("team/thing", b"hello");
    let delete = async |path: &str| {
        let url = format!("{base}{path}");
        ask(Method::DELETE, url).send().await.status
    };
    assert_eq!(delete("/manifests/1.0.0").await, StatusCode::ACCEPTED);
    assert_eq!(registry.tags("team/thing"), ["1.0.1"]);
    assert_eq!(delete("/manifests/1.0.0").await, StatusCode::NOT_FOUND);
    assert_eq!(
        delete(&format!("/manifests/{digest}")).await,
        StatusCode::ACCEPTED
    );
    assert_eq!(registry.tags("team/thing"), [""; 0]);
    assert_eq!(
        delete(&format!("/blobs/{HELLO}")).await,
        StatusCode::ACCEPTED
    );
    assert_eq!(registry.blob("team/thing", HELLO), None);

    let frozen = Registry::builder().without_deletes().start().await;
    let url = format!("{}/v2/team/thing/manifests/1.0.0", frozen.url());
    let refused = ask(Method::DELETE, url).send().await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn every_request_is_recorded_with_its_answer() {
    let (registry, base) = empty().await;
    let url = format!("{base}/tags/list?n=7");
    get(url).header("range", "bytes=0-1").send().await;
    let seen = registry.requests();
    let [seen] = seen.as_slice() else {
        panic!("one request: {seen:?}")
    };
    assert_eq!(seen.to_string(), "GET /v2/team/thing/tags/list?n=7");
    assert_eq!(seen.host, registry.address());
    assert_eq!(seen.header("range"), Some("bytes=0-1"));
    assert_eq!(
        (seen.authorization.as_ref(), seen.status),
        (None, Some(404))
    );
    registry.forget_requests();
    assert!(registry.requests().is_empty());
}
