//! How an object is, for people and for pipelines.

use std::fmt;

use portolan_api::{Artifact, HelmChart, HelmRepository, RepositoryType, condition};
use serde::Serialize;
use serde_json::Value;

use crate::cluster::Folder;
use crate::kind::Kind;

/// An object, and how it was when it was looked at. Written as JSON it is one line of the output of
/// `portolan-controller local --output json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Observed {
    kind: &'static str,
    namespace: String,
    name: String,
    /// `null` where there is no answer: see `state`.
    ready: Option<bool>,
    state: State,
    reason: Option<String>,
    message: Option<String>,
    revision: Option<String>,
    digest: Option<String>,
    url: Option<String>,
    path: Option<String>,
    conditions: Value,
}

/// How an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum State {
    /// Its newest artifact is stored and served.
    Ready,
    /// The last attempt failed.
    Failed,
    /// No attempt at what the manifest says now has come to its end yet.
    Pending,
    /// Its manifest says that it is to be left alone.
    Suspended,
    /// A `HelmRepository` of type `oci`: there is nothing to do for it. Whether it can be used is
    /// told by its charts.
    Static,
    /// Its manifest is gone, and what it has stored is being removed.
    Going,
}

impl State {
    /// Whether there is an answer, good or bad, or none is to be expected.
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Pending | Self::Going)
    }
}

impl Observed {
    /// How it is.
    pub fn state(&self) -> State {
        self.state
    }

    /// Its name in `metadata`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The reason of its condition `Ready`: one word.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The message of its condition `Ready`.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The revision of the artifact, which for a chart is its version.
    pub fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }

    /// The digest of the artifact: `sha256:<hex>`.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Where the artifact can be fetched.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Where the artifact lies below the storage path.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    fn new<K: Kind>(object: &K, state: Option<State>, artifact: Option<&Artifact>) -> Self {
        let ready = object
            .conditions()
            .iter()
            .find(|found| found.type_ == condition::READY)
            // What was said of an older spec is no answer.
            .filter(|found| found.observed_generation == Some(object.generation()));
        let answer = match ready.map(|found| found.status.as_str()) {
            Some("True") => State::Ready,
            Some("False") => State::Failed,
            _ => State::Pending,
        };
        let state = match state {
            _ if object.is_deleted() => State::Going,
            Some(known) => known,
            None => answer,
        };
        Self {
            kind: K::NAME,
            namespace: object.home(),
            name: object.meta().name.clone().unwrap_or_default(),
            ready: match state {
                State::Ready => Some(true),
                State::Failed => Some(false),
                _ => None,
            },
            state,
            reason: ready.map(|found| found.reason.clone()),
            message: ready.map(|found| found.message.clone()),
            revision: artifact.map(|artifact| artifact.revision.clone()),
            digest: artifact.map(|artifact| artifact.digest.clone()),
            url: artifact.map(|artifact| artifact.url.clone()),
            path: artifact.map(|artifact| artifact.path.clone()),
            conditions: serde_json::to_value(object.conditions()).unwrap_or_default(),
        }
    }
}

/// `HelmChart default/podinfo`
impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

pub(super) fn all(folder: &Folder) -> Vec<Observed> {
    let charts = folder.objects::<HelmChart>();
    let repositories = folder.objects::<HelmRepository>();
    let charts = charts.iter().map(|chart| {
        let artifact = chart
            .status
            .as_ref()
            .and_then(|status| status.artifact.as_ref());
        Observed::new(chart, suspended(chart), artifact)
    });
    let repositories = repositories.iter().map(|repository| {
        let is_static = repository.spec.repository_type() == RepositoryType::Oci;
        let state = suspended(repository).or(is_static.then_some(State::Static));
        Observed::new(repository, state, None)
    });
    charts.chain(repositories).collect()
}

fn suspended<K: Kind>(object: &K) -> Option<State> {
    object.is_suspended().then_some(State::Suspended)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A chart in the namespace `default`.
    pub(in crate::local) fn observed(name: &str, state: State, message: &str) -> Observed {
        let is_ready = state == State::Ready;
        Observed {
            kind: "HelmChart",
            namespace: "default".to_owned(),
            name: name.to_owned(),
            ready: matches!(state, State::Ready | State::Failed).then_some(is_ready),
            state,
            reason: (state == State::Failed).then(|| "ChartPullError".to_owned()),
            message: Some(message.to_owned()),
            revision: is_ready.then(|| "1.0.0".to_owned()),
            digest: None,
            url: None,
            path: None,
            conditions: Value::Array(Vec::new()),
        }
    }

    #[test]
    fn only_what_may_still_change_by_itself_is_not_settled() {
        let settled = [State::Ready, State::Failed, State::Suspended, State::Static];
        assert!(settled.into_iter().all(State::is_settled));
        assert!(
            ![State::Pending, State::Going]
                .into_iter()
                .any(State::is_settled)
        );
    }
}
