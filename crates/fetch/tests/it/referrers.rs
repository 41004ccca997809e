//! What refers to a manifest.

use portolan_fetch::{FetchError, Referrers};
use portolan_kit::{Lie, Registry, Target};
use portolan_reference::{Digest, Pin};
use serde_json::json;

use crate::errand::{Errand, REPOSITORY};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// The digest of the chart.
fn subject(errand: &Errand) -> Digest {
    let digest = errand.registry.digest(REPOSITORY, "1.0.0").unwrap();
    digest.parse().unwrap()
}

/// A manifest that refers to the chart, and is told from others by `content`.
fn attach(errand: &Errand, content: &str) -> Digest {
    let subject = subject(errand);
    let bytes = errand.registry.manifest(REPOSITORY, "1.0.0").unwrap();
    let config = errand.registry.push_blob(REPOSITORY, b"{}");
    let layer = errand.registry.push_blob(REPOSITORY, content.as_bytes());
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "artifactType": BUNDLE,
        "config": { "mediaType": EMPTY, "digest": config, "size": 2 },
        "layers": [{
            "mediaType": BUNDLE,
            "digest": layer,
            "size": content.len(),
            "annotations": { "about": content },
        }],
        "subject": { "mediaType": IMAGE, "digest": subject.to_string(), "size": bytes.len() },
        "annotations": { "content": content },
    });
    let manifest = manifest.to_string();
    let digest = errand
        .registry
        .push_manifest(REPOSITORY, None, IMAGE, manifest.as_bytes());
    errand.registry.forget_requests();
    digest.parse().unwrap()
}

/// Keep the list where a client keeps it: under the tag of the chart's digest.
fn tag_list(errand: &Errand, digests: &[&Digest]) {
    let entries: Vec<_> = digests.iter().map(|digest| entry(errand, digest)).collect();
    let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
    let list = list.to_string();
    let tag = tag_of(errand);
    errand
        .registry
        .push_manifest(REPOSITORY, Some(&tag), INDEX, list.as_bytes());
    errand.registry.forget_requests();
}

fn entry(errand: &Errand, digest: &Digest) -> serde_json::Value {
    let bytes = errand.registry.manifest(REPOSITORY, &digest.to_string());
    json!({
        "mediaType": IMAGE,
        "artifactType": BUNDLE,
        "digest": digest.to_string(),
        "size": bytes.unwrap().len(),
    })
}

fn tag_of(errand: &Errand) -> String {
    subject(errand).to_string().replace(':', "-")
}

async fn referrers(errand: &Errand) -> Result<Referrers, FetchError> {
    errand
        .oci()
        .referrers(&errand.remote(), &subject(errand))
        .await
}

/// A registry without the API, and the chart in it.
async fn old() -> Errand {
    Errand::to(Registry::builder().without_referrers().start().await)
}

/// The digests, sorted: a registry lists them in any order.
fn digests(referrers: &Referrers) -> Vec<Digest> {
    let digests = referrers.descriptors().iter();
    let mut digests: Vec<Digest> = digests.map(|found| found.digest().clone()).collect();
    digests.sort_by_key(Digest::to_string);
    digests
}

fn sorted<const N: usize>(mut digests: [Digest; N]) -> [Digest; N] {
    digests.sort_by_key(Digest::to_string);
    digests
}

#[tokio::test]
async fn the_registry_is_asked_what_refers_to_a_digest() {
    let errand = Errand::begin().await;
    let attached = sorted([attach(&errand, "a"), attach(&errand, "b")]);
    let found = referrers(&errand).await.unwrap();
    assert_eq!(digests(&found), attached);
    assert!(!found.is_truncated());
    assert_eq!(found.descriptors()[0].artifact_type(), Some(BUNDLE));
    assert_eq!(
        errand.asked(),
        [format!("GET referrers/{}", subject(&errand))]
    );
    let request = &errand.registry.requests()[0];
    assert_eq!(request.header("accept").unwrap(), INDEX);
}

#[tokio::test]
async fn without_the_api_the_list_is_under_the_tag_of_the_digest() {
    let errand = old().await;
    let attached = sorted([attach(&errand, "a"), attach(&errand, "b")]);
    tag_list(&errand, &[&attached[0], &attached[1]]);
    let found = referrers(&errand).await.unwrap();
    assert_eq!(digests(&found), attached);
    assert_eq!(found.descriptors()[0].artifact_type(), Some(BUNDLE));
    assert_eq!(
        errand.asked(),
        [
            format!("GET referrers/{}", subject(&errand)),
            format!("GET manifests/{}", tag_of(&errand)),
        ]
    );
}

#[tokio::test]
async fn that_there_are_none_is_an_answer() {
    for errand in [Errand::begin().await, old().await] {
        assert_eq!(referrers(&errand).await.unwrap(), Referrers::default());
    }
}

#[tokio::test]
async fn a_referrer_says_what_it_is_and_what_it_is_about() {
    let errand = Errand::begin().await;
    let digest = attach(&errand, "a");
    let (oci, remote) = (errand.oci(), errand.remote());
    let manifest = oci.manifest(&remote, &Pin::Digest(digest)).await.unwrap();
    assert_eq!(manifest.artifact_type(), Some(BUNDLE));
    assert_eq!(manifest.config().media_type(), EMPTY);
    assert_eq!(manifest.subject().unwrap().digest(), &subject(&errand));
    assert_eq!(manifest.annotations()["content"], "a");
    let [layer] = manifest.layers() else {
        panic!("{manifest:?}")
    };
    assert_eq!(layer.annotations()["about"], "a");
    let blob = oci.blob(&remote, layer, 1).await.unwrap();
    assert_eq!(blob.collect().await.unwrap(), "a");

    let chart = Pin::Tag("1.0.0".to_owned());
    let chart = oci.manifest(&remote, &chart).await.unwrap();
    assert_eq!((chart.artifact_type(), chart.subject()), (None, None));
}

#[tokio::test]
async fn a_manifest_that_is_not_there_is_no_error_to_who_looks_for_one() {
    let errand = Errand::begin().await;
    let (oci, remote) = (errand.oci(), errand.remote());
    let signature = format!("{}.sig", tag_of(&errand));
    let tag = Pin::Tag(signature.clone());
    assert_eq!(oci.find_manifest(&remote, &tag).await.unwrap(), None);
    let digest = attach(&errand, "a");
    errand
        .registry
        .move_tag(REPOSITORY, &signature, &digest.to_string());
    let found = oci.find_manifest(&remote, &tag).await.unwrap().unwrap();
    assert_eq!(found.digest(), &digest);

    for status in [401, 403, 500, 503] {
        let (at, times) = (Target::Manifests, Lie::ALWAYS);
        errand.registry.tell(Lie::Status { at, status, times });
        let error = oci.find_manifest(&remote, &tag).await.unwrap_err();
        assert_eq!(error.status().unwrap(), status);
        errand.registry.be_honest();
    }
}
