//! The public face of the crate, against servers that can lie.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail the test"
)]

mod blobs;
mod breaks;
mod charts;
mod conditions;
mod digests;
mod encodings;
mod errand;
mod indexes;
mod manifests;
mod patience;
mod pushing;
mod quirks;
mod referrers;
mod scope;
mod secrecy;

mod tags;
mod visit;
