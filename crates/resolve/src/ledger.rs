//! What was offered, kept in little room.

/// Longest text of a candidate that is kept, in bytes. Nothing longer is a version.
pub(crate) const MAX_KEPT_BYTES: usize = 256;

/// What came of a candidate, before anybody asks why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    NotAVersion,
    Filtered,
    Refused,
    Admitted,
}

/// Every candidate in the order offered. The texts share one allocation, as there may be a
/// hundred thousand of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    texts: String,
    /// Where each text ends.
    entries: Vec<(usize, Outcome)>,
}

impl Ledger {
    pub(crate) fn write(&mut self, text: &str, outcome: Outcome) {
        let kept = text.floor_char_boundary(MAX_KEPT_BYTES);
        self.texts.push_str(&text[..kept]);
        self.entries.push((self.texts.len(), outcome));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Outcome)> {
        let mut start = 0;
        self.entries.iter().map(move |&(end, outcome)| {
            let text = self.texts.get(start..end).unwrap_or_default();
            start = end;
            (text, outcome)
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn count(&self, which: Outcome) -> usize {
        let same = |(_, outcome): &&(usize, Outcome)| *outcome == which;
        self.entries.iter().filter(same).count()
    }
}
