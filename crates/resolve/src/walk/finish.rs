//! What the walk comes to, in the order of the requirements.

use std::sync::Arc;

use super::error::{DependencyError, TOLD, WalkError};
use super::problem::Problem;
use super::question::QuestionId;
use super::repository::DependencyRepository;
use super::resolution::{Resolution, Resolved};
use super::{Found, State, Walk};
use crate::explanation::Explanation;
use crate::wanted::Wanted;

/// What is left of a walk while it is taken apart.
struct Harvest {
    walk: Walk,
    /// As what the charts on the way are known.
    known_as: Vec<String>,
    errors: Vec<DependencyError>,
}

impl Walk {
    pub(super) fn into_resolution(self) -> Result<Resolution, WalkError> {
        if let Some(problem) = self.given_up {
            let errors = vec![DependencyError::of_chart(Vec::new(), problem)];
            return Err(WalkError { errors });
        }
        let mut harvest = Harvest {
            walk: self,
            known_as: Vec::new(),
            errors: Vec::new(),
        };
        let dependencies = harvest.stop(0);
        let stops = harvest.walk.stops.iter().filter(|stop| stop.doubtful);
        let doubtful_locks = stops.map(|stop| stop.path.clone()).collect();
        match harvest.errors {
            errors if errors.is_empty() => Ok(Resolution {
                doubtful_locks,
                dependencies,
            }),
            errors => Err(WalkError { errors }),
        }
    }
}

impl Harvest {
    /// What was found for the requirements of a chart. No deeper than the walk went.
    fn stop(&mut self, stop: usize) -> Vec<Resolved> {
        if let Some(problem) = self.walk.stops[stop].problem.take() {
            let known_as = self.known_as.clone();
            self.errors
                .push(DependencyError::of_chart(known_as, problem));
        }
        let nodes = std::mem::take(&mut self.walk.stops[stop].nodes);
        nodes
            .into_iter()
            .filter_map(|node| self.node(node))
            .collect()
    }

    fn node(&mut self, node: usize) -> Option<Resolved> {
        // The walk is over: a node that still waits waits for an answer that nobody gave.
        if let Some(Err(problem)) = self.walk.settle(node) {
            self.walk.nodes[node].state = State::Failed(problem);
        }
        let node = &mut self.walk.nodes[node];
        let (stop, at) = (node.stop, node.at);
        let chart = Arc::clone(&self.walk.stops[stop].chart);
        let requirement = &chart.requirements[at];
        let known_as = requirement.alias.as_ref().unwrap_or(&requirement.name);
        let question = node.question;
        match std::mem::replace(&mut node.state, State::Failed(Problem::Name)) {
            State::Found(Found {
                version,
                repository,
                place,
                stop,
            }) => {
                self.known_as.push(known_as.clone());
                let dependencies = stop.map(|stop| self.stop(stop)).unwrap_or_default();
                self.known_as.pop();
                Some(Resolved {
                    chart,
                    at,
                    version,
                    repository,
                    place,
                    dependencies,
                })
            }
            State::Failed(problem) => {
                let mut names = self.known_as.clone();
                names.push(known_as.clone());
                self.errors.push(DependencyError {
                    known_as: names,
                    is_local: matches!(
                        requirement.repository.parse(),
                        Ok(DependencyRepository::Embedded | DependencyRepository::File(_))
                    ),
                    question,
                    explanation: self.explanation(question, &problem),
                    problem,
                });
                None
            }
            State::Waiting(_) => None,
        }
    }

    /// Why no version would do. What is not told one by one is not worth its memory.
    fn explanation(
        &self,
        question: Option<QuestionId>,
        problem: &Problem,
    ) -> Option<Box<Explanation>> {
        let Problem::Get { version, .. } = problem else {
            return None;
        };
        if self.errors.len() >= TOLD {
            return None;
        }
        let asked = self.walk.asked.get(question?.0)?;
        let explanation = asked.explanation(&Wanted::parse(version).ok()?);
        explanation.map(Box::new)
    }
}
