//! Downloads that break, stall and change; and when they are asked for again.

use std::time::Duration;

use portolan_fetch::FetchError;
use portolan_kit::WebLie;
use portolan_reference::{Algorithm, Digest};
use tokio::task::JoinSet;

use crate::visit::{INDEX, PATH, Visit, drain, long_index};

/// The times between one request and the next.
fn pauses(visit: &Visit) -> Vec<Duration> {
    let times: Vec<_> = visit.server.requests().iter().map(|seen| seen.at).collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

async fn check_cut(lie: WebLie, index: Vec<u8>) {
    let told = format!("{lie:?}");
    let visit = Visit::lied_to(lie).await;
    visit.replace(index.clone());
    let (content, end) = drain(*visit.open(None).await.unwrap().unwrap()).await;
    assert!(index.starts_with(&content), "{told}");
    match end {
        Err(error @ FetchError::Transport { .. }) => assert!(error.is_transient()),
        other => panic!("{told}: {other:?}"),
    }
    assert_eq!(visit.requests(), 3, "{told}");
}

#[tokio::test]
async fn wherever_it_breaks_off_what_comes_out_is_a_beginning_and_then_an_error() {
    let index = long_index(200_000);
    let mut checks = JoinSet::new();
    for sixteenths in 0..16 {
        for lie in [
            WebLie::Cut { sixteenths },
            WebLie::CutInChunks { sixteenths },
        ] {
            checks.spawn(check_cut(lie, index.clone()));
        }
    }
    assert_eq!(checks.join_all().await.len(), 32);
}

#[tokio::test]
async fn what_breaks_off_once_goes_on_where_it_was() {
    let index = long_index(200_000);
    for compressed in [false, true] {
        let visit = Visit::begin().await;
        visit.replace(index.clone());
        if compressed {
            visit.server.compress();
        }
        for sixteenths in [9, 4] {
            visit.server.tell_times(PATH, WebLie::Cut { sixteenths }, 1);
        }
        assert!(
            visit.index().await.unwrap() == index,
            "compressed: {compressed}"
        );
    }
}

#[tokio::test]
async fn what_is_replaced_while_it_is_broken_off_is_no_mixture() {
    let visit = Visit::begin().await;
    let index = long_index(200_000);
    visit.replace(index.clone());
    visit
        .server
        .tell_times(PATH, WebLie::Cut { sixteenths: 8 }, 1);
    let mut download = visit.open(None).await.unwrap().unwrap();
    let mut taken = 0;
    while taken < 100_000 {
        taken += download.chunk().await.unwrap().unwrap().len();
    }
    let mut other = index;
    other[10] ^= 1;
    for replacement in [other, b"apiVersion: v2".to_vec()] {
        visit.replace(replacement);
    }
    match download.chunk().await {
        Err(error @ FetchError::Changed(_)) => assert!(error.is_transient()),
        other => panic!("{other:?}"),
    }
    let after = download.chunk().await;
    assert!(matches!(after, Err(FetchError::GivenUp(_))), "{after:?}");
}

#[tokio::test]
async fn one_byte_that_differs_before_the_break_is_enough() {
    let visit = Visit::begin().await;
    let index = long_index(200_000);
    visit.replace(index.clone());
    visit
        .server
        .tell_times(PATH, WebLie::Cut { sixteenths: 8 }, 1);
    let mut download = visit.open(None).await.unwrap().unwrap();
    let mut taken = 0;
    while taken < 100_000 {
        taken += download.chunk().await.unwrap().unwrap().len();
    }
    let mut other = index;
    other[50_000] ^= 1;
    visit.replace(other);
    let result = download.chunk().await;
    assert!(matches!(result, Err(FetchError::Changed(_))), "{result:?}");
}

#[tokio::test]
async fn a_source_that_breaks_off_is_judged_from_its_first_byte() {
    let visit = Visit::begin().await;
    let content = long_index(200_000);
    let digest = Digest::of(Algorithm::Sha256, &content);
    visit.replace(content.clone());
    visit
        .server
        .tell_times(PATH, WebLie::Cut { sixteenths: 8 }, 2);
    let url = visit.server.url(PATH).parse().unwrap();
    let source = visit.repository().source(&url, &digest).await.unwrap();
    assert!(source.collect().await.unwrap() == content);
    assert_eq!(visit.requests(), 3);
}

#[tokio::test]
async fn a_server_error_is_met_three_times_with_growing_waits() {
    for lie in [WebLie::Status(503), WebLie::Status(500), WebLie::HangUp] {
        let visit = Visit::lied_to(lie).await;
        let error = visit.index().await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        let pauses = pauses(&visit);
        assert_eq!(pauses.len(), 2, "{pauses:?}");
        assert!(pauses[0] >= Duration::from_millis(50), "{pauses:?}");
        assert!(pauses[1] >= Duration::from_millis(100), "{pauses:?}");
    }
}

#[tokio::test]
async fn a_server_error_that_passes_is_passed() {
    let visit = Visit::begin().await;
    visit.server.tell_times(PATH, WebLie::Status(502), 1);
    visit.server.tell_times(PATH, WebLie::HangUp, 1);
    assert_eq!(visit.index().await.unwrap(), INDEX);
    assert_eq!(visit.requests(), 3);
}

#[tokio::test]
async fn breaks_and_refusals_are_three_requests_together() {
    let visit = Visit::begin().await;
    visit.replace(long_index(200_000));
    visit.server.tell_times(PATH, WebLie::Status(503), 1);
    visit.server.tell(PATH, WebLie::Cut { sixteenths: 8 });
    let (_, end) = drain(*visit.open(None).await.unwrap().unwrap()).await;
    assert!(end.is_err());
    assert_eq!(visit.requests(), 3);
}

#[tokio::test]
async fn what_will_not_pass_is_met_once() {
    for status in [400, 403, 404, 405, 410, 418] {
        let visit = Visit::lied_to(WebLie::Status(status)).await;
        let error = visit.index().await.unwrap_err();
        assert_eq!(error.status().unwrap(), status);
        assert!(!error.is_transient(), "{error:?}");
        assert_eq!(visit.requests(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_server_that_asks_for_half_a_minute_is_left_alone() {
    let busy = WebLie::TooManyRequests {
        retry_after: Some("30".to_owned()),
    };
    let visit = Visit::lied_to(busy).await;
    visit.server.put("/charts/x.tgz", "application/gzip", "x");
    for _ in 0..3 {
        for result in [visit.index().await.err(), visit.chart("x.tgz").await.err()] {
            let error = result.unwrap();
            assert!(matches!(error, FetchError::RateLimited { .. }), "{error:?}");
            let asked = error.retry_after().unwrap().as_secs_f64();
            assert!((28.0..=30.0).contains(&asked), "{asked}");
        }
    }
    assert_eq!(visit.requests(), 1, "no request before its time");
}

#[tokio::test]
async fn a_server_that_asks_for_a_second_gets_it() {
    let visit = Visit::begin().await;
    let busy = WebLie::TooManyRequests {
        retry_after: Some("1".to_owned()),
    };
    visit.server.tell_times(PATH, busy, 1);
    assert_eq!(visit.index().await.unwrap(), INDEX);
    let pauses = pauses(&visit);
    assert_eq!(pauses.len(), 1);
    assert!(pauses[0] >= Duration::from_secs(1), "{pauses:?}");
}

#[tokio::test]
async fn a_server_that_falls_silent_is_asked_again() {
    let visit = Visit::begin().await.waiting(Duration::from_millis(400));
    let index = long_index(200_000);
    visit.replace(index.clone());
    visit.server.tell_times(PATH, WebLie::StallMidBody, 1);
    let result = visit.index().await;
    // Which of the two clocks of equal length runs out first is not for this test.
    match result {
        Ok(content) => assert!(content == index),
        Err(error) => assert!(matches!(error, FetchError::TooSlow { .. }), "{error:?}"),
    }
}

#[tokio::test]
async fn an_index_that_drips_is_given_up_after_its_time() {
    let drip = WebLie::SlowDrip {
        bytes: 1,
        pause: Duration::from_millis(100),
    };
    let mut visit = Visit::lied_to(drip).await;
    visit.limits.body_timeout = Duration::from_secs(1);
    let error = visit.index().await.unwrap_err();
    assert!(matches!(error, FetchError::TooSlow { .. }), "{error:?}");
    assert_eq!(visit.requests(), 1);
}

#[tokio::test]
async fn a_server_that_is_down_is_a_passing_failure() {
    let visit = Visit::begin().await;
    visit.server.stop();
    let error = visit.index().await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    visit.server.start_again();
    assert_eq!(visit.index().await.unwrap(), INDEX);
}
