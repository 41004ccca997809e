//! Values files, merged.

use portolan_chart::{Limits, merge_values, read_chart};
use proptest::prelude::*;
use serde::Deserialize;

use crate::packed::rows;

/// What came out of source-controller's merge and Helm's writer for the same documents; where the
/// answer here is another, `reference` is theirs and `reason` says why.
#[derive(Deserialize)]
struct Row {
    docs: Vec<String>,
    yaml: Option<String>,
    error: Option<String>,
    reference: Option<String>,
    reason: Option<String>,
}

fn merge(documents: &[impl AsRef<[u8]>]) -> Result<String, String> {
    let names = ["a.yaml", "b.yaml", "c.yaml"];
    let documents = documents.iter().map(AsRef::as_ref);
    match merge_values(names.into_iter().zip(documents), &Limits::default()) {
        Ok(yaml) => Ok(String::from_utf8(yaml).unwrap()),
        Err(error) => Err(crate::packed::chain(&error)),
    }
}

#[track_caller]
fn check_rows(file: &str, count: usize, deviations: usize) {
    let rows: Vec<Row> = rows(file);
    assert_eq!(rows.len(), count);
    let mut different = 0;
    for row in rows {
        assert_eq!(row.reference.is_some(), row.reason.is_some());
        different += usize::from(row.reason.is_some());
        match (merge(&row.docs), row.error) {
            (Ok(yaml), None) => assert_eq!(Some(yaml), row.yaml, "{:?}", row.docs),
            (Err(error), Some(expected)) => {
                assert!(error.contains(&expected), "{:?}: {error}", row.docs);
            }
            (got, expected) => panic!("{:?}: {got:?}, expected {expected:?}", row.docs),
        }
    }
    assert_eq!(different, deviations);
}

#[test]
fn values_are_merged_as_by_flux() {
    check_rows(include_str!("../data/values.jsonl"), 41, 6);
}

#[test]
fn values_are_written_as_go_yaml_writes_them() {
    check_rows(include_str!("../data/values-go.jsonl"), 541, 22);
}

#[track_caller]
fn check(documents: &[&str], expected: &str) {
    assert_eq!(merge(documents).unwrap(), expected);
}

#[test]
fn the_later_file_counts_key_by_key() {
    check(
        &["a: {x: 1, z: {p: 1}}\nb: [1, 2]", "a: {z: {q: 2}}\nb: [3]"],
        "a:\n  x: 1\n  z:\n    p: 1\n    q: 2\nb:\n- 3\n",
    );
    check(&["a: {x: 1}", "a: {}"], "a:\n  x: 1\n");
    check(&["a: 1", "a: {x: 1}", "a: [1]"], "a:\n- 1\n");
}

#[test]
fn an_explicit_null_is_kept_and_nothing_at_all_is_empty() {
    check(&["a: {x: 1, z: 2}", "a: {x: ~}"], "a:\n  x: null\n  z: 2\n");
    check(&[], "");
    check(&["{}", "# words", ""], "");
}

#[test]
fn a_byte_order_mark_is_no_value() {
    check(&["\u{feff}a: 1"], "a: 1\n");
}

#[test]
fn the_file_that_cannot_be_merged_is_named() {
    let error = merge_values(
        [("good.yaml", &b"a: 1"[..]), ("bad.yaml", b"[]")],
        &Limits::default(),
    );
    let error = error.unwrap_err();
    assert_eq!(error.file(), "bad.yaml");
    assert_eq!(
        error.to_string(),
        "unmarshaling values from 'bad.yaml' failed: a list where a map is expected"
    );
}

