//! Charts on their way into a registry.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use portolan_auth::{Access, Credential, Secret};
use portolan_chart::{ChartMetadata, read_metadata};
use portolan_fetch::{ChartSource, PushError};
use portolan_kit::{ChartArchive, Lie, Registry, ServerName, Target};
use portolan_reference::Digest;
use serde_json::{Value, json};

use crate::errand::{Errand, chain};

const CHART_YAML: &str = "\
apiVersion: v2
name: demo
version: 1.2.3+build.7
description: A chart to push
home: https://demo.example.com
sources: [https://git.example.com/demo, https://mirror.example.com/demo]
maintainers:
- {name: Ada, email: ada@example.com}
- {name: Grace}
annotations:
  example.com/team: blue
  org.opencontainers.image.title: not-its-name
";

fn chart() -> (Bytes, ChartMetadata) {
    let archive = ChartArchive::new("demo", "1.2.3+build.7")
        .chart_yaml(CHART_YAML)
        .build();
    let metadata = read_metadata(archive.as_slice(), &portolan_chart::Limits::default()).unwrap();
    (archive.into(), metadata)
}

fn created() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

async fn push(errand: &Errand) -> Result<Digest, PushError> {
    let (archive, metadata) = chart();
    errand
        .oci()
        .push_chart(
            &errand.remote_of("charts/demo"),
            archive,
            &metadata,
            created(),
        )
        .await
}

#[tokio::test]
async fn what_is_pushed_is_what_helm_pushes() {
    let errand = Errand::begin().await;
    let digest = push(&errand).await.unwrap();
    assert_eq!(errand.registry.tags("charts/demo"), ["1.2.3_build.7"]);
    assert_eq!(
        errand
            .registry
            .digest("charts/demo", "1.2.3_build.7")
            .unwrap(),
        digest.to_string()
    );

    let manifest = errand
        .registry
        .manifest("charts/demo", "1.2.3_build.7")
        .unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let (archive, metadata) = chart();
    let config = serde_json::to_vec(&metadata).unwrap();
    let descriptor = |media_type: &str, content: &[u8]| {
        let digest = Digest::of(portolan_reference::Algorithm::Sha256, content).to_string();
        json!({ "mediaType": media_type, "digest": digest, "size": content.len() })
    };
    assert_eq!(
        manifest,
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.cncf.helm.config.v1+json", &config),
            "layers": [descriptor("application/vnd.cncf.helm.chart.content.v1.tar+gzip", &archive)],
            "annotations": {
                "example.com/team": "blue",
                "org.opencontainers.image.authors": "Ada (ada@example.com), Grace",
                "org.opencontainers.image.created": "2026-09-21T14:13:20Z",
                "org.opencontainers.image.description": "A chart to push",
                "org.opencontainers.image.source": "https://git.example.com/demo",
                "org.opencontainers.image.title": "demo",
                "org.opencontainers.image.url": "https://demo.example.com",
                "org.opencontainers.image.version": "1.2.3+build.7",
            },
        })
    );
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    assert_eq!(errand.registry.blob("charts/demo", layer).unwrap(), archive);
}

#[tokio::test]
async fn what_was_pushed_can_be_pulled() {
    let errand = Errand::begin().await;
    push(&errand).await.unwrap();
    let charts = errand.charts();
    let demo = "demo".parse().unwrap();
    let pinned = charts.pin(&demo, "1.2.3+build.7").await.unwrap();
    let blob = charts.open_unchecked(&pinned).await.unwrap();
    assert_eq!(blob.collect().await.unwrap(), chart().0);
}

#[tokio::test]
async fn what_is_there_already_is_not_sent_again() {
    let errand = Errand::begin().await;
    let first = push(&errand).await.unwrap();
    let methods = |errand: &Errand| {
        let requests = errand.registry.requests();
        requests
            .iter()
            .map(|seen| seen.method.clone())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(methods(&errand), "HEAD POST PUT HEAD POST PUT PUT");
    errand.registry.forget_requests();
    assert_eq!(
        push(&errand).await.unwrap(),
        first,
        "the same chart has the same digest"
    );
    assert_eq!(methods(&errand), "HEAD HEAD PUT");
}

#[tokio::test]
async fn one_token_is_enough_for_a_push() {
    let mut errand = Errand::to(Registry::builder().token_auth("ci", "secret").start().await);
    let password = Secret::new("secret");
    errand.access = Access::new(
        "",
        Some(Credential::Basic {
            username: "ci".to_owned(),
            password,
        }),
    );
    let before = errand.registry.tokens_issued();
    push(&errand).await.unwrap();
    assert_eq!(errand.registry.tokens_issued() - before, 1);
}

#[tokio::test]
async fn who_may_not_push_is_denied() {
    let errand = Errand::to(Registry::builder().basic_auth("ci", "secret").start().await);
    let error = push(&errand).await.unwrap_err();
    assert!(error.is_denied() && !error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn an_upload_is_not_sent_to_another_origin() {
    let errand = Errand::begin().await;
    errand.registry.tell(Lie::UploadElsewhere);
    let error = push(&errand).await.unwrap_err();
    assert!(
        matches!(error, PushError::UploadLeavesRegistry { .. }),
        "{error:?}"
    );
    assert_eq!(errand.registry.requests_to(ServerName::Other).len(), 0);
    assert!(errand.registry.tags("charts/demo").is_empty());
    errand.registry.be_honest();
    push(&errand).await.unwrap();
}

#[tokio::test]
async fn a_chart_goes_to_the_repository_of_its_name() {
    let errand = Errand::begin().await;
    let (archive, metadata) = chart();
    for repository in ["charts", "charts/demos", "charts/demo/x"] {
        let remote = errand.remote_of(repository);
        let pushed = errand
            .oci()
            .push_chart(&remote, archive.clone(), &metadata, created())
            .await;
        let error = pushed.unwrap_err();
        assert!(
            matches!(error, PushError::Name { .. }),
            "{repository}: {error:?}"
        );
    }
    assert_eq!(errand.asked().len(), 0);
}

#[tokio::test]
async fn what_writes_is_sent_once() {
    let errand = Errand::begin().await;
    errand.registry.tell(Lie::Status {
        at: Target::Writes,
        status: 503,
        times: Lie::ALWAYS,
    });
    let error = push(&errand).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    let writes = errand
        .registry
        .requests()
        .iter()
        .filter(|seen| seen.method != "HEAD")
        .count();
    assert_eq!(writes, 1, "{}", chain(&error));
}

#[tokio::test]
async fn a_registry_that_stored_something_else_is_found_out() {
    let errand = Errand::begin().await;
    errand
        .registry
        .tell(Lie::WrongDigestHeader { at: Target::Writes });
    let error = push(&errand).await.unwrap_err();
    assert!(
        matches!(error, PushError::StoredOtherwise { .. }),
        "{error:?}"
    );
}
