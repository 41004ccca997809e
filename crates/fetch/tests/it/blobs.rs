//! Blobs, checked while they pass.

use std::time::Duration;

use portolan_auth::Request;
use portolan_fetch::{ChartSource, Descriptor, FetchError, Limits};
use portolan_kit::{Lie, Target};
use portolan_reference::{Algorithm, Digest};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::errand::{Errand, REPOSITORY, drain};

const BLOBS: Target = Target::Blobs;

/// What is wrong when the archive of 2.0.0 is pulled while this lie is told. Nothing is without it,
/// and what comes out before the error is never more than the archive.
async fn failure(lie: Lie) -> FetchError {
    let errand = Errand::begin().await;
    let archive = errand.push_large();
    let told = format!("{lie:?}");
    let charts = errand.charts();
    let pinned = errand.pin("2.0.0").await.unwrap();
    errand.registry.forget_requests();
    errand.registry.tell(lie);
    let error = match charts.open_unchecked(&pinned).await {
        Err(error) => error,
        Ok(blob) => {
            let (_, end) = drain(blob).await;
            match end {
                Err(error) => error,
                Ok(()) => panic!("{told} was believed"),
            }
        }
    };
    assert!(errand.asked().len() <= 3, "{told}: {:?}", errand.asked());
    errand.registry.be_honest();
    assert_eq!(
        errand.pull("2.0.0").await.unwrap(),
        archive,
        "the same without the lie"
    );
    error
}

/// The lie is told once, and the archive arrives all the same.
async fn check_recovers(lie: Lie) {
    let mut errand = Errand::begin().await;
    if matches!(lie, Lie::StallMidBody { .. }) {
        errand.patience = Duration::from_millis(400);
    }
    let archive = errand.push_large();
    let told = format!("{lie:?}");
    errand.registry.tell(lie);
    assert_eq!(errand.pull("2.0.0").await.unwrap(), archive, "{told}");
    assert_eq!(
        errand.asked().len(),
        3,
        "manifest, blob, blob: {:?}",
        errand.asked()
    );
}

/// Sixteen registries, each of which cuts the archive at another sixteenth.
async fn at_every_sixteenth<F: Future<Output = ()> + Send + 'static>(check: impl Fn(u8) -> F) {
    let checks: JoinSet<()> = (0..16).map(check).collect();
    checks.join_all().await;
}

#[tokio::test]
async fn a_blob_cut_anywhere_is_not_accepted() {
    at_every_sixteenth(|sixteenths| async move {
        let (at, times) = (BLOBS, Lie::ALWAYS);
        let error = failure(Lie::Cut {
            at,
            sixteenths,
            times,
        })
        .await;
        assert!(error.is_transient(), "{sixteenths}/16: {error:?}");
    })
    .await;
}

