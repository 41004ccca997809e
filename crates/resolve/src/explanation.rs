//! How a choice came about.

mod hint;
mod nearest;
mod text;

use crate::constraint::Constraint;
use crate::contest::Demand;
use crate::ledger::{Ledger, Outcome};
use crate::rejection::{Rejection, Verdict};
use crate::wanted::Wanted;

pub use self::hint::Hint;

/// Why this candidate and not another: what became of every one of them.
///
/// Only the texts and the outcomes are kept while choosing; the reasons are worked out when they
/// are asked for. `Display` is a few lines for people: what was wanted, what was chosen, and if
/// nothing was, the [nearest](Self::nearest) candidates, why each of them will not do, and a
/// [hint](Self::hint).
///
/// # Limits
///
/// Of each text at most 256 bytes are kept. Whatever is longer is no version.
#[derive(Debug, Clone)]
pub struct Explanation {
    wanted: Wanted,
    demand: Demand,
    filter: Option<String>,
    ledger: Ledger,
    chosen: Option<usize>,
}

/// A candidate, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered<'a> {
    tag: &'a str,
    verdict: Verdict,
}

impl<'a> Considered<'a> {
    /// As it was offered: the tag, or the version as the index writes it.
    pub fn tag(&self) -> &'a str {
        self.tag
    }

    /// What became of it.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

impl Explanation {
    pub(crate) fn new(
        wanted: Wanted,
        demand: Demand,
        filter: Option<String>,
        ledger: Ledger,
        chosen: Option<usize>,
    ) -> Self {
        Self {
            wanted,
            demand,
            filter,
            ledger,
            chosen,
        }
    }

    /// What was wanted.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// What was chosen, as it was offered.
    pub fn chosen(&self) -> Option<&str> {
        let (tag, _) = self.ledger.iter().nth(self.chosen?)?;
        Some(tag)
    }

    /// How many candidates there were.
    pub fn offered(&self) -> usize {
        self.ledger.len()
    }

    /// How many of them would have done, the chosen one among them.
    pub fn admitted(&self) -> usize {
        self.ledger.count(Outcome::Admitted)
    }

    /// What became of every candidate, in the order offered.
    pub fn verdicts(&self) -> impl Iterator<Item = Considered<'_>> {
        let opened = self.opened();
        let entries = self.ledger.iter().enumerate();
        entries.map(move |(index, (tag, outcome))| Considered {
            tag,
            verdict: self.verdict(index, tag, outcome, opened.as_ref()),
        })
    }

    fn verdict(
        &self,
        index: usize,
        tag: &str,
        outcome: Outcome,
        opened: Option<&Constraint>,
    ) -> Verdict {
        match outcome {
            Outcome::Admitted if self.chosen == Some(index) => Verdict::Chosen,
            Outcome::Admitted => Verdict::Admitted,
            Outcome::NotAVersion => Verdict::Rejected(Rejection::NotAVersion),
            Outcome::Filtered => Verdict::Rejected(Rejection::Filtered {
                by: self.filter.clone().unwrap_or_default(),
            }),
            Outcome::Refused => Verdict::Rejected(self.refusal(tag, opened)),
        }
    }

    fn refusal(&self, tag: &str, opened: Option<&Constraint>) -> Rejection {
        match (&self.demand.constraint, self.version(tag)) {
            (Some(constraint), Some(version)) => constraint.refusal(&version, opened),
            // Only its own text would do.
            _ => Rejection::Term {
                term: self.wanted.to_string(),
            },
        }
    }

    fn version(&self, tag: &str) -> Option<semver::Version> {
        self.demand.reading.version(tag)
    }

    /// The constraint with pre-releases admitted, if it does not admit them yet.
    fn opened(&self) -> Option<Constraint> {
        self.demand.constraint.as_ref()?.admitting_prereleases()
    }
}
