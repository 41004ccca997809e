//! Asking an OCI registry.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use portolan_auth::{DeniedBy, SendError, Transport};
use portolan_reference::{Algorithm, Digest, OciReference, Pin};
use url::Url;

use crate::asker::Asker;
use crate::manifest::{self, Document, Manifest};
use crate::retry::repeat;
use crate::{Blob, Descriptor, FetchError, Limits, Platform, Remote, Target};

/// Every kind of manifest that is understood, so that the registry need not convert any.
const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";
/// Where a registry tells the digest of what it sends.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// The reading and writing half of the
/// [OCI distribution specification v1.1.1](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md),
/// under [`Limits`].
///
/// Cheap to clone. It remembers nothing: tokens and closed doors are the [`Transport`]'s, what was
/// fetched is the caller's.
///
/// Every act that only reads is made up to three times while the failure looks like it passes: a
/// status of 500 or more, a connection that fails or breaks, a timeout, a body that ends early. The
/// waits are about 100 and 200 ms. 429 is repeated only if the registry asks for at most a second.
///
/// # Cancel safety
///
/// An act that reads may be dropped at any time: its connection is closed, and nothing else has
/// happened.
#[derive(Debug, Clone)]
pub struct OciRegistry {
    asker: Asker,
}

impl OciRegistry {
    /// Ask through `transport`, under `limits`.
    pub fn new(transport: Transport, limits: Limits) -> Self {
        Self {
            asker: Asker::new(transport, limits),
        }
    }

    /// The limits it works under.
    pub fn limits(&self) -> &Limits {
        self.asker.limits()
    }

    /// The manifest that `pin` names.
    ///
    /// One request. The digest of a tagged manifest is that of the bytes received: in the algorithm
    /// of the `Docker-Content-Digest` header where that header agrees with the bytes, SHA-256 where
    /// there is none.
    ///
    /// # Errors
    ///
    /// [`IsIndex`](FetchError::IsIndex) if the name means several images,
    /// [`DigestMismatch`](FetchError::DigestMismatch) if the bytes are not what `pin` or that header
    /// says, [`BadManifest`](FetchError::BadManifest) if they are no manifest; else see
    /// [`FetchError`]. Nothing has been kept.
    pub async fn manifest(&self, remote: &Remote, pin: &Pin) -> Result<Manifest, FetchError> {
        let reference = reference(remote, pin)?;
        match self.document(remote, &reference).await? {
            Document::Image(manifest) => Ok(*manifest),
            Document::Index(_) => Err(FetchError::IsIndex {
                reference: Box::new(reference),
            }),
        }
    }

