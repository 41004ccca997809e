//! Manifests.
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>

use hyper::{Method, Response, StatusCode, header};
use serde_json::Value;

use super::backend::Backend;
use super::content::{Content, Manifest};
use super::names::{is_digest, is_tag};
use super::refusal::Refusal;
use crate::digest::digest_like;
use crate::response::{created, empty, value};
use crate::server::{Body, Call};

/// The largest manifest taken, in bytes, as in the CNCF's registry.
const MAX_MANIFEST_BYTES: usize = 4 << 20;

/// The media type of an image index, and so of a list of referrers.
pub(crate) const INDEX_MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";

/// The media type of an image manifest.
pub(crate) const MANIFEST_MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

type Answered = Result<Response<Body>, Refusal>;

impl Backend {
    pub(super) fn manifest(&self, call: &Call, repository: &str, reference: &str) -> Answered {
        match call.method {
            Method::GET | Method::HEAD => self.get_manifest(call, repository, reference),
            Method::PUT => self.put_manifest(call, repository, reference),
            Method::DELETE if self.settings.deletes => self.delete_manifest(repository, reference),
            _ => Err(Refusal::method()),
        }
    }

    fn get_manifest(&self, call: &Call, repository: &str, reference: &str) -> Answered {
        let manifest = self
            .find_manifest(call, repository, reference)
            .ok_or_else(unknown_manifest)?;
        if !is_acceptable(call, &manifest.media_type) {
            return Err(Refusal::missing(
                "MANIFEST_UNKNOWN",
                format!("the Accept header does not admit {}", manifest.media_type),
            ));
        }
        let mut response = Response::new(Body::whole(manifest.bytes));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, value(&manifest.media_type));
        headers.insert("docker-content-digest", value(&manifest.digest));
        headers.insert(header::ETAG, value(&format!("\"{}\"", manifest.digest)));
        Ok(response)
    }

    fn put_manifest(&self, call: &Call, repository: &str, reference: &str) -> Answered {
        if call.body.len() > MAX_MANIFEST_BYTES {
            return Err(Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "SIZE_INVALID",
                "the manifest is too large",
            ));
        }
        let media_type = call.header("content-type").unwrap_or(MANIFEST_MEDIA_TYPE);
        let mut manifest = Manifest::new(media_type, call.body.clone());
        let tag = if is_digest(reference) {
            manifest.digest = digest_like(reference, &manifest.bytes)
                .filter(|digest| digest == reference)
                .ok_or_else(|| Refusal::bad("DIGEST_INVALID", "not the digest of the manifest"))?;
            None
        } else if is_tag(reference) {
            Some(reference)
        } else {
            return Err(Refusal::bad("TAG_INVALID", "not a tag"));
        };
        let json: Value = serde_json::from_slice(&manifest.bytes)
            .map_err(|_| Refusal::bad("MANIFEST_INVALID", "the manifest is not JSON"))?;
        let mut content = self.content();
        check_parts(&content, repository, &json)?;
        let digest = manifest.digest.clone();
        content
            .repository_mut(repository)
            .add_manifest(manifest, tag);
        let mut response = created(&format!("/v2/{repository}/manifests/{digest}"), &digest);
        if let Some(subject) = json["subject"]["digest"].as_str()
            && self.settings.referrers
        {
            response.headers_mut().insert("oci-subject", value(subject));
        }
        Ok(response)
    }

    fn delete_manifest(&self, repository: &str, reference: &str) -> Answered {
        let mut content = self.content();
        let repository = content.repository_mut(repository);
        let there = if is_digest(reference) {
            repository.remove_manifest(reference)
        } else {
            repository.tags.remove(reference).is_some()
        };
        there
            .then(|| empty(StatusCode::ACCEPTED))
            .ok_or_else(unknown_manifest)
    }
}

/// Everything that a manifest points at has to be there already.
fn check_parts(content: &Content, repository: &str, json: &Value) -> Result<(), Refusal> {
    let layers = json["layers"].as_array().into_iter().flatten();
    // What is fetched from elsewhere is not pushed.
    let layers = layers.filter(|layer| layer["urls"].as_array().is_none_or(Vec::is_empty));
    for blob in layers.chain(json.get("config")) {
        let digest = blob["digest"].as_str().unwrap_or_default();
        if content.blob(repository, digest).is_none() {
            return Err(Refusal::missing(
                "MANIFEST_BLOB_UNKNOWN",
                format!("the manifest names a blob that is not here: {digest}"),
            ));
        }
    }
    for manifest in json["manifests"].as_array().into_iter().flatten() {
        let digest = manifest["digest"].as_str().unwrap_or_default();
        let there = content
            .repository(repository)
            .is_some_and(|repository| repository.manifests.contains_key(digest));
        if !there {
            return Err(Refusal::missing(
                "MANIFEST_BLOB_UNKNOWN",
                format!("the index names a manifest that is not here: {digest}"),
            ));
        }
    }
    Ok(())
}

/// Whether the client takes this media type. Without an `Accept` header it takes everything.
fn is_acceptable(call: &Call, media_type: &str) -> bool {
    let mut headers = call.headers.get_all(header::ACCEPT).iter().peekable();
    if headers.peek().is_none() {
        return true;
    }
    headers
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim())
        .any(|range| matches!(range, "*/*" | "application/*") || range == media_type)
}

fn unknown_manifest() -> Refusal {
    Refusal::missing("MANIFEST_UNKNOWN", "manifest unknown")
}
