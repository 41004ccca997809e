//! The public interface, from outside.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

mod docker_config;

#[cfg(feature = "http")]
mod addresses;
#[cfg(feature = "http")]
mod denials;
#[cfg(feature = "http")]
mod handshake;
#[cfg(feature = "http")]
mod lies;
#[cfg(feature = "http")]
mod limits;
#[cfg(feature = "http")]
mod named;
#[cfg(feature = "http")]
mod proxies;
#[cfg(feature = "http")]
mod rates;
#[cfg(feature = "http")]
mod realms;
#[cfg(feature = "http")]
mod redirects;
#[cfg(feature = "http")]
mod registry;
#[cfg(feature = "http")]
mod secrecy;
#[cfg(feature = "http")]
mod server;
#[cfg(feature = "http")]
mod sharing;
#[cfg(feature = "http")]
mod showing;
#[cfg(feature = "http")]
mod tls;
