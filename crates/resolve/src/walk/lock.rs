//! Which line of a lock file is about which requirement.

use portolan_chart::Dependency;
use portolan_reference::Version;

use super::repository::DependencyRepository;
use super::unbuilt::LockedDependency;
use crate::constraint::Constraint;

/// The lines of a lock file beside the requirements that they are about.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// For each requirement, the place of its line.
    pub(super) line: Vec<Option<usize>>,
    /// The places of lines that are about no requirement.
    pub(super) stray: Vec<usize>,
}

impl Pairs {
    /// Helm writes a line per requirement, in their order, so that is how they are read. A lock
    /// file has no aliases: names alone do not tell two requirements of one chart apart. If the
    /// lines are in no such order, each requirement takes the first line that is in its range,
    /// and failing that the first with its name.
    pub(super) fn new(requirements: &[Dependency], locked: &[LockedDependency]) -> Self {
        let in_order = requirements.len() == locked.len()
            && requirements
                .iter()
                .zip(locked)
                .all(|(requirement, line)| requirement.name == line.name);
        if in_order {
            return Self {
                line: (0..locked.len()).map(Some).collect(),
                stray: Vec::new(),
            };
        }
        let mut free = vec![true; locked.len()];
        let mut found = vec![None; requirements.len()];
        for fits in [differs_nowhere, has_the_name] {
            for (found, requirement) in found.iter_mut().zip(requirements) {
                if found.is_none() {
                    *found = (0..locked.len())
                        .find(|line| free[*line] && fits(requirement, &locked[*line]));
                    if let Some(line) = *found {
                        free[line] = false;
                    }
                }
            }
        }
        Self {
            line: found,
            stray: (0..locked.len()).filter(|line| free[*line]).collect(),
        }
    }
}

fn has_the_name(requirement: &Dependency, line: &LockedDependency) -> bool {
    requirement.name == line.name
}

fn differs_nowhere(requirement: &Dependency, line: &LockedDependency) -> bool {
    has_the_name(requirement, line)
        && admits(
            requirement.version.as_deref().unwrap_or_default(),
            &line.version,
        )
        && (requirement.repository == line.repository
            || same_place(&requirement.repository, &line.repository) != Some(false))
}

/// Whether the range `wanted` of a requirement admits what its lock file has.
pub(super) fn admits(wanted: &str, locked: &str) -> bool {
    if wanted == locked {
        return true;
    }
    let Ok(version) = Version::loose(locked) else {
        return false;
    };
    let wanted = if wanted.is_empty() { "*" } else { wanted };
    wanted
        .parse::<Constraint>()
        .is_ok_and(|wanted| wanted.matches(&version))
}

/// Whether two texts name one repository; `None` if that cannot be told, because one is a name.
pub(super) fn same_place(one: &str, other: &str) -> Option<bool> {
    if one == other {
        return Some(true);
    }
    match (one.parse(), other.parse()) {
        (Ok(DependencyRepository::Named(_)), _) | (_, Ok(DependencyRepository::Named(_))) => None,
        (Ok(one), Ok(other)) => Some::<bool>(one == other),
        _ => Some(false),
    }
}
