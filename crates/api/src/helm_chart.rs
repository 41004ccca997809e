//! The HelmChart resource.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::Artifact;
use crate::condition_schema::conditions_schema;
use crate::decode;
use crate::duration::{INTERVAL_PATTERN, ParseDurationError, parse_duration};
use crate::field_error::FieldError;
use crate::fields::{self, Field};
use crate::open_enum::open_enum;
use crate::references::{LocalObjectReference, SourceReference};
use crate::rules::VERIFY_NEEDS_HELM_REPOSITORY;

/// Which chart is wanted, from where, and how it is checked and packaged.
//
// The schema lets a HelmChart without a spec through, so reading one must not fail: `serde(default)` on
// the resource, which kube takes only behind a `cfg_attr`.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, CustomResource, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [VERIFY_NEEDS_HELM_REPOSITORY.to_schema()]))]
#[kube(
    group = "source.toolkit.fluxcd.io",
    version = "v1",
    kind = "HelmChart",
    plural = "helmcharts",
    singular = "helmchart",
    namespaced,
    status = "HelmChartStatus",
    doc = "A chart that is kept at hand for whoever installs it, in the newest version that its range admits.",
    derive = "PartialEq",
    derive = "Default",
    attr = "cfg_attr(all(), serde(default))",
    category = "all",
    category = "fluxcd",
    category = "fluxcd-sources",
    shortname = "hc",
    annotation("kustomize.toolkit.fluxcd.io/substitute", "disabled"),
    printcolumn = r#"{"name": "Chart", "type": "string", "jsonPath": ".spec.chart"}"#,
    printcolumn = r#"{"name": "Version", "type": "string", "jsonPath": ".spec.version"}"#,
    printcolumn = r#"{"name": "Source Kind", "type": "string", "jsonPath": ".spec.sourceRef.kind"}"#,
    printcolumn = r#"{"name": "Source Name", "type": "string", "jsonPath": ".spec.sourceRef.name"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name": "Status", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].message"}"#
)]
pub struct HelmChartSpec {
    /// Name of the chart in a HelmRepository, or its path in a GitRepository or Bucket. A name that the
    /// source does not have is a failure.
    pub chart: String,
    /// Pass over entries of valuesFiles that the chart does not hold. Default: false, and a missing
    /// file is a failure.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_missing_values_files: bool,
    /// How often to look for a newer version, in hours (h), minutes (m), seconds (s) and milliseconds
    /// (ms), for example 10m or 1h30m. Zero means only when something changes; more than 292 years is
    /// a failure.
    #[schemars(regex(pattern = INTERVAL_PATTERN))]
    pub interval: String,
    /// What makes a new artifact: another version of the chart (`ChartVersion`), or another revision of
    /// its source (`Revision`), which is the same for a HelmRepository. Default: `ChartVersion`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "ChartVersion"))]
    pub reconcile_strategy: Option<ReconcileStrategy>,
    /// The source that holds the chart. A source that does not exist is a failure, until it does.
    pub source_ref: SourceReference,
    /// Leave this object alone until the field is removed or false. What is stored stays available.
    /// Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
    /// Files whose values become the default values of the chart, merged in this order, the last one
    /// winning: files of the chart itself, or paths from the root of a GitRepository or Bucket. The
    /// chart's own values.yaml counts only if it is in the list. Absent or empty: the chart stays as it
    /// is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values_files: Vec<String>,
    /// Who must have signed the chart; without an accepted signature it is not fetched. Only for charts
    /// in an OCI registry; dependencies that are fetched while packaging are not covered. Absent:
    /// signatures are not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verification>,
    /// Which versions are welcome, as Helm writes ranges: 1.2.3, 1.2.x, >=1.0.0 <2.0.0. The highest
    /// one is taken; if there is none, or this is no range, that is a failure. Not looked at for a
    /// GitRepository or Bucket. Default: *, the highest version that is no pre-release.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = ANY_VERSION))]
    pub version: Option<String>,
}

