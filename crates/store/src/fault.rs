//! What can be wrong with a disk.

use std::fmt;
use std::io;

use rustix::io::Errno;

/// What a [`FileError`] comes to, for whoever decides what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// No space, no quota, or too many files (`ENOSPC`, `EDQUOT`, `EMLINK`, `EFBIG`).
    Full,
    /// The file system is mounted read-only (`EROFS`).
    ReadOnly,
    /// This process may not do that (`EACCES`, `EPERM`).
    Denied,
    /// The device failed (`EIO`, `ENXIO`, `ENODEV`, `ESTALE`, `EUCLEAN`).
    Device,
    /// Too many open files, or no memory (`EMFILE`, `ENFILE`, `ENOMEM`).
    Exhausted,
    /// Something that is not a plain directory or file is where one belongs, such as a symbolic
    /// link (`ELOOP`, `ENOTDIR`, `EISDIR`, `EXDEV`).
    Misplaced,
    /// Anything else.
    Other,
}

/// An act on a file of the store failed.
///
/// The path is told relative to the store's root, so that the message means the same in every
/// installation and says nothing about the machine.
#[derive(Debug)]
pub struct FileError {
    act: &'static str,
    path: String,
    source: io::Error,
}

impl FileError {
    pub(crate) fn new(act: &'static str, path: impl Into<String>, source: io::Error) -> Self {
        let path = path.into();
        Self { act, path, source }
    }

    /// Where, below the root; empty for the root itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it comes to.
    pub fn fault(&self) -> Fault {
        let Some(code) = self.source.raw_os_error() else {
            return Fault::Other;
        };
        match Errno::from_raw_os_error(code) {
            Errno::NOSPC | Errno::DQUOT | Errno::MLINK | Errno::FBIG => Fault::Full,
            Errno::ROFS => Fault::ReadOnly,
            Errno::ACCESS | Errno::PERM => Fault::Denied,
            Errno::IO | Errno::NXIO | Errno::NODEV | Errno::STALE => Fault::Device,
            Errno::MFILE | Errno::NFILE | Errno::NOMEM => Fault::Exhausted,
            Errno::LOOP | Errno::NOTDIR | Errno::ISDIR | Errno::XDEV => Fault::Misplaced,
            _ => Fault::Other,
        }
    }

    /// The same failure once more, for every artifact of a batch that failed as one.
    pub(crate) fn again(&self, path: &str) -> Self {
        let source = match self.source.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => self.source.kind().into(),
        };
        Self::new(self.act, path, source)
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "cannot {} the storage", self.act),
            path => write!(f, "cannot {} `{path}` in the storage", self.act),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_disk_says_comes_to_what_can_be_done_about_it() {
        #[track_caller]
        fn check(errno: Errno, expected: Fault) {
            let error = FileError::new("write", "a/b", errno.into());
            assert_eq!(error.fault(), expected);
            assert_eq!(error.again("c").fault(), expected);
        }
        check(Errno::NOSPC, Fault::Full);
        check(Errno::DQUOT, Fault::Full);
        check(Errno::ROFS, Fault::ReadOnly);
        check(Errno::ACCESS, Fault::Denied);
        check(Errno::IO, Fault::Device);
        check(Errno::MFILE, Fault::Exhausted);
        check(Errno::LOOP, Fault::Misplaced);
        check(Errno::BUSY, Fault::Other);
    }

    #[test]
    fn the_path_is_told_once_and_the_cause_is_the_source() {
        let error = FileError::new("write", "helmchart/ns/app/a.tgz", Errno::NOSPC.into());
        let text = error.to_string();
        assert_eq!(text, "cannot write `helmchart/ns/app/a.tgz` in the storage");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("No space left"), "{source}");
        let root = FileError::new("flush", "", Errno::IO.into());
        assert_eq!(root.to_string(), "cannot flush the storage");
    }
}
