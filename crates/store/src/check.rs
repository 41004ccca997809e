//! Whether a file is still what was published.

use std::fs::File;
use std::io::Read as _;
use std::time::SystemTime;

use portolan_reference::{Algorithm, Digest, Hasher};

use crate::beneath::{Opened, Root};
use crate::name::StoredPath;
use crate::{FileError, InvalidPathError};

/// How many bytes are read at a time: few calls, and small enough to stay in a processor's cache.
const CHUNK: usize = 256 << 10;

/// What a [check](crate::Store::check) found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Blocks.
pub(crate) fn check(
    root: &Root,
    path: &StoredPath,
    expected: &Digest,
) -> Result<Integrity, FileError> {
    let failed = |act| {
        let path = path.to_string();
        move |error| FileError::new(act, path, error)
    };
    let opened = root.file(&path.folder(), path.last());
    let (file, metadata) = match opened.map_err(|error| failed("open")(error.into()))? {
        Opened::File(file, metadata) => (file, metadata),
        Opened::NotAFile => return Ok(Integrity::Corrupt),
        Opened::Missing => return Ok(Integrity::Missing),
    };
    let actual = hash(file, expected.algorithm()).map_err(failed("read"))?;
    if actual != *expected {
        return Ok(Integrity::Corrupt);
    }
    Ok(Integrity::Intact {
        size: metadata.len(),
        modified: metadata.modified().map_err(failed("read the time of"))?,
    })
}

/// What a file hashes to, from where it stands to its end. Blocks.
pub(crate) fn hash(mut file: File, algorithm: Algorithm) -> std::io::Result<Digest> {
    let mut hasher = Hasher::new(algorithm);
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(read) => hasher.update(chunk.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Open a file for somebody else to read. Blocks.
pub(crate) fn reader(root: &Root, path: &StoredPath) -> Result<Option<File>, ReadError> {
    let opened = root.file(&path.folder(), path.last());
    match opened.map_err(|error| FileError::new("open", path.to_string(), error.into()))? {
        Opened::File(file, _) => Ok(Some(file)),
        Opened::NotAFile => Err(ReadError::NotAFile {
            path: path.to_string(),
        }),
        Opened::Missing => Ok(None),
    }
}

/// Why a file could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The path is none of a store.
    #[error(transparent)]
    Path(#[from] InvalidPathError),
    /// The disk refused, or a folder on the way is a link.
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
    /// The disk refused, or a folder on the way is a link.
    #[error(transparent)]
    File(#[from] FileError),
    /// Something else than a regular file has that name.
    #[error("`{path}` in the storage is not a regular file")]
    NotAFile {
        /// The name, below the root.
        path: String,
    },
}
