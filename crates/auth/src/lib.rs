#![doc = include_str!("../README.md")]

mod credential;
mod docker_config;
mod docker_hub;
mod provider;
mod secret;

#[cfg(feature = "http")]
mod access;
#[cfg(feature = "http")]
mod error;
#[cfg(feature = "http")]
mod reach;
#[cfg(feature = "http")]
mod request;
#[cfg(feature = "http")]
mod response;
#[cfg(feature = "http")]
mod tls;
#[cfg(feature = "http")]
mod transport;

pub use crate::credential::{Credential, CredentialError};
pub use crate::docker_config::{DockerConfig, KeyMatching, ParseConfigError};
pub use crate::provider::{Anonymous, CredentialProvider, Fixed, FromDockerConfig, Lookup};
pub use crate::secret::Secret;

#[cfg(feature = "http")]
pub use crate::access::Access;
#[cfg(feature = "http")]
pub use crate::error::{
    BuildTransportError, DeniedBy, RealmRefusal, RedirectRefusal, SendError, Waiting,
};
#[cfg(feature = "http")]
pub use crate::reach::Reach;
#[cfg(feature = "http")]
pub use crate::request::Request;
#[cfg(feature = "http")]
pub use crate::response::Response;
#[cfg(feature = "http")]
pub use crate::tls::{ParseTlsError, Tls};
#[cfg(feature = "http")]
pub use crate::transport::{Fingerprint, Transport, TransportBuilder};
