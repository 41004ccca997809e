//! What kind of trouble an error is, for who has to react without reading it.

use std::error::Error;

use portolan_fetch::FetchError;
use portolan_resolve::WalkError;

use crate::dependencies::{Shared, Unlisted};
use crate::error::{AcquireError, IndexError, LookError, PullError, PushError};
use crate::{
    BuildDependenciesError, BuildError, DirectoryError, OpenError, SourceError, VerificationError,
};

/// What kind of trouble an error is: who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The registry has no such chart, or no version that is wanted: ask for something else.
    NotFound,
    /// The registry refused the credential, or wants one: log in.
    Denied,
    /// The registry could not be reached or was not able to answer: try later.
    Unavailable,
    /// It is not signed as was demanded: talk to whoever published it, or to whoever demands it.
    Unproven,
    /// What the registry sent is not what it promised, is too large, or is no chart: talk to whoever
    /// published it.
    Refused,
    /// It is on this machine: a name, a file, a disk.
    Local,
}

impl Class {
    /// That of the first error in the chain of causes of which one is known.
    fn of_chain(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(shared) = error.downcast_ref::<Shared>() {
            return Self::of_chain(shared.inner());
        }
        let own = error
            .downcast_ref::<FetchError>()
            .map(Self::of)
            .or_else(|| error.downcast_ref().map(LookError::class))
            .or_else(|| error.downcast_ref().map(IndexError::class))
            .or_else(|| error.downcast_ref().map(Unlisted::class));
        own.or_else(|| Self::of_chain(error.source()?))
    }

    fn of(error: &FetchError) -> Self {
        if error.is_denied() {
            return Self::Denied;
        }
        match error {
            FetchError::NotFound { .. } => Self::NotFound,
            FetchError::Reference(_) => Self::Local,
            FetchError::RateLimited { .. }
            | FetchError::Server { .. }
            | FetchError::Transport { .. }
            | FetchError::TooSlow { .. } => Self::Unavailable,
            _ => Self::Refused,
        }
    }
}

impl LookError {
    /// What kind of trouble it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Credential(_) | Self::Constraint(_) | Self::ListedConstraint(_) => Class::Local,
            Self::List { source, .. } => Class::of(source),
            Self::Index(source) => source.class(),
            Self::NoVersions { .. }
            | Self::NoMatch { .. }
            | Self::NoChart { .. }
            | Self::NoEntries { .. }
            | Self::NoEntry { .. } => Class::NotFound,
            Self::Version(_) => Class::Refused,
        }
    }
}

impl IndexError {
    /// What kind of trouble it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Fetch(source) => Class::of(source),
            Self::Read(_) | Self::Convert(_) | Self::NothingToKeep => Class::Refused,
            Self::Missing { .. }
            | Self::Corrupt { .. }
            | Self::Open(_)
            | Self::Unreadable(_)
            | Self::Store(_)
            | Self::Interrupted(_) => Class::Local,
        }
    }
}

impl AcquireError {
    /// What kind of trouble it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Credential(_) | Self::Store(_) | Self::Interrupted(_) => Class::Local,
            Self::Pull { source, .. } => Class::of(source),
            Self::Download(source) => Class::of(source),
            Self::Verification(source) => source.class(),
            Self::Untrusted { .. } => Class::Unproven,
            Self::Chart { .. }
            | Self::NoUrl { .. }
            | Self::IndexDigest { .. }
            | Self::NoIndexDigest { .. }
            | Self::Renamed { .. }
            | Self::Make(_) => Class::Refused,
        }
    }
}

impl VerificationError {
    /// What kind of trouble it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Credential(_) | Self::NoRegistry { .. } | Self::Interrupted(_) => Class::Local,
            Self::Resolve { source, .. } | Self::Unavailable { source, .. } => Class::of(source),
            Self::Refused { .. } => Class::Unproven,
        }
    }
}

impl PullError {
    /// What kind of trouble it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Acquire(source) => source.class(),
            Self::Write { .. } | Self::Unpack { .. } => Class::Local,
        }
    }
}

impl PushError {
    /// What kind of trouble it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Push {
                source: portolan_fetch::PushError::Registry(source),
                ..
            } => Class::of(source),
            Self::Push { .. } => Class::Refused,
            _ => Class::Local,
        }
    }
}

impl BuildDependenciesError {
    /// What kind of trouble it is. If several dependencies have some, it is `Unavailable` only if
    /// all of it could be over later.
    pub fn class(&self) -> Class {
        match self {
            Self::Resolve(walk) => of_walk(walk),
            Self::Fetch { source, .. } => {
                // What is not told in words of the network is about what came.
                Class::of_chain(source.as_ref()).unwrap_or(Class::Refused)
            }
            Self::Lock(_) | Self::Vendored(_) | Self::Add { .. } | Self::Internal(_) => {
                Class::Local
            }
        }
    }
}

fn of_walk(walk: &WalkError) -> Class {
    let classes = walk.errors().iter().map(|error| match error.failure() {
        _ if error.is_not_found() => Class::NotFound,
        Some(failure) => Class::of_chain(failure.as_ref()).unwrap_or(Class::Local),
        None => Class::Local,
    });
    let classes: Vec<Class> = classes.collect();
    let lasting = classes.iter().find(|class| **class != Class::Unavailable);
    *lasting.or(classes.first()).unwrap_or(&Class::Local)
}

impl DirectoryError {
    /// What kind of trouble it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Dependencies(source) | Self::Build(BuildError::Dependencies(source)) => {
                source.class()
            }
            Self::Open(OpenError::Source(SourceError::Fetch(source))) => Class::of(source),
            _ => Class::Local,
        }
    }
}
