//! Asking a repository that has an index.

use http::HeaderValue;
use http::header::ACCEPT_ENCODING;
use portolan_auth::{Request, Transport};
use portolan_reference::{Digest, redacted};
use url::Url;

use crate::asker::Asker;
use crate::download::Errand;
use crate::{Download, FetchError, IndexRemote, Limits, Target, Validators};

/// The reading of Helm repositories over http and https, under [`Limits`].
///
/// Cheap to clone. It remembers nothing: closed doors are the [`Transport`]'s, what was fetched and the
/// [`Validators`] of it are the caller's.
///
/// Every request is made up to three times while the failure looks like it passes, as by
/// [`OciRegistry`](crate::OciRegistry).
///
/// # Cancel safety
///
/// An act may be dropped at any time: its connection is closed, and nothing else has happened.
#[derive(Debug, Clone)]
pub struct IndexRepository {
    asker: Asker,
}

/// What came of asking for an index.
#[derive(Debug)]
#[non_exhaustive]
pub enum IndexAnswer {
    /// It is still what the validators came with. It was not sent again.
    NotModified,
    /// It may be another one. That says nothing yet: servers may send the same bytes again.
    Modified(Box<Download>),
}

impl IndexRepository {
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

    /// The index, unless it is still what `known` came with.
    ///
    /// One request. The index may be sent compressed, and comes out of the [`Download`] as it was before
    /// that, at most [`max_index_bytes`](Limits::max_index_bytes) of it; compressed, it may not be larger
    /// than that either. Where the server says "not modified" about another tag than was asked about, it
    /// is asked once more without a condition.
    ///
    /// A server may hold on to a tag although the file has changed. Who cannot live with that asks
    /// without `known` every now and then.
    ///
    /// # Errors
    ///
    /// [`BadEncoding`](FetchError::BadEncoding) if it is sent in an encoding that was not asked for,
    /// [`TooLarge`](FetchError::TooLarge) if it is announced to be; else see [`FetchError`].
    ///
    /// # Deviation
    ///
    /// Flux 2.10 downloads the whole index each time
    /// ([source-controller 2113](https://github.com/fluxcd/source-controller/issues/2113)), and
    /// uncompressed.
    pub async fn index(
        &self,
        remote: &IndexRemote,
        known: Option<&Validators>,
    ) -> Result<IndexAnswer, FetchError> {
        let gzip = HeaderValue::from_static("gzip");
        let errand = Errand {
            request: remote.request_for_index().header(ACCEPT_ENCODING, gzip),
            target: Target::Index(shown(&remote.repository().index_url())),
            limit: self.limits().max_index_bytes,
            inflates: true,
            promised: None,
        };
        let opened = Download::open(self.asker.clone(), errand, known).await?;
        Ok(opened.map_or(IndexAnswer::NotModified, |download| {
            IndexAnswer::Modified(Box::new(download))
        }))
    }

    /// The chart that the index has at `reference`, the first of its `urls`: see
    /// [`RepositoryUrl::chart_url`](portolan_reference::RepositoryUrl::chart_url).
    ///
    /// One request, of at most [`max_chart_bytes`](Limits::max_chart_bytes). What comes is not compared
    /// with the digest in the index.
    ///
    /// The index may name any host, but none at an address that is further inside than the repository's
    /// own: a public repository names no private one, and none but a repository on this machine another
    /// one there.
    ///
    /// # Errors
    ///
    /// [`BadChartUrl`](FetchError::BadChartUrl) if the reference leads to no URL of http or https; else
    /// see [`FetchError`].
    ///
    /// # Deviation
    ///
    /// Helm goes wherever the index says. A repository with a public address whose charts have private
    /// ones has to be named by a private one here.
    pub async fn chart(
        &self,
        remote: &IndexRemote,
        reference: &str,
    ) -> Result<Download, FetchError> {
        let url = remote
            .repository()
            .chart_url(reference)
            .map_err(FetchError::BadChartUrl)?;
        let errand = Errand {
            target: Target::Chart(shown(&url)),
            request: remote.request_for(url),
            limit: self.limits().max_chart_bytes,
            inflates: false,
            promised: None,
        };
        Download::begin(self.asker.clone(), errand).await
    }

    /// The file at `url`, which another controller has published with this digest.
    ///
    /// One request, on nobody's behalf, of at most [`max_source_bytes`](Limits::max_source_bytes).
    ///
    /// # Errors
    ///
    /// See [`FetchError`]; the [`Download`] ends with
    /// [`DigestMismatch`](FetchError::DigestMismatch) if it is not the file that was meant.
    pub async fn source(&self, url: &Url, digest: &Digest) -> Result<Download, FetchError> {
        let errand = Errand {
            request: Request::get(url.clone()),
            target: Target::Source(shown(url)),
            limit: self.limits().max_source_bytes,
            inflates: false,
            promised: Some(digest.clone()),
        };
        Download::begin(self.asker.clone(), errand).await
    }
}

/// `url`, fit to be shown.
fn shown(url: &Url) -> String {
    redacted(url.as_str())
}
