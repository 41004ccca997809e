//! How an object is, for people and for pipelines.

use std::fmt;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt as _;
use portolan_api::{HelmChart, HelmRepository, RepositoryType, SourceKind, condition, reason};
use serde::Serialize;
use serde_json::Value;

use crate::cluster::Folder;
use crate::kind::{Kind, Watched as _};

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

    /// Whether its manifest demands signatures, and what is stored was proven to have them.
    pub fn is_verified(&self) -> bool {
        let conditions = self.conditions.as_array().into_iter().flatten();
        let mut verified = conditions.filter(|one| one["type"] == condition::SOURCE_VERIFIED);
        verified.any(|one| one["status"] == "True")
    }

    fn of<K: Shown>(object: &K, state: State) -> Self {
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
    let observed = charts
        .iter()
        .map(|chart| Observed::of(&**chart, state_of_chart(chart, &repositories)));
    let others = repositories
        .iter()
        .map(|found| Observed::of(&**found, state_of(&**found)));
    observed.chain(others).collect()
}

/// Whether every object of the folder is settled.
pub(super) fn is_settled(folder: &Folder) -> bool {
    let repositories = folder.objects::<HelmRepository>();
    let charts = folder.objects::<HelmChart>();
    let mut states = charts
        .iter()
        .map(|chart| state_of_chart(chart, &repositories))
        .chain(repositories.iter().map(|found| state_of(&**found)));
    states.all(State::is_settled)
}

/// How a chart is. One that found nothing in its repository yet has no answer before the repository
/// has one, and will be looked at again as soon as there is something.
fn state_of_chart(chart: &HelmChart, repositories: &[Arc<HelmRepository>]) -> State {
    let state = state_of(chart);
    let waits = state == State::Failed
        && answer(chart).is_some_and(|ready| ready.reason == reason::NO_SOURCE_ARTIFACT);
    if !waits {
        return state;
    }
    let source = repositories.iter().find(|found| {
        chart.spec.source_ref.kind == SourceKind::HelmRepository
            && found.name_any() == chart.spec.source_ref.name
            && found.home() == chart.home()
    });
    match source.map(|found| state_of(&**found)) {
        Some(State::Pending | State::Ready) => State::Pending,
        _ => state,
    }
}

/// What a kind has to show beyond its conditions.
trait Shown: Kind {
    /// Whether there is nothing to do for the object, and nothing is ever said of it.
    fn is_static(&self) -> bool;
}

impl Shown for HelmChart {
    fn is_static(&self) -> bool {
        false
    }
}

impl Shown for HelmRepository {
    fn is_static(&self) -> bool {
        self.spec.repository_type() == RepositoryType::Oci
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
    use serde_json::json;

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

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a row reads better without borrows"
    )]
    fn object<T: serde::de::DeserializeOwned>(kind: &str, spec: Value, ready: Option<&str>) -> T {
        let conditions: Vec<Value> = ready
            .map(|reason| {
                let is_good = reason.ends_with("Succeeded");
                json!({
                    "type": "Ready", "status": if is_good { "True" } else { "False" },
                    "reason": reason, "message": "", "observedGeneration": 1,
                    "lastTransitionTime": "2026-01-01T00:00:00Z",
                })
            })
            .into_iter()
            .collect();
        serde_json::from_value(json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind,
            "metadata": { "name": "x", "namespace": "team", "generation": 1 },
            "spec": spec, "status": { "conditions": conditions },
        }))
        .unwrap()
    }

    #[test]
    fn a_chart_has_no_answer_before_its_repository_has_one() {
        #[track_caller]
        fn check(chart: &str, repositories: &[Option<&str>], expected: State) {
            let spec = json!({
                "chart": "app", "interval": "1m",
                "sourceRef": { "kind": "HelmRepository", "name": "x" },
            });
            let chart: HelmChart = object("HelmChart", spec, Some(chart));
            let repositories: Vec<_> = repositories
                .iter()
                .map(|ready| {
                    let spec = json!({ "url": "https://charts.example.com" });
                    Arc::new(object("HelmRepository", spec, *ready))
                })
                .collect();
            let found = state_of_chart(&chart, &repositories);
            assert_eq!(found, expected);
        }
        check("NoSourceArtifact", &[None], State::Pending);
        check("NoSourceArtifact", &[Some("Succeeded")], State::Pending);
        check("NoSourceArtifact", &[Some("Failed")], State::Failed);
        check("NoSourceArtifact", &[], State::Failed);
        check("ChartPullError", &[None], State::Failed);
        check("ChartPullSucceeded", &[None], State::Ready);
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
