//! Every open is beneath the root and follows no link, so nothing planted in the storage can lead
//! a read, a write or a deletion out of it.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::{Errno, Result};

/// Folders are for this user alone, as Flux's are.
const FOLDER_MODE: Mode = Mode::RWXU;
const FOLDER: OFlags = OFlags::DIRECTORY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// The storage folder, held open.
#[derive(Debug)]
pub(crate) struct Root {
    fd: OwnedFd,
    path: PathBuf,
    resolution: Resolution,
}

/// Who makes sure that a path stays beneath the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resolution {
    /// `openat2(2)`, in one call.
    #[cfg(target_os = "linux")]
    Kernel,
    /// Ourselves, part by part: before Linux 5.6, and where a sandbox refuses `openat2`.
    Parts,
}

/// What opening a name for reading came to.
#[derive(Debug)]
pub(crate) enum Opened {
    /// A regular file.
    File(File, Metadata),
    /// A link, a folder, a device: whatever it is, not an artifact.
    NotAFile,
    /// Nothing is there.
    Missing,
}

impl Root {
    /// Open the storage folder. Links in front of it are followed: they are the operator's.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(&path, flags, Mode::empty())?;
        let resolution = Resolution::best(fd.as_fd());
        Ok(Self {
            fd,
            path,
            resolution,
        })
    }

    /// Where the folder is, absolute, as it was given.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Open a folder beneath the root; the root itself if `path` is empty.
    pub(crate) fn folder(&self, path: &str) -> Result<OwnedFd> {
        let path = if path.is_empty() { "." } else { path };
        match self.resolution {
            #[cfg(target_os = "linux")]
            Resolution::Kernel => in_kernel(self.fd(), path),
            Resolution::Parts => in_parts(self.fd(), path),
        }
    }

    /// Open a folder beneath the root, and make what is not there yet. Also returns the folders
    /// that have a new folder in them, which must be synced before that one is durable.
    pub(crate) fn make_folder(&self, path: &str) -> Result<(OwnedFd, Vec<OwnedFd>)> {
        match self.folder(path) {
            Err(Errno::NOENT) => {}
            found => return Ok((found?, Vec::new())),
        }
        let mut folder = self.folder("")?;
        let mut changed = Vec::new();
        for part in path.split('/') {
            let made = match rustix::fs::mkdirat(&folder, part, FOLDER_MODE) {
                Ok(()) => true,
                Err(Errno::EXIST) => false,
                Err(error) => return Err(error),
            };
            let next = open_part(folder.as_fd(), part)?;
            let parent = std::mem::replace(&mut folder, next);
            if made {
                changed.push(parent);
            }
        }
        Ok((folder, changed))
    }

    /// Open the file `name` in `folder` for reading.
    pub(crate) fn file(&self, folder: &str, name: &str) -> Result<Opened> {
        match self.folder(folder) {
            Ok(folder) => open_file(folder.as_fd(), name),
            Err(Errno::NOENT) => Ok(Opened::Missing),
            Err(error) => Err(error),
        }
    }
}

