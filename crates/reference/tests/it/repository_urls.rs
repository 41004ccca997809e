//! How the URL of a repository is written, as Flux's own code answered.

use portolan_reference::RepositoryUrl;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Row {
    #[serde(rename = "in")]
    text: String,
    out: String,
}

#[test]
fn the_slashes_at_the_end_are_one_or_for_oci_none() {
    let rows: Vec<Row> = include_str!("../data/normalised.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 34);
    for row in rows {
        match row.text.parse::<RepositoryUrl>() {
            Ok(url) => assert_eq!(url.as_str(), row.out, "{row:?}"),
            // Flux carries these along unchanged, and fails when it fetches.
            Err(_) => assert!(!row.text.contains("://") && row.out == row.text, "{row:?}"),
        }
    }
}
