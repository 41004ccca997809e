//! One batch: flush, rename, flush, answer. Blocking code.
//!
//! The bytes are durable before a name leads to them, and the names before anybody is told. A batch
//! of one flushes its own file and folders; a larger one the whole file system, twice in all
//! (`syncfs`), which costs little more for 64 artifacts than for one, unless somebody else writes
//! much on that file system: then each flushes its own for a while.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, Result as Done};
use tokio::time::Instant;

use crate::beneath::{Root, unlink};
use crate::commit::{Job, Waiting};
use crate::name::StoredPath;
use crate::objects::Turn;
use crate::record::Sheet;
use crate::remove::LOCK;
use crate::staging::StagedFile;
use crate::{Artifact, FileError};

/// What an artifact costs at most when the whole file system is flushed. More means that others'
/// bytes were flushed, too: a file alone took 6.5 ms on a slow disk.
const DEAR: Duration = Duration::from_millis(10);
/// For how many batches each file is flushed by itself after that.
const PAUSE: u32 = 16;

/// Remembers whether flushing everything was worth it.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    paused: AtomicU32,
}

impl Pace {
    fn choose(&self, batch: usize) -> Flush {
        let paused = |left: u32| left.checked_sub(1);
        let order = Ordering::Relaxed;
        if batch <= 1 || self.paused.fetch_update(order, order, paused).is_ok() {
            Flush::Each
        } else {
            Flush::Together
        }
    }

    fn learn(&self, flush: Flush, batch: usize, took: Duration) {
        let dear = DEAR.saturating_mul(u32::try_from(batch).unwrap_or(u32::MAX));
        if flush == Flush::Together && took > dear {
            tracing::debug!(?took, batch, "flushing the whole file system is slow");
            self.paused.store(PAUSE, Ordering::Relaxed);
        }
    }
}

/// Commit what still has somebody waiting for it.
pub(crate) fn commit(root: &Root, pace: &Pace, mut batch: Vec<Waiting>) {
    // Whoever gave up must not find it published.
    batch.retain(|waiting| !waiting.answer.is_closed());
    let size = batch.len();
    let flush = pace.choose(size);
    let start = Instant::now();
    if let Err(error) = flush.bytes(root, &batch) {
        return refuse(batch, &error);
    }
    let mut placed = Vec::with_capacity(batch.len());
    for waiting in batch {
        match Placed::new(root, waiting.job) {
            Ok(done) => placed.push((done, waiting.answer)),
            Err(error) => drop(waiting.answer.send(Err(error))),
        }
    }
    let flushed = flush.names(root, placed.iter().map(|(placed, _)| placed));
    pace.learn(flush, size, start.elapsed());
    if let Err(error) = flushed {
        for (placed, answer) in placed {
            let error = error.again(&placed.artifact.path);
            placed.undo(root);
            drop(answer.send(Err(error)));
        }
        return;
    }
    for (placed, answer) in placed {
        drop(answer.send(Ok(placed.into_artifact())));
    }
}

fn refuse(batch: Vec<Waiting>, error: &FileError) {
    for waiting in batch {
        let error = error.again(&waiting.job.place.path.to_string());
        drop(waiting.answer.send(Err(error)));
    }
}

/// How a batch becomes durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flush {
    Each,
    Together,
}

impl Flush {
    fn bytes(self, root: &Root, batch: &[Waiting]) -> Result<(), FileError> {
        let flushed = match self {
            Self::Together => sync_all(root),
            Self::Each => batch.iter().try_for_each(|waiting| {
                let job = &waiting.job;
                rustix::fs::fsync(job.place.kept.as_ref().unwrap_or(&job.file))
            }),
        };
        flushed.map_err(|error| FileError::new("flush", "", error.into()))
    }

