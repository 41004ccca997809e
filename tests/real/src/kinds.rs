//! Which objects there are, and where the API server keeps them.

use std::fmt;

use serde_json::Value;

/// Kind, group and version, name in paths.
const KINDS: &[(&str, &str, &str)] = &[
    (
        "HelmRepository",
        "source.toolkit.fluxcd.io/v1",
        "helmrepositories",
    ),
    ("HelmChart", "source.toolkit.fluxcd.io/v1", "helmcharts"),
    (
        "GitRepository",
        "source.toolkit.fluxcd.io/v1",
        "gitrepositories",
    ),
    ("Bucket", "source.toolkit.fluxcd.io/v1", "buckets"),
    ("HelmRelease", "helm.toolkit.fluxcd.io/v2", "helmreleases"),
    ("Secret", "v1", "secrets"),
    ("ConfigMap", "v1", "configmaps"),
    ("Event", "v1", "events"),
    ("Namespace", "v1", "namespaces"),
    (
        "ClusterRole",
        "rbac.authorization.k8s.io/v1",
        "clusterroles",
    ),
    (
        "ClusterRoleBinding",
        "rbac.authorization.k8s.io/v1",
        "clusterrolebindings",
    ),
    (
        "CustomResourceDefinition",
        "apiextensions.k8s.io/v1",
        "customresourcedefinitions",
    ),
];

/// Which object is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id {
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty for an object that is in none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Id {
    /// An object in a namespace.
    pub fn new(kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// What a manifest is about.
    #[track_caller]
    pub fn of(manifest: &Value) -> Self {
        let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str);
        Self::new(
            text("/kind").expect("a manifest has a kind"),
            text("/metadata/namespace").unwrap_or_default(),
            text("/metadata/name").expect("a manifest has a name"),
        )
    }

    /// Where it is.
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.collection(), self.name)
    }

    /// Where all of its kind are.
    pub(crate) fn collection(&self) -> String {
        let (version, plural) = kind(&self.kind);
        let root = if version.contains('/') { "apis" } else { "api" };
        if self.namespace.is_empty() {
            format!("/{root}/{version}/{plural}")
        } else {
            format!("/{root}/{version}/namespaces/{}/{plural}", self.namespace)
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
    }
}

/// Group and version, as manifests have it.
pub(crate) fn api_version(name: &str) -> &'static str {
    kind(name).0
}

fn kind(name: &str) -> (&'static str, &'static str) {
    let found = KINDS.iter().find(|(kind, _, _)| *kind == name);
    let (_, version, plural) = found.unwrap_or_else(|| panic!("the suite knows no kind {name}"));
    (version, plural)
}
