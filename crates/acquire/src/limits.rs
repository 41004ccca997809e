//! Every bound, composed.

use std::time::Duration;

/// How much an act may cost, put together from the limits of those who enforce them.
///
/// The defaults are theirs; `docs/limits.md` has them all in one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// What a registry may send.
    pub fetch: portolan_fetch::Limits,
    /// What a chart may unpack to.
    pub chart: portolan_chart::Limits,
    /// What the index of a chart repository may say.
    pub index: portolan_chart::IndexLimits,
    /// What the artifact of another source may unpack to.
    pub source: portolan_chart::SourceLimits,
    /// How many bytes of indexes are kept in memory, besides the one just used.
    pub max_cached_index_bytes: usize,
    /// How long an index that nobody looks into is kept in memory.
    pub max_cached_index_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fetch: portolan_fetch::Limits::default(),
            chart: portolan_chart::Limits::default(),
            index: portolan_chart::IndexLimits::default(),
            source: portolan_chart::SourceLimits::default(),
            max_cached_index_bytes: 64 << 20,
            max_cached_index_age: Duration::from_mins(15),
        }
    }
}

impl Limits {
    /// The largest chart archive accepted, compressed, in bytes: for the download and for reading.
    #[must_use]
    pub fn max_chart_bytes(mut self, bytes: u64) -> Self {
        self.fetch.max_chart_bytes = bytes;
        self.chart = self.chart.max_chart_bytes(bytes);
        self
    }

    /// The largest index of a chart repository, in bytes: for the download and for reading.
    #[must_use]
    pub fn max_index_bytes(mut self, bytes: u64) -> Self {
        self.fetch.max_index_bytes = bytes;
        self.index = self.index.max_index_bytes(bytes);
        self
    }

    /// The largest metadata file of an archive, and the largest file of a directory chart, in bytes.
    #[must_use]
    pub fn max_file_bytes(mut self, bytes: u64) -> Self {
        self.chart = self.chart.max_file_bytes(bytes);
        self
    }
}
