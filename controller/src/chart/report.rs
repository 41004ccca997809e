//! What is told of a pass.

use portolan_api::{HelmChart, HelmChartStatus, message, reason};

use super::{Built, Done, Pass};
use crate::clock::now;
use crate::cluster::{Action, Cluster, ClusterError, Event, Report, Severity};
use crate::conditions::{self, Before, HELM_CHART, Outcome};
use crate::context::Context;
use crate::failure::Failure;
use crate::kind::{Kind as _, Next};
use crate::object;

/// Write the status once, tell the news, and say when the chart is looked at again.
pub(super) async fn report<C: Cluster>(
    chart: &HelmChart,
    context: &Context<C>,
    pass: Pass,
) -> Next {
    let old = chart.status.clone().unwrap_or_default();
    let outcome = match &pass.result {
        Ok(Done::Stored(built)) => Outcome::Stored {
            reason: built.reason,
            message: &built.summary,
            verified: built.verified.as_deref(),
        },
        Ok(Done::Rested) => Outcome::Rested,
        Err(failure) => Outcome::Failed(failure),
    };
    let before = Before {
        conditions: &old.conditions,
        generation: chart.generation(),
        observed_generation: old.observed_generation.unwrap_or(-1),
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
            Ok(Done::Stored(built)) => Some(built.chart.clone()),
            _ => old.observed_chart_name.clone(),
        },
        observed_values_files: match &pass.result {
            Ok(Done::Stored(built)) => observed_values_files(chart, built, &old),
            _ => old.observed_values_files.clone(),
        },
        observed_source_artifact_revision: pass
            .source_revision
            .or_else(|| old.observed_source_artifact_revision.clone()),
        conditions,
        observed_generation: Some(observed),
        last_handled_reconcile_at: chart
            .requested_at()
            .map(str::to_owned)
            .or_else(|| old.last_handled_reconcile_at.clone()),
        artifact: pass.artifact,
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
    events.extend(news(&old, &status, &pass.result));
    object::tell(chart, context, events).await;
    match &pass.result {
        Ok(Done::Stored(_)) => match chart.spec.interval() {
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
) -> Vec<Event> {
    let built = match result {
        Err(failure) => return vec![failure.event()],
        Ok(Done::Rested) => return Vec::new(),
        Ok(Done::Stored(built)) => built,
    };
    let Some(artifact) = &new.artifact else {
        return Vec::new();
    };
    let mut events = Vec::new();
    let fresh = old.artifact.as_ref().map(|artifact| &artifact.digest) != Some(&artifact.digest);
    if fresh || object::recovered(&old.conditions, &new.conditions) {
        events.push(Event {
            severity: Severity::Info,
            reason: built.reason.to_owned(),
            message: built.summary.clone(),
            metadata: object::artifact_metadata(artifact),
            action: Action::Reconcile,
        });
    }
    if built.untouched {
        events.push(Event::trace(
            reason::ARTIFACT_UP_TO_DATE,
            message::up_to_date(&artifact.revision),
            Action::ReconcileArtifact,
        ));
    }
    events
}

/// Which values files are known to have been there, where some may be missing.
fn observed_values_files(chart: &HelmChart, built: &Built, old: &HelmChartStatus) -> Vec<String> {
    match &built.values_files {
        Some(merged) if chart.spec.ignore_missing_values_files => merged.clone(),
        Some(_) => Vec::new(),
        None => old.observed_values_files.clone(),
    }
}
