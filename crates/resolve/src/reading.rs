//! How a candidate is read, and shown.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use portolan_chart::version_for_tag;
use portolan_reference::Spelling;

/// How the text of a candidate is read as a version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) spelling: Spelling,
    /// Whether `_` stands for `+`, which no tag may hold.
    pub(crate) underscore_is_plus: bool,
}

impl Reading {
    pub(crate) fn version(self, text: &str) -> Option<semver::Version> {
        self.spelling.read(&self.text(text))
    }

    /// The text that has to be a version.
    pub(crate) fn text(self, text: &str) -> Cow<'_, str> {
        if self.underscore_is_plus && text.contains('_') {
            Cow::Owned(version_for_tag(text))
        } else {
            Cow::Borrowed(text)
        }
    }
}

/// Longest text that is shown whole, in characters. No tag is longer
/// ([OCI distribution-spec v1.1.1](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests)).
const SHOWN: usize = 128;

/// A text from outside between backquotes: cut if it is long, and on one line.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('`')?;
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(SHOWN) {
            // `escape_debug` leaves alone what is printable; quotes need no escape here.
            if matches!(c, '"' | '\'' | '\\') {
                f.write_char(c)?;
            } else {
                write!(f, "{}", c.escape_debug())?;
            }
        }
        f.write_str(if chars.next().is_some() { "…`" } else { "`" })
    }
}
