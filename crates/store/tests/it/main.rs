//! What a store promises, over real folders and sockets.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod address;
mod attacks;
mod home;
mod integrity;
mod kill;
mod names;
mod publish;
mod records;
mod removal;
mod retention;
#[cfg(feature = "serve")]
mod server;
#[cfg(feature = "serve")]
mod server_abuse;
#[cfg(feature = "serve")]
#[expect(clippy::expect_used, clippy::panic, reason = "a test may panic")]
mod wire;
