//! Why an act failed.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use portolan_auth::CredentialError;
use portolan_chart::{
    ChartName, ConvertIndexError, ReadChartError, ReadDirectoryError, ReadIndexError,
    SetVersionError, UnpackError,
};
use portolan_fetch::FetchError;
use portolan_reference::ParseReferenceError;
use portolan_resolve::{Explanation, Miss, ParseConstraintError};
use portolan_store::{FileError, PublishError, ReadError, StageError};

use crate::make::MakeError;
use crate::scratch::ScratchError;
use crate::{IndexDigest, Look, Mismatch, Request, VerificationError};

/// Why no version was chosen.
///
/// Exhaustive on purpose: whoever reports these to somebody decides about each.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The credential for the registry could not be obtained.
    #[error("the credential for the registry could not be obtained")]
    Credential(#[source] CredentialError),
    /// The version is neither a version nor a range, and a registry was to be asked for it.
    #[error(transparent)]
    Constraint(#[from] ParseConstraintError),
    /// The version is neither one that the index has nor a range.
    #[error(transparent)]
    ListedConstraint(ParseConstraintError),
    /// The registry did not say which versions there are.
    #[error("could not get tags for \"{chart}\"")]
    List {
        /// The chart.
        chart: ChartName,
        /// What the registry said.
        source: FetchError,
    },
    /// The repository has no tag that is a version.
    #[error(
        "could not get tags for \"{chart}\": unable to locate any tags in provided repository: {repository}"
    )]
    NoVersions {
        /// The repository of the chart, with `oci://`.
        repository: String,
        /// The chart.
        chart: ChartName,
        /// What became of each tag.
        explanation: Box<Explanation>,
    },
    /// There are versions, and none is in the range.
    #[error("could not locate a version matching provided version string {wanted}")]
    NoMatch {
        /// The range as it was asked for.
        wanted: String,
        /// What became of each tag.
        explanation: Box<Explanation>,
    },
    /// The index of the chart repository could not be had.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The index has no such chart.
    #[error("no chart name found: the index of {repository} has no '{chart}'")]
    NoChart {
        /// The chart.
        chart: ChartName,
        /// The repository, without secrets.
        repository: String,
    },
    /// The index has the chart, but no version of it that could be used.
    #[error("no chart version found: the index of {repository} has no usable version of '{chart}'")]
    NoEntries {
        /// The chart.
        chart: ChartName,
        /// The repository, without secrets.
        repository: String,
    },
    /// The index has versions of the chart, and none is wanted.
    #[error("no '{chart}' chart with version matching '{wanted}' found")]
    NoEntry {
        /// The chart.
        chart: ChartName,
        /// The version or range as it was asked for.
        wanted: String,
        /// What became of each version.
        explanation: Box<Explanation>,
    },
    /// The chosen version cannot have the build metadata that was asked for.
    #[error(transparent)]
    Version(#[from] SetVersionError),
}

impl LookError {
    pub(crate) fn missed(request: &Request, miss: Miss, explanation: Explanation) -> Self {
        let explanation = Box::new(explanation);
        match miss {
            Miss::NoneAdmitted => Self::NoMatch {
                wanted: request.version().to_owned(),
                explanation,
            },
            _ => Self::NoVersions {
                repository: request.place(),
                chart: request.chart().clone(),
                explanation,
            },
        }
    }

    /// Why each candidate was refused, where that is the reason.
    pub fn explanation(&self) -> Option<&Explanation> {
        match self {
            Self::NoVersions { explanation, .. }
            | Self::NoMatch { explanation, .. }
            | Self::NoEntry { explanation, .. } => Some(explanation),
            Self::Credential(_)
            | Self::Constraint(_)
            | Self::ListedConstraint(_)
            | Self::List { .. }
            | Self::Index(_)
            | Self::NoChart { .. }
            | Self::NoEntries { .. }
            | Self::Version(_) => None,
        }
    }

