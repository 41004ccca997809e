//! A web server that lies, one lie at a time.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use hyper::StatusCode;
use portolan_kit::{WebLie, WebServer};

use crate::client::{Answer, get};

const PATH: &str = "/index.yaml";
const INDEX: &str = "apiVersion: v1\nentries: {}\n";

async fn server() -> WebServer {
    let web = WebServer::start().await;
    web.put(PATH, "text/yaml", INDEX);
    web
}

/// The answer to who is told this lie.
async fn told(lie: WebLie) -> Answer {
    let web = server().await;
    web.tell(PATH, lie);
    get(web.url(PATH)).send().await
}

fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    MultiGzDecoder::new(bytes)
        .read_to_end(&mut content)
        .expect("what comes is gzip");
    content
}

#[tokio::test]
async fn a_lie_is_about_one_path_and_ends_when_it_was_told_often_enough() {
    let web = server().await;
    web.put("/other", "text/plain", "");
    web.tell_times(PATH, WebLie::Status(503), 2);
    let mut statuses = Vec::new();
    for path in [PATH, "/other", PATH, PATH] {
        statuses.push(get(web.url(path)).send().await.status.as_u16());
    }
    assert_eq!(statuses, [503, 200, 503, 200]);
    web.tell(PATH, WebLie::HangUp);
    assert!(get(web.url(PATH)).try_send().await.is_err());
    web.be_honest();
    assert_eq!(get(web.url(PATH)).send().await.bytes(), INDEX);
}

#[tokio::test]
async fn what_is_told_in_place_of_an_answer() {
    let busy = told(WebLie::TooManyRequests {
        retry_after: Some("30".to_owned()),
    })
    .await;
    assert_eq!(busy.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(busy.header("retry-after"), "30");
    let page = told(WebLie::LoginPage).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-type").starts_with("text/html"));
    let moved = told(WebLie::Redirect {
        status: 307,
        to: "https://evil.example/".to_owned(),
    })
    .await;
    assert_eq!(moved.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(moved.header("location"), "https://evil.example/");
    let unasked = told(WebLie::NotModified).await;
    assert_eq!(unasked.status, StatusCode::NOT_MODIFIED);
    let streamed = told(WebLie::Streamed { bytes: 100_000 }).await;
    assert_eq!(streamed.optional_header("content-length"), None);
    assert!(streamed.bytes().len() >= 100_000);
}

#[tokio::test]
async fn what_is_said_of_tags_and_dates() {
    let web = server().await;
    let ask = async |condition: &str, known: &str| {
        get(web.url(PATH)).header(condition, known).send().await
    };
    let tag = get(web.url(PATH)).send().await.header("etag").to_owned();
    web.tell(PATH, WebLie::OtherTagInNotModified);
    let known = ask("if-none-match", &tag).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    assert_ne!(known.header("etag"), tag);

    web.put(PATH, "text/yaml", "apiVersion: v2");
    assert_eq!(ask("if-none-match", &tag).await.bytes(), "apiVersion: v2");
    web.tell(PATH, WebLie::FirstTag);
    let stale = ask("if-none-match", &tag).await;
    assert_eq!(stale.status, StatusCode::NOT_MODIFIED);
    web.tell(PATH, WebLie::IgnoresConditions);
    let ignoring = ask("if-none-match", &tag).await;
    assert_eq!(
        (ignoring.status, ignoring.header("etag")),
        (StatusCode::OK, &*tag)
    );

    let odd = told(WebLie::Tag("*".to_owned())).await;
    assert_eq!(odd.header("etag"), "*");
    let date = "Sat, 21 Nov 2026 12:00:00 GMT";
    web.be_honest();
    web.tell(PATH, WebLie::LastModified(date.to_owned()));
    let dated = ask("if-modified-since", date).await;
    assert_eq!(dated.status, StatusCode::NOT_MODIFIED);
    assert_eq!(dated.optional_header("etag"), None);
}

#[tokio::test]
async fn what_is_compressed_and_how_badly() {
    let gzip = told(WebLie::Gzip).await;
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert_eq!(inflated(&gzip.bytes()), INDEX.as_bytes());
    let twice = told(WebLie::GzipTwice).await;
    assert_eq!(inflated(&inflated(&twice.bytes())), INDEX.as_bytes());
    let cut = told(WebLie::GzipCut).await.bytes();
    assert_eq!(cut, gzip.bytes()[..cut.len()]);
    assert!(cut.len() < gzip.bytes().len());
    let plain = told(WebLie::Encoding("gzip".to_owned())).await;
    assert_eq!(
        (plain.header("content-encoding"), plain.bytes()),
        ("gzip", INDEX.into())
    );
    let bomb = told(WebLie::GzipBomb { bytes: 1 << 20 }).await;
    assert!(bomb.bytes().len() < 4_096);
    assert_eq!(inflated(&bomb.bytes()).len(), 1 << 20);
}

#[tokio::test]
async fn who_accepts_gzip_gets_it_from_who_compresses() {
    let web = server().await;
    web.compress();
    let plain = get(web.url(PATH)).send().await;
    assert_eq!(plain.bytes(), INDEX);
    let gzip = get(web.url(PATH))
        .header("accept-encoding", "gzip")
        .send()
        .await;
    assert_eq!(inflated(&gzip.bytes()), INDEX.as_bytes());
    let tag = gzip.header("etag");
    assert_eq!(tag, format!("W/{}", plain.header("etag")));
    let known = get(web.url(PATH)).header("if-none-match", tag).send().await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn what_breaks_off() {
    for lie in [
        WebLie::Cut { sixteenths: 8 },
        WebLie::CutInChunks { sixteenths: 8 },
    ] {
        let cut = told(lie.clone()).await;
        assert!(cut.body.is_err(), "{lie:?}");
        let counted = cut.optional_header("content-length").is_some();
        assert_eq!(counted, lie == WebLie::Cut { sixteenths: 8 });
    }
}

#[tokio::test]
async fn a_login_is_asked_for_and_counted() {
    let web = server().await;
    web.require_login("alice", "sesame");
    let nobody = get(web.url(PATH)).send().await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    assert!(nobody.header("www-authenticate").starts_with("Basic "));
    // `alice:sesame`, and `alice:x`
    for (shown, status) in [("YWxpY2U6c2VzYW1l", 200), ("YWxpY2U6eA==", 401)] {
        let request = get(web.url(PATH)).header("authorization", &format!("Basic {shown}"));
        assert_eq!(request.send().await.status.as_u16(), status);
    }
    assert_eq!(web.logins(), 2);
}
