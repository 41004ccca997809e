//! Why something could not be fetched.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use portolan_auth::SendError;
use portolan_reference::{Digest, OciReference, OciRepository, ParseReferenceError, ParseUrlError};

use crate::{ChartFlaw, EncodingFlaw, ManifestFlaw, PageFlaw, RegistryMessage};

/// What a request was about, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// The tag list of a repository.
    Tags(OciRepository),
    /// What refers to a manifest.
    Referrers(OciReference),
    /// A manifest, by tag or by digest.
    Manifest(OciReference),
    /// A blob, by digest.
    Blob(OciReference),
    /// A place to upload a blob to.
    Upload(OciRepository),
    /// The index of a repository, by its URL without user info and query.
    Index(String),
    /// A chart of such a repository, by its URL without user info and query.
    Chart(String),
    /// What another controller has published, by its URL without user info and query.
    Source(String),
}

impl Target {
    /// That it was refused with `status`: the way Helm says it of what has a URL, else `otherwise`.
    fn refused(&self, status: StatusCode, otherwise: &str) -> String {
        match self {
            Self::Index(url) | Self::Chart(url) | Self::Source(url) => {
                format!("failed to fetch {url} : {status}")
            }
            _ => format!("{self}: {otherwise}"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tags(repository) => write!(f, "tags of `{repository}`"),
            Self::Referrers(reference) => write!(f, "referrers of `{reference}`"),
            Self::Manifest(reference) => write!(f, "`{reference}`"),
            Self::Blob(reference) => write!(f, "blob `{reference}`"),
            Self::Upload(repository) => write!(f, "upload to `{repository}`"),
            Self::Index(url) => write!(f, "index `{url}`"),
            Self::Chart(url) => write!(f, "chart `{url}`"),
            Self::Source(url) => write!(f, "source `{url}`"),
        }
    }
}

/// Why something could not be fetched from a registry or a repository.
///
/// Where the server gave a reason in words, it is the [source](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// What was asked for has no legal name, so nothing was sent.
    #[error("the registry cannot be asked for this")]
    Reference(#[source] ParseReferenceError),
    /// The repository is a registry and no more, or its registry is no host that a URL can name, so
    /// nothing was sent.
    #[error("`{repository}` is not a repository that can be asked")]
    Unaddressable {
        /// As it was written.
        repository: Box<OciRepository>,
        /// What is wrong with the host.
        source: Option<url::ParseError>,
    },
    /// The registry has no such thing, or does not show it to this credential.
    #[error("{}", target.refused(StatusCode::NOT_FOUND, "not found"))]
    NotFound {
        /// What was asked for.
        target: Box<Target>,
        /// The registry's own words.
        source: Option<RegistryMessage>,
    },
    /// The registry, or its token service, refuses this credential or asks for one.
    #[error("{}", target.refused(*status, &format!("access denied ({status})")))]
    Denied {
        /// What was asked for.
        target: Box<Target>,
        /// How it was refused: 401 or 403.
        status: StatusCode,
        /// Who refused, or the registry's own words.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The registry wants to be left alone for a while.
    #[error("{host} limits the rate of requests; the next is welcome in {} s", seconds(*retry_after))]
    RateLimited {
        /// Who said so.
        host: String,
        /// How long to stay away, from now.
        retry_after: Duration,
    },
    /// The registry answered with a status that does not belong to this request.
    #[error("{}", target.refused(*status, &format!("the registry answered {status}")))]
    Server {
        /// What was asked for.
        target: Box<Target>,
        /// The status.
        status: StatusCode,
        /// How long the registry wants to be left alone, if it said so.
        retry_after: Option<Duration>,
        /// The registry's own words.
        source: Option<RegistryMessage>,
    },
    /// The request could not be made, or its answer could not be read to the end.
    #[error("{target}: the request failed")]
    Transport {
        /// What was asked for.
        target: Box<Target>,
        /// What went wrong.
        source: SendError,
    },
    /// The answer came too slowly.
    #[error("{target}: the answer was not complete after {} s", seconds(*limit))]
    TooSlow {
        /// What was asked for.
        target: Box<Target>,
        /// How long was waited for it.
        limit: Duration,
    },
    /// The content is not what its digest promised.
    #[error("{target}: expected content {expected}, received {actual}")]
    DigestMismatch {
        /// What was asked for.
        target: Box<Target>,
        /// What was promised.
        expected: Digest,
        /// What came.
        actual: Digest,
    },
    /// The content is longer or shorter than promised.
    #[error("{target}: expected {expected} bytes, received {received}")]
    SizeMismatch {
        /// What was asked for.
        target: Box<Target>,
        /// The promised size, in bytes.
        expected: u64,
        /// How many bytes came, or were announced, when this was noticed.
        received: u64,
    },
    /// The content is larger than the caller allows.
    #[error("{target}: larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        target: Box<Target>,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The content is encoded so that it cannot be had.
    #[error("{target}: the answer cannot be decoded")]
    BadEncoding {
        /// What was asked for.
        target: Box<Target>,
        /// What is wrong with it.
        #[source]
        flaw: EncodingFlaw,
    },
    /// The transfer broke off, and what was sent the second time begins differently.
    #[error("{0}: it changed while it was being fetched")]
    Changed(Box<Target>),
    /// There was an error before, after which there is nothing more to be had.
    #[error("{0}: it was given up after an error")]
    GivenUp(Box<Target>),
    /// The index names no place from which a chart can be fetched, so nothing was sent.
    #[error("the chart cannot be fetched")]
    BadChartUrl(#[source] ParseUrlError),
    /// The repository has more tags than the caller allows.
    #[error("`{repository}` has more than {limit} tags")]
    TooManyTags {
        /// Whose tags.
        repository: Box<OciRepository>,
        /// The limit.
        limit: usize,
    },
    /// A page of a list cannot be used, so the list is not known to be whole.
    #[error("{target}: unusable answer")]
    BadPage {
        /// Which list.
        target: Box<Target>,
        /// What is wrong with it.
        #[source]
        flaw: PageFlaw,
    },
    /// What the registry sent is not a manifest that can be relied on.
    #[error("`{reference}`: unusable manifest")]
    BadManifest {
        /// Which manifest.
        reference: Box<OciReference>,
        /// What is wrong with it.
        #[source]
        flaw: ManifestFlaw,
    },
    /// The reference names several images, one for each platform, where one artifact is wanted.
    #[error("`{reference}` is an image index, not one artifact")]
    IsIndex {
        /// Which manifest.
        reference: Box<OciReference>,
    },
    /// The artifact is a sound one, but not a Helm chart.
    #[error("`{reference}` is not a Helm chart")]
    NotAChart {
        /// Which manifest.
        reference: Box<OciReference>,
        /// What gave it away.
        #[source]
        flaw: ChartFlaw,
    },
}

impl FetchError {
    /// Whether the same request may succeed later without anyone changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::TooSlow { .. }
            | Self::DigestMismatch { .. }
            | Self::SizeMismatch { .. }
            | Self::Changed(_)
            | Self::GivenUp(_) => true,
            Self::BadEncoding { flaw, .. } => {
                matches!(flaw, EncodingFlaw::Corrupt | EncodingFlaw::Truncated)
            }
            Self::Server { status, .. } => status.is_server_error(),
            Self::Transport { source, .. } => source.is_transient(),
            Self::Reference(_)
            | Self::Unaddressable { .. }
            | Self::NotFound { .. }
            | Self::Denied { .. }
            | Self::TooLarge { .. }
            | Self::BadChartUrl(_)
            | Self::TooManyTags { .. }
            | Self::BadPage { .. }
            | Self::BadManifest { .. }
            | Self::IsIndex { .. }
            | Self::NotAChart { .. } => false,
        }
    }

    /// Whether another credential, or any at all, is what it takes.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Denied { .. })
    }

    /// How long the registry asked to be left alone, counted from when this error was made.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => Some(*retry_after),
            Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What became of `target`, in our words where we have them.
    pub(crate) fn sending(target: &Target, error: SendError) -> Self {
        let target = Box::new(target.clone());
        match error {
            SendError::Denied { status, .. } => Self::Denied {
                target,
                status,
                source: Some(Box::new(error)),
            },
            SendError::RateLimited { host, retry_after } => Self::RateLimited { host, retry_after },
            SendError::TooLarge { limit, .. } => Self::TooLarge { target, limit },
            source => Self::Transport { target, source },
        }
    }

    /// The status that the registry answered with, where it is the reason.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::NotFound { .. } => Some(StatusCode::NOT_FOUND),
            Self::Denied { status, .. } | Self::Server { status, .. } => Some(*status),
            Self::RateLimited { .. } => Some(StatusCode::TOO_MANY_REQUESTS),
            _ => None,
        }
    }
}

/// Whole seconds, rounded up: who waits that long has waited long enough.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
