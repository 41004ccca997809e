//! What a store can be told.

use std::time::Duration;

use portolan_reference::Algorithm;

use crate::Blocking;

/// How a [`Store`](crate::Store) hashes, keeps and works. `Default` is what Flux does.
#[derive(Debug, Clone)]
pub struct Options {
    /// By which algorithm new artifacts are hashed. Default: SHA-256.
    ///
    /// An artifact that is already there is checked by the algorithm of its own digest, so a change
    /// invalidates nothing.
    pub algorithm: Algorithm,
    /// How old an artifact that is no longer the current one may become. Default: 60 s.
    ///
    /// Whatever is older goes at the next collection, however few are left.
    pub retention_ttl: Duration,
    /// How many artifacts of an object stay within [`retention_ttl`](Self::retention_ttl), the
    /// current one included. Default: 2.
    pub retention_records: usize,
    /// How long one collection may take. Default: 5 s.
    pub retention_deadline: Duration,
    /// How many files a collection holds in memory at once. Default: 1,000.
    ///
    /// More files than that are collected all the same, in several passes.
    pub max_scan: usize,
    /// Where disk work runs. Default: a [`Blocking`] of this store's own.
    pub blocking: Blocking,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Sha256,
            retention_ttl: Duration::from_mins(1),
            retention_records: 2,
            retention_deadline: Duration::from_secs(5),
            max_scan: 1_000,
            blocking: Blocking::default(),
        }
    }
}
