//! What a walk has to know, and is told.

use std::error::Error;
use std::sync::Arc;
use std::time::SystemTime;

use portolan_reference::RepositoryUrl;

use super::unbuilt::Unbuilt;

/// Which question of a [`Walk`](crate::Walk).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuestionId(pub(super) usize);

/// Something that a [`Walk`](crate::Walk) has to know before it can go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub(super) id: QuestionId,
    pub(super) asked_by: String,
    pub(super) subject: Subject,
}

impl Question {
    /// What to answer it under.
    pub fn id(&self) -> QuestionId {
        self.id
    }

    /// The path of the chart that wants to know; the first one, if there are several.
    pub fn asked_by(&self) -> &str {
        &self.asked_by
    }

    /// What it is about.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }
}

/// What a [`Question`] is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Which versions of a chart are there? [`Answer::Versions`]
    Versions {
        /// The repository, with an index or in a registry.
        repository: RepositoryUrl,
        /// The name of the chart in it: one part of a path.
        chart: String,
    },
    /// Which chart is there? [`Answer::Chart`]
    Chart {
        /// The folder or archive, an absolute path without `.` and `..`. Links in it are followed
        /// only by whoever is sure where they lead.
        path: String,
    },
}

/// What is said to a [`Question`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Answer {
    /// Every version that the repository has of the chart, in any order: the entries of an index,
    /// or the tags in a registry, none left out.
    Versions(Vec<Listed>),
    /// The chart at the path.
    Chart(Unbuilt),
    /// There is no such chart: it is not in the index, no repository has that name, nothing is at
    /// the path.
    Absent,
    /// It cannot be known. The error is told to whoever asked for the dependency.
    Failed(Arc<dyn Error + Send + Sync>),
}

/// A version that a repository has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub(super) text: String,
    pub(super) created: Option<SystemTime>,
}

impl Listed {
    /// A tag as the registry tells it.
    pub fn tag(text: impl Into<String>) -> Self {
        Self::entry(text, None)
    }

    /// A version as the index writes it, and when it says that it was created.
    pub fn entry(text: impl Into<String>, created: Option<SystemTime>) -> Self {
        Self {
            text: text.into(),
            created,
        }
    }
}

/// An answer that the walk cannot take. It has not changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// There is no such question.
    #[error("that was not asked")]
    NotAsked,
    /// The question was answered before.
    #[error("that was answered before")]
    Answered,
    /// Versions were told when a chart was asked for, or the other way round.
    #[error("that is no answer to what was asked")]
    BesideThePoint,
}
