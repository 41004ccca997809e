//! Putting a chart into a registry.

mod document;

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, StatusCode};
use portolan_auth::Response;
use portolan_chart::{ChartMetadata, tag_for_version};
use portolan_reference::{Algorithm, Digest, OciReference, OciRepository, ParseReferenceError};
use url::Url;

use self::document::Document;
use crate::manifest::OCI_MANIFEST;
use crate::origin::{Stray, within};
use crate::registry::told_digest;
use crate::retry::repeat;
use crate::{FetchError, OciRegistry, Remote, Target};

/// Why a chart could not be pushed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// The repository is not named after the chart, so nobody would find it there.
    #[error("the chart is named `{name}` and does not belong in `{repository}`")]
    Name {
        /// Where it was to go.
        repository: Box<OciRepository>,
        /// What it is named.
        name: String,
    },
    /// The chart's version cannot be a tag.
    #[error("the chart cannot be tagged with its version")]
    Version(#[source] ParseReferenceError),
    /// The chart's metadata cannot be written as JSON.
    #[error("the chart's metadata cannot be written")]
    Metadata(#[source] serde_json::Error),
    /// The registry wants the content sent to another origin, where the credential has no business.
    #[error("`{repository}` wants the upload to go to `{to}`, outside the registry")]
    UploadLeavesRegistry {
        /// Where the chart was to go.
        repository: Box<OciRepository>,
        /// Where the registry sends it, without user info and query.
        to: String,
    },
    /// The registry accepts an upload, but does not say where to send it.
    #[error("`{repository}` does not say where to send the upload")]
    NoUploadLocation {
        /// Where the chart was to go.
        repository: Box<OciRepository>,
    },
    /// The registry says that it has stored something else.
    #[error("`{reference}`: sent {sent}, the registry stored {stored}")]
    StoredOtherwise {
        /// What was written.
        reference: Box<OciReference>,
        /// The digest of what was sent.
        sent: Digest,
        /// The digest that the registry tells.
        stored: Digest,
    },
    /// The registry refused, or could not be asked.
    #[error(transparent)]
    Registry(#[from] FetchError),
}

impl PushError {
    /// Whether the same push may succeed later without anyone changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Registry(error) => error.is_transient(),
            Self::Name { .. }
            | Self::Version(_)
            | Self::Metadata(_)
            | Self::UploadLeavesRegistry { .. }
            | Self::NoUploadLocation { .. }
            | Self::StoredOtherwise { .. } => false,
        }
    }

    /// Whether another credential, or any at all, is what it takes.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Registry(error) if error.is_denied())
    }
}

impl OciRegistry {
    /// Store `archive` as the chart that `metadata` describes, tagged with its version. Returns the
    /// manifest's digest.
    ///
    /// What is stored is what
    /// [`helm push`](https://github.com/helm/helm/blob/v4.0.0/pkg/registry/client.go) stores: the
    /// metadata as the config, the archive as the one layer, the annotations
    /// `org.opencontainers.image.*` and the chart's own. `+` in the version becomes `_` in the tag.
    /// Beyond that the manifest says of which media type it is, as the
    /// [image specification](https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#image-manifest-property-descriptions)
    /// recommends. `created` is among the annotations, so the same chart pushed with the same
    /// `created` has the same digest. A tag that exists is moved.
    ///
    /// `remote` is the chart's own repository and ends in its name. That `metadata` was read from
    /// `archive` is the caller's promise.
    ///
    /// Content that the registry has already is not sent again. Reading is repeated as everywhere;
    /// what writes is sent once.
    ///
    /// # Errors
    ///
    /// See [`PushError`]. The tag has then not been moved, unless the error is
    /// [`StoredOtherwise`](PushError::StoredOtherwise) or the connection broke after the last
    /// request; content that was sent may stay in the registry, where nothing refers to it.
    ///
    /// # Cancel safety
    ///
    /// As after an error: dropped during the last request, the tag may have been moved or not.
    pub async fn push_chart(
        &self,
        remote: &Remote,
        archive: Bytes,
        metadata: &ChartMetadata,
        created: SystemTime,
    ) -> Result<Digest, PushError> {
        let reference = destination(remote.repository(), metadata)?;
        let config = Bytes::from(serde_json::to_vec(metadata).map_err(PushError::Metadata)?);
        let manifest = Document::new(&config, &archive, metadata, created);
        let document = manifest.to_bytes().map_err(PushError::Metadata)?;
        self.upload(remote, &manifest.config.digest, config).await?;
        self.upload(remote, &manifest.layer().digest, archive)
            .await?;
        self.tag(remote, reference, document).await
    }

