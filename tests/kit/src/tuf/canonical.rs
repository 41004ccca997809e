//! The bytes that signatures are over.

use serde_json::Value;

/// `value` as OLPC's canonical JSON: keys in order, no blanks, and nothing escaped but quotes and
/// backslashes.
///
/// # Panics
///
/// If there is a number that is no integer, which the format does not have.
pub(super) fn canonical(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by_key(|(key, _)| key.as_str());
            let members = members
                .into_iter()
                .map(|(key, value)| format!("{}:{}", quoted(key), canonical(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Number(number) => {
            assert!(number.is_i64() || number.is_u64(), "{number} is no integer");
            number.to_string()
        }
        Value::Null | Value::Bool(_) => value.to_string(),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn there_is_one_way_to_write_each_value() {
        for (value, text) in [
            (
                json!({ "b": [1, true], "a": null }),
                r#"{"a":null,"b":[1,true]}"#,
            ),
            (json!("a\"b\\c"), r#""a\"b\\c""#),
            (json!("two\nlines"), "\"two\nlines\""),
        ] {
            assert_eq!(canonical(&value), text);
        }
    }
}
