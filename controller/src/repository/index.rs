//! The index of a repository, kept up to date.

use portolan_acquire::{HeldIndex, Refreshed};
use portolan_api::{Artifact, HelmRepository, message, reason};
use portolan_store::ObjectKey;
use tokio::time::timeout;

use crate::artifact::{Kept, look_after, published};
use crate::chain::shown;
use crate::clock::now;
use crate::cluster::{Action, Cluster, Event};
use crate::context::Context;
use crate::failure::Failure;
use crate::kind::{Kind as _, Watched as _};
use crate::object;
use crate::secrets::Secrets;
use crate::translate;

/// How many dropped entries of an index are told by name. An event is no list.
const TOLD_ENTRIES: usize = 5;

/// What came of a pass.
pub(super) struct Pass {
    /// What is in storage now.
    pub(super) artifact: Option<Artifact>,
    /// What happened on the way.
    pub(super) events: Vec<Event>,
    /// How it ended.
    pub(super) result: Result<Done, Failure>,
}

/// A pass that ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// The index is what the server has: it was stored in this pass.
    Stored,
    /// The index is what the server has, as before.
    Unchanged,
    /// Nothing was done, as the object is suspended.
    Rested,
}

impl Pass {
    /// A pass over an object that is to be left alone.
    pub(super) fn rested(repository: &HelmRepository) -> Self {
        Self::without_a_look(repository, Ok(Done::Rested))
    }

    /// A pass that came to nothing before it looked at the storage.
    pub(super) fn failed(repository: &HelmRepository, failure: Failure) -> Self {
        Self::without_a_look(repository, Err(failure))
    }

    /// What the status names is taken to be there.
    fn without_a_look(repository: &HelmRepository, result: Result<Done, Failure>) -> Self {
        Self {
            artifact: repository.artifact().cloned(),
            events: Vec::new(),
            result,
        }
    }
}

/// Bring the stored index to what the server has.
pub(super) async fn run<C: Cluster>(repository: &HelmRepository, context: &Context<C>) -> Pass {
    let key = match object::key(repository) {
        Ok(key) => key,
        Err(failure) => return Pass::failed(repository, failure),
    };
    let named = repository.artifact();
    let kept = look_after(&context.store, &context.address, &key, named, now()).await;
    let Kept { artifact, events } = match kept {
        Ok(kept) => kept,
        Err(failure) => return Pass::failed(repository, failure),
    };
    if let (Some(lost), None) = (named, &artifact) {
        context.acquirer.forget_index(&lost.path);
    }
    let mut pass = Pass {
        artifact,
        events,
        result: Ok(Done::Unchanged),
    };
    pass.result = refresh(repository, context, &key, &mut pass).await;
    pass
}

async fn refresh<C: Cluster>(
    repository: &HelmRepository,
    context: &Context<C>,
    key: &ObjectKey,
    pass: &mut Pass,
) -> Result<Done, Failure> {
    translate::url(repository)?;
    let secrets = Secrets::read(repository, &context.cluster).await?;
    let charts = translate::charts(repository, &secrets)?;
    let limit = repository
        .spec
        .timeout()
        .unwrap_or(context.settings.default_timeout);
    let held = pass
        .artifact
        .as_ref()
        .map(|artifact| HeldIndex::new(&artifact.path));
    // Who changes the object wants to know what is there now. A request for a reconcile is none for a
    // download: monitoring sends them, too.
    let held = if has_changed(repository) {
        held.map(HeldIndex::doubted)
    } else {
        held
    };
    let asking = context
        .acquirer
        .refresh_index(&charts, &context.store, key, held);
    let refreshed = timeout(limit, asking)
        .await
        .map_err(|_| Failure::refresh_timed_out(limit))?
        .map_err(|error| Failure::refreshing(&error, &shown(&repository.spec.url)))?;
    let Refreshed::Stored(stored) = refreshed else {
        return Ok(Done::Unchanged);
    };
    let revision = stored.revision.to_string();
    if let Some(before) = &pass.artifact {
        context.acquirer.forget_index(&before.path);
    }
    pass.events.extend(dropped(&stored.report));
    pass.artifact = Some(published(&stored.artifact, &revision, &context.address));
    Ok(Done::Stored)
}

/// Whether the spec has changed since it was last satisfied.
fn has_changed(repository: &HelmRepository) -> bool {
    let status = repository.status.as_ref();
    let observed = status.and_then(|status| status.observed_generation);
    observed != Some(repository.generation())
}

/// What Helm leaves out of an index in silence is left out here as well, but not in silence.
fn dropped(report: &portolan_acquire::IndexReport) -> Option<Event> {
    let count = report.dropped_count();
    if count == 0 {
        return None;
    }
    let first = report.dropped().iter().take(TOLD_ENTRIES);
    let told = first.map(|one| format!("{} {}: {}", one.chart(), one.version(), one.reason()));
    let told: Vec<String> = told.collect();
    let text = message::dropped_entries(count, &told);
    let action = Action::ReconcileSource;
    Some(Event::trace(reason::INDEX_ENTRIES_DROPPED, text, action))
}
