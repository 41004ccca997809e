#![doc = include_str!("../README.md")]
//!
//! # This library
//!
//! What the tests stand on. Everything in it blocks, and panics when it cannot go on: it serves
//! tests, and a test that cannot go on says why and stops.

mod api;
mod artifact;
mod audit;
mod authority;
mod charts;
mod cluster;
mod controller;
mod cosign;
mod crane;
mod folder;
mod foreign;
mod helm;
mod http;
mod keeper;
mod kinds;
mod manifest;
mod ours;
mod parts;
mod ports;
mod process;
mod referrers;
mod registry;
mod runtime;
mod scene;
mod server;
mod shapes;
mod shell;
mod signing_key;
mod sigstore;
mod source;
mod token;
mod umbrella;
mod wait;
mod web;
mod web_token;

pub use api::{Api, Refusal};
pub use artifact::{Artifact, is_ready_with, is_true_for};
pub use audit::Call;
pub use authority::{Authority, Identity};
pub use charts::ChartFolder;
pub use cluster::{Cluster, custom_resources};
pub use controller::{Controller, Scope};
pub use cosign::{Cosign, Demand};
pub use crane::{copy, pinned};
pub use folder::{Folder, files};
pub use foreign::{flux_resources, helm_controller};
pub use helm::{Helm, Pulled};
pub use http::{Answer, get};
pub use keeper::temporary;
pub use kinds::Id;
pub use manifest::{
    condition, helm_chart, helm_repository, index_repository, secret, source_chart,
};
pub use ours::{Ours, ours};
pub use parts::{Part, part};
pub use ports::free_port;
pub use process::Process;
pub use referrers::ReferrersRegistry;
pub use registry::{Account, Guard, OciRegistry, Seen};
pub use scene::Scene;
pub use shapes::Writer;
pub use shell::{portolan, portolan_exit};
pub use signing_key::{KeyKind, SigningKey};
pub use sigstore::{Believed, By, Caller, Evidence, Form, Signature, Sigstore};
pub use source::{Source, pack, unpack};
pub use token::TokenService;
pub use umbrella::{Umbrella, Umbrellas};
pub use wait::{eventually, within};
pub use web::{Visit, WebServer};
