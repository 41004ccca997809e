//! What a tag points to, by `HEAD`.

use portolan_fetch::FetchError;
use portolan_kit::{Lie, Target};

use crate::errand::{Errand, REPOSITORY};

/// The digest is found, with these requests.
async fn check(lies: &[Lie], asked: &[&str]) {
    let errand = Errand::begin().await;
    for lie in lies {
        errand.registry.tell(lie.clone());
    }
    let digest = errand
        .oci()
        .digest(&errand.remote(), "1.0.0")
        .await
        .unwrap();
    assert_eq!(
        digest.to_string(),
        errand.registry.digest(REPOSITORY, "1.0.0").unwrap(),
        "{lies:?}"
    );
    assert_eq!(errand.asked(), asked, "{lies:?}");
}

const HEAD: &str = "HEAD manifests/1.0.0";
const GET: &str = "GET manifests/1.0.0";

#[tokio::test]
async fn one_head_request_is_enough() {
    check(&[], &[HEAD]).await;
}

#[tokio::test]
async fn where_head_is_refused_the_manifest_is_hashed() {
    check(&[Lie::HeadStatus(404)], &[HEAD, GET]).await;
    check(&[Lie::HeadStatus(405)], &[HEAD, GET]).await;
    check(&[Lie::HeadStatus(401)], &[HEAD, GET]).await;
}

#[tokio::test]
async fn where_the_digest_is_not_told_the_manifest_is_hashed() {
    check(
        &[Lie::NoDigestHeader {
            at: Target::Manifests,
        }],
        &[HEAD, GET],
    )
    .await;
}

#[tokio::test]
async fn a_head_that_fails_otherwise_is_not_followed_by_a_get() {
    let errand = Errand::begin().await;
    errand.registry.tell(Lie::HeadStatus(403));
    let error = errand
        .oci()
        .digest(&errand.remote(), "1.0.0")
        .await
        .unwrap_err();
    assert!(error.is_denied(), "{error:?}");
    assert_eq!(errand.asked(), [HEAD]);
}

#[tokio::test]
async fn a_head_that_lies_is_found_out_when_its_digest_is_fetched() {
    let errand = Errand::begin().await;
    errand.registry.tell(Lie::WrongDigestHeader {
        at: Target::Manifests,
    });
    let digest = errand
        .oci()
        .digest(&errand.remote(), "1.0.0")
        .await
        .unwrap();
    errand.registry.be_honest();
    let pin = portolan_reference::Pin::Digest(digest);
    let error = errand
        .oci()
        .manifest(&errand.remote(), &pin)
        .await
        .unwrap_err();
    assert!(matches!(error, FetchError::NotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn an_index_has_a_digest_too() {
    let errand = Errand::begin().await;
    errand.registry.tell(Lie::ImageIndex);
    let told = errand
        .oci()
        .digest(&errand.remote(), "1.0.0")
        .await
        .unwrap();
    errand.registry.tell(Lie::HeadStatus(405));
    let hashed = errand
        .oci()
        .digest(&errand.remote(), "1.0.0")
        .await
        .unwrap();
    assert_eq!(told, hashed);
}
