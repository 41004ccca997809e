//! Charts that are in `charts/` already.

use std::collections::HashMap;

use portolan_chart::ChartMetadata;
use portolan_reference::Version;

use super::demand::Demand;

/// A chart in the `charts/` folder of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendored {
    name: String,
    pub(super) version: String,
    pub(super) path: String,
    pub(super) is_folder: bool,
}

impl Vendored {
    /// The archive at `path` below the chart's folder (`charts/db-1.2.3.tgz`), and what the chart in it says about itself.
    pub fn archive(path: impl Into<String>, metadata: &ChartMetadata) -> Self {
        Self {
            name: metadata.name.clone(),
            version: metadata.version.clone(),
            path: path.into(),
            is_folder: false,
        }
    }

    /// The folder at `path` below the chart's folder (`charts/db`), and what the chart in it says about itself.
    pub fn folder(path: impl Into<String>, metadata: &ChartMetadata) -> Self {
        Self {
            is_folder: true,
            ..Self::archive(path, metadata)
        }
    }
}

impl From<&portolan_chart::Vendored> for Vendored {
    fn from(vendored: &portolan_chart::Vendored) -> Self {
        let (path, metadata) = (vendored.path(), vendored.metadata());
        if vendored.is_archive() {
            Self::archive(path, metadata)
        } else {
            Self::folder(path, metadata)
        }
    }
}

/// The charts in `charts/`, by their names.
#[derive(Debug)]
pub(super) struct Shelf<'a>(HashMap<&'a str, Vec<(&'a Vendored, Option<Version>)>>);

impl<'a> Shelf<'a> {
    pub(super) fn new(vendored: &'a [Vendored]) -> Self {
        let mut shelf: HashMap<_, Vec<_>> = HashMap::new();
        for each in vendored {
            let version = Version::loose(&each.version).ok();
            shelf
                .entry(each.name.as_str())
                .or_default()
                .push((each, version));
        }
        Self(shelf)
    }

    /// The chart that is what `demand` wants, if one is.
    ///
    /// As for Flux, that is one with its name, or one that was renamed to its alias, whatever its
    /// version. And as for Helm, one with the name of the chart behind an alias, if its version is
    /// in the range: that one chart is what Helm renders under each of its aliases.
    pub(super) fn find(&self, demand: &Demand<'_>) -> Option<&'a Vendored> {
        let called = |name: &str| self.0.get(name).map(Vec::as_slice).unwrap_or_default();
        let fitting = |name: &str| {
            let fits = |(vendored, version): &&(&Vendored, Option<Version>)| {
                !demand.text().is_empty() && demand.admits(&vendored.version, version.as_ref())
            };
            called(name).iter().find(fits)
        };
        let found = fitting(demand.known_as)
            .or_else(|| called(demand.known_as).first())
            .or_else(|| fitting(&demand.requirement.name));
        found.map(|(vendored, _)| *vendored)
    }
}
