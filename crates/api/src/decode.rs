//! Reading a manifest as the API server would, and checking a value as it would.

use serde_json::{Map, Value};

use crate::admission::{fill_in_defaults, refusals, type_of, unknown_fields};
use crate::field_error::{FieldError, Problem};
use crate::kind::Kind;
use crate::metadata;

/// Read a manifest as a strict API server would: unknown fields are refused, absent fields get their
/// defaults, and what remains is compared with the schema.
///
/// What only a server sets (`status`, `metadata.uid`, `metadata.generation` and the like) is dropped, as
/// on creation; the result has the status of a new object, with an observed generation of -1.
///
/// # Errors
///
/// Everything that is wrong with the manifest, field by field, ordered by path within each check. There
/// is at least one entry.
///
/// # Deviation
///
/// An API server reports unknown fields alone, and the rest once they are gone. Its
/// `metadata.generateName` is no substitute for a name here: nothing would be found again under it.
pub fn decode_strict<T: Kind>(manifest: Value) -> Result<T, Vec<FieldError>> {
    let mut root = match manifest {
        Value::Object(root) => root,
        other => {
            let problem = Problem::Type {
                expected: "object".to_owned(),
                found: type_of(&other),
            };
            return Err(vec![FieldError::new("manifest", problem)]);
        }
    };
    let mut errors = Vec::new();
    check_kind::<T>(&root, &mut errors);
    metadata::take_from_manifest(&mut root, &mut errors);
    let metadata = root.remove("metadata");
    let mut resource = Value::Object(root);
    unknown_fields(T::schema(), &resource, "", &mut errors);
    if let Value::Object(fields) = &mut resource {
        fields.remove("status");
    }
    fill_in_defaults(T::schema(), &mut resource);
    errors.extend(refusals(T::schema(), &resource));
    if !errors.is_empty() {
        return Err(errors);
    }
    if let (Value::Object(fields), Some(metadata)) = (&mut resource, metadata) {
        fields.insert("metadata".to_owned(), metadata);
    }
    serde_json::from_value(resource).map_err(|cause| {
        vec![FieldError::invalid(
            "manifest",
            &cause.to_string(),
            "it cannot be decoded",
        )]
    })
}

fn check_kind<T: Kind>(root: &Map<String, Value>, errors: &mut Vec<FieldError>) {
    for (field, expected) in [("apiVersion", T::api_version(&())), ("kind", T::kind(&()))] {
        match root.get(field) {
            None | Some(Value::Null) => {
                errors.push(FieldError::new(field, Problem::Required { detail: "" }));
            }
            Some(Value::String(found)) if *found != expected => {
                errors.push(FieldError::invalid(
                    field,
                    found,
                    format!("must be {expected}"),
                ));
            }
            // Another type is found by the schema.
            Some(_) => {}
        }
    }
}

/// Everything about a resource that an API server would refuse; nothing if it would accept it.
///
/// The status is checked as well. Fields that serde leaves out when they are empty count as absent.
pub(crate) fn validate<T: Kind>(resource: &T) -> Vec<FieldError> {
    let value = match serde_json::to_value(resource) {
        Ok(value) => value,
        Err(cause) => {
            return vec![FieldError::invalid(
                "manifest",
                &cause.to_string(),
                "it cannot be written as JSON",
            )];
        }
    };
    let mut errors = Vec::new();
    metadata::check(&value["metadata"], &mut errors);
    errors.extend(refusals(T::schema(), &value));
    errors
}
