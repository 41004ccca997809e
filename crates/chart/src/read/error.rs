//! Why an archive is not accepted.

use std::io;

use crate::metadata::Problem;
use crate::{EntryProblem, Found, ParseMetadataError};

/// Why a chart archive was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadChartError {
    /// The bytes of the archive could not be got. The archive itself may be good.
    #[error("the chart archive could not be read")]
    Read(#[source] io::Error),
    /// What came is not gzip.
    #[error("expected a gzipped tar archive, found {found}")]
    NotGzip {
        /// What it looks like instead.
        found: Found,
    },
    /// Gzip or tar cannot make sense of the bytes, or they end too early.
    #[error("the chart archive is damaged or cut short")]
    Damaged(#[source] io::Error),
    /// Something is larger than is allowed.
    #[error(transparent)]
    TooLarge(Excess),
    /// The archive has something in it that has no place in a chart.
    #[error("the archive's entry `{}` is refused: {reason}", entry.escape_debug())]
    Entry {
        /// Its name as packed.
        entry: String,
        /// What is wrong with it.
        reason: EntryProblem,
    },
    /// There is no chart.
    #[error("no 'Chart.yaml' found in the folder at the top")]
    NoChartYaml,
    /// A file that Helm reads says something that Helm does not accept.
    #[error("{file} is invalid")]
    File {
        /// The file: `Chart.yaml`, `requirements.yaml`, a lock file or `values.yaml`.
        file: String,
        /// What is wrong with it.
        source: ParseMetadataError,
    },
    /// A chart in `charts/` is not accepted. Helm loads it together with the chart it is in.
    #[error("the chart in {} is not accepted", path.escape_debug())]
    Subchart {
        /// Where it is.
        path: String,
        /// Why.
        source: Box<Self>,
    },
}

impl ReadChartError {
    /// Whether the same act may succeed later without anyone changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Read(_) => true,
            Self::NotGzip { .. }
            | Self::Damaged(_)
            | Self::TooLarge(_)
            | Self::Entry { .. }
            | Self::NoChartYaml
            | Self::File { .. }
            | Self::Subchart { .. } => false,
        }
    }
}

impl Problem {
    /// Say it of `file`.
    pub(crate) fn of(self, file: &str) -> ReadChartError {
        ReadChartError::File {
            file: file.to_owned(),
            source: self.into(),
        }
    }
}

impl From<Excess> for ReadChartError {
    fn from(excess: Excess) -> Self {
        Self::TooLarge(excess)
    }
}

/// Which of the [`Limits`](crate::Limits) was met.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Excess {
    /// `max_chart_bytes`.
    #[error("the chart archive is larger than {limit} bytes (max_chart_bytes)")]
    ChartBytes {
        /// The limit in bytes.
        limit: u64,
    },
    /// `max_unpacked_bytes`.
    #[error("the chart unpacks to {limit} bytes or more (max_unpacked_bytes)")]
    UnpackedBytes {
        /// The limit in bytes.
        limit: u64,
    },
    /// `max_entries`.
    #[error("the chart has more than {limit} entries (max_entries)")]
    Entries {
        /// The limit.
        limit: u64,
    },
    /// `max_file_bytes`.
    #[error("size of '{}' exceeds '{limit}' bytes limit (max_file_bytes)", file.escape_debug())]
    FileBytes {
        /// The file.
        file: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// Charts are inside of charts deeper than anybody needs.
    #[error("charts lie in charts more than {limit} deep")]
    Depth {
        /// The limit, which cannot be set.
        limit: u64,
    },
}
