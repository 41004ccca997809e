//! A question that was asked, and what came of it.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use portolan_reference::{RepositoryUrl, Scheme};

use super::problem::{Failure, GetProblem};
use super::question::{Answer, AnswerError, Listed, Question, QuestionId, Subject};
use super::unbuilt::Unbuilt;
use crate::choice::Miss;
use crate::entry::{Entry, choose_entry, pick_entry};
use crate::explanation::Explanation;
use crate::tag::{choose_tag, pick_tag};
use crate::wanted::Wanted;

/// A question, and which nodes wait for its answer.
#[derive(Debug)]
pub(super) struct Asked {
    by: String,
    subject: Subject,
    waiting: Vec<usize>,
    known: Option<Known>,
    /// What was chosen for a range before, so that a thousand requirements of one chart do not
    /// look at all its versions a thousand times.
    chosen: HashMap<String, Result<String, Miss>>,
}

#[derive(Debug)]
enum Known {
    Versions(Vec<Listed>),
    Chart(Arc<Unbuilt>),
    Absent,
    Failed(Arc<dyn Error + Send + Sync>),
}

/// Why there is nothing at the place that was asked about.
#[derive(Debug)]
pub(super) enum Nothing {
    Unanswered,
    Absent,
    Failed(Failure),
}

impl Asked {
    pub(super) fn new(by: String, subject: Subject) -> Self {
        Self {
            by,
            subject,
            waiting: Vec::new(),
            known: None,
            chosen: HashMap::new(),
        }
    }

    pub(super) fn question(&self, id: QuestionId) -> Question {
        Question {
            id,
            asked_by: self.by.clone(),
            subject: self.subject.clone(),
        }
    }

    /// Let `node` wait for the answer; `false` if there is one.
    pub(super) fn wait(&mut self, node: usize) -> bool {
        if self.known.is_none() {
            self.waiting.push(node);
        }
        self.known.is_none()
    }

    /// Take the answer. Whoever waited for it does so no longer.
    pub(super) fn take(&mut self, answer: Answer) -> Result<Vec<usize>, AnswerError> {
        if self.known.is_some() {
            return Err(AnswerError::Answered);
        }
        let known = match (answer, &self.subject) {
            (Answer::Versions(versions), Subject::Versions { .. }) => Known::Versions(versions),
            (Answer::Chart(chart), Subject::Chart { .. }) => Known::Chart(Arc::new(chart)),
            (Answer::Absent, _) => Known::Absent,
            (Answer::Failed(error), _) => Known::Failed(error),
            (Answer::Versions(_) | Answer::Chart(_), _) => {
                return Err(AnswerError::BesideThePoint);
            }
        };
        self.known = Some(known);
        Ok(std::mem::take(&mut self.waiting))
    }

    /// The chart that is there.
    pub(super) fn chart(&self) -> Result<&Arc<Unbuilt>, Nothing> {
        match &self.known {
            Some(Known::Chart(chart)) => Ok(chart),
            other => Err(Self::nothing(other.as_ref())),
        }
    }

    /// How many versions have to be looked at to choose what is `wanted`; 0 if that was done
    /// before.
    pub(super) fn cost(&self, wanted: &Wanted) -> usize {
        match &self.known {
            Some(Known::Versions(versions)) if !self.chosen.contains_key(&wanted.to_string()) => {
                versions.len()
            }
            _ => 0,
        }
    }

    /// The version to choose in a repository with an index.
    pub(super) fn entry(&mut self, chart: &str, wanted: &Wanted) -> Result<String, GetProblem> {
        let versions = match &self.known {
            Some(Known::Versions(versions)) => versions,
            other => {
                return Err(match Self::nothing(other.as_ref()) {
                    Nothing::Failed(failure) => GetProblem::Failed(failure),
                    Nothing::Unanswered => GetProblem::Unanswered,
                    Nothing::Absent => GetProblem::NoChart,
                });
            }
        };
        let entries = versions.iter().map(Listed::as_entry);
        let chosen = self
            .chosen
            .entry(wanted.to_string())
            .or_insert_with(|| pick_entry(wanted, entries).map(|chosen| chosen.tag().to_owned()));
        chosen.clone().map_err(|miss| match miss {
            Miss::NothingOffered => GetProblem::NoVersion,
            Miss::NoVersion | Miss::NoneAdmitted => GetProblem::NoMatch {
                chart: chart.to_owned(),
                wanted: wanted.to_string(),
            },
        })
    }

    /// The version to choose in a registry.
    pub(super) fn tag(
        &mut self,
        chart: &str,
        repository: &RepositoryUrl,
        wanted: &Wanted,
    ) -> Result<String, GetProblem> {
        let no_tag = || GetProblem::NoTag {
            chart: chart.to_owned(),
            repository: format!("{repository}/{chart}"),
        };
        let versions = match &self.known {
            Some(Known::Versions(versions)) => versions,
            other => {
                return Err(match Self::nothing(other.as_ref()) {
                    Nothing::Failed(failure) => GetProblem::Failed(failure),
                    Nothing::Unanswered => GetProblem::Unanswered,
                    Nothing::Absent => no_tag(),
                });
            }
        };
        let tags = versions.iter().map(|listed| listed.text.as_str());
        let chosen = self.chosen.entry(wanted.to_string()).or_insert_with(|| {
            pick_tag(wanted, tags).map(|chosen| chosen.version().text().to_owned())
        });
        chosen.clone().map_err(|miss| match miss {
            Miss::NoneAdmitted => GetProblem::NoMatchingTag(wanted.to_string()),
            Miss::NothingOffered | Miss::NoVersion => no_tag(),
        })
    }

    /// What becomes of each version there is, if nothing that is `wanted` is among them.
    pub(super) fn explanation(&self, wanted: &Wanted) -> Option<Explanation> {
        let (Some(Known::Versions(versions)), Some(Err(_))) =
            (&self.known, self.chosen.get(&wanted.to_string()))
        else {
            return None;
        };
        let Subject::Versions { repository, .. } = &self.subject else {
            return None;
        };
        let choice = match repository.scheme() {
            Scheme::Oci => choose_tag(wanted, versions.iter().map(|listed| &listed.text)),
            Scheme::Http | Scheme::Https => {
                choose_entry(wanted, versions.iter().map(Listed::as_entry))
            }
        };
        Some(choice.into_parts().1)
    }

    fn nothing(known: Option<&Known>) -> Nothing {
        match known {
            Some(Known::Failed(error)) => Nothing::Failed(Failure(Arc::clone(error))),
            Some(Known::Absent) => Nothing::Absent,
            // What is no answer to the question was not taken.
            Some(Known::Versions(_) | Known::Chart(_)) | None => Nothing::Unanswered,
        }
    }
}

impl Listed {
    fn as_entry(&self) -> Entry<'_> {
        Entry::new(&self.text, self.created)
    }
}
