//! Where objects come from and where reports go: an API server, or a folder of manifests.

mod connect;
mod folder;
mod kubernetes;
mod patch;
#[cfg(test)]
mod tests;
mod watching;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;

use futures_util::stream::BoxStream;
use k8s_openapi::NamespaceResourceScope;
use kube::Resource;
use kube::runtime::watcher;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use crate::cluster::connect::connect;
pub(crate) use crate::cluster::folder::{Folder, Follower, Problem};
pub(crate) use crate::cluster::kubernetes::{Kubernetes, Scope};
use crate::kind::{Kind, Watched};

/// The one seam between the reconcilers and the world they report to.
pub(crate) trait Cluster: Clone + Debug + Send + Sync + 'static {
    /// Every object of a kind and what becomes of it, for as long as the stream is polled.
    ///
    /// An implementation MUST survive its own connection failures: an error in the stream is for
    /// the log, and the stream goes on. It MUST pass over objects that cannot be read as `K`,
    /// saying so where their owner looks.
    fn watch<K: Watched>(&self) -> BoxStream<'static, Result<watcher::Event<K>, ClusterError>>;

    /// One object as it is now. `None` means that there is none.
    fn read<K>(
        &self,
        namespace: &str,
        name: &str,
    ) -> impl Future<Output = Result<Option<K>, ClusterError>> + Send
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Send
            + Sync
            + 'static;

    /// Tell about `object`. Returns the resource version that the object has now, if it was written:
    /// the next report of the same pass is made about that version.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Gone`] when the object is no more, [`ClusterError::Outdated`] when its spec
    /// changed meanwhile: both mean that nothing was written and that nobody waits for it.
    fn report<K: Kind>(
        &self,
        object: &K,
        report: Report,
    ) -> impl Future<Output = Result<Option<String>, ClusterError>> + Send;
}

/// What is told about an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Report {
    /// Our finalizer is to be there, or not.
    Finalizer {
        /// Whether it is to be there.
        present: bool,
    },
    /// The whole status. Conditions that are not [owned](Kind::OWNED) by us are carried along as
    /// they were read, and are taken from the live object where that is newer.
    Status(Value),
    /// Something happened.
    Event(Event),
}

/// Something that happened to an object, for people and for Flux's notification-controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// How much it matters.
    pub(crate) severity: Severity,
    /// One word, from the vocabulary of conditions.
    pub(crate) reason: String,
    /// A sentence.
    pub(crate) message: String,
    /// Annotations of the event, with full keys.
    pub(crate) metadata: BTreeMap<String, String>,
    /// What was being done.
    pub(crate) action: Action,
}

impl Event {
    /// Bad news of a pass.
    pub(crate) fn warning(reason: &str, message: String) -> Self {
        Self {
            severity: Severity::Error,
            reason: reason.to_owned(),
            message,
            metadata: BTreeMap::new(),
            action: Action::Reconcile,
        }
    }

    /// Something for who looks at the object.
    pub(crate) fn trace(reason: &str, message: String, action: Action) -> Self {
        Self {
            severity: Severity::Trace,
            action,
            ..Self::warning(reason, message)
        }
    }
}

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// For who looks at the object; never sent on.
    Trace,
    /// Good news.
    Info,
    /// Bad news.
    Error,
}

/// What was being done when an event happened: the `action` of
/// [Flux's event API](https://fluxcd.io/flux/components/notification/events/).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// The whole pass.
    Reconcile,
    /// Looking after what is stored.
    ReconcileStorage,
    /// Finding out what is wanted.
    ReconcileSource,
    /// Bringing the artifact.
    ReconcileArtifact,
    /// Removing old files.
    GarbageCollect,
    /// Cleaning up after a deleted object.
    Finalize,
}

impl Action {
    /// As it is sent.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Reconcile => "Reconcile",
            Self::ReconcileStorage => "ReconcileStorage",
            Self::ReconcileSource => "ReconcileSource",
            Self::ReconcileArtifact => "ReconcileArtifact",
            Self::GarbageCollect => "GarbageCollect",
            Self::Finalize => "Finalize",
        }
    }
}

/// Why the cluster could not be asked or told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ClusterError {
    /// The object is no more.
    #[error("the object is gone")]
    Gone,
    /// The object has another spec by now.
    #[error("the object has changed meanwhile")]
    Outdated,
    /// The kind is not installed.
    #[error("the API server knows no such kind")]
    UnknownKind(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is no such object, and what would make it is told.
    #[error("{0}")]
    Missing(String),
    /// The API server refused, could not be reached, or answered nonsense.
    #[error("the API server did not answer as wished")]
    Api(#[source] Box<dyn std::error::Error + Send + Sync>),
}