#[tokio::test]
async fn a_blob_cut_anywhere_once_goes_on_where_it_broke() {
    at_every_sixteenth(|sixteenths| async move {
        let (at, times) = (BLOBS, 1);
        check_recovers(Lie::Cut {
            at,
            sixteenths,
            times,
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_blob_whose_connection_fails_once_goes_on_where_it_broke() {
    check_recovers(Lie::ResetMidBody {
        at: BLOBS,
        times: 1,
    })
    .await;
    check_recovers(Lie::StallMidBody {
        at: BLOBS,
        times: 1,
    })
    .await;
    check_recovers(Lie::HangUp {
        at: BLOBS,
        times: 1,
    })
    .await;
}

#[tokio::test]
async fn a_blob_that_goes_on_wrongly_is_not_accepted() {
    let errand = Errand::begin().await;
    errand.push_large();
    let charts = errand.charts();
    let pinned = errand.pin("2.0.0").await.unwrap();
    errand.registry.tell(Lie::Cut {
        at: BLOBS,
        sixteenths: 8,
        times: 1,
    });
    let blob = charts.open_unchecked(&pinned).await.unwrap();
    errand.registry.tell(Lie::WrongBytes { at: BLOBS });
    let (_, end) = drain(blob).await;
    assert!(
        matches!(end, Err(FetchError::DigestMismatch { .. })),
        "{end:?}"
    );
}

#[tokio::test]
async fn wrong_bytes_of_the_right_length_are_a_mismatch_and_asked_for_once() {
    let errand = Errand::begin().await;
    errand.registry.tell(Lie::WrongBytes { at: BLOBS });
    let error = errand.pull("1.0.0").await.unwrap_err();
    assert!(
        matches!(error, FetchError::DigestMismatch { .. }),
        "{error:?}"
    );
    assert_eq!(errand.asked().len(), 2, "{:?}", errand.asked());
    failure(Lie::WrongBytes { at: BLOBS }).await;
}

#[tokio::test]
async fn more_or_fewer_bytes_than_promised_are_not_accepted() {
    for bytes in [1, 1_000_000] {
        let error = failure(Lie::ExtraBytes { at: BLOBS, bytes }).await;
        assert!(
            matches!(error, FetchError::SizeMismatch { .. }),
            "{error:?}"
        );
    }
    failure(Lie::LengthTooShort { at: BLOBS }).await;
    failure(Lie::LengthTooLong { at: BLOBS }).await;
    failure(Lie::EmptyBody { at: BLOBS }).await;
    let login_page = failure(Lie::LoginPage { at: BLOBS }).await;
    assert!(
        matches!(login_page, FetchError::SizeMismatch { .. }),
        "{login_page:?}"
    );
}

#[tokio::test]
async fn a_blob_without_end_is_cut_at_its_size() {
    let error = failure(Lie::Endless { at: BLOBS }).await;
    assert!(
        matches!(error, FetchError::SizeMismatch { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_blob_need_not_tell_its_length() {
    let errand = Errand::begin().await;
    let archive = errand.push_large();
    for lie in [
        Lie::NoLength { at: BLOBS },
        Lie::SecondAnswer { at: BLOBS },
        Lie::WrongDigestHeader { at: BLOBS },
    ] {
        errand.registry.tell(lie);
        assert_eq!(errand.pull("2.0.0").await.unwrap(), archive);
        errand.registry.be_honest();
    }
}

#[tokio::test]
async fn a_blob_that_drips_is_given_up_after_its_time() {
    let mut errand = Errand::begin().await;
    errand.push_large();
    errand.limits = Limits {
        body_timeout: Duration::from_secs(1),
        ..errand.limits
    };
    errand.registry.tell(Lie::SlowDrip {
        at: BLOBS,
        bytes: 1,
        pause: Duration::from_millis(20),
    });
    let begun = Instant::now();
    let error = errand.pull("2.0.0").await.unwrap_err();
    assert!(matches!(error, FetchError::TooSlow { .. }), "{error:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(errand.asked().len(), 2);
}

#[tokio::test]
async fn the_time_the_receiver_takes_is_not_the_registrys() {
    let mut errand = Errand::begin().await;
    let archive = errand.push_large();
    errand.limits = Limits {
        body_timeout: Duration::from_secs(1),
        ..errand.limits
    };
    let charts = errand.charts();
    let pinned = errand.pin("2.0.0").await.unwrap();
    let mut blob = charts.open_unchecked(&pinned).await.unwrap();
    let mut received = 0;
    while let Some(chunk) = blob.chunk().await.unwrap() {
        if received == 0 {
            tokio::time::sleep(Duration::from_millis(1_200)).await;
        }
        received += chunk.len();
    }
    assert_eq!(received, archive.len());
}

#[tokio::test]
async fn a_size_above_the_limit_is_refused_before_anything_is_asked() {
    let mut errand = Errand::begin().await;
    errand.limits = Limits {
        max_chart_bytes: 99,
        ..errand.limits
    };
    errand.pin("1.0.0").await.unwrap();
    errand.registry.forget_requests();
    for size in [100, 1 << 40, i64::MAX.unsigned_abs()] {
        let descriptor = Descriptor::new("x", Digest::of(Algorithm::Sha256, b"x"), size);
        let error = errand
            .oci()
            .blob(&errand.remote(), &descriptor, 99)
            .await
            .unwrap_err();
        assert!(
            matches!(error, FetchError::TooLarge { limit: 99, .. }),
            "{error:?}"
        );
    }
    assert_eq!(errand.asked().len(), 0);
    let error = errand.pull("1.0.0").await.unwrap_err();
    assert!(
        matches!(error, FetchError::TooLarge { limit: 99, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn content_may_be_named_in_every_algorithm() {
    let errand = Errand::begin().await;
    for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
        let digest = Digest::of(algorithm, b"content");
        upload(&errand, &digest, "content").await;
        let descriptor = Descriptor::new("x", digest, 7);
        let blob = errand
            .oci()
            .blob(&errand.remote(), &descriptor, 7)
            .await
            .unwrap();
        assert_eq!(blob.collect().await.unwrap(), "content");
    }
}

/// The kit's own way to store content knows SHA-256 alone; its registry takes what it is told.
async fn upload(errand: &Errand, digest: &Digest, content: &'static str) {
    let url = format!(
        "{}/v2/{REPOSITORY}/blobs/uploads/?digest={digest}",
        errand.registry.url()
    );
    let request = Request::post(url.parse().unwrap(), content.into());
    let answer = errand.transport().send(request).await.unwrap();
    assert_eq!(answer.status(), 201);
}

#[tokio::test]
async fn an_empty_blob_is_a_blob() {
    let errand = Errand::begin().await;
    errand.registry.push_blob(REPOSITORY, b"");
    let descriptor = Descriptor::new("x", Digest::of(Algorithm::Sha256, b""), 0);
    let blob = errand
        .oci()
        .blob(&errand.remote(), &descriptor, 0)
        .await
        .unwrap();
    assert_eq!(drain(blob).await.0, b"");
}

#[tokio::test]
async fn a_blob_that_is_gone_is_said_to_be_missing() {
    let errand = Errand::begin().await;
    let pinned = errand.pin("1.0.0").await.unwrap();
    errand
        .registry
        .delete_blob(REPOSITORY, &pinned.layer().digest().to_string());
    let error = errand.pull("1.0.0").await.unwrap_err();
    assert!(matches!(error, FetchError::NotFound { .. }), "{error:?}");
}
