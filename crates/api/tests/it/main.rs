//! The public face of the crate, compared with what Flux and a real API server say.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail the test"
)]

mod admission;
mod definitions;
mod resources;