    fn names<'a>(
        self,
        root: &Root,
        mut placed: impl Iterator<Item = &'a Placed>,
    ) -> Result<(), FileError> {
        let flushed = match self {
            Self::Together => sync_all(root),
            Self::Each => placed.try_for_each(|placed| {
                let mut folders = placed.changed.iter();
                folders.try_for_each(rustix::fs::fsync)?;
                rustix::fs::fsync(&placed.folder)
            }),
        };
        flushed.map_err(|error| FileError::new("flush", "", error.into()))
    }
}

#[cfg(target_os = "linux")]
fn sync_all(root: &Root) -> Done<()> {
    rustix::fs::syncfs(root.fd())
}

#[cfg(not(target_os = "linux"))]
fn sync_all(_root: &Root) -> Done<()> {
    rustix::fs::sync();
    Ok(())
}

/// An artifact that has its name, and what is needed to take it away again.
#[derive(Debug)]
struct Placed {
    path: StoredPath,
    artifact: Artifact,
    folder: OwnedFd,
    /// Folders that have a new folder in them.
    changed: Vec<OwnedFd>,
    /// Whether the file is new under its name.
    is_new: bool,
    link: String,
    before: Before,
    turn: Turn,
}

/// What the link was before.
#[derive(Debug)]
enum Before {
    /// What it still is.
    Untouched,
    Missing,
    /// It pointed here.
    At(PathBuf),
}

impl Placed {
    /// Give an artifact its name, its lock, its record and its link. After an error it has none.
    fn new(root: &Root, job: Job) -> Result<Self, FileError> {
        let path = job.place.path;
        let failed = |act| {
            let path = path.to_string();
            move |error: Errno| FileError::new(act, path, error.into())
        };
        let (folder, changed) = root
            .make_folder(&path.folder())
            .map_err(failed("make the folder of"))?;
        let is_new = job.place.kept.is_none();
        let written = job.place.kept.unwrap_or(job.file);
        let modified = written
            .metadata()
            .and_then(|metadata| metadata.modified())
            .map_err(|error| FileError::new("read the time of", path.to_string(), error))?;
        if is_new {
            let name = path.last();
            job.staged
                .publish(folder.as_fd(), name)
                .map_err(failed("publish"))?;
        }
        let artifact = Artifact {
            path: path.to_string(),
            digest: job.digest,
            size: job.size,
            modified,
            link: format!("{}/{}", path.folder(), job.link),
        };
        let mut placed = Self {
            path,
            artifact,
            folder,
            changed,
            is_new,
            link: job.link,
            before: Before::Untouched,
            turn: job.turn,
        };
        let digest = placed.artifact.digest.clone();
        let sheet = Sheet::new(digest, job.size, modified, job.record);
        match placed.accompany(root, &sheet) {
            Ok(()) => Ok(placed),
            Err(error) => {
                placed.undo(root);
                Err(error)
            }
        }
    }

    fn accompany(&mut self, root: &Root, sheet: &Sheet) -> Result<(), FileError> {
        let folder = self.folder.as_fd();
        let failed = |act, path: &str| {
            let path = path.to_owned();
            move |error: Errno| FileError::new(act, path, error.into())
        };
        lay_lock(folder, &format!("{}{LOCK}", self.path.last()))
            .map_err(failed("lay the lock of", &self.artifact.path))?;
        sheet.write(root, &self.path)?;
        let before = link_target(folder, &self.link).map_or(Before::Missing, Before::At);
        let target = root.path().join(&self.artifact.path);
        relink(root, folder, &self.link, &target).map_err(failed("link", &self.artifact.link))?;
        self.before = before;
        Ok(())
    }

    /// Take everything away again that the batch made for this artifact.
    fn undo(self, root: &Root) {
        let folder = self.folder.as_fd();
        let undone = match &self.before {
            Before::Untouched => Ok(()),
            Before::Missing => unlink(folder, &self.link).map(|_| ()),
            Before::At(target) => relink(root, folder, &self.link, target),
        };
        let removed = if self.is_new {
            crate::remove::discard(root, &self.path).map(|_| ())
        } else {
            Ok(())
        };
        if undone.is_err() || removed.is_err() {
            tracing::warn!(
                path = self.artifact.path,
                "what was not published could not be taken away again"
            );
        }
    }

