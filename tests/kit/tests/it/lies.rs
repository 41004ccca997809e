//! Every lie, as it looks from the other end of the connection. That the same request is answered
//! well once the registry is honest again is part of each.

use std::time::{Duration, Instant};

use hyper::{Method, StatusCode};
use portolan_kit::{Lie, Registry, ServerName, Target, chart_archive};
use serde_json::Value;

use crate::client::{Answer, ask, get};

const ALWAYS: u32 = Lie::ALWAYS;

/// A registry with one chart of three versions.
struct Scene {
    registry: Registry,
    archive: Vec<u8>,
    base: String,
}

impl Scene {
    async fn new() -> Self {
        let registry = Registry::start().await;
        let archive = chart_archive("podinfo", "1.0.0");
        for tag in ["1.0.0", "1.1.0", "1.2.0"] {
            registry.push_chart("charts/podinfo", &archive, tag);
        }
        let base = format!("{}/v2/charts/podinfo", registry.url());
        Self {
            registry,
            archive,
            base,
        }
    }

    async fn telling(lie: Lie) -> Self {
        let scene = Self::new().await;
        scene.registry.tell(lie);
        scene
    }

    fn manifest_url(&self) -> String {
        format!("{}/manifests/1.0.0", self.base)
    }

    fn tags_url(&self) -> String {
        format!("{}/tags/list", self.base)
    }

    fn blob_url(&self) -> String {
        let manifest = self.registry.manifest("charts/podinfo", "1.0.0");
        let manifest: Value =
            serde_json::from_slice(&manifest.expect("it was pushed")).expect("JSON");
        let digest = manifest["layers"][0]["digest"].as_str().expect("a digest");
        format!("{}/blobs/{digest}", self.base)
    }

    async fn blob(&self) -> Result<Answer, String> {
        get(self.blob_url()).try_send().await
    }

    async fn manifest(&self) -> Answer {
        get(self.manifest_url()).send().await
    }

    async fn tags(&self) -> Answer {
        get(self.tags_url()).send().await
    }

    /// No lie outlives the honesty that is asked for.
    async fn is_honest_again(&self) {
        self.registry.be_honest();
        let blob = self.blob().await.expect("an answer");
        assert_eq!(blob.bytes(), self.archive);
        assert_eq!(
            self.manifest().await.json()["layers"][0]["size"],
            self.archive.len()
        );
        assert_eq!(
            self.tags().await.json()["tags"].as_array().map(Vec::len),
            Some(3)
        );
    }
}

#[tokio::test]
async fn too_many_requests_say_when_to_come_back_if_they_are_told_to() {
    let scene = Scene::telling(Lie::TooManyRequests {
        at: Target::Blobs,
        retry_after: Some("30".to_owned()),
        times: 2,
    })
    .await;
    for _ in 0..2 {
        let refused = scene.blob().await.expect("an answer");
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.header("retry-after"), "30");
        assert_eq!(refused.json()["errors"][0]["code"], "TOOMANYREQUESTS");
        assert_eq!(scene.manifest().await.status, StatusCode::OK);
    }
    assert_eq!(
        scene.blob().await.expect("an answer").status,
        StatusCode::OK
    );
    scene.is_honest_again().await;
}

#[tokio::test]
async fn connections_end_or_stall_before_there_is_an_answer() {
    let (at, times) = (Target::Blobs, 1);
    for lie in [Lie::HangUp { at, times }, Lie::Reset { at, times }] {
        let scene = Scene::telling(lie.clone()).await;
        let failed = scene.blob().await.expect_err("no answer");
        let is_reset = failed.contains("ConnectionReset");
        assert_eq!(
            is_reset,
            matches!(lie, Lie::Reset { .. }),
            "{lie:?}: {failed}"
        );
        scene.is_honest_again().await;
    }
    let scene = Scene::telling(Lie::StallBeforeHeaders { at, times }).await;
    let waited = tokio::time::timeout(Duration::from_millis(50), scene.blob()).await;
    assert!(waited.is_err(), "{waited:?}");
    scene.is_honest_again().await;
}

#[tokio::test]
async fn a_body_breaks_off_stalls_or_drips() {
    let at = Target::Blobs;
    let times = ALWAYS;
    for sixteenths in 0..16 {
        let scene = Scene::telling(Lie::Cut {
            at,
            sixteenths,
            times,
        })
        .await;
        let cut = scene.blob().await.expect("headers");
        assert_eq!(
            cut.header("content-length"),
            scene.archive.len().to_string()
        );
        assert!(cut.body.is_err(), "{sixteenths}/16");
        scene.is_honest_again().await;
    }
    let scene = Scene::telling(Lie::ResetMidBody { at, times }).await;
    let failed = scene.blob().await.expect("headers").body;
    assert!(failed.expect_err("half of it").contains("ConnectionReset"));
    scene.is_honest_again().await;

    let scene = Scene::telling(Lie::StallMidBody { at, times }).await;
    let waited = tokio::time::timeout(Duration::from_millis(50), scene.blob()).await;
    assert!(waited.is_err(), "{waited:?}");
    scene.is_honest_again().await;

    let (bytes, pause) = (scene.archive.len() / 4, Duration::from_millis(20));
    scene.registry.tell(Lie::SlowDrip { at, bytes, pause });
    let began = Instant::now();
    let slow = scene.blob().await.expect("an answer");
    assert_eq!(slow.bytes(), scene.archive);
    assert!(began.elapsed() >= 4 * pause);
    scene.is_honest_again().await;
}

