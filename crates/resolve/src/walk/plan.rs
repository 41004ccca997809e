//! What to do about a requirement.

use portolan_chart::{Dependency, LockedDependency};
use portolan_reference::{RepositoryUrl, Version};

use super::demand::{Demand, Somewhere};
use super::lock::Pairs;
use super::name::{is_alias, is_chart_name};
use super::problem::{GetProblem, OutOfSync, Problem};
use super::question::Subject;
use super::repository::DependencyRepository;
use super::resolution::Place;
use super::unbuilt::Unbuilt;
use super::vendored::{Shelf, Vendored};
use super::{Stop, Walk};
use crate::constraint::Constraint;
use crate::wanted::Wanted;

/// What is known of a requirement's chart, and what is not yet.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) place: Place,
    /// The `repository` that counts, names replaced by what they stand for.
    pub(super) repository: String,
    pub(super) need: Need,
}

/// Which version a requirement needs.
#[derive(Debug)]
pub(super) enum Need {
    /// This one. There is nothing to find out.
    Known(String),
    /// The one to choose from those that a repository has.
    Chosen(Wanted),
    /// The one that is on disk, if it will do.
    Admitted(Constraint),
    /// The one that is on disk: it was put there for this.
    Whichever,
}

impl Plan {
    /// Whether the chart is in `charts/`.
    pub(super) fn is_here(&self) -> bool {
        matches!(self.place, Place::Vendored { .. }) || matches!(self.need, Need::Whichever)
    }

    /// What has to be asked, if anything.
    pub(super) fn subject(&self, requirement: &Dependency) -> Option<Subject> {
        match (&self.need, &self.place) {
            (Need::Known(_), _) | (_, Place::Vendored { .. }) => None,
            (_, Place::Index(repository) | Place::Oci(repository)) => Some(Subject::Versions {
                repository: repository.clone(),
                chart: requirement.name.clone(),
            }),
            (_, Place::File { path } | Place::Embedded { path }) => {
                Some(Subject::Chart { path: path.clone() })
            }
        }
    }
}

/// What a chart on disk has beside its requirements.
#[derive(Debug)]
pub(super) struct Stock<'a> {
    pub(super) shelf: Shelf<'a>,
    pub(super) pairs: Option<Pairs>,
}

impl Walk {
    /// Find out what can be known of a requirement at once.
    pub(super) fn plan(&self, stop: &Stop, at: usize, stock: &Stock<'_>) -> Result<Plan, Problem> {
        let demand = Demand::new(&stop.chart.requirements[at]);
        let requirement = demand.requirement;
        if !is_chart_name(&requirement.name) {
            return Err(Problem::Name);
        }
        if let Some(alias) = &requirement.alias
            && !is_alias(alias)
        {
            return Err(Problem::Alias(alias.clone()));
        }
        if let Some(vendored) = stock.shelf.find(&demand) {
            return self.keep(stop, requirement, vendored);
        }
        let line = line(&stop.chart, at, stock.pairs.as_ref())?;
        let (repository, version) = self.what_counts(&demand, line)?;
        let is_locked = line.is_some() && Version::loose(version).is_ok();
        let (place, need) = match repository.parse()? {
            DependencyRepository::Embedded => {
                let path = self.join(stop, &format!("charts/{}", requirement.name))?;
                (Place::Embedded { path }, on_disk(version)?)
            }
            DependencyRepository::File(path) => {
                let path = self.join(stop, &path)?;
                (Place::File { path }, on_disk(version)?)
            }
            // An exact version is asked for, too: where its archive is, only the index says.
            DependencyRepository::Index(url) => {
                let need = remote(requirement, &url, version, is_locked)?;
                (Place::Index(url), need)
            }
            DependencyRepository::Oci(url) => {
                let is_exact = Version::three_part(version).is_ok();
                let need = remote(requirement, &url, version, is_locked || is_exact)?;
                (Place::Oci(url), need)
            }
            // What a name stands for is no name.
            DependencyRepository::Named(_) => return Err(Problem::NameUnknown(repository)),
        };
        Ok(Plan {
            place,
            repository,
            need,
        })
    }

