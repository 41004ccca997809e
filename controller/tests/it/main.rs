//! The command `portolan-controller`, from outside.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a test may panic, and look at the clock"
)]

mod local;
mod preflight;
mod run;
