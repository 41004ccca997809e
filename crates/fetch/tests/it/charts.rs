//! A chart from its tag to its last byte.

use portolan_auth::{Access, Credential, Secret};
use portolan_fetch::{ChartSource, FetchError, OciChartSource};
use portolan_kit::{
    LEGACY_CHART_CONTENT_MEDIA_TYPE, Lie, PROVENANCE_MEDIA_TYPE, RedirectTo, Registry, ServerName,
    Target, chart_archive,
};
use serde_json::json;

use crate::errand::{Errand, REPOSITORY};

fn password(user: &str, password: &str) -> Access {
    let username = user.to_owned();
    let password = Secret::new(password);
    Access::new("", Some(Credential::Basic { username, password }))
}

#[tokio::test]
async fn an_exact_version_is_two_requests() {
    let errand = Errand::begin().await;
    let archive = errand.pull("1.0.0").await.unwrap();
    assert_eq!(archive, chart_archive("podinfo", "1.0.0"));
    let layer = errand.pin("1.0.0").await.unwrap().layer().digest().clone();
    assert_eq!(
        errand.asked()[..2],
        [
            "GET manifests/1.0.0".to_owned(),
            format!("GET blobs/{layer}")
        ]
    );
}

#[tokio::test]
async fn a_range_is_three_requests_and_five_where_a_token_is_wanted() {
    let errand = Errand::begin().await;
    let podinfo = "podinfo".parse().unwrap();
    assert_eq!(errand.charts().versions(&podinfo).await.unwrap(), ["1.0.0"]);
    errand.pull("1.0.0").await.unwrap();
    assert_eq!(errand.asked().len(), 3);

    let mut errand = Errand::to(Registry::builder().token_auth("ci", "secret").start().await);
    errand.access = password("ci", "secret");
    let charts = errand.charts();
    for (requests, tokens) in [(5, 1), (3, 0)] {
        errand.registry.forget_requests();
        let before = errand.registry.tokens_issued();
        charts.versions(&podinfo).await.unwrap();
        let pinned = charts.pin(&podinfo, "1.0.0").await.unwrap();
        charts
            .open_unchecked(&pinned)
            .await
            .unwrap()
            .collect()
            .await
            .unwrap();
        assert_eq!(errand.asked().len(), requests, "{:?}", errand.asked());
        assert_eq!(errand.registry.tokens_issued() - before, tokens);
    }
}

#[tokio::test]
async fn a_tag_that_moves_after_it_was_looked_at_changes_nothing() {
    let errand = Errand::begin().await;
    let other = chart_archive("podinfo", "6.6.6");
    let to = errand.registry.push_chart(REPOSITORY, &other, "other");
    let (repository, tag) = (REPOSITORY.to_owned(), "1.0.0".to_owned());
    errand.registry.tell(Lie::TagMoves {
        repository,
        tag,
        to,
        after: 1,
    });
    assert_eq!(
        errand.pull("1.0.0").await.unwrap(),
        chart_archive("podinfo", "1.0.0")
    );
    assert_eq!(
        errand.pull("1.0.0").await.unwrap(),
        other,
        "the next look sees the new one"
    );
}

#[tokio::test]
async fn build_metadata_is_written_with_an_underscore() {
    let errand = Errand::begin().await;
    let archive = chart_archive("podinfo", "0.1.5+b.min");
    errand
        .registry
        .push_chart(REPOSITORY, &archive, "0.1.5_b.min");
    errand.registry.forget_requests();
    assert_eq!(errand.pull("0.1.5+b.min").await.unwrap(), archive);
    assert_eq!(errand.asked()[0], "GET manifests/0.1.5_b.min");
    assert_eq!(
        errand.pin("0.1.5+b.min").await.unwrap().tag(),
        "0.1.5_b.min"
    );
}

