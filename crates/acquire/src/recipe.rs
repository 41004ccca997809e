//! What is made of a chart after it was brought.

/// What is made of a chart after it was brought: nothing, or a package of our own with other values
/// or another version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipe {
    pub(crate) values_files: Vec<String>,
    pub(crate) ignore_missing: bool,
    pub(crate) metadata: Option<String>,
}

impl Recipe {
    /// Leave the chart as it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// Merge these files, later ones over earlier ones, and put the outcome in the place of the
    /// chart's `values.yaml`.
    ///
    /// Of a chart from a repository they are files in the chart, and `values.yaml` is its own values.
    /// Of a chart in a source they are files of the source, by their path from its root.
    #[must_use]
    pub fn values_files<T: Into<String>>(mut self, files: impl IntoIterator<Item = T>) -> Self {
        self.values_files = files.into_iter().map(Into::into).collect();
        self
    }

    /// Pass over values files that are not there. If none is, the values become empty.
    #[must_use]
    pub fn ignore_missing_values_files(mut self) -> Self {
        self.ignore_missing = true;
        self
    }

    /// Replace the build metadata of the chart's version: `1.2.3+7` for `7`.
    #[must_use]
    pub fn version_metadata(mut self, metadata: impl Into<String>) -> Self {
        self.metadata = Some(metadata.into());
        self
    }

    /// Whether the chart stays as it is.
    pub fn is_empty(&self) -> bool {
        self.values_files.is_empty() && self.metadata.is_none()
    }

    /// What decides about the outcome besides the chart, as it is recorded.
    pub(crate) fn fingerprint(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        format!(
            "{:?} ignore_missing={} metadata={:?}",
            self.values_files, self.ignore_missing, self.metadata
        )
    }
}
