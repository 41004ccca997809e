//! Deletion: one file, or everything of an object.

use crate::{FileError, InvalidPathError};

/// Why a file could not be discarded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscardError {
    /// The path is none of a store.
    #[error(transparent)]
    Path(#[from] InvalidPathError),
    /// The disk refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why an object could not be removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoveError {
    /// The disk refused.
    #[error(transparent)]
    File(#[from] FileError),
}
