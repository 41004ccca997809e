//! A chart in memory.

use crate::ChartMetadata;

/// A whole chart in memory, read under limits and found good.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub(crate) metadata: ChartMetadata,
    pub(crate) files: Vec<File>,
}

/// A file of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// Below the chart's folder, with `/` between the parts.
    pub(crate) path: String,
    /// The content without a byte order mark.
    pub(crate) data: Vec<u8>,
}

impl Chart {
    /// What the chart says about itself.
    pub fn metadata(&self) -> &ChartMetadata {
        &self.metadata
    }

    /// Every file, by its path below the chart's folder (`templates/service.yaml`), in the order
    /// in which [`write_archive`](Self::write_archive) writes them.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files
            .iter()
            .map(|file| (file.path.as_str(), file.data.as_slice()))
    }

    /// The content of the file at `path` below the chart's folder.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files()
            .find(|(name, _)| *name == path)
            .map(|(_, data)| data)
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
