//! Versions, changed.

use portolan_chart::version_with_metadata;
use serde::Deserialize;

use crate::packed::rows;

/// What Masterminds/semver v3.5.0 answers, which Helm and Flux use.
#[derive(Deserialize)]
struct Row {
    id: String,
    version: String,
    metadata: String,
    result: Option<String>,
    error: Option<String>,
}

#[test]
fn metadata_takes_the_place_of_what_was_there() {
    let rows: Vec<Row> = rows(include_str!("../data/version-metadata.jsonl"));
    assert_eq!(rows.len(), 31);
    for row in rows {
        match (
            version_with_metadata(&row.version, &row.metadata),
            row.error,
        ) {
            (Ok(version), None) => assert_eq!(Some(version), row.result, "{}", row.id),
            (Err(error), Some(expected)) => {
                assert!(error.to_string().contains(&expected), "{}: {error}", row.id);
            }
            (got, expected) => panic!("{}: {got:?}, expected {expected:?}", row.id),
        }
    }
}
