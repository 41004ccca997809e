//! One pass over the candidates.

use std::cmp::Ordering;
use std::time::SystemTime;

use portolan_reference::{Spelling, Version};

use crate::choice::{Candidate, Miss};
use crate::constraint::Constraint;
use crate::ledger::{Ledger, Outcome};
use crate::reading::Reading;

/// What is asked of a candidate.
#[derive(Debug, Clone)]
pub(crate) struct Demand {
    pub(crate) reading: Reading,
    /// A candidate with this very text is taken before any other.
    pub(crate) literal: Option<String>,
    /// What the others have to satisfy; nothing else will do if there is none.
    pub(crate) constraint: Option<Constraint>,
    /// How a text has to be spelled to be had by its whole name, if anything can be.
    pub(crate) named: Option<Spelling>,
}

/// A candidate as it is offered.
pub(crate) struct Offer<T> {
    pub(crate) text: T,
    pub(crate) created: Option<SystemTime>,
}

/// The best so far.
struct Best<T> {
    index: usize,
    offer: Offer<T>,
    literal: bool,
    version: semver::Version,
}

/// Choose among those of `offers` that `welcome` lets in. `ledger` is told about every one of them.
pub(crate) fn run<T: AsRef<str>>(
    demand: &Demand,
    offers: impl Iterator<Item = Offer<T>>,
    welcome: impl Fn(&str) -> bool,
    mut ledger: Option<&mut Ledger>,
) -> Result<Candidate, Miss> {
    let mut best: Option<Best<T>> = None;
    let mut miss = Miss::NothingOffered;
    for (index, offer) in offers.enumerate() {
        let text = offer.text.as_ref();
        let judged = if welcome(text) {
            demand.judge(text)
        } else {
            Judged::Not(Outcome::Filtered)
        };
        if let Some(ledger) = ledger.as_deref_mut() {
            ledger.write(text, judged.outcome());
        }
        miss = miss.max(judged.miss());
        if let Judged::Admitted { literal, version } = judged {
            let next = Best {
                index,
                offer,
                literal,
                version,
            };
            if best.as_ref().is_none_or(|best| next.order(best).is_gt()) {
                best = Some(next);
            }
        }
    }
    // Whatever was admitted is at least loosely a version, so `candidate` finds one again.
    best.and_then(|best| best.candidate(demand.reading))
        .ok_or(miss)
}

enum Judged {
    Admitted {
        literal: bool,
        version: semver::Version,
    },
    Not(Outcome),
}

impl Demand {
    fn judge(&self, text: &str) -> Judged {
        let read = self.reading.text(text);
        if self.literal.as_deref() == Some(&*read)
            && let Some(version) = Spelling::Loose.read(&read)
        {
            return Judged::Admitted {
                literal: true,
                version,
            };
        }
        let Some(version) = self.reading.spelling.read(&read) else {
            return Judged::Not(Outcome::NotAVersion);
        };
        match &self.constraint {
            Some(constraint) if constraint.admits(&version) => Judged::Admitted {
                literal: false,
                version,
            },
            _ => Judged::Not(Outcome::Refused),
        }
    }
}

impl Judged {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Admitted { .. } => Outcome::Admitted,
            Self::Not(outcome) => *outcome,
        }
    }

    /// How near to a choice it came.
    fn miss(&self) -> Miss {
        match self.outcome() {
            Outcome::NotAVersion | Outcome::Filtered => Miss::NoVersion,
            Outcome::Refused | Outcome::Admitted => Miss::NoneAdmitted,
        }
    }
}

impl<T: AsRef<str>> Best<T> {
    /// Total but for the index, so that the order of the offers decides nothing.
    fn order(&self, other: &Self) -> Ordering {
        self.literal
            .cmp(&other.literal)
            .then_with(|| self.version.cmp_precedence(&other.version))
            .then_with(|| self.offer.created.cmp(&other.offer.created))
            .then_with(|| self.version.build.cmp(&other.version.build))
            .then_with(|| self.offer.text.as_ref().cmp(other.offer.text.as_ref()))
    }

    fn candidate(&self, reading: Reading) -> Option<Candidate> {
        let tag = self.offer.text.as_ref();
        let version = Version::loose(&reading.text(tag)).ok()?;
        Some(Candidate {
            index: self.index,
            tag: tag.to_owned(),
            version,
        })
    }
}
