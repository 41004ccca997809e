//! What a walk comes to.

use std::sync::Arc;

use portolan_chart::{Dependency, Lock, LockedDependency};
use portolan_reference::RepositoryUrl;

use super::unbuilt::Unbuilt;

/// Which chart each requirement stands for.
#[derive(Debug, Clone)]
pub struct Resolution {
    pub(super) doubtful_locks: Vec<String>,
    pub(super) dependencies: Vec<Resolved>,
}

impl Resolution {
    /// The paths of charts whose lock file was taken although its digest is that of something else:
    /// see [`WalkOptions::believe_lock_lines`](crate::WalkOptions::believe_lock_lines).
    pub fn doubtful_locks(&self) -> &[String] {
        &self.doubtful_locks
    }

    /// One per requirement, in their order.
    pub fn dependencies(&self) -> &[Resolved] {
        &self.dependencies
    }

    /// Every dependency, those of dependencies included, each after the one that requires it.
    pub fn all(&self) -> impl Iterator<Item = &Resolved> {
        let mut rest: Vec<&Resolved> = self.dependencies.iter().rev().collect();
        std::iter::from_fn(move || {
            let next = rest.pop()?;
            rest.extend(next.dependencies.iter().rev());
            Some(next)
        })
    }

    /// The lock file that this makes, as Helm has it: names that stood for a repository are its
    /// URL, and a chart in `charts/` has the range that was asked for. `generated` is the time, as
    /// in 2006-01-02T15:04:05Z.
    pub fn lock(&self, generated: impl Into<String>) -> Lock {
        let dependencies: Vec<_> = self.dependencies.iter().map(Resolved::locked).collect();
        let requirements: Vec<_> = self.dependencies.iter().map(Resolved::unnamed).collect();
        Lock {
            generated: generated.into(),
            digest: Lock::digest_of(&requirements, &dependencies),
            dependencies,
        }
    }
}

/// Which chart a requirement stands for.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub(super) chart: Arc<Unbuilt>,
    pub(super) at: usize,
    pub(super) version: String,
    pub(super) repository: String,
    pub(super) place: Place,
    pub(super) dependencies: Vec<Self>,
}

impl Resolved {
    /// What was required, alias, condition and tags included.
    pub fn requirement(&self) -> &Dependency {
        &self.chart.requirements[self.at]
    }

    /// As what the chart is known to the one that requires it: the alias, or failing that the name.
    pub fn known_as(&self) -> &str {
        let requirement = self.requirement();
        requirement.alias.as_deref().unwrap_or(&requirement.name)
    }

    /// The version: as the repository or the chart itself writes it, or as it was required exactly.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the chart is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What the chart requires itself, where it is one on disk that has to be built first.
    pub fn dependencies(&self) -> &[Self] {
        &self.dependencies
    }

    /// The requirement with the repository that it is about.
    fn unnamed(&self) -> Dependency {
        let mut requirement = self.requirement().clone();
        requirement.repository.clone_from(&self.repository);
        requirement
    }

    fn locked(&self) -> LockedDependency {
        let requirement = self.requirement();
        let version = if self.repository.is_empty() {
            requirement.version.clone().unwrap_or_default()
        } else {
            self.version.clone()
        };
        LockedDependency {
            name: requirement.name.clone(),
            version,
            repository: self.repository.clone(),
        }
    }
}

/// Where a chart is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// In a repository with an index, under the name that is required.
    Index(RepositoryUrl),
    /// In a registry, below this path, under the name that is required.
    Oci(RepositoryUrl),
    /// Elsewhere on disk: an absolute path from the root of the source, or on the machine.
    File {
        /// The folder or archive.
        path: String,
    },
    /// In the `charts/` folder of the chart that requires it, with dependencies that are to be
    /// looked to.
    Embedded {
        /// The folder or archive, as above.
        path: String,
    },
    /// In the `charts/` folder of the chart that requires it, to be taken as it is.
    Vendored {
        /// The path below the folder of the chart that requires it.
        path: String,
    },
}
