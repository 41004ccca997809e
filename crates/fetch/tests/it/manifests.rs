//! Manifests, by tag and by digest.

use portolan_fetch::{ChartFlaw, FetchError, Limits, ManifestFlaw, Platform};
use portolan_kit::{Lie, ServerName, Target};
use portolan_reference::{Digest, Pin};

use crate::errand::{Errand, REPOSITORY, chain};

fn tag(tag: &str) -> Pin {
    Pin::Tag(tag.to_owned())
}

/// The digest that the tag really names.
fn digest(errand: &Errand) -> Digest {
    errand
        .registry
        .digest(REPOSITORY, "1.0.0")
        .unwrap()
        .parse()
        .unwrap()
}

/// What is wrong when 1.0.0 is pinned while this lie is told; nothing is without it.
async fn failure(lie: Lie) -> FetchError {
    let errand = Errand::begin().await;
    let told = format!("{lie:?}");
    errand.registry.tell(lie);
    let error = match errand.pin("1.0.0").await {
        Err(error) => error,
        Ok(pinned) => panic!("{told} was believed: {pinned:?}"),
    };
    assert!(errand.asked().len() <= 3, "{told}: {:?}", errand.asked());
    assert_eq!(
        errand.registry.requests_to(ServerName::Other).len(),
        0,
        "{told}"
    );
    errand.registry.be_honest();
    errand.pull("1.0.0").await.unwrap();
    error
}

async fn manifest_flaw(lie: Lie) -> ManifestFlaw {
    match failure(lie).await {
        FetchError::BadManifest { flaw, .. } => flaw,
        other => panic!("{other:?}"),
    }
}

