//! Repositories that have an index, as they should be.

use portolan_fetch::{FetchError, IndexAnswer};
use portolan_kit::chart_archive;
use portolan_reference::{Algorithm, Digest};

use crate::visit::{INDEX, Visit};

#[tokio::test]
async fn an_index_is_sent_once_and_then_no_more_until_it_changes() {
    let visit = Visit::begin().await;
    let (repository, remote) = (visit.repository(), visit.remote());
    let IndexAnswer::Modified(mut first) = repository.index(&remote, None).await.unwrap() else {
        panic!("nothing is known of it");
    };
    assert_eq!(first.chunk().await.unwrap().unwrap(), INDEX);
    assert_eq!(first.chunk().await.unwrap(), None);
    assert_eq!(first.chunk().await.unwrap(), None);
    let known = first.validators().clone();

    let again = repository.index(&remote, Some(&known)).await.unwrap();
    assert!(matches!(again, IndexAnswer::NotModified));

    visit.replace("apiVersion: v2");
    let IndexAnswer::Modified(changed) = repository.index(&remote, Some(&known)).await.unwrap()
    else {
        panic!("it has changed");
    };
    assert_ne!(changed.validators(), &known);
    assert_eq!(changed.collect().await.unwrap(), "apiVersion: v2");
    let statuses: Vec<_> = visit
        .server
        .requests()
        .iter()
        .map(|seen| seen.status)
        .collect();
    assert_eq!(statuses, [Some(200), Some(304), Some(200)]);
}

#[tokio::test]
async fn a_chart_is_fetched_from_where_the_index_says() {
    let visit = Visit::begin().await;
    let server = &visit.server;
    let archive = chart_archive("podinfo", "1.0.0");
    server.put(
        "/charts/podinfo-1.0.0.tgz",
        "application/gzip",
        archive.clone(),
    );
    let absolute = server.url("/charts/podinfo-1.0.0.tgz");
    for reference in ["podinfo-1.0.0.tgz", "./podinfo-1.0.0.tgz?x", &absolute] {
        let chart = visit.chart(reference).await;
        assert_eq!(chart.unwrap().collect().await.unwrap(), archive);
    }
    let error = visit.chart("none.tgz").await;
    let words = error.unwrap_err().to_string();
    let url = server.url("/charts/none.tgz");
    assert_eq!(words, format!("failed to fetch {url} : 404 Not Found"));
}

#[tokio::test]
async fn an_index_names_neither_files_nor_registries() {
    let visit = Visit::begin().await;
    let server = &visit.server;
    for reference in ["file:///etc/hostname", "oci://127.0.0.1/x", ""] {
        let error = visit.chart(reference).await;
        assert!(
            matches!(error, Err(FetchError::BadChartUrl(_))),
            "{error:?}"
        );
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_source_ends_well_only_with_the_right_digest() {
    let visit = Visit::begin().await;
    let server = &visit.server;
    server.put("/source.tar.gz", "application/gzip", "source");
    let url = server.url("/source.tar.gz").parse().unwrap();
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512, Algorithm::Blake3] {
        let digest = Digest::of(algorithm, b"source");
        let source = visit.repository().source(&url, &digest).await.unwrap();
        assert_eq!(source.collect().await.unwrap(), "source");
        let other = Digest::of(algorithm, b"other");
        let mut source = visit.repository().source(&url, &other).await.unwrap();
        assert_eq!(source.chunk().await.unwrap().unwrap(), "source");
        let error = source.chunk().await.unwrap_err();
        assert!(
            matches!(error, FetchError::DigestMismatch { .. }),
            "{error:?}"
        );
        let error = source.chunk().await.unwrap_err();
        assert!(matches!(error, FetchError::GivenUp(_)), "{error:?}");
    }
}
