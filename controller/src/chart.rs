//! The `HelmChart`: observe, plan, act; whatever came of it is reported.

mod dependencies;
mod from_repository;
mod from_source;
mod report;
mod source;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use portolan_api::{Artifact, HelmChart, SourceKind, condition, message, reason};
use portolan_store::ObjectKey;
use serde_json::Value;

use self::report::report;
use self::source::Source;
use crate::artifact::{Kept, look_after};
use crate::clock::now;
use crate::cluster::{Cluster, Event};
use crate::context::Context;
use crate::failure::Failure;
use crate::kind::{Kind, Next, Reconcile, Watched};
use crate::news::News;
use crate::object;
use crate::plan::Held;
use crate::translate;

impl Watched for HelmChart {
    const NAME: &'static str = "HelmChart";

    fn artifact(&self) -> Option<&Artifact> {
        self.status.as_ref()?.artifact.as_ref()
    }
}

impl Kind for HelmChart {
    const OWNED: &'static [&'static str] = &[
        condition::READY,
        condition::STALLED,
        condition::RECONCILING,
        condition::STORAGE_OPERATION_FAILED,
        condition::FETCH_FAILED,
        condition::BUILD_FAILED,
        condition::ARTIFACT_OUTDATED,
        condition::ARTIFACT_IN_STORAGE,
        condition::SOURCE_VERIFIED,
    ];

    fn conditions(&self) -> &[Condition] {
        self.status
            .as_ref()
            .map_or(&[], |status| status.conditions.as_slice())
    }

    fn status_value(&self) -> Value {
        object::status_value(self.status.as_ref())
    }

    fn is_suspended(&self) -> bool {
        self.spec.suspend
    }
}

impl Reconcile for HelmChart {
    async fn reconcile<C: Cluster>(self: Arc<Self>, context: Arc<Context<C>>) -> Next {
        if self.is_deleted() {
            return object::finalize(&*self, &context).await;
        }
        let unclaimed = Arc::clone(&self);
        let chart = match object::claim(self, &context).await {
            Ok(chart) => chart,
            Err(error) => return object::unreported(&*unclaimed, &error),
        };
        let pass = if chart.is_suspended() {
            Pass::without_a_look(&chart, Ok(Done::Rested))
        } else {
            run(&chart, &context).await
        };
        report(&chart, &context, pass).await
    }

    async fn panicked<C: Cluster>(self: Arc<Self>, context: Arc<Context<C>>, text: String) -> Next {
        let pass = Pass::without_a_look(&self, Err(Failure::panicked(&text)));
        report(&self, &context, pass).await
    }

    fn is_concerned_by(&self, news: &News) -> bool {
        let source = &self.spec.source_ref;
        let is_ours = source.kind.to_string() == news.kind
            && source.name == news.name
            && self.home() == news.namespace;
        is_ours
            && match &news.revision {
                // Who has seen that revision has nothing to gain, unless there was nothing to be seen then.
                Some(revision) => self.observed_source_revision() != Some(revision) || self.waits(),
                // What was beyond help may have been so because of how the source was.
                None => self.is_stalled(),
            }
    }
}

/// What is asked of a chart's status in more than one place.
trait Observing {
    /// The revision of the source that was looked at last.
    fn observed_source_revision(&self) -> Option<&String>;

    /// Whether the last pass found a source that had nothing to take from.
    fn waits(&self) -> bool;

    /// Whether the last pass found that only a change can help.
    fn is_stalled(&self) -> bool;

    /// What is held of the chart in `artifact`.
    fn held<'a>(&'a self, artifact: Option<&'a Artifact>) -> Option<Held<'a>>;

    /// Whether the spec has changed since it was last satisfied, or found to be beyond help.
    fn has_changed(&self) -> bool;

    /// The condition of that type.
    fn condition(&self, kind: &str) -> Option<&Condition>;
}

impl Observing for HelmChart {
    fn observed_source_revision(&self) -> Option<&String> {
        let status = self.status.as_ref()?;
        status.observed_source_artifact_revision.as_ref()
    }

    fn waits(&self) -> bool {
        self.condition(condition::FETCH_FAILED)
            .is_some_and(|failed| failed.reason == reason::NO_SOURCE_ARTIFACT)
    }

    fn is_stalled(&self) -> bool {
        self.condition(condition::STALLED)
            .is_some_and(|stalled| stalled.status == "True")
    }

    fn held<'a>(&'a self, artifact: Option<&'a Artifact>) -> Option<Held<'a>> {
        artifact.map(|artifact| Held {
            revision: &artifact.revision,
            chart: self
                .status
                .as_ref()
                .and_then(|status| status.observed_chart_name.as_deref()),
            path: &artifact.path,
        })
    }