#[tokio::test]
async fn the_chart_is_found_among_other_layers_and_under_its_old_name() {
    let errand = Errand::begin().await;
    let archive = chart_archive("podinfo", "1.0.0");
    let layer = |media_type: &str, content: &[u8]| {
        let digest = errand.registry.push_blob(REPOSITORY, content);
        json!({ "mediaType": media_type, "digest": digest, "size": content.len() })
    };
    let layers = [
        layer(PROVENANCE_MEDIA_TYPE, b"signed"),
        layer(LEGACY_CHART_CONTENT_MEDIA_TYPE, &archive),
    ];
    errand
        .registry
        .push_chart_layers(REPOSITORY, &archive, &layers, "1.1.0");
    assert_eq!(errand.pull("1.1.0").await.unwrap(), archive);
}

#[tokio::test]
async fn an_exact_version_needs_no_list_of_tags() {
    for status in [403, 404] {
        let errand = Errand::begin().await;
        errand.registry.tell(Lie::Status {
            at: Target::Tags,
            status,
            times: Lie::ALWAYS,
        });
        errand.pull("1.0.0").await.unwrap();
        errand.tags().await.unwrap_err();
    }
}

#[tokio::test]
async fn places_that_a_layer_names_are_not_visited() {
    let errand = Errand::begin().await;
    errand.registry.tell(Lie::ForeignUrls);
    errand.pull("1.0.0").await.unwrap();
    assert_eq!(errand.registry.requests_to(ServerName::Other).len(), 0);
}

#[tokio::test]
async fn a_blob_may_be_elsewhere_and_is_checked_all_the_same() {
    let mut errand = Errand::to(Registry::builder().basic_auth("ci", "secret").start().await);
    errand.access = password("ci", "secret");
    errand.registry.tell(Lie::Redirect {
        at: Target::Blobs,
        status: 307,
        to: RedirectTo::OtherOrigin,
    });
    errand.pull("1.0.0").await.unwrap();
    let elsewhere = errand.registry.requests_to(ServerName::Other);
    assert_eq!(elsewhere.len(), 1);
    assert_eq!(elsewhere[0].authorization, None);
    errand.registry.tell(Lie::WrongBytes { at: Target::Blobs });
    let error = errand.pull("1.0.0").await.unwrap_err();
    assert!(
        matches!(error, FetchError::DigestMismatch { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_wrong_password_is_denied_by_whoever_refuses() {
    for builder in [
        Registry::builder().basic_auth("ci", "secret"),
        Registry::builder().token_auth("ci", "secret"),
    ] {
        let mut errand = Errand::to(builder.start().await);
        for access in [Access::anonymous(), password("ci", "wrong")] {
            errand.access = access;
            let error = errand.pull("1.0.0").await.unwrap_err();
            assert!(error.is_denied() && !error.is_transient(), "{error:?}");
            assert!(matches!(error, FetchError::Denied { .. }), "{error:?}");
        }
        errand.access = password("ci", "secret");
        errand.pull("1.0.0").await.unwrap();
    }
}

#[tokio::test]
async fn a_forbidden_repository_is_denied() {
    let errand = Errand::begin().await;
    errand.registry.tell(Lie::Status {
        at: Target::Manifests,
        status: 403,
        times: Lie::ALWAYS,
    });
    let error = errand.pin("1.0.0").await.unwrap_err();
    assert!(error.is_denied(), "{error:?}");
    assert_eq!(errand.asked().len(), 1);
}

#[tokio::test]
async fn a_chart_pinned_elsewhere_takes_no_credential_there() {
    let other = Errand::begin().await;
    let pinned = other.pin("1.0.0").await.unwrap();
    other.registry.forget_requests();

    let mut errand = Errand::to(Registry::builder().basic_auth("ci", "secret").start().await);
    errand.access = password("ci", "secret");
    let charts: &OciChartSource = &errand.charts();
    let archive = charts
        .open_unchecked(&pinned)
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    assert_eq!(archive, chart_archive("podinfo", "1.0.0"));
    assert_eq!(other.asked().len(), 0);
}

#[tokio::test]
async fn a_name_that_no_repository_can_have_is_not_asked_for() {
    let errand = Errand::begin().await;
    for name in ["podinfo-", "a/", "-"] {
        let error = errand
            .charts()
            .pin(&name.parse().unwrap(), "1.0.0")
            .await
            .unwrap_err();
        assert!(
            matches!(error, FetchError::Reference(_)),
            "{name}: {error:?}"
        );
    }
    assert_eq!(errand.asked().len(), 0);
}
