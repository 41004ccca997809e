//! When a request is made again, and when not.

use std::net::SocketAddr;
use std::time::Duration;

use portolan_auth::Access;
use portolan_fetch::{FetchError, Limits, Remote};
use portolan_kit::{Lie, Target};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::errand::{Errand, chain};

const MANIFESTS: Target = Target::Manifests;

#[tokio::test]
async fn a_server_error_is_met_three_times_with_growing_waits() {
    for status in [500, 502, 503, 504] {
        let errand = Errand::begin().await;
        errand.registry.tell(Lie::Status {
            at: MANIFESTS,
            status,
            times: Lie::ALWAYS,
        });
        let error = errand.pin("1.0.0").await.unwrap_err();
        assert_eq!(error.status().unwrap(), status);
        assert!(error.is_transient(), "{error:?}");
        let pauses = errand.pauses();
        assert_eq!(pauses.len(), 2, "three requests: {pauses:?}");
        assert!(pauses[0] >= Duration::from_millis(50), "{pauses:?}");
        assert!(pauses[1] >= Duration::from_millis(100), "{pauses:?}");
    }
}

async fn check_passes(lie: Lie, patience: Duration) {
    let mut errand = Errand::begin().await;
    errand.patience = patience;
    let told = format!("{lie:?}");
    errand.registry.tell(lie);
    let pulled = errand.pull("1.0.0").await;
    assert!(pulled.is_ok(), "{told}: {pulled:?}");
}

#[tokio::test]
async fn what_passes_is_passed() {
    let (at, times) = (MANIFESTS, 2);
    for lie in [
        Lie::Status {
            at: Target::Everything,
            status: 503,
            times,
        },
        Lie::HangUp { at, times },
        Lie::Reset { at, times },
        Lie::Cut {
            at,
            sixteenths: 8,
            times,
        },
    ] {
        check_passes(lie, Duration::from_secs(10)).await;
    }
}

#[tokio::test]
async fn a_registry_that_falls_silent_once_is_asked_again() {
    let (at, times) = (MANIFESTS, 1);
    for lie in [
        Lie::StallBeforeHeaders { at, times },
        Lie::StallMidBody { at, times },
    ] {
        check_passes(lie, Duration::from_millis(400)).await;
    }
}

#[tokio::test]
async fn what_will_not_pass_is_met_once() {
    for status in [400, 403, 404, 405, 410, 418] {
        let errand = Errand::begin().await;
        errand.registry.tell(Lie::Status {
            at: MANIFESTS,
            status,
            times: Lie::ALWAYS,
        });
        let error = errand.pin("1.0.0").await.unwrap_err();
        assert_eq!(error.status().unwrap(), status);
        assert!(!error.is_transient(), "{error:?}");
        assert_eq!(errand.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_registry_that_is_down_is_a_passing_failure() {
    let errand = Errand::begin().await;
    errand.registry.stop();
    let error = errand.pin("1.0.0").await.unwrap_err();
    assert!(matches!(error, FetchError::Transport { .. }), "{error:?}");
    assert!(error.is_transient(), "{error:?}");
    errand.registry.start_again();
    errand.pull("1.0.0").await.unwrap();
}

#[tokio::test]
async fn a_registry_that_asks_for_half_a_minute_is_left_alone() {
    let errand = Errand::begin().await;
    let retry_after = Some("30".to_owned());
    errand.registry.tell(Lie::TooManyRequests {
        at: MANIFESTS,
        retry_after,
        times: 1,
    });
    let oci = errand.oci();
    for _ in 0..3 {
        let error = oci.digest(&errand.remote(), "1.0.0").await.unwrap_err();
        assert!(matches!(error, FetchError::RateLimited { .. }), "{error:?}");
        let asked = error.retry_after().unwrap().as_secs_f64();
        assert!((28.0..=30.0).contains(&asked), "{asked}");
    }
    assert_eq!(
        errand.asked().len(),
        1,
        "no request before its time: {:?}",
        errand.asked()
    );
}

#[tokio::test]
async fn a_registry_that_asks_for_a_second_gets_it() {
    let errand = Errand::begin().await;
    let retry_after = Some("1".to_owned());
    errand.registry.tell(Lie::TooManyRequests {
        at: MANIFESTS,
        retry_after,
        times: 1,
    });
    errand.pin("1.0.0").await.unwrap();
    let pauses = errand.pauses();
    assert_eq!(pauses.len(), 1);
    assert!(pauses[0] >= Duration::from_secs(1), "{pauses:?}");
}

#[tokio::test]
async fn a_registry_that_never_relents_is_asked_three_times_at_most() {
    let errand = Errand::begin().await;
    let retry_after = Some("1".to_owned());
    errand.registry.tell(Lie::TooManyRequests {
        at: MANIFESTS,
        retry_after,
        times: Lie::ALWAYS,
    });
    let error = errand.pin("1.0.0").await.unwrap_err();
    assert!(matches!(error, FetchError::RateLimited { .. }), "{error:?}");
    assert!(errand.asked().len() <= 3, "{:?}", errand.asked());
    assert!(
        errand
            .pauses()
            .iter()
            .all(|pause| *pause >= Duration::from_secs(1))
    );
}

#[tokio::test]
async fn what_the_registry_says_about_its_trouble_is_passed_on() {
    let errand = Errand::begin().await;
    errand.registry.tell(Lie::Status {
        at: MANIFESTS,
        status: 400,
        times: 1,
    });
    let words = chain(&errand.pin("1.0.0").await.unwrap_err());
    let reference = format!("`{}/charts/podinfo:1.0.0`", errand.registry.address());
    assert!(
        words.starts_with(&format!(
            "{reference}: the registry answered 400 Bad Request: "
        )),
        "{words}"
    );
}

/// A server that says 404, and then a little more every now and then.
async fn talkative() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        // The request comes in one piece; what it says makes no difference.
        assert_ne!(connection.read(&mut [0; 4_096]).await.unwrap(), 0);
        let head = b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n";
        connection.write_all(head).await.unwrap();
        // Ends when nobody listens any more.
        while connection.write_all(b"1\r\n \r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    address
}

#[tokio::test]
async fn an_error_page_that_does_not_end_holds_nobody_up() {
    let mut errand = Errand::begin().await;
    errand.limits = Limits {
        body_timeout: Duration::from_secs(1),
        ..errand.limits
    };
    let repository = format!("{}/charts/podinfo", talkative().await)
        .parse()
        .unwrap();
    let remote = Remote::new(repository, Access::anonymous()).allow_plain_http();
    let begun = Instant::now();
    let error = errand.oci().tags(&remote).await.unwrap_err();
    assert!(matches!(error, FetchError::NotFound { .. }), "{error:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn an_answer_that_drips_is_given_up_after_its_time() {
    for at in [Target::Tags, MANIFESTS] {
        let mut errand = Errand::begin().await;
        errand.limits = Limits {
            body_timeout: Duration::from_secs(1),
            ..errand.limits
        };
        errand.registry.tell(Lie::SlowDrip {
            at,
            bytes: 1,
            pause: Duration::from_millis(100),
        });
        let error = match at {
            Target::Tags => errand.tags().await.unwrap_err(),
            _ => errand.pin("1.0.0").await.unwrap_err(),
        };
        assert!(
            matches!(error, FetchError::TooSlow { .. }),
            "{at:?}: {error:?}"
        );
        assert_eq!(errand.asked().len(), 1);
    }
}
