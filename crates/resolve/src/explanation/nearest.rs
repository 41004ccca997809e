//! The candidates that came closest.

use std::cmp::Reverse;

use portolan_reference::Spelling;
use semver::Version;

use super::{Considered, Explanation};
use crate::constraint::Constraint;
use crate::distance::distance;
use crate::ledger::Outcome;

/// How near a candidate came; less is nearer.
type Nearness = (Kind, [u64; 3], Reverse<Version>, usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Allowing pre-releases would be enough.
    Prerelease,
    Refused,
    NotAVersion,
    Filtered,
}

impl Explanation {
    /// The `limit` candidates that came closest to being chosen without being admitted, the
    /// closest first.
    ///
    /// Those come first that only the rule for pre-releases keeps out, the highest before others.
    /// Then those refused by a term, by how far their numbers are from a bound in the constraint;
    /// then what is no version, and what a filter left out.
    pub fn nearest(&self, limit: usize) -> Vec<Considered<'_>> {
        let opened = self.opened();
        let mut nearest: Vec<(Nearness, &str, Outcome)> = Vec::new();
        for (index, (tag, outcome)) in self.ledger.iter().enumerate() {
            let Some((kind, distance, version)) = self.nearness(tag, outcome, opened.as_ref())
            else {
                continue;
            };
            let entry = ((kind, distance, Reverse(version), index), tag, outcome);
            let place = nearest.partition_point(|(other, ..)| *other < entry.0);
            if place < limit {
                nearest.truncate(limit - 1);
                nearest.insert(place, entry);
            }
        }
        nearest
            .into_iter()
            .map(|((.., index), tag, outcome)| Considered {
                tag,
                verdict: self.verdict(index, tag, outcome, opened.as_ref()),
            })
            .collect()
    }

    fn nearness(
        &self,
        tag: &str,
        outcome: Outcome,
        opened: Option<&Constraint>,
    ) -> Option<(Kind, [u64; 3], Version)> {
        let nowhere = Version::new(0, 0, 0);
        match outcome {
            Outcome::Admitted => None,
            Outcome::NotAVersion => Some((Kind::NotAVersion, [0; 3], nowhere)),
            Outcome::Filtered => Some((Kind::Filtered, [0; 3], nowhere)),
            Outcome::Refused => {
                let version = self.version(tag)?;
                if self.misses_only_prereleases(&version, opened) {
                    return Some((Kind::Prerelease, [0; 3], version));
                }
                let distance = self.distance(&version).unwrap_or_default();
                Some((Kind::Refused, distance, version))
            }
        }
    }

    fn misses_only_prereleases(&self, version: &Version, opened: Option<&Constraint>) -> bool {
        let constraint = self.demand.constraint.as_ref();
        constraint.is_some_and(|constraint| constraint.misses_only_prereleases(version, opened))
    }

    fn distance(&self, version: &Version) -> Option<[u64; 3]> {
        if let Some(constraint) = &self.demand.constraint {
            return constraint.distance(version);
        }
        let wanted = Spelling::Loose.read(self.demand.literal.as_deref()?)?;
        Some(distance(version, &wanted))
    }
}
