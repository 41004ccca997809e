//! The public face of the crate, against genuine signatures.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail the test"
)]

mod altered;
mod fixtures;
mod keys;
mod logs;
mod patterns;
mod raw;
mod roots;
mod verdicts;
