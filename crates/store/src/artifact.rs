//! What a publish leaves behind.

use std::time::SystemTime;

use portolan_reference::Digest;

/// A committed file of the store: it is whole, it is durable, and its name will not be given other
/// bytes while it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Artifact {
    /// Where it is below the root, with `/` between the parts:
    /// `helmchart/apps/podinfo/podinfo-6.5.4.tgz`.
    ///
    /// Not always the name that was asked for: see [`Store::publish`](crate::Store::publish).
    pub path: String,
    /// What the file hashes to, by the store's algorithm.
    pub digest: Digest,
    /// The file's length in bytes.
    pub size: u64,
    /// When the bytes were written: the file's modification time.
    pub modified: SystemTime,
    /// Where the link that follows the newest artifact is, below the root:
    /// `helmchart/apps/podinfo/latest.tar.gz`.
    pub link: String,
}
