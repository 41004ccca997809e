//! What was left out of an index.

use std::fmt;

use crate::metadata::Problem;

/// How many are told one by one.
const MAX_TOLD: usize = 100;

/// What an index has that Helm passes over.
///
/// Helm drops these without a word. They are what a person looks for who does not find a version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexReport {
    dropped: Vec<DroppedVersion>,
    count: u64,
}

impl IndexReport {
    /// The first 100 versions that were dropped, in the order of the file.
    pub fn dropped(&self) -> &[DroppedVersion] {
        &self.dropped
    }

    /// How many versions were dropped in all.
    pub fn dropped_count(&self) -> u64 {
        self.count
    }

    pub(super) fn drop_null(&mut self, chart: &str) {
        self.push(chart, "", &"it is an entry with nothing in it");
    }

    pub(super) fn drop_version(&mut self, chart: &str, version: &str, problem: &Problem) {
        self.push(chart, version, problem);
    }

    fn push(&mut self, chart: &str, version: &str, reason: &dyn fmt::Display) {
        self.count += 1;
        if self.dropped.len() < MAX_TOLD {
            self.dropped.push(DroppedVersion {
                chart: shortened(chart),
                version: shortened(version),
                reason: shortened(&reason.to_string()),
            });
        }
    }
}

/// An index may have names of any length; a report is for reading.
fn shortened(text: &str) -> String {
    const MAX: usize = 200;
    match text.char_indices().nth(MAX) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

/// A version that was left out of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedVersion {
    chart: String,
    version: String,
    reason: String,
}

impl DroppedVersion {
    /// The key it stands under.
    pub fn chart(&self) -> &str {
        &self.chart
    }

    /// The version as written, as far as there is one.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What is wrong with it, for whoever made the index.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}
