//! The public face of the crate.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod places;
mod repository_urls;
