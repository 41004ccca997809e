//! Why a walk did not come to an end.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::problem::Problem;
use super::question::QuestionId;
use crate::explanation::Explanation;
use crate::reading::Shown;

/// The most errors that are told one by one in a text.
pub(super) const TOLD: usize = 20;

/// Why a chart's dependencies were not resolved: everything that is wrong, in the order of the
/// requirements.
///
/// `Display` tells each error with its causes, at most 20 of them.
#[derive(Debug)]
pub struct WalkError {
    pub(super) errors: Vec<DependencyError>,
}

impl WalkError {
    /// One error per dependency or chart with something wrong. Never empty.
    pub fn errors(&self) -> &[DependencyError] {
        &self.errors
    }
}

impl fmt::Display for WalkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, error) in self.errors.iter().take(TOLD).enumerate() {
            if place > 0 {
                f.write_str("; ")?;
            }
            error.fmt(f)?;
            let mut cause = error.source();
            while let Some(error) = cause {
                write!(f, ": {error}")?;
                cause = error.source();
            }
        }
        match self.errors.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl Error for WalkError {}

/// Why one dependency was not resolved.
///
/// `Display` says which, by its alias or name and those of the charts that lead to it; the
/// [`source`](Error::source) says what is wrong, with which repository, and why.
#[derive(Debug)]
pub struct DependencyError {
    /// As what the chain of charts is known to each other, ending with the dependency itself.
    /// Empty for the chart that the walk began with.
    pub(super) known_as: Vec<String>,
    pub(super) is_local: bool,
    pub(super) question: Option<QuestionId>,
    pub(super) problem: Problem,
    pub(super) explanation: Option<Box<Explanation>>,
}

impl DependencyError {
    /// The alias, or failing that the name, of each chart on the way, the dependency itself last.
    /// Empty if the error is about the chart that the walk began with.
    pub fn known_as(&self) -> &[String] {
        &self.known_as
    }

    /// The question whose answer led to this, or that nobody answered.
    pub fn question(&self) -> Option<QuestionId> {
        self.question
    }

    /// Whether the repository was asked and has no such chart, or no version in the range.
    pub fn is_not_found(&self) -> bool {
        self.problem.is_not_found()
    }

    /// The error that the question was answered with.
    pub fn failure(&self) -> Option<&Arc<dyn Error + Send + Sync>> {
        self.problem.failure()
    }

    /// What became of each version, where none is in the range; of the first 20 errors only.
    pub fn explanation(&self) -> Option<&Explanation> {
        self.explanation.as_deref()
    }
}

impl DependencyError {
    /// Something that is wrong with the chart that is known as this.
    pub(super) fn of_chart(known_as: Vec<String>, problem: Problem) -> Self {
        Self {
            known_as,
            is_local: true,
            question: None,
            problem,
            explanation: None,
        }
    }
}

impl fmt::Display for DependencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((own, parents)) = self.known_as.split_last() else {
            return f.write_str("failed to add dependencies");
        };
        for parent in parents {
            write!(f, "failed to add local dependency {}: ", Quoted(parent))?;
        }
        let kind = if self.is_local { "local" } else { "remote" };
        write!(f, "failed to add {kind} dependency {}", Quoted(own))
    }
}

impl Error for DependencyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.problem)
    }
}

/// A text from outside between single quotes, as Flux's messages have it.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = Shown(self.0).to_string();
        let inner = shown.strip_prefix('`').unwrap_or(&shown);
        write!(f, "'{}'", inner.strip_suffix('`').unwrap_or(inner))
    }
}
