//! The explanation for people.

use std::fmt;

use super::Explanation;
use crate::ledger::Outcome;
use crate::reading::Shown;
use crate::rejection::{Rejection, Verdict};

/// How many of the nearest candidates are told about.
const NEAREST: usize = 3;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = self.wanted.to_string();
        writeln!(f, "wanted {}", Shown(&wanted))?;
        match self.chosen() {
            Some(tag) => self.tell_choice(f, tag),
            None => self.tell_miss(f),
        }
    }
}

impl Explanation {
    fn tell_choice(&self, f: &mut fmt::Formatter<'_>, tag: &str) -> fmt::Result {
        let (admitted, offered) = (self.admitted(), self.offered());
        write!(f, "chose {}", Shown(tag))?;
        if admitted > 1 {
            write!(f, ", the best of {admitted} that would do")?;
        }
        write!(f, "; {offered} offered")?;
        let Some((newer, rejection)) = self.highest_refused_above(tag) else {
            return Ok(());
        };
        write!(f, "\nhigher is {}: {rejection}", Shown(newer))
    }

    fn tell_miss(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing would do; {} offered", self.offered())?;
        for (outcome, what) in [
            (Outcome::Refused, "refused"),
            (Outcome::NotAVersion, "not a version"),
            (Outcome::Filtered, "left out by the filter"),
        ] {
            match self.ledger.count(outcome) {
                0 => {}
                count => write!(f, ", {count} {what}")?,
            }
        }
        for near in self.nearest(NEAREST) {
            if let Verdict::Rejected(rejection) = near.verdict() {
                write!(f, "\n  {}: {rejection}", Shown(near.tag()))?;
            }
        }
        match self.hint() {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }

    /// The highest version above `chosen` that was refused, so that nobody misses it unawares.
    fn highest_refused_above(&self, chosen: &str) -> Option<(&str, Rejection)> {
        let chosen = self.version(chosen)?;
        let refused = self.ledger.iter().filter_map(|(tag, outcome)| {
            let version = (outcome == Outcome::Refused).then(|| self.version(tag))??;
            version
                .cmp_precedence(&chosen)
                .is_gt()
                .then_some((version, tag))
        });
        let (_, tag) = refused.max()?;
        Some((tag, self.refusal(tag, self.opened().as_ref())))
    }
}
