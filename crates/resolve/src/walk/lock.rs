//! Which line of a lock file is about which requirement.

use portolan_chart::{Dependency, Lock, LockedDependency};
use portolan_reference::Version;

use super::demand::{Demand, Somewhere};
use super::options::WalkOptions;
use super::repository::DependencyRepository;

/// The lines of a lock file beside the requirements that they are about.
#[derive(Debug)]
pub(super) struct Pairs {
    /// For each requirement, the place of its line.
    pub(super) line: Vec<Option<usize>>,
    /// The place of the first line that is about no requirement.
    pub(super) stray: Option<usize>,
}

impl Pairs {
    /// Helm writes a line per requirement, in their order, so that is how they are read. A lock
    /// file has no aliases: names alone do not tell two requirements of one chart apart. If the
    /// lines are in no such order, each requirement takes the first line that is in its range,
    /// and failing that the first with its name.
    ///
    /// Takes as many steps as there are requirements times lines.
    pub(super) fn new(requirements: &[Dependency], locked: &[LockedDependency]) -> Self {
        let names = requirements.iter().map(|it| &it.name);
        if names.eq(locked.iter().map(|it| &it.name)) {
            return Self {
                line: (0..locked.len()).map(Some).collect(),
                stray: None,
            };
        }
        let mut free: Vec<Option<Line<'_>>> = locked.iter().map(Line::new).map(Some).collect();
        let wanted: Vec<Wanted<'_>> = requirements.iter().map(Wanted::new).collect();
        let mut line = vec![None; requirements.len()];
        for is_it in [Wanted::is_met_by, Wanted::is_named] {
            for (found, wanted) in line.iter_mut().zip(&wanted) {
                if found.is_none() {
                    let of_it = |line: &Option<Line<'_>>| {
                        line.as_ref().is_some_and(|line| is_it(wanted, line))
                    };
                    *found = free.iter().position(of_it);
                    found.and_then(|found| free.get_mut(found)?.take());
                }
            }
        }
        Self {
            line,
            stray: free.iter().position(Option::is_some),
        }
    }
}

/// Whether the digest of `lock` is that of `requirements`.
///
/// There they have URLs in place of names. What a name stands for where there is no list of
/// repositories is what the lock itself has: then that much has to be believed.
pub(super) fn is_in_sync(
    lock: &Lock,
    requirements: &[Dependency],
    pairs: &Pairs,
    options: &WalkOptions,
) -> bool {
    let mut requirements = options.without_names(requirements);
    for (requirement, line) in requirements.iter_mut().zip(&pairs.line) {
        let repository = requirement.repository.parse();
        if let Ok(DependencyRepository::Named(_)) = repository
            && let Some(line) = line.and_then(|line| lock.dependencies.get(line))
        {
            requirement.repository.clone_from(&line.repository);
        }
    }
    lock.is_for(&requirements)
}

/// A requirement, read once.
struct Wanted<'a> {
    demand: Demand<'a>,
    repository: Somewhere<'a>,
}

/// A line, read once.
struct Line<'a> {
    written: &'a LockedDependency,
    version: Option<Version>,
    repository: Somewhere<'a>,
}

impl<'a> Line<'a> {
    fn new(line: &'a LockedDependency) -> Self {
        Self {
            written: line,
            version: Version::loose(&line.version).ok(),
            repository: Somewhere::new(&line.repository),
        }
    }
}

impl<'a> Wanted<'a> {
    fn new(requirement: &'a Dependency) -> Self {
        Self {
            demand: Demand::new(requirement),
            repository: Somewhere::new(&requirement.repository),
        }
    }

    fn is_named(&self, line: &Line<'_>) -> bool {
        self.demand.requirement.name == line.written.name
    }

    fn is_met_by(&self, line: &Line<'_>) -> bool {
        self.is_named(line)
            && self
                .demand
                .admits(&line.written.version, line.version.as_ref())
            && !self.repository.differs(&line.repository)
    }
}
