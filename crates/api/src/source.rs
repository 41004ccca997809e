//! Sources of other controllers, as far as a chart can be taken from them.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use kube::core::NamespaceResourceScope;
use serde::{Deserialize, Serialize};

use crate::artifact::Artifact;

/// The part of a source's status that its readers need.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceStatus {
    /// What the source has stored. Absent until it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// How the source is, one aspect each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

macro_rules! read_only_source {
    ($(#[$meta:meta])* $kind:ident, $plural:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        pub struct $kind {
            /// Name, namespace and the like.
            #[serde(default)]
            pub metadata: ObjectMeta,
            /// What its controller says of it.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub status: Option<SourceStatus>,
        }

        impl kube::Resource for $kind {
            type DynamicType = ();
            type Scope = NamespaceResourceScope;

            fn kind(&(): &()) -> Cow<'_, str> {
                stringify!($kind).into()
            }

            fn group(&(): &()) -> Cow<'_, str> {
                "source.toolkit.fluxcd.io".into()
            }

            fn version(&(): &()) -> Cow<'_, str> {
                "v1".into()
            }

            fn plural(&(): &()) -> Cow<'_, str> {
                $plural.into()
            }

            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }

            fn meta_mut(&mut self) -> &mut ObjectMeta {
                &mut self.metadata
            }
        }
    };
}

read_only_source! {
    /// A Git repository that another controller fetches. Read-only: its spec is not here.
    GitRepository, "gitrepositories"
}

read_only_source! {
    /// A bucket that another controller fetches. Read-only: its spec is not here.
    Bucket, "buckets"
}
