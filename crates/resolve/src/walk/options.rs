//! How a walk goes about it.

use std::collections::BTreeMap;

use portolan_chart::Dependency;

use super::path::{Reach, clean};
use super::problem::Problem;
use super::repository::DependencyRepository;

/// What a [`Resolution`](crate::Resolution) is as deep as, and whoever goes through it has to be able
/// to bear.
const MOST_DEEP: usize = 64;

/// How far a [`Walk`](crate::Walk) goes, and what it knows beforehand.
#[derive(Debug, Clone)]
#[must_use]
pub struct WalkOptions {
    pub(super) path: String,
    pub(super) reach: Reach,
    pub(super) named: Option<BTreeMap<String, String>>,
    pub(super) max_dependencies: usize,
    pub(super) max_depth: usize,
    pub(super) believes_lock_lines: bool,
    pub(super) max_versions: usize,
}

impl Default for WalkOptions {
    /// A chart at the root of its source, no list of repositories, at most 1,000 dependencies, at
    /// most 16 deep, at most 10,000,000 versions looked at.
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            reach: Reach::default(),
            named: None,
            max_dependencies: 1000,
            max_depth: 16,
            believes_lock_lines: false,
            max_versions: 10_000_000,
        }
    }
}

impl WalkOptions {
    /// Where the chart is: its path from the root of the source, or on the machine.
    pub fn at(mut self, path: &str) -> Self {
        self.path = clean(path.split('/'));
        self
    }

    /// How far `file://` repositories may reach. By default no further than the source.
    pub fn reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// The URLs that `@name` and `alias:name` stand for. Without a list, these are an error that
    /// says so.
    ///
    /// They are taken as they are written, for that is how Helm puts them into a lock file.
    pub fn named(mut self, repositories: impl IntoIterator<Item = (String, String)>) -> Self {
        self.named = Some(repositories.into_iter().collect());
        self
    }

    /// The most dependencies in all, those of dependencies included; also the most charts in one
    /// `charts/` folder, and lines in one lock file. By default 1,000.
    pub fn max_dependencies(mut self, most: usize) -> Self {
        self.max_dependencies = most;
        self
    }

    /// How deep charts on disk may require each other: 1 is the chart's own requirements. By
    /// default 16, and never more than 64.
    pub fn max_depth(mut self, most: usize) -> Self {
        self.max_depth = most.min(MOST_DEEP);
        self
    }

    /// How many versions may be looked at in all, each as often as it is held against another
    /// range. By default 10,000,000, which takes seconds: 1,000 dependencies may have 10,000
    /// versions each.
    pub fn max_versions(mut self, most: usize) -> Self {
        self.max_versions = most;
        self
    }

    /// Take a lock file whose digest is that of something else, as long as every line fits the
    /// requirement that it is about: people edit such files, and tools make them.
    /// [`Resolution::doubtful_locks`](crate::Resolution::doubtful_locks) tells of them. By default
    /// they are an error, as for `helm dependency build`.
    pub fn believe_lock_lines(mut self) -> Self {
        self.believes_lock_lines = true;
        self
    }

    /// The requirements with `@name` and `alias:name` replaced by what they stand for, where that
    /// is known: as they are in the digest of a lock file.
    pub fn without_names(&self, requirements: &[Dependency]) -> Vec<Dependency> {
        let mut requirements = requirements.to_vec();
        for requirement in &mut requirements {
            if let Ok(repository) = self.without_name(&requirement.repository) {
                requirement.repository = repository;
            }
        }
        requirements
    }

    /// `repository`, or what it stands for if it is a name.
    pub(super) fn without_name(&self, repository: &str) -> Result<String, Problem> {
        let Ok(DependencyRepository::Named(name)) = repository.parse() else {
            return Ok(repository.to_owned());
        };
        let Some(named) = &self.named else {
            return Err(Problem::NoNames(repository.to_owned()));
        };
        match named.get(&name) {
            Some(url) => Ok(url.clone()),
            None => Err(Problem::NameUnknown(repository.to_owned())),
        }
    }
}
