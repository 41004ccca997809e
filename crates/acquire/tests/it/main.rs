//! Whole errands against a registry on loopback.

mod faults;
mod requests;
mod shell;
mod world;
