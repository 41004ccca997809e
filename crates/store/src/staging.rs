//! The folder of files that are not published yet.
//!
//! It is inside the root, so that a rename is enough to publish, and its name begins with a dot, so
//! that the server does not see it.

use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::beneath::{self, Root};
use crate::{FileError, remove};

/// The store's own folder.
pub(crate) const OWN: &str = ".portolan";
const STAGING: &str = ".portolan/staging";

/// Clean up what an earlier process left. Returns a lock that keeps other processes from cleaning
/// while this one works; `None` if another one works already, or the file system has no locks.
pub(crate) fn clean(root: &Root) -> Result<Option<OwnedFd>, FileError> {
    let failed = |act| move |error: Errno| FileError::new(act, STAGING, error.into());
    let (folder, _) = root.make_folder(STAGING).map_err(failed("make"))?;
    // Where there are no locks there is no telling, and one process a storage is the rule.
    let locked = rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive);
    if locked == Err(Errno::WOULDBLOCK) {
        tracing::warn!("another process works in this storage; its staged files stay");
        return Ok(None);
    }
    remove::empty(folder.as_fd(), STAGING)?;
    Ok(Some(folder))
}

/// A file that nobody else can see. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct StagedFile {
    folder: OwnedFd,
    name: String,
    /// Gone to its final name.
    moved: bool,
}

impl StagedFile {
    /// Make an empty file, mode 0600.
    pub(crate) fn create(root: &Root) -> Result<(Self, File), FileError> {
        let failed = |error: Errno| FileError::new("make a file in", STAGING, error.into());
        let (folder, _) = root.make_folder(STAGING).map_err(failed)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let (name, fd) = unique(|name| {
            rustix::fs::openat(
                &folder,
                name,
                flags | OFlags::CLOEXEC,
                Mode::RUSR | Mode::WUSR,
            )
        })
        .map_err(failed)?;
        let staged = Self {
            folder,
            name,
            moved: false,
        };
        Ok((staged, File::from(fd)))
    }

    /// Make a link to `target`; it cannot be opened.
    pub(crate) fn link(root: &Root, target: &std::path::Path) -> rustix::io::Result<Self> {
        let (folder, _) = root.make_folder(STAGING)?;
        let (name, ()) = unique(|name| rustix::fs::symlinkat(target, &folder, name))?;
        Ok(Self {
            folder,
            name,
            moved: false,
        })
    }

    /// Where it is, below the root.
    pub(crate) fn path(&self) -> String {
        format!("{STAGING}/{}", self.name)
    }

    /// Open it once more, for reading.
    pub(crate) fn reader(&self) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.folder, self.name.as_str(), flags, Mode::empty())?;
        Ok(File::from(fd))
    }

    /// Move it to `name` in `folder`, in place of what is there.
    pub(crate) fn replace(mut self, folder: BorrowedFd<'_>, name: &str) -> rustix::io::Result<()> {
        rustix::fs::renameat(&self.folder, self.name.as_str(), folder, name)?;
        self.moved = true;
        Ok(())
    }

    /// Move it to `name` in `folder`, where nothing may be.
    pub(crate) fn publish(mut self, folder: BorrowedFd<'_>, name: &str) -> rustix::io::Result<()> {
        rename_to_free_name(self.folder.as_fd(), &self.name, folder, name)?;
        self.moved = true;
        Ok(())
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if self.moved {
            return;
        }
        // One unlink of a file nobody else has: not worth a thread of its own, and a caller who
        // dropped it can rely on its being gone.
        if let Err(error) = beneath::unlink(self.folder.as_fd(), &self.name) {
            tracing::warn!(path = self.path(), %error, "a staged file stays until the next start");
        }
    }
}

#[cfg(target_os = "linux")]
fn rename_to_free_name(
    from: BorrowedFd<'_>,
    old: &str,
    to: BorrowedFd<'_>,
    new: &str,
) -> rustix::io::Result<()> {
    use rustix::fs::RenameFlags;
    match rustix::fs::renameat_with(from, old, to, new, RenameFlags::NOREPLACE) {
        // A file system, or a sandbox, that does not know the flag.
        Err(Errno::INVAL | Errno::NOSYS) => link_to_free_name(from, old, to, new),
        renamed => renamed,
    }
}

#[cfg(not(target_os = "linux"))]
use link_to_free_name as rename_to_free_name;

/// A hard link is refused where a name is taken, which a plain rename is not.
fn link_to_free_name(
    from: BorrowedFd<'_>,
    old: &str,
    to: BorrowedFd<'_>,
    new: &str,
) -> rustix::io::Result<()> {
    rustix::fs::linkat(from, old, to, new, rustix::fs::AtFlags::empty())?;
    beneath::unlink(from, old).map(|_| ())
}

/// Call `make` with names until one is free.
fn unique<T>(
    mut make: impl FnMut(&str) -> rustix::io::Result<T>,
) -> rustix::io::Result<(String, T)> {
    for _ in 0..16 {
        // A state of its own has random keys, so this is a random number.
        let name = format!("{:016x}", RandomState::new().build_hasher().finish());
        match make(&name) {
            Err(Errno::EXIST) => {}
            done => return Ok((name, done?)),
        }
    }
    Err(Errno::EXIST)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    type Rename = fn(BorrowedFd<'_>, &str, BorrowedFd<'_>, &str) -> rustix::io::Result<()>;

    #[test]
    fn a_name_that_is_taken_is_not_taken_over() {
        let ways: [Rename; 2] = [rename_to_free_name, link_to_free_name];
        for rename in ways {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path();
            let open = Root::open(path).unwrap();
            let to = open.folder("").unwrap();
            for name in ["old", "taken"] {
                fs::write(path.join(name), name).unwrap();
            }
            let taken = rename(to.as_fd(), "old", to.as_fd(), "taken");
            assert_eq!(taken, Err(Errno::EXIST));
            assert_eq!(fs::read(path.join("taken")).unwrap(), b"taken");
            assert_eq!(rename(to.as_fd(), "old", to.as_fd(), "free"), Ok(()));
            assert_eq!(fs::read(path.join("free")).unwrap(), b"old");
            assert!(!path.join("old").exists());
        }
    }

    #[test]
    fn what_is_staged_goes_when_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let (staged, mut file) = StagedFile::create(&root).unwrap();
        file.write_all(b"x").unwrap();
        let path = folder.path().join(staged.path());
        assert!(path.exists());
        drop(staged);
        assert!(!path.exists());
    }
}
