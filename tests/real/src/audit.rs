//! What the API server was asked, from its own audit log.

use serde_json::Value;

/// Everything that is asked for, but nothing of what is in it.
pub(crate) const POLICY: &str = r#"{
  "apiVersion": "audit.k8s.io/v1",
  "kind": "Policy",
  "omitStages": ["RequestReceived", "ResponseStarted"],
  "rules": [{"level": "Metadata"}]
}"#;

/// A request that the API server has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Who asked.
    pub user: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`.
    pub verb: String,
    /// `helmcharts`, or with a sub-resource `helmcharts/status`.
    pub resource: String,
    /// The namespace of the object.
    pub namespace: String,
    /// The name of the object, if one is named.
    pub name: String,
    /// The status of the answer.
    pub code: u64,
}

impl Call {
    /// Whether something was to be changed.
    pub fn is_write(&self) -> bool {
        !matches!(self.verb.as_str(), "get" | "list" | "watch")
    }

    /// Read a line of the log; `None` for what is not about an object.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let entry: Value = serde_json::from_str(line).ok()?;
        let text = |pointer: &str| {
            let value = entry.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let resource = text("/objectRef/resource");
        if resource.is_empty() {
            return None;
        }
        let subresource = text("/objectRef/subresource");
        Some(Self {
            user: text("/user/username"),
            verb: text("/verb"),
            resource: if subresource.is_empty() {
                resource
            } else {
                format!("{resource}/{subresource}")
            },
            namespace: text("/objectRef/namespace"),
            name: text("/objectRef/name"),
            code: entry.pointer("/responseStatus/code")?.as_u64()?,
        })
    }
}
