//! What to do about a requirement.

use portolan_chart::Dependency;
use portolan_reference::{RepositoryUrl, Version};

use super::lock::{Pairs, admits, same_place};
use super::name::{is_alias, is_chart_name};
use super::problem::{GetProblem, OutOfSync, Problem};
use super::question::Subject;
use super::repository::DependencyRepository;
use super::resolution::Place;
use super::unbuilt::{LockedDependency, Unbuilt, Vendored};
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

impl Walk {
    /// Find out what can be known of a requirement at once.
    pub(super) fn plan(
        &self,
        stop: &Stop,
        at: usize,
        pairs: Option<&Pairs>,
    ) -> Result<Plan, Problem> {
        let requirement = &stop.chart.requirements[at];
        if !is_chart_name(&requirement.name) {
            return Err(Problem::Name);
        }
        if let Some(alias) = &requirement.alias
            && !is_alias(alias)
        {
            return Err(Problem::Alias(alias.clone()));
        }
        if let Some(vendored) = vendored(&stop.chart, requirement) {
            return self.keep(stop, requirement, vendored);
        }
        let line = line(&stop.chart, at, pairs)?;
        let (repository, version) = self.what_counts(requirement, line)?;
        match repository.parse()? {
            DependencyRepository::Embedded => {
                let path = self.join(stop, &format!("charts/{}", requirement.name))?;
                look(Place::Embedded { path }, repository, version)
            }
            DependencyRepository::File(path) => {
                let path = self.join(stop, &path)?;
                look(Place::File { path }, repository, version)
            }
            DependencyRepository::Index(url) => {
                // Where the archive is, the index has to say anyway.
                let known = line.is_some() && Version::loose(version).is_ok();
                let need = need(requirement, &url, version, known)?;
                let place = Place::Index(url);
                Ok(Plan {
                    place,
                    repository,
                    need,
                })
            }
            DependencyRepository::Oci(url) => {
                let known = line.is_some() && Version::loose(version).is_ok()
                    || Version::three_part(version).is_ok();
                let need = need(requirement, &url, version, known)?;
                let place = Place::Oci(url);
                Ok(Plan {
                    place,
                    repository,
                    need,
                })
            }
            // What a name stands for is no name.
            DependencyRepository::Named(name) => Err(Problem::NameUnknown(name)),
        }
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
            let path = self.join(stop, &format!("charts/{}", vendored.path))?;
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
        requirement: &'a Dependency,
        line: Option<&'a LockedDependency>,
    ) -> Result<(String, &'a str), Problem> {
        let version = requirement.version.as_deref().unwrap_or_default();
        let Some(line) = line else {
            return Ok((self.unnamed(&requirement.repository)?, version));
        };
        if !admits(version, &line.version) {
            return Err(Problem::OutOfSync(OutOfSync::Version {
                locked: line.version.clone(),
                wanted: version.to_owned(),
            }));
        }
        // Without a list of repositories, a name may stand for any.
        let required = self
            .unnamed(&requirement.repository)
            .unwrap_or_else(|_| requirement.repository.clone());
        if same_place(&required, &line.repository) == Some(false) {
            return Err(Problem::OutOfSync(OutOfSync::Repository {
                locked: line.repository.clone(),
                wanted: required,
            }));
        }
        Ok((self.unnamed(&line.repository)?, &line.version))
    }

    /// `repository`, or what it stands for if it is a name.
    fn unnamed(&self, repository: &str) -> Result<String, Problem> {
        let Ok(DependencyRepository::Named(name)) = repository.parse() else {
            return Ok(repository.to_owned());
        };
        let Some(named) = &self.options.named else {
            return Err(Problem::NoNames(repository.to_owned()));
        };
        match named.get(&name) {
            Some(url) => Ok(url.clone()),
            None => Err(Problem::NameUnknown(repository.to_owned())),
        }
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

/// The chart in `charts/` that is `requirement`, if one is.
///
/// As in Flux, one with its name, or that was renamed to its alias, whatever its version. And as
/// in Helm, one with the name of the chart behind an alias, if its version will do.
fn vendored<'a>(chart: &'a Unbuilt, requirement: &Dependency) -> Option<&'a Vendored> {
    let wanted = requirement.version.as_deref().unwrap_or_default();
    let fits = |vendored: &&Vendored| !wanted.is_empty() && admits(wanted, &vendored.version);
    let known_as = requirement.alias.as_ref().unwrap_or(&requirement.name);
    let called = |name: &str| {
        let name = name.to_owned();
        chart.vendored.iter().filter(move |it| it.name == name)
    };
    called(known_as)
        .find(fits)
        .or_else(|| called(known_as).next())
        .or_else(|| called(&requirement.name).find(fits))
}

/// The line of the lock file that is about the requirement; `None` if there is no such file.
fn line<'a>(
    chart: &'a Unbuilt,
    at: usize,
    pairs: Option<&Pairs>,
) -> Result<Option<&'a LockedDependency>, Problem> {
    let (Some(locked), Some(pairs)) = (&chart.locked, pairs) else {
        return Ok(None);
    };
    let line = pairs.line.get(at).copied().flatten();
    let missing = || OutOfSync::Missing(chart.requirements[at].name.clone());
    match line.and_then(|line| locked.get(line)) {
        Some(line) => Ok(Some(line)),
        None => Err(Problem::OutOfSync(missing())),
    }
}

fn look(place: Place, repository: String, version: &str) -> Result<Plan, Problem> {
    match version.parse() {
        Ok(wanted) => Ok(Plan {
            place,
            repository,
            need: Need::Admitted(wanted),
        }),
        Err(source) => Err(Problem::Constraint {
            version: version.to_owned(),
            source,
        }),
    }
}

fn need(
    requirement: &Dependency,
    url: &RepositoryUrl,
    version: &str,
    known: bool,
) -> Result<Need, Problem> {
    if known {
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
