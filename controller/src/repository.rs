//! The `HelmRepository`. Of type `oci` it is a static object: nothing is ever said in its status.

mod index;
mod report;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;
use portolan_api::{Artifact, HelmRepository, HelmRepositoryStatus, RepositoryType, condition};
use serde_json::Value;

use self::index::Pass;
use self::report::report;
use crate::cluster::{Cluster, Report};
use crate::context::Context;
use crate::failure::Failure;
use crate::kind::{Kind, Next, Reconcile, Watched};
use crate::object;

impl Watched for HelmRepository {
    const NAME: &'static str = "HelmRepository";

    fn artifact(&self) -> Option<&Artifact> {
        self.status.as_ref()?.artifact.as_ref()
    }
}

impl Kind for HelmRepository {
    const OWNED: &'static [&'static str] = &[
        condition::READY,
        condition::STALLED,
        condition::RECONCILING,
        condition::STORAGE_OPERATION_FAILED,
        condition::FETCH_FAILED,
        condition::ARTIFACT_OUTDATED,
        condition::ARTIFACT_IN_STORAGE,
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

/// Whether a repository is any of our business: one of type `oci` only as long as it carries
/// something that an earlier type left behind.
pub(crate) fn concerns_us(repository: &HelmRepository) -> bool {
    if repository.spec.repository_type() != RepositoryType::Oci {
        return true;
    }
    let status = repository.status.clone().unwrap_or_default();
    let observed = status.observed_generation.unwrap_or_default();
    let empty = HelmRepositoryStatus {
        observed_generation: status.observed_generation,
        ..HelmRepositoryStatus::default()
    };
    object::is_claimed(repository) || observed != 0 || status != empty
}

impl Reconcile for HelmRepository {
    async fn reconcile<C: Cluster>(self: Arc<Self>, context: Arc<Context<C>>) -> Next {
        if self.is_deleted() {
            forget_index(&self, &context);
            return object::finalize(&*self, &context).await;
        }
        if self.spec.repository_type() == RepositoryType::Oci {
            return make_static(&self, &context).await;
        }
        let unclaimed = Arc::clone(&self);
        let repository = match object::claim(self, &context).await {
            Ok(repository) => repository,
            Err(error) => return object::unreported(&*unclaimed, &error),
        };
        let pass = if repository.is_suspended() {
            Pass::rested(&repository)
        } else {
            index::run(&repository, &context).await
        };
        report(&repository, &context, pass).await
    }

    async fn panicked<C: Cluster>(self: Arc<Self>, context: Arc<Context<C>>, text: String) -> Next {
        let pass = Pass::failed(&self, Failure::panicked(&text));
        report(&self, &context, pass).await
    }
}

/// The index of a repository that has none any more takes no memory.
fn forget_index<C: Cluster>(repository: &HelmRepository, context: &Context<C>) {
    if let Some(artifact) = repository.artifact() {
        context.acquirer.forget_index(&artifact.path);
    }
}

/// Take back everything that another type left behind.
async fn make_static<C: Cluster>(repository: &HelmRepository, context: &Context<C>) -> Next {
    if repository.is_suspended() || !concerns_us(repository) {
        return Next::WhenChanged;
    }
    forget_index(repository, context);
    if let Err(event) = object::clean_up(repository, context).await {
        object::tell(repository, context, vec![event]).await;
        return Next::RETRY;
    }
    let mut repository = repository.clone();
    let mut reports = vec![Report::Status(Value::Object(serde_json::Map::new()))];
    if object::is_claimed(&repository) {
        reports.push(Report::Finalizer { present: false });
    }
    for report in reports {
        match context.cluster.report(&repository, report).await {
            Ok(None) => {}
            Ok(version) => repository.meta_mut().resource_version = version,
            Err(error) => return object::unreported(&repository, &error),
        }
    }
    Next::WhenChanged
}
