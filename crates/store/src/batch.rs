//! One batch: flush, rename, flush, answer. Blocking code.
//!
//! The bytes are durable before a name leads to them, and the names before anybody is told. A batch
//! of one flushes its own file and folders; a larger one the whole file system, twice in all
//! (`syncfs`), which costs as much for 64 artifacts as for one.

use std::path::{Path, PathBuf};

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, Result as Done};

use crate::beneath::{Root, unlink};
use crate::commit::{Job, Waiting};
use crate::name::StoredPath;
use crate::record::Sheet;
use crate::remove::LOCK;
use crate::staging::StagedFile;
use crate::{Artifact, FileError};

/// Commit what still has somebody waiting for it.
pub(crate) fn commit(root: &Root, batch: Vec<Waiting>) {
    let mut batch = batch;
    // Whoever gave up must not find it published.
    batch.retain(|waiting| !waiting.answer.is_closed());
    let flush = if batch.len() == 1 {
        Flush::Alone
    } else {
        Flush::Together
    };
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
    if let Err(error) = flush.names(root, placed.iter().map(|(placed, _)| placed)) {
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
#[derive(Debug, Clone, Copy)]
enum Flush {
    Alone,
    Together,
}

impl Flush {
    fn bytes(self, root: &Root, batch: &[Waiting]) -> Result<(), FileError> {
        let flushed = match self {
            Self::Together => sync_all(root),
            Self::Alone => batch.iter().try_for_each(|waiting| {
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
            Self::Alone => placed.try_for_each(|placed| {
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
    /// What the link pointed at before; not there if there was no link, or if it was not touched.
    previous: Option<PathBuf>,
    linked: bool,
    turn: crate::objects::Turn,
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
            .map_err(|error| FileError::new("date", path.to_string(), error))?;
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
            previous: None,
            linked: false,
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
        self.previous = link_target(folder, &self.link);
        let target = root.path().join(&self.artifact.path);
        relink(root, folder, &self.link, &target).map_err(failed("link", &self.artifact.link))?;
        self.linked = true;
        Ok(())
    }

    /// Take everything away again that the batch made for this artifact.
    fn undo(self, root: &Root) {
        let folder = self.folder.as_fd();
        let undone = match (&self.previous, self.linked) {
            (_, false) => Ok(()),
            (Some(previous), true) => relink(root, folder, &self.link, previous),
            (None, true) => unlink(folder, &self.link).map(|_| ()),
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
