//! YAML as Helm reads it.
//!
//! Helm turns YAML into JSON first ([sigs.k8s.io/yaml v1.6.0][1] over go-yaml v2), so: YAML 1.1
//! booleans and octal numbers, the first document only, the last of two equal keys, no keys but
//! plain ones.
//!
//! [1]: https://github.com/kubernetes-sigs/yaml/blob/v1.6.0/yaml.go

mod number;
mod resolve;
mod room;
mod shape;
mod write;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor,
};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};

pub(crate) use number::go_text;
pub(crate) use room::Room;
pub(crate) use shape::{check_values, documents, is_json};
pub(crate) use write::{write, write_text};

/// Something in a YAML document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Self>),
    Map(BTreeMap<String, Self>),
}

impl Node {
    /// The first document of `yaml`.
    pub(crate) fn parse(yaml: &[u8]) -> Result<Self, YamlError> {
        Self::parse_within(yaml, &Room::default())
    }

    /// The first document of `yaml`, if it fits into `room`.
    pub(crate) fn parse_within(yaml: &[u8], room: &Room) -> Result<Self, YamlError> {
        let document = first_document(text(yaml)?);
        check_characters(document)?;
        let seed = NodeSeed { room };
        serde_saphyr::with_deserializer_from_str_with_options(document, options(), |deserializer| {
            seed.deserialize(deserializer)
        })
        .map_err(YamlError::new)
    }

    /// What this is, for an error message.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// Why a text is not YAML that Helm would read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct YamlError(String);

impl YamlError {
    /// The parser's error may go on for lines: the first will do.
    #[expect(clippy::needless_pass_by_value, reason = "it is `map_err`'s signature")]
    fn new(error: serde_saphyr::Error) -> Self {
        let text = error.to_string();
        Self(text.lines().next().unwrap_or_default().to_owned())
    }
}

/// The text in `yaml`, which Helm wants to be UTF-8.
fn text(yaml: &[u8]) -> Result<&str, YamlError> {
    std::str::from_utf8(yaml)
        .map_err(|error| YamlError(format!("not UTF-8 at byte {}", error.valid_up_to())))
}

/// YAML's printable characters, but the byte order mark
/// ([YAML 1.2.2, 5.1](https://yaml.org/spec/1.2.2/#51-character-set)).
pub(crate) fn is_allowed(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n'
            | '\r'
            | ' '..='~'
            | '\u{85}'
            | '\u{a0}'..='\u{fefe}'
            | '\u{ff00}'..='\u{fffd}'
            | '\u{10000}'..
    )
}

fn check_characters(text: &str) -> Result<(), YamlError> {
    match text.chars().find(|character| !is_allowed(*character)) {
        None => Ok(()),
        Some(character) => Err(YamlError(format!(
            "the character U+{:04X} is not allowed",
            u32::from(character)
        ))),
    }
}

fn options() -> serde_saphyr::Options {
    let mut options = serde_saphyr::Options::default();
    options.duplicate_keys = DuplicateKeyPolicy::LastWins;
    // Maps are merged here, as go-yaml merges them.
    options.merge_keys = MergeKeyPolicy::AsOrdinary;
    options.legacy_octal_numbers = true;
    options.non_finite_float_policy = NonFiniteFloatPolicy::PassThrough;
    options.with_snippet = false;
    options.emit_comments = false;
    if let Some(budget) = &mut options.budget {
        // A values file may use one anchor a thousand times. What bounds aliases is how much
        // they replay.
        budget.enforce_alias_anchor_ratio = false;
    }
    options
}

/// For values, of which nothing is kept: as many as fit into an archive, one or two seconds' worth.
fn options_for_values() -> serde_saphyr::Options {
    let mut options = options();
    options.merge_keys = MergeKeyPolicy::Merge;
    if let Some(budget) = &mut options.budget {
        budget.max_nodes = 2_500_000;
        budget.max_events = 10_000_000;
        budget.max_total_scalar_bytes = 256 << 20;
    }
    options
}

