//! Why an act failed.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use portolan_auth::CredentialError;
use portolan_chart::{ChartName, ReadChartError, ReadDirectoryError, UnpackError};
use portolan_fetch::FetchError;
use portolan_reference::ParseReferenceError;
use portolan_resolve::{Explanation, Miss, ParseConstraintError};
use portolan_store::{PublishError, StageError};

use crate::{Look, Request};

/// Why no version was chosen.
///
/// Exhaustive on purpose: whoever reports these to somebody decides about each.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The credential for the registry could not be obtained.
    #[error("the credential for the registry could not be obtained")]
    Credential(#[source] CredentialError),
    /// The version is neither a version nor a range.
    #[error(transparent)]
    Constraint(#[from] ParseConstraintError),
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
            Self::NoVersions { explanation, .. } | Self::NoMatch { explanation, .. } => {
                Some(explanation)
            }
            Self::Credential(_) | Self::Constraint(_) | Self::List { .. } => None,
        }
    }

    /// Whether the registry refused the credential, or wants one.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::List { source, .. } if source.is_denied())
    }

    /// How long the registry asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::List { source, .. } => source.retry_after(),
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
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A task of ours did not end as it should.
    #[error("reading the chart was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
}

impl AcquireError {
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
        matches!(self, Self::Pull { source, .. } if source.is_denied())
    }

    /// How long the registry asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Pull { source, .. } => source.retry_after(),
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