/// Bad values are refused with `expected`; a test that does not end fails, too.
#[track_caller]
fn check_refused(documents: &[&str], expected: &str) {
    let error = merge(documents).map(drop).unwrap_err();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn values_that_lie_deep_are_refused() {
    let brackets = format!("a: {}{}", "[".repeat(20_000), "]".repeat(20_000));
    check_refused(&[&brackets], "recursion limit");
    let line = |depth: usize| format!("{:depth$}a:\n", "");
    let lines = (0..200).map(line).collect::<Vec<_>>().concat();
    check_refused(&[&lines], "Depth");
    // What is written is never deep here, what is meant is.
    let alias = |link: usize| format!("a{link}: &a{link} [*a{}]\n", link - 1);
    let chain = "a0: &a0 [x]\n".to_owned() + &(1..1000).map(alias).collect::<Vec<_>>().concat();
    check_refused(&[&chain], "Depth");
}

#[test]
fn bombs_of_aliases_are_refused() {
    let level = |level: usize| {
        let aliases = format!("*a{}, ", level - 1).repeat(10);
        format!("a{level}: &a{level} [{aliases}]\n")
    };
    let lists = "a0: &a0 [x, x, x]\n".to_owned() + &(1..12).map(level).collect::<String>();
    check_refused(&[&lists], "Nodes");
    let texts = format!(
        "a: &a {}\nb:\n{}",
        "x".repeat(1 << 20),
        "- *a\n".repeat(100)
    );
    check_refused(&[&texts], "ScalarBytes");
    let level = |level: usize| {
        let last = level - 1;
        format!("a{level}: &a{level} {{p: {{<<: *a{last}}}, q: {{<<: *a{last}}}, r: *a{last}}}\n")
    };
    let merges = "a0: &a0 {x: 1}\n".to_owned() + &(1..20).map(level).collect::<String>();
    check_refused(&[&merges], "");
}

#[test]
fn what_counts_is_what_all_files_come_to() {
    let maps = format!("a:\n{}", "- {a: 1}\n".repeat(50_000));
    check_refused(&[&maps, &maps], "more than 67108864 bytes");
    let text = format!("a: {}", "x".repeat(30));
    let documents = [("a", text.as_bytes()), ("b", text.as_bytes())];
    let limits = |bytes| Limits::default().max_values_bytes(bytes);
    // A map, its key and its text: 640, 64 + 1, 64 + 30.
    assert!(merge_values(documents, &limits(2 * 799)).is_ok());
    let error = merge_values(documents, &limits(2 * 799 - 1)).unwrap_err();
    assert_eq!(error.file(), "b");
}

#[track_caller]
fn check_defaults(values: &str, expected: &str) {
    let archive = crate::packed::chart()
        .file("app/values.yaml", values)
        .gzip();
    let chart = read_chart(archive.as_slice(), &Limits::default()).unwrap();
    let defaults = chart.default_values(&Limits::default()).unwrap().unwrap();
    assert_eq!(std::str::from_utf8(&defaults).unwrap(), expected);
}

#[test]
fn all_documents_of_a_charts_own_values_count() {
    check_defaults("# kept\na: 1", "# kept\na: 1");
    check_defaults(
        "a: {x: 1}\nb: 1\n---\na: {z: 2}\n---\nb: 2\n",
        "a:\n  x: 1\n  z: 2\nb: 2\n",
    );
    check_defaults("---\n# kept\na: 1\n", "# kept\na: 1\n");
    check_defaults("# words\n---\n# more\n", "");
    check_defaults("", "");
    let chart = read_chart(crate::packed::chart().gzip().as_slice(), &Limits::default()).unwrap();
    assert_eq!(chart.default_values(&Limits::default()).unwrap(), None);
}

proptest! {
    /// Keys have an order in Go that is none for all of them: here they come in the same one always,
    /// and all of them.
    #[test]
    fn equal_maps_are_written_alike(keys in prop::collection::btree_set("[a-cA0-9_.]{1,4}", 1..60)) {
        let quoted = |key: &String| format!("\"{key}\": 1\n");
        let forwards: String = keys.iter().map(quoted).collect();
        let backwards: String = keys.iter().rev().map(quoted).collect();
        let written = merge(&[&forwards]).unwrap();
        prop_assert_eq!(&written, &merge(&[&backwards]).unwrap());
        prop_assert_eq!(written.lines().count(), keys.len());
        prop_assert_eq!(&merge(&[&written]).unwrap(), &written);
    }
}
