//! Which artifacts stay.

use crate::{FileError, InvalidPathError};

/// Why artifacts could not be collected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// The current artifact's path is none of this object.
    #[error(transparent)]
    Path(#[from] InvalidPathError),
    /// The disk refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// There was more to do than time.
    #[error("collecting artifacts took too long: context deadline exceeded")]
    DeadlineExceeded,
}
