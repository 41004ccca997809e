//! Choosing among the versions that an index lists for a chart.

use std::time::SystemTime;

use portolan_reference::Spelling;

use crate::choice::{Candidate, Choice, Miss};
use crate::contest::{Demand, Offer, run};
use crate::explanation::Explanation;
use crate::ledger::Ledger;
use crate::reading::Reading;
use crate::wanted::Wanted;

/// A version of a chart in the index of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    version: &'a str,
    created: Option<SystemTime>,
}

impl<'a> Entry<'a> {
    /// `version` as the index writes it, and when it says that it was created.
    pub fn new(version: &'a str, created: Option<SystemTime>) -> Self {
        Self { version, created }
    }
}

/// Choose among the entries of a chart as [Flux][1] does, and explain it.
///
/// An entry whose version is, letter for letter, what is wanted comes before all others; that is
/// how `1.3` or a certain build can be had. Failing that, what is wanted is a constraint over the
/// entries with all three parts ([`Spelling::ThreePart`]), and the highest is chosen. Of those
/// that differ in build metadata only, the one created last is, and of those created at the same
/// time the greater, by build metadata and then by bytes. The order of the entries never matters,
/// unless two are alike in all of this: then the first is chosen.
///
/// # Deviation
///
/// What Flux chooses among entries created at the same time depends on their order in the index.
///
/// [1]: https://github.com/fluxcd/source-controller/blob/v1.9.1/internal/helm/repository/chart_repository.go
pub fn choose_entry<'a>(wanted: &Wanted, entries: impl IntoIterator<Item = Entry<'a>>) -> Choice {
    let demand = demand(wanted);
    let mut ledger = Ledger::default();
    let outcome = run(&demand, offers(entries), |_| true, Some(&mut ledger));
    let chosen = outcome.as_ref().ok().map(Candidate::index);
    Choice {
        outcome,
        explanation: Explanation::new(wanted.clone(), demand, None, ledger, chosen),
    }
}

/// As [`choose_entry`], without keeping anything for an explanation.
///
/// # Errors
///
/// If no entry is what is wanted.
pub fn pick_entry<'a>(
    wanted: &Wanted,
    entries: impl IntoIterator<Item = Entry<'a>>,
) -> Result<Candidate, Miss> {
    run(&demand(wanted), offers(entries), |_| true, None)
}

fn offers<'a>(
    entries: impl IntoIterator<Item = Entry<'a>>,
) -> impl Iterator<Item = Offer<&'a str>> {
    entries.into_iter().map(|entry| Offer {
        text: entry.version,
        created: entry.created,
    })
}

fn demand(wanted: &Wanted) -> Demand {
    let text = wanted.to_string();
    let constraint = match wanted {
        // Every version is a constraint. A text that is neither can only be had literally.
        Wanted::Exact(version) => version.parse().ok(),
        Wanted::Range(constraint) => Some(constraint.clone()),
    };
    Demand {
        reading: Reading {
            spelling: Spelling::ThreePart,
            underscore_is_plus: false,
        },
        literal: Some(text),
        constraint,
        named: Some(Spelling::Loose),
    }
}
