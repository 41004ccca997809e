//! Whole errands against a registry on loopback.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod directory;
mod faults;
mod index;
mod requests;
mod rows;
mod shell;
mod site;
mod source;
mod trust_root;
mod verification;
mod world;
