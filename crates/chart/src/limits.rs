//! How much a chart may cost.

/// How much of anything is read before a chart is refused.
///
/// The defaults are what Helm and Flux allow; see the table in the [crate documentation](crate).
///
/// ```
/// let limits = portolan_chart::Limits::default().max_chart_bytes(1 << 20);
/// assert_eq!(limits.max_chart_bytes, 1_048_576);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest chart archive, compressed, in bytes. Default: 10 MiB.
    pub max_chart_bytes: u64,
    /// What the content of an archive's files, or of a directory's, has to stay below, in bytes.
    /// Extended headers and archives inside the archive count too. Default: 100 MiB.
    pub max_unpacked_bytes: u64,
    /// The most entries in an archive, or files and folders in a directory. Default: 100 000.
    pub max_entries: u64,
    /// The largest file of a chart directory, and the largest metadata file (`Chart.yaml`,
    /// `requirements.yaml`, their locks) of an archive, in bytes. Default: 5 MiB.
    pub max_file_bytes: u64,
    /// What values files may come to while they are merged, in bytes: their texts, 64 for each
    /// value, 640 for each list and map, aliases written out. Default: 64 MiB.
    pub max_values_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_chart_bytes: 10 << 20,
            max_unpacked_bytes: 100 << 20,
            max_entries: 100_000,
            max_file_bytes: 5 << 20,
            max_values_bytes: 64 << 20,
        }
    }
}

impl Limits {
    /// Set [`max_chart_bytes`](Self::max_chart_bytes).
    #[must_use]
    pub fn max_chart_bytes(mut self, bytes: u64) -> Self {
        self.max_chart_bytes = bytes;
        self
    }

    /// Set [`max_unpacked_bytes`](Self::max_unpacked_bytes).
    #[must_use]
    pub fn max_unpacked_bytes(mut self, bytes: u64) -> Self {
        self.max_unpacked_bytes = bytes;
        self
    }

    /// Set [`max_entries`](Self::max_entries).
    #[must_use]
    pub fn max_entries(mut self, entries: u64) -> Self {
        self.max_entries = entries;
        self
    }

    /// Set [`max_file_bytes`](Self::max_file_bytes).
    #[must_use]
    pub fn max_file_bytes(mut self, bytes: u64) -> Self {
        self.max_file_bytes = bytes;
        self
    }

    /// Set [`max_values_bytes`](Self::max_values_bytes).
    #[must_use]
    pub fn max_values_bytes(mut self, bytes: u64) -> Self {
        self.max_values_bytes = bytes;
        self
    }
}
