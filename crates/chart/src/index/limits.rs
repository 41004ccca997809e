//! How much an index may cost.

/// How much of an index is read before it is refused.
///
/// ```
/// let limits = portolan_chart::IndexLimits::default().max_index_bytes(100 << 20);
/// assert_eq!(limits.max_index_bytes, 104_857_600);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexLimits {
    /// The largest index, in bytes as they are read (so: inflated). Default: 50 MiB.
    pub max_index_bytes: u64,
    /// The most charts and versions of charts together. Default: 1 000 000.
    pub max_versions: u64,
    /// The most text in one version of a chart, and in everything of an index that belongs to no
    /// version, in bytes. Default: 1 MiB.
    pub max_version_bytes: u64,
    /// How deep lists and maps may lie in one another. Default: 64.
    pub max_depth: u64,
}

impl Default for IndexLimits {
    fn default() -> Self {
        Self {
            max_index_bytes: 50 << 20,
            max_versions: 1_000_000,
            max_version_bytes: 1 << 20,
            max_depth: 64,
        }
    }
}

impl IndexLimits {
    /// Set [`max_index_bytes`](Self::max_index_bytes).
    #[must_use]
    pub fn max_index_bytes(mut self, bytes: u64) -> Self {
        self.max_index_bytes = bytes;
        self
    }

    /// Set [`max_versions`](Self::max_versions).
    #[must_use]
    pub fn max_versions(mut self, versions: u64) -> Self {
        self.max_versions = versions;
        self
    }

    /// Set [`max_version_bytes`](Self::max_version_bytes).
    #[must_use]
    pub fn max_version_bytes(mut self, bytes: u64) -> Self {
        self.max_version_bytes = bytes;
        self
    }

    /// Set [`max_depth`](Self::max_depth). More than a few hundred may need more stack than a
    /// thread has.
    #[must_use]
    pub fn max_depth(mut self, levels: u64) -> Self {
        self.max_depth = levels;
        self
    }
}
