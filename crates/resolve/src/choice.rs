//! What choosing comes to.

use portolan_reference::Version;

use crate::explanation::Explanation;

/// A candidate that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub(crate) index: usize,
    pub(crate) tag: String,
    pub(crate) version: Version,
}

impl Candidate {
    /// Its place among what was offered, counted from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// As it was offered: the tag (`1.0.0_build`), or the version as the index writes it.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The version that it stands for (`1.0.0+build`).
    pub fn version(&self) -> &Version {
        &self.version
    }
}

/// Why nothing was chosen, told as far as Helm and Flux tell it apart. For the reason of every
/// single candidate see [`Explanation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Miss {
    /// There was nothing to choose from.
    #[error("there is nothing to choose from")]
    NothingOffered,
    /// Something was offered, but no part of it (that the filter left) is a version in the
    /// spelling that the rule wants.
    #[error("nothing that is offered is a version")]
    NoVersion,
    /// There are versions, but none that is wanted.
    #[error("no version that is offered is wanted")]
    NoneAdmitted,
}

/// The outcome of choosing, and how it came about.
#[derive(Debug, Clone)]
pub struct Choice {
    pub(crate) outcome: Result<Candidate, Miss>,
    pub(crate) explanation: Explanation,
}

impl Choice {
    /// What was chosen.
    pub fn chosen(&self) -> Option<&Candidate> {
        self.outcome.as_ref().ok()
    }

    /// Why nothing was chosen; `None` if something was.
    pub fn miss(&self) -> Option<Miss> {
        self.outcome.as_ref().err().copied()
    }

    /// What became of every candidate.
    pub fn explanation(&self) -> &Explanation {
        &self.explanation
    }

    /// Both parts, to keep.
    pub fn into_parts(self) -> (Result<Candidate, Miss>, Explanation) {
        (self.outcome, self.explanation)
    }
}
