//! The store itself.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use portolan_reference::Digest;

use crate::{
    Artifact, CheckError, CollectError, DiscardError, FileError, Integrity, ObjectKey, Options,
    PublishError, ReadError, Record, RemoveError, StageError, Staged,
};

/// Artifacts on disk, in the layout of Flux's source-controller.
///
/// Clones share one store.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: std::path::PathBuf,
    options: Options,
}

impl Store {
    /// Open the store in `root`, which must exist, and remove what an earlier process staged and
    /// never published. Blocks while it does; one process has a root open at a time.
    ///
    /// # Errors
    ///
    /// If `root` is not a directory, or the store's own folder in it cannot be made or cleaned.
    pub fn open(root: &Path, options: Options) -> Result<Self, OpenStoreError> {
        let root = root.to_owned();
        Ok(Self {
            inner: Arc::new(Inner { root, options }),
        })
    }

    /// Where the store is, absolute and without links.
    pub fn root(&self) -> &Path {
        &self.inner.root
    }

    /// What the store was told.
    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    /// Begin an artifact of `key`: a file that nobody else can see.
    ///
    /// # Errors
    ///
    /// [`StageError::File`] if the file cannot be made. Nothing is left behind.
    #[expect(clippy::unused_async, reason = "insides follow")]
    pub async fn stage(&self, key: &ObjectKey) -> Result<Staged, StageError> {
        let _ = key;
        Err(FileError::new("stage", "", std::io::ErrorKind::Unsupported.into()).into())
    }

    /// Make what was staged readable as `file_name`, and let `link` beside it follow.
    ///
    /// # Errors
    ///
    /// Nothing is published after an error.
    #[expect(clippy::unused_async, reason = "insides follow")]
    pub async fn publish(
        &self,
        staged: Staged,
        file_name: &str,
        link: &str,
        record: Record,
    ) -> Result<Artifact, PublishError> {
        let _ = (staged, file_name, link, record);
        Err(FileError::new("publish", "", std::io::ErrorKind::Unsupported.into()).into())
    }

    /// Whether the file at `path` is what `expected` names: read to its end and hashed.
    ///
    /// # Errors
    ///
    /// If it cannot be told: the disk fails, or `path` is none of a store.
    #[expect(clippy::unused_async, reason = "insides follow")]
    pub async fn check(&self, path: &str, expected: &Digest) -> Result<Integrity, CheckError> {
        let _ = (path, expected);
        Ok(Integrity::Missing)
    }

    /// Delete one file with its lock and its record. `false` if there was none.
    ///
    /// # Errors
    ///
    /// If it cannot be deleted; it is still there then.
    #[expect(clippy::unused_async, reason = "insides follow")]
    pub async fn discard(&self, path: &str) -> Result<bool, DiscardError> {
        let _ = path;
        Ok(false)
    }

    /// Delete what `key` need not keep. Returns the paths of the deleted files.
    ///
    /// # Errors
    ///
    /// If a file cannot be deleted, or the time is up; some may be gone then.
    #[expect(clippy::unused_async, reason = "insides follow")]
    pub async fn collect(
        &self,
        key: &ObjectKey,
        current_path: &str,
        now: SystemTime,
    ) -> Result<Vec<String>, CollectError> {
        let _ = (key, current_path, now);
        Ok(Vec::new())
    }

    /// Delete everything of `key`. Returns how many artifact files there were.
    ///
    /// # Errors
    ///
    /// If something cannot be deleted; the same call again carries on.
    #[expect(clippy::unused_async, reason = "insides follow")]
    pub async fn remove(&self, key: &ObjectKey) -> Result<usize, RemoveError> {
        let _ = key;
        Ok(0)
    }

    /// What was recorded when the file at `path` was published.
    #[expect(clippy::unused_async, reason = "insides follow")]
    pub async fn record(&self, path: &str) -> Option<Record> {
        let _ = path;
        None
    }

    /// The file at `path`, opened for reading by blocking code. `None` if there is none.
    ///
    /// # Errors
    ///
    /// If it cannot be opened, or is no regular file.
    #[expect(clippy::unused_async, reason = "insides follow")]
    pub async fn reader(&self, path: &str) -> Result<Option<File>, ReadError> {
        let _ = path;
        Ok(None)
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenStoreError {
    /// The root is not there, or is not a directory.
    #[error("the storage path `{root}` cannot be opened as a directory")]
    Root {
        /// The path as given.
        root: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The store's own folder is in no order and cannot be brought into it.
    #[error(transparent)]
    File(#[from] FileError),
}
