//! The public face of the crate, against genuine signatures.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail the test"
)]

mod advisories;
mod altered;
mod bounds;
mod fixtures;
mod forge;
mod forgeries;
mod judging;
mod keys;
mod logs;
mod patterns;
mod policies;
mod raw;
mod roots;
mod sources;
mod verdicts;
