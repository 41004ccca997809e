//! The command `portolan-controller`, from outside.

#![expect(clippy::expect_used, reason = "a test may panic")]

mod local;
