//! Every field that the author of a resource can set.

use serde::Serialize;
use serde_json::Value;

/// A field of the spec of a kind.
///
/// Meant for tables that walk all of them: a controller has to honour each field or to refuse it, and a
/// walk over `HelmChart::fields()` finds the one that was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    path: &'static str,
    example: &'static str,
}

impl Field {
    const fn new(path: &'static str, example: &'static str) -> Self {
        Self { path, example }
    }

    /// Where the field is, from the root of the resource; `[]` stands for every entry of a list:
    /// `spec.verify.matchOIDCIdentity[].issuer`.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// A value that the schema accepts here, other than the default. It is no value that works: names
    /// in it name nothing.
    pub fn example(&self) -> Value {
        serde_json::from_str(self.example).unwrap_or_default()
    }

    /// The values of the field in a resource: one at most, or one for each entry of a list above it.
    ///
    /// What serde leaves out is not there: `false` where that is the default, and an empty list.
    pub fn values(&self, resource: &impl Serialize) -> Vec<Value> {
        let mut found = vec![serde_json::to_value(resource).unwrap_or_default()];
        for name in self.path.split('.') {
            let (name, is_list) = match name.strip_suffix("[]") {
                Some(name) => (name, true),
                None => (name, false),
            };
            found = found
                .iter_mut()
                .filter_map(|value| value.get_mut(name))
                .flat_map(|value| match value.take() {
                    Value::Array(entries) if is_list => entries,
                    other => vec![other],
                })
                .collect();
        }
        found
    }

    /// Whether a resource sets the field.
    pub fn is_set(&self, resource: &impl Serialize) -> bool {
        !self.values(resource).is_empty()
    }
}

pub(crate) const HELM_CHART: &[Field] = &[
    Field::new("spec.chart", r#""app""#),
    Field::new("spec.ignoreMissingValuesFiles", "true"),
    Field::new("spec.interval", r#""90s""#),
    Field::new("spec.reconcileStrategy", r#""Revision""#),
    Field::new(
        "spec.sourceRef",
        r#"{"kind": "HelmRepository", "name": "charts"}"#,
    ),
    Field::new(
        "spec.sourceRef.apiVersion",
        r#""source.toolkit.fluxcd.io/v1""#,
    ),
    Field::new("spec.sourceRef.kind", r#""HelmRepository""#),
    Field::new("spec.sourceRef.name", r#""charts""#),
    Field::new("spec.suspend", "true"),
    Field::new("spec.valuesFiles", r#"["values.yaml", "values-test.yaml"]"#),
    Field::new(
        "spec.verify",
        r#"{"provider": "cosign", "secretRef": {"name": "keys"}}"#,
    ),
    Field::new(
        "spec.verify.matchOIDCIdentity",
        r#"[{"issuer": "^https://issuer\\.test$", "subject": "^me@example\\.test$"}]"#,
    ),
    Field::new(
        "spec.verify.matchOIDCIdentity[].issuer",
        r#""^https://issuer\\.test$""#,
    ),
    Field::new(
        "spec.verify.matchOIDCIdentity[].subject",
        r#""^me@example\\.test$""#,
    ),
    Field::new("spec.verify.provider", r#""notation""#),
    Field::new("spec.verify.secretRef", r#"{"name": "keys"}"#),
    Field::new("spec.verify.secretRef.name", r#""keys""#),
    Field::new("spec.version", r#"">=1.0.0 <2.0.0""#),
];

pub(crate) const HELM_REPOSITORY: &[Field] = &[
    Field::new(
        "spec.accessFrom",
        r#"{"namespaceSelectors": [{"matchLabels": {"team": "a"}}]}"#,
    ),
    Field::new(
        "spec.accessFrom.namespaceSelectors",
        r#"[{"matchLabels": {"team": "a"}}]"#,
    ),
    Field::new(
        "spec.accessFrom.namespaceSelectors[].matchLabels",
        r#"{"team": "a"}"#,
    ),
    Field::new("spec.certSecretRef", r#"{"name": "tls"}"#),
    Field::new("spec.certSecretRef.name", r#""tls""#),
    Field::new("spec.insecure", "true"),
    Field::new("spec.interval", r#""10m""#),
    Field::new("spec.passCredentials", "true"),
    Field::new("spec.provider", r#""aws""#),
    Field::new("spec.secretRef", r#"{"name": "login"}"#),
    Field::new("spec.secretRef.name", r#""login""#),
    Field::new("spec.suspend", "true"),
    Field::new("spec.timeout", r#""90s""#),
    Field::new("spec.type", r#""oci""#),
    Field::new("spec.url", r#""oci://registry.test/charts""#),
];
