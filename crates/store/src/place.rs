//! Under which name new bytes are published. A name is never given other bytes.

use portolan_reference::Digest;
use rustix::fd::AsFd as _;
use rustix::io::Errno;

use crate::beneath::{Opened, Root, errno, open_file, unlink};
use crate::check::hash;
use crate::commit::Place;
use crate::name::{FileName, StoredPath};
use crate::{FileError, ObjectKey, PublishError};

/// How much of a digest marks a name: as much as Flux appends to a chart's version.
const MARK: usize = 12;

/// Find the name for bytes that hash to `digest`: the wanted one if it is free or has these bytes
/// already, else the one marked with the digest. Blocks.
pub(crate) fn find(
    root: &Root,
    key: &ObjectKey,
    wanted: FileName,
    digest: &Digest,
) -> Result<Place, PublishError> {
    let mark = digest.hex().get(..MARK).unwrap_or_default();
    let marked = wanted.marked(mark);
    if let Some(place) = place_at(root, key, wanted, digest)? {
        return Ok(place);
    }
    let marked = marked?;
    let path = format!("{key}/{}", marked.as_str());
    // With its own digest in the name and other bytes, it is not what was published.
    let taken = || FileError::new("publish", path, Errno::EXIST.into());
    Ok(place_at(root, key, marked, digest)?.ok_or_else(taken)?)
}

/// The place that has this name; `None` if it has other bytes.
fn place_at(
    root: &Root,
    key: &ObjectKey,
    file: FileName,
    digest: &Digest,
) -> Result<Option<Place>, FileError> {
    let key = key.clone();
    let path = StoredPath { key, file };
    let bytes = bytes_at(root, &path, digest);
    match bytes.map_err(|error| FileError::new("look at", path.to_string(), error.into()))? {
        Bytes::Free => Ok(Some(Place { path, kept: None })),
        Bytes::Same(file) => Ok(Some(Place {
            path,
            kept: Some(file),
        })),
        Bytes::Other => Ok(None),
    }
}

enum Bytes {
    Free,
    Same(std::fs::File),
    Other,
}

fn bytes_at(root: &Root, path: &StoredPath, digest: &Digest) -> rustix::io::Result<Bytes> {
    let folder = match root.folder(&path.folder()) {
        Err(Errno::NOENT) => return Ok(Bytes::Free),
        folder => folder?,
    };
    match open_file(folder.as_fd(), path.last())? {
        Opened::Missing => Ok(Bytes::Free),
        // A link or a pipe has no bytes of ours. A folder stays: removing it is refused.
        Opened::NotAFile => unlink(folder.as_fd(), path.last()).map(|_| Bytes::Free),
        Opened::File(file, _) => {
            let again = file.try_clone().map_err(|error| errno(&error))?;
            let actual = hash(again, digest.algorithm()).map_err(|error| errno(&error))?;
            Ok(if actual == *digest {
                Bytes::Same(file)
            } else {
                Bytes::Other
            })
        }
    }
}
