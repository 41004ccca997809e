//! What Kubernetes asks of the metadata of every object.

use std::sync::LazyLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use regex::Regex;
use serde_json::{Map, Value, json};

use crate::admission::{refusals, unknown_fields};
use crate::field_error::{FieldError, Problem};
use crate::schema::Schema;

/// Fields that the server sets, whatever a manifest says.
const SERVER_SIDE: [&str; 8] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let text = || json!({ "type": "string" });
    let moment = || json!({ "type": "string", "format": "date-time" });
    let map = || json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let written = json!({
        "type": "object",
        "properties": { "metadata": { "type": "object", "properties": {
            "annotations": map(),
            "creationTimestamp": moment(),
            "deletionGracePeriodSeconds": { "type": "integer" },
            "deletionTimestamp": moment(),
            "finalizers": { "type": "array", "items": text() },
            "generateName": text(),
            "generation": { "type": "integer" },
            "labels": map(),
            "managedFields": { "type": "array" },
            "name": text(),
            "namespace": text(),
            "ownerReferences": { "type": "array", "items": {
                "type": "object",
                "properties": {
                    "apiVersion": text(),
                    "blockOwnerDeletion": { "type": "boolean" },
                    "controller": { "type": "boolean" },
                    "kind": text(),
                    "name": text(),
                    "uid": text(),
                },
                "required": ["apiVersion", "kind", "name", "uid"],
            } },
            "resourceVersion": text(),
            "selfLink": text(),
            "uid": text(),
        } } },
    });
    serde_json::from_value::<JSONSchemaProps>(written)
        .map(|written| Schema::new(&written))
        .unwrap_or_default()
});

const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const DNS_LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const NAME_PART: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";

/// Drop what only the server sets from the metadata of a manifest, after checking that it is metadata.
///
/// `root` is the whole resource; what is found wrong is added to `errors`.
pub(crate) fn take_from_manifest(root: &mut Map<String, Value>, errors: &mut Vec<FieldError>) {
    let mut metadata = root.remove("metadata").unwrap_or_else(|| json!({}));
    if let Some(fields) = metadata.as_object_mut() {
        fields.remove("managedFields");
        fields.retain(|_, value| !value.is_null());
        for map in ["annotations", "labels"] {
            for value in fields
                .get_mut(map)
                .and_then(Value::as_object_mut)
                .into_iter()
                .flatten()
            {
                if value.1.is_null() {
                    *value.1 = json!("");
                }
            }
        }
    }
    let found = json!({ "metadata": metadata });
    unknown_fields(&SCHEMA, &found, "", errors);
    let mut refused = refusals(&SCHEMA, &found);
    if refused.is_empty() {
        check(&metadata, &mut refused);
    }
    errors.append(&mut refused);
    if let Some(fields) = metadata.as_object_mut() {
        fields.retain(|name, _| !SERVER_SIDE.contains(&name.as_str()));
    }
    root.insert("metadata".to_owned(), metadata);
}

/// Check names, label keys and values, annotation keys and finalizers as the API server does.
pub(crate) fn check(metadata: &Value, errors: &mut Vec<FieldError>) {
    let text = |name: &str| metadata[name].as_str().filter(|text| !text.is_empty());
    let mut refuse = |path: &str, value: &str, reasons: Vec<String>| {
        errors.extend(
            reasons
                .into_iter()
                .map(|reason| FieldError::invalid(path, value, reason)),
        );
    };
    if let Some(name) = text("name") {
        refuse("metadata.name", name, not_a_subdomain(name));
    }
    if let Some(namespace) = text("namespace") {
        refuse("metadata.namespace", namespace, not_a_dns_label(namespace));
    }
    for (key, value) in metadata["labels"].as_object().into_iter().flatten() {
        refuse(
            "metadata.labels",
            key,
            not_a_qualified_name(key, "label key"),
        );
        let value = value.as_str().unwrap_or_default();
        refuse("metadata.labels", value, not_a_label_value(value));
    }
    for key in metadata["annotations"]
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
    {
        let reasons = not_a_qualified_name(&key.to_lowercase(), "annotation key");
        refuse("metadata.annotations", key, reasons);
    }
    for finalizer in metadata["finalizers"].as_array().into_iter().flatten() {
        let finalizer = finalizer.as_str().unwrap_or_default();
        refuse(
            "metadata.finalizers",
            finalizer,
            not_a_qualified_name(finalizer, "finalizer"),
        );
    }
    if text("name").is_none() {
        errors.push(FieldError::new(
            "metadata.name",
            Problem::Required {
                detail: "name is required",
            },
        ));
    }
}

fn not_a_subdomain(text: &str) -> Vec<String> {
    let form = format!(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
         and must start and end with an alphanumeric character (e.g. 'example.com', regex used for \
         validation is '{SUBDOMAIN}')"
    );
    reasons(text, (253, "characters"), SUBDOMAIN, form)
}

fn not_a_dns_label(text: &str) -> Vec<String> {
    let form = format!(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
         start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for \
         validation is '{DNS_LABEL}')"
    );
    reasons(text, (63, "characters"), DNS_LABEL, form)
}

fn not_a_label_value(text: &str) -> Vec<String> {
    let form = format!(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
         must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', \
         regex used for validation is '{LABEL_VALUE}')"
    );
    reasons(text, (63, "bytes"), LABEL_VALUE, form)
}

fn not_a_qualified_name(text: &str, what: &str) -> Vec<String> {
    let form = format!(
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
         alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
         '{NAME_PART}')"
    );
    let (prefix, name) = match text.split_once('/') {
        Some((_, name)) if name.contains('/') => {
            return vec![format!(
                "a valid {what} {form} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    let mut found = Vec::new();
    match prefix {
        Some("") => found.push("prefix part must be non-empty".to_owned()),
        Some(prefix) => found.extend(
            not_a_subdomain(prefix)
                .into_iter()
                .map(|reason| format!("prefix part {reason}")),
        ),
        None => {}
    }
    if name.is_empty() {
        found.push("name part must be non-empty".to_owned());
    }
    found.extend(
        reasons(name, (63, "bytes"), NAME_PART, form)
            .into_iter()
            .map(|reason| format!("name part {reason}")),
    );
    found
}

/// Why a text is not one that a pattern matches as a whole, of at most so many bytes.
///
/// The API server says `characters` of some texts where it counts bytes; none of them holds others.
fn reasons(text: &str, (limit, unit): (usize, &str), pattern: &str, form: String) -> Vec<String> {
    let mut found = Vec::new();
    if text.len() > limit {
        found.push(format!("must be no more than {limit} {unit}"));
    }
    let matches = Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(text));
    if !matches {
        found.push(form);
    }
    found
}
