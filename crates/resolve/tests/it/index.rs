//! Choosing among the entries of an index.

use std::time::{Duration, SystemTime};

use portolan_resolve::{Candidate, Entry, Miss, Wanted, choose_entry, pick_entry};
use serde::Deserialize;

use crate::rows;

#[derive(Debug, Deserialize)]
struct Row {
    #[serde(default)]
    chart: String,
    version: String,
    selected: Option<String>,
    error: Option<String>,
}

/// Some time, and the minutes before it.
fn minutes_ago(minutes: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(24) - Duration::from_mins(minutes)
}

/// What is chosen, or the message that Flux shows.
fn selected(row: &Row, entries: &[Entry<'_>]) -> Result<String, String> {
    let entries = if row.chart.is_empty() { entries } else { &[] };
    let wanted = Wanted::parse(&row.version).map_err(|error| error.to_string())?;
    let choice = choose_entry(&wanted, entries.iter().copied());
    let picked = pick_entry(&wanted, entries.iter().copied());
    assert_eq!(choice.chosen(), picked.as_ref().ok(), "{row:?}");
    let backwards = pick_entry(&wanted, entries.iter().rev().copied());
    let tag = |c: &Candidate| c.tag().to_owned();
    assert_eq!(backwards.as_ref().map(tag), picked.as_ref().map(tag));
    picked
        .map(|c| c.tag().to_owned())
        .map_err(|miss| match miss {
            Miss::NothingOffered => "no chart name found".to_owned(),
            _ => format!(
                "no 'chart' chart with version matching '{}' found",
                row.version
            ),
        })
}

#[track_caller]
fn check(data: &str, count: usize, entries: &[Entry<'_>]) {
    let rows: Vec<Row> = rows(data);
    assert_eq!(rows.len(), count);
    for row in &rows {
        let expected = match (&row.selected, &row.error) {
            (Some(version), None) => Ok(version.clone()),
            (None, Some(error)) => Err(error.clone()),
            _ => unreachable!("{row:?}"),
        };
        assert_eq!(selected(row, entries), expected, "{row:?}");
    }
}

#[test]
fn the_entry_of_an_index_is_chosen_as_flux_does() {
    let entry = |version| Entry::new(version, None);
    let entries = [
        entry("0.0.1"),
        entry("0.1.0"),
        entry("0.1.1"),
        Entry::new("0.1.5+b.min.minute", Some(minutes_ago(1))),
        Entry::new("0.1.5+a.min.hour", Some(minutes_ago(60))),
        Entry::new("0.1.5+c.now", Some(minutes_ago(0))),
        entry("0.2.0"),
        entry("1.0.0"),
        entry("1.1.0-rc.1"),
    ];
    check(include_str!("../data/index.jsonl"), 50, &entries);
}

#[test]
fn entries_in_mixed_spellings_are_chosen_as_flux_does() {
    let entries = ["v1.2.0", "1.3", "1.1.0"].map(|version| Entry::new(version, None));
    check(include_str!("../data/index-mixed.jsonl"), 4, &entries);
}

/// What `wanted` chooses; of each entry its version and how many minutes ago it was created.
fn chosen(wanted: &str, entries: &[(&str, Option<u64>)]) -> Result<String, Miss> {
    let Ok(wanted) = Wanted::parse(wanted) else {
        unreachable!("{wanted}")
    };
    let entries = entries
        .iter()
        .map(|(version, minutes)| Entry::new(version, minutes.map(minutes_ago)));
    pick_entry(&wanted, entries).map(|chosen| chosen.tag().to_owned())
}

#[test]
fn of_versions_alike_the_one_created_last_is_chosen() {
    #[track_caller]
    fn check(entries: [(&str, Option<u64>); 3], expected: &str) {
        let mut reversed = entries;
        reversed.reverse();
        assert_eq!(chosen("*", &entries).as_deref(), Ok(expected));
        assert_eq!(chosen("*", &reversed).as_deref(), Ok(expected));
    }
    check(
        [
            ("1.0.0+c", Some(3)),
            ("1.0.0+a", Some(1)),
            ("1.0.0+b", Some(2)),
        ],
        "1.0.0+a",
    );
    check(
        [("1.0.0+c", None), ("1.0.0+a", Some(9)), ("1.0.0+b", None)],
        "1.0.0+a",
    );
    check(
        [
            ("1.0.0+c", Some(1)),
            ("1.0.0+a", Some(1)),
            ("1.0.0+b", Some(1)),
        ],
        "1.0.0+c",
    );
    check(
        [("1.0.0+c", None), ("v1.0.0+c", None), ("1.0.0", None)],
        "v1.0.0+c",
    );
    check(
        [("1.0.1", Some(9)), ("1.0.0+a", Some(1)), ("0.9.0", None)],
        "1.0.1",
    );
}

#[test]
fn the_very_text_comes_before_everything_else() {
    let entries = [("1.3.9", Some(0)), ("1.3", None), ("1.3.0", None)];
    assert_eq!(chosen("1.3", &entries).as_deref(), Ok("1.3"));
    assert_eq!(chosen("~1.3", &entries).as_deref(), Ok("1.3.9"));
    assert_eq!(chosen("v1.3.0", &entries).as_deref(), Ok("1.3.0"));
}

#[test]
fn the_reasons_for_choosing_nothing_are_told_apart() {
    assert_eq!(chosen("*", &[]), Err(Miss::NothingOffered));
    assert_eq!(
        chosen("*", &[("1.3", None), ("x", None)]),
        Err(Miss::NoVersion)
    );
    assert_eq!(chosen("^2", &[("1.3.0", None)]), Err(Miss::NoneAdmitted));
}
