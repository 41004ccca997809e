#![doc = include_str!("../README.md")]

mod artifact;
mod backoff;
mod chain;
mod chart;
mod clock;
mod cluster;
mod command;
mod conditions;
mod context;
#[cfg(test)]
mod deploy;
mod engine;
mod events;
mod failure;
mod fingerprint;
mod flags;
mod kind;
mod leader;
mod listen;
mod local;
mod logging;
mod metrics;
mod news;
mod object;
mod observer;
mod pages;
mod plan;
mod preflight;
mod repository;
mod run;
mod scratch;
mod secrets;
mod translate;
mod trust_root;
#[cfg(test)]
mod world;

pub use crate::command::main;
pub use crate::local::{
    Local, LocalOptions, LocalSource, Observed, ParseSourceError, SourceError, StartError, State,
    Table,
};
pub use crate::trust_root::ReadTrustRootError;
