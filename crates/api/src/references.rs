//! How a resource names another object of its namespace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::open_enum::open_enum;

/// Names an object, most often a Secret, in the namespace of the resource that holds this.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct LocalObjectReference {
    /// Name of the object.
    pub name: String,
}

/// Names the source that holds a chart, in the namespace of the HelmChart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct SourceReference {
    /// Group and version of the source. Not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Kind of the source: a HelmRepository, a GitRepository or a Bucket.
    pub kind: SourceKind,
    /// Name of the source.
    pub name: String,
}

open_enum! {
    /// What kinds of source a HelmChart can name.
    SourceKind {
        /// A Helm repository with an index, or a place in an OCI registry.
        HelmRepository = "HelmRepository",
        /// A directory of a Git repository.
        GitRepository = "GitRepository",
        /// A directory of a bucket.
        Bucket = "Bucket",
    }
}

/// No kind at all, which nobody handles: what a HelmChart without a spec names.
impl Default for SourceKind {
    fn default() -> Self {
        Self::Unrecognised(String::new())
    }
}
