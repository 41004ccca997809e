//! Whose artifacts.

use std::fmt;

/// The object that artifacts belong to, and so the folder they are in:
/// `<kind in lower case>/<namespace>/<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    kind: String,
    namespace: String,
    name: String,
}

impl ObjectKey {
    /// Name an object. The kind is lower-cased, as Flux does.
    ///
    /// # Errors
    ///
    /// If a part is not what Kubernetes allows there: a kind is made of ASCII letters and digits, a
    /// namespace and a name of lower-case letters, digits, `-` and (between them) `.`, at most 63
    /// and 253 bytes. So no part can be empty, be `..`, hold a `/` or begin with a `.`.
    pub fn new(kind: &str, namespace: &str, name: &str) -> Result<Self, InvalidKeyError> {
        let bad = |part, text: &str, reason| {
            Err(InvalidKeyError {
                part,
                text: crate::name::shortened(text),
                reason,
            })
        };
        if let Some(reason) = kind_trouble(kind) {
            return bad("kind", kind, reason);
        }
        if let Some(reason) = name_trouble(namespace, 63) {
            return bad("namespace", namespace, reason);
        }
        if let Some(reason) = name_trouble(name, 253) {
            return bad("name", name, reason);
        }
        Ok(Self {
            kind: kind.to_ascii_lowercase(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// The kind, in lower case.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ObjectKey {
    /// Where its artifacts are, below the store's root.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
    }
}

fn kind_trouble(text: &str) -> Option<Reason> {
    let allowed = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match text.len() {
        0 => Some(Reason::Empty),
        1..=63 if allowed => None,
        1..=63 => Some(Reason::Kind),
        _ => Some(Reason::Long(63)),
    }
}

fn name_trouble(text: &str, longest: usize) -> Option<Reason> {
    let edge = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let label = |label: &str| {
        let bytes = label.as_bytes();
        bytes.first().is_some_and(|byte| edge(*byte))
            && bytes.last().is_some_and(|byte| edge(*byte))
            && bytes.iter().all(|byte| edge(*byte) || *byte == b'-')
    };
    if text.is_empty() {
        return Some(Reason::Empty);
    }
    if text.len() > longest {
        return Some(Reason::Long(longest));
    }
    (!text.split('.').all(label)).then_some(Reason::Name)
}

/// A part of an [`ObjectKey`] is not what Kubernetes allows there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot be the {part} of a stored object: {reason}")]
pub struct InvalidKeyError {
    part: &'static str,
    text: String,
    reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("it is empty")]
    Empty,
    #[error("it is longer than {0} bytes")]
    Long(usize),
    #[error("only ASCII letters and digits are allowed")]
    Kind,
    #[error(
        "only lower-case letters, digits, `-` and single `.` are allowed, between letters or digits"
    )]
    Name,
}
