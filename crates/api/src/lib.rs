#![doc = include_str!("../README.md")]

mod admission;
mod artifact;
pub mod condition;
mod condition_schema;
mod crds;
mod decode;
mod duration;
mod field_error;
mod fields;
mod helm_chart;
mod helm_repository;
mod kind;
pub mod message;
mod metadata;
mod names;
mod open_enum;
pub mod reason;
mod references;
mod rules;
mod schema;
mod source;

pub use artifact::{Artifact, whole_seconds};
pub use crds::{CRDS_YAML, crds};
pub use decode::decode_strict;
pub use duration::{ParseDurationError, parse_duration};
pub use field_error::{FieldError, Problem};
pub use fields::Field;
pub use helm_chart::{
    HelmChart, HelmChartSpec, HelmChartStatus, OidcIdentityMatch, ReconcileStrategy, Verification,
    VerificationProvider,
};
pub use helm_repository::{
    AccessFrom, HelmRepository, HelmRepositorySpec, HelmRepositoryStatus, NamespaceSelector,
    Provider, RepositoryType,
};
pub use kind::Kind;
pub use names::{FINALIZER, MANAGER, annotation, label};
pub use references::{LocalObjectReference, SourceKind, SourceReference};
pub use source::{Bucket, GitRepository, SourceStatus};
