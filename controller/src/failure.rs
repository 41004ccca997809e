//! What an error means for an object: which condition, which reason, and when to try again.
//!
//! Libraries know no reasons. This is the one place that does, and its matches have no `_`: a new
//! error does not compile until somebody decides what it means.

mod chart;
mod index;
mod source;
mod verification;

use std::error::Error;
use std::time::Duration;

use portolan_acquire::StoreError;
use portolan_api::{condition, message, reason};
use portolan_reference::redacted;

use crate::chain::chain;
use crate::cluster::{Action, Event, Severity};
use crate::kind::Next;

/// What stopped a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The condition that becomes `True`.
    pub(crate) condition: &'static str,
    /// Its reason.
    pub(crate) reason: &'static str,
    /// The reason of the event, and of `Stalled`.
    pub(crate) event_reason: &'static str,
    /// Flux's beginning, and our chain of causes. No URL in it holds a secret.
    pub(crate) message: String,
    /// What has to happen before it is worth trying again.
    pub(crate) retry: Retry,
    /// What becomes of what was said of signatures before.
    pub(crate) claim: Claim,
    /// What was to be stored, when it got that far.
    pub(crate) chosen: Option<Box<Chosen>>,
    /// Whether it is worth a warning, rather than a remark: something has to be waited for.
    pub(crate) is_alarming: bool,
}

/// What becomes of the claim that the artifact in storage is signed by whom the spec names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It stands: nothing that was found out speaks against it.
    Kept,
    /// It is not made any more: nobody asks for it, or it was proven of other keys than those of now.
    Withdrawn,
    /// It is denied: verification was asked for, and did not succeed.
    Denied,
}

/// What was to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Why the artifact that is held is outdated.
    pub(crate) reason: &'static str,
    /// The same as a sentence.
    pub(crate) text: String,
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
            event_reason: reason,
            message: redacted(message),
            retry: Retry::SOON,
            claim: Claim::Kept,
            chosen: None,
            is_alarming: true,
        }
    }

    /// The source has nothing to take from yet. Whatever it is waiting for will wake the object.
    pub(crate) fn no_artifact(kind: &str, name: &str) -> Self {
        Self {
            is_alarming: false,
            ..Self::fetch(
                reason::NO_SOURCE_ARTIFACT,
                &message::no_source_artifact(kind, name),
            )
        }
    }

    /// What was fetched could not be made into an artifact; it is tried again.
    pub(crate) fn build(reason: &'static str, message: &str) -> Self {
        Self {
            condition: condition::BUILD_FAILED,
            ..Self::fetch(reason, message)
        }
    }

    /// What people hear of it.
    pub(crate) fn event(&self) -> Event {
        let event = Event::warning(self.event_reason, self.message.clone());
        if self.is_alarming {
            return event;
        }
        Event {
            severity: Severity::Trace,
            action: Action::ReconcileSource,
            ..event
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

    /// The same, and what is in storage is not said to be signed as the spec demands.
    pub(crate) fn withdrawn(self) -> Self {
        match self.claim {
            Claim::Kept => Self {
                claim: Claim::Withdrawn,
                ..self
            },
            Claim::Withdrawn | Claim::Denied => self,
        }
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

    /// The same as [`fetch`](Self::fetch), but no sooner than a server asked for.
    fn not_before(self, retry_after: Option<Duration>) -> Self {
        Self {
            retry: Retry::After {
                at_least: retry_after.unwrap_or_default(),
            },
            ..self
        }
    }

    /// What was to be stored was not. `chosen` is what it was, if that was known by then.
    fn storing(error: &StoreError, chosen: Option<Chosen>) -> Self {
        let reason = match error {
            StoreError::Stage(_) => reason::DIRECTORY_CREATION_FAILED,
            StoreError::Publish(_) | StoreError::Record(_) => reason::ARCHIVE_OPERATION_FAILED,
        };
        Self {
            chosen: chosen.map(Box::new),
            ..Self::storage(reason, error)
        }
    }

    /// It is a failure of a build, and nothing but a change can mend it.
    fn lasting(self) -> Self {
        Self {
            retry: Retry::WhenChanged,
            ..self
        }
    }
}
