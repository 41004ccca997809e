//! What somebody asked for.

use std::fmt;

use portolan_reference::Spelling;

use crate::constraint::{Constraint, ParseConstraintError};

/// The version of a chart that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// This version and no other, as written. In a registry it is the tag itself (with `_` for
    /// `+`), so nothing has to be listed.
    Exact(String),
    /// The highest version that a constraint admits.
    Range(Constraint),
}

impl Wanted {
    /// Read what a `version` field or flag says, as [Flux][1] does.
    ///
    /// A version with all three parts ([`Spelling::ThreePart`], so `v1.2.3` and `2025.02.03` too)
    /// is exact. An empty text is `*`, the highest that is no pre-release. The rest is a
    /// [`Constraint`]: `1.2` is one.
    ///
    /// # Errors
    ///
    /// If the text is neither a version nor a constraint.
    ///
    /// [1]: https://github.com/fluxcd/source-controller/blob/v1.9.1/internal/helm/repository/oci_chart_repository.go
    pub fn parse(text: &str) -> Result<Self, ParseConstraintError> {
        if Spelling::ThreePart.read(text).is_some() {
            return Ok(Self::Exact(text.to_owned()));
        }
        let text = if text.is_empty() { "*" } else { text };
        text.parse().map(Self::Range)
    }
}

impl fmt::Display for Wanted {
    /// As it was written, an empty text as `*`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(version) => f.write_str(version),
            Self::Range(constraint) => constraint.fmt(f),
        }
    }
}
