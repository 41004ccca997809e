//! Whole errands against a registry on loopback.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod faults;
mod requests;
mod shell;
mod world;
