//! How much a source may cost.

/// So much may come out of any archive, however little went in: a single file of zeros is no bomb.
pub(super) const FREE_BYTES: u64 = 16 << 20;

/// How much of a source is unpacked before it is refused.
///
/// ```
/// let limits = portolan_chart::SourceLimits::default().max_entries(10_000);
/// assert_eq!(limits.max_entries, 10_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceLimits {
    /// The largest archive, compressed, in bytes. Default: 100 MiB.
    pub max_source_bytes: u64,
    /// The most that its files may have together, in bytes. Default: 512 MiB.
    pub max_unpacked_bytes: u64,
    /// The most files and folders in it. Default: 200 000.
    pub max_entries: u64,
    /// The largest file in it, in bytes. Default: 100 MiB.
    pub max_file_bytes: u64,
    /// How many bytes may come out for each that went in, after the first 16 MiB. Default: 100.
    pub max_ratio: u64,
}

impl Default for SourceLimits {
    fn default() -> Self {
        Self {
            max_source_bytes: 100 << 20,
            max_unpacked_bytes: 512 << 20,
            max_entries: 200_000,
            max_file_bytes: 100 << 20,
            max_ratio: 100,
        }
    }
}

impl SourceLimits {
    /// Set [`max_source_bytes`](Self::max_source_bytes).
    #[must_use]
    pub fn max_source_bytes(mut self, bytes: u64) -> Self {
        self.max_source_bytes = bytes;
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

    /// Set [`max_ratio`](Self::max_ratio).
    #[must_use]
    pub fn max_ratio(mut self, ratio: u64) -> Self {
        self.max_ratio = ratio;
        self
    }
}
