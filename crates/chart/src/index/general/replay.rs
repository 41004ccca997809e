//! What anchors name, to be told again where an alias stands.

use std::collections::HashMap;

use super::super::error::IndexExcess;
use super::super::fault::{Fault, Problem};
use super::super::scalar::KnownTag;

/// How much text may stand under anchors, in bytes.
const MAX_ANCHORED_BYTES: u64 = 16 << 20;

/// How many steps aliases may stand for in all, and how far aliases may lie in one another.
const MAX_REPLAYED: u64 = 1_000_000;
const MAX_NESTED: usize = 64;

/// A step of a document, with aliases as they are.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Map,
    List,
    End,
    Scalar {
        text: String,
        tag: Meaning,
    },
    Alias(usize),
    /// The document is over.
    Nothing,
}

/// How a scalar is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Text,
    Plain,
    Tagged(KnownTag),
}

impl Step {
    /// Whether this is `<<`, not in quotes.
    pub(super) fn is_merge(&self) -> bool {
        matches!(self, Self::Scalar { text, tag: Meaning::Plain } if text == "<<")
    }
}

/// Every step since the first anchor that anything may refer to.
#[derive(Debug, Default)]
pub(super) struct Log {
    steps: Vec<Step>,
    bytes: u64,
    /// Where what an anchor names begins and, once it is complete, ends.
    anchors: HashMap<usize, (usize, Option<usize>)>,
    /// Anchors that are not complete, with how many maps and lists are open within.
    open: Vec<(usize, usize)>,
    /// What is being told again, the innermost last: the next step and the end.
    replays: Vec<(usize, usize)>,
    replayed: u64,
}

impl Log {
    /// Take note of a step of the parser's, which `anchor` names unless that is 0.
    pub(super) fn note(&mut self, step: &Step, anchor: usize) -> Result<(), Fault> {
        if anchor != 0 {
            self.anchors.insert(anchor, (self.steps.len(), None));
            self.open.push((anchor, 0));
        }
        if self.open.is_empty() {
            return Ok(());
        }
        let text = match step {
            Step::Scalar { text, .. } => text.len(),
            _ => 0,
        };
        self.bytes += (text + size_of::<Step>()) as u64;
        if self.bytes > MAX_ANCHORED_BYTES {
            return Err(Fault::Excess(IndexExcess::Aliases {
                limit: MAX_REPLAYED,
            }));
        }
        self.steps.push(step.clone());
        let end = self.steps.len();
        for (_, depth) in &mut self.open {
            match step {
                Step::Map | Step::List => *depth += 1,
                Step::End => *depth -= 1,
                _ => {}
            }
        }
        while let Some((anchor, 0)) = self.open.last() {
            if let Some(range) = self.anchors.get_mut(anchor) {
                range.1 = Some(end);
            }
            self.open.pop();
        }
        Ok(())
    }

    /// Tell what `anchor` names from here on.
    pub(super) fn replay(&mut self, anchor: usize) -> Result<(), Fault> {
        match self.anchors.get(&anchor) {
            Some((begin, Some(end))) if self.replays.len() < MAX_NESTED => {
                self.replays.push((*begin, *end));
                Ok(())
            }
            Some((_, Some(_))) => Err(Fault::Excess(IndexExcess::Aliases {
                limit: MAX_REPLAYED,
            })),
            _ => Err(Problem::Cycle.into()),
        }
    }

    /// The next step of what is being told again, if anything is.
    pub(super) fn replayed(&mut self) -> Result<Option<Step>, Fault> {
        while let Some((next, end)) = self.replays.last_mut() {
            if next == end {
                self.replays.pop();
                continue;
            }
            let step = self.steps.get(*next).cloned();
            *next += 1;
            self.replayed += 1;
            if self.replayed > MAX_REPLAYED {
                return Err(Fault::Excess(IndexExcess::Aliases {
                    limit: MAX_REPLAYED,
                }));
            }
            return Ok(step);
        }
        Ok(None)
    }
}
