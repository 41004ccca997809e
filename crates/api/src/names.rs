/// The finalizer that keeps an object until its stored files are removed.
pub const FINALIZER: &str = "finalizers.fluxcd.io";

/// The field manager of every write, and the component that events are reported by.
///
/// # Deviation
///
/// It is the name of Flux's own controller: alerts and dashboards filter by it, and fields that Flux
/// wrote before stay in one hand.
pub const MANAGER: &str = "source-controller";

/// Annotations.
pub mod annotation {
    /// A change of its value asks for a look at once. The value is never parsed.
    pub const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";
    /// Keeps Flux's kustomize-controller from replacing variables in an object: [`SUBSTITUTE_DISABLED`].
    pub const SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";
    /// The value of [`SUBSTITUTE`].
    pub const SUBSTITUTE_DISABLED: &str = "disabled";
    /// On an event: the revision of the artifact.
    pub const EVENT_REVISION: &str = "source.toolkit.fluxcd.io/revision";
    /// On an event: the digest of the artifact.
    pub const EVENT_DIGEST: &str = "source.toolkit.fluxcd.io/digest";
    /// On an event: the revision that the content had at its origin.
    pub const EVENT_ORIGIN_REVISION: &str = "source.toolkit.fluxcd.io/originRevision";
    /// An annotation of the object that starts so is sent along with its notifications.
    pub const EVENT_METADATA_PREFIX: &str = "event.toolkit.fluxcd.io/";
}

/// Labels.
pub mod label {
    /// Which of several controllers handles an object.
    pub const SHARD: &str = "sharding.fluxcd.io/key";
}
