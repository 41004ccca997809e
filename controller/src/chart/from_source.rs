//! A chart among the files of a `GitRepository` or a `Bucket`.

use std::sync::Arc;

use portolan_acquire::{Acquired, SourceRequest, Taken};
use portolan_api::{Artifact, condition, message, reason};
use tokio::time::timeout;
use tracing::info;

use super::dependencies::Neighbours;
use super::from_repository::not_as_promised;
use super::{Built, Observing as _, Passing};
use crate::artifact::published;
use crate::cluster::{Action, Cluster, Event};
use crate::failure::Failure;
use crate::kind::Watched as _;
use crate::plan::{Step, plan};
use crate::translate;

impl<C: Cluster> Passing<'_, C> {
    /// Look which chart is in the files, and build it if it is not what is held.
    pub(super) async fn take_from_source(
        &mut self,
        kind: &'static str,
        source: &Artifact,
    ) -> Result<Built, Failure> {
        if let Some(kept) = self.kept_since(source) {
            return Ok(kept);
        }
        let context = self.context;
        let neighbours = Neighbours::of(self.chart.home(), context);
        let request = translate::source_request(self.chart, kind, source, Arc::new(neighbours))?;
        let request = if context.settings.require_index_digest {
            request.require_index_digest()
        } else {
            request
        };
        let limit = context.settings.default_timeout;
        let opened = timeout(limit, context.acquirer.open_source(&request)).await;
        let opened = opened
            .map_err(|_| Failure::source_unavailable(&format!("timed out after {limit:?}")))?
            .map_err(|error| Failure::opening(&error))?;
        let (chart, version) = (opened.metadata().name.clone(), opened.version().to_owned());
        let packaged = opened.is_packaged(&request);
        let held = self.chart.held(self.artifact.as_ref());
        let step = plan(&chart, &version, held, self.chart.has_changed());
        if let Step::Keep { .. } = step {
            let values_files = self.values_files_then(&chart, &version);
            return Ok(Built::new(&chart, &version, packaged, &values_files));
        }
        let chosen = Built::new(&chart, &version, packaged, &[]);
        let built = self.build(&request, opened, &chosen).await?;
        Ok(Built::new(&chart, &version, packaged, &built).brought(built))
    }

    /// Build what was opened, and publish it. Returns the values files that were merged.
    async fn build(
        &mut self,
        request: &SourceRequest,
        opened: portolan_acquire::OpenedSource,
        chosen: &Built,
    ) -> Result<Vec<String>, Failure> {
        let context = self.context;
        let version = opened.version().to_owned();
        let limit = context.settings.build_timeout;
        let building = context
            .acquirer
            .build(request, opened, &context.store, self.key);
        let acquired = timeout(limit, building)
            .await
            .map_err(|_| Failure::build_timed_out(limit))?
            .map_err(|error| Failure::building(&error, &chosen.summary))?;
        self.events.extend(self.emptied(&acquired));
        self.events
            .extend(acquired.dependencies.iter().filter_map(warning));
        self.events.extend(doubtful(&acquired));
        for taken in &acquired.dependencies {
            info!(dependency = %taken, "built in");
        }
        if !acquired.dependencies.is_empty() {
            self.events.push(Event::trace(
                reason::RESOLVED_DEPENDENCIES,
                message::resolved_dependencies(acquired.dependencies.len()),
                Action::ReconcileSource,
            ));
        }
        if let Some(stored) = acquired.artifact {
            self.artifact = Some(published(&stored, &version, &context.address));
        }
        Ok(acquired.values_files)
    }

    /// What is held, if all was well with this very revision of the source: then it is not even
    /// downloaded.
    fn kept_since(&self, source: &Artifact) -> Option<Built> {
        let chart = self.chart;
        let artifact = self.artifact.as_ref()?;
        let status = chart.status.as_ref()?;
        let is_ready = chart
            .condition(condition::READY)
            .is_some_and(|ready| ready.status == "True");
        let seen = chart.observed_source_revision() == Some(&source.revision);
        if chart.has_changed() || !is_ready || !seen {
            return None;
        }
        let told = chart.condition(condition::ARTIFACT_IN_STORAGE)?;
        let packaged = told.reason == reason::CHART_PACKAGE_SUCCEEDED;
        let name = status.observed_chart_name.as_ref()?;
        let values_files = self.values_files_then(name, &artifact.revision);
        let values_files = if packaged { values_files } else { Vec::new() };
        Some(Built::new(
            name,
            &artifact.revision,
            packaged,
            &values_files,
        ))
    }
}

/// What is built in all the same, but not in silence: a dependency that is not what its index promises.
fn warning(taken: &Taken) -> Option<Event> {
    let found = taken.index_digest.as_ref()?;
    Some(not_as_promised(&taken.name, &taken.version, found))
}

/// A lock file that was made for other requirements is followed as far as its lines fit, as with Flux,
/// but not in silence.
fn doubtful(acquired: &Acquired) -> Option<Event> {
    let path = acquired.doubtful_locks.first()?;
    Some(Event::warning(
        reason::LOCK_OUT_OF_SYNC,
        message::lock_out_of_sync(path),
    ))
}
