//! Which artifacts stay.

use std::collections::BinaryHeap;
use std::ffi::CStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::{Errno, Result as Done};
use tokio::time::Instant;

use crate::beneath::Root;
use crate::name::{FileName, StoredPath};
use crate::{FileError, InvalidPathError, ObjectKey, Options, remove};

/// How many folders within folders are looked into; file names have at most as many parts.
const DEEPEST: usize = 16;

/// One collection of one object.
#[derive(Debug)]
pub(crate) struct Collection<'a> {
    pub(crate) root: &'a Root,
    pub(crate) options: &'a Options,
    pub(crate) key: &'a ObjectKey,
    /// The current artifact, and what was published since: they stay.
    pub(crate) kept: &'a [FileName],
    pub(crate) now: SystemTime,
    pub(crate) deadline: Instant,
}

/// What lies in an object's folder.
#[derive(Debug, Default)]
struct Found {
    /// How many of the files to keep are there.
    kept: usize,
    /// How many others.
    others: usize,
    /// The oldest others, youngest of them on top.
    oldest: BinaryHeap<(SystemTime, String)>,
}

impl Collection<'_> {
    /// Remove what need not stay. Returns the paths, oldest first. Blocks.
    pub(crate) fn run(&self) -> Result<Vec<String>, CollectError> {
        let mut removed = Vec::new();
        loop {
            let found = self.look()?;
            let all_seen = found.oldest.len() == found.others;
            let oldest = found.oldest.into_sorted_vec();
            let ages = oldest.iter().map(|(modified, _)| *modified);
            let superfluous = superfluous(ages, found.others, found.kept, self.now, self.options);
            for (_, file) in oldest.iter().take(superfluous) {
                self.in_time()?;
                let path = format!("{}/{file}", self.key);
                remove::discard(self.root, &StoredPath::parse(&path)?)?;
                removed.push(path);
            }
            if all_seen || superfluous == 0 {
                return Ok(removed);
            }
        }
    }

    fn in_time(&self) -> Result<(), CollectError> {
        if Instant::now() < self.deadline {
            Ok(())
        } else {
            Err(CollectError::DeadlineExceeded)
        }
    }

    fn look(&self) -> Result<Found, CollectError> {
        let path = self.key.to_string();
        let failed = |error: Errno| FileError::new("look through", path.as_str(), error.into());
        let mut found = Found::default();
        match self.root.folder(&path) {
            Ok(folder) => self.walk(&folder, "", DEEPEST, &mut found, &failed)?,
            Err(Errno::NOENT) => {}
            Err(error) => return Err(failed(error).into()),
        }
        Ok(found)
    }

    fn walk(
        &self,
        folder: impl rustix::fd::AsFd,
        prefix: &str,
        deepest: usize,
        found: &mut Found,
        failed: &dyn Fn(Errno) -> FileError,
    ) -> Result<(), CollectError> {
        let folder = folder.as_fd();
        for entry in remove::entries(folder).map_err(failed)? {
            self.in_time()?;
            let (name, kind) = entry.map_err(failed)?;
            // What is not text was not published here.
            let Ok(text) = name.to_str() else { continue };
            let path = format!("{prefix}{text}");
            match kind {
                FileType::Directory if deepest > 1 => {
                    let inner = open(folder, &name).map_err(failed)?;
                    self.walk(inner, &format!("{path}/"), deepest - 1, found, failed)?;
                }
                FileType::RegularFile => {
                    // So that locks, and what no artifact can be called, stay.
                    let Ok(file) = FileName::stored(&path) else {
                        continue;
                    };
                    if self.kept.contains(&file) {
                        found.kept += 1;
                    } else if let Some(modified) = modified(folder, &name).map_err(failed)? {
                        found.add(modified, path, self.options.max_scan.max(1));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Found {
    fn add(&mut self, modified: SystemTime, path: String, most: usize) {
        self.others += 1;
        self.oldest.push((modified, path));
        if self.oldest.len() > most {
            self.oldest.pop();
        }
    }
}

/// How many of `others` files go, the oldest first, when `kept` more stay in any case: those past
/// their time, and as many as are too many. `oldest` are the modification times of (the first of)
/// the others.
///
/// A time in the future is no age, so a clock that was set back makes nothing look expired.
fn superfluous(
    oldest: impl Iterator<Item = SystemTime>,
    others: usize,
    kept: usize,
    now: SystemTime,
    options: &Options,
) -> usize {
    let age = |modified| now.duration_since(modified).unwrap_or(Duration::ZERO);
    let expired = oldest
        .take_while(|modified| age(*modified) > options.retention_ttl)
        .count();
    let too_many = (others + kept).saturating_sub(options.retention_records);
    expired.max(too_many).min(others)
}

fn modified(folder: BorrowedFd<'_>, name: &CStr) -> Done<Option<SystemTime>> {
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(time(&stat))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// When a file was written, from what `stat(2)` says.
pub(crate) fn time(stat: &rustix::fs::Stat) -> SystemTime {
    let nanoseconds = u32::try_from(stat.st_mtime_nsec).unwrap_or(0);
    let fraction = Duration::from_nanos(nanoseconds.into());
    match u64::try_from(stat.st_mtime) {
        Ok(seconds) => UNIX_EPOCH + Duration::from_secs(seconds) + fraction,
        Err(_) => UNIX_EPOCH,
    }
}

fn open(folder: BorrowedFd<'_>, name: &CStr) -> Done<rustix::fd::OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(folder, name, flags, Mode::empty())
}

/// Why artifacts could not be collected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// The current artifact's path is none of this object.
    #[error(transparent)]
    Path(#[from] InvalidPathError),
    /// The disk refused, or a folder on the way is a link.
    #[error(transparent)]
    File(#[from] FileError),
    /// There was more to do than time.
    #[error("collecting artifacts took too long: context deadline exceeded")]
    DeadlineExceeded,
}
