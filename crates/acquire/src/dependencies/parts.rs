//! What was brought, put together.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use portolan_chart::{Chart, Limits};
use portolan_resolve::{Place, Resolution, Resolved};

use super::{BuildDependenciesError, Needed, Taken, wanted};

/// What is to be kept of a chart that is brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The chart, to be put into another.
    Charts,
    /// The archive as it came, and the chart only where it is to be put into another.
    Archives,
}

/// How much may be in memory of the charts that one is made of.
#[derive(Debug)]
pub(super) struct Room {
    taken: AtomicU64,
    limit: u64,
}

impl Room {
    /// Twice what a chart may unpack to: what is brought has to fit into one chart in the end, and
    /// charts in the `charts/` folder of another on disk are in memory with that one and by themselves.
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            taken: AtomicU64::new(0),
            limit: limits.max_unpacked_bytes.saturating_mul(2),
        }
    }

    /// That there is any left, before something is read.
    pub(super) fn check(&self) -> Result<(), NoRoom> {
        if self.taken.load(Ordering::Relaxed) > self.limit {
            return Err(NoRoom { limit: self.limit });
        }
        Ok(())
    }

    /// Count what was read.
    pub(super) fn take(&self, chart: &Chart) -> Result<(), NoRoom> {
        let bytes: usize = chart.files().map(|(_, data)| data.len()).sum();
        self.taken.fetch_add(bytes as u64, Ordering::Relaxed);
        self.check()
    }
}

/// The charts that one is made of are larger than it could be.
#[derive(Debug, thiserror::Error)]
#[error("the chart and what it depends on unpack to more than {limit} bytes")]
pub(super) struct NoRoom {
    limit: u64,
}

/// A chart from a repository, as far as it was kept.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) archive: Option<Arc<Vec<u8>>>,
    pub(super) chart: Option<Arc<Chart>>,
    /// The version in its `Chart.yaml`.
    pub(super) version: String,
    pub(super) taken: Taken,
}

/// Everything that a chart is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(super) fetched: HashMap<Needed, Fetched>,
    /// Charts on disk, by their path, as they were read.
    pub(super) local: HashMap<String, Arc<Chart>>,
    pub(super) limits: Limits,
}

/// A chart that a dependency stands for, whole.
#[derive(Debug)]
pub(crate) struct Part {
    /// The name in its `Chart.yaml`, which is that of a file.
    pub(crate) name: String,
    /// The version in its `Chart.yaml`.
    pub(crate) version: String,
    pub(crate) form: Form,
    pub(crate) taken: Taken,
    /// What was built into it.
    pub(crate) inside: Vec<Taken>,
}

/// In which form a part is there.
#[derive(Debug)]
pub(crate) enum Form {
    /// As it came from a repository.
    Archive(Arc<Vec<u8>>),
    /// As it was made here.
    Chart(Box<Chart>),
}

impl Parts {
    /// `chart` with everything that `resolution` says it lacks.
    ///
    /// Blocks.
    pub(super) fn put_together(
        &self,
        mut chart: Chart,
        resolution: &Resolution,
    ) -> Result<(Chart, Vec<Taken>), BuildDependenciesError> {
        let mut taken = Vec::new();
        self.add_all(&mut chart, resolution.dependencies(), &mut taken)?;
        Ok((chart, taken))
    }

    /// The chart that a dependency stands for, whole, as an archive if it came as one.
    ///
    /// Blocks.
    pub(crate) fn part(&self, dependency: &Resolved) -> Result<Part, BuildDependenciesError> {
        let name = &dependency.requirement().name;
        if let Some(needed) = wanted(dependency) {
            let found = self.fetched.get(&needed).ok_or_else(|| missing(name))?;
            let archive = found.archive.as_ref().ok_or_else(|| missing(name))?;
            return Ok(Part {
                // That it calls itself so was checked when it came.
                name: name.clone(),
                version: found.version.clone(),
                form: Form::Archive(Arc::clone(archive)),
                taken: found.taken.clone(),
                inside: Vec::new(),
            });
        }
        let mut inside = Vec::new();
        let (chart, taken) = self.whole(dependency, &mut inside)?;
        Ok(Part {
            name: chart.metadata().name.clone(),
            version: chart.metadata().version.clone(),
            form: Form::Chart(Box::new(chart)),
            taken,
            inside,
        })
    }

