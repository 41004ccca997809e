//! A chart in memory.

use crate::ChartMetadata;
use crate::contents::Files;

/// A whole chart in memory, read under limits and found good.
///
/// Of a template or another plain file that was in an archive twice only the last is here, which is
/// the one that Helm uses.
/// No file has a byte order mark, which Helm takes off too.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub(crate) metadata: ChartMetadata,
    pub(crate) files: Files,
    /// How deep charts lie in one another inside of it.
    pub(crate) depth: u64,
}

impl Chart {
    /// What the chart says about itself.
    pub fn metadata(&self) -> &ChartMetadata {
        &self.metadata
    }

    /// Every file, by its path below the chart's folder (`templates/service.yaml`), in the order of
    /// the paths' bytes.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files
            .iter()
            .map(|(path, data)| (path.as_str(), data.as_slice()))
    }

    /// The content of the file at `path` below the chart's folder.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// The chart's default values, `values.yaml`.
    pub fn values(&self) -> Option<&[u8]> {
        self.file("values.yaml")
    }

    /// The chart's `README.md`.
    pub fn readme(&self) -> Option<&[u8]> {
        self.file("README.md")
    }
}
