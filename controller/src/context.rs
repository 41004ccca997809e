//! What every reconcile needs at hand.

use std::time::Duration;

use kube::runtime::reflector;
use portolan_acquire::{Acquirer, TrustRoots};
use portolan_api::{Bucket, GitRepository, HelmRepository};
use portolan_store::{Address, Store};

use crate::cluster::Cluster;

/// What every reconcile needs at hand. There is one per process.
#[derive(Debug)]
pub(crate) struct Context<C: Cluster> {
    /// Where objects come from and reports go.
    pub(crate) cluster: C,
    /// Who resolves, pins, pulls and stores.
    pub(crate) acquirer: Acquirer,
    /// What is stored.
    pub(crate) store: Store,
    /// Under which address what is stored can be fetched.
    pub(crate) address: Address,
    /// Every `HelmRepository` that is watched, as last seen.
    pub(crate) repositories: reflector::Store<HelmRepository>,
    /// Every `GitRepository` that is watched, as last seen.
    pub(crate) git_repositories: reflector::Store<GitRepository>,
    /// Every `Bucket` that is watched, as last seen.
    pub(crate) buckets: reflector::Store<Bucket>,
    /// Which authorities and logs are believed where a chart names who may sign.
    pub(crate) trust_roots: TrustRoots,
    /// What flags decide.
    pub(crate) settings: Settings,
}

/// What flags decide about reconciling.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// How long one act on behalf of an object may take where its spec does not say.
    pub(crate) default_timeout: Duration,
    /// How long building a chart may take, its dependencies included.
    pub(crate) build_timeout: Duration,
    /// Whether a chart must be what the index of its repository promises.
    pub(crate) require_index_digest: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_timeout: Duration::from_mins(1),
            build_timeout: Duration::from_mins(5),
            require_index_digest: false,
        }
    }
}
