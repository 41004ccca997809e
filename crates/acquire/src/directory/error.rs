//! Why something could not be done about a chart that somebody works on.

use std::io;
use std::path::{Path, PathBuf};

use portolan_chart::{ParseLockError, ReadDirectoryError, SetVersionError};
use tokio::task::JoinError;

use crate::dependencies::BuildDependenciesError;
use crate::make::MakeError;
use crate::{BuildError, OpenError};

/// Why something could not be done about a chart that somebody works on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// The folder is no chart.
    #[error(transparent)]
    Chart(#[from] ReadDirectoryError),
    /// The chart could not be found in its source.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The chart could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Its lock file says nothing that could be understood.
    #[error(transparent)]
    Lock(#[from] ParseLockError),
    /// Its lock file was made for other requirements.
    #[error(
        "the lock file ({lock}) is out of sync with the dependencies file ({requirements}). Please update the dependencies"
    )]
    OutOfSync {
        /// The lock file.
        lock: &'static str,
        /// The file that requires.
        requirements: &'static str,
    },
    /// The lock file of a chart in a source was made for other requirements.
    #[error(
        "the lock file of the chart at '{path}' is out of sync with its requirements. Please update the dependencies"
    )]
    DoubtfulLock {
        /// The path, from the root of the source.
        path: String,
    },
    /// Something that it depends on could not be brought.
    #[error(transparent)]
    Dependencies(#[from] BuildDependenciesError),
    /// Its version cannot be changed as asked.
    #[error(transparent)]
    Version(#[from] SetVersionError),
    /// Nothing could be made of it.
    #[error(transparent)]
    Make(MakeError),
    /// A link is where something is to be written.
    #[error("`{}` is a link: nothing is written to where it leads; remove it", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A file or folder could not be read or written.
    #[error("cannot work with `{}`", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder has a name that is not text.
    #[error("`{}` is not UTF-8", path.display())]
    NotUtf8 {
        /// The folder.
        path: PathBuf,
    },
    /// A task of ours did not end as it should.
    #[error("working on the chart was interrupted")]
    Interrupted(#[from] JoinError),
}

impl DirectoryError {
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source,
        }
    }
}
