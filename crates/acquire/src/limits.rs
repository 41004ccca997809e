//! Every bound, composed.

/// How much an act may cost, put together from the limits of those who enforce them.
///
/// The defaults are theirs; `docs/limits.md` has them all in one table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// What a registry may send.
    pub fetch: portolan_fetch::Limits,
    /// What a chart may unpack to.
    pub chart: portolan_chart::Limits,
}

impl Limits {
    /// The largest chart archive accepted, compressed, in bytes: for the download and for reading.
    #[must_use]
    pub fn max_chart_bytes(mut self, bytes: u64) -> Self {
        self.fetch.max_chart_bytes = bytes;
        self.chart = self.chart.max_chart_bytes(bytes);
        self
    }

    /// The largest metadata file of an archive, and the largest file of a directory chart, in bytes.
    #[must_use]
    pub fn max_file_bytes(mut self, bytes: u64) -> Self {
        self.chart = self.chart.max_file_bytes(bytes);
        self
    }
}
