//! One document: which objects are in it, and what is wrong with them.

use std::fmt;

use portolan_api::{FieldError, HelmChart, HelmRepository, decode_strict};
use serde_json::{Map, Value};

use super::secret;

/// The group of the kinds that are reconciled here.
const GROUP: &str = "source.toolkit.fluxcd.io/";

/// Kinds of that group that are other controllers' work.
const OTHERS_OF_THE_GROUP: [&str; 4] = [
    "Bucket",
    "ExternalArtifact",
    "GitRepository",
    "OCIRepository",
];

/// How deep lists may lie in lists.
const MAX_LISTS: usize = 4;

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id {
    /// `HelmChart`
    pub(crate) kind: String,
    /// Never empty: `default` is what nothing means.
    pub(crate) namespace: String,
    /// Never empty.
    pub(crate) name: String,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// What a document holds.
#[derive(Default)]
pub(super) struct Objects {
    /// Objects that are what the schema asks for, with defaults filled in.
    pub(super) accepted: Vec<Accepted>,
    /// What is wrong with others.
    pub(super) refused: Vec<Refused>,
    /// How many objects are none of our business.
    pub(super) others: usize,
}

/// An object that is what the schema asks for.
pub(super) struct Accepted {
    pub(super) id: Id,
    /// Its number in a list.
    pub(super) item: Option<usize>,
    pub(super) value: Value,
}

/// One thing that is wrong with an object.
pub(super) struct Refused {
    /// Which object it is, as far as it says so.
    pub(super) id: Result<Id, String>,
    /// Its number in a list.
    pub(super) item: Option<usize>,
    /// What is wrong.
    pub(super) what: String,
}

/// The objects of a document. A list is unpacked.
pub(super) fn objects(document: Value) -> Objects {
    let mut found = Objects::default();
    unpack(document, None, 0, &mut found);
    found
}

fn unpack(value: Value, item: Option<usize>, depth: usize, found: &mut Objects) {
    let Value::Object(fields) = value else {
        found.others += 1;
        return;
    };
    if is_list(&fields) && depth < MAX_LISTS {
        return unpack_list(fields, depth, found);
    }
    let kind = text(&fields, "kind").to_owned();
    let read = match (kind.as_str(), text(&fields, "apiVersion")) {
        ("HelmChart" | "HelmRepository", version) if !is_foreign(version) => read(&kind, fields),
        ("Secret", "" | "v1") => read(&kind, fields),
        (_, version) if is_mistaken(&kind, version) => Err((
            Err(format!("object of {version}")),
            vec![format!(
                "kind: there is no kind \"{kind}\" in this group; HelmChart and HelmRepository are what is read"
            )],
        )),
        _ => {
            found.others += 1;
            return;
        }
    };
    match read {
        Ok((id, value)) => found.accepted.push(Accepted { id, item, value }),
        Err((id, reasons)) => found
            .refused
            .extend(reasons.into_iter().map(|what| Refused {
                id: id.clone(),
                item,
                what,
            })),
    }
}

/// Items of a typed list may leave out what the list says of them all.
fn unpack_list(mut list: Map<String, Value>, depth: usize, found: &mut Objects) {
    let kind = text(&list, "kind")
        .strip_suffix("List")
        .unwrap_or_default()
        .to_owned();
    let version = list.get("apiVersion").cloned();
    let Some(Value::Array(items)) = list.remove("items") else {
        return;
    };
    for (number, mut item) in (1..).zip(items) {
        if let (Value::Object(fields), false) = (&mut item, kind.is_empty()) {
            fields
                .entry("kind")
                .or_insert_with(|| Value::from(kind.as_str()));
            if let Some(version) = &version {
                fields
                    .entry("apiVersion")
                    .or_insert_with(|| version.clone());
            }
        }
        unpack(item, Some(number), depth + 1, found);
    }
}

fn is_list(fields: &Map<String, Value>) -> bool {
    text(fields, "kind").ends_with("List") && matches!(fields.get("items"), Some(Value::Array(_)))
}

/// Whether somebody else's kind only has the name of one of ours. Without a version it is ours, and
/// the version is missing.
fn is_foreign(version: &str) -> bool {
    !version.is_empty() && !version.starts_with(GROUP)
}

/// Whether a kind is meant to be of our group and is not: `Helmchart`.
fn is_mistaken(kind: &str, version: &str) -> bool {
    version.starts_with(GROUP) && !OTHERS_OF_THE_GROUP.contains(&kind)
}

type Reasons = (Result<Id, String>, Vec<String>);

fn read(kind: &str, mut fields: Map<String, Value>) -> Result<(Id, Value), Reasons> {
    let id = complete(kind, &mut fields);
    let told = |errors: Vec<FieldError>| errors.iter().map(ToString::to_string).collect();
    let read = match kind {
        "HelmChart" => decode_strict::<HelmChart>(fields.into())
            .map_err(told)
            .and_then(|chart| written(&chart)),
        "HelmRepository" => decode_strict::<HelmRepository>(fields.into())
            .map_err(told)
            .and_then(|repository| written(&repository)),
        _ => secret::read(fields),
    };
    match (id, read) {
        (Ok(id), Ok(value)) => Ok((id, value)),
        (Err(id), Ok(_)) => Err((Err(id), vec!["metadata.name: Required value".to_owned()])),
        (id, Err(reasons)) => Err((id, reasons)),
    }
}

/// Who the object is. A namespace that is not there becomes `default`, and finalizers are dropped:
/// nobody but us would ever take them back.
fn complete(kind: &str, fields: &mut Map<String, Value>) -> Result<Id, String> {
    let unnamed = || format!("{kind} without a name");
    let Some(Value::Object(metadata)) = fields.get_mut("metadata") else {
        return Err(unnamed());
    };
    if matches!(metadata.get("namespace"), None | Some(Value::Null))
        || text(metadata, "namespace").is_empty() && metadata["namespace"].is_string()
    {
        metadata.insert("namespace".to_owned(), "default".into());
    }
    metadata.remove("finalizers");
    let (namespace, name) = (text(metadata, "namespace"), text(metadata, "name"));
    if namespace.is_empty() || name.is_empty() {
        return Err(unnamed());
    }
    Ok(Id {
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })
}

fn written(object: &impl serde::Serialize) -> Result<Value, Vec<String>> {
    serde_json::to_value(object).map_err(|error| vec![error.to_string()])
}

/// The text of a field; empty if there is none.
fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}
