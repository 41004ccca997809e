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
mod metrics;
mod object;
mod plan;
mod repository;
mod translate;
