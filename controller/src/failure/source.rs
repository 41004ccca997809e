//! A chart among the files of a `GitRepository` or a `Bucket`.

use std::time::Duration;

use portolan_acquire::{BuildError, OpenError, SourceError};
use portolan_api::{message, reason};

use super::{Chosen, Failure};
use crate::chain::chain;

impl Failure {
    /// The source is there and of no use, or is not there.
    pub(crate) fn source_unavailable(cause: &str) -> Self {
        Self::fetch(
            reason::SOURCE_UNAVAILABLE,
            &format!("{}{cause}", message::FAILED_TO_GET_SOURCE),
        )
    }

    /// Nobody knows what kind of source is meant. Only where the schema was bypassed.
    pub(crate) fn unsupported_source_kind(kind: &str) -> Self {
        let cause = format!(
            "unsupported source kind '{kind}', must be one of: [HelmRepository GitRepository Bucket]"
        );
        Self {
            event_reason: reason::UNSUPPORTED_SOURCE_KIND,
            ..Self::source_unavailable(&cause).lasting()
        }
    }

    /// The chart in a source could not be looked at.
    pub(crate) fn opening(error: &OpenError) -> Self {
        let invalid = || {
            Self::stalled(
                reason::INVALID_CHART_REFERENCE,
                &format!("{}{}", message::INVALID_CHART_REFERENCE, chain(error)),
            )
        };
        match error {
            OpenError::Source(source) => Self::unpacking(source),
            OpenError::NoChart { .. }
            | OpenError::Directory(_)
            | OpenError::Archive(_)
            | OpenError::TooLarge { .. } => invalid(),
            OpenError::Version(_) => Self::metadata(&chain(error)),
            OpenError::Interrupted(_) => Self::fetch(reason::FAILED, &chain(error)),
        }
    }

    /// The files of a source could not be had.
    fn unpacking(error: &SourceError) -> Self {
        let text = chain(error);
        match error {
            SourceError::Fetch(source) => {
                Self::source_unavailable(&text).not_before(source.retry_after())
            }
            // Of artifacts in a registry, which no kind of source names yet.
            SourceError::Credential(_) => Self::fetch(reason::AUTHENTICATION_FAILED, &text),
            SourceError::NoLayer { .. } => Self::source_unavailable(&text),
            SourceError::Unpack(_) | SourceError::Interrupted(_) => {
                Self::fetch(reason::FAILED, &text)
            }
            SourceError::Scratch(_) => Self::fetch(reason::DIRECTORY_CREATION_FAILED, &text),
            SourceError::Read { .. } => Self::fetch(reason::READ_OPERATION_FAILED, &text),
            SourceError::LeadsOut { .. } | SourceError::TooLarge { .. } => Self::stalled(
                reason::INVALID_CHART_REFERENCE,
                &format!("{}{text}", message::INVALID_CHART_REFERENCE),
            ),
        }
    }

    /// The chart in a source was not built. `chosen` is the summary that the build would have had.
    pub(crate) fn building(error: &BuildError, chosen: &str) -> Self {
        match error {
            BuildError::Directory(_) | BuildError::Archive(_) | BuildError::Source(_) => {
                Self::packaging(&chain(error))
            }
            BuildError::Dependencies(_) => Self::dependencies(&chain(error)),
            BuildError::Make(source) => Self::making(source, ""),
            BuildError::Store(source) => Self::storing(
                source,
                Some(Chosen {
                    reason: reason::NEW_CHART,
                    text: chosen.to_owned(),
                }),
            ),
            BuildError::Interrupted(source) => Self::fetch(reason::FAILED, &chain(source)),
        }
    }

    /// Building took longer than a build may.
    pub(crate) fn build_timed_out(limit: Duration) -> Self {
        Self::dependencies(&format!("timed out after {limit:?}"))
    }

    fn dependencies(cause: &str) -> Self {
        Self::build(
            reason::DEPENDENCY_BUILD_ERROR,
            &format!("{}{cause}", message::DEPENDENCY_BUILD_ERROR),
        )
    }
}
