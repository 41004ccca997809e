//! The `HelmChart`: observe, plan, act; whatever came of it is reported.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use portolan_acquire::{Acquired, Look, Request};
use portolan_api::{
    Artifact, HelmChart, HelmChartStatus, HelmRepository, RepositoryType, condition, message,
    reason,
};
use portolan_store::ObjectKey;
use serde_json::Value;

use crate::artifact::{Kept, look_after, published};
use crate::chain::chain;
use crate::clock::now;
use crate::cluster::{Action, Cluster, ClusterError, Event, Report, Severity};
use crate::conditions::{self, Before, HELM_CHART, Outcome};
use crate::context::Context;
use crate::failure::Failure;
use crate::kind::{Kind, Next, Reconcile};
use crate::object;
use crate::plan::{Held, Step, plan};
use crate::translate::{self, Secrets};

impl Kind for HelmChart {
    const NAME: &'static str = "HelmChart";
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
}

/// What came of a pass.
struct Pass {
    /// What is in storage now.
    artifact: Option<Artifact>,
    /// What happened on the way.
    events: Vec<Event>,
    /// How it ended.
    result: Result<Done, Failure>,
}

/// A pass that ended well.
enum Done {
    /// The artifact is the wanted one.
    Stored {
        /// The chart in it.
        chart: String,
        /// Whether nothing had to be asked or brought, so that there is no news at all.
        untouched: bool,
    },
    /// Nothing was done, as the object is suspended.
    Rested,
}

impl Pass {
    /// A pass that did not get to look at the storage: what the status names is taken to be there.
    fn without_a_look(chart: &HelmChart, result: Result<Done, Failure>) -> Self {
        Self {
            artifact: named(chart).cloned(),
            events: Vec::new(),
            result,
        }
    }
}

/// The artifact that the status names.
fn named(chart: &HelmChart) -> Option<&Artifact> {
    chart.status.as_ref()?.artifact.as_ref()
}

/// Bring the chart to where its spec wants it.
async fn run<C: Cluster>(chart: &HelmChart, context: &Context<C>) -> Pass {
    let key = match object::key(chart) {
        Ok(key) => key,
        Err(failure) => return Pass::without_a_look(chart, Err(failure)),
    };
    let kept = look_after(&context.store, &context.address, &key, named(chart), now()).await;
    let Kept {
        mut artifact,
        mut events,
    } = match kept {
        Ok(kept) => kept,
        Err(failure) => return Pass::without_a_look(chart, Err(failure)),
    };
    let result = bring(chart, context, &key, &mut artifact, &mut events).await;
    Pass {
        artifact,
        events,
        result,
    }
}

/// Observe the source, plan, and acquire what is missing. `artifact` is replaced only by one that
/// has been published.
async fn bring<C: Cluster>(
    chart: &HelmChart,
    context: &Context<C>,
    key: &ObjectKey,
    artifact: &mut Option<Artifact>,
    events: &mut Vec<Event>,
) -> Result<Done, Failure> {
    translate::refuse_unsupported(&chart.spec)?;
    let repository = source(chart, context).await?;
    let secrets = secrets(&repository, context).await?;
    let request = translate::request(chart, &repository, &secrets)?;
    let timeout = repository
        .spec
        .timeout()
        .unwrap_or(context.settings.default_timeout);
    let acting = async {
        let look = context.acquirer.look(&request).await;
        let look = look.map_err(|error| Failure::looking(&error))?;
        let step = planned(chart, &request, &look, artifact.as_ref());
        let Step::Acquire { held } = step else {
            return Ok((look, None));
        };
        let acquired = context
            .acquirer
            .acquire(&request, &look, &context.store, key, held);
        match acquired.await {
            Ok(acquired) => Ok((look, Some(acquired))),
            Err(error) => {
                let summary = message::pulled(request.chart().as_str(), look.version());
                Err(Failure::acquiring(&error, &summary))
            }
        }
    };
    let (look, acquired) = tokio::time::timeout(timeout, acting)
        .await
        .map_err(|_| Failure::timed_out(timeout))??;
    let untouched = acquired.is_none();
    if let Some(acquired) = acquired {
        events.extend(mismatch(&request, &look, &acquired));
        if let Some(stored) = acquired.artifact {
            *artifact = Some(published(&stored, look.version(), &context.address));
        }
    }
    Ok(Done::Stored {
        chart: request.chart().as_str().to_owned(),
        untouched,
    })
}

