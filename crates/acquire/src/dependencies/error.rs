//! Why dependencies could not be brought.

use std::error::Error;

use portolan_chart::{AddChartError, ReadChartError};
use portolan_resolve::WalkError;
use tokio::task::JoinError;

use crate::Class;

/// Why an index does not lead to an archive. The words are Flux's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unlisted {
    #[error("no chart name found")]
    Chart,
    #[error("no '{name}' chart with version matching '{version}' found")]
    Version { name: String, version: String },
    #[error("chart '{0}' has no downloadable URLs")]
    Url(String),
}

impl Unlisted {
    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Chart | Self::Version { .. } => Class::NotFound,
            Self::Url(_) => Class::Refused,
        }
    }
}

/// Why something that a chart depends on could not be brought.
///
/// Exhaustive on purpose: whoever reports these to somebody decides about each.
#[derive(Debug, thiserror::Error)]
pub enum BuildDependenciesError {
    /// It is not known what the chart depends on.
    #[error(transparent)]
    Resolve(#[from] WalkError),
    /// The chart's lock file says nothing that could be understood.
    #[error(transparent)]
    Lock(#[from] portolan_chart::ParseLockError),
    /// What is in the chart's `charts/` folder are no charts.
    #[error(transparent)]
    Vendored(#[from] ReadChartError),
    /// A chart could not be had from its repository.
    #[error("failed to add remote dependency '{name}': {}", stage.words(name, version, repository))]
    Fetch {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
        /// Its repository, without secrets.
        repository: String,
        /// How far it came.
        stage: FetchStage,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A chart could not be put into the other.
    #[error("failed to add dependency '{name}'")]
    Add {
        /// Its name.
        name: String,
        /// Why.
        source: AddChartError,
    },
    /// A mistake of ours.
    #[error("internal error: {0}")]
    Internal(String),
}

/// How far a chart came that could not be had from its repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchStage {
    /// It was not found out where its archive is.
    Choosing,
    /// The archive did not come, or not whole.
    Downloading,
    /// What came is not the chart.
    Loading,
}

impl FetchStage {
    /// What failed, in Flux's words.
    fn words(self, name: &str, version: &str, repository: &str) -> String {
        match self {
            Self::Choosing => {
                format!("failed to get chart '{name}' version '{version}' from '{repository}'")
            }
            Self::Downloading => {
                format!("chart download of version '{version}' failed ('{repository}')")
            }
            Self::Loading => {
                format!("failed to load downloaded archive of version '{version}' ('{repository}')")
            }
        }
    }
}

impl From<JoinError> for BuildDependenciesError {
    fn from(error: JoinError) -> Self {
        Self::Internal(error.to_string())
    }
}
