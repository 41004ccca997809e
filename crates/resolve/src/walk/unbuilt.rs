//! A chart before its dependencies are in place.

use portolan_chart::{ChartMetadata, Dependency};

/// What a lock file says of one dependency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockedDependency {
    /// The name of the chart.
    pub name: String,
    /// The version that was chosen. For a chart in `charts/` it is the range, as it was required.
    pub version: String,
    /// Where the chart was found.
    pub repository: String,
}

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
    /// Whether the digest in that file is right is to be seen to before.
    pub fn locked(mut self, locked: impl IntoIterator<Item = LockedDependency>) -> Self {
        self.locked = Some(locked.into_iter().collect());
        self
    }

    /// Count what is in its `charts/` folder. Without this, everything is brought anew.
    pub fn vendored(mut self, vendored: impl IntoIterator<Item = Vendored>) -> Self {
        self.vendored = vendored.into_iter().collect();
        self
    }
}

/// A chart in the `charts/` folder of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendored {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) path: String,
    pub(super) is_folder: bool,
}

impl Vendored {
    /// The archive at `path` below `charts/`, and what the chart in it says about itself.
    pub fn archive(path: impl Into<String>, metadata: &ChartMetadata) -> Self {
        Self {
            name: metadata.name.clone(),
            version: metadata.version.clone(),
            path: path.into(),
            is_folder: false,
        }
    }

    /// The folder at `path` below `charts/`, and what the chart in it says about itself.
    pub fn folder(path: impl Into<String>, metadata: &ChartMetadata) -> Self {
        Self {
            is_folder: true,
            ..Self::archive(path, metadata)
        }
    }
}