    /// Leave a chart in `charts/` where it is; walk it if it is there to be part of this one.
    fn keep(
        &self,
        stop: &Stop,
        requirement: &Dependency,
        vendored: &Vendored,
    ) -> Result<Plan, Problem> {
        let repository = requirement.repository.clone();
        if vendored.is_folder && repository.is_empty() {
            let path = self.join(stop, &vendored.path)?;
            return Ok(Plan {
                place: Place::Embedded { path },
                repository,
                need: Need::Whichever,
            });
        }
        Ok(Plan {
            place: Place::Vendored {
                path: vendored.path.clone(),
            },
            repository,
            need: Need::Known(vendored.version.clone()),
        })
    }

    /// The repository and the version that count: those of the lock file, if there is one.
    fn what_counts<'a>(
        &self,
        demand: &Demand<'a>,
        line: Option<&'a LockedDependency>,
    ) -> Result<(String, &'a str), Problem> {
        let required = &demand.requirement.repository;
        let Some(line) = line else {
            return Ok((self.options.without_name(required)?, demand.text()));
        };
        if !demand.admits(&line.version, Version::loose(&line.version).ok().as_ref()) {
            return Err(Problem::OutOfSync(OutOfSync::Version {
                locked: line.version.clone(),
                wanted: demand.text().to_owned(),
            }));
        }
        // Without a list of repositories, a name may stand for any.
        let known = self.options.without_name(required);
        let known = known.unwrap_or_else(|_| required.clone());
        if Somewhere::new(&known).differs(&Somewhere::new(&line.repository)) {
            return Err(Problem::OutOfSync(OutOfSync::Repository {
                locked: line.repository.clone(),
                wanted: known,
            }));
        }
        Ok((self.options.without_name(&line.repository)?, &line.version))
    }

    /// Where `path` leads from the chart at `stop`, if that is none of the charts on the way there.
    fn join(&self, stop: &Stop, path: &str) -> Result<String, Problem> {
        let path = self.options.reach.join(&stop.path, path);
        let mut way = vec![path.clone()];
        let mut above = Some(stop);
        while let Some(stop) = above {
            way.push(stop.path.clone());
            if stop.path == path {
                way.reverse();
                return Err(Problem::Cycle(way));
            }
            above = stop.node.map(|node| &self.stops[self.nodes[node].stop]);
        }
        Ok(path)
    }
}

/// The line of the lock file that is about the requirement; `None` if there is no such file.
fn line<'a>(
    chart: &'a Unbuilt,
    at: usize,
    pairs: Option<&Pairs>,
) -> Result<Option<&'a LockedDependency>, Problem> {
    let (Some(locked), Some(pairs)) = (chart.lines(), pairs) else {
        return Ok(None);
    };
    let line = pairs.line.get(at).copied().flatten();
    let missing = || OutOfSync::Missing(chart.requirements[at].name.clone());
    match line.and_then(|line| locked.get(line)) {
        Some(line) => Ok(Some(line)),
        None => Err(Problem::OutOfSync(missing())),
    }
}

fn on_disk(version: &str) -> Result<Need, Problem> {
    let version = version.to_owned();
    match version.parse() {
        Ok(wanted) => Ok(Need::Admitted(wanted)),
        Err(source) => Err(Problem::Constraint { version, source }),
    }
}

fn remote(
    requirement: &Dependency,
    url: &RepositoryUrl,
    version: &str,
    is_known: bool,
) -> Result<Need, Problem> {
    if is_known {
        return Ok(Need::Known(version.to_owned()));
    }
    match Wanted::parse(version) {
        Ok(wanted) => Ok(Need::Chosen(wanted)),
        Err(error) => Err(Problem::Get {
            chart: requirement.name.clone(),
            version: version.to_owned(),
            url: url.to_string(),
            source: Box::new(GetProblem::Constraint(error)),
        }),
    }
}
