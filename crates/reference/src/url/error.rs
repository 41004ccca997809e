//! Why a text is no URL that can be used.

use crate::redact::shortened;
use crate::redacted;

/// A text is not the URL of a repository, or of a chart in one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {meant}: {reason}")]
pub struct ParseUrlError {
    text: String,
    meant: &'static str,
    reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Reason {
    #[error("it begins with none of `https://`, `http://`, `oci://`")]
    NoScheme,
    #[error("first path segment in URL cannot contain colon, and a scheme is missing")]
    Colon,
    #[error("scheme \"{0}\" not supported: it is none of `https`, `http`, `oci`")]
    OtherScheme(String),
    #[error("its scheme is none of `https`, `http`, `oci`")]
    Scheme,
    #[error("its scheme `{0}` is none of `https`, `http`")]
    ChartScheme(String),
    #[error("a host follows the scheme")]
    NoHost,
    #[error("it is empty")]
    Empty,
    #[error("it has a backslash or a control character")]
    Character,
    #[error("{0}")]
    Url(url::ParseError),
}

impl ParseUrlError {
    /// `text` was to be the URL of a repository.
    pub(super) fn repository(text: &str, reason: Reason) -> Self {
        Self::new(text, "a repository URL", reason)
    }

    /// `text` was to say where a chart of a repository is.
    pub(super) fn chart(text: &str, reason: Reason) -> Self {
        Self::new(text, "the URL of a chart", reason)
    }

    fn new(text: &str, meant: &'static str, reason: Reason) -> Self {
        Self {
            text: redacted(&shortened(text)),
            meant,
            reason,
        }
    }
}
