//! The `HelmRepository`. Of type `oci` it is a static object: nothing is ever said in its status.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;
use portolan_api::{
    HelmRepository, HelmRepositoryStatus, RepositoryType, condition, message, reason,
};
use serde_json::Value;

use crate::clock::now;
use crate::cluster::{Cluster, Event, Report};
use crate::conditions::{self, Before, HELM_REPOSITORY, Outcome};
use crate::context::Context;
use crate::failure::Failure;
use crate::kind::{Kind, Next, Reconcile};
use crate::object;

impl Kind for HelmRepository {
    const NAME: &'static str = "HelmRepository";
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
        if repository.is_suspended() {
            return report(&repository, &context, Outcome::Rested).await;
        }
        report(
            &repository,
            &context,
            Outcome::Failed(&refusal(&repository)),
        )
        .await
    }

    async fn panicked<C: Cluster>(self: Arc<Self>, context: Arc<Context<C>>, text: String) -> Next {
        report(&self, &context, Outcome::Failed(&Failure::panicked(&text))).await
    }
}

/// Take back everything that another type left behind.
async fn make_static<C: Cluster>(repository: &HelmRepository, context: &Context<C>) -> Next {
    if repository.is_suspended() || !concerns_us(repository) {
        return Next::WhenChanged;
    }
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

/// Why a repository of type `default` is not served.
fn refusal(repository: &HelmRepository) -> Failure {
    if repository
        .spec
        .url
        .to_ascii_lowercase()
        .starts_with("oci://")
    {
        return Failure::stalled(
            reason::URL_INVALID,
            &format!(
                "{}'oci' URL scheme cannot be used with 'default' HelmRepository type",
                message::INVALID_REPOSITORY_URL
            ),
        );
    }
    Failure::unsupported(
        "spec.type",
        "repositories of type default, with an index, are not served by this version, only those of type oci are",
    )
}

async fn report<C: Cluster>(
    repository: &HelmRepository,
    context: &Context<C>,
    outcome: Outcome<'_>,
) -> Next {
    let old = repository.status.clone().unwrap_or_default();
    let before = Before {
        conditions: &old.conditions,
        generation: repository.generation(),
        observed_generation: old.observed_generation.unwrap_or(-1),
        had_artifact: old.artifact.is_some(),
        has_artifact: old.artifact.is_some(),
    };
    let (conditions, observed) =
        conditions::after(HELM_REPOSITORY, before, outcome, &object::time(now()));
    let status = HelmRepositoryStatus {
        conditions,
        observed_generation: Some(observed),
        last_handled_reconcile_at: repository
            .requested_at()
            .map(str::to_owned)
            .or_else(|| old.last_handled_reconcile_at.clone()),
        ..old
    };
    let value = object::status_value(Some(&status));
    if let Err(error) = context
        .cluster
        .report(repository, Report::Status(value))
        .await
    {
        return object::unreported(repository, &error);
    }
    let Outcome::Failed(failure) = outcome else {
        return Next::WhenChanged;
    };
    let event = Event::warning(failure.reason, failure.message.clone());
    object::tell(repository, context, vec![event]).await;
    failure.retry.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use portolan_api::FINALIZER;

    use super::*;
    use crate::failure::Retry;

    #[track_caller]
    fn check(kind: &str, finalizers: &[&str], status: &Value, expected: bool) {
        let repository: HelmRepository = serde_json::from_value(json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
            "metadata": { "name": "repo", "namespace": "team", "finalizers": finalizers },
            "spec": { "type": kind, "url": "oci://registry.example.com/charts" },
            "status": status,
        }))
        .unwrap();
        assert_eq!(concerns_us(&repository), expected);
    }

    /// Flux's own rows: `−1` is what the definition writes into a new object.
    #[test]
    fn a_repository_of_type_oci_concerns_us_while_it_carries_something() {
        check("oci", &[], &json!({}), false);
        check("oci", &[], &json!({ "observedGeneration": 0 }), false);
        check("oci", &[], &json!({ "observedGeneration": -1 }), true);
        check("oci", &[], &json!({ "observedGeneration": 3 }), true);
        check(
            "oci",
            &[],
            &json!({ "url": "http://localhost/index.yaml" }),
            true,
        );
        check("oci", &[FINALIZER], &json!({}), true);
        check("oci", &["example.com/other"], &json!({}), false);
        check("default", &[], &json!({}), true);
    }

    #[test]
    fn a_repository_of_type_default_is_refused_by_name_or_by_its_url() {
        #[track_caller]
        fn refused(url: &str, expected: &str) {
            let repository: HelmRepository = serde_json::from_value(json!({
                "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
                "metadata": { "name": "repo", "namespace": "team" },
                "spec": { "url": url },
            }))
            .unwrap();
            let failure = refusal(&repository);
            assert_eq!(
                (failure.reason, failure.retry),
                (expected, Retry::WhenChanged)
            );
        }
        refused("OCI://registry.example.com/charts", reason::URL_INVALID);
        refused("https://charts.example.com", reason::UNSUPPORTED_FIELD);
    }
}
