//! Why a source was not unpacked.

use std::io;
use std::path::PathBuf;

use crate::{EntryProblem, Found};

/// Why a source was not unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackSourceError {
    /// The bytes of the archive could not be got. The archive itself may be good.
    #[error("the source archive could not be read")]
    Read(#[source] io::Error),
    /// What came is not gzip.
    #[error("expected a gzipped tar archive, found {found}")]
    NotGzip {
        /// What it looks like instead.
        found: Found,
    },
    /// Gzip or tar cannot make sense of the bytes, or they end too early.
    #[error("the source archive is damaged or cut short")]
    Damaged(#[source] io::Error),
    /// Something is larger than is allowed.
    #[error(transparent)]
    TooLarge(#[from] SourceExcess),
    /// The archive has a link in it.
    #[error(
        "tar file entry {} is a {kind}, which is not allowed in this context",
        entry.escape_debug()
    )]
    Link {
        /// Its name as packed.
        entry: String,
        /// What kind of link.
        kind: &'static str,
    },
    /// The archive has something else in it that has no place in a source.
    #[error("tar file entry {} is refused: {reason}", entry.escape_debug())]
    Entry {
        /// Its name as packed.
        entry: String,
        /// What is wrong with it.
        reason: EntryProblem,
    },
    /// There is something already where the source should be unpacked. It was not touched.
    #[error("`{}` is not empty", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder could not be written.
    #[error("`{}` could not be written", path.display())]
    Write {
        /// What could not be written.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl UnpackSourceError {
    /// Whether the same act may succeed later without anyone changing anything in the archive.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Read(_) | Self::Write { .. } => true,
            Self::NotGzip { .. }
            | Self::Damaged(_)
            | Self::TooLarge(_)
            | Self::Link { .. }
            | Self::Entry { .. }
            | Self::NotEmpty { .. } => false,
        }
    }
}

/// Which of the [`SourceLimits`](crate::SourceLimits) was met.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceExcess {
    /// `max_source_bytes`.
    #[error("the source archive is larger than {limit} bytes (max_source_bytes)")]
    SourceBytes {
        /// The limit in bytes.
        limit: u64,
    },
    /// `max_unpacked_bytes`.
    #[error("the source unpacks to more than {limit} bytes (max_unpacked_bytes)")]
    UnpackedBytes {
        /// The limit in bytes.
        limit: u64,
    },
    /// `max_entries`.
    #[error("the source has more than {limit} entries (max_entries)")]
    Entries {
        /// The limit.
        limit: u64,
    },
    /// `max_file_bytes`.
    #[error("the source's file {} is larger than {limit} bytes (max_file_bytes)", file.escape_debug())]
    FileBytes {
        /// The file.
        file: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// `max_ratio`.
    #[error("the source unpacks to more than {limit} times its size (max_ratio)")]
    Ratio {
        /// The limit.
        limit: u64,
    },
}
