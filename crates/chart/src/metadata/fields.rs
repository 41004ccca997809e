//! Fields of a YAML map, as Go's JSON decoder finds them.

use std::collections::BTreeMap;

use super::problem::Problem;
use crate::yaml::{Node, go_text};

/// A map whose fields are looked up whatever their case. Of two spellings of one name the later in
/// byte order counts, as Helm sorts before it decodes.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    map: &'a BTreeMap<String, Node>,
    /// Where the map is (`dependencies`), for error messages.
    within: &'static str,
}

impl<'a> Fields<'a> {
    /// The fields of `node`; none if there is nothing.
    pub(super) fn of(node: &'a Node, within: &'static str) -> Result<Self, Problem> {
        static NOTHING: BTreeMap<String, Node> = BTreeMap::new();
        let map = match node {
            Node::Map(map) => map,
            Node::Null => &NOTHING,
            other => return Err(wrong(within, "", "a map", other)),
        };
        map.values().try_for_each(finite)?;
        Ok(Self { map, within })
    }

    /// Every spelling of `name` that is present.
    fn spellings(self, name: &str) -> impl Iterator<Item = &'a Node> {
        self.map
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, node)| node)
    }

    /// Whether `name` is there with something in it.
    pub(super) fn has(self, name: &str) -> bool {
        self.spellings(name).any(|node| *node != Node::Null)
    }

    /// Whether `name` is there at all.
    pub(super) fn mentions(self, name: &str) -> bool {
        self.spellings(name).next().is_some()
    }

    pub(super) fn text(self, name: &'static str) -> Result<String, Problem> {
        let mut value = String::new();
        for node in self.spellings(name).filter(|node| **node != Node::Null) {
            value = self.as_text(name, node)?;
        }
        Ok(value)
    }

    pub(super) fn flag(self, name: &'static str) -> Result<bool, Problem> {
        let mut value = false;
        for node in self.spellings(name) {
            match node {
                Node::Bool(flag) => value = *flag,
                Node::Null => {}
                other => return Err(wrong(self.within, name, "a boolean", other)),
            }
        }
        Ok(value)
    }

    pub(super) fn list(self, name: &'static str) -> Result<&'a [Node], Problem> {
        let mut value: &[Node] = &[];
        for node in self.spellings(name) {
            value = match node {
                Node::List(list) => list,
                Node::Null => &[],
                other => return Err(wrong(self.within, name, "a list", other)),
            };
        }
        Ok(value)
    }

    pub(super) fn texts(self, name: &'static str) -> Result<Vec<String>, Problem> {
        let list = self.list(name)?;
        list.iter().map(|node| self.as_text(name, node)).collect()
    }

    pub(super) fn text_map(self, name: &'static str) -> Result<BTreeMap<String, String>, Problem> {
        let mut value = BTreeMap::new();
        for node in self.spellings(name) {
            match node {
                Node::Map(map) => {
                    for (key, node) in map {
                        value.insert(key.clone(), self.as_text(name, node)?);
                    }
                }
                Node::Null => value.clear(),
                other => return Err(wrong(self.within, name, "a map", other)),
            }
        }
        Ok(value)
    }

    fn as_text(self, name: &'static str, node: &Node) -> Result<String, Problem> {
        match node {
            Node::Null => Ok(String::new()),
            Node::Bool(value) => Ok(value.to_string()),
            Node::Int(value) => Ok(value.to_string()),
            Node::Float(value) => Ok(go_text(*value)),
            Node::Text(value) => Ok(value.clone()),
            other @ (Node::List(_) | Node::Map(_)) => Err(wrong(self.within, name, "text", other)),
        }
    }
}

fn wrong(
    within: &'static str,
    name: &'static str,
    expected: &'static str,
    found: &Node,
) -> Problem {
    Problem::Type {
        within,
        name,
        expected,
        found: found.kind(),
    }
}

/// Helm goes through JSON, which has no infinity.
fn finite(node: &Node) -> Result<(), Problem> {
    match node {
        Node::Float(value) if !value.is_finite() => Err(Problem::NotFinite),
        Node::List(list) => list.iter().try_for_each(finite),
        Node::Map(map) => map.values().try_for_each(finite),
        _ => Ok(()),
    }
}

/// The same in JSON.
pub(super) fn json(node: &Node) -> serde_json::Value {
    use serde_json::Value;
    match node {
        Node::Null => Value::Null,
        Node::Bool(value) => Value::Bool(*value),
        Node::Int(value) => match (u64::try_from(*value), i64::try_from(*value)) {
            (Ok(value), _) => value.into(),
            (Err(_), Ok(value)) => value.into(),
            (Err(_), Err(_)) => Value::Null,
        },
        Node::Float(value) => {
            serde_json::Number::from_f64(*value).map_or(Value::Null, Value::Number)
        }
        Node::Text(value) => Value::String(value.clone()),
        Node::List(list) => list.iter().map(json).collect(),
        Node::Map(map) => map
            .iter()
            .map(|(key, node)| (key.clone(), json(node)))
            .collect(),
    }
}
