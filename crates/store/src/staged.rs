//! Artifacts that nobody else can see yet.

use std::fs::File;
use std::path::Path;

use portolan_reference::Digest;

use crate::FileError;

/// An artifact being written. Nobody can read it until it is
/// [published](crate::Store::publish).
#[derive(Debug)]
#[must_use = "dropping a staged artifact discards it"]
pub struct Staged {
    path: std::path::PathBuf,
    size: u64,
}

impl Staged {
    /// Add the next bytes.
    ///
    /// # Errors
    ///
    /// [`StageError::File`] if they cannot be written.
    #[expect(clippy::unused_async, reason = "insides follow")]
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StageError> {
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// How many bytes were written.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Write out what is still in memory, and tell what all bytes hash to.
    ///
    /// # Errors
    ///
    /// [`StageError::File`] if they cannot be written.
    #[expect(clippy::unused_async, reason = "insides follow")]
    pub async fn finish(&mut self) -> Result<Digest, StageError> {
        Err(FileError::new("stage", "", std::io::ErrorKind::Unsupported.into()).into())
    }

    /// The bytes for blocking code to read, from the first; whole after [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// [`StageError::File`] if the file cannot be opened.
    pub fn reader(&self) -> Result<File, StageError> {
        Err(FileError::new("stage", "", std::io::ErrorKind::Unsupported.into()).into())
    }

    /// Where the file is, absolute; for messages and for readers that insist on a path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Why an artifact could not be staged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// The disk refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// An earlier call was dropped half-way, so nobody knows which bytes were written.
    #[error("writing was interrupted before")]
    Interrupted,
}