    fn into_artifact(self) -> Artifact {
        self.turn.set_newest(Some(self.path.file));
        self.artifact
    }
}

/// Lay down an empty file, as Flux does; what is there stays.
fn lay_lock(folder: BorrowedFd<'_>, name: &str) -> Done<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
    match rustix::fs::openat(folder, name, flags | OFlags::NOFOLLOW, mode) {
        Ok(_) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error),
    }
}

fn link_target(folder: BorrowedFd<'_>, name: &str) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt as _;
    let target = rustix::fs::readlinkat(folder, name, Vec::new()).ok()?;
    Some(std::ffi::OsString::from_vec(target.into_bytes()).into())
}

/// Point a link somewhere else: at no moment is there none.
fn relink(root: &Root, folder: BorrowedFd<'_>, name: &str, target: &Path) -> Done<()> {
    StagedFile::link(root, target)?.replace(folder, name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::commit::Place;
    use crate::name::FileName;
    use crate::objects::Objects;
    use crate::{ObjectKey, Record};
    use portolan_reference::{Algorithm, Digest};

    fn job(root: &Root, objects: &Arc<Objects>, name: &str) -> Job {
        let key = ObjectKey::new("HelmChart", "ns", "app").unwrap();
        let (staged, mut file) = StagedFile::create(root).unwrap();
        std::io::Write::write_all(&mut file, name.as_bytes()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        Job {
            staged,
            file,
            digest: Digest::of(Algorithm::Sha256, name.as_bytes()),
            size: name.len() as u64,
            place: Place {
                path: StoredPath {
                    key: key.clone(),
                    file: FileName::new(name).unwrap(),
                },
                kept: None,
            },
            link: "latest.tar.gz".to_owned(),
            record: Record::default(),
            turn: runtime.unwrap().block_on(objects.turn(key)),
        }
    }

    fn listing(root: &Root) -> Vec<(String, Option<PathBuf>)> {
        let folder = root.path().join("helmchart/ns/app");
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                (name, std::fs::read_link(entry.path()).ok())
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_undone_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let objects = Arc::default();
        Placed::new(&root, job(&root, &objects, "first.tgz"))
            .unwrap()
            .undo(&root);
        assert_eq!(listing(&root), []);
        drop(Placed::new(&root, job(&root, &objects, "second.tgz")).unwrap());
        let before = listing(&root);
        assert_eq!(before.len(), 3);
        let third = Placed::new(&root, job(&root, &objects, "third.tgz")).unwrap();
        assert_eq!(listing(&root).len(), 5);
        third.undo(&root);
        assert_eq!(listing(&root), before);
        let key = ObjectKey::new("HelmChart", "ns", "app").unwrap();
        let file = FileName::new("third.tgz").unwrap();
        assert_eq!(Sheet::read(&root, &StoredPath { key, file }), None);
    }

    #[test]
    fn a_file_system_that_is_slow_to_flush_is_left_alone_for_a_while() {
        let pace = Pace::default();
        assert_eq!(pace.choose(1), Flush::Each);
        assert_eq!(pace.choose(2), Flush::Together);
        pace.learn(Flush::Together, 10, Duration::from_millis(99));
        assert_eq!(pace.choose(2), Flush::Together);
        pace.learn(Flush::Together, 10, Duration::from_millis(101));
        for _ in 0..PAUSE {
            assert_eq!(pace.choose(64), Flush::Each);
        }
        assert_eq!(pace.choose(64), Flush::Together);
        pace.learn(Flush::Each, 1, Duration::from_secs(1));
        assert_eq!(pace.choose(64), Flush::Together);
    }
}
