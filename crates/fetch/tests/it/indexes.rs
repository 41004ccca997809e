//! Repositories that have an index, as they should be.

use portolan_auth::{Access, Transport};
use portolan_fetch::{FetchError, IndexAnswer, IndexRemote, IndexRepository, Limits};
use portolan_kit::{WebServer, chart_archive};
use portolan_reference::{Algorithm, Digest};

const INDEX: &str = "apiVersion: v1\nentries: {}\n";

fn repository() -> IndexRepository {
    IndexRepository::new(Transport::builder().build().unwrap(), Limits::default())
}

fn remote(server: &WebServer) -> IndexRemote {
    IndexRemote::new(server.url("/charts").parse().unwrap(), Access::anonymous())
}

async fn server() -> WebServer {
    let server = WebServer::start().await;
    server.put("/charts/index.yaml", "text/yaml", INDEX);
    server
}

#[tokio::test]
async fn an_index_is_sent_once_and_then_no_more_until_it_changes() {
    let server = server().await;
    let (repository, remote) = (repository(), remote(&server));
    let IndexAnswer::Modified(mut first) = repository.index(&remote, None).await.unwrap() else {
        panic!("nothing is known of it");
    };
    assert_eq!(first.chunk().await.unwrap().unwrap(), INDEX);
    assert_eq!(first.chunk().await.unwrap(), None);
    assert_eq!(first.chunk().await.unwrap(), None);
    let known = first.validators().clone();

    let again = repository.index(&remote, Some(&known)).await.unwrap();
    assert!(matches!(again, IndexAnswer::NotModified));

    server.put("/charts/index.yaml", "text/yaml", "apiVersion: v2");
    let IndexAnswer::Modified(changed) = repository.index(&remote, Some(&known)).await.unwrap()
    else {
        panic!("it has changed");
    };
    assert_ne!(changed.validators(), &known);
    assert_eq!(changed.collect().await.unwrap(), "apiVersion: v2");
    let statuses: Vec<_> = server.requests().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [Some(200), Some(304), Some(200)]);
}

#[tokio::test]
async fn a_chart_is_fetched_from_where_the_index_says() {
    let server = server().await;
    let archive = chart_archive("podinfo", "1.0.0");
    server.put(
        "/charts/podinfo-1.0.0.tgz",
        "application/gzip",
        archive.clone(),
    );
    let absolute = server.url("/charts/podinfo-1.0.0.tgz");
    for reference in ["podinfo-1.0.0.tgz", "./podinfo-1.0.0.tgz?x", &absolute] {
        let chart = repository().chart(&remote(&server), reference).await;
        assert_eq!(chart.unwrap().collect().await.unwrap(), archive);
    }
    let error = repository().chart(&remote(&server), "none.tgz").await;
    let words = error.unwrap_err().to_string();
    let url = server.url("/charts/none.tgz");
    assert_eq!(words, format!("failed to fetch {url} : 404 Not Found"));
}

#[tokio::test]
async fn an_index_names_neither_files_nor_registries() {
    let server = server().await;
    for reference in ["file:///etc/hostname", "oci://127.0.0.1/x", ""] {
        let error = repository().chart(&remote(&server), reference).await;
        assert!(
            matches!(error, Err(FetchError::BadChartUrl(_))),
            "{error:?}"
        );
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_source_ends_well_only_with_the_right_digest() {
    let server = server().await;
    server.put("/source.tar.gz", "application/gzip", "source");
    let url = server.url("/source.tar.gz").parse().unwrap();
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512, Algorithm::Blake3] {
        let digest = Digest::of(algorithm, b"source");
        let source = repository().source(&url, &digest).await.unwrap();
        assert_eq!(source.collect().await.unwrap(), "source");
        let other = Digest::of(algorithm, b"other");
        let mut source = repository().source(&url, &other).await.unwrap();
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