impl Resolution {
    #[cfg(target_os = "linux")]
    fn best(root: BorrowedFd<'_>) -> Self {
        match in_kernel(root, ".") {
            Ok(_) => Self::Kernel,
            Err(_) => Self::Parts,
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn best(_root: BorrowedFd<'_>) -> Self {
        Self::Parts
    }
}

#[cfg(target_os = "linux")]
fn in_kernel(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd> {
    use rustix::fs::ResolveFlags;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    rustix::fs::openat2(root, path, FOLDER | OFlags::RDONLY, Mode::empty(), resolve)
}

fn in_parts(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd> {
    let mut folder = open_part(root, ".")?;
    for part in path.split('/') {
        folder = open_part(folder.as_fd(), part)?;
    }
    Ok(folder)
}

fn open_part(folder: BorrowedFd<'_>, part: &str) -> Result<OwnedFd> {
    if part == ".." {
        return Err(Errno::XDEV); // as `openat2` says
    }
    rustix::fs::openat(folder, part, FOLDER | OFlags::RDONLY, Mode::empty())
}

/// Open a regular file for reading. A link is not followed, and a pipe nobody writes to is not
/// waited for.
pub(crate) fn open_file(folder: BorrowedFd<'_>, name: &str) -> Result<Opened> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(folder, name, flags | OFlags::NOCTTY, Mode::empty()) {
        Ok(fd) => File::from(fd),
        Err(Errno::NOENT) => return Ok(Opened::Missing),
        Err(Errno::LOOP | Errno::NXIO) => return Ok(Opened::NotAFile),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata().map_err(|error| errno(&error))?;
    if metadata.is_file() {
        Ok(Opened::File(file, metadata))
    } else {
        Ok(Opened::NotAFile)
    }
}

/// Remove a name that is no folder; a link goes itself, not what it points at. `false` if it was
/// not there.
pub(crate) fn unlink(folder: BorrowedFd<'_>, name: &str) -> Result<bool> {
    match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error),
    }
}

pub(crate) fn errno(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// Both ways to stay beneath the root must answer alike.
    fn roots() -> (tempfile::TempDir, Vec<Root>) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::create_dir(folder.path().join("outside")).unwrap();
        fs::write(root.join("a/b/file"), b"x").unwrap();
        fs::write(folder.path().join("outside/file"), b"x").unwrap();
        symlink(folder.path().join("outside"), root.join("away")).unwrap();
        symlink("b", root.join("a/near")).unwrap();
        symlink("b/file", root.join("a/linked")).unwrap();
        let best = Root::open(&root).unwrap();
        let mut parts = Root::open(&root).unwrap();
        parts.resolution = Resolution::Parts;
        (folder, vec![best, parts])
    }

    #[test]
    fn folders_beneath_the_root_are_opened() {
        let (_folder, roots) = roots();
        for root in roots {
            for path in ["", "a", "a/b"] {
                assert!(root.folder(path).is_ok(), "{path}");
            }
            assert_eq!(root.folder("a/c").err(), Some(Errno::NOENT));
            assert_eq!(root.folder("a/b/file").err(), Some(Errno::NOTDIR));
        }
    }

    #[test]
    fn no_link_and_no_parent_is_followed() {
        let (_folder, roots) = roots();
        for root in roots {
            for path in ["away", "a/near", "away/x", ".."] {
                let error = root.folder(path).err();
                let refused = [Errno::LOOP, Errno::NOTDIR, Errno::XDEV].map(Some);
                assert!(refused.contains(&error), "{path}: {error:?}");
                assert!(root.make_folder(path).is_err(), "{path}");
            }
            for path in ["a/../../outside", "../outside", "/etc"] {
                assert!(root.folder(path).is_err(), "{path}");
            }
            assert!(root.make_folder("new/../../made").is_err());
            assert!(!root.path().join("../made").exists());
            assert!(root.file("away", "file").is_err());
            assert!(matches!(root.file("a", "linked"), Ok(Opened::NotAFile)));
            assert!(matches!(root.file("a", "b"), Ok(Opened::NotAFile)));
            assert!(matches!(root.file("a", "none"), Ok(Opened::Missing)));
            assert!(matches!(root.file("a/b", "file"), Ok(Opened::File(..))));
        }
    }

    #[test]
    fn missing_folders_are_made_and_told() {
        let (_folder, roots) = roots();
        for (index, root) in roots.into_iter().enumerate() {
            let (_, changed) = root.make_folder(&format!("a/b/new-{index}/deep")).unwrap();
            assert_eq!(changed.len(), 2);
            let (_, changed) = root.make_folder(&format!("a/b/new-{index}/deep")).unwrap();
            assert_eq!(changed.len(), 0);
        }
    }
}
