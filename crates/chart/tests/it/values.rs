//! Values files, merged.

use portolan_chart::{Limits, merge_values};
use serde::Deserialize;

use crate::packed::rows;

/// What came out of source-controller's merge and Helm's writer for the same documents; where the
/// answer here is another, `reference` is theirs and `reason` says why.
#[derive(Deserialize)]
struct Row {
    id: String,
    docs: Vec<String>,
    yaml: Option<String>,
    error: Option<String>,
    reference: Option<String>,
    reason: Option<String>,
}

fn merge(documents: &[String]) -> Result<String, String> {
    let names = ["a.yaml", "b.yaml", "c.yaml"];
    let documents = documents.iter().map(String::as_bytes);
    match merge_values(names.into_iter().zip(documents), &Limits::default()) {
        Ok(yaml) => Ok(String::from_utf8(yaml).unwrap()),
        Err(error) => Err(crate::packed::chain(&error)),
    }
}

#[test]
fn values_are_merged_and_written_as_by_helm() {
    let rows: Vec<Row> = rows(include_str!("../data/values.jsonl"));
    assert_eq!(rows.len(), 29);
    for row in rows {
        assert_eq!(row.reference.is_some(), row.reason.is_some(), "{}", row.id);
        match (merge(&row.docs), row.error) {
            (Ok(yaml), None) => assert_eq!(Some(yaml), row.yaml, "{}", row.id),
            (Err(error), Some(expected)) => {
                assert!(error.contains(&expected), "{}: {error}", row.id);
            }
            (got, expected) => panic!("{}: {got:?}, expected {expected:?}", row.id),
        }
    }
}