fn planned<'a>(
    chart: &'a HelmChart,
    request: &Request,
    look: &Look,
    artifact: Option<&'a Artifact>,
) -> Step<'a> {
    let held = artifact.map(|artifact| Held {
        revision: &artifact.revision,
        chart: chart
            .status
            .as_ref()
            .and_then(|status| status.observed_chart_name.as_deref()),
        path: &artifact.path,
    });
    let forced = chart.generation() != observed_generation(chart);
    plan(request.chart().as_str(), look.version(), held, forced)
}

/// The repository that the chart names, as it was last seen, or as it is now if it was not yet.
async fn source<C: Cluster>(
    chart: &HelmChart,
    context: &Context<C>,
) -> Result<HelmRepository, Failure> {
    let (namespace, name) = (chart.home(), chart.spec.source_ref.name.as_str());
    let seen = kube::runtime::reflector::ObjectRef::new(name).within(&namespace);
    let repository = match context.repositories.get(&seen) {
        Some(repository) => Some(HelmRepository::clone(&repository)),
        None => context
            .cluster
            .read(&namespace, name)
            .await
            .map_err(|error| unavailable(&chain(&error)))?,
    };
    let repository = repository.ok_or_else(|| {
        unavailable(&format!(
            "helmrepositories.source.toolkit.fluxcd.io \"{name}\" not found"
        ))
    })?;
    if repository.spec.repository_type() != RepositoryType::Oci {
        return Err(Failure::fetch(
            reason::NO_SOURCE_ARTIFACT,
            &message::no_source_artifact(HelmRepository::NAME, name),
        ));
    }
    Ok(repository)
}

fn unavailable(cause: &str) -> Failure {
    Failure::fetch(
        reason::SOURCE_UNAVAILABLE,
        &format!("{}{cause}", message::FAILED_TO_GET_SOURCE),
    )
}

/// The Secrets that the repository names, each read once.
async fn secrets<C: Cluster>(
    repository: &HelmRepository,
    context: &Context<C>,
) -> Result<Secrets, Failure> {
    let (credential, tls) = translate::secrets_of(repository);
    let namespace = repository.home();
    let read = async |name: Option<&str>| -> Result<Option<Secret>, Failure> {
        let Some(name) = name else { return Ok(None) };
        let failed = |cause: &str| {
            Failure::fetch(
                reason::AUTHENTICATION_FAILED,
                &format!("failed to get authentication secret '{namespace}/{name}': {cause}"),
            )
        };
        let secret = context.cluster.read::<Secret>(&namespace, name).await;
        match secret.map_err(|error| failed(&chain(&error)))? {
            Some(secret) => Ok(Some(secret)),
            None => Err(failed(&format!("secrets \"{name}\" not found"))),
        }
    };
    let credential = read(credential).await?;
    let tls = match (tls, &credential) {
        (Some(name), Some(same)) if same.name_any() == name => credential.clone(),
        _ => read(tls).await?,
    };
    Ok(Secrets { credential, tls })
}

/// An archive that calls itself something else is served as what it was offered as, but not in
/// silence.
fn mismatch(request: &Request, look: &Look, acquired: &Acquired) -> Option<Event> {
    let inside = acquired.mismatch.as_ref()?;
    Some(Event::warning(
        reason::ARCHIVE_MISMATCH,
        format!(
            "the archive offered as '{}' version '{}' calls itself '{}' version '{}'",
            request.chart(),
            look.version(),
            inside.name,
            inside.version
        ),
    ))
}

fn observed_generation(chart: &HelmChart) -> i64 {
    chart
        .status
        .as_ref()
        .and_then(|status| status.observed_generation)
        .unwrap_or(-1)
}