    /// The manifest that `pin` names; `None` if the registry has none of that name, or does not show
    /// it to this credential.
    ///
    /// # Errors
    ///
    /// As for [`manifest`](Self::manifest), but for [`NotFound`](FetchError::NotFound).
    pub async fn find_manifest(
        &self,
        remote: &Remote,
        pin: &Pin,
    ) -> Result<Option<Manifest>, FetchError> {
        match self.manifest(remote, pin).await {
            Ok(manifest) => Ok(Some(manifest)),
            Err(FetchError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The manifest that `pin` names, or the first one for `platform` if it names an image index.
    ///
    /// One request, or two for an index. An index inside an index is not followed.
    ///
    /// # Errors
    ///
    /// As for [`manifest`](Self::manifest), and [`BadManifest`](FetchError::BadManifest) if the index
    /// has nothing for the platform.
    pub async fn platform_manifest(
        &self,
        remote: &Remote,
        pin: &Pin,
        platform: &Platform,
    ) -> Result<Manifest, FetchError> {
        let reference = reference(remote, pin)?;
        let index = match self.document(remote, &reference).await? {
            Document::Image(manifest) => return Ok(*manifest),
            Document::Index(index) => index,
        };
        let chosen = index
            .choose(platform)
            .map_err(|flaw| FetchError::BadManifest {
                reference: Box::new(reference),
                flaw,
            })?;
        let manifest = self
            .manifest(remote, &Pin::Digest(chosen.digest().clone()))
            .await?;
        Ok(manifest.reached_through(index.digest))
    }

    /// What `tag` points to at this moment, which may be an image index.
    ///
    /// One `HEAD` request. Where the registry refuses that (401, 404 or 405, which some do for `HEAD`
    /// alone) or does not tell the digest, the manifest is fetched and hashed.
    ///
    /// The digest of a `HEAD` is the registry's word. It is good for noticing that nothing changed;
    /// what is fetched by it is hashed in any case.
    ///
    /// # Errors
    ///
    /// See [`FetchError`].
    pub async fn digest(&self, remote: &Remote, tag: &str) -> Result<Digest, FetchError> {
        let reference = remote
            .repository()
            .tagged(tag)
            .map_err(FetchError::Reference)?;
        let target = Target::Manifest(reference.clone());
        let url = manifest_url(remote, &reference)?;
        let told = repeat(|| async {
            let request = remote
                .reading(Method::HEAD, url.clone())
                .header(ACCEPT, accepted());
            match self.asker.transport().send(request).await {
                Ok(answer) if answer.status() == StatusCode::OK => {
                    Ok(told_digest(answer.headers()))
                }
                Ok(answer) if refuses_head(answer.status()) => Ok(None),
                Ok(answer) => Err(self.asker.refusal(answer, &target).await),
                Err(SendError::Denied {
                    by: DeniedBy::Registry | DeniedBy::RegistryWithoutCredential,
                    ..
                }) => Ok(None),
                Err(error) => Err(FetchError::sending(&target, error)),
            }
        })
        .await?;
        match told {
            Some(digest) => Ok(digest),
            None => Ok(match self.document(remote, &reference).await? {
                Document::Image(manifest) => manifest.digest().clone(),
                Document::Index(index) => index.digest,
            }),
        }
    }

    /// Open the blob that `descriptor` names.
    ///
    /// One request, made when this is called; the content is streamed by [`Blob::chunk`], or had whole
    /// by [`Blob::collect`], which holds no more than `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](FetchError::TooLarge) without any request if the descriptor promises more than
    /// `limit` bytes; else see [`FetchError`].
    pub async fn blob(
        &self,
        remote: &Remote,
        descriptor: &Descriptor,
        limit: u64,
    ) -> Result<Blob, FetchError> {
        Blob::open(self.clone(), remote.clone(), descriptor.clone(), limit).await
    }

    pub(crate) fn asker(&self) -> &Asker {
        &self.asker
    }

    async fn document(
        &self,
        remote: &Remote,
        reference: &OciReference,
    ) -> Result<Document, FetchError> {
        let content = self.content(remote, reference).await?;
        let kind = content.content_type.as_deref();
        manifest::read(content.bytes, kind, content.digest).map_err(|flaw| {
            FetchError::BadManifest {
                reference: Box::new(reference.clone()),
                flaw,
            }
        })
    }

    /// What `reference` names, hashed and not read.
    pub(crate) async fn content(
        &self,
        remote: &Remote,
        reference: &OciReference,
    ) -> Result<Received, FetchError> {
        let target = Target::Manifest(reference.clone());
        let url = manifest_url(remote, reference)?;
        repeat(|| async {
            let request = remote
                .reading(Method::GET, url.clone())
                .header(ACCEPT, accepted());
            let answer = self.asker.ask(request, &target).await?;
            let told = told_digest(answer.headers());
            let content_type = told_type(answer.headers());
            let bytes = self
                .asker
                .body(answer, self.limits().max_manifest_bytes, &target)
                .await?;
            let expected = match reference.pin() {
                Pin::Digest(digest) => Some(digest.clone()),
                Pin::Tag(_) => told,
            };
            let algorithm = expected
                .as_ref()
                .map_or(Algorithm::Sha256, Digest::algorithm);
            let digest = Digest::of(algorithm, &bytes);
            match expected {
                Some(expected) if expected != digest => Err(FetchError::DigestMismatch {
                    target: Box::new(target.clone()),
                    expected,
                    actual: digest,
                }),
                _ => Ok(Received {
                    bytes,
                    content_type,
                    digest,
                }),
            }
        })
        .await
    }
}

/// A manifest or an index as it came.
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    /// What the answer says it is.
    pub(crate) content_type: Option<String>,
    digest: Digest,
}

fn reference(remote: &Remote, pin: &Pin) -> Result<OciReference, FetchError> {
    match pin {
        Pin::Tag(tag) => remote
            .repository()
            .tagged(tag)
            .map_err(FetchError::Reference),
        Pin::Digest(digest) => Ok(remote.repository().at(digest.clone())),
    }
}

fn manifest_url(remote: &Remote, reference: &OciReference) -> Result<Url, FetchError> {
    remote.url(&format!("manifests/{}", reference.pin()))
}

fn accepted() -> HeaderValue {
    HeaderValue::from_static(ACCEPTED)
}

fn refuses_head(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
    )
}

/// The digest that the registry tells. One that cannot be read is as good as none.
pub(crate) fn told_digest(headers: &HeaderMap) -> Option<Digest> {
    headers.get(CONTENT_DIGEST)?.to_str().ok()?.parse().ok()
}

/// What an answer says it is, whatever bytes that has.
pub(crate) fn told_type(headers: &HeaderMap) -> Option<String> {
    let told = headers.get(CONTENT_TYPE)?;
    Some(String::from_utf8_lossy(told.as_bytes()).into_owned())
}
