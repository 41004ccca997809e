//! Why a candidate was not taken.

use std::fmt;

use crate::reading::Shown;

/// What became of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is the one.
    Chosen,
    /// It would do, but another is preferred.
    Admitted,
    /// It will not do.
    Rejected(Rejection),
}

/// Why a candidate will not do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// It is not spelled as the rule wants a version to be.
    NotAVersion,
    /// A filter left it out before anybody asked whether it is a version.
    Filtered {
        /// The filter, as its owner calls it.
        by: String,
    },
    /// A term of the constraint does not hold.
    Term {
        /// The term that does not hold, as written; of a constraint with alternatives one from
        /// each of them, parted by ` || `.
        term: String,
    },
    /// It is a pre-release, and the constraint admits none. With pre-releases
    /// [admitted](crate::Constraint::admitting_prereleases) it would do.
    Prerelease,
}

impl fmt::Display for Rejection {
    /// What can follow the name of the candidate: "refused by `^1`".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAVersion => f.write_str("not a version"),
            Self::Filtered { by } => write!(f, "left out by the filter {}", Shown(by)),
            Self::Term { term } => write!(f, "refused by {}", Shown(term)),
            Self::Prerelease => f.write_str("a pre-release, and those are not asked for"),
        }
    }
}
