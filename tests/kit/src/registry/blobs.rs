//! Blobs: reading, and taking them in.
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs>

use bytes::Bytes;
use hyper::{Method, Response, StatusCode, header};

use super::backend::Backend;
use super::guard::Need;
use super::names::is_digest;
use super::refusal::Refusal;
use crate::digest::digest_like;
use crate::lie::Lie;
use crate::response::{at, created, empty, part, value};
use crate::server::{Body, Call};

type Answered = Result<Response<Body>, Refusal>;

impl Backend {
    pub(super) fn blob(&self, call: &Call, repository: &str, digest: &str) -> Answered {
        if !is_digest(digest) {
            return Err(Refusal::bad("DIGEST_INVALID", "not a digest"));
        }
        match call.method {
            Method::GET | Method::HEAD => {
                let blob = self.content().blob(repository, digest);
                let blob = blob.ok_or_else(unknown_blob)?;
                if self.told.has(&Lie::RangeIgnored) {
                    let whole = Response::new(Body::whole(blob));
                    return Ok(blob_headers(whole, digest));
                }
                Ok(serve_blob(call, digest, &blob))
            }
            Method::DELETE if self.settings.deletes => {
                if !self.content().remove_blob(repository, digest) {
                    return Err(unknown_blob());
                }
                Ok(empty(StatusCode::ACCEPTED))
            }
            _ => Err(Refusal::method()),
        }
    }

    /// `POST …/blobs/uploads/`: begin an upload, take a whole blob, or mount one.
    pub(super) fn begin_upload(&self, call: &Call, repository: &str) -> Answered {
        if call.method != Method::POST {
            return Err(Refusal::method());
        }
        if let Some(digest) = call.parameter("digest") {
            return self.take_blob(repository, &digest, call.body.clone());
        }
        if let (Some(digest), Some(from)) = (call.parameter("mount"), call.parameter("from"))
            && self.may_mount(call, &from)
            && self.content().blob(&from, &digest).is_some()
        {
            self.content().link_blob(repository, &digest);
            return Ok(created(
                &format!("/v2/{repository}/blobs/{digest}"),
                &digest,
            ));
        }
        let id = self.content().begin_upload(repository);
        let location = self.upload_location(repository, &id);
        Ok(upload_status(StatusCode::ACCEPTED, &location, &id, 0))
    }

    /// Mounting is a way of reading the other repository.
    fn may_mount(&self, call: &Call, from: &str) -> bool {
        let need = Need {
            repository: from,
            action: "pull",
        };
        let terms = self.terms();
        self.settings.mounts && self.guard().check(call, Some(need), &terms).is_ok()
    }

    /// `PATCH`, `PUT`, `GET` and `DELETE` of an upload under way.
    pub(super) fn upload(&self, call: &Call, repository: &str, id: &str) -> Answered {
        let location = self.upload_location(repository, id);
        let mut content = self.content();
        let so_far = content
            .upload(repository, id)
            .ok_or_else(|| Refusal::missing("BLOB_UPLOAD_UNKNOWN", "upload unknown to registry"))?;
        match call.method {
            Method::GET => {
                let length = so_far.len();
                Ok(upload_status(StatusCode::NO_CONTENT, &location, id, length))
            }
            Method::PATCH => {
                in_order(call, so_far.len())?;
                so_far.extend_from_slice(&call.body);
                let length = so_far.len();
                Ok(upload_status(StatusCode::ACCEPTED, &location, id, length))
            }
            Method::PUT => {
                let digest = call
                    .parameter("digest")
                    .ok_or_else(|| Refusal::bad("DIGEST_INVALID", "the digest is missing"))?;
                in_order(call, so_far.len())?;
                let mut bytes = std::mem::take(so_far);
                bytes.extend_from_slice(&call.body);
                content.end_upload(id);
                drop(content);
                self.take_blob(repository, &digest, bytes.into())
            }
            Method::DELETE => {
                content.end_upload(id);
                Ok(empty(StatusCode::NO_CONTENT))
            }
            _ => Err(Refusal::method()),
        }
    }

    fn upload_location(&self, repository: &str, id: &str) -> String {
        let path = format!("/v2/{repository}/blobs/uploads/{id}");
        if self.told.has(&Lie::UploadElsewhere) {
            return format!("{}{path}", self.origins.other_url());
        }
        path
    }

    fn take_blob(&self, repository: &str, digest: &str, bytes: Bytes) -> Answered {
        if digest_like(digest, &bytes).as_deref() != Some(digest) {
            return Err(Refusal::bad(
                "DIGEST_INVALID",
                "provided digest did not match uploaded content",
            ));
        }
        self.content().add_blob(repository, digest, bytes);
        Ok(created(&format!("/v2/{repository}/blobs/{digest}"), digest))
    }
}

/// A blob, or the part of it that was asked for.
pub(super) fn serve_blob(call: &Call, digest: &str, blob: &Bytes) -> Response<Body> {
    blob_headers(part(call, blob), digest)
}

fn blob_headers(mut response: Response<Body>, digest: &str) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, value("application/octet-stream"));
    headers.insert("docker-content-digest", value(digest));
    headers.insert(header::ETAG, value(&format!("\"{digest}\"")));
    response
}

/// How far an upload has come.
fn upload_status(status: StatusCode, location: &str, id: &str, length: usize) -> Response<Body> {
    let mut response = at(status, location);
    let headers = response.headers_mut();
    headers.insert("docker-upload-uuid", value(id));
    // An empty upload has no honest range; registries say this.
    let range = format!("0-{}", length.saturating_sub(1));
    headers.insert(header::RANGE, value(&range));
    response
}

/// Chunks have to come in order.
fn in_order(call: &Call, so_far: usize) -> Result<(), Refusal> {
    let Some(range) = call.header("content-range") else {
        return Ok(());
    };
    let first = range
        .split_once('-')
        .and_then(|(first, _)| first.trim_start_matches("bytes ").parse().ok());
    if first == Some(so_far) {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "BLOB_UPLOAD_INVALID",
        format!("the next byte is {so_far}"),
    ))
}

fn unknown_blob() -> Refusal {
    Refusal::missing("BLOB_UNKNOWN", "blob unknown to registry")
}
