//! What an error means for an object: which condition, which reason, and when to try again.
//!
//! Libraries know no reasons. This is the one place that does, and its matches have no `_`: a new
//! error does not compile until somebody decides what it means.

use std::error::Error;
use std::time::Duration;

use portolan_acquire::{AcquireError, Explanation, LookError, MakeError, StoreError};
use portolan_api::{condition, message, reason};
use portolan_reference::redacted;

use crate::chain::chain;
use crate::kind::Next;

/// What stopped a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The condition that becomes `True`.
    pub(crate) condition: &'static str,
    /// Its reason, and that of the event.
    pub(crate) reason: &'static str,
    /// Flux's beginning, and our chain of causes. No URL in it holds a secret.
    pub(crate) message: String,
    /// What has to happen before it is worth trying again.
    pub(crate) retry: Retry,
    /// Whether verification was asked for and is owed.
    pub(crate) unverified: bool,
    /// The version that was chosen, as the build would have summed it up, when it got that far.
    pub(crate) chosen: Option<String>,
}

/// What has to happen before it is worth trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Time has to pass: the back-off, and at least this much where a server asked for it.
    After {
        /// What the server asked for; zero where none did.
        at_least: Duration,
    },
    /// The object, or what it names, has to change. Flux calls this stalled.
    WhenChanged,
}

impl Retry {
    const SOON: Self = Self::After {
        at_least: Duration::ZERO,
    };
}

impl From<Retry> for Next {
    fn from(retry: Retry) -> Self {
        match retry {
            Retry::After { at_least } => Self::Retry { at_least },
            Retry::WhenChanged => Self::WhenChanged,
        }
    }
}

impl Failure {
    /// The source, or the chart in it, could not be had; it is tried again.
    pub(crate) fn fetch(reason: &'static str, message: &str) -> Self {
        Self {
            condition: condition::FETCH_FAILED,
            reason,
            message: redacted(message),
            retry: Retry::SOON,
            unverified: false,
            chosen: None,
        }
    }

    /// The same, and nothing but a change can mend it.
    pub(crate) fn stalled(reason: &'static str, message: &str) -> Self {
        Self {
            retry: Retry::WhenChanged,
            ..Self::fetch(reason, message)
        }
    }

    /// A field asks for something that this version cannot do. Nothing was fetched.
    pub(crate) fn unsupported(field: &str, what: &str) -> Self {
        Self::stalled(
            reason::UNSUPPORTED_FIELD,
            &format!("{field}: {what}; nothing is fetched while it stays so"),
        )
    }

    /// Our own fault.
    pub(crate) fn panicked(panic: &str) -> Self {
        Self::fetch(
            reason::FAILED,
            &format!("internal error: the reconciliation panicked: {panic}"),
        )
    }

