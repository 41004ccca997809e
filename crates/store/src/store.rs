//! The store itself.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use portolan_reference::Digest;
use rustix::fd::OwnedFd;
use tokio::time::{Instant, timeout_at};

use crate::beneath::{Opened, Root};
use crate::commit::{Committer, Job};
use crate::name::{FileName, StoredPath};
use crate::objects::Objects;
use crate::record::Sheet;
use crate::retention::Collection;
use crate::{
    Artifact, CheckError, CollectError, DiscardError, FileError, Integrity, InvalidPathError,
    ObjectKey, Options, PublishError, ReadError, Record, RemoveError, StageError, Staged, check,
    place, remove, staging,
};

/// Artifacts on disk, in the layout of Flux's source-controller.
///
/// Clones share one store. Every act but [`open`](Self::open) runs its disk work on the blocking
/// pool, within [`Options::blocking`]; changes of one object wait for each other.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: Arc<Root>,
    options: Options,
    objects: Arc<Objects>,
    committer: Arc<Committer>,
    /// Keeps another process from cleaning what this one has staged.
    _lock: Option<OwnedFd>,
}

impl Store {
    /// Open the store in `root`, which must exist, and remove what an earlier process staged and
    /// never published. Blocks while it does.
    ///
    /// One process at a time works in a root. A second one can open it, but cleans nothing.
    ///
    /// # Errors
    ///
    /// If `root` is not a directory, or the store's own folder in it cannot be made or cleaned.
    pub fn open(root: &Path, options: Options) -> Result<Self, OpenStoreError> {
        let root = Root::open(root).map_err(|source| OpenStoreError::Root {
            root: root.display().to_string(),
            source,
        })?;
        let lock = staging::clean(&root)?;
        let root = Arc::new(root);
        let committer = Committer::new(Arc::clone(&root), options.blocking.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                root,
                options,
                objects: Arc::default(),
                committer: Arc::new(committer),
                _lock: lock,
            }),
        })
    }

    /// Where the store is: absolute, links in it not resolved.
    pub fn root(&self) -> &Path {
        self.inner.root.path()
    }

    /// What the store was told.
    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    /// Begin an artifact of `key`: a file of mode 0600 that nobody else can see, on the same file
    /// system as the rest.
    ///
    /// # Errors
    ///
    /// [`StageError::File`] if the file cannot be made. Nothing is left behind.
    ///
    /// # Cancel safety
    ///
    /// Nothing is left behind when the future is dropped.
    pub async fn stage(&self, key: &ObjectKey) -> Result<Staged, StageError> {
        let key = key.clone();
        let store = Arc::clone(&self.inner);
        let create = move || Staged::create(&store.root, &store.options, key);
        self.run(create).await?
    }

    /// Make what was staged readable as `file_name`, whole and durable, and let the link `link`
    /// beside it point there. What is [recorded](Self::record) is written before this returns.
    ///
    /// A name is never given other bytes. If there is a file of that name with the same bytes, it
    /// stays as it is and only the link and the record are renewed. If it has other bytes, the new
    /// artifact is called `<stem>-<12 hexadecimal digits of its digest><extension>`, as
    /// [`Artifact::path`] tells.
    ///
    /// Several publishes at a time are committed together: see the crate's documentation.
    ///
    /// # Deviation
    ///
    /// Flux writes over the file. Then a reader who was told the old digest reads other bytes.
    ///
    /// # Errors
    ///
    /// [`PublishError::Path`] if a name cannot be one (see the crate's limits),
    /// [`PublishError::Stage`] and [`PublishError::File`] if the disk refuses. Nothing is published
    /// after an error, what was published before is still there, and the staged file is gone.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the artifact is published whole or not at all.
    pub async fn publish(
        &self,
        staged: Staged,
        file_name: &str,
        link: &str,
        record: Record,
    ) -> Result<Artifact, PublishError> {
        let wanted = FileName::new(file_name)?;
        let link = FileName::new(link)?;
        if link.as_str().contains('/') || link.as_str() == wanted.split().1 {
            return Err(InvalidPathError::link(link.as_str()).into());
        }
        let turn = self.inner.objects.turn(staged.key().clone()).await;
        // Not before its turn: a batch must not wait for who waits for that batch.
        let arriving = self.inner.committer.announce();
        let finished = staged.into_finished().await?;
        let root = Arc::clone(&self.inner.root);
        let find = move || {
            let place = place::find(&root, &finished.key, wanted, &finished.digest);
            place.map(|place| (place, finished))
        };
        let (place, finished) = self.run(find).await??;
        let job = Job {
            staged: finished.staged,
            file: finished.file,
            digest: finished.digest,
            size: finished.size,
            place,
            link: link.as_str().to_owned(),
            record,
            turn,
        };
        Ok(self.inner.committer.commit(job, arriving).await?)
    }

    /// Whether the file at `path` is what `expected` names: read to its end and hashed by the
    /// digest's own algorithm.
    ///
    /// A link in place of the file is [`Integrity::Corrupt`], whatever it points at.
    ///
    /// # Errors
    ///
    /// If it cannot be told: the disk fails, or `path` is none of a store.
    pub async fn check(&self, path: &str, expected: &Digest) -> Result<Integrity, CheckError> {
        let path = StoredPath::parse(path)?;
        let expected = expected.clone();
        let root = Arc::clone(&self.inner.root);
        let check = move || check::check(&root, &path, &expected);
        Ok(self.run(check).await??)
    }

    /// Delete one file with its lock and its record, such as one that [`check`](Self::check) found
    /// corrupt. `false` if there was none. A link is deleted itself.
    ///
    /// # Errors
    ///
    /// If it cannot be deleted; it is still there then, though its record may be gone.
    pub async fn discard(&self, path: &str) -> Result<bool, DiscardError> {
        let path = StoredPath::parse(path)?;
        let turn = self.inner.objects.turn(path.key.clone()).await;
        let root = Arc::clone(&self.inner.root);
        let discard = move || {
            let removed = remove::discard(&root, &path);
            drop(turn);
            removed
        };
        Ok(self.run(discard).await??)
    }

    /// Delete the artifacts of `key` that need not stay: all that are older than
    /// [`Options::retention_ttl`], and of the younger ones the oldest, until
    /// [`Options::retention_records`] are left. Returns the paths of the deleted files.
    ///
    /// The file at `current_path` counts as one and stays, and so does what this process published
    /// last for `key`: it may not be anybody's current one yet. A reader who has a deleted file
    /// open reads it to its end.
    ///
    /// # Deviation
    ///
    /// Flux counts twice what it deletes for its age, and takes files of one modification time for
    /// one file; so it leaves more than the number it was told. It also looks at 1,000 files only.
    ///
    /// # Errors
    ///
    /// If a file cannot be deleted, or [`Options::retention_deadline`] has passed; some files may
    /// be gone then, and the same call again carries on.
    pub async fn collect(
        &self,
        key: &ObjectKey,
        current_path: &str,
        now: SystemTime,
    ) -> Result<Vec<String>, CollectError> {
        let current = StoredPath::parse(current_path)?;
        if current.key != *key {
            return Err(InvalidPathError::other_object(current_path).into());
        }
        let deadline = Instant::now() + self.inner.options.retention_deadline;
        let store = Arc::clone(&self.inner);
        let collect = async {
            let turn = self.inner.objects.turn(key.clone()).await;
            let collect = move || {
                let kept: Vec<_> = turn.newest().into_iter().chain([current.file]).collect();
                let collection = Collection {
                    root: &store.root,
                    options: &store.options,
                    key: turn.key(),
                    kept: &kept,
                    now,
                    deadline,
                };
                collection.run()
            };
            self.run(collect).await?
        };
        timeout_at(deadline, collect)
            .await
            .map_err(|_| CollectError::DeadlineExceeded)?
    }

    /// Delete everything of `key`: its folder and its records, and nothing else. Returns how many
    /// artifact files there were; none is no error.
    ///
    /// # Errors
    ///
    /// If something cannot be deleted; the same call again carries on.
    pub async fn remove(&self, key: &ObjectKey) -> Result<usize, RemoveError> {
        let turn = self.inner.objects.turn(key.clone()).await;
        let root = Arc::clone(&self.inner.root);
        let remove = move || {
            turn.set_newest(None);
            remove::object(&root, turn.key())
        };
        Ok(self.run(remove).await??)
    }

    /// What was recorded when the file at `path` was published. `None` if nothing was, if it cannot
    /// be read, or if the file is not the one it was written about (by size and time;
    /// [`check`](Self::check) is what tells about the bytes).
    pub async fn record(&self, path: &str) -> Option<Record> {
        let path = StoredPath::parse(path).ok()?;
        let root = Arc::clone(&self.inner.root);
        let read = move || {
            let sheet = Sheet::read(&root, &path)?;
            match root.file(&path.folder(), path.last()) {
                Ok(Opened::File(_, metadata)) => sheet.about(&metadata),
                _ => None,
            }
        };
        let (_, record) = self.run(read).await.ok()??;
        Some(record)
    }

    /// Replace what is recorded about the file at `path`, if it is the one that the earlier record is
    /// about. Returns whether it is: nothing is written about a file of which nothing was known.
    ///
    /// # Errors
    ///
    /// If it cannot be written. The earlier record then stands.
    pub async fn set_record(&self, path: &str, record: Record) -> Result<bool, FileError> {
        let Ok(path) = StoredPath::parse(path) else {
            return Ok(false);
        };
        let root = Arc::clone(&self.inner.root);
        let replace = move || {
            let Ok(Opened::File(_, metadata)) = root.file(&path.folder(), path.last()) else {
                return Ok(false);
            };
            let Some((digest, _)) =
                Sheet::read(&root, &path).and_then(|sheet| sheet.about(&metadata))
            else {
                return Ok(false);
            };
            let Ok(modified) = metadata.modified() else {
                return Ok(false);
            };
            let sheet = Sheet::new(digest, metadata.len(), modified, record);
            sheet.write(&root, &path).map(|()| true)
        };
        self.run(replace).await?
    }

    /// The file at `path`, opened for blocking code to read. `None` if there is none.
    ///
    /// Its bytes are as they are on disk: [`check`](Self::check) tells whether they are right.
    ///
    /// # Errors
    ///
    /// If it cannot be opened, or is no regular file.
    pub async fn reader(&self, path: &str) -> Result<Option<File>, ReadError> {
        let path = StoredPath::parse(path)?;
        let root = Arc::clone(&self.inner.root);
        self.run(move || check::reader(&root, &path)).await?
    }

    #[cfg(feature = "serve")]
    pub(crate) fn shared_root(&self) -> Arc<Root> {
        Arc::clone(&self.inner.root)
    }

    async fn run<T, F>(&self, work: F) -> Result<T, FileError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let ran = self.inner.options.blocking.run(work).await;
        ran.map_err(|error| FileError::new("work in", "", error))
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
