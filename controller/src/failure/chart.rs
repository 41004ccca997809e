//! A chart from a repository.

use std::time::Duration;

use portolan_acquire::{AcquireError, Explanation, IndexError, LookError, MakeError};
use portolan_api::{HelmRepository, message, reason};

use super::{Chosen, Failure};
use crate::chain::chain;
use crate::kind::Watched as _;

impl Failure {
    /// It took longer than the object allows.
    pub(crate) fn timed_out(limit: Duration) -> Self {
        Self::fetch(
            reason::CHART_PULL_ERROR,
            &format!(
                "{}timed out after {limit:?}; spec.timeout of the HelmRepository allows more",
                message::CHART_PULL_ERROR
            ),
        )
    }

    /// No version was chosen, from the `HelmRepository` that is called `repository`.
    ///
    /// What an index does not have cannot be had before there is another index, and that wakes the
    /// chart. A registry has to be asked.
    pub(crate) fn looking(error: &LookError, repository: &str) -> Self {
        let cause = chain(error);
        let what = format!("failed to get chart version for remote reference: {cause}");
        let pull = format!("{}{what}", message::CHART_PULL_ERROR);
        let not_listed = |more: &str| {
            let text = format!("{}{what}{more}", message::INVALID_CHART_REFERENCE);
            Self::stalled(reason::INVALID_CHART_REFERENCE, &text)
        };
        match error {
            LookError::Credential(source) => Self::credential(source),
            LookError::Constraint(_) => Self::fetch(reason::CHART_PULL_ERROR, &pull),
            LookError::ListedConstraint(_)
            | LookError::NoChart { .. }
            | LookError::NoEntries { .. } => not_listed(""),
            LookError::NoEntry { explanation, .. } => not_listed(&explained(explanation)),
            LookError::NoVersions { explanation, .. } | LookError::NoMatch { explanation, .. } => {
                let text = format!("{pull}{}", explained(explanation));
                Self::fetch(reason::CHART_PULL_ERROR, &text)
            }
            LookError::Index(IndexError::Missing { .. } | IndexError::Corrupt { .. }) => {
                Self::no_artifact(HelmRepository::NAME, repository)
            }
            LookError::List { .. } | LookError::Index(_) => {
                Self::remote(&pull, error.is_denied(), error.retry_after())
            }
            LookError::Version(_) => Self::metadata(&cause),
        }
    }

    /// A chosen version was not brought. `chosen` is the summary that the build would have had.
    pub(crate) fn acquiring(error: &AcquireError, chosen: &str) -> Self {
        let pulling = |text: &str| {
            Self::fetch(
                reason::CHART_PULL_ERROR,
                &format!("{}{text}", message::CHART_PULL_ERROR),
            )
        };
        match error {
            AcquireError::Credential(source) => Self::credential(source),
            AcquireError::Pull { .. } | AcquireError::Download(_) => {
                let text = format!(
                    "{}failed to download chart for remote reference: {}",
                    message::CHART_PULL_ERROR,
                    chain(error)
                );
                Self::remote(&text, error.is_denied(), error.retry_after())
            }
            AcquireError::Verification(source) => Self::verifying(source),
            AcquireError::Untrusted { .. } => Self::unproven(&chain(error)),
            AcquireError::NoUrl { .. }
            | AcquireError::IndexDigest { .. }
            | AcquireError::NoIndexDigest { .. } => pulling(&format!(
                "failed to download chart for remote reference: {}",
                chain(error)
            )),
            AcquireError::Chart { source, .. } => pulling(&format!(
                "failed to load chart metadata from written chart: {}",
                chain(source)
            )),
            AcquireError::Renamed { .. } => Self::packaging(&chain(error)),
            AcquireError::Make(source) => Self::making(source, "failed to merge chart values: "),
            AcquireError::Store(source) => Self::storing(
                source,
                Some(Chosen {
                    reason: reason::NEW_CHART,
                    text: chosen.to_owned(),
                }),
            ),
            AcquireError::Interrupted(source) => Self::fetch(reason::FAILED, &chain(source)),
        }
    }

    /// Nothing could be made of a chart. What `merging` says stands before what is wrong with its
    /// values files.
    pub(super) fn making(error: &MakeError, merging: &str) -> Self {
        let values = |text: &str| {
            Self::build(
                reason::VALUES_FILES_ERROR,
                &format!("{}{text}", message::VALUES_FILES_ERROR),
            )
            .lasting()
        };
        match error {
            MakeError::NoValuesFile { .. } | MakeError::ReadValues { .. } | MakeError::Merge(_) => {
                values(&format!("{merging}{}", chain(error)))
            }
            MakeError::Values(_) => values(&chain(error)),
            MakeError::Version(_) => Self::metadata(&chain(error)),
            MakeError::Package(_) => Self::packaging(&chain(error)),
        }
    }

    /// The version of a chart could not be changed as asked.
    pub(super) fn metadata(cause: &str) -> Self {
        Self::build(
            reason::METADATA_PATCH_ERROR,
            &format!("{}{cause}", message::METADATA_PATCH_ERROR),
        )
        .lasting()
    }

    /// A chart could not be packaged.
    pub(super) fn packaging(cause: &str) -> Self {
        Self::build(
            reason::CHART_PACKAGE_ERROR,
            &format!("{}{cause}", message::CHART_PACKAGE_ERROR),
        )
    }

    pub(super) fn credential(error: &portolan_auth::CredentialError) -> Self {
        Self::fetch(
            reason::AUTHENTICATION_FAILED,
            &format!(
                "failed to configure OCI registry authentication: {}",
                chain(error)
            ),
        )
    }

    /// Whether a server wanted another credential is told by its answer, never by words in it.
    fn remote(text: &str, denied: bool, retry_after: Option<Duration>) -> Self {
        let text = &hinted(text);
        let failure = if denied {
            Self::fetch(
                reason::AUTHENTICATION_FAILED,
                &format!("{}{text}", message::REPOSITORY_LOGIN_FAILED),
            )
        } else {
            Self::fetch(reason::CHART_PULL_ERROR, text)
        };
        failure.not_before(retry_after)
    }
}

/// What a registry's answer came to, and what to do about it where that is known.
pub(super) fn hinted(text: &str) -> String {
    // How a TLS client tells that the other side answered in clear text.
    let hint = if text.contains("InvalidContentType") {
        "; the registry does not speak TLS: spec.insecure of the HelmRepository allows plain HTTP"
    } else {
        ""
    };
    format!("{text}{hint}")
}

/// Why each of the nearest candidates was refused. What was wanted is told already.
fn explained(explanation: &Explanation) -> String {
    let told = explanation.to_string();
    let told: Vec<&str> = told.lines().skip(1).map(str::trim).collect();
    format!(": {}", told.join("; "))
}