    fn has_changed(&self) -> bool {
        let status = self.status.as_ref();
        let observed = status.and_then(|status| status.observed_generation);
        observed != Some(self.generation())
    }

    fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions()
            .iter()
            .find(|condition| condition.type_ == kind)
    }
}

/// What came of a pass.
struct Pass {
    /// What is in storage now.
    artifact: Option<Artifact>,
    /// The revision of the source that was looked at, if it has revisions.
    source_revision: Option<String>,
    /// What happened on the way.
    events: Vec<Event>,
    /// How it ended.
    result: Result<Done, Failure>,
}

/// A pass that ended well.
enum Done {
    /// The artifact is the wanted one.
    Stored(Built),
    /// Nothing was done, as the object is suspended.
    Rested,
}

/// A chart in storage.
struct Built {
    /// Its name.
    chart: String,
    /// Why it is there: the reason of conditions and events.
    reason: &'static str,
    /// The same as a sentence.
    summary: String,
    /// The values files that were merged into it, if it was brought in this pass.
    values_files: Option<Vec<String>>,
    /// What was proven of its signatures, if that was asked for.
    verified: Option<String>,
    /// Whether nothing had to be asked or brought, so that there is no news at all.
    untouched: bool,
}

impl Built {
    /// A chart that was brought, or held on to, in this pass.
    fn new(chart: &str, version: &str, packaged: bool, values_files: &[String]) -> Self {
        let (reason, summary) = if packaged {
            (
                reason::CHART_PACKAGE_SUCCEEDED,
                message::packaged(chart, version, values_files),
            )
        } else {
            (
                reason::CHART_PULL_SUCCEEDED,
                message::pulled(chart, version),
            )
        };
        Self {
            chart: chart.to_owned(),
            reason,
            summary,
            values_files: None,
            verified: None,
            untouched: true,
        }
    }

    /// It was proven to be signed as the spec demands, or else nobody asked.
    fn verified(self, version: &str, is_proven: bool) -> Self {
        Self {
            verified: is_proven.then(|| message::verified(version)),
            ..self
        }
    }

    fn brought(self, values_files: Vec<String>) -> Self {
        Self {
            values_files: Some(values_files),
            untouched: false,
            ..self
        }
    }
}

impl Pass {
    /// A pass that did not get to look at the storage: what the status names is taken to be there.
    fn without_a_look(chart: &HelmChart, result: Result<Done, Failure>) -> Self {
        Self {
            artifact: chart.artifact().cloned(),
            source_revision: None,
            events: Vec::new(),
            result,
        }
    }
}

/// A pass on its way.
struct Passing<'a, C: Cluster> {
    chart: &'a HelmChart,
    context: &'a Context<C>,
    key: &'a ObjectKey,
    /// What is in storage; replaced only by what has been published.
    artifact: Option<Artifact>,
    source_revision: Option<String>,
    events: Vec<Event>,
}

/// Bring the chart to where its spec wants it.
async fn run<C: Cluster>(chart: &HelmChart, context: &Context<C>) -> Pass {
    let key = match object::key(chart) {
        Ok(key) => key,
        Err(failure) => return Pass::without_a_look(chart, Err(failure)),
    };
    let (store, address) = (&context.store, &context.address);
    let kept = look_after(store, address, &key, chart.artifact(), now()).await;
    let Kept { artifact, events } = match kept {
        Ok(kept) => kept,
        Err(failure) => return Pass::without_a_look(chart, Err(failure)),
    };
    let mut passing = Passing {
        chart,
        context,
        key: &key,
        artifact,
        source_revision: None,
        events,
    };
    let result = passing.bring().await;
    let result = result.map_err(|failure| match chart.spec.verify {
        Some(_) => failure,
        None => failure.withdrawn(),
    });
    Pass {
        artifact: passing.artifact,
        source_revision: passing.source_revision,
        events: passing.events,
        result: result.map(Done::Stored),
    }
}

impl<C: Cluster> Passing<'_, C> {
    /// Observe the source, plan, and bring what is missing.
    async fn bring(&mut self) -> Result<Built, Failure> {
        translate::refuse_unsupported(&self.chart.spec)?;
        if let SourceKind::Unrecognised(kind) = &self.chart.spec.source_ref.kind {
            return Err(Failure::unsupported_source_kind(kind));
        }
        match Source::of(self.chart, self.context).await? {
            Source::Registry(repository) => self.take_from_repository(&repository).await,
            Source::Index(repository, artifact) => {
                self.source_revision = Some(artifact.revision);
                self.take_from_repository(&repository).await
            }
            Source::Files(kind, artifact) => {
                self.source_revision = Some(artifact.revision.clone());
                self.take_from_source(kind, &artifact).await
            }
        }
    }
}
