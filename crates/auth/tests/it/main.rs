//! The public interface, from outside.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

mod addresses;
mod denials;
mod docker_config;
mod handshake;
mod limits;
mod proxies;
mod rates;
mod realms;
mod redirects;
mod secrecy;
mod server;
mod sharing;
mod tls;
