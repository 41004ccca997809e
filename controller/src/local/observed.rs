//! How an object is, for people and for pipelines.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
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

    fn of<K: Shown>(object: &K) -> Self {
        let state = state_of(object);
        let ready = answer(object);
        let artifact = object.artifact();
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

/// Every object of the folder, as it is now.
pub(super) fn all(folder: &Folder) -> Vec<Observed> {
    let charts = folder.objects::<HelmChart>();
    let repositories = folder.objects::<HelmRepository>();
    let charts = charts.iter().map(|chart| Observed::of(&**chart));
    let repositories = repositories.iter().map(|found| Observed::of(&**found));
    charts.chain(repositories).collect()
}

/// Whether every object of the folder is settled.
pub(super) fn is_settled(folder: &Folder) -> bool {
    fn all<K: Shown>(folder: &Folder) -> bool {
        let objects = folder.objects::<K>();
        objects
            .iter()
            .all(|object| state_of(&**object).is_settled())
    }
    all::<HelmChart>(folder) && all::<HelmRepository>(folder)
}

/// What a kind has to show beyond its conditions.
trait Shown: Kind {
    /// Whether there is nothing to do for the object, and nothing is ever said of it.
    fn is_static(&self) -> bool;

    /// What it has stored.
    fn artifact(&self) -> Option<&Artifact>;
}

impl Shown for HelmChart {
    fn is_static(&self) -> bool {
        false
    }

    fn artifact(&self) -> Option<&Artifact> {
        self.status.as_ref()?.artifact.as_ref()
    }
}

impl Shown for HelmRepository {
    fn is_static(&self) -> bool {
        self.spec.repository_type() == RepositoryType::Oci
    }

    fn artifact(&self) -> Option<&Artifact> {
        self.status.as_ref()?.artifact.as_ref()
    }
}

fn state_of<K: Shown>(object: &K) -> State {
    if object.is_deleted() {
        State::Going
    } else if object.is_suspended() {
        State::Suspended
    } else if object.is_static() {
        State::Static
    } else {
        match answer(object).map(|ready| ready.status.as_str()) {
            Some("True") => State::Ready,
            Some("False") => State::Failed,
            _ => State::Pending,
        }
    }
}

/// The condition `Ready`. What it says of an older spec is no answer.
fn answer<K: Kind>(object: &K) -> Option<&Condition> {
    let ready = object
        .conditions()
        .iter()
        .find(|found| found.type_ == condition::READY);
    ready.filter(|found| found.observed_generation == Some(object.generation()))
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
