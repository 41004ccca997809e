//! Deletion: one file, or everything of an object. Links are removed themselves, never followed.

use std::ffi::{CStr, CString};

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::{Errno, Result as Done};

use crate::beneath::{Root, unlink};
use crate::name::StoredPath;
use crate::record::{Sheet, records_of};
use crate::{FileError, InvalidPathError, ObjectKey};

/// How many folders within folders are opened at a time. Ours have at most 16 parts.
const DEEPEST: usize = 64;

/// What Flux lays beside each artifact, and removes with it.
pub(crate) const LOCK: &str = ".lock";

/// Remove one file with its lock and its record. Blocks.
pub(crate) fn discard(root: &Root, path: &StoredPath) -> Result<bool, FileError> {
    let failed = |error: Errno| FileError::new("remove", path.to_string(), error.into());
    // Before the file: a record without one is harmless.
    Sheet::remove(root, path).map_err(failed)?;
    let folder = match root.folder(&path.folder()) {
        Err(Errno::NOENT) => return Ok(false),
        folder => folder.map_err(failed)?,
    };
    let removed = unlink(folder.as_fd(), path.last()).map_err(failed)?;
    unlink(folder.as_fd(), &format!("{}{LOCK}", path.last())).map_err(failed)?;
    Ok(removed)
}

/// Remove everything of an object. Returns how many artifact files there were. Blocks.
pub(crate) fn object(root: &Root, key: &ObjectKey) -> Result<usize, FileError> {
    let path = key.to_string();
    remove_folder(root, &records_of(&path))?;
    remove_folder(root, &path)
}

fn remove_folder(root: &Root, path: &str) -> Result<usize, FileError> {
    let failed = |error: Errno| FileError::new("remove", path, error.into());
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let parent = match root.folder(parent) {
        Err(Errno::NOENT) => return Ok(0),
        parent => parent.map_err(failed)?,
    };
    let name = CString::new(name).map_err(|_| failed(Errno::INVAL))?;
    let removed = match open(parent.as_fd(), &name) {
        Ok(folder) => {
            let removed = empty(folder.as_fd(), path)?;
            rustix::fs::unlinkat(&parent, &name, AtFlags::REMOVEDIR).map_err(failed)?;
            removed
        }
        Err(Errno::NOENT) => return Ok(0),
        // A link, or a file: it goes, and what it points at stays.
        Err(Errno::LOOP | Errno::NOTDIR) => {
            rustix::fs::unlinkat(&parent, &name, AtFlags::empty()).map_err(failed)?;
            0
        }
        Err(error) => return Err(failed(error)),
    };
    // What came back after a power cut would have no owner to remove it.
    rustix::fs::fsync(&parent).map_err(failed)?;
    Ok(removed)
}

/// Remove everything in a folder. Returns how many artifact files there were. Blocks.
pub(crate) fn empty(folder: BorrowedFd<'_>, path: &str) -> Result<usize, FileError> {
    empty_within(folder, DEEPEST)
        .map_err(|error| FileError::new("remove what is in", path, error.into()))
}

fn empty_within(folder: BorrowedFd<'_>, deepest: usize) -> Done<usize> {
    let deeper = deepest.checked_sub(1).ok_or(Errno::LOOP)?;
    let mut removed = 0;
    // First all names: a folder may be read differently while it changes.
    let names: Vec<_> = entries(folder)?.collect::<Done<_>>()?;
    for (name, kind) in names {
        match rustix::fs::unlinkat(folder, &name, AtFlags::empty()) {
            Ok(()) => {
                let is_lock = name.to_bytes().ends_with(LOCK.as_bytes());
                removed += usize::from(kind == FileType::RegularFile && !is_lock);
            }
            Err(Errno::NOENT) => {}
            // Linux says the first, POSIX the second.
            Err(Errno::ISDIR | Errno::PERM) => {
                let inner = open(folder, &name)?;
                removed += empty_within(inner.as_fd(), deeper)?;
                rustix::fs::unlinkat(folder, &name, AtFlags::REMOVEDIR)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(removed)
}

/// What a folder holds, without `.` and `..`; links are told as links.
pub(crate) fn entries(
    folder: BorrowedFd<'_>,
) -> Done<impl Iterator<Item = Done<(CString, FileType)>>> {
    let is_entry = |name: &CStr| name.to_bytes() != b"." && name.to_bytes() != b"..";
    let entries = Dir::read_from(folder)?.filter_map(move |entry| {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return Some(Err(error)),
        };
        let name = entry.file_name();
        let kind = match entry.file_type() {
            // Some file systems do not say.
            FileType::Unknown => kind_of(folder, name),
            kind => kind,
        };
        is_entry(name).then(|| Ok((name.to_owned(), kind)))
    });
    Ok(entries)
}

fn kind_of(folder: BorrowedFd<'_>, name: &CStr) -> FileType {
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => FileType::from_raw_mode(stat.st_mode),
        Err(_) => FileType::Unknown,
    }
}

fn open(folder: BorrowedFd<'_>, name: &CStr) -> Done<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(folder, name, flags, Mode::empty())
}

/// Why a file could not be discarded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscardError {
    /// The path is none of a store.
    #[error(transparent)]
    Path(#[from] InvalidPathError),
    /// The disk refused, or a folder on the way is a link.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why an object could not be removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoveError {
    /// The disk refused, or a folder on the way is a link.
    #[error(transparent)]
    File(#[from] FileError),
}