async fn chart_flaw(lie: Lie) -> ChartFlaw {
    match failure(lie).await {
        FetchError::NotAChart { flaw, .. } => flaw,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_manifest_is_what_its_tag_and_its_digest_name() {
    let errand = Errand::begin().await;
    let (oci, remote, digest) = (errand.oci(), errand.remote(), digest(&errand));
    let by_tag = oci.manifest(&remote, &tag("1.0.0")).await.unwrap();
    let by_digest = oci
        .manifest(&remote, &Pin::Digest(digest.clone()))
        .await
        .unwrap();
    assert_eq!(by_tag, by_digest);
    assert_eq!(by_tag.digest(), &digest);
    assert_eq!(
        by_tag.bytes(),
        &errand.registry.manifest(REPOSITORY, "1.0.0").unwrap()
    );
    assert_eq!(
        errand.asked(),
        [
            "GET manifests/1.0.0".to_owned(),
            format!("GET manifests/{digest}")
        ]
    );
}

#[tokio::test]
async fn every_kind_of_manifest_is_asked_for() {
    let errand = Errand::begin().await;
    errand.pin("1.0.0").await.unwrap();
    let requests = errand.registry.requests();
    assert_eq!(
        requests[0].header("accept").unwrap(),
        "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
         application/vnd.docker.distribution.manifest.v2+json, \
         application/vnd.docker.distribution.manifest.list.v2+json"
    );
}

#[tokio::test]
async fn a_version_that_does_not_exist_is_said_to_be_missing() {
    let errand = Errand::begin().await;
    let error = errand.pin("9.9.9+b").await.unwrap_err();
    assert_eq!(
        chain(&error),
        format!(
            "`{}/{REPOSITORY}:9.9.9_b`: not found: MANIFEST_UNKNOWN: manifest unknown",
            errand.registry.address()
        )
    );
    assert_eq!(error.status().unwrap(), 404);
    assert_eq!(errand.asked(), ["GET manifests/9.9.9_b"]);
}

#[tokio::test]
async fn what_cannot_be_a_tag_is_not_asked_for() {
    let errand = Errand::begin().await;
    for version in [
        "",
        "../../../v2/other/manifests/1",
        "1.0.0 ",
        "a/b",
        "1?x=y",
        &"1".repeat(129),
    ] {
        let error = errand.pin(version).await.unwrap_err();
        assert!(
            matches!(error, FetchError::Reference(_)),
            "{version}: {error:?}"
        );
    }
    assert_eq!(errand.asked().len(), 0);
}

#[tokio::test]
async fn a_digest_header_that_the_bytes_do_not_have_is_a_mismatch() {
    let wrong_header = failure(Lie::WrongDigestHeader {
        at: Target::Manifests,
    })
    .await;
    assert!(
        matches!(wrong_header, FetchError::DigestMismatch { .. }),
        "{wrong_header:?}"
    );
    let wrong_bytes = failure(Lie::WrongBytes {
        at: Target::Manifests,
    })
    .await;
    assert!(
        matches!(wrong_bytes, FetchError::DigestMismatch { .. }),
        "{wrong_bytes:?}"
    );
}

#[tokio::test]
async fn without_a_digest_header_the_bytes_are_hashed() {
    let errand = Errand::begin().await;
    errand.registry.tell(Lie::NoDigestHeader {
        at: Target::Manifests,
    });
    assert_eq!(
        errand.pin("1.0.0").await.unwrap().manifest_digest(),
        &digest(&errand)
    );
}

#[tokio::test]
async fn by_digest_only_the_bytes_count() {
    let errand = Errand::begin().await;
    let pin = Pin::Digest(digest(&errand));
    for lie in [
        Lie::WrongBytes {
            at: Target::Manifests,
        },
        Lie::ExtraBytes {
            at: Target::Manifests,
            bytes: 1,
        },
    ] {
        errand.registry.tell(lie);
        // The right header beside the wrong bytes, or none at all: it makes no difference.
        for header in [
            None,
            Some(Lie::NoDigestHeader {
                at: Target::Manifests,
            }),
        ] {
            if let Some(lie) = header {
                errand.registry.tell(lie);
            }
            let error = errand
                .oci()
                .manifest(&errand.remote(), &pin)
                .await
                .unwrap_err();
            assert!(
                matches!(error, FetchError::DigestMismatch { .. }),
                "{error:?}"
            );
        }
        errand.registry.be_honest();
    }
    errand.registry.tell(Lie::WrongDigestHeader {
        at: Target::Manifests,
    });
    errand.oci().manifest(&errand.remote(), &pin).await.unwrap();
}

#[tokio::test]
async fn what_is_no_manifest_is_not_taken_for_one() {
    let login_page = failure(Lie::LoginPage {
        at: Target::Manifests,
    })
    .await;
    assert!(
        chain(&login_page)
            .ends_with("unusable manifest: the registry sent `text/html`, which is no manifest")
    );
    let content_type = |media_type: &str| Lie::ContentType {
        at: Target::Manifests,
        media_type: media_type.to_owned(),
    };
    assert!(matches!(
        manifest_flaw(content_type("application/json")).await,
        ManifestFlaw::ContentType { .. }
    ));
    assert!(matches!(
        manifest_flaw(content_type(
            "application/vnd.docker.distribution.manifest.v2+json"
        ))
        .await,
        ManifestFlaw::TwoMediaTypes { .. }
    ));
    let field = Lie::MediaTypeField("application/vnd.oci.image.index.v1+json".to_owned());
    assert!(matches!(
        manifest_flaw(field).await,
        ManifestFlaw::TwoMediaTypes { .. }
    ));
    assert_eq!(
        manifest_flaw(Lie::LayersAndManifests).await,
        ManifestFlaw::TwoKinds
    );
    let no_json = failure(Lie::InvalidJson {
        at: Target::Manifests,
    })
    .await;
    assert!(matches!(
        no_json,
        FetchError::BadManifest { .. } | FetchError::DigestMismatch { .. }
    ));
}

#[tokio::test]
async fn the_documents_own_word_is_enough_where_the_header_is_silent() {
    let errand = Errand::begin().await;
    errand.registry.tell(Lie::ContentType {
        at: Target::Manifests,
        media_type: String::new(),
    });
    errand.pull("1.0.0").await.unwrap();
}

#[tokio::test]
async fn a_layer_with_an_impossible_size_or_digest_is_a_flaw() {
    for size in [
        "-1",
        "9223372036854775808",
        "1.5",
        "99999999999999999999999",
    ] {
        let flaw = manifest_flaw(Lie::LayerSize(size.to_owned())).await;
        assert!(
            matches!(flaw, ManifestFlaw::Size { .. }),
            "{size}: {flaw:?}"
        );
    }
    assert!(matches!(
        manifest_flaw(Lie::LayerSize("\"5\"".to_owned())).await,
        ManifestFlaw::Unreadable { .. }
    ));
    let flaw = manifest_flaw(Lie::LayerDigest("sha256:../../../etc/passwd".to_owned())).await;
    assert!(matches!(flaw, ManifestFlaw::Digest(_)), "{flaw:?}");
}

#[tokio::test]
async fn an_artifact_that_is_no_chart_is_said_to_be_none() {
    assert!(matches!(
        chart_flaw(Lie::NotAChart).await,
        ChartFlaw::Config { .. }
    ));
    assert_eq!(chart_flaw(Lie::EmptyLayers).await, ChartFlaw::Empty);
    assert_eq!(
        chart_flaw(Lie::NoChartLayer).await,
        ChartFlaw::NoContent { layers: 1 }
    );
    assert_eq!(
        chart_flaw(Lie::TwoChartLayers).await,
        ChartFlaw::SeveralContents { found: 2 }
    );
}

#[tokio::test]
async fn a_manifest_larger_than_its_limit_is_not_read() {
    let error = failure(Lie::HugeManifest(5 << 20)).await;
    assert!(
        matches!(error, FetchError::TooLarge { limit, .. } if limit == 4 << 20),
        "{error:?}"
    );
    let error = failure(Lie::Endless {
        at: Target::Manifests,
    })
    .await;
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn the_limit_of_a_manifest_is_where_it_is_said_to_be() {
    let mut errand = Errand::begin().await;
    let size = errand.registry.manifest(REPOSITORY, "1.0.0").unwrap().len() as u64;
    errand.limits = Limits {
        max_manifest_bytes: size,
        ..errand.limits
    };
    errand.pin("1.0.0").await.unwrap();
    errand.limits.max_manifest_bytes -= 1;
    errand.pin("1.0.0").await.unwrap_err();
}

#[tokio::test]
async fn an_index_is_an_error_or_a_choice_by_platform() {
    let errand = Errand::begin().await;
    let chart = digest(&errand);
    errand.registry.tell(Lie::ImageIndex);
    let (oci, remote) = (errand.oci(), errand.remote());
    let error = oci.manifest(&remote, &tag("1.0.0")).await.unwrap_err();
    assert!(matches!(error, FetchError::IsIndex { .. }), "{error:?}");
    assert_eq!(errand.asked().len(), 1);

    let chosen = oci
        .platform_manifest(&remote, &tag("1.0.0"), &Platform::linux_amd64())
        .await
        .unwrap();
    assert_eq!(chosen.digest(), &chart);
    assert!(chosen.index().is_some_and(|index| *index != chart));

    let other = Platform::new("plan9", "386");
    let error = oci
        .platform_manifest(&remote, &tag("1.0.0"), &other)
        .await
        .unwrap_err();
    assert!(
        chain(&error).ends_with("it has no image for plan9/386"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_manifest_of_schema_1_is_neither_asked_for_nor_taken() {
    let unasked = failure(Lie::Schema1).await;
    assert!(
        matches!(unasked, FetchError::NotFound { .. }),
        "{unasked:?}"
    );

    let errand = Errand::begin().await;
    let old = br#"{"schemaVersion":1,"name":"charts/podinfo","tag":"0.1.0","fsLayers":[]}"#;
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    errand
        .registry
        .push_manifest(REPOSITORY, Some("0.1.0"), media_type, old);
    let error = errand.pin("0.1.0").await.unwrap_err();
    assert!(
        chain(&error).ends_with("it is a Docker manifest of schema 1"),
        "{error:?}"
    );
}
