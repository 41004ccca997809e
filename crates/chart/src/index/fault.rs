//! What ends the reading of an index.

use std::io;

use super::error::{IndexExcess, ParseIndexError, ReadIndexError};
use super::limits::IndexLimits;

/// What ended a reading.
#[derive(Debug)]
pub(super) enum Fault {
    /// The bytes could not be got.
    Read(io::Error),
    /// What came of them could not be kept.
    Keep(io::Error),
    /// A limit was met.
    Excess(IndexExcess),
    /// This reader cannot tell what is meant; another can.
    Unsure,
    /// The document is not an index.
    Problem(Problem),
}

impl Fault {
    pub(super) fn on_line(self, line: u64) -> ReadFault {
        match self {
            Self::Read(error) => ReadFault::Index(ReadIndexError::Read(error)),
            Self::Keep(error) => ReadFault::Keep(error),
            Self::Excess(excess) => ReadFault::Index(ReadIndexError::TooLarge(excess)),
            // No reader is left that could tell.
            Self::Unsure => ReadFault::Index(ReadIndexError::Invalid(ParseIndexError::new(
                line,
                Problem::Syntax("it is neither JSON nor YAML".to_owned()),
            ))),
            Self::Problem(Problem::Empty) => ReadFault::Index(ReadIndexError::Empty),
            Self::Problem(Problem::NoApiVersion) => ReadFault::Index(ReadIndexError::NoApiVersion),
            Self::Problem(problem) => {
                ReadFault::Index(ReadIndexError::Invalid(ParseIndexError::new(line, problem)))
            }
        }
    }
}

/// [`Fault`], once nobody else can take over.
#[derive(Debug)]
pub(super) enum ReadFault {
    Index(ReadIndexError),
    Keep(io::Error),
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// What is wrong with a document.
///
/// The wording has Go's in it, which people search for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("empty index.yaml file")]
    Empty,
    #[error("no API version specified")]
    NoApiVersion,
    #[error("{0}")]
    Syntax(String),
    #[error("the text is not UTF-8")]
    NotUtf8,
    #[error("the character U+{0:04X} is not allowed")]
    Character(u32),
    #[error("cannot unmarshal {found} into {into}")]
    Type {
        into: &'static str,
        found: &'static str,
    },
    #[error("unknown field \"{}\"", .0.escape_debug())]
    UnknownField(String),
    #[error("key \"{}\" already set in map", .0.escape_debug())]
    SetTwice(String),
    #[error("unsupported map key: {0}")]
    Key(&'static str),
    #[error("parsing time \"{}\": not as in 2006-01-02T15:04:05Z", .0.escape_debug())]
    Time(String),
    #[error("an infinite number cannot be kept")]
    NotFinite,
    #[error("map merge requires map or sequence of maps as the value")]
    Merge,
    #[error("an anchor's value contains itself")]
    Cycle,
    #[error("cannot decode {0}")]
    Tag(String),
}

impl Problem {
    /// `text` for a message: not longer than a line.
    pub(super) fn shortened(text: &str) -> String {
        const MAX: usize = 120;
        match text.char_indices().nth(MAX) {
            None => text.to_owned(),
            Some((at, _)) => format!("{}…", &text[..at]),
        }
    }
}

/// `value` as one of the [`IndexLimits`].
pub(super) fn depth_exceeded(limits: &IndexLimits) -> Fault {
    Fault::Excess(IndexExcess::Depth {
        limit: limits.max_depth,
    })
}