    /// Whether the server refused the credential, or wants one.
    pub fn is_denied(&self) -> bool {
        match self {
            Self::List { source, .. } => source.is_denied(),
            Self::Index(source) => source.is_denied(),
            _ => false,
        }
    }

    /// How long the server asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::List { source, .. } => source.retry_after(),
            Self::Index(source) => source.retry_after(),
            _ => None,
        }
    }
}

/// Why the index of a chart repository could not be had.
///
/// Exhaustive on purpose: whoever reports these to somebody decides about each.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The server did not give it.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What the server gave is no index that Helm would load.
    #[error("failed to load index")]
    Read(#[from] ReadIndexError),
    /// It is no index that Helm would load, or it could not be written down.
    #[error("failed to load index")]
    Convert(#[from] ConvertIndexError),
    /// The server says that nothing changed since a time when nothing was fetched.
    #[error("the server answered that the index did not change, without having been asked")]
    NothingToKeep,
    /// A stored index is not there any more.
    #[error("the stored index `{path}` is gone")]
    Missing {
        /// Its path in the store.
        path: String,
    },
    /// A stored index is not what was stored.
    #[error("the stored index `{path}` is not what was stored")]
    Corrupt {
        /// Its path in the store.
        path: String,
    },
    /// A stored index could not be opened.
    #[error("the stored index could not be opened")]
    Open(#[from] ReadError),
    /// A file could not be read, or no temporary one made.
    #[error("the index could not be read")]
    Unreadable(#[source] io::Error),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A task of ours did not end as it should.
    #[error("reading the index was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
}

impl From<ScratchError> for IndexError {
    fn from(error: ScratchError) -> Self {
        match error {
            ScratchError::Write(error) => Self::Unreadable(error),
            ScratchError::Interrupted(error) => Self::Interrupted(error),
        }
    }
}

impl IndexError {
    /// Whether the server refused the credential, or wants one.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Fetch(source) if source.is_denied())
    }

    /// How long the server asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Fetch(source) => source.retry_after(),
            _ => None,
        }
    }
}

/// Why a chosen version was not brought.
///
/// Exhaustive on purpose: whoever reports these to somebody decides about each.
#[derive(Debug, thiserror::Error)]
pub enum AcquireError {
    /// The credential for the registry could not be obtained.
    #[error("the credential for the registry could not be obtained")]
    Credential(#[source] CredentialError),
    /// The registry did not give it, or gave something else.
    #[error("failed to get \"{chart}\" version \"{version}\"")]
    Pull {
        /// The chart.
        chart: ChartName,
        /// The version.
        version: String,
        /// What happened.
        source: Box<FetchError>,
    },
    /// It is not signed as the request demands, or nobody could tell. Nothing of it was asked for.
    #[error(transparent)]
    Verification(#[from] VerificationError),
    /// A layer was about to be asked for without the proof that the request demands.
    #[error("{reference} is not proven to be signed as demanded")]
    Untrusted {
        /// The manifest, with `oci://` and its digest.
        reference: String,
    },
    /// What came is no chart that Helm would load.
    #[error("failed to load chart archive of '{chart}' version '{version}'")]
    Chart {
        /// The chart.
        chart: ChartName,
        /// The version.
        version: String,
        /// What is wrong with it.
        source: Box<ReadChartError>,
    },
    /// The index names nothing that could be downloaded.
    #[error("chart '{chart}' has no downloadable URLs")]
    NoUrl {
        /// The chart.
        chart: ChartName,
    },
    /// The server did not give what the index says that it has.
    #[error(transparent)]
    Download(FetchError),
    /// What came is not what the index promises, and that was insisted on.
    #[error(
        "the archive of '{chart}' version '{version}' has the digest '{}', but the index promises '{}'",
        found.actual, found.promised
    )]
    IndexDigest {
        /// The chart.
        chart: ChartName,
        /// The version.
        version: String,
        /// What was promised and what came.
        found: IndexDigest,
    },
    /// The index promises no digest, and that was insisted on.
    #[error("the index promises no digest for '{chart}' version '{version}'")]
    NoIndexDigest {
        /// The chart.
        chart: ChartName,
        /// The version.
        version: String,
    },
    /// A chart that was to be packaged anew calls itself something else: the package would be one
    /// that nobody has published.
    #[error(
        "the archive offered as '{chart}' version '{version}' calls itself '{}' version '{}', so it is not packaged under that name",
        inside.name, inside.version
    )]
    Renamed {
        /// The chart.
        chart: ChartName,
        /// The version.
        version: String,
        /// What it calls itself.
        inside: Mismatch,
    },
    /// Nothing could be made of it.
    #[error(transparent)]
    Make(MakeError),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A task of ours did not end as it should.
    #[error("reading the chart was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
}

