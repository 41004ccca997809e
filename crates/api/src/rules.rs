//! Rules that a schema states in CEL and this crate checks in Rust.

use serde_json::{Value, json};

/// A rule over one object, in the two languages in which it is checked.
pub(crate) struct Rule {
    /// The rule in CEL, for the API server.
    pub(crate) cel: &'static str,
    /// What is said when it does not hold.
    pub(crate) message: &'static str,
    /// The same rule in Rust. It is asked only about values that the schema accepts.
    #[expect(dead_code, reason = "read by the local validation, which follows")]
    pub(crate) holds: fn(&Value) -> bool,
}

/// Signatures are looked for in registries, and only a HelmRepository leads to one.
pub(crate) const VERIFY_NEEDS_HELM_REPOSITORY: Rule = Rule {
    cel: "!has(self.verify) || self.sourceRef.kind == 'HelmRepository'",
    message: "spec.verify is only supported when spec.sourceRef.kind is 'HelmRepository'",
    holds: |spec| spec.get("verify").is_none() || spec["sourceRef"]["kind"] == "HelmRepository",
};

impl Rule {
    pub(crate) fn to_schema(&self) -> Value {
        json!({ "rule": self.cel, "message": self.message })
    }
}
