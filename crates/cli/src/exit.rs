//! What a script learns from how a command ended.

use std::fmt;
use std::process::ExitCode;

use anyhow::Error;
use portolan_acquire::{
    AcquireError, Class, DirectoryError, LookError, PullError, PushError, RefreshError,
    VerificationError,
};

use crate::verification::unmet;

/// A search that came to nothing, where that was to be an error.
#[derive(Debug)]
pub(crate) struct NothingFound;

impl fmt::Display for NothingFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no results found")
    }
}

impl std::error::Error for NothingFound {}

/// Flags that make no sense together.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// The error and what caused it in one line, and under it what helps.
pub(crate) fn told(error: &Error, verbose: bool) -> String {
    let mut text = match unproven(error) {
        Some(failure @ VerificationError::Refused { refused, .. }) => {
            format!("error: {failure}: {}", unmet(refused, verbose))
        }
        Some(VerificationError::Unavailable { refused, .. })
            if !refused.counting.is_empty() || !refused.refused.is_empty() =>
        {
            format!(
                "error: {error:#}\nOf the others: {}",
                unmet(refused, verbose)
            )
        }
        _ => format!("error: {error:#}"),
    };
    let explanation = error
        .downcast_ref::<LookError>()
        .and_then(LookError::explanation);
    if let Some(explanation) = explanation {
        text.push_str("\n\n");
        text.push_str(explanation.to_string().trim_end());
    }
    // How a TLS client tells that the other side answered in clear text.
    if text.contains("InvalidContentType") {
        text.push_str(
            "\n\nThe server does not speak TLS. If that is meant to be, use --plain-http.",
        );
    }
    if class(error) == Some(Class::Denied) {
        text.push_str(
            "\n\nAnother credential is wanted: log in with `helm registry login` or `docker login`, for a \
             repository with an index use `helm repo add --username`, or give --username and \
             --password-stdin.",
        );
    }
    let refresh = error.downcast_ref().map(RefreshError::class);
    if refresh == Some(Class::Unavailable) {
        text.push_str(
            "\n\n--offline judges with the one that was fetched last or that this program was built with, and \
             --trusted-root FILE names one.",
        );
    }
    if let Some(DirectoryError::OutOfSync { .. } | DirectoryError::DoubtfulLock { .. }) =
        error.downcast_ref()
    {
        text.push_str("\n\n`portolan dependency update` makes another.");
    }
    text
}

/// The codes that `portolan --help` lists.
pub(crate) fn code(error: &Error) -> ExitCode {
    if error.is::<Usage>() {
        return ExitCode::from(2);
    }
    ExitCode::from(match class(error) {
        None | Some(Class::Local) => 1,
        Some(Class::NotFound) => 3,
        Some(Class::Denied) => 4,
        Some(Class::Unavailable) => 5,
        Some(Class::Refused) => 6,
        Some(Class::Unproven) => 7,
    })
}

/// Why something is not proven to be signed, if that is it.
fn unproven(error: &Error) -> Option<&VerificationError> {
    error
        .downcast_ref()
        .or_else(|| match error.downcast_ref()? {
            PullError::Acquire(AcquireError::Verification(error)) => Some(error),
            _ => None,
        })
}

fn class(error: &Error) -> Option<Class> {
    error
        .downcast_ref::<LookError>()
        .map(LookError::class)
        .or_else(|| error.downcast_ref().map(RefreshError::class))
        .or_else(|| {
            error
                .downcast_ref::<AcquireError>()
                .map(AcquireError::class)
        })
        .or_else(|| unproven(error).map(VerificationError::class))
        .or_else(|| error.downcast_ref::<PullError>().map(PullError::class))
        .or_else(|| {
            error
                .downcast_ref::<DirectoryError>()
                .map(DirectoryError::class)
        })
        .or_else(|| error.is::<NothingFound>().then_some(Class::NotFound))
        .or_else(|| error.downcast_ref::<PushError>().map(PushError::class))
}