impl AcquireError {
    /// A download that broke off, of whichever kind.
    pub(crate) fn fetching(request: &Request, look: &Look, source: FetchError) -> Self {
        if look.entry().is_some() {
            Self::Download(source)
        } else {
            Self::pull(request, look, source)
        }
    }

    pub(crate) fn pull(request: &Request, look: &Look, source: FetchError) -> Self {
        Self::Pull {
            chart: request.chart().clone(),
            version: look.version().to_owned(),
            source: Box::new(source),
        }
    }

    pub(crate) fn chart(request: &Request, look: &Look, source: ReadChartError) -> Self {
        Self::Chart {
            chart: request.chart().clone(),
            version: look.version().to_owned(),
            source: Box::new(source),
        }
    }

    /// Whether the registry refused the credential, or wants one.
    pub fn is_denied(&self) -> bool {
        match self {
            Self::Pull { source, .. } => source.is_denied(),
            Self::Download(source) => source.is_denied(),
            Self::Verification(source) => source.is_denied(),
            _ => false,
        }
    }

    /// How long the registry asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Pull { source, .. } => source.retry_after(),
            Self::Download(source) => source.retry_after(),
            Self::Verification(source) => source.retry_after(),
            _ => None,
        }
    }
}

/// Why something could not be written to the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It could not be staged.
    #[error("the download could not be written")]
    Stage(#[from] StageError),
    /// It could not be published.
    #[error("the artifact could not be published")]
    Publish(#[from] PublishError),
    /// What is known about it could not be written down.
    #[error("the record of the artifact could not be written")]
    Record(#[from] FileError),
}

/// Why a chart was not pulled to a place outside a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// It could not be had.
    #[error(transparent)]
    Acquire(#[from] AcquireError),
    /// It could not be written.
    #[error("cannot write to {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It could not be unpacked.
    #[error("cannot unpack to {}", path.display())]
    Unpack {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: Box<UnpackError>,
    },
}

/// Why a chart was not pushed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// The credential for the registry could not be obtained.
    #[error("the credential for the registry could not be obtained")]
    Credential(#[source] CredentialError),
    /// The archive could not be read from disk.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The archive is none that Helm would load.
    #[error("{} is not a chart archive", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ReadChartError,
    },
    /// The folder is no chart.
    #[error("{} is not a chart", path.display())]
    Directory {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: ReadDirectoryError,
    },
    /// The chart's name or version cannot be a name in a registry.
    #[error("chart {name} {version} cannot be named in a registry")]
    Name {
        /// The name in its `Chart.yaml`.
        name: String,
        /// The version in its `Chart.yaml`.
        version: String,
        /// Why.
        source: ParseReferenceError,
    },
    /// The registry did not take it.
    #[error("could not push to {repository}")]
    Push {
        /// The repository, with `oci://`.
        repository: String,
        /// What happened.
        source: portolan_fetch::PushError,
    },
    /// A task of ours did not end as it should.
    #[error("reading the chart was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
}
