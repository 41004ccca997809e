//! Finding what a path names, on disk.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::header::HeaderValue;
use portolan_reference::Digest;
use rustix::fd::AsFd as _;
use rustix::fs::{AtFlags, Stat};
use rustix::io::{Errno, Result as Done};

use crate::beneath::{Opened, Root, open_file};
use crate::name::StoredPath;
use crate::record::Sheet;
use crate::retention::time;

/// The largest artifact that is kept in memory, in bytes. Most charts are smaller (14 KB).
pub(super) const SMALL: u64 = 256 << 10;

/// What tells one content of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    size: u64,
    modified: SystemTime,
    /// Unlike the modification time, nobody can set this one back.
    changed: (i128, i128),
}

impl Stamp {
    fn of(stat: &Stat) -> Self {
        Self {
            inode: stat.st_ino,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            modified: time(stat),
            changed: (stat.st_ctime.into(), stat.st_ctime_nsec.into()),
        }
    }

    /// What has a name below the root now. One call; the answer comes from the kernel's memory for
    /// a file that was looked at before.
    pub(super) fn now(root: &Root, path: &str) -> Option<Self> {
        let stat = rustix::fs::statat(root.fd(), path, AtFlags::SYMLINK_NOFOLLOW);
        Some(Self::of(&stat.ok()?))
    }
}

/// What is served about one file.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) stamp: Stamp,
    pub(super) size: u64,
    pub(super) modified: SystemTime,
    pub(super) last_modified: HeaderValue,
    pub(super) length: HeaderValue,
    pub(super) content_type: HeaderValue,
    /// The digest, when there is a record that is about these bytes.
    pub(super) tag: Option<HeaderValue>,
    /// All of it, if it is small.
    pub(super) bytes: Option<Bytes>,
}

/// What a path led to.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) known: Arc<Known>,
    pub(super) file: Arc<File>,
    /// Where the file is, if the path is a link's.
    pub(super) linked: Option<Linked>,
}

/// Where a link led.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Linked {
    /// As it is written in the link.
    pub(super) target: Vec<u8>,
    /// Below the root.
    pub(super) path: String,
}

/// Open what `path` names: a regular file, or one that a link beside it or above it points at,
/// within the same object. `None` if there is no such file. Blocks.
///
/// What was `known` about the path before is used again if the file is still the same.
pub(super) fn find(
    root: &Root,
    path: &StoredPath,
    known: Option<Arc<Known>>,
) -> Done<Option<Found>> {
    match root.file(&path.folder(), path.last()) {
        Ok(Opened::File(file, _)) => Ok(Some(look_at(root, path, file, known)?)),
        Ok(Opened::NotAFile) => follow(root, path),
        // A path that goes on behind a file.
        Ok(Opened::Missing) | Err(Errno::NOTDIR) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The content of a link; `None` if it is none. What it leads to is not looked at.
pub(super) fn link_target(root: &Root, path: &str) -> Option<Vec<u8>> {
    let target = rustix::fs::readlinkat(root.fd(), path, Vec::new());
    Some(target.ok()?.into_bytes())
}

fn follow(root: &Root, link: &StoredPath) -> Done<Option<Found>> {
    let Some(target) = link_target(root, &link.to_string()) else {
        return Ok(None);
    };
    let Some(path) = inside(root, &target) else {
        return Ok(None);
    };
    // One object's link cannot show another's files.
    if path.key != link.key {
        return Ok(None);
    }
    let folder = match root.folder(&path.folder()) {
        Err(Errno::NOENT) => return Ok(None),
        folder => folder?,
    };
    // Not a link again.
    let Opened::File(file, _) = open_file(folder.as_fd(), path.last())? else {
        return Ok(None);
    };
    let linked = Linked {
        target,
        path: path.to_string(),
    };
    let found = look_at(root, &path, file, None)?;
    Ok(Some(Found {
        linked: Some(linked),
        ..found
    }))
}

/// The path below the root that an absolute one means.
fn inside(root: &Root, target: &[u8]) -> Option<StoredPath> {
    let target = Path::new(std::str::from_utf8(target).ok()?);
    let path = target.strip_prefix(root.path()).ok()?;
    StoredPath::parse(path.to_str()?).ok()
}

fn look_at(root: &Root, path: &StoredPath, file: File, known: Option<Arc<Known>>) -> Done<Found> {
    let stamp = Stamp::of(&rustix::fs::fstat(&file)?);
    let known = match known.filter(|known| known.stamp == stamp) {
        Some(known) => known,
        None => Arc::new(learn(root, path, &file, stamp)),
    };
    Ok(Found {
        known,
        file: Arc::new(file),
        linked: None,
    })
}

fn learn(root: &Root, path: &StoredPath, file: &File, stamp: Stamp) -> Known {
    let bytes = if stamp.size <= SMALL {
        read_whole(file, stamp)
    } else {
        None
    };
    let modified = stamp.modified.min(last_date());
    Known {
        stamp,
        size: stamp.size,
        modified,
        last_modified: text(&httpdate::fmt_http_date(modified)),
        length: HeaderValue::from(stamp.size),
        content_type: HeaderValue::from_static(content_type(path.last())),
        tag: tag(root, path, file, bytes.as_ref()),
        bytes,
    }
}

/// The last second that an HTTP date can say: the year has four digits.
fn last_date() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(253_402_300_799)
}

/// All bytes, unless somebody changed the file meanwhile.
fn read_whole(file: &File, stamp: Stamp) -> Option<Bytes> {
    let mut bytes = Vec::with_capacity(usize::try_from(stamp.size).ok()?);
    let limit = stamp.size.saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).ok()?;
    let after = Stamp::of(&rustix::fs::fstat(file).ok()?);
    (after == stamp && bytes.len() as u64 == stamp.size).then(|| bytes.into())
}

/// The recorded digest as an entity tag, if the record is about this file: by size and time, and
/// by the bytes when they are at hand.
fn tag(root: &Root, path: &StoredPath, file: &File, bytes: Option<&Bytes>) -> Option<HeaderValue> {
    let (digest, _) = Sheet::read(root, path)?.about(&file.metadata().ok()?)?;
    let same = |bytes: &Bytes| Digest::of(digest.algorithm(), bytes) == digest;
    let same = bytes.is_none_or(same);
    same.then(|| text(&format!("\"{digest}\"")))
}

fn text(text: &str) -> HeaderValue {
    // Dates and digests are made of what a header may hold.
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("tgz" | "gz") => "application/gzip",
        Some("yaml" | "yml") => "application/yaml",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}
