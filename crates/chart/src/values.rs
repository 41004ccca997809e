//! Values files, merged.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::yaml::{Node, Room, YamlError, documents, write};
use crate::{Chart, Limits};

/// Merge values files into one, the later over the earlier.
///
/// Each of `documents` is a name, for errors, and YAML. Maps are merged key by key and recursively;
/// anything else replaces what was there, as [Helm and Flux][1] do it. So a list replaces a list,
/// and an explicit `null` is kept: Helm deletes a default for it when it installs. YAML is read as
/// Helm reads it: version 1.1, the first document of each file, the last of two equal keys.
///
/// The result is written as Helm writes YAML: sorted, without comments, anchors written out. Equal
/// input gives equal bytes. If nothing is left to write, the result is empty.
///
/// # Deviation
///
/// Helm reads numbers as floating point of 64 bits, so that `12345678901234567890` becomes
/// `12345678901234567000`. Here integers of up to 64 bits keep every digit.
///
/// # Errors
///
/// If a document is no map, is not YAML, has a number in it that JSON has not (`.inf`), or if the
/// documents together come to more than [`max_values_bytes`](Limits::max_values_bytes) or lie more
/// than 64 deep.
///
/// [1]: https://github.com/fluxcd/pkg/blob/runtime/v0.110.1/runtime/transform/transform.go
///
/// ```
/// use portolan_chart::{Limits, merge_values};
///
/// let merged = merge_values(
///     [
///         ("values.yaml", "image: {tag: '1.0', pull: Always}\nports: [80]".as_bytes()),
///         ("production.yaml", "image: {tag: '2.0'}\nports: [443]".as_bytes()),
///     ],
///     &Limits::default(),
/// )?;
/// assert_eq!(merged, b"image:\n  pull: Always\n  tag: \"2.0\"\nports:\n- 443\n");
/// # Ok::<(), portolan_chart::MergeValuesError>(())
/// ```
pub fn merge_values<'a>(
    documents: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    limits: &Limits,
) -> Result<Vec<u8>, MergeValuesError> {
    let room = Room::of(limits.max_values_bytes);
    let mut merged = BTreeMap::new();
    for (name, yaml) in documents {
        let values = read(yaml, &room).map_err(|reason| MergeValuesError {
            file: name.to_owned(),
            reason,
        })?;
        merge(&mut merged, values);
    }
    if merged.is_empty() {
        return Ok(Vec::new());
    }
    Ok(write(&Node::Map(merged)).into_bytes())
}

impl Chart {
    /// The chart's default values as one document: what [`merge_values`] takes for `values.yaml`.
    ///
    /// Helm merges all documents of a chart's own `values.yaml`, and takes only the first of any
    /// other values file. Nearly every chart has one document, which is returned as it is.
    ///
    /// # Errors
    ///
    /// If the documents cannot be merged: see [`merge_values`].
    pub fn default_values(
        &self,
        limits: &Limits,
    ) -> Result<Option<Cow<'_, [u8]>>, MergeValuesError> {
        const FILE: &str = "values.yaml";
        let Some(yaml) = self.values() else {
            return Ok(None);
        };
        let mut documents = documents(yaml).map_err(|error| MergeValuesError {
            file: FILE.to_owned(),
            reason: error.into(),
        })?;
        // Many a file begins with a line of dashes.
        documents.retain(|document| !document.trim_ascii().is_empty());
        if let [document] = documents[..] {
            return Ok(Some(Cow::Borrowed(document)));
        }
        let documents = documents.into_iter().map(|document| (FILE, document));
        merge_values(documents, limits).map(|yaml| Some(Cow::Owned(yaml)))
    }
}

fn read(yaml: &[u8], room: &Room) -> Result<BTreeMap<String, Node>, Reason> {
    let yaml = yaml.strip_prefix(b"\xef\xbb\xbf").unwrap_or(yaml);
    match Node::parse_within(yaml, room)? {
        Node::Map(map) => {
            map.values().try_for_each(check_finite)?;
            Ok(map)
        }
        Node::Null => Ok(BTreeMap::new()),
        other => Err(Reason::NoMap(other.kind())),
    }
}

/// JSON has no infinity, and values are JSON to Helm.
fn check_finite(node: &Node) -> Result<(), Reason> {
    match node {
        Node::Float(value) if !value.is_finite() => Err(Reason::NotFinite),
        Node::List(list) => list.iter().try_for_each(check_finite),
        Node::Map(map) => map.values().try_for_each(check_finite),
        _ => Ok(()),
    }
}

fn merge(into: &mut BTreeMap<String, Node>, from: BTreeMap<String, Node>) {
    for (key, value) in from {
        match into.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(mut entry) => match (entry.get_mut(), value) {
                (Node::Map(into), Node::Map(from)) => merge(into, from),
                (into, value) => *into = value,
            },
        }
    }
}

/// Why values files were not merged: which file, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("unmarshaling values from '{}' failed: {reason}", file.escape_debug())]
pub struct MergeValuesError {
    file: String,
    reason: Reason,
}

impl MergeValuesError {
    /// The file that could not be merged, as it was named.
    pub fn file(&self) -> &str {
        &self.file
    }
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("{0}")]
    Yaml(YamlError),
    #[error("{0} where a map is expected")]
    NoMap(&'static str),
    #[error("an infinite number or none at all cannot be kept")]
    NotFinite,
}

impl From<YamlError> for Reason {
    fn from(error: YamlError) -> Self {
        Self::Yaml(error)
    }
}
