//! The HelmRepository resource.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::Artifact;
use crate::condition_schema::conditions_schema;
use crate::decode;
use crate::duration::{INTERVAL_PATTERN, ParseDurationError, TIMEOUT_PATTERN, parse_duration};
use crate::field_error::FieldError;
use crate::fields::{self, Field};
use crate::open_enum::open_enum;
use crate::references::LocalObjectReference;

/// Where charts come from: a Helm repository with an index, or a place in an OCI registry.
//
// The schema lets a HelmRepository without a spec through, so reading one must not fail: `serde(default)`
// on the resource, which kube takes only behind a `cfg_attr`.
#[derive(
    Debug, Clone, PartialEq, Eq, Default, CustomResource, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "source.toolkit.fluxcd.io",
    version = "v1",
    kind = "HelmRepository",
    plural = "helmrepositories",
    singular = "helmrepository",
    namespaced,
    status = "HelmRepositoryStatus",
    doc = "A place that charts come from: an HTTP repository with an index, or a path in an OCI registry.",
    derive = "PartialEq",
    derive = "Default",
    attr = "cfg_attr(all(), serde(default))",
    category = "all",
    category = "fluxcd",
    category = "fluxcd-sources",
    shortname = "helmrepo",
    annotation("kustomize.toolkit.fluxcd.io/substitute", "disabled"),
    printcolumn = r#"{"name": "URL", "type": "string", "jsonPath": ".spec.url"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name": "Status", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].message"}"#
)]
pub struct HelmRepositorySpec {
    /// Meant to say which other namespaces may refer to this object. No controller enforces it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_from: Option<AccessFrom>,
    /// Secret with a PEM client certificate (tls.crt) and its key (tls.key), a PEM bundle of root
    /// certificates (ca.crt), or both. It is used for connections to the repository, and wins over
    /// certificates in the Secret of secretRef. If it is missing or malformed, nothing is fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalObjectReference>,
    /// Talk plain HTTP to the registry. Only for type oci. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
    /// How often the index is fetched, in hours (h), minutes (m), seconds (s) and milliseconds (ms),
    /// for example 10m or 1h30m. Only for HTTP repositories. Absent or zero means 1m; more than 292
    /// years is a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = INTERVAL_PATTERN))]
    pub interval: Option<String>,
    /// Send the credentials of secretRef to other hosts too, when the index names charts there.
    /// Whoever controls the index then learns the credentials. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pass_credentials: bool,
    /// Whose login the registry wants: that of a cloud (aws, azure, gcp) or none in particular
    /// (generic). Only for type oci, and only without secretRef. Default: generic.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "generic"))]
    pub provider: Option<Provider>,
    /// Secret with the credentials: username and password, or for type oci also a docker
    /// configuration (type kubernetes.io/dockerconfigjson). If it is missing or malformed, nothing is
    /// fetched. Absent: no credentials are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
    /// Leave this object alone until the field is removed or false. What is stored stays available, and
    /// charts are still taken from a registry. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
    /// How long one request may take, in minutes (m), seconds (s) and milliseconds (ms), for example
    /// 90s. Absent or zero means 60s.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TIMEOUT_PATTERN))]
    pub timeout: Option<String>,
    /// What the URL leads to: default is an HTTP repository with an index, oci a path in a registry.
    /// Absent means default.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub repository_type: Option<RepositoryType>,
    /// Where the repository is. It starts with http:// or https://, and for type oci with oci://; where
    /// the two do not fit each other, nothing is fetched.
    #[schemars(regex(pattern = URL_PATTERN))]
    pub url: String,
}

const URL_PATTERN: &str = "^(http|https|oci)://.*$";

impl HelmRepository {
    /// Everything about the resource that an API server would refuse; nothing if it would accept it.
    ///
    /// The status is checked as well. Values that are left out when the resource is written (`false`)
    /// count as absent.
    pub fn validate(&self) -> Vec<FieldError> {
        decode::validate(self)
    }

    /// Fill in what an API server would: the provider, and the status of a new object.
    ///
    /// Nothing that is set is changed.
    pub fn apply_defaults(&mut self) {
        self.spec.provider.get_or_insert(Provider::Generic);
        self.status.get_or_insert_with(|| HelmRepositoryStatus {
            observed_generation: Some(-1),
            ..HelmRepositoryStatus::default()
        });
    }

    /// Every field of the spec, ordered by path.
    pub fn fields() -> &'static [Field] {
        fields::HELM_REPOSITORY
    }
}

impl HelmRepositorySpec {
    /// How often to look at an HTTP repository. One minute when it is not set, or zero.
    ///
    /// # Errors
    ///
    /// If what is written is not a duration, or too long to be one.
    pub fn interval(&self) -> Result<Duration, ParseDurationError> {
        duration_or(self.interval.as_deref(), Duration::from_mins(1))
    }

    /// How long one request may take. One minute when it is not set, or zero.
    ///
    /// # Errors
    ///
    /// If what is written is not a duration, or too long to be one.
    pub fn timeout(&self) -> Result<Duration, ParseDurationError> {
        duration_or(self.timeout.as_deref(), Duration::from_mins(1))
    }

    /// Whose login the registry wants: [`Provider::Generic`] when it is not set.
    pub fn provider(&self) -> Provider {
        self.provider.clone().unwrap_or(Provider::Generic)
    }

    /// What the URL leads to: [`RepositoryType::Default`] when it is not set.
    pub fn repository_type(&self) -> RepositoryType {
        self.repository_type
            .clone()
            .unwrap_or(RepositoryType::Default)
    }
}

fn duration_or(text: Option<&str>, default: Duration) -> Result<Duration, ParseDurationError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(default);
    };
    let duration = parse_duration(text)?;
    Ok(if duration.is_zero() {
        default
    } else {
        duration
    })
}

open_enum! {
    /// What the URL of a HelmRepository leads to.
    RepositoryType {
        /// An HTTP server with an `index.yaml`.
        Default = "default",
        /// A path in an OCI registry.
        Oci = "oci",
    }
}

open_enum! {
    /// Whose login a registry wants.
    Provider {
        /// A user name and password, a token, or none at all.
        Generic = "generic",
        /// Amazon Web Services.
        Aws = "aws",
        /// Microsoft Azure.
        Azure = "azure",
        /// Google Cloud.
        Gcp = "gcp",
    }
}

/// Which other namespaces may refer to an object. No controller enforces it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct AccessFrom {
    /// The namespaces: those that at least one entry selects.
    pub namespace_selectors: Vec<NamespaceSelector>,
}

/// Selects namespaces by their labels; without any label it selects all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct NamespaceSelector {
    /// Labels that a namespace must carry, all of them, with these values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
}

/// What was last seen and stored of a HelmRepository.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct HelmRepositoryStatus {
    /// The index as it was last stored. Never set for type oci.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// How the object is, one aspect each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
    /// The value of the annotation reconcile.fluxcd.io/requestedAt that was last answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// The generation of the object that the status speaks of; -1 before the first look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Where the newest index can be fetched; what it leads to changes over time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