/// Write the status once, tell the news, and say when the chart is looked at again.
async fn report<C: Cluster>(chart: &HelmChart, context: &Context<C>, pass: Pass) -> Next {
    let old = chart.status.clone().unwrap_or_default();
    let summary = match (&pass.result, &pass.artifact) {
        (Ok(Done::Stored { chart, .. }), Some(artifact)) => {
            message::pulled(chart, &artifact.revision)
        }
        _ => String::new(),
    };
    let outcome = match &pass.result {
        Ok(Done::Stored { .. }) => Outcome::Stored {
            reason: reason::CHART_PULL_SUCCEEDED,
            message: &summary,
        },
        Ok(Done::Rested) => Outcome::Rested,
        Err(failure) => Outcome::Failed(failure),
    };
    let before = Before {
        conditions: &old.conditions,
        generation: chart.generation(),
        observed_generation: observed_generation(chart),
        had_artifact: old.artifact.is_some(),
        has_artifact: pass.artifact.is_some(),
    };
    let (conditions, observed) =
        conditions::after(HELM_CHART, before, outcome, &object::time(now()));
    let status = HelmChartStatus {
        url: pass
            .artifact
            .as_ref()
            .map(|artifact| object::link_url(&context.address, &artifact.path, "latest.tar.gz")),
        observed_chart_name: match &pass.result {
            Ok(Done::Stored { chart, .. }) => Some(chart.clone()),
            _ => old.observed_chart_name.clone(),
        },
        conditions,
        observed_generation: Some(observed),
        last_handled_reconcile_at: chart
            .requested_at()
            .map(str::to_owned)
            .or_else(|| old.last_handled_reconcile_at.clone()),
        artifact: pass.artifact,
        ..old.clone()
    };
    let told = context
        .cluster
        .report(chart, Report::Status(object::status_value(Some(&status))))
        .await;
    if let Err(error) = told {
        if matches!(error, ClusterError::Gone) {
            object::disown(chart, context).await;
        }
        return object::unreported(chart, &error);
    }
    let mut events = pass.events;
    events.extend(news(&old, &status, &pass.result, &summary));
    object::tell(chart, context, events).await;
    match &pass.result {
        Ok(Done::Stored { .. }) => match chart.spec.interval() {
            Ok(interval) => Next::After(interval),
            Err(_) => Next::RETRY,
        },
        Ok(Done::Rested) => Next::WhenChanged,
        Err(failure) => failure.retry.into(),
    }
}

/// What people and Flux's notification-controller hear of a pass.
fn news(
    old: &HelmChartStatus,
    new: &HelmChartStatus,
    result: &Result<Done, Failure>,
    summary: &str,
) -> Vec<Event> {
    let untouched = match result {
        Err(failure) => return vec![Event::warning(failure.reason, failure.message.clone())],
        Ok(Done::Rested) => return Vec::new(),
        Ok(Done::Stored { untouched, .. }) => *untouched,
    };
    let Some(artifact) = &new.artifact else {
        return Vec::new();
    };
    let mut events = Vec::new();
    let fresh = old.artifact.as_ref().map(|artifact| &artifact.digest) != Some(&artifact.digest);
    if fresh || object::recovered(&old.conditions, &new.conditions) {
        events.push(Event {
            severity: Severity::Info,
            reason: reason::CHART_PULL_SUCCEEDED.to_owned(),
            message: summary.to_owned(),
            metadata: object::artifact_metadata(artifact),
            action: Action::Reconcile,
        });
    }
    if untouched {
        events.push(Event {
            severity: Severity::Trace,
            reason: reason::ARTIFACT_UP_TO_DATE.to_owned(),
            message: format!(
                "artifact up-to-date with remote revision: '{}'",
                artifact.revision
            ),
            metadata: BTreeMap::new(),
            action: Action::ReconcileArtifact,
        });
    }
    events
}

#[cfg(test)]
#[path = "chart/tests.rs"]
mod tests;