/// `text` up to where its second document begins.
///
/// A line that starts with `---` or `...` ends a document wherever it stands, inside of quotes and
/// block scalars too ([YAML 1.2.2, 9.1.2](https://yaml.org/spec/1.2.2/#912-document-markers)).
fn first_document(text: &str) -> &str {
    &text[..first_document_end(text)]
}

/// Where the first document of `text` ends.
pub(crate) fn first_document_end(text: &str) -> usize {
    let mut begun = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if is_marker(line, "---") || is_marker(line, "...") {
            if begun {
                return at;
            }
            begun = line.starts_with('-');
        } else if !begun {
            begun = !(line.trim().is_empty() || line.starts_with(['#', '%']));
        }
        at += line.len();
    }
    text.len()
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let room = Room::default();
        NodeSeed { room: &room }.deserialize(deserializer)
    }
}

/// Reads a node, aliases written out, as long as there is room for it.
#[derive(Clone, Copy)]
struct NodeSeed<'r> {
    room: &'r Room,
}

impl NodeSeed<'_> {
    fn scalar<E: serde::de::Error>(self, node: Node, text: usize) -> Result<Node, E> {
        self.room.take_scalar(text).map_err(E::custom)?;
        Ok(node)
    }
}

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Node, E> {
        self.scalar(Node::Null, 0)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Node, E> {
        self.scalar(Node::Null, 0)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Node, E> {
        self.scalar(Node::Bool(value), 0)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Node, E> {
        self.scalar(Node::Int(value.into()), 0)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Node, E> {
        self.scalar(Node::Int(value.into()), 0)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        self.scalar(Node::Float(value), 0)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Node, E> {
        self.scalar(Node::Text(value.to_owned()), value.len())
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Node, E> {
        let length = value.len();
        self.scalar(Node::Text(value), length)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        self.room.take_collection().map_err(A::Error::custom)?;
        let mut list = Vec::new();
        while let Some(node) = access.next_element_seed(self)? {
            list.push(node);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        self.room.take_collection().map_err(A::Error::custom)?;
        let mut map = BTreeMap::new();
        while let Some(key) = access.next_key_seed(self)? {
            let key = key_text(key).map_err(A::Error::custom)?;
            let value = access.next_value_seed(self)?;
            if key == "<<" {
                merge(&mut map, value).map_err(A::Error::custom)?;
            } else {
                map.insert(key, value);
            }
        }
        Ok(Node::Map(map))
    }
}

/// Put the entries of `from`, which stood behind `<<`, into `map`: a map, or several of which the
/// first counts. As with go-yaml, they count for more than what was read before them and for less
/// than what comes after, where [the type](https://yaml.org/type/merge.html) has them always count
/// for less.
fn merge(map: &mut BTreeMap<String, Node>, from: Node) -> Result<(), &'static str> {
    let maps = match from {
        Node::List(list) => list,
        map => vec![map],
    };
    for from in maps.into_iter().rev() {
        let Node::Map(from) = from else {
            return Err("map merge requires map or sequence of maps as the value");
        };
        map.extend(from);
    }
    Ok(())
}

/// The JSON key for a YAML key.
fn key_text(key: Node) -> Result<String, String> {
    match key {
        Node::Text(text) => Ok(text),
        Node::Bool(value) => Ok(value.to_string()),
        Node::Int(value) => Ok(value.to_string()),
        Node::Float(value) if value.is_nan() => Ok(".nan".to_owned()),
        Node::Float(f64::INFINITY) => Ok(".inf".to_owned()),
        Node::Float(f64::NEG_INFINITY) => Ok("-.inf".to_owned()),
        Node::Float(value) => Ok(go_text(value)),
        Node::Null | Node::List(_) | Node::Map(_) => Err(format!("{} cannot be a key", key.kind())),
    }
}

#[cfg(test)]
mod tests;
