#![doc = include_str!("../README.md")]

mod asker;
mod blob;
mod error;
mod helm;
mod limits;
mod link;
mod manifest;
mod message;
mod oci_source;
mod origin;
mod push;
mod registry;
mod remote;
mod retry;
mod source;
mod tags;
mod transfer;

pub use crate::blob::Blob;
pub use crate::error::{FetchError, Target};
pub use crate::helm::ChartFlaw;
pub use crate::limits::Limits;
pub use crate::manifest::{Descriptor, Manifest, ManifestFlaw, Platform};
pub use crate::message::RegistryMessage;
pub use crate::oci_source::OciChartSource;
pub use crate::push::PushError;
pub use crate::registry::OciRegistry;
pub use crate::remote::Remote;
pub use crate::source::{ChartSource, Opening, PinnedChart, Pinning, Versions};
pub use crate::tags::PageFlaw;
