//! A chart from a `HelmRepository`.

use kube::ResourceExt as _;
use portolan_acquire::{Acquired, IndexDigest, Look, Request, Trust};
use portolan_api::{HelmRepository, condition, message, reason};
use tracing::info;

use super::{Built, Observing as _, Passing};
use crate::artifact::published;
use crate::clock::now;
use crate::cluster::{Cluster, Event};
use crate::failure::Failure;
use crate::plan::{Step, plan};
use crate::secrets::{self, Secrets};
use crate::translate;

impl<C: Cluster> Passing<'_, C> {
    /// Look which version is wanted, and bring it if it is not what is held.
    pub(super) async fn take_from_repository(
        &mut self,
        repository: &HelmRepository,
    ) -> Result<Built, Failure> {
        let context = self.context;
        let secrets = Secrets::read(repository, &context.cluster).await?;
        let request = translate::request(self.chart, repository, &secrets, &context.store)?;
        let request = if context.settings.require_index_digest {
            request.require_index_digest()
        } else {
            request
        };
        let request = self.demanding_signatures(request).await?;
        let is_proven = self.is_proven(&request).await;
        let timeout = repository
            .spec
            .timeout()
            .unwrap_or(context.settings.default_timeout);
        // All that a download needs is more than a stack should hold.
        let acting = Box::pin(self.look_and_bring(repository, &request, is_proven));
        let (look, acquired) = tokio::time::timeout(timeout, acting)
            .await
            .unwrap_or_else(|_| Err(Failure::timed_out(timeout)))
            .map_err(|failure| {
                if is_proven {
                    failure
                } else {
                    failure.withdrawn()
                }
            })?;
        let chart = request.chart().as_str();
        let Some(acquired) = acquired else {
            let spec = &self.chart.spec;
            let packaged = !translate::values_files(spec).is_empty();
            return Ok(Built::new(
                chart,
                look.version(),
                packaged,
                &self.values_files_then(chart, look.version()),
            )
            .verified(look.version(), is_proven));
        };
        tell_who_signed(&acquired);
        self.events.extend(warnings(&request, &look, &acquired));
        self.events.extend(self.emptied(&acquired));
        let built = Built::new(
            chart,
            look.version(),
            acquired.packaged,
            &acquired.values_files,
        );
        if let Some(stored) = acquired.artifact {
            self.artifact = Some(published(&stored, look.version(), &context.address));
        }
        Ok(built
            .verified(look.version(), acquired.trust.is_proven())
            .brought(acquired.values_files))
    }

    /// The same request; nothing but what is signed as the chart's spec demands may come of it.
    async fn demanding_signatures(&self, request: Request) -> Result<Request, Failure> {
        let Some(verify) = &self.chart.spec.verify else {
            return Ok(request);
        };
        let secret = secrets::verification(self.chart, &self.context.cluster).await?;
        let root = || self.context.trust_roots.current();
        let policy = translate::policy(verify, secret.as_ref(), root)?;
        Ok(request.verify(policy, now()))
    }

    /// Whether what is held was proven to be signed as `request` demands.
    async fn is_proven(&self, request: &Request) -> bool {
        let Some(held) = &self.artifact else {
            return false;
        };
        let (conductor, store) = (&self.context.acquirer, &self.context.store);
        conductor.is_proven(request, store, &held.path).await
    }

    /// `is_proven` is what [`is_proven`](Self::is_proven) says of `request`.
    async fn look_and_bring(
        &self,
        repository: &HelmRepository,
        request: &Request,
        is_proven: bool,
    ) -> Result<(Look, Option<Acquired>), Failure> {
        let (conductor, store) = (&self.context.acquirer, &self.context.store);
        let look = conductor
            .look(request)
            .await
            .map_err(|error| Failure::looking(&error, &repository.name_any()))?;
        let held = self.chart.held(self.artifact.as_ref());
        let step = plan(
            request.chart().as_str(),
            look.version(),
            held,
            self.chart.has_changed(),
        );
        let held = match step {
            // Only what is pinned by a registry is ever proven, and that is current then.
            Step::Keep { path }
                if is_proven || conductor.is_current(request, &look, store, path).await =>
            {
                return Ok((look, None));
            }
            Step::Keep { path } => Some(path),
            Step::Bring { held } => held,
        };
        let acquired = conductor
            .acquire(request, &look, store, self.key, held)
            .await;
        match acquired {
            Ok(acquired) => Ok((look, Some(acquired))),
            Err(error) => {
                let packaged = !translate::values_files(&self.chart.spec).is_empty();
                let chart = request.chart().as_str();
                let built = Built::new(chart, look.version(), packaged, &[]);
                Err(Failure::acquiring(&error, &built.summary))
            }
        }
    }

    /// The values files that made a difference in the artifact that is held, of `chart` in `version`.
    pub(super) fn values_files_then(&self, chart: &str, version: &str) -> Vec<String> {
        let spec = &self.chart.spec;
        let stored = self.chart.condition(condition::ARTIFACT_IN_STORAGE);
        if stored.is_some_and(|stored| stored.message == message::packaged(chart, version, &[])) {
            return Vec::new();
        }
        if spec.ignore_missing_values_files {
            let status = self.chart.status.as_ref();
            return status
                .map(|status| status.observed_values_files.clone())
                .unwrap_or_default();
        }
        translate::values_files(spec).to_vec()
    }

    /// That none of the values files was there has emptied the chart's own values. That is what was
    /// asked for, but it does not happen in silence.
    pub(super) fn emptied(&self, acquired: &Acquired) -> Option<Event> {
        let asked = translate::values_files(&self.chart.spec);
        acquired
            .values_emptied
            .then(|| Event::warning(reason::NO_VALUES_FILES, message::no_values_files(asked)))
    }
}

/// Who signed is for the log; conditions tell that somebody did who may.
fn tell_who_signed(acquired: &Acquired) {
    if let Trust::Verified(verified) = &acquired.trust {
        let signers = verified.signatures.iter().map(|one| one.signer.to_string());
        let signers = signers.collect::<Vec<_>>().join(", ");
        info!(digest = %verified.digest, signers, "the signature was verified");
    }
}

/// What is served all the same, but not in silence: an archive that calls itself something else than
/// it was offered as, and one that is not what the index promises.
fn warnings(request: &Request, look: &Look, acquired: &Acquired) -> Vec<Event> {
    let (chart, version) = (request.chart(), look.offered());
    let mismatch = acquired.mismatch.as_ref().map(|inside| {
        Event::warning(
            reason::ARCHIVE_MISMATCH,
            format!(
                "the archive offered as '{chart}' version '{version}' calls itself '{}' version '{}'",
                inside.name, inside.version
            ),
        )
    });
    let digest = acquired.index_digest.as_ref();
    let digest = digest.map(|found| not_as_promised(chart.as_str(), version, found));
    mismatch.into_iter().chain(digest).collect()
}

/// That an archive is not what the index of its repository promises.
pub(super) fn not_as_promised(chart: &str, version: &str, found: &IndexDigest) -> Event {
    Event::warning(
        reason::INDEX_DIGEST_MISMATCH,
        format!(
            "the archive of '{chart}' version '{version}' has the digest '{}', but the index promises '{}'",
            found.actual, found.promised
        ),
    )
}
