//! Which indexes are accepted, and what is in them then.

use std::io::Cursor;

use portolan_chart::{
    Index, IndexLimits, IndexReport, IndexVersion, ReadIndexError, convert_index, visit_index,
};
use serde::Deserialize;

/// One index that was put to the parsers that Helm uses.
#[derive(Deserialize)]
struct Row {
    id: String,
    name: String,
    input: String,
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expected {
    /// A part of the message.
    error: Option<String>,
    #[serde(default)]
    versions: std::collections::BTreeMap<String, Vec<String>>,
    #[serde(default, rename = "entry_keys")]
    keys: Vec<String>,
    app_version: Option<String>,
    deprecated: Option<bool>,
    api_version: Option<String>,
}

fn read(text: impl AsRef<[u8]>) -> Result<(Index, IndexReport), ReadIndexError> {
    Index::read(Cursor::new(text), &IndexLimits::default())
}

fn visited(text: &str) -> Vec<IndexVersion> {
    let mut versions = Vec::new();
    let limits = IndexLimits::default();
    visit_index(Cursor::new(text), &limits, |_, version| {
        versions.push(version.clone());
    })
    .unwrap();
    versions
}

fn converted(text: &str) -> String {
    let mut json = Vec::new();
    let spool = Cursor::new(Vec::new());
    let limits = IndexLimits::default();
    convert_index(Cursor::new(text), &mut json, spool, &limits).unwrap();
    String::from_utf8(json).unwrap()
}

fn versions_of(index: &Index, chart: &str) -> Vec<String> {
    let versions = index.versions(chart).unwrap();
    versions.map(|entry| entry.version().to_owned()).collect()
}

/// A message with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

#[test]
fn every_row_that_was_put_to_helm_s_parsers_is_answered_alike() {
    let rows: Vec<Row> = include_str!("../data/index.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 26);
    for row in &rows {
        let what = format!("{} ({})", row.id, row.name);
        match (read(&row.input), &row.expect.error) {
            (Err(error), Some(expected)) => {
                let chain = chain(&error);
                assert!(chain.contains(expected), "{what}: {chain}");
            }
            (Ok((index, report)), None) => {
                assert_eq!(report, IndexReport::default(), "{what}");
                check_content(&what, row, &index);
            }
            (Err(error), None) => panic!("{what}: {}", chain(&error)),
            (Ok(_), Some(expected)) => panic!("{what}: accepted instead of {expected}"),
        }
    }
}

fn check_content(what: &str, row: &Row, index: &Index) {
    for (chart, versions) in &row.expect.versions {
        assert_eq!(versions_of(index, chart), *versions, "{what}");
    }
    if !row.expect.keys.is_empty() {
        assert!(index.charts().eq(&row.expect.keys), "{what}");
    }
    if let Some(expected) = &row.expect.app_version {
        let all = visited(&row.input);
        assert_eq!(
            all[0].metadata.app_version.as_ref(),
            Some(expected),
            "{what}"
        );
    }
    if let Some(expected) = row.expect.deprecated {
        assert_eq!(
            visited(&row.input)[0].metadata.deprecated,
            expected,
            "{what}"
        );
    }
    if let Some(expected) = &row.expect.api_version {
        let line = format!("\"apiVersion\": \"{expected}\"");
        assert!(converted(&row.input).contains(&line), "{what}");
    }
}
