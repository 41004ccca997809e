//! A chart before its dependencies are in place.

use std::sync::OnceLock;

use portolan_chart::{ChartMetadata, Dependency, Lock, LockedDependency};

use super::lock::{Pairs, is_in_sync};
use super::options::WalkOptions;
use super::vendored::Vendored;

/// A chart in a folder, as far as its dependencies go: what it requires, what it has.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Unbuilt {
    pub(super) version: String,
    pub(super) requirements: Vec<Dependency>,
    pub(super) lock: Option<Lock>,
    pub(super) vendored: Vec<Vendored>,
    /// Whether the lock may be one of Helm 2.
    is_v1: bool,
    /// Whether the lock was made for the requirements. Found out once, however often a walk comes
    /// by the chart: there may be megabytes to hash.
    in_sync: OnceLock<bool>,
}

impl Unbuilt {
    /// The chart that says this about itself, with nothing locked and nothing in `charts/`.
    pub fn new(metadata: &ChartMetadata) -> Self {
        Self {
            requirements: metadata.dependencies.clone(),
            ..Self::whole(metadata)
        }
    }

    /// The chart that says this about itself, to be taken as it is: what it requires is its own
    /// affair. That is how Helm takes archives.
    pub fn whole(metadata: &ChartMetadata) -> Self {
        Self {
            version: metadata.version.clone(),
            is_v1: metadata.api_version == "v1",
            ..Self::default()
        }
    }

    /// Take the versions that its lock file has. Without this, versions are chosen anew.
    ///
    /// If it was made for something else than what is required ([`Lock::is_for`]), nothing is
    /// brought by it: that is an error, unless `charts/` has everything.
    pub fn locked(mut self, lock: Lock) -> Self {
        self.lock = Some(lock);
        self.in_sync = OnceLock::new();
        self
    }

    /// Count what is in its `charts/` folder ([`Chart::vendored`](portolan_chart::Chart::vendored)).
    /// Without this, everything is brought anew.
    pub fn vendored(mut self, vendored: impl IntoIterator<Item = impl Into<Vendored>>) -> Self {
        self.vendored = vendored.into_iter().map(Into::into).collect();
        self
    }

    pub(super) fn lines(&self) -> Option<&[LockedDependency]> {
        Some(&self.lock.as_ref()?.dependencies)
    }

    /// Whether the lock file was made for what is required, if there is one.
    pub(super) fn is_in_sync(&self, pairs: &Pairs, options: &WalkOptions) -> bool {
        let Some(lock) = &self.lock else {
            return true;
        };
        *self.in_sync.get_or_init(|| {
            is_in_sync(lock, &self.requirements, pairs, options)
                || (self.is_v1 && lock.is_of_helm_2_for(&self.requirements))
        })
    }
}
