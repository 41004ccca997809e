//! A chart before its dependencies are in place.

use portolan_chart::{ChartMetadata, Dependency, LockedDependency};

use super::vendored::Vendored;

/// A chart in a folder, as far as its dependencies go: what it requires, what it has.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Unbuilt {
    pub(super) version: String,
    pub(super) requirements: Vec<Dependency>,
    pub(super) locked: Option<Vec<LockedDependency>>,
    pub(super) vendored: Vec<Vendored>,
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
            ..Self::default()
        }
    }

    /// Take the versions that its lock file has. Without this, versions are chosen anew.
    ///
    /// Whether the digest in that file is right ([`Lock::is_for`](portolan_chart::Lock::is_for)) is
    /// to be seen to before; [`WalkOptions::without_names`](crate::WalkOptions::without_names) has
    /// the requirements that it is about.
    pub fn locked(mut self, locked: impl IntoIterator<Item = LockedDependency>) -> Self {
        self.locked = Some(locked.into_iter().collect());
        self
    }

    /// Count what is in its `charts/` folder ([`Chart::vendored`](portolan_chart::Chart::vendored)). Without this, everything is brought anew.
    pub fn vendored(mut self, vendored: impl IntoIterator<Item = impl Into<Vendored>>) -> Self {
        self.vendored = vendored.into_iter().map(Into::into).collect();
        self
    }
}
