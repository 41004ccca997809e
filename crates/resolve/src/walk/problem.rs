//! What can be wrong with a dependency.

use std::error::Error;
use std::sync::Arc;

use portolan_reference::redacted;

use super::error::Quoted;
use super::repository::{ParseDependencyRepositoryError, slashed};
use crate::constraint::ParseConstraintError;

/// What is wrong with a dependency, or with a chart's dependencies as a whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("the name of the chart has to be one part of a path, of at most 250 bytes")]
    Name,
    #[error("the alias of chart {} may only have letters, digits, `_` and `-`", Quoted(.0))]
    Alias(String),
    #[error(transparent)]
    Repository(#[from] ParseDependencyRepositoryError),
    #[error(
        "aliased repository dependency is not supported: {}: there is no list of repositories \
         here, write its URL",
        slashed(.0)
    )]
    NoNames(String),
    #[error("no repository definition for {}: it is not in the list of repositories", Quoted(.0))]
    NameUnknown(String),
    #[error(
        "the lock file is out of sync with the dependencies file: {0}; update the dependencies"
    )]
    OutOfSync(OutOfSync),
    #[error("failed to get chart {} version {} from {}", Quoted(chart), Quoted(version), Quoted(&redacted(url)))]
    Get {
        chart: String,
        version: String,
        url: String,
        source: Box<GetProblem>,
    },
    #[error("no chart found at {} (reference {})", Quoted(path), Quoted(reference))]
    NotThere { path: String, reference: String },
    #[error(
        "failed to load chart from {} (reference {})",
        Quoted(path),
        Quoted(reference)
    )]
    Load {
        path: String,
        reference: String,
        source: Failure,
    },
    #[error("invalid version/constraint format {}", Quoted(version))]
    Constraint {
        version: String,
        source: ParseConstraintError,
    },
    #[error(
        "can't get a valid version for constraint {}: the chart at {} has version {}",
        Quoted(wanted),
        Quoted(path),
        Quoted(version)
    )]
    Version {
        wanted: String,
        path: String,
        version: String,
    },
    #[error("the chart requires itself: {}", way(.0))]
    Cycle(Vec<String>),
    #[error("charts require each other more than {0} deep")]
    TooDeep(usize),
    #[error("there are more than {0} dependencies")]
    TooMany(usize),
    #[error("more than {0} versions would have to be looked at")]
    TooMuch(usize),
    #[error("nobody said what is at {}", Quoted(.0))]
    Unanswered(String),
}

/// Where a lock file and the requirements part.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutOfSync {
    #[error("it does not have {}", Quoted(.0))]
    Missing(String),
    #[error("it has {}, which is not required", Quoted(.0))]
    Stray(String),
    #[error("its digest is that of something else")]
    Digest,
    #[error(
        "it has version {} where {} is required",
        Quoted(locked),
        Quoted(wanted)
    )]
    Version { locked: String, wanted: String },
    #[error(
        "it has repository {} where {} is required",
        Quoted(&redacted(locked)),
        Quoted(&redacted(wanted))
    )]
    Repository { locked: String, wanted: String },
}

/// Why a repository has no version of a chart that would do. The words are Flux's.
#[derive(Debug, thiserror::Error)]
pub(super) enum GetProblem {
    #[error(transparent)]
    Constraint(#[from] ParseConstraintError),
    #[error("no chart name found")]
    NoChart,
    #[error("no chart version found")]
    NoVersion,
    #[error("nobody said which versions there are")]
    Unanswered,
    #[error(
        "no {} chart with version matching {} found",
        Quoted(chart),
        Quoted(wanted)
    )]
    NoMatch { chart: String, wanted: String },
    #[error(
        "could not get tags for \"{chart}\": unable to locate any tags in provided repository: \
         {repository}"
    )]
    NoTag { chart: String, repository: String },
    #[error("could not locate a version matching provided version string {0}")]
    NoMatchingTag(String),
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// The error that a question was answered with.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Failure(pub(super) Arc<dyn Error + Send + Sync>);

fn way(charts: &[String]) -> String {
    let charts: Vec<String> = charts.iter().map(|it| Quoted(it).to_string()).collect();
    charts.join(" requires ")
}

impl Problem {
    pub(super) fn is_not_found(&self) -> bool {
        let Self::Get { source, .. } = self else {
            return false;
        };
        match source.as_ref() {
            GetProblem::NoChart
            | GetProblem::NoVersion
            | GetProblem::NoMatch { .. }
            | GetProblem::NoTag { .. }
            | GetProblem::NoMatchingTag(_) => true,
            GetProblem::Constraint(_) | GetProblem::Unanswered | GetProblem::Failed(_) => false,
        }
    }

    pub(super) fn failure(&self) -> Option<&Arc<dyn Error + Send + Sync>> {
        match self {
            Self::Load { source, .. } => Some(&source.0),
            Self::Get { source, .. } => match source.as_ref() {
                GetProblem::Failed(source) => Some(&source.0),
                _ => None,
            },
            _ => None,
        }
    }
}
