//! Why there is no newer trust root.

use std::time::Duration;

use portolan_verify::TrustRootError;
use sigstore_tuf::Error;

use crate::Class;

/// Why a trust root could not be fetched anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The repository could not be reached, or does not have what it must have.
    #[error("the trust root cannot be had from {repository}")]
    Unavailable {
        /// Its address, without secrets.
        repository: String,
        /// What happened.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something there is not signed as it has to be, is older than what was seen before, or is not what
    /// its keepers signed.
    #[error("what {repository} has is not to be believed")]
    Refused {
        /// Its address, without secrets.
        repository: String,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something there has expired.
    #[error(
        "what {repository} has is out of date: its keepers have stopped, or somebody holds back what is newer, or the clock here is wrong"
    )]
    Expired {
        /// Its address, without secrets.
        repository: String,
        /// What, and when.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It took too long.
    #[error("{repository} did not give its trust root within {} s", after.as_secs())]
    TooSlow {
        /// Its address, without secrets.
        repository: String,
        /// How long it took at least.
        after: Duration,
    },
    /// What was fetched is signed as it has to be, but is no trust root.
    #[error("the trusted_root.json of {repository} cannot be used")]
    NoTrustRoot {
        /// Its address, without secrets.
        repository: String,
        /// What is wrong with it.
        source: TrustRootError,
    },
    /// The clock shows a time that no calendar has.
    #[error("the clock here shows a time that no calendar has: set it")]
    Clock,
}

impl RefreshError {
    /// What kind of trouble it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Unavailable { .. } | Self::TooSlow { .. } => Class::Unavailable,
            Self::Refused { .. } | Self::Expired { .. } | Self::NoTrustRoot { .. } => {
                Class::Refused
            }
            Self::Clock => Class::Local,
        }
    }

    pub(super) fn told(repository: String, error: Error) -> Self {
        let kind = match &error {
            Error::Transport { .. } => {
                |repository, source| Self::Unavailable { repository, source }
            }
            Error::Expired { .. } => |repository, source| Self::Expired { repository, source },
            _ => |repository, source| Self::Refused { repository, source },
        };
        kind(repository, Box::new(error))
    }
}
