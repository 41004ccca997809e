#![doc = include_str!("../README.md")]

mod artifact;
mod chart;
mod cosign;
mod digest;
mod events;
pub mod hostile;
mod lie;
mod registry;
mod response;
mod server;
mod tls;
mod tuf;
mod web;

pub use artifact::Artifact;
pub use chart::{ChartArchive, chart_archive};
pub use cosign::{CosignKey, SimpleSigning};
pub use events::{Event, EventsSink, Mood};
pub use lie::{Lie, Realm, RedirectTo, Target};
pub use registry::{
    Builder, CHART_CONFIG_MEDIA_TYPE, CHART_CONTENT_MEDIA_TYPE, LEGACY_CHART_CONTENT_MEDIA_TYPE,
    PROVENANCE_MEDIA_TYPE, Product, Registry,
};
pub use server::{Login, Seen, ServerName};
pub use tls::{ClientCertificates, ClientIdentity, TlsMaterial};
pub use tuf::{TufLie, TufMemory, TufRole, TufServer};
pub use web::{WebLie, WebServer};