    /// Bring `content` into the repository, if it is not there yet.
    async fn upload(
        &self,
        remote: &Remote,
        digest: &Digest,
        content: Bytes,
    ) -> Result<(), PushError> {
        let target = Target::Blob(remote.repository().at(digest.clone()));
        let blob = remote.url(&format!("blobs/{digest}"))?;
        let there = repeat(|| async {
            let answer = self
                .write(remote, Method::HEAD, blob.clone(), None, &target)
                .await?;
            match answer.status() {
                StatusCode::OK => Ok(true),
                // Whether a registry that does not know `HEAD` has it is found out by sending it.
                StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(false),
                _ => Err(self.asker().refusal(answer, &target).await),
            }
        })
        .await?;
        if there {
            return Ok(());
        }
        let target = Target::Upload(remote.repository().clone());
        let start = remote.url("blobs/uploads/")?;
        let answer = self
            .write(
                remote,
                Method::POST,
                start.clone(),
                Some(Bytes::new()),
                &target,
            )
            .await?;
        if answer.status() != StatusCode::ACCEPTED {
            return Err(self.asker().refusal(answer, &target).await.into());
        }
        let mut place = upload_location(remote.repository(), &start, &answer)?;
        place
            .query_pairs_mut()
            .append_pair("digest", &digest.to_string());
        let answer = self
            .write(remote, Method::PUT, place, Some(content), &target)
            .await?;
        if answer.status() == StatusCode::CREATED {
            Ok(())
        } else {
            Err(self.asker().refusal(answer, &target).await.into())
        }
    }

    async fn tag(
        &self,
        remote: &Remote,
        reference: OciReference,
        document: Bytes,
    ) -> Result<Digest, PushError> {
        let sent = Digest::of(Algorithm::Sha256, &document);
        let target = Target::Manifest(reference.clone());
        let url = remote.url(&format!("manifests/{}", reference.pin()))?;
        let request = remote
            .writing(Method::PUT, url)
            .body(document)
            .header(CONTENT_TYPE, HeaderValue::from_static(OCI_MANIFEST));
        let answer = self
            .asker()
            .transport()
            .send(request)
            .await
            .map_err(|error| FetchError::sending(&target, error))?;
        if !answer.status().is_success() {
            return Err(self.asker().refusal(answer, &target).await.into());
        }
        match told_digest(answer.headers()) {
            Some(stored) if stored.algorithm() == sent.algorithm() && stored != sent => {
                Err(PushError::StoredOtherwise {
                    reference: Box::new(reference),
                    sent,
                    stored,
                })
            }
            _ => Ok(sent),
        }
    }

    async fn write(
        &self,
        remote: &Remote,
        method: Method,
        url: Url,
        content: Option<Bytes>,
        target: &Target,
    ) -> Result<Response, FetchError> {
        let mut request = remote.writing(method, url);
        if let Some(content) = content {
            request = request.body(content).header(
                CONTENT_TYPE,
                HeaderValue::from_static("application/octet-stream"),
            );
        }
        self.asker()
            .transport()
            .send(request)
            .await
            .map_err(|error| FetchError::sending(target, error))
    }
}

/// Where the chart goes, if that is a place for it. Helm calls these checks strict mode.
fn destination(
    repository: &OciRepository,
    metadata: &ChartMetadata,
) -> Result<OciReference, PushError> {
    if repository.path().rsplit('/').next() != Some(metadata.name.as_str()) {
        return Err(PushError::Name {
            repository: Box::new(repository.clone()),
            name: metadata.name.clone(),
        });
    }
    repository
        .tagged(&tag_for_version(&metadata.version))
        .map_err(PushError::Version)
}

/// Where an upload that was accepted is to be sent.
///
/// The registry chooses the place, so it could choose one that only its clients reach
/// (CVE-2026-50151); it has to be the registry itself.
fn upload_location(
    repository: &OciRepository,
    asked: &Url,
    answer: &Response,
) -> Result<Url, PushError> {
    let repository = || Box::new(repository.clone());
    let location = answer.headers().get(LOCATION);
    let place = location
        .and_then(|place| place.to_str().ok())
        .ok_or(Stray::NoUrl)
        .and_then(|place| within(asked, asked, place));
    place.map_err(|stray| match stray {
        Stray::NoUrl => PushError::NoUploadLocation {
            repository: repository(),
        },
        Stray::Elsewhere(to) => PushError::UploadLeavesRegistry {
            repository: repository(),
            to,
        },
    })
}
