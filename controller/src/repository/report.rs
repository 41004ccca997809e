//! What is told of a pass over a repository with an index.

use portolan_api::{Artifact, HelmRepository, HelmRepositoryStatus, message, reason};

use super::index::{Done, Pass};
use crate::chain::shown;
use crate::clock::now;
use crate::cluster::{Action, Cluster, ClusterError, Event, Report, Severity};
use crate::conditions::{self, Before, HELM_REPOSITORY, Outcome};
use crate::context::Context;
use crate::failure::Failure;
use crate::kind::{Kind as _, Next};
use crate::object;

/// The link to the newest index.
const LINK: &str = "index.yaml";

/// Write the status once, tell the news, and say when the repository is looked at again.
pub(super) async fn report<C: Cluster>(
    repository: &HelmRepository,
    context: &Context<C>,
    pass: Pass,
) -> Next {
    let old = repository.status.clone().unwrap_or_default();
    let revision = pass.artifact.as_ref().map(|artifact| &artifact.revision);
    let stored = revision.map_or_else(String::new, |text| message::stored_index_revision(text));
    let outcome = match &pass.result {
        Ok(Done::Stored | Done::Unchanged) => Outcome::Stored {
            verified: None,
            reason: reason::SUCCEEDED,
            message: &stored,
        },
        Ok(Done::Rested) => Outcome::Rested,
        Err(failure) => Outcome::Failed(failure),
    };
    let before = Before {
        conditions: &old.conditions,
        generation: repository.generation(),
        observed_generation: old.observed_generation.unwrap_or(-1),
        had_artifact: old.artifact.is_some(),
        has_artifact: pass.artifact.is_some(),
    };
    let (conditions, observed) =
        conditions::after(HELM_REPOSITORY, before, outcome, &object::time(now()));
    let status = HelmRepositoryStatus {
        url: pass
            .artifact
            .as_ref()
            .map(|artifact| object::link_url(&context.address, &artifact.path, LINK)),
        conditions,
        observed_generation: Some(observed),
        last_handled_reconcile_at: repository
            .requested_at()
            .map(str::to_owned)
            .or_else(|| old.last_handled_reconcile_at.clone()),
        artifact: pass.artifact,
    };
    let told = context
        .cluster
        .report(
            repository,
            Report::Status(object::status_value(Some(&status))),
        )
        .await;
    if let Err(error) = told {
        if matches!(error, ClusterError::Gone) {
            object::disown(repository, context).await;
        }
        return object::unreported(repository, &error);
    }
    let mut events = pass.events;
    events.extend(news(repository, &old, &status, &pass.result));
    object::tell(repository, context, events).await;
    match &pass.result {
        Ok(Done::Stored | Done::Unchanged) => match repository.spec.interval() {
            Ok(interval) => Next::After(interval),
            Err(_) => Next::RETRY,
        },
        Ok(Done::Rested) => Next::WhenChanged,
        Err(failure) => failure.retry.into(),
    }
}

/// What people and Flux's notification-controller hear of a pass.
fn news(
    repository: &HelmRepository,
    old: &HelmRepositoryStatus,
    new: &HelmRepositoryStatus,
    result: &Result<Done, Failure>,
) -> Vec<Event> {
    let done = match result {
        Err(failure) => return vec![failure.event()],
        Ok(done) => *done,
    };
    let (Some(artifact), Done::Stored | Done::Unchanged) = (&new.artifact, done) else {
        return Vec::new();
    };
    let mut events = Vec::new();
    let fresh = old.artifact.as_ref().map(|artifact| &artifact.digest) != Some(&artifact.digest);
    let recovered = object::recovered(&old.conditions, &new.conditions);
    if fresh || recovered {
        let reason = if fresh {
            reason::NEW_ARTIFACT
        } else {
            reason::SUCCEEDED
        };
        events.push(Event {
            severity: Severity::Info,
            reason: reason.to_owned(),
            message: fetched(repository, artifact),
            metadata: object::artifact_metadata(artifact),
            action: Action::Reconcile,
        });
    }
    if done == Done::Unchanged {
        events.push(Event::trace(
            reason::ARTIFACT_UP_TO_DATE,
            message::up_to_date(&artifact.revision),
            Action::ReconcileArtifact,
        ));
    }
    events
}

fn fetched(repository: &HelmRepository, artifact: &Artifact) -> String {
    let size = artifact.size.and_then(|size| u64::try_from(size).ok());
    message::stored_index(size, &shown(&repository.spec.url))
}