#[tokio::test]
async fn lengths_are_wrong() {
    let at = Target::Blobs;
    let scene = Scene::telling(Lie::LengthTooLong { at }).await;
    assert!(scene.blob().await.expect("headers").body.is_err());
    scene.is_honest_again().await;

    scene.registry.tell(Lie::LengthTooShort { at });
    let short = scene.blob().await.expect("an answer").bytes();
    assert_eq!(short, scene.archive[..scene.archive.len() / 2]);
    scene.is_honest_again().await;

    scene.registry.tell(Lie::NoLength { at });
    let chunked = scene.blob().await.expect("an answer");
    assert_eq!(chunked.optional_header("content-length"), None);
    assert_eq!(chunked.bytes(), scene.archive);
    scene.is_honest_again().await;

    scene.registry.tell(Lie::ExtraBytes { at, bytes: 7 });
    let longer = scene.blob().await.expect("an answer").bytes();
    assert_eq!(longer.len(), scene.archive.len() + 7);
    scene.is_honest_again().await;
}

#[tokio::test]
async fn an_answer_nobody_asked_for_comes_behind_the_right_one() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let scene = Scene::telling(Lie::SecondAnswer { at: Target::Tags }).await;
    let mut stream = tokio::net::TcpStream::connect(scene.registry.address())
        .await
        .expect("a connection");
    let request = b"GET /v2/charts/podinfo/tags/list HTTP/1.1\r\nHost: kit\r\n\r\n";
    stream.write_all(request).await.expect("it is sent");
    let mut text = vec![0; 4096];
    let mut length = 0;
    while !text[..length].ends_with(b"nobody") {
        length += stream.read(&mut text[length..]).await.expect("bytes");
    }
    let text = String::from_utf8_lossy(&text[..length]);
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2);
    scene.is_honest_again().await;
}

#[tokio::test]
async fn bytes_are_wrong_none_or_without_end() {
    let at = Target::Blobs;
    let scene = Scene::telling(Lie::WrongBytes { at }).await;
    let wrong = scene.blob().await.expect("an answer").bytes();
    assert_eq!(wrong.len(), scene.archive.len());
    assert_ne!(wrong, scene.archive);
    scene.is_honest_again().await;

    scene.registry.tell(Lie::EmptyBody { at });
    assert!(scene.blob().await.expect("an answer").bytes().is_empty());
    scene.is_honest_again().await;

    scene.registry.tell(Lie::Endless { at });
    let waited = tokio::time::timeout(Duration::from_millis(50), scene.blob()).await;
    assert!(waited.is_err(), "{waited:?}");
    scene.is_honest_again().await;

    scene.registry.tell(Lie::LoginPage { at });
    let page = scene.blob().await.expect("an answer");
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.bytes().starts_with(b"<!DOCTYPE html>"));
    scene.is_honest_again().await;
}

#[tokio::test]
async fn headers_of_a_manifest_are_wrong() {
    let at = Target::Manifests;
    let scene = Scene::telling(Lie::WrongDigestHeader { at }).await;
    let digest = scene.registry.digest("charts/podinfo", "1.0.0");
    let wrong = scene.manifest().await;
    assert_ne!(
        Some(wrong.header("docker-content-digest").to_owned()),
        digest
    );
    let head = ask(Method::HEAD, scene.manifest_url()).send().await;
    assert_ne!(
        Some(head.header("docker-content-digest").to_owned()),
        digest
    );
    scene.is_honest_again().await;

    scene.registry.tell(Lie::NoDigestHeader { at });
    let without = scene.manifest().await;
    assert_eq!(without.optional_header("docker-content-digest"), None);
    scene.is_honest_again().await;

    let media_type = "text/html".to_owned();
    scene.registry.tell(Lie::ContentType { at, media_type });
    assert_eq!(scene.manifest().await.header("content-type"), "text/html");
    scene.is_honest_again().await;

    scene.registry.tell(Lie::WrongBytes { at });
    let other = scene.manifest().await.json();
    assert_eq!(other["layers"][0]["size"], scene.archive.len());
    scene.is_honest_again().await;

    for status in [401, 404, 405] {
        scene.registry.tell(Lie::HeadStatus(status));
        let head = ask(Method::HEAD, scene.manifest_url()).send().await;
        assert_eq!(head.status.as_u16(), status);
        assert_eq!(scene.manifest().await.status, StatusCode::OK);
        scene.is_honest_again().await;
    }
}

