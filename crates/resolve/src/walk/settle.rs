//! What follows from the answer to a question.

use std::sync::Arc;

use portolan_reference::{RepositoryUrl, Version};

use super::asked::Nothing;
use super::plan::Need;
use super::problem::{GetProblem, Problem};
use super::resolution::Place;
use super::unbuilt::Unbuilt;
use super::{Found, State, Walk};
use crate::constraint::Constraint;
use crate::wanted::Wanted;

/// What was found, and a chart on disk with which to go on.
pub(super) struct Step {
    pub(super) found: Found,
    pub(super) on: Option<(Arc<Unbuilt>, String)>,
}

impl Walk {
    /// Look at the answer that `node` waited for. `None` if it does not wait.
    pub(super) fn settle(&mut self, node: usize) -> Option<Result<Step, Problem>> {
        let node = &self.nodes[node];
        let State::Waiting(plan) = &node.state else {
            return None;
        };
        let asked = &mut self.asked[node.question?.0];
        let requirement = &self.stops[node.stop].chart.requirements[node.at];
        let chart = requirement.name.as_str();
        if let Need::Chosen(wanted) = &plan.need {
            self.looked_at += asked.cost(wanted);
            let most = self.options.max_versions;
            if self.looked_at > most {
                self.given_up = Some(Problem::TooMuch(most));
                return None;
            }
        }
        let outcome = match (&plan.place, &plan.need) {
            (Place::Index(url), Need::Chosen(wanted)) => asked
                .entry(chart, wanted)
                .map_err(|problem| get(chart, wanted, url, problem))
                .map(|version| (version, None)),
            (Place::Oci(url), Need::Chosen(wanted)) => asked
                .tag(chart, url, wanted)
                .map_err(|problem| get(chart, wanted, url, problem))
                .map(|version| (version, None)),
            (Place::File { path } | Place::Embedded { path }, need) => asked
                .chart()
                .map_err(|nothing| not_there(path, &plan.repository, nothing))
                .and_then(|chart| match need {
                    Need::Admitted(wanted) => admitted(chart, path, wanted),
                    _ => Ok(chart),
                })
                .map(|chart| {
                    let version = chart.version.clone();
                    (version, Some((Arc::clone(chart), path.clone())))
                }),
            // There is no other.
            (Place::Index(_) | Place::Oci(_) | Place::Vendored { .. }, _) => return None,
        };
        Some(outcome.map(|(version, on)| Step {
            found: Found {
                version,
                place: plan.place.clone(),
                repository: plan.repository.clone(),
                stop: None,
            },
            on,
        }))
    }
}

fn get(chart: &str, wanted: &Wanted, url: &RepositoryUrl, source: GetProblem) -> Problem {
    Problem::Get {
        chart: chart.to_owned(),
        version: wanted.to_string(),
        url: url.to_string(),
        source: Box::new(source),
    }
}

fn not_there(path: &str, reference: &str, nothing: Nothing) -> Problem {
    let (path, reference) = (path.to_owned(), reference.to_owned());
    match nothing {
        Nothing::Absent => Problem::NotThere { path, reference },
        Nothing::Unanswered => Problem::Unanswered(path),
        Nothing::Failed(source) => Problem::Load {
            path,
            reference,
            source,
        },
    }
}

fn admitted<'a>(
    chart: &'a Arc<Unbuilt>,
    path: &str,
    wanted: &Constraint,
) -> Result<&'a Arc<Unbuilt>, Problem> {
    match Version::loose(&chart.version) {
        Ok(version) if wanted.matches(&version) => Ok(chart),
        _ => Err(Problem::Version {
            wanted: wanted.to_string(),
            path: path.to_owned(),
            version: chart.version.clone(),
        }),
    }
}
