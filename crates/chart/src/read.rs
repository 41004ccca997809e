//! Chart archives, read under limits.

use std::io::{self, Read};

use crate::{Chart, ChartMetadata, Limits};

/// Read what the chart in `archive` says about itself, and stop there.
///
/// # Errors
///
/// If the archive or its metadata is not what Helm accepts, or a limit is reached first.
pub fn read_metadata(
    _archive: impl Read,
    _limits: &Limits,
) -> Result<ChartMetadata, ReadChartError> {
    Err(ReadChartError::Read(io::ErrorKind::Unsupported.into()))
}

/// Read the whole chart in `archive` into memory.
///
/// # Errors
///
/// If the archive is not what Helm accepts, or a limit is reached.
pub fn read_chart(_archive: impl Read, _limits: &Limits) -> Result<Chart, ReadChartError> {
    Err(ReadChartError::Read(io::ErrorKind::Unsupported.into()))
}

/// Check the chart in `archive` as [`read_chart`] does, without keeping its files.
///
/// # Errors
///
/// As [`read_chart`].
pub fn check_archive(
    _archive: impl Read,
    _limits: &Limits,
) -> Result<ChartMetadata, ReadChartError> {
    Err(ReadChartError::Read(io::ErrorKind::Unsupported.into()))
}

/// Why a chart archive was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadChartError {
    /// The archive itself could not be read.
    #[error("the chart archive could not be read")]
    Read(#[source] io::Error),
}

impl ReadChartError {
    /// Whether reading the same archive again may succeed although nobody changed it.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Read(_) => true,
        }
    }
}
