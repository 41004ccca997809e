//! The conditions of an object after a pass.
//!
//! Everything here is pure: what was there before and what came of the pass go in, the list to be
//! written comes out. The rules are those of Flux's
//! [source-controller](https://fluxcd.io/flux/components/source/helmcharts/#working-with-helmcharts).

use std::cmp::Reverse;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use portolan_api::{condition, message, reason};

use crate::failure::{Claim, Failure, Retry};

/// What a message may weigh in the status of an object, in bytes; the API server refuses more.
const MAX_MESSAGE_BYTES: usize = 32_768;

/// How a condition reads: whether `True` is good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Polarity {
    /// `True` is good.
    Positive,
    /// `True` is bad.
    Negative,
    /// `True` is good, and `False` outweighs everything else.
    Bipolar,
}

/// The conditions that decide about `Ready`, the weightiest first.
pub(crate) type Order = &'static [(&'static str, Polarity)];

/// The order for a `HelmChart`.
pub(crate) const HELM_CHART: Order = &[
    (condition::STORAGE_OPERATION_FAILED, Polarity::Negative),
    (condition::FETCH_FAILED, Polarity::Negative),
    (condition::BUILD_FAILED, Polarity::Negative),
    (condition::ARTIFACT_OUTDATED, Polarity::Negative),
    (condition::ARTIFACT_IN_STORAGE, Polarity::Positive),
    (condition::SOURCE_VERIFIED, Polarity::Bipolar),
    (condition::STALLED, Polarity::Negative),
    (condition::RECONCILING, Polarity::Negative),
];

/// The order for a `HelmRepository`.
pub(crate) const HELM_REPOSITORY: Order = &[
    (condition::STORAGE_OPERATION_FAILED, Polarity::Negative),
    (condition::FETCH_FAILED, Polarity::Negative),
    (condition::ARTIFACT_OUTDATED, Polarity::Negative),
    (condition::ARTIFACT_IN_STORAGE, Polarity::Positive),
    (condition::STALLED, Polarity::Negative),
    (condition::RECONCILING, Polarity::Negative),
];

/// What came of a pass, as far as conditions tell it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outcome<'a> {
    /// The artifact in storage is the one that is wanted.
    Stored {
        /// Why it is there.
        reason: &'a str,
        /// The same as a sentence.
        message: &'a str,
        /// What was proven of its signatures, if that was asked for.
        verified: Option<&'a str>,
    },
    /// Something stopped the pass.
    Failed(&'a Failure),
    /// The object is suspended; nothing was done.
    Rested,
}

/// What the conditions were derived from before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before<'a> {
    /// As they were read.
    pub(crate) conditions: &'a [Condition],
    /// `metadata.generation`.
    pub(crate) generation: i64,
    /// `status.observedGeneration`; −1 before the first look.
    pub(crate) observed_generation: i64,
    /// Whether the status named an artifact.
    pub(crate) had_artifact: bool,
    /// Whether that artifact is still in storage as it was.
    pub(crate) has_artifact: bool,
}

impl Before<'_> {
    /// What is being done while it fails.
    fn progress(&self, failure: &Failure) -> String {
        if let Some(chosen) = &failure.chosen {
            return format!("{}: {}", message::BUILDING_ARTIFACT, chosen.text);
        }
        if !self.has_artifact {
            return if self.had_artifact {
                message::BUILDING_DISAPPEARED_ARTIFACT.to_owned()
            } else {
                message::BUILDING_ARTIFACT.to_owned()
            };
        }
        if self.generation == self.observed_generation {
            return message::RECONCILIATION_IN_PROGRESS.to_owned();
        }
        format!(
            "{}{} -> {}",
            message::PROCESSING_NEW_GENERATION,
            self.observed_generation,
            self.generation
        )
    }
}

/// The conditions after the pass, in the order in which they are stored, and the generation that
/// the status may claim to speak of.
pub(crate) fn after(
    order: Order,
    before: Before<'_>,
    outcome: Outcome<'_>,
    now: &Time,
) -> (Vec<Condition>, i64) {
    let mut list = List {
        conditions: before.conditions.to_vec(),
        generation: before.generation,
        now,
    };
    let mut observed = before.observed_generation;
    if !before.has_artifact {
        list.remove(condition::ARTIFACT_IN_STORAGE);
    }
    match outcome {
        Outcome::Stored {
            reason,
            message,
            verified,
        } => {
            for gone in [
                condition::STORAGE_OPERATION_FAILED,
                condition::FETCH_FAILED,
                condition::BUILD_FAILED,
                condition::ARTIFACT_OUTDATED,
                condition::RECONCILING,
                condition::STALLED,
            ] {
                list.remove(gone);
            }
            list.set(condition::ARTIFACT_IN_STORAGE, true, reason, message);
            match verified {
                Some(text) => list.set(condition::SOURCE_VERIFIED, true, reason::SUCCEEDED, text),
                None => list.remove(condition::SOURCE_VERIFIED),
            }
            observed = before.generation;
        }
        Outcome::Failed(failure) => {
            list.fail(failure, before.has_artifact);
            match failure.retry {
                Retry::WhenChanged => {
                    list.remove(condition::RECONCILING);
                    list.set(
                        condition::STALLED,
                        true,
                        failure.event_reason,
                        &failure.message,
                    );
                    observed = before.generation;
                }
                Retry::After { .. } => {
                    list.remove(condition::STALLED);
                    list.set(
                        condition::RECONCILING,
                        true,
                        reason::PROGRESSING_WITH_RETRY,
                        &before.progress(failure),
                    );
                }
            }
        }
        Outcome::Rested => {}
    }
    list.summarise(order);
    if matches!(outcome, Outcome::Rested) && list.is(condition::READY, "True") {
        observed = before.generation;
    }
    (list.sorted(), observed)
}