    /// A chart on disk, with what it depends on itself.
    fn whole(
        &self,
        dependency: &Resolved,
        taken: &mut Vec<Taken>,
    ) -> Result<(Chart, Taken), BuildDependenciesError> {
        let (chart, from) = self.on_disk(dependency)?;
        let mut whole = Chart::clone(chart);
        self.add_all(&mut whole, dependency.dependencies(), taken)?;
        Ok((whole, from))
    }

    /// A chart on disk as it lies there.
    fn on_disk(&self, dependency: &Resolved) -> Result<(&Chart, Taken), BuildDependenciesError> {
        let name = &dependency.requirement().name;
        let (Place::File { path } | Place::Embedded { path }) = dependency.place() else {
            return Err(missing(name));
        };
        let chart = self.local.get(path).ok_or_else(|| missing(name))?;
        let from = Taken {
            name: name.clone(),
            version: dependency.version().to_owned(),
            from: format!("file://{path}"),
            digest: None,
            manifest_digest: None,
            index_digest: None,
        };
        Ok((chart, from))
    }

    /// Put what was resolved into `chart`.
    fn add_all(
        &self,
        chart: &mut Chart,
        dependencies: &[Resolved],
        taken: &mut Vec<Taken>,
    ) -> Result<(), BuildDependenciesError> {
        let mut added: HashSet<(&str, &str)> = HashSet::new();
        for dependency in dependencies {
            let name = &dependency.requirement().name;
            // The same chart under two aliases lies there once, as with Helm; two versions of one
            // chart lie side by side.
            match dependency.place() {
                Place::Index(_) | Place::Oci(_) => {
                    let found = wanted(dependency).and_then(|wanted| self.fetched.get(&wanted));
                    let found = found.ok_or_else(|| missing(name))?;
                    taken.push(found.taken.clone());
                    if added.insert((name, &found.version)) {
                        let part = found.chart.as_ref().ok_or_else(|| missing(name))?;
                        self.add_beside(chart, name, part)?;
                    }
                }
                Place::File { .. } => {
                    let (part, from) = self.on_disk(dependency)?;
                    if added.insert((name, &part.metadata().version)) {
                        let (part, _) = self.whole(dependency, taken)?;
                        self.add_beside(chart, name, &part)?;
                    }
                    taken.push(from);
                }
                // It lies there already. What it lacked itself has to come to it.
                Place::Embedded { path } if !dependency.dependencies().is_empty() => {
                    let folder = path.rsplit('/').next().unwrap_or(name);
                    if added.insert((name, dependency.version())) {
                        let (part, from) = self.whole(dependency, taken)?;
                        chart.remove_chart(folder);
                        self.add(chart, folder, &part, name)?;
                        taken.push(from);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Add `part` in a folder of its name, or if there is one, of its name and version.
    fn add_beside(
        &self,
        chart: &mut Chart,
        name: &str,
        part: &Chart,
    ) -> Result<(), BuildDependenciesError> {
        if chart.has_chart(name) {
            let folder = format!("{name}-{}", part.metadata().version);
            return self.add(chart, &folder, part, name);
        }
        self.add(chart, name, part, name)
    }

    fn add(
        &self,
        chart: &mut Chart,
        folder: &str,
        part: &Chart,
        name: &str,
    ) -> Result<(), BuildDependenciesError> {
        chart
            .add_chart(folder, part, &self.limits)
            .map_err(|source| BuildDependenciesError::Add {
                name: name.to_owned(),
                source,
            })
    }
}

fn missing(name: &str) -> BuildDependenciesError {
    BuildDependenciesError::Internal(format!("'{name}' was resolved and not brought"))
}

/// What lies below `dependencies`: what these require themselves, and so on.
pub(super) fn below(dependencies: &[Resolved]) -> impl Iterator<Item = &Resolved> {
    let mut rest: Vec<&Resolved> = dependencies.iter().collect();
    std::iter::from_fn(move || {
        let next = rest.pop()?;
        rest.extend(next.dependencies());
        Some(next.dependencies())
    })
    .flatten()
}
