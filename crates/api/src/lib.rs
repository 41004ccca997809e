#![doc = include_str!("../README.md")]

mod artifact;
pub mod condition;
mod condition_schema;
mod crds;
mod duration;
mod helm_chart;
mod helm_repository;
pub mod message;
mod names;
mod open_enum;
pub mod reason;
mod references;
mod rules;

pub use artifact::{Artifact, whole_seconds};
pub use crds::crds;
pub use duration::{ParseDurationError, parse_duration};
pub use helm_chart::{
    HelmChart, HelmChartSpec, HelmChartStatus, OidcIdentityMatch, ReconcileStrategy, Verification,
    VerificationProvider,
};
pub use helm_repository::{
    AccessFrom, HelmRepository, HelmRepositorySpec, HelmRepositoryStatus, NamespaceSelector,
    Provider, RepositoryType,
};
pub use names::{FINALIZER, MANAGER, annotation, label};
pub use references::{LocalObjectReference, SourceKind, SourceReference};

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}
