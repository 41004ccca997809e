//! What an object has in storage, and looking after it before anything else is done.

use std::collections::BTreeMap;
use std::time::SystemTime;

use portolan_api::{Artifact, message, reason, whole_seconds};
use portolan_reference::Digest;
use portolan_store::{Address, CollectError, Integrity, ObjectKey, Store};

use crate::chain::chain;
use crate::cluster::{Action, Event, Severity};
use crate::failure::Failure;

/// What an object has in storage after a look at it.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The artifact, if its file is there as it was published. Its URL is up to date.
    pub(crate) artifact: Option<Artifact>,
    /// What happened on the way.
    pub(crate) events: Vec<Event>,
}

/// Remove what retention does not keep, and see whether the file of `artifact` is what it was.
///
/// A file that is something else is removed. A file that cannot be judged, or that is another object's,
/// counts as lost: the status never claims what nobody could read.
///
/// # Errors
///
/// A [`Failure`] when the disk does not answer.
pub(crate) async fn look_after(
    store: &Store,
    address: &Address,
    key: &ObjectKey,
    artifact: Option<&Artifact>,
    now: SystemTime,
) -> Result<Kept, Failure> {
    let Some(artifact) = artifact else {
        return Ok(Kept::default());
    };
    let mut events = Vec::new();
    match store.collect(key, &artifact.path, now).await {
        Ok(gone) if gone.is_empty() => {}
        Ok(gone) => events.push(Event {
            severity: Severity::Trace,
            reason: reason::GARBAGE_COLLECTION_SUCCEEDED.to_owned(),
            message: format!("garbage collected {} artifacts", gone.len()),
            metadata: BTreeMap::new(),
            action: Action::GarbageCollect,
        }),
        // Whoever may write a status could name what another object has: to have it removed, or to have
        // it taken for one's own.
        Err(CollectError::Path(error)) => {
            let text = format!(
                "the artifact in the status is passed over: {}",
                chain(&error)
            );
            return Ok(Kept {
                artifact: None,
                events: vec![Event::warning(reason::ARTIFACT_VERIFICATION_FAILED, text)],
            });
        }
        // Old files that stay are no reason to hold up new ones.
        Err(error) => events.push(Event::warning(
            reason::GARBAGE_COLLECTION_FAILED,
            format!("garbage collection of artifacts failed: {}", chain(&error)),
        )),
    }
    let artifact = match integrity(store, artifact).await? {
        Integrity::Intact { .. } => Some(Artifact {
            url: address.refreshed(&artifact.url),
            ..artifact.clone()
        }),
        Integrity::Missing => None,
        Integrity::Corrupt => {
            let text = format!(
                "{}computed digest doesn't match '{}'",
                message::INTEGRITY_FAILED,
                artifact.digest
            );
            events.push(Event {
                action: Action::ReconcileStorage,
                ..Event::warning(reason::ARTIFACT_VERIFICATION_FAILED, text)
            });
            store
                .discard(&artifact.path)
                .await
                .map_err(|error| Failure::storage(reason::ARCHIVE_OPERATION_FAILED, &error))?;
            None
        }
    };
    Ok(Kept { artifact, events })
}

/// An artifact without a digest that can be read is one that nothing can vouch for.
async fn integrity(store: &Store, artifact: &Artifact) -> Result<Integrity, Failure> {
    let Ok(digest) = artifact.digest.parse::<Digest>() else {
        return Ok(Integrity::Corrupt);
    };
    store
        .check(&artifact.path, &digest)
        .await
        .map_err(|error| Failure::storage(reason::STAT_OPERATION_FAILED, &error))
}

/// The artifact of the API for one of the store.
pub(crate) fn published(
    stored: &portolan_store::Artifact,
    revision: &str,
    address: &Address,
) -> Artifact {
    Artifact {
        digest: stored.digest.to_string(),
        last_update_time: whole_seconds(stored.modified),
        metadata: BTreeMap::new(),
        path: stored.path.clone(),
        revision: revision.to_owned(),
        size: i64::try_from(stored.size).ok(),
        url: address.url(&stored.path),
    }
}