#[tokio::test]
async fn a_shaped_manifest_is_right_by_its_digest() {
    for lie in Lie::manifest_lies() {
        let scene = Scene::telling(lie.clone()).await;
        if matches!(lie, Lie::Endless { .. }) {
            continue;
        }
        let shaped = scene.manifest().await;
        if let Some(digest) = shaped.optional_header("docker-content-digest")
            && lie_is_in_the_content(&lie)
        {
            let by_digest = get(format!("{}/manifests/{digest}", scene.base))
                .send()
                .await;
            assert_eq!(by_digest.bytes(), shaped.bytes(), "{lie:?}");
            let honest = scene.registry.manifest("charts/podinfo", "1.0.0");
            assert_ne!(Some(shaped.bytes().to_vec()), honest, "{lie:?}");
        }
        scene.is_honest_again().await;
    }
}

fn lie_is_in_the_content(lie: &Lie) -> bool {
    !matches!(
        lie,
        Lie::LoginPage { .. }
            | Lie::ContentType { .. }
            | Lie::InvalidJson { .. }
            | Lie::EmptyBody { .. }
    )
}

#[tokio::test]
async fn manifests_take_the_shape_they_are_told_to() {
    #[track_caller]
    fn check(shaped: &Value, path: &str, expected: &str) {
        let found = shaped
            .pointer(path)
            .map_or("-".to_owned(), Value::to_string);
        assert_eq!(found, expected, "{path} of {shaped}");
    }
    let shape = async |lie| Scene::telling(lie).await.manifest().await.json();
    check(&shape(Lie::Schema1).await, "/schemaVersion", "1");
    check(&shape(Lie::EmptyLayers).await, "/layers", "[]");
    let index = shape(Lie::ImageIndex).await;
    check(&index, "/layers", "-");
    check(&index, "/manifests/0/platform/os", "\"linux\"");
    let both = shape(Lie::LayersAndManifests).await;
    assert!(both["layers"].is_array() && both["manifests"].is_array());
    check(
        &shape(Lie::LayerSize("-1".to_owned())).await,
        "/layers/0/size",
        "-1",
    );
    let large = "9223372036854775808".to_owned();
    check(
        &shape(Lie::LayerSize(large.clone())).await,
        "/layers/0/size",
        &large,
    );
    let no_chart = shape(Lie::NoChartLayer).await;
    let image_layer = "\"application/vnd.oci.image.layer.v1.tar+gzip\"";
    check(&no_chart, "/layers/0/mediaType", image_layer);
    assert_eq!(
        shape(Lie::TwoChartLayers).await["layers"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    let scene = Scene::telling(Lie::HugeManifest(5 << 20)).await;
    assert!(scene.manifest().await.bytes().len() > 5 << 20);
}

#[tokio::test]
async fn a_foreign_layer_is_there_for_who_fetches_it() {
    let scene = Scene::telling(Lie::ForeignUrls).await;
    let manifest = scene.manifest().await.json();
    let url = manifest["layers"][0]["urls"][0].as_str().expect("a URL");
    assert_eq!(get(url).send().await.bytes(), scene.archive);
    assert_eq!(scene.registry.requests_to(ServerName::Other).len(), 1);
}

#[tokio::test]
async fn a_tag_moves_between_two_requests() {
    let scene = Scene::new().await;
    let other = chart_archive("podinfo", "6.6.6");
    let to = scene.registry.push_chart("charts/podinfo", &other, "6.6.6");
    scene.registry.tell(Lie::TagMoves {
        repository: "charts/podinfo".to_owned(),
        tag: "1.0.0".to_owned(),
        to: to.clone(),
        after: 2,
    });
    let digest = async || {
        scene
            .manifest()
            .await
            .header("docker-content-digest")
            .to_owned()
    };
    let before = scene
        .registry
        .digest("charts/podinfo", "1.0.0")
        .expect("it was pushed");
    assert_eq!([digest().await, digest().await], [before.clone(), before]);
    assert_eq!([digest().await, digest().await], [to.clone(), to]);
}

#[tokio::test]
async fn ranges_are_ignored_or_wrong() {
    let scene = Scene::telling(Lie::RangeIgnored).await;
    let part = || get(scene.blob_url()).header("range", "bytes=10-19");
    let whole = part().send().await;
    assert_eq!(whole.status, StatusCode::OK);
    assert_eq!(whole.bytes(), scene.archive);
    scene.is_honest_again().await;
    assert_eq!(part().send().await.bytes(), scene.archive[10..20]);
    scene.registry.tell(Lie::WrongRange);
    let wrong = part().send().await;
    assert_eq!(wrong.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(wrong.header("content-range"), "bytes 1-10/10");
}
