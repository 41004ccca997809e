//! Why an index is not accepted.

use std::io;

use super::fault::Problem;

/// Why an index was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadIndexError {
    /// The bytes of the index could not be got. The index itself may be good.
    #[error("the index could not be read")]
    Read(#[source] io::Error),
    /// There are no bytes.
    #[error("empty index.yaml file")]
    Empty,
    /// The document is readable and does not say `apiVersion`, as any document may that is not an
    /// index.
    #[error("no API version specified")]
    NoApiVersion,
    /// Something is larger than is allowed.
    #[error(transparent)]
    TooLarge(IndexExcess),
    /// The document is no index that Helm would read.
    #[error("the index is invalid")]
    Invalid(#[source] ParseIndexError),
}

impl ReadIndexError {
    /// Whether the same act may succeed later without anyone changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Read(_))
    }
}

/// Why an index could not be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertIndexError {
    /// The index was not accepted.
    #[error(transparent)]
    Index(ReadIndexError),
    /// The scratch space could not be used.
    #[error("scratch space could not be used")]
    Spool(#[source] io::Error),
    /// The result could not be written.
    #[error("the converted index could not be written")]
    Write(#[source] io::Error),
}

/// Which of the [`IndexLimits`](crate::IndexLimits) was met.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexExcess {
    /// `max_index_bytes`.
    #[error("the index exceeds the maximum index file size of {limit} bytes (max_index_bytes)")]
    Bytes {
        /// The limit in bytes.
        limit: u64,
    },
    /// `max_versions`.
    #[error("the index has more than {limit} charts and versions (max_versions)")]
    Versions {
        /// The limit.
        limit: u64,
    },
    /// `max_version_bytes`.
    #[error(
        "one version, or what belongs to none, has more than {limit} bytes of text (max_version_bytes)"
    )]
    VersionBytes {
        /// The limit in bytes.
        limit: u64,
    },
    /// `max_depth`.
    #[error("lists and maps lie in one another more than {limit} deep (max_depth)")]
    Depth {
        /// The limit.
        limit: u64,
    },
    /// Aliases stand for more than anybody writes by hand.
    #[error("document contains excessive aliasing: aliases stand for more than {limit} values")]
    Aliases {
        /// The limit, which cannot be set.
        limit: u64,
    },
}

/// What is wrong with an index, and on which line, for whoever made it.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ParseIndexError {
    line: u64,
    problem: Problem,
}

impl ParseIndexError {
    pub(super) fn new(line: u64, problem: Problem) -> Self {
        Self { line, problem }
    }

    /// The line that was being read, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }
}
