//! What to ask for instead.

use std::fmt;

use semver::Version;

use super::Explanation;
use crate::constraint::Constraint;
use crate::ledger::Outcome;
use crate::reading::Shown;

/// What could be asked for instead, when nothing is what was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// Only pre-releases are as wanted, and those are not admitted.
    AdmitPrereleases {
        /// What was wanted, with pre-releases admitted.
        constraint: Constraint,
        /// What that would choose, as it was offered.
        tag: String,
    },
    /// What is wanted is there, but in a spelling that has to be asked for by its whole name.
    AskByName {
        /// What to ask for.
        version: String,
    },
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AdmitPrereleases { constraint, tag } => {
                let constraint = constraint.to_string();
                let (constraint, tag) = (Shown(&constraint), Shown(tag));
                write!(f, "only pre-releases would do; {constraint} chooses {tag}")
            }
            Self::AskByName { version } => {
                let version = Shown(version);
                write!(
                    f,
                    "{version} can be had, but only by its whole name: ask for {version}"
                )
            }
        }
    }
}

impl Explanation {
    /// What could be asked for instead; `None` if something was chosen, or nothing comes to mind.
    pub fn hint(&self) -> Option<Hint> {
        if self.chosen.is_some() {
            return None;
        }
        self.admit_prereleases().or_else(|| self.ask_by_name())
    }

    fn admit_prereleases(&self) -> Option<Hint> {
        let constraint = self.opened()?;
        let admitted = self.ledger.iter().filter_map(|(tag, outcome)| {
            let version = (outcome == Outcome::Refused).then(|| self.version(tag))??;
            constraint.admits(&version).then_some((version, tag))
        });
        let (_, tag) = admitted.max()?;
        Some(Hint::AdmitPrereleases {
            tag: tag.to_owned(),
            constraint,
        })
    }

    fn ask_by_name(&self) -> Option<Hint> {
        let spelling = self.demand.named?;
        let exact = || self.demand.literal.as_deref()?.parse().ok();
        let constraint: Constraint = self.demand.constraint.clone().or_else(exact)?;
        let named = self.ledger.iter().filter_map(|(tag, outcome)| {
            let text = (outcome == Outcome::NotAVersion).then(|| self.demand.reading.text(tag))?;
            let version: Version = spelling.read(&text)?;
            constraint.admits(&version).then_some((version, text))
        });
        let (_, text) = named.max()?;
        Some(Hint::AskByName {
            version: text.into_owned(),
        })
    }
}
