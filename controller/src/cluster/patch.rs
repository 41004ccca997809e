//! What to write so that a status becomes another.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::{Map, Value};

/// The merge patch ([RFC 7386](https://www.rfc-editor.org/rfc/rfc7386)) that turns `from` into `to`.
/// `None` if they are the same; an absent field and `null` are.
pub(super) fn merge_patch(from: &Value, to: &Value) -> Option<Value> {
    let none = Map::new();
    let (from, to) = (
        from.as_object().unwrap_or(&none),
        to.as_object().unwrap_or(&none),
    );
    let mut patch = Map::new();
    for (field, new) in to.iter().filter(|(_, new)| !new.is_null()) {
        match from.get(field) {
            Some(old) if old == new => {}
            Some(old @ Value::Object(_)) if new.is_object() => {
                if let Some(inner) = merge_patch(old, new) {
                    patch.insert(field.clone(), inner);
                }
            }
            _ => {
                patch.insert(field.clone(), new.clone());
            }
        }
    }
    for field in from.keys() {
        if to.get(field).is_none_or(Value::is_null) && !from[field].is_null() {
            patch.insert(field.clone(), Value::Null);
        }
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

/// `status` with the conditions that are not `owned` as they are in `live`, and the others as they
/// are in `status`.
pub(super) fn with_foreign(mut status: Value, live: &[Condition], owned: &[&str]) -> Value {
    let is_owned = |kind: &str| owned.contains(&kind);
    let mut foreign: Vec<Value> = live
        .iter()
        .filter(|condition| !is_owned(&condition.type_))
        .filter_map(|condition| serde_json::to_value(condition).ok())
        .collect();
    let Some(fields) = status.as_object_mut() else {
        return status;
    };
    let wanted = match fields.remove("conditions") {
        Some(Value::Array(wanted)) => wanted,
        _ => Vec::new(),
    };
    let mut conditions: Vec<Value> = Vec::new();
    for condition in wanted {
        if condition["type"].as_str().is_some_and(is_owned) {
            conditions.push(condition);
        } else if let Some(at) = foreign
            .iter()
            .position(|live| live["type"] == condition["type"])
        {
            conditions.push(foreign.remove(at));
        }
    }
    conditions.append(&mut foreign);
    if !conditions.is_empty() {
        fields.insert("conditions".to_owned(), conditions.into());
    }
    status
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a row reads better without borrows"
    )]
    fn check(from: Value, to: Value, patch: Option<Value>) {
        assert_eq!(merge_patch(&from, &to), patch, "{from} to {to}");
    }

    #[test]
    fn what_is_the_same_is_not_written() {
        check(json!(null), json!({}), None);
        check(json!(null), json!(null), None);
        check(json!({"a": 1}), json!({"a": 1}), None);
        check(json!({"a": null}), json!({}), None);
        check(json!({}), json!({"a": null}), None);
        check(json!({"a": {"b": [1]}}), json!({"a": {"b": [1]}}), None);
    }

    #[test]
    fn what_is_new_or_other_is_written_and_nothing_else() {
        check(json!(null), json!({"a": 1}), Some(json!({"a": 1})));
        check(
            json!({"a": 1, "b": 2}),
            json!({"a": 1, "b": 3}),
            Some(json!({"b": 3})),
        );
        check(
            json!({"artifact": {"size": 1, "path": "x"}}),
            json!({"artifact": {"size": 2, "path": "x"}}),
            Some(json!({"artifact": {"size": 2}})),
        );
    }

    #[test]
    fn what_is_gone_is_written_as_null() {
        check(
            json!({"artifact": {"size": 1}, "url": "u", "observedGeneration": 1}),
            json!({"observedGeneration": 1}),
            Some(json!({"artifact": null, "url": null})),
        );
        check(
            json!({"a": {"b": 1, "c": 2}}),
            json!({"a": {"b": 1}}),
            Some(json!({"a": {"c": null}})),
        );
        check(json!({"a": 1}), json!(null), Some(json!({"a": null})));
    }

    #[test]
    fn a_list_is_written_whole() {
        check(
            json!({"a": [1, 2]}),
            json!({"a": [1, 3]}),
            Some(json!({"a": [1, 3]})),
        );
    }

    #[test]
    fn a_value_that_changes_its_kind_is_replaced() {
        check(
            json!({"a": {"b": 1}}),
            json!({"a": 2}),
            Some(json!({"a": 2})),
        );
        check(
            json!({"a": 2}),
            json!({"a": {"b": 1}}),
            Some(json!({"a": {"b": 1}})),
        );
    }

    /// `type=reason` for each condition, separated by spaces.
    fn conditions(text: &str) -> Vec<Condition> {
        let read = |text: &str| {
            let (kind, reason) = text.split_once('=').expect("type=reason");
            serde_json::from_value(json!({
                "type": kind, "reason": reason, "status": "True", "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }))
            .expect("a condition")
        };
        text.split_whitespace().map(read).collect()
    }

    #[track_caller]
    fn check_foreign(wanted: &str, live: &str, expected: &str) {
        let status = json!({ "conditions": conditions(wanted) });
        let status = with_foreign(status, &conditions(live), &["Ready", "Stalled"]);
        let told = status.get("conditions").cloned().unwrap_or(json!([]));
        assert_eq!(told, json!(conditions(expected)));
    }

    #[test]
    fn our_conditions_are_as_we_say_and_others_as_they_are() {
        check_foreign("Ready=New", "Ready=Old Stalled=Old", "Ready=New");
        check_foreign("Ready=New Theirs=Old", "Theirs=New", "Ready=New Theirs=New");
        check_foreign("Theirs=Old Ready=New", "", "Ready=New");
        check_foreign(
            "Ready=New",
            "Theirs=New Other=New",
            "Ready=New Theirs=New Other=New",
        );
        check_foreign("", "Ready=Old", "");
    }
}