impl HelmChart {
    /// Everything about the resource that an API server would refuse; nothing if it would accept it.
    ///
    /// The status is checked as well. Values that are left out when the resource is written (`false`,
    /// an empty list) count as absent.
    pub fn validate(&self) -> Vec<FieldError> {
        decode::validate(self)
    }

    /// Fill in what an API server would: version, strategy, and the status of a new object.
    ///
    /// Nothing that is set is changed.
    pub fn apply_defaults(&mut self) {
        self.spec
            .version
            .get_or_insert_with(|| ANY_VERSION.to_owned());
        self.spec
            .reconcile_strategy
            .get_or_insert(ReconcileStrategy::ChartVersion);
        self.status.get_or_insert_with(|| HelmChartStatus {
            observed_generation: Some(-1),
            ..HelmChartStatus::default()
        });
    }

    /// Every field of the spec, ordered by path.
    pub fn fields() -> &'static [Field] {
        fields::HELM_CHART
    }
}

const ANY_VERSION: &str = "*";

impl HelmChartSpec {
    /// How often to look for a newer version. Zero means never again on its own.
    ///
    /// # Errors
    ///
    /// If what is written is not a duration, or too long to be one.
    pub fn interval(&self) -> Result<Duration, ParseDurationError> {
        parse_duration(&self.interval)
    }

    /// Which versions are welcome: `*`, the highest release, when it is not set or empty.
    pub fn version(&self) -> &str {
        self.version
            .as_deref()
            .filter(|version| !version.is_empty())
            .unwrap_or(ANY_VERSION)
    }

    /// What makes a new artifact: [`ReconcileStrategy::ChartVersion`] when it is not set.
    pub fn reconcile_strategy(&self) -> ReconcileStrategy {
        self.reconcile_strategy
            .clone()
            .unwrap_or(ReconcileStrategy::ChartVersion)
    }
}

open_enum! {
    /// What makes a new artifact of a chart.
    ReconcileStrategy {
        /// Another version in the chart's metadata.
        ChartVersion = "ChartVersion",
        /// Another revision of the source. The same as `ChartVersion` for a HelmRepository.
        Revision = "Revision",
    }
}

open_enum! {
    /// Whose kind of signature is wanted.
    VerificationProvider {
        /// Sigstore's cosign.
        Cosign = "cosign",
        /// The Notary Project's notation.
        Notation = "notation",
    }
}

/// Who must have signed a chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct Verification {
    /// Whose certificates are accepted when secretRef gives no key: one match is enough. Only for cosign.
    #[serde(
        rename = "matchOIDCIdentity",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub match_oidc_identity: Vec<OidcIdentityMatch>,
    /// What made the signature: cosign or notation. Default: cosign.
    #[schemars(extend("default" = "cosign"))]
    pub provider: VerificationProvider,
    /// Secret with the public keys (cosign), or the trust policy and certificates (notation). Absent
    /// with cosign: signed without a key, by an identity of matchOIDCIdentity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
}

/// Accepts a certificate by who issued the identity in it and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct OidcIdentityMatch {
    /// Regular expression (RE2) for the issuer of the identity.
    pub issuer: String,
    /// Regular expression (RE2) for the subject of the certificate.
    pub subject: String,
}

/// What was last seen and stored of a HelmChart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct HelmChartStatus {
    /// The chart as it was last stored; its revision is the version of the chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// How the object is, one aspect each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions_schema")]
    pub conditions: Vec<Condition>,
    /// The value of the annotation reconcile.fluxcd.io/requestedAt that was last answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// The name of the stored chart, from its own metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_chart_name: Option<String>,
    /// The generation of the object that the status speaks of; -1 before the first look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The revision of the source's artifact that was last looked at, whatever came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_source_artifact_revision: Option<String>,
    /// The values files that went into the stored chart. Only with ignoreMissingValuesFiles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed_values_files: Vec<String>,
    /// Where the newest stored chart can be fetched; what it leads to changes over time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
