//! Publishing, many at a time.

use crate::{FileError, InvalidPathError, StageError};

/// Why an artifact could not be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The name cannot be one.
    #[error(transparent)]
    Path(#[from] InvalidPathError),
    /// What was staged could not be written to its end.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The disk refused.
    #[error(transparent)]
    File(#[from] FileError),
}