    /// The store could not be looked after.
    pub(crate) fn storage(reason: &'static str, error: &(dyn Error + 'static)) -> Self {
        Self {
            condition: condition::STORAGE_OPERATION_FAILED,
            ..Self::fetch(reason, &chain(error))
        }
    }

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

    /// The chart was there, and nothing could be made of it; it is tried again.
    fn build(reason: &'static str, message: &str) -> Self {
        Self {
            condition: condition::BUILD_FAILED,
            ..Self::fetch(reason, message)
        }
    }

    /// The same, and nothing but a change can mend it.
    fn build_stalled(reason: &'static str, message: &str) -> Self {
        Self {
            retry: Retry::WhenChanged,
            ..Self::build(reason, message)
        }
    }

    /// No version was chosen.
    pub(crate) fn looking(error: &LookError) -> Self {
        const CHOOSING: &str = "failed to get chart version for remote reference: ";
        let pull = || format!("{}{CHOOSING}{}", message::CHART_PULL_ERROR, chain(error));
        let reference = || {
            let text = format!(
                "{}{CHOOSING}{}",
                message::INVALID_CHART_REFERENCE,
                chain(error)
            );
            Self::stalled(reason::INVALID_CHART_REFERENCE, &text)
        };
        match error {
            LookError::Credential(source) => Self::credential(source),
            LookError::Constraint(_) => Self::fetch(reason::CHART_PULL_ERROR, &pull()),
            LookError::List { .. } | LookError::Index(_) => {
                Self::remote(&pull(), error.is_denied(), error.retry_after())
            }
            LookError::NoVersions { explanation, .. } | LookError::NoMatch { explanation, .. } => {
                Self::fetch(reason::CHART_PULL_ERROR, &explained(&pull(), explanation))
            }
            LookError::ListedConstraint(_)
            | LookError::NoChart { .. }
            | LookError::NoEntries { .. } => reference(),
            LookError::NoEntry { explanation, .. } => {
                let failure = reference();
                let text = explained(&failure.message, explanation);
                Self::stalled(reason::INVALID_CHART_REFERENCE, &text)
            }
            LookError::Version(source) => Self::version(source),
        }
    }

    /// A chosen version was not brought. `chosen` is the summary that the build would have had.
    pub(crate) fn acquiring(error: &AcquireError, chosen: &str) -> Self {
        const DOWNLOADING: &str = "failed to download chart for remote reference: ";
        let pull = || format!("{}{DOWNLOADING}{}", message::CHART_PULL_ERROR, chain(error));
        match error {
            AcquireError::Credential(source) => Self::credential(source),
            AcquireError::Pull { .. } | AcquireError::Download(_) => {
                Self::remote(&pull(), error.is_denied(), error.retry_after())
            }
            AcquireError::NoUrl { .. }
            | AcquireError::IndexDigest { .. }
            | AcquireError::NoIndexDigest { .. } => Self::fetch(reason::CHART_PULL_ERROR, &pull()),
            AcquireError::Chart { source, .. } => Self::fetch(
                reason::CHART_PULL_ERROR,
                &format!(
                    "{}failed to load chart metadata from written chart: {}",
                    message::CHART_PULL_ERROR,
                    chain(source)
                ),
            ),
            AcquireError::Renamed { .. } => Self::build(
                reason::CHART_PACKAGE_ERROR,
                &format!("{}{}", message::CHART_PACKAGE_ERROR, chain(error)),
            ),
            AcquireError::Make(source) => Self::making(source, "failed to merge chart values: "),
            AcquireError::Store(source) => Self::storing(source, chosen),
            AcquireError::Interrupted(source) => Self::fetch(reason::FAILED, &chain(source)),
        }
    }

    /// Nothing could be made of a chart. `merging` is how a failed merge of values begins.
    pub(crate) fn making(error: &MakeError, merging: &str) -> Self {
        let values = |merging: &str| {
            let text = format!("{}{merging}{}", message::VALUES_FILES_ERROR, chain(error));
            Self::build_stalled(reason::VALUES_FILES_ERROR, &text)
        };
        match error {
            MakeError::NoValuesFile { .. } | MakeError::ReadValues { .. } | MakeError::Merge(_) => {
                values(merging)
            }
            MakeError::Values(_) => values(""),
            MakeError::Version(source) => Self::version(source),
            MakeError::Package(_) => Self::build(
                reason::CHART_PACKAGE_ERROR,
                &format!("{}{}", message::CHART_PACKAGE_ERROR, chain(error)),
            ),
        }
    }

    /// The version cannot have the build metadata that was asked for.
    pub(crate) fn version(error: &(dyn Error + 'static)) -> Self {
        let text = format!("{}{}", message::METADATA_PATCH_ERROR, chain(error));
        Self::build_stalled(reason::METADATA_PATCH_ERROR, &text)
    }

    /// It could not be stored. `chosen` is the summary that the build would have had.
    pub(crate) fn storing(error: &StoreError, chosen: &str) -> Self {
        let reason = match error {
            StoreError::Stage(_) => reason::DIRECTORY_CREATION_FAILED,
            StoreError::Publish(_) | StoreError::Record(_) => reason::ARCHIVE_OPERATION_FAILED,
        };
        Self {
            chosen: Some(chosen.to_owned()),
            ..Self::storage(reason, error)
        }
    }

    fn credential(error: &portolan_auth::CredentialError) -> Self {
        Self::fetch(
            reason::AUTHENTICATION_FAILED,
            &format!(
                "failed to configure OCI registry authentication: {}",
                chain(error)
            ),
        )
    }

    /// Whether the registry wanted another credential is told by its answer, never by words in it.
    fn remote(text: &str, denied: bool, retry_after: Option<Duration>) -> Self {
        // How a TLS client tells that the other side answered in clear text.
        let hint = if text.contains("InvalidContentType") {
            "; the registry does not speak TLS: spec.insecure of the HelmRepository allows plain HTTP"
        } else {
            ""
        };
        let text = &format!("{text}{hint}");
        let failure = if denied {
            Self::fetch(
                reason::AUTHENTICATION_FAILED,
                &format!("{}{text}", message::REPOSITORY_LOGIN_FAILED),
            )
        } else {
            Self::fetch(reason::CHART_PULL_ERROR, text)
        };
        Self {
            retry: Retry::After {
                at_least: retry_after.unwrap_or_default(),
            },
            ..failure
        }
    }
}

/// `text`, and why each version was refused. What was wanted is told already; what became of the
/// nearest candidates is not.
fn explained(text: &str, explanation: &Explanation) -> String {
    let told = explanation.to_string();
    let told: Vec<&str> = told.lines().skip(1).map(str::trim).collect();
    format!("{text}: {}", told.join("; "))
}
