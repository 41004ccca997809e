//! What a repository's messages say, and what they never say.

use portolan_auth::{Access, Credential};
use portolan_fetch::FetchError;
use portolan_kit::WebLie;
use portolan_reference::{Algorithm, Digest};

use crate::errand::chain;
use crate::visit::{PATH, Visit};

/// Stands for every secret.
const CANARY: &str = "hunter2";

/// What comes of asking for the index of a repository in whose URL every place that can hold a secret
/// does.
async fn refused(visit: &Visit) -> FetchError {
    let url = visit
        .server
        .url(&format!("/charts?sig={CANARY}"))
        .replace("://", &format!("://bob:{CANARY}@"));
    let access = Access::new("team", Some(Credential::basic("alice", CANARY)));
    let remote = portolan_fetch::IndexRemote::new(url.parse().unwrap(), access);
    assert!(!format!("{remote:?}").contains(CANARY));
    match visit.repository().index(&remote, None).await {
        Err(error) => error,
        Ok(portolan_fetch::IndexAnswer::Modified(download)) => {
            assert!(!format!("{download:?}").contains(CANARY));
            download.collect().await.unwrap_err()
        }
        Ok(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn no_message_tells_a_secret() {
    let elsewhere = format!("http://bob:{CANARY}@127.0.0.1:1/?sig={CANARY}");
    let nowhere = format!("ftp://bob:{CANARY}@e.example/?sig={CANARY}");
    let redirect = |to: &str| WebLie::Redirect {
        status: 302,
        to: to.to_owned(),
    };
    let busy = WebLie::TooManyRequests { retry_after: None };
    for lie in [
        WebLie::Status(401),
        WebLie::Status(403),
        WebLie::Status(404),
        WebLie::Status(418),
        WebLie::HangUp,
        WebLie::Cut { sixteenths: 8 },
        WebLie::GzipTwice,
        WebLie::Encoding("br".to_owned()),
        redirect(&elsewhere),
        redirect(&nowhere),
        busy,
    ] {
        let told = format!("{lie:?}");
        let error = refused(&Visit::lied_to(lie).await).await;
        let words = format!("{} {error:?}", chain(&error));
        assert!(!words.contains(CANARY), "{told}: {words}");
    }
}

#[tokio::test]
async fn a_refusal_reads_as_helm_puts_it() {
    for (status, words) in [
        (401, "401 Unauthorized"),
        (403, "403 Forbidden"),
        (404, "404 Not Found"),
        (410, "410 Gone"),
        (503, "503 Service Unavailable"),
    ] {
        let visit = Visit::lied_to(WebLie::Status(status)).await;
        let error = visit.open(None).await.unwrap_err();
        let url = visit.server.url(PATH);
        assert_eq!(
            error.to_string(),
            format!("failed to fetch {url} : {words}")
        );
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(error.is_denied(), matches!(status, 401 | 403));
        if status != 401 {
            let said = "the kit says no";
            assert_eq!(chain(&error), format!("{error}: {said}"));
        }
    }
}

#[tokio::test]
async fn a_query_is_asked_for_and_not_told() {
    let visit = Visit::begin().await;
    let signed = visit.server.url(&format!("/none?sig={CANARY}"));
    let digest = Digest::of(Algorithm::Sha256, b"");
    let url = signed.parse().unwrap();
    let source = visit.repository().source(&url, &digest).await.unwrap_err();
    let chart = visit.chart(&signed).await.unwrap_err();
    let shown = visit.server.url("/none?[redacted]");
    for error in [source, chart] {
        let words = format!("failed to fetch {shown} : 404 Not Found");
        assert_eq!(error.to_string(), words);
    }
    let requests = visit.server.requests();
    assert!(
        requests
            .iter()
            .all(|seen| seen.query == format!("sig={CANARY}"))
    );
}

#[tokio::test]
async fn what_an_index_names_is_told_without_its_secrets() {
    let visit = Visit::begin().await;
    let reference = format!("ftp://u:{CANARY}@e.example/x?sig={CANARY}");
    let words = chain(&visit.chart(&reference).await.unwrap_err());
    assert_eq!(
        words,
        "the chart cannot be fetched: `ftp://e.example/x?[redacted]` is not the URL of a chart: \
         its scheme `ftp` is none of `https`, `http`"
    );
}
