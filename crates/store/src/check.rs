//! Whether a file is still what was published.

use std::time::SystemTime;

use crate::{FileError, InvalidPathError};

/// What a [check](crate::Store::check) found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Integrity {
    /// The file is there and hashes to what was expected.
    Intact {
        /// Its length in bytes.
        size: u64,
        /// When it was written.
        modified: SystemTime,
    },
    /// There is no file.
    Missing,
    /// There is something else than was expected: other bytes, or no regular file.
    Corrupt,
}

/// Why a file could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The path is none of a store.
    #[error(transparent)]
    Path(#[from] InvalidPathError),
    /// The disk refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why a file could not be opened for reading.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The path is none of a store.
    #[error(transparent)]
    Path(#[from] InvalidPathError),
    /// The disk refused.
    #[error(transparent)]
    File(#[from] FileError),
}
