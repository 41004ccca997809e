use std::fmt;

use serde_json::Value;

/// A field of a resource is not what the schema asks for.
///
/// Its text is what the API server of Kubernetes 1.36 says of the same field, except that user info and
/// query are left out of an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FieldError {
    path: String,
    problem: Problem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The schema has no such field.
    Unknown,
    /// The field has to be there.
    Required {
        /// What is added to the fact; most often nothing.
        detail: &'static str,
    },
    /// The value has another type.
    Type {
        /// The type that the schema asks for.
        expected: String,
        /// The type of the value.
        found: &'static str,
    },
    /// The value is none of those listed.
    Unsupported {
        /// The value as JSON.
        value: String,
        /// The values listed, as JSON.
        accepted: Vec<String>,
    },
    /// The value has the right type, and is not acceptable.
    Invalid {
        /// The value as JSON.
        value: String,
        /// What is expected instead.
        expected: String,
    },
    /// The text is too long.
    TooLong {
        /// The longest text that is accepted, in characters.
        limit: i64,
    },
    /// Several fields do not go together.
    Rule {
        /// What the rule says.
        message: &'static str,
    },
}

impl FieldError {
    pub(crate) fn new(path: impl Into<String>, problem: Problem) -> Self {
        Self {
            path: path.into(),
            problem,
        }
    }

    pub(crate) fn invalid(path: &str, value: &str, expected: impl Into<String>) -> Self {
        Self::new(
            path,
            Problem::Invalid {
                value: quoted(value),
                expected: expected.into(),
            },
        )
    }

    /// Where the field is, from the root of the resource: `spec.verify.matchOIDCIdentity[0].issuer`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong with it.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.problem {
            Problem::Unknown => write!(f, "unknown field \"{path}\""),
            Problem::Required { detail: "" } => write!(f, "{path}: Required value"),
            Problem::Required { detail } => write!(f, "{path}: Required value: {detail}"),
            Problem::Type { expected, found } => write!(
                f,
                "{path}: Invalid value: \"{found}\": {path} in body must be of type {expected}: \"{found}\""
            ),
            Problem::Unsupported { value, accepted } => write!(
                f,
                "{path}: Unsupported value: {value}: supported values: {}",
                accepted.join(", ")
            ),
            Problem::Invalid { value, expected } => {
                write!(f, "{path}: Invalid value: {value}: {expected}")
            }
            Problem::TooLong { limit } => {
                write!(
                    f,
                    "{path}: Too long: may not be more than {limit} characters"
                )
            }
            Problem::Rule { message } => write!(f, "{path}: Invalid value: {message}"),
        }
    }
}

/// A value as JSON, without what must not be repeated.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    format!("{:?}", without_credentials(text))
}

/// The text without user info and query, if it is anything like an address.
///
/// A password belongs into a Secret; one that was written into a URL all the same must not end up in a
/// terminal or the log of a pipeline as well.
fn without_credentials(text: &str) -> String {
    let (scheme, rest) = match text.find("//") {
        Some(at) => text.split_at(at + 2),
        None => ("", text),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let path = path.split('?').next().unwrap_or(path);
    format!("{scheme}{host}{path}")
}
