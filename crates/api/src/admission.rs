//! What the API server does with a value before it stores it: refuse unknown fields, fill in defaults,
//! compare with the schema.

use serde_json::{Map, Value};

use crate::field_error::{FieldError, Problem, shown};
use crate::schema::Schema;

/// Find the fields that the schema does not have.
pub(crate) fn unknown_fields(
    schema: &Schema,
    value: &Value,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = below(path, name);
                match schema.properties.get(name).or(schema.values.as_deref()) {
                    Some(schema) => unknown_fields(schema, value, &path, errors),
                    None => errors.push(FieldError::new(path, Problem::Unknown)),
                }
            }
        }
        Value::Array(entries) => {
            let nothing = Schema::default();
            let schema = schema.items.as_deref().unwrap_or(&nothing);
            for (index, entry) in entries.iter().enumerate() {
                unknown_fields(schema, entry, &format!("{path}[{index}]"), errors);
            }
        }
        _ => {}
    }
}

/// Fill in what is absent and has a default; a field that is null counts as absent.
pub(crate) fn fill_in_defaults(schema: &Schema, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            for (name, schema) in &schema.properties {
                if let Some(default) = &schema.default
                    && !fields.contains_key(name)
                {
                    fields.insert(name.clone(), default.clone());
                }
            }
            for (name, value) in fields {
                if let Some(schema) = schema.properties.get(name).or(schema.values.as_deref()) {
                    fill_in_defaults(schema, value);
                }
            }
        }
        Value::Array(entries) => {
            for entry in entries {
                if let Some(schema) = &schema.items {
                    fill_in_defaults(schema, entry);
                }
            }
        }
        _ => {}
    }
}

/// Everything about a value that the schema refuses.
///
/// Rules over several fields are asked last, and only if every field is there and of its type.
pub(crate) fn refusals(schema: &Schema, value: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    compare(schema, value, "", &mut errors);
    if !errors.iter().any(keeps_rules_from_being_asked) {
        ask_rules(schema, value, "", &mut errors);
    }
    errors
}

fn keeps_rules_from_being_asked(error: &FieldError) -> bool {
    match error.problem() {
        Problem::Invalid { .. } | Problem::Rule { .. } => false,
        Problem::Unknown
        | Problem::Required { .. }
        | Problem::Type { .. }
        | Problem::Unsupported { .. }
        | Problem::TooLong { .. } => true,
    }
}

fn compare(schema: &Schema, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if !has_type(value, &schema.value_type) {
        let expected = schema.value_type.clone();
        let found = type_of(value);
        errors.push(FieldError::new(path, Problem::Type { expected, found }));
    }
    if !schema.accepted.is_empty() && !schema.accepted.contains(value) {
        errors.push(FieldError::new(
            path,
            Problem::Unsupported {
                value: shown(value),
                accepted: schema.accepted.iter().map(shown).collect(),
            },
        ));
    }
    match value {
        Value::String(text) => compare_text(schema, text, path, errors),
        Value::Number(number) => {
            if let (Some(minimum), Some(number)) = (schema.minimum, number.as_f64())
                && number < minimum
            {
                let expected =
                    format!("{path} in body should be greater than or equal to {minimum}");
                errors.push(FieldError::new(
                    path,
                    Problem::Invalid {
                        value: shown(value),
                        expected,
                    },
                ));
            }
        }
        Value::Object(fields) => compare_fields(schema, fields, path, errors),
        Value::Array(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                if let Some(schema) = &schema.items {
                    compare(schema, entry, &format!("{path}[{index}]"), errors);
                }
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn compare_text(schema: &Schema, text: &str, path: &str, errors: &mut Vec<FieldError>) {
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if let Some(limit) = schema.max_length.filter(|limit| length > *limit) {
        errors.push(FieldError::new(path, Problem::TooLong { limit }));
    }
    if let Some(limit) = schema.min_length.filter(|limit| length < *limit) {
        let expected = format!("{path} in body should be at least {limit} chars long");
        errors.push(FieldError::invalid(path, text, expected));
    }
    if let Some(pattern) = schema
        .pattern
        .as_ref()
        .filter(|pattern| !pattern.matches(text))
    {
        let expected = format!("{path} in body should match '{}'", pattern.text);
        errors.push(FieldError::invalid(path, text, expected));
    }
    if schema.date_time && text.parse::<jiff::Timestamp>().is_err() {
        let expected = format!("{path} in body must be of type date-time: {text:?}");
        errors.push(FieldError::invalid(path, text, expected));
    }
}

fn compare_fields(
    schema: &Schema,
    fields: &Map<String, Value>,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    for name in schema
        .required
        .iter()
        .filter(|name| !fields.contains_key(*name))
    {
        errors.push(FieldError::new(
            below(path, name),
            Problem::Required { detail: "" },
        ));
    }
    for (name, value) in fields {
        if let Some(schema) = schema.properties.get(name).or(schema.values.as_deref()) {
            compare(schema, value, &below(path, name), errors);
        }
    }
}

fn ask_rules(schema: &Schema, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for rule in schema.rules.iter().filter(|rule| !(rule.holds)(value)) {
        errors.push(FieldError::new(
            path,
            Problem::Rule {
                message: rule.message,
            },
        ));
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Some(schema) = schema.properties.get(name).or(schema.values.as_deref()) {
                    ask_rules(schema, value, &below(path, name), errors);
                }
            }
        }
        Value::Array(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                if let Some(schema) = &schema.items {
                    ask_rules(schema, entry, &format!("{path}[{index}]"), errors);
                }
            }
        }
        _ => {}
    }
}

fn has_type(value: &Value, expected: &str) -> bool {
    match (expected, type_of(value)) {
        ("", _) | ("number", "integer") => true,
        (expected, found) => expected == found,
    }
}

/// The name that JSON Schema has for the type of a value.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
