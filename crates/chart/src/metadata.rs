//! What a chart says about itself.

mod check;
mod draft;
mod fields;
mod problem;
mod time;

use std::collections::BTreeMap;

use serde::Serialize;

pub(crate) use check::{check_name, is_alias_byte, tidy, tidy_dependency, tidy_maintainer};
pub(crate) use draft::{Draft, check_lock, read_lock};
pub use problem::ParseMetadataError;
pub(crate) use problem::Problem;

/// What a chart says about itself in its `Chart.yaml`.
///
/// Only a `Chart.yaml` that Helm accepts becomes a value of this type. It is serialised (as JSON,
/// say) with the field names of `Chart.yaml`, what is empty left out: this is also the config blob
/// of a chart in an OCI registry.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChartMetadata {
    /// The name. Never empty, `.`, `..` or with a `/` in it.
    pub name: String,
    /// The project's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// Where the sources are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// The version as written: a semantic version, read as loosely as Helm does (`v1.2` is one).
    pub version: String,
    /// What the chart is, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Words to find it by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// Who looks after it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub maintainers: Vec<Maintainer>,
    /// The URL of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// `v1` or `v2`; `v1` when the chart does not say.
    pub api_version: String,
    /// The path in a parent's values that switches this chart on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The tags that switch this chart on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// The version of what is installed. Any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
    /// Whether the chart is no longer looked after.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// Anything else, for other tools.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The versions of Kubernetes that it works with, as a constraint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kube_version: Option<String>,
    /// The charts that it needs, those of a `requirements.yaml` included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
    /// `application` or `library`; nothing means `application`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub chart_type: Option<String>,
}

impl ChartMetadata {
    /// Read a `Chart.yaml`, or the config blob of a chart in an OCI registry, which is the same as
    /// JSON.
    ///
    /// Read as Helm reads it: fields that it does not know are passed over, a number where text is
    /// expected becomes text (`1.10` becomes `1.1`), the last of two equal keys counts.
    ///
    /// # Errors
    ///
    /// If Helm would refuse it: not YAML, a field of the wrong type, no name or one that is not
    /// one part of a path, no version or one that is not a semantic version even loosely, an
    /// unknown type, an empty entry among maintainers or dependencies, two dependencies under one
    /// name, an alias with other than letters, digits, `_` and `-`.
    pub fn parse(yaml: &[u8]) -> Result<Self, ParseMetadataError> {
        Ok(Draft::read(yaml)?.finish()?)
    }
}

/// Somebody who looks after a chart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Maintainer {
    /// A person or an organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How to write to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where to read about them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A chart that another chart needs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Dependency {
    /// The name of the chart that is needed.
    pub name: String,
    /// Which versions of it will do, as a constraint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where it is. Empty: in the chart's own `charts/` folder.
    pub repository: String,
    /// The path in the values that switches it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Tags that switch it on together with others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Set by Helm itself while it renders.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enabled: bool,
    /// Values that the parent takes over: strings, or `child` and `parent`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub import_values: Vec<serde_json::Value>,
    /// What it is called inside the parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}
