//! What a script learns from how a command ended.

use std::fmt;
use std::process::ExitCode;

use anyhow::Error;
use portolan_acquire::{AcquireError, Class, DirectoryError, LookError, PullError, PushError};

/// A search that came to nothing, where that was to be an error.
#[derive(Debug)]
pub(crate) struct NothingFound;

impl fmt::Display for NothingFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no results found")
    }
}

impl std::error::Error for NothingFound {}

/// The error and what caused it in one line, and under it what helps.
pub(crate) fn told(error: &Error) -> String {
    let mut text = format!("error: {error:#}");
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
    if let Some(DirectoryError::OutOfSync { .. } | DirectoryError::DoubtfulLock { .. }) =
        error.downcast_ref()
    {
        text.push_str("\n\n`portolan dependency update` makes another.");
    }
    text
}

/// The codes that `portolan --help` lists.
pub(crate) fn code(error: &Error) -> ExitCode {
    ExitCode::from(match class(error) {
        None | Some(Class::Local) => 1,
        Some(Class::NotFound) => 3,
        Some(Class::Denied) => 4,
        Some(Class::Unavailable) => 5,
        Some(Class::Refused) => 6,
        Some(Class::Unproven) => 7,
    })
}

fn class(error: &Error) -> Option<Class> {
    error
        .downcast_ref::<LookError>()
        .map(LookError::class)
        .or_else(|| {
            error
                .downcast_ref::<AcquireError>()
                .map(AcquireError::class)
        })
        .or_else(|| error.downcast_ref::<PullError>().map(PullError::class))
        .or_else(|| {
            error
                .downcast_ref::<DirectoryError>()
                .map(DirectoryError::class)
        })
        .or_else(|| error.is::<NothingFound>().then_some(Class::NotFound))
        .or_else(|| error.downcast_ref::<PushError>().map(PushError::class))
}
