//! Asking only for what has changed.

use portolan_fetch::{FetchError, Validators};
use portolan_kit::WebLie;

use crate::visit::{INDEX, PATH, Visit};

const DATE: &str = "Sat, 21 Nov 2020 12:00:00 GMT";

/// What the server is known by after one download.
async fn known(visit: &Visit) -> Validators {
    let mut download = visit.open(None).await.unwrap().unwrap();
    while download.chunk().await.unwrap().is_some() {}
    download.validators().clone()
}

/// The conditions of all requests but the first.
fn conditions(visit: &Visit) -> Vec<(Option<String>, Option<String>)> {
    let header = |seen: &portolan_kit::Seen, name| seen.header(name).map(str::to_owned);
    visit.server.requests()[1..]
        .iter()
        .map(|seen| {
            (
                header(seen, "if-none-match"),
                header(seen, "if-modified-since"),
            )
        })
        .collect()
}

#[tokio::test]
async fn what_has_not_changed_is_one_request_of_a_few_hundred_bytes() {
    let visit = Visit::begin().await;
    let known = known(&visit).await;
    for _ in 0..3 {
        assert!(visit.open(Some(&known)).await.unwrap().is_none());
    }
    let requests = visit.server.requests();
    assert_eq!(requests.len(), 4);
    let connections: Vec<u64> = requests.iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [connections[0]; 4], "one connection is enough");
    let head = |seen: &portolan_kit::Seen| -> usize {
        let lines = seen.headers.iter().map(|(k, v)| k.len() + v.len() + 4);
        lines.sum::<usize>() + seen.path.len() + 16
    };
    assert!(head(&requests[1]) < 500, "{:?}", requests[1]);
}

#[tokio::test]
async fn not_modified_about_something_else_is_asked_again_without_a_condition() {
    let visit = Visit::begin().await;
    let known = known(&visit).await;
    visit.server.tell(PATH, WebLie::OtherTagInNotModified);
    let download = visit.open(Some(&known)).await.unwrap().unwrap();
    assert_eq!(download.collect().await.unwrap(), INDEX);
    assert_eq!(conditions(&visit), [(known.etag, None), (None, None)]);
}

#[tokio::test]
async fn not_modified_to_who_has_nothing_is_an_error() {
    let visit = Visit::lied_to(WebLie::NotModified).await;
    let error = visit.open(None).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 304);
    assert_eq!(visit.requests(), 1);
    let url = visit.server.url(PATH);
    assert_eq!(
        error.to_string(),
        format!("failed to fetch {url} : 304 Not Modified")
    );
    // Of a chart nothing is ever known.
    visit.server.tell("/charts/x.tgz", WebLie::NotModified);
    let error = visit.chart("x.tgz").await.unwrap_err();
    assert!(matches!(error, FetchError::Server { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_looks_at_no_condition_sends_the_same_again() {
    let visit = Visit::begin().await;
    let known = known(&visit).await;
    visit.server.tell(PATH, WebLie::IgnoresConditions);
    let download = visit.open(Some(&known)).await.unwrap().unwrap();
    assert_eq!(download.validators(), &known);
    assert_eq!(download.collect().await.unwrap(), INDEX);
}

#[tokio::test]
async fn a_tag_that_is_kept_although_the_file_changed_is_seen_through_without_a_condition() {
    let visit = Visit::lied_to(WebLie::FirstTag).await;
    let known = known(&visit).await;
    visit.replace("apiVersion: v2");
    assert!(visit.open(Some(&known)).await.unwrap().is_none());
    assert_eq!(visit.index().await.unwrap(), "apiVersion: v2");
}

#[tokio::test]
async fn a_tag_that_would_match_anything_is_never_sent() {
    for tag in ["*", "unquoted", "\"a\", \"b\""] {
        let visit = Visit::lied_to(WebLie::Tag(tag.to_owned())).await;
        let known = known(&visit).await;
        assert!(known.is_empty(), "{tag}");
        visit.replace("apiVersion: v2");
        // Neither when it comes from where it was kept.
        let kept = Validators {
            etag: Some(tag.to_owned()),
            last_modified: None,
        };
        for known in [known, kept] {
            let changed = visit.open(Some(&known)).await.unwrap().unwrap();
            assert_eq!(changed.collect().await.unwrap(), "apiVersion: v2");
        }
        assert_eq!(conditions(&visit), [(None, None), (None, None)], "{tag}");
    }
}

#[tokio::test]
async fn a_server_without_tags_is_asked_by_its_date() {
    let visit = Visit::lied_to(WebLie::LastModified(DATE.to_owned())).await;
    let known = known(&visit).await;
    assert!(visit.open(Some(&known)).await.unwrap().is_none());
    assert_eq!(conditions(&visit), [(None, Some(DATE.to_owned()))]);
}

#[tokio::test]
async fn a_date_ahead_of_the_servers_clock_is_not_relied_on() {
    let ahead = "Sat, 21 Nov 2500 12:00:00 GMT".to_owned();
    let visit = Visit::lied_to(WebLie::LastModified(ahead)).await;
    let known = known(&visit).await;
    assert!(known.is_empty());
    visit.replace("apiVersion: v2");
    let changed = visit.open(Some(&known)).await.unwrap().unwrap();
    assert_eq!(changed.collect().await.unwrap(), "apiVersion: v2");
}
