use std::fmt;

use serde_json::Value;

/// A field of a resource is not what the schema asks for.
///
/// Its text is what the API server of Kubernetes 1.36 says of the same field.
///
/// # Deviation
///
/// A refused text is repeated without user info and query, in case it is meant to be an address.
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
/// terminal or the log of a pipeline as well. What is refused need not be a URL, so where user info ends
/// is a guess: everything up to the last `@` goes, and all of it if there is one behind a `?` or `#`.
fn without_credentials(text: &str) -> String {
    let is_scheme = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let (scheme, rest) = match text.find("://") {
        Some(at) if is_scheme(&text[..at]) => text.split_at(at + 3),
        _ => ("", text),
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (address, query) = rest.split_at(end);
    if query.contains('@') {
        return format!("{scheme}[redacted]");
    }
    let address = address.rsplit('@').next().unwrap_or(address);
    format!("{scheme}{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(without_credentials(text), expected);
    }

    #[test]
    fn an_address_is_shown_without_user_info_and_query() {
        check(
            "ftp://user:pass@host/path?token=secret#part",
            "ftp://host/path",
        );
        check("user:pass@host/path", "host/path");
        check("https:/user:pass@host", "host");
        check("ftp://host/path", "ftp://host/path");
        check("30", "30");
    }

    #[test]
    fn a_password_with_delimiters_in_it_is_not_shown_either() {
        check("ftp://user:pa@ss@host", "ftp://host");
        check("ftp://user:pa/ss@host", "ftp://host");
        check("ftp://user:pa?ss@host", "ftp://[redacted]");
        check("ftp://user:pa#ss@host", "ftp://[redacted]");
        check("user:pass@host://path", "host://path");
        check("user:pa://ss@host", "host");
    }
}
