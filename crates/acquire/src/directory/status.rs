//! How what lies in `charts/` meets what a chart requires.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use portolan_chart::{ChartMetadata, Dependency, Limits, check_archive, read_directory};
use portolan_reference::Version;
use portolan_resolve::Constraint;

use super::DirectoryError;

/// What a chart depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing {
    /// One for each requirement, in their order.
    pub dependencies: Vec<DependencyStatus>,
    /// What lies in `charts/` besides, in the order of names.
    pub surplus: Vec<Surplus>,
}

/// A folder or archive in `charts/` that nothing requires.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Surplus {
    /// Where, below the chart's folder.
    pub path: String,
    /// Whether it is a chart at all.
    pub is_chart: bool,
}

/// One requirement, and how it is met.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DependencyStatus {
    /// The name of the chart.
    pub name: String,
    /// The version or range that is required.
    pub version: String,
    /// Where it is to be had.
    pub repository: String,
    /// How it is met.
    pub state: DependencyState,
}

/// How a requirement is met. `Display` is Helm's word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DependencyState {
    /// By an archive.
    Ok,
    /// By a folder.
    Unpacked,
    /// By nothing.
    Missing,
    /// There is the chart in a version that will not do.
    WrongVersion,
    /// What is required, or what is there, is no version.
    InvalidVersion,
    /// There is an archive that is no chart.
    Corrupt,
    /// There is an archive with another chart in it.
    Misnamed,
    /// There are several archives.
    TooManyMatches,
}

impl fmt::Display for DependencyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Unpacked => "unpacked",
            Self::Missing => "missing",
            Self::WrongVersion => "wrong version",
            Self::InvalidVersion => "invalid version",
            Self::Corrupt => "corrupt",
            Self::Misnamed => "misnamed",
            Self::TooManyMatches => "too many matches",
        })
    }
}

/// Something in `charts/`.
struct Inside {
    file: String,
    is_archive: bool,
    /// Whether Helm passes it over when it loads the chart.
    is_hidden: bool,
    /// `None` if it is no chart.
    metadata: Option<ChartMetadata>,
}

pub(super) fn list(directory: &Path, limits: &Limits) -> Result<Listing, DirectoryError> {
    let metadata = portolan_chart::read_directory_metadata(directory, limits)?;
    let inside = inside(&directory.join("charts"), limits)?;
    let required: BTreeSet<&str> = metadata
        .dependencies
        .iter()
        .map(|dependency| dependency.name.as_str())
        .collect();
    let surplus = inside.iter().filter_map(|inside| {
        let name = inside.metadata.as_ref().map(|metadata| &metadata.name);
        let is_required = name.is_some_and(|name| required.contains(name.as_str()));
        (!is_required).then(|| Surplus {
            path: format!("charts/{}", inside.file),
            is_chart: name.is_some(),
        })
    });
    let dependencies = metadata
        .dependencies
        .iter()
        .map(|required| DependencyStatus {
            name: required.name.clone(),
            version: required.version.clone().unwrap_or_default(),
            repository: required.repository.clone(),
            state: state(required, &inside),
        });
    Ok(Listing {
        dependencies: dependencies.collect(),
        surplus: surplus.collect(),
    })
}

fn inside(charts: &Path, limits: &Limits) -> Result<Vec<Inside>, DirectoryError> {
    let Ok(entries) = fs::read_dir(charts) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| DirectoryError::file(charts, source))?;
        let path = entry.path();
        let Ok(file) = entry.file_name().into_string() else {
            continue;
        };
        let is_archive = path.is_file() && super::replace::is_archive(&file);
        let metadata = if is_archive {
            let archive = File::open(&path).ok();
            archive.and_then(|file| check_archive(BufReader::new(file), limits).ok())
        } else if path.is_dir() {
            let chart = read_directory(&path, limits).ok();
            chart.map(|chart| chart.metadata().clone())
        } else {
            continue;
        };
        found.push(Inside {
            is_hidden: file.starts_with(['.', '_']),
            file,
            is_archive,
            metadata,
        });
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(found)
}

/// Helm's own order of looking: archives by their file's name, then whatever chart has the name.
fn state(required: &Dependency, inside: &[Inside]) -> DependencyState {
    let prefix = format!("{}-", required.name);
    let mut archives: Vec<&Inside> = inside
        .iter()
        .filter(|inside| inside.is_archive && inside.file.starts_with(&prefix))
        .collect();
    if archives.len() > 1 {
        // `app-` begins `app-extra-1.0.0.tgz` too.
        archives.retain(|inside| {
            let version = inside.file.trim_end_matches(".tgz");
            let version = version.strip_prefix(&prefix).unwrap_or(version);
            Version::strict(version).is_ok()
        });
        if archives.len() > 1 {
            return DependencyState::TooManyMatches;
        }
    }
    if let Some(archive) = archives.first() {
        return match &archive.metadata {
            None => DependencyState::Corrupt,
            Some(metadata) if metadata.name != required.name => DependencyState::Misnamed,
            Some(metadata) => fit(required, metadata).unwrap_or(DependencyState::Ok),
        };
    }
    let chart = inside
        .iter()
        .filter(|inside| !inside.is_hidden)
        .filter_map(|inside| inside.metadata.as_ref())
        .find(|metadata| metadata.name == required.name);
    match chart {
        None => DependencyState::Missing,
        Some(metadata) => fit(required, metadata).unwrap_or(DependencyState::Unpacked),
    }
}

/// What is wrong with the version that is there.
fn fit(required: &Dependency, metadata: &ChartMetadata) -> Option<DependencyState> {
    let wanted = required.version.as_deref().unwrap_or_default();
    if metadata.version == wanted {
        return None;
    }
    let Ok(constraint) = wanted.parse::<Constraint>() else {
        return Some(DependencyState::InvalidVersion);
    };
    match Version::loose(&metadata.version) {
        Err(_) => Some(DependencyState::InvalidVersion),
        Ok(version) if constraint.matches(&version) => None,
        Ok(_) => Some(DependencyState::WrongVersion),
    }
}
