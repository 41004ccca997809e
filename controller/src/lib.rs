#![doc = include_str!("../README.md")]

mod artifact;
mod backoff;
mod chain;
mod chart;
mod clock;
mod cluster;
mod conditions;
mod context;
mod engine;
mod events;
mod failure;
mod flags;
mod kind;
mod leader;
mod local;
mod metrics;
mod object;
mod plan;
mod repository;
mod translate;

pub use crate::local::{Local, LocalOptions, Observed, StartError, State, Table};
