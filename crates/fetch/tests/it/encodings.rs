//! Indexes that are compressed, and how large they may get.

use portolan_fetch::{EncodingFlaw, FetchError};
use portolan_kit::{WebLie, chart_archive};

use crate::visit::{INDEX, PATH, Visit, drain, long_index};

const LIMIT: u64 = 1 << 20;

/// What comes of an index about which this lie is told, of which at most [`LIMIT`] bytes are taken.
async fn flaw(lie: WebLie) -> EncodingFlaw {
    let mut visit = Visit::lied_to(lie).await;
    visit.limits.max_index_bytes = LIMIT;
    match visit.index().await {
        Err(FetchError::BadEncoding { flaw, .. }) => flaw,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check_too_large(result: Result<(), FetchError>) {
    match result {
        Err(error @ FetchError::TooLarge { limit: LIMIT, .. }) => assert!(!error.is_transient()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn gzip_is_asked_for_and_comes_out_as_it_was_before() {
    let visit = Visit::begin().await;
    let index = long_index(300_000);
    visit.replace(index.clone());
    visit.server.compress();
    assert_eq!(visit.index().await.unwrap(), index);
    let seen = visit.server.requests().remove(0);
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
    let known = visit.open(None).await.unwrap().unwrap();
    assert!(known.validators().etag.as_ref().unwrap().starts_with("W/"));
    let again = visit.open(Some(known.validators())).await.unwrap();
    assert!(again.is_none());
}

#[tokio::test]
async fn gzip_that_nobody_asked_for_is_no_worse() {
    let visit = Visit::lied_to(WebLie::Gzip).await;
    assert_eq!(visit.index().await.unwrap(), INDEX);
    for coding in ["x-gzip", "GZIP", "identity, gzip"] {
        let visit = Visit::lied_to(WebLie::Gzip).await;
        visit.server.tell(PATH, WebLie::Encoding(coding.to_owned()));
        assert_eq!(visit.index().await.unwrap(), INDEX, "{coding}");
    }
    let visit = Visit::lied_to(WebLie::Encoding("identity".to_owned())).await;
    assert_eq!(visit.index().await.unwrap(), INDEX);
}

#[tokio::test]
async fn what_cannot_be_decoded_is_an_error() {
    assert_eq!(flaw(WebLie::GzipTwice).await, EncodingFlaw::Twice);
    let said = |coding: &str| WebLie::Encoding(coding.to_owned());
    assert_eq!(flaw(said("gzip, gzip")).await, EncodingFlaw::Twice);
    assert_eq!(flaw(said("gzip")).await, EncodingFlaw::Corrupt);
    for coding in ["br", "deflate", "gzip, br", "a\tb"] {
        let unknown = flaw(said(coding)).await;
        assert!(
            matches!(unknown, EncodingFlaw::Unknown { .. }),
            "{unknown:?}"
        );
        assert!(!unknown.to_string().contains('\t'));
    }
}

#[tokio::test]
async fn gzip_that_ends_early_is_asked_for_three_times_and_no_index() {
    let visit = Visit::lied_to(WebLie::GzipCut).await;
    visit.replace(long_index(300_000));
    let (_, end) = drain(*visit.open(None).await.unwrap().unwrap()).await;
    match end {
        Err(error @ FetchError::BadEncoding { .. }) => assert!(error.is_transient()),
        other => panic!("{other:?}"),
    }
    assert_eq!(visit.requests(), 3);
}

#[tokio::test]
async fn an_index_is_cut_off_at_its_limit_however_it_comes() {
    for lie in [
        WebLie::Streamed { bytes: 2 << 20 },
        WebLie::GzipBomb { bytes: 50 << 20 },
        WebLie::EndlessEmptyGzip,
    ] {
        let told = format!("{lie:?}");
        let mut visit = Visit::lied_to(lie).await;
        visit.limits.max_index_bytes = LIMIT;
        let (content, end) = drain(*visit.open(None).await.unwrap().unwrap()).await;
        assert!(content.len() as u64 <= LIMIT, "{told}");
        check_too_large(end);
        assert_eq!(visit.requests(), 1, "{told}");
    }
}

#[tokio::test]
async fn fifty_mebibytes_are_the_most_there_is_by_default() {
    let visit = Visit::lied_to(WebLie::Streamed { bytes: 51 << 20 }).await;
    let mut download = visit.open(None).await.unwrap().unwrap();
    let mut taken = 0;
    let error = loop {
        match download.chunk().await {
            Ok(Some(chunk)) => taken += chunk.len(),
            Ok(None) => panic!("{taken}"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, FetchError::TooLarge { limit, .. } if limit == 50 << 20));
    assert!(taken <= 50 << 20 && taken > 49 << 20, "{taken}");
}

#[tokio::test]
async fn what_is_announced_to_be_too_large_is_not_read() {
    let mut visit = Visit::begin().await;
    let index = long_index(1_000);
    visit.replace(index.clone());
    visit.limits.max_index_bytes = 1_000;
    assert_eq!(visit.index().await.unwrap(), index);
    visit.limits.max_index_bytes = 999;
    let error = visit.open(None).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { limit: 999, .. }));

    visit.server.put("/charts/x.tgz", "application/gzip", index);
    visit.limits.max_chart_bytes = 999;
    let error = visit.chart("x.tgz").await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { limit: 999, .. }));
}

#[tokio::test]
async fn a_chart_is_the_bytes_that_came_whatever_they_are_called() {
    let visit = Visit::begin().await;
    let archive = chart_archive("podinfo", "1.0.0");
    let path = "/charts/podinfo-1.0.0.tgz";
    visit.server.put(path, "application/gzip", archive.clone());
    visit.server.compress();
    for coding in ["gzip", "x-gzip", "br"] {
        visit.server.tell(path, WebLie::Encoding(coding.to_owned()));
        let chart = visit.chart("podinfo-1.0.0.tgz").await.unwrap();
        assert_eq!(chart.collect().await.unwrap(), archive, "{coding}");
    }
    let seen = visit.server.requests().remove(0);
    assert_eq!(seen.header("accept-encoding"), None);
}

#[tokio::test]
async fn a_page_to_log_in_at_comes_out_as_what_it_is() {
    // Whether that is an index is for whoever reads it.
    let visit = Visit::lied_to(WebLie::LoginPage).await;
    assert!(visit.index().await.unwrap().starts_with(b"<!DOCTYPE html>"));
}