struct List<'a> {
    conditions: Vec<Condition>,
    generation: i64,
    now: &'a Time,
}

impl List<'_> {
    fn get(&self, kind: &str) -> Option<&Condition> {
        self.conditions
            .iter()
            .find(|condition| condition.type_ == kind)
    }

    fn is(&self, kind: &str, status: &str) -> bool {
        self.get(kind)
            .is_some_and(|condition| condition.status == status)
    }

    fn remove(&mut self, kind: &str) {
        self.conditions.retain(|condition| condition.type_ != kind);
    }

    fn set(&mut self, kind: &str, status: bool, reason: &str, message: &str) {
        self.put(kind, if status { "True" } else { "False" }, reason, message);
    }

    /// The time of a condition moves when anything that is told changes.
    fn put(&mut self, kind: &str, status: &str, reason: &str, message: &str) {
        let message = shortened(message);
        let since = self
            .get(kind)
            .filter(|old| old.status == status && old.reason == reason && old.message == message);
        let condition = Condition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message,
            observed_generation: Some(self.generation),
            last_transition_time: since
                .map_or_else(|| self.now.clone(), |old| old.last_transition_time.clone()),
        };
        self.remove(kind);
        self.conditions.push(condition);
    }

    fn fail(&mut self, failure: &Failure, has_artifact: bool) {
        // A chart that could not be fetched was not built, and the other way round.
        let exclusive = [condition::FETCH_FAILED, condition::BUILD_FAILED];
        if exclusive.contains(&failure.condition) {
            for kind in exclusive {
                if kind != failure.condition {
                    self.remove(kind);
                }
            }
        }
        self.set(failure.condition, true, failure.reason, &failure.message);
        match failure.claim {
            // Bad news speaks of this pass or not at all, and good news of what is there.
            Claim::Kept if has_artifact && self.is(condition::SOURCE_VERIFIED, "True") => {}
            Claim::Kept | Claim::Withdrawn => self.remove(condition::SOURCE_VERIFIED),
            Claim::Denied => self.set(
                condition::SOURCE_VERIFIED,
                false,
                reason::VERIFICATION_ERROR,
                &failure.message,
            ),
        }
        // What is not there cannot be outdated.
        if let Some(chosen) = failure.chosen.as_ref().filter(|_| has_artifact) {
            self.set(
                condition::ARTIFACT_OUTDATED,
                true,
                chosen.reason,
                &chosen.text,
            );
        }
    }

    /// `Ready` repeats the condition that weighs most.
    fn summarise(&mut self, order: Order) {
        let weight = |polarity, status: &str| match (polarity, status) {
            (Polarity::Negative, "True") => 0,
            (Polarity::Positive | Polarity::Bipolar, "False") => 1,
            (Polarity::Positive | Polarity::Bipolar, "True") => 2,
            (Polarity::Negative, "False") => 3,
            _ => 4,
        };
        let heaviest = order
            .iter()
            .filter_map(|(kind, polarity)| {
                let condition = self.get(kind)?;
                let refused = *polarity == Polarity::Bipolar && condition.status == "False";
                let rank = weight(*polarity, &condition.status);
                Some(((!refused, rank), condition))
            })
            // The first of equals, as the order has it.
            .min_by_key(|(rank, _)| *rank);
        let Some(((_, rank), winner)) = heaviest else {
            return;
        };
        let status = match rank {
            0 | 1 => "False",
            2 | 3 => "True",
            _ => "Unknown",
        };
        let (reason, message) = (winner.reason.clone(), winner.message.clone());
        self.put(condition::READY, status, &reason, &message);
    }

    /// `Stalled`, `Reconciling` and `Ready` first, then the newest knowledge, then by name.
    fn sorted(mut self) -> Vec<Condition> {
        let first = [condition::STALLED, condition::RECONCILING, condition::READY];
        self.conditions.sort_by_cached_key(|condition| {
            let place = first.iter().position(|kind| *kind == condition.type_);
            let generation = condition.observed_generation.unwrap_or_default();
            match place {
                Some(place) => (place, Reverse(0), String::new()),
                None => (first.len(), Reverse(generation), condition.type_.clone()),
            }
        });
        self.conditions
    }
}

/// At most what the API server takes, at the boundary of a character, and visibly cut.
fn shortened(message: &str) -> String {
    if message.len() <= MAX_MESSAGE_BYTES {
        return message.to_owned();
    }
    let mut end = MAX_MESSAGE_BYTES - 3;
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &message[..end])
}

#[cfg(test)]
#[path = "conditions/tests.rs"]
mod tests;
