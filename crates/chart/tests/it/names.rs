//! Names of charts in a repository.

use portolan_chart::ChartName;
use serde::Deserialize;

use crate::packed::rows;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    name: String,
    /// How the message begins.
    error: Option<String>,
    reference: Option<String>,
    reason: Option<String>,
}

#[test]
fn names_are_those_that_flux_takes() {
    let rows: Vec<Row> = rows(include_str!("../data/names.jsonl"));
    assert_eq!(rows.len(), 26);
    for row in rows {
        let what = format!("{} {:?}", row.id, row.name);
        assert_eq!(row.reference.is_some(), row.reason.is_some(), "{what}");
        match (row.name.parse::<ChartName>(), row.error) {
            (Ok(name), None) => assert_eq!(name.as_str(), row.name),
            (Err(error), Some(expected)) => {
                assert!(error.to_string().starts_with(&expected), "{what}: {error}");
            }
            (found, expected) => panic!("{what}: {found:?}, not {expected:?}"),
        }
    }
}

#[track_caller]
fn check(text: &str, expected: Option<&str>) {
    match (text.parse::<ChartName>(), expected) {
        (Ok(name), None) => assert_eq!((name.as_str(), name.to_string()), (text, text.to_owned())),
        (Err(error), Some(expected)) => assert_eq!(error.to_string(), expected),
        (found, expected) => panic!("{text:?}: {found:?}, not {expected:?}"),
    }
}

#[test]
fn names_have_small_letters_digits_dashes_and_single_separators() {
    for name in [
        "valid-chart-name",
        "a",
        "7",
        "-",
        "valid.chart.name",
        "team/app",
        "a/b/c",
        "a.",
        "a/",
        "a/.b",
    ] {
        check(name, None);
    }
    check(&"n".repeat(300), None);
}

#[test]
fn other_names_are_refused_with_their_reason() {
    check("", Some("invalid chart name '': it is empty"));
    check(
        "iNvAlID-ChArT-NAmE!",
        Some(
            "invalid chart name 'iNvAlID-ChArT-NAmE!': `N` is not allowed, only `a`-`z`, `0`-`9`, `-`, `.` and `/`",
        ),
    );
    check(
        "/",
        Some("invalid chart name '/': `/` has no letter, digit or `-` before it"),
    );
    check(
        "not//a/valid/chart",
        Some("invalid chart name 'not//a/valid/chart': `/` has no letter, digit or `-` before it"),
    );
    check(
        "../valid-chart-name",
        Some("invalid chart name '../valid-chart-name': `.` has no letter, digit or `-` before it"),
    );
    check(
        "a/../b",
        Some("invalid chart name 'a/../b': `.` has no letter, digit or `-` before it"),
    );
    check(
        "a..b",
        Some("invalid chart name 'a..b': `.` has no letter, digit or `-` before it"),
    );
    check(
        "a./b",
        Some("invalid chart name 'a./b': `/` has no letter, digit or `-` before it"),
    );
    check(
        "a\0b",
        Some(
            "invalid chart name 'a\\0b': `\\0` is not allowed, only `a`-`z`, `0`-`9`, `-`, `.` and `/`",
        ),
    );
    check(
        "a_b",
        Some(
            "invalid chart name 'a_b': `_` is not allowed, only `a`-`z`, `0`-`9`, `-`, `.` and `/`",
        ),
    );
}
