//! The one place that reads the wall clock.

use std::time::SystemTime;

/// What time it is.
#[expect(
    clippy::disallowed_methods,
    reason = "somebody has to look at the clock, and everybody else is told"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
