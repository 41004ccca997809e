//! What is done the same way for every kind: claiming, letting go, telling.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt;
use portolan_api::{Artifact, FINALIZER, annotation, condition, message, reason, whole_seconds};
use portolan_store::{Address, ObjectKey};
use serde::Serialize;
use serde_json::Value;
use tracing::{debug, warn};

use crate::chain::chain;
use crate::cluster::{Action, Cluster, ClusterError, Event, Report, Severity};
use crate::context::Context;
use crate::failure::Failure;
use crate::kind::{Kind, Next};

/// Under which folder of the store the object's artifacts lie.
pub(crate) fn key<K: Kind>(object: &K) -> Result<ObjectKey, Failure> {
    ObjectKey::new(K::NAME, &object.home(), &object.name_any())
        .map_err(|error| Failure::storage(reason::INVALID_PATH, &error))
}

/// Whether the object carries our finalizer.
pub(crate) fn is_claimed<K: Kind>(object: &K) -> bool {
    object.finalizers().iter().any(|name| name == FINALIZER)
}

/// See to it that the object cannot vanish without our cleaning up after it. The pass goes on with
/// the object that is returned.
///
/// # Errors
///
/// Nothing was written, and the pass must not go on: what it stored might never be removed.
pub(crate) async fn claim<K: Kind, C: Cluster>(
    object: Arc<K>,
    context: &Context<C>,
) -> Result<Arc<K>, ClusterError> {
    if is_claimed(&*object) {
        return Ok(object);
    }
    let report = Report::Finalizer { present: true };
    let version = context.cluster.report(&*object, report).await?;
    let mut claimed = Arc::unwrap_or_clone(object);
    claimed.finalizers_mut().push(FINALIZER.to_owned());
    if version.is_some() {
        claimed.meta_mut().resource_version = version;
    }
    Ok(Arc::new(claimed))
}

/// Remove what the object has in storage, and then our claim on it.
pub(crate) async fn finalize<K: Kind, C: Cluster>(object: &K, context: &Context<C>) -> Next {
    if !is_claimed(object) {
        return Next::WhenChanged;
    }
    if let Err(event) = clean_up(object, context).await {
        tell(object, context, vec![event]).await;
        return Next::RETRY;
    }
    let mut object = object.clone();
    if object.finalizers().len() > 1 {
        // Somebody else holds the object: it must not name an artifact that is gone.
        let status = serde_json::json!({ "observedGeneration": object.generation() });
        match context
            .cluster
            .report(&object, Report::Status(status))
            .await
        {
            Ok(None) => {}
            Ok(version) => object.meta_mut().resource_version = version,
            Err(error) => return unreported(&object, &error),
        }
    }
    let report = Report::Finalizer { present: false };
    match context.cluster.report(&object, report).await {
        Ok(_) | Err(ClusterError::Gone) => Next::WhenChanged,
        Err(error) => unreported(&object, &error),
    }
}

/// Remove what the object has in storage, and say so if there was anything.
///
/// # Errors
///
/// The event that tells what could not be removed.
pub(crate) async fn clean_up<K: Kind, C: Cluster>(
    object: &K,
    context: &Context<C>,
) -> Result<(), Event> {
    let failed = |cause: String| Event {
        action: Action::Finalize,
        ..Event::warning(
            reason::GARBAGE_COLLECTION_FAILED,
            format!("garbage collection for deleted resource failed: {cause}"),
        )
    };
    let key = key(object).map_err(|failure| failed(failure.message))?;
    let removed = context.store.remove(&key).await;
    if removed.map_err(|error| failed(chain(&error)))? > 0 {
        let event = Event {
            severity: Severity::Trace,
            reason: reason::GARBAGE_COLLECTION_SUCCEEDED.to_owned(),
            message: message::COLLECTED_FOR_DELETED.to_owned(),
            metadata: BTreeMap::new(),
            action: Action::Finalize,
        };
        tell(object, context, vec![event]).await;
    }
    Ok(())
}

/// Remove what a pass has stored for an object that turned out to be no more: nobody else will. A pass
/// may begin with an object as it was a while ago, for a list of objects can lie behind.
pub(crate) async fn disown<K: Kind, C: Cluster>(object: &K, context: &Context<C>) {
    let (namespace, name) = (object.home(), object.name_any());
    // Another object of that name has files of its own by now.
    let Ok(None) = context.cluster.read::<K>(&namespace, &name).await else {
        return;
    };
    let Ok(key) = key(object) else { return };
    if let Err(error) = context.store.remove(&key).await {
        warn!(
            kind = K::NAME,
            namespace,
            name,
            error = chain(&error),
            "files of an object that is gone could not be removed"
        );
    }
}

/// Tell events one after the other. That one could not be told is for the log: no object waits for
/// it.
pub(crate) async fn tell<K: Kind, C: Cluster>(
    object: &K,
    context: &Context<C>,
    events: Vec<Event>,
) {
    for event in events {
        if let Err(error) = context.cluster.report(object, Report::Event(event)).await {
            warn!(
                kind = K::NAME,
                namespace = object.home(),
                name = object.name_any(),
                error = chain(&error),
                "an event could not be told"
            );
        }
    }
}

/// What follows when the status could not be written: nothing if nobody waits for it any more.
pub(crate) fn unreported<K: Kind>(object: &K, error: &ClusterError) -> Next {
    let (kind, namespace, name) = (K::NAME, object.home(), object.name_any());
    match error {
        ClusterError::Gone | ClusterError::Outdated => {
            debug!(
                kind,
                namespace,
                name,
                error = chain(error),
                "nobody waits for the report"
            );
            Next::WhenChanged
        }
        ClusterError::Api(_) | ClusterError::UnknownKind(_) | ClusterError::Missing(_) => {
            warn!(
                kind,
                namespace,
                name,
                error = chain(error),
                "the report could not be written"
            );
            Next::RETRY
        }
    }
}

/// A status as it is written.
pub(crate) fn status_value<S: Serialize>(status: Option<&S>) -> Value {
    // Statuses are maps of strings, numbers and lists: they have a JSON form.
    status
        .and_then(|status| serde_json::to_value(status).ok())
        .unwrap_or(Value::Null)
}

/// The time of a condition.
pub(crate) fn time(moment: SystemTime) -> Time {
    whole_seconds(moment)
}

/// The URL of the link that lies beside the artifact at `path`.
pub(crate) fn link_url(address: &Address, path: &str, link: &str) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    address.link_url(&format!("{folder}/{link}"))
}

/// Whether a failure that was told before is not told any more.
pub(crate) fn recovered(old: &[Condition], new: &[Condition]) -> bool {
    let failing = |conditions: &[Condition], kind: &str| {
        conditions.iter().any(|condition| {
            condition.type_ == kind
                && match kind {
                    condition::SOURCE_VERIFIED => condition.status == "False",
                    _ => condition.status == "True",
                }
        })
    };
    [
        condition::STORAGE_OPERATION_FAILED,
        condition::FETCH_FAILED,
        condition::BUILD_FAILED,
        condition::SOURCE_VERIFIED,
    ]
    .into_iter()
    .any(|kind| failing(old, kind) && !failing(new, kind))
}

/// What an event about an artifact carries, for Flux's notification-controller.
pub(crate) fn artifact_metadata(artifact: &Artifact) -> BTreeMap<String, String> {
    [
        (
            annotation::EVENT_REVISION.to_owned(),
            artifact.revision.clone(),
        ),
        (annotation::EVENT_DIGEST.to_owned(), artifact.digest.clone()),
    ]
    .into()
}
