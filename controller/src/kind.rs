//! What the kinds of object that are watched and reconciled here have in common.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Resource, ResourceExt};
use portolan_api::{Artifact, annotation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::context::Context;
use crate::news::News;

/// A namespaced resource that is watched here, whoever reconciles it.
pub(crate) trait Watched:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
    /// `HelmChart`.
    const NAME: &'static str;

    /// What the status says is stored.
    fn artifact(&self) -> Option<&Artifact>;

    /// `metadata.namespace`.
    fn home(&self) -> String {
        self.namespace().unwrap_or_default()
    }
}

/// A kind whose status is written here.
pub(crate) trait Kind: Watched + Serialize {
    /// The types of the conditions that this controller writes on such an object; all others are
    /// somebody else's and are kept.
    const OWNED: &'static [&'static str];

    /// The conditions, as they were read.
    fn conditions(&self) -> &[Condition];

    /// The status, as it was read. `Null` when there is none.
    fn status_value(&self) -> Value;

    /// `spec.suspend`.
    fn is_suspended(&self) -> bool;

    /// The value of the annotation that asks for a reconcile now.
    fn requested_at(&self) -> Option<&str> {
        self.annotations()
            .get(annotation::REQUESTED_AT)
            .map(String::as_str)
    }

    /// `metadata.generation`.
    fn generation(&self) -> i64 {
        self.meta().generation.unwrap_or_default()
    }

    /// Whether somebody asked for the object to be deleted.
    fn is_deleted(&self) -> bool {
        self.meta().deletion_timestamp.is_some()
    }
}

/// A kind that this controller reconciles.
pub(crate) trait Reconcile: Kind {
    /// Bring the object one step closer to its spec, and say in its status how that went. Whatever
    /// came of it has been reported when this returns.
    fn reconcile<C: Cluster>(
        self: Arc<Self>,
        context: Arc<Context<C>>,
    ) -> impl Future<Output = Next> + Send;

    /// Report that [`reconcile`](Self::reconcile) panicked with `message`.
    fn panicked<C: Cluster>(
        self: Arc<Self>,
        context: Arc<Context<C>>,
        message: String,
    ) -> impl Future<Output = Next> + Send;

    /// Whether what a source has stored by now may change what comes of the object.
    fn is_concerned_by(&self, _: &News) -> bool {
        false
    }
}

/// When an object is looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// After its interval, give or take the jitter.
    After(Duration),
    /// After the back-off for an object that keeps failing, but not before this much time, which a
    /// server asked for.
    Retry {
        /// What the server asked for; zero where none did.
        at_least: Duration,
    },
    /// When it changes, or when somebody asks.
    WhenChanged,
}

impl Next {
    /// Try again with nothing but the back-off.
    pub(crate) const RETRY: Self = Self::Retry {
        at_least: Duration::ZERO,
    };
}
