//! Text that must never be printed.

use std::fmt;

/// A password or token.
///
/// It cannot be displayed, and its `Debug` form is `[redacted]`, so that a struct that holds one may
/// derive `Debug` and be logged. What it holds is only seen by asking for it: [`reveal`](Self::reveal).
///
/// ```
/// use portolan_auth::Secret;
///
/// let password = Secret::new("hunter2");
/// assert_eq!(format!("{password:?}"), "[redacted]");
/// assert_eq!(password.reveal(), "hunter2");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keep `text` from being printed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Whoever calls this answers for where it goes.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
