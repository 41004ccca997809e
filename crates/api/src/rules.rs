//! Rules that a schema states in CEL and this crate checks in Rust.

use serde_json::{Value, json};

/// A rule over one object, in the two languages in which it is checked.
#[derive(Debug)]
pub(crate) struct Rule {
    /// The rule in CEL, for the API server.
    cel: &'static str,
    /// What is said when it does not hold.
    pub(crate) message: &'static str,
    /// The same rule in Rust. It is asked only about values whose fields are there and of their types.
    pub(crate) holds: fn(&Value) -> bool,
}

/// Signatures are looked for in registries, and only a HelmRepository leads to one.
pub(crate) const VERIFY_NEEDS_HELM_REPOSITORY: Rule = Rule {
    cel: "!has(self.verify) || self.sourceRef.kind == 'HelmRepository'",
    message: "spec.verify is only supported when spec.sourceRef.kind is 'HelmRepository'",
    holds: |spec| spec.get("verify").is_none() || spec["sourceRef"]["kind"] == "HelmRepository",
};

const ALL: &[Rule] = &[VERIFY_NEEDS_HELM_REPOSITORY];

/// Stands for a rule that is in a schema and not in this table, and never holds.
const NOT_IN_THE_TABLE: &Rule = &Rule {
    cel: "",
    message: "a rule of the schema cannot be checked here",
    holds: |_| false,
};

impl Rule {
    /// The rule as the schema has it.
    pub(crate) fn to_schema(&self) -> Value {
        json!({ "rule": self.cel, "message": self.message })
    }

    /// The rule that is written so in CEL.
    pub(crate) fn for_cel(cel: &str) -> &'static Self {
        ALL.iter()
            .find(|rule| rule.cel == cel)
            .unwrap_or(NOT_IN_THE_TABLE)
    }
}
