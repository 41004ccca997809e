//! The public API of `portolan-chart`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod accepted;
mod directory;
mod edit;
mod hostile;
mod hostile_index;
mod index;
mod limits;
mod loading;
mod lock;
mod metadata;
mod names;
mod packed;
mod properties;
mod source;
mod subcharts;
mod unpack;
mod values;
mod vendored;
mod versions;
mod write;
