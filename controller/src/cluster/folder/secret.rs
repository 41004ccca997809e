//! Secrets, as an API server would take them. No message repeats a value.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use serde_json::{Map, Value, json};

const FIELDS: [&str; 7] = [
    "apiVersion",
    "kind",
    "metadata",
    "type",
    "immutable",
    "data",
    "stringData",
];

/// The Secret that `fields` describes, with `stringData` folded into `data`.
///
/// # Errors
///
/// What is wrong, field by field. That the Secret is encrypted with SOPS is told alone: nothing else
/// about it can be judged.
pub(super) fn read(mut fields: Map<String, Value>) -> Result<Value, Vec<String>> {
    if is_encrypted(&fields) {
        return Err(vec![
            "is encrypted with SOPS, and no key is looked for here: decrypt the file first (`sops decrypt`)"
                .to_owned(),
        ]);
    }
    let mut errors: Vec<String> = fields
        .keys()
        .filter(|name| !FIELDS.contains(&name.as_str()))
        .map(|name| format!("unknown field {name:?}"))
        .collect();
    if !fields.contains_key("apiVersion") {
        errors.push("apiVersion: Required value".to_owned());
    }
    if !matches!(
        fields.get("type"),
        None | Some(Value::Null | Value::String(_))
    ) {
        errors.push("type: must be a text".to_owned());
    }
    let mut data = entries(&fields, "data", &mut errors, |text| {
        serde_json::from_value::<ByteString>(text.into())
            .map_err(|_| "must be base64; stringData takes the text as it is")
    });
    // As in a cluster, the plain text wins.
    data.extend(entries(&fields, "stringData", &mut errors, |text| {
        Ok(ByteString(text.as_bytes().to_vec()))
    }));
    if !errors.is_empty() {
        return Err(errors);
    }
    fields.remove("stringData");
    fields.insert("data".to_owned(), json!(data));
    Ok(fields.into())
}

fn is_encrypted(fields: &Map<String, Value>) -> bool {
    let holds_cipher = |name: &str| {
        fields
            .get(name)
            .and_then(Value::as_object)
            .is_some_and(|entries| {
                entries
                    .values()
                    .filter_map(Value::as_str)
                    .any(|text| text.starts_with("ENC[AES256_GCM,"))
            })
    };
    fields.contains_key("sops") || holds_cipher("data") || holds_cipher("stringData")
}

fn entries(
    fields: &Map<String, Value>,
    name: &str,
    errors: &mut Vec<String>,
    decode: impl Fn(&str) -> Result<ByteString, &'static str>,
) -> BTreeMap<String, ByteString> {
    let entries = match fields.get(name) {
        None | Some(Value::Null) => return BTreeMap::new(),
        Some(Value::Object(entries)) => entries,
        Some(_) => {
            errors.push(format!("{name}: must be a map of keys and texts"));
            return BTreeMap::new();
        }
    };
    let mut decoded = BTreeMap::new();
    for (key, value) in entries {
        let text = match value {
            Value::Null => Ok(""),
            Value::String(text) => Ok(text.as_str()),
            _ => Err("must be a text: put it in quotes"),
        };
        match text.and_then(&decode) {
            Ok(bytes) => {
                decoded.insert(key.clone(), bytes);
            }
            Err(what) => errors.push(format!("{name}.{key}: {what}")),
        }
    }
    decoded
}
