//! Which indexes are accepted, and what is in them then.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write as _};
use std::time::{Duration, SystemTime};

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
    assert_eq!(rows.len(), 44);
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

/// One index that was put to Helm's loader, and what Go makes JSON of then.
#[derive(Deserialize)]
struct Loaded {
    name: String,
    input: String,
    stored: Option<String>,
    /// Where the answer here is another one, with the reason.
    ours: Option<Answer>,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    stored: Option<String>,
}

/// Gives one byte at a time, so that what is read ends everywhere.
struct Drops<'a>(Cursor<&'a [u8]>);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let one = buffer.len().min(1);
        self.0.read(&mut buffer[..one])
    }
}

impl Seek for Drops<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn every_index_that_was_put_to_helm_s_loader_is_stored_alike_or_has_a_reason() {
    let rows: Vec<Loaded> = include_str!("../data/index-stored.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 799);
    for row in &rows {
        let mut json = Vec::new();
        let limits = IndexLimits::default();
        let spool = Cursor::new(Vec::new());
        let result = convert_index(Cursor::new(&row.input), &mut json, spool, &limits);
        let actual = result
            .as_ref()
            .ok()
            .map(|_| String::from_utf8(json).unwrap());
        let expected = match &row.ours {
            None => &row.stored,
            Some(ours) => {
                assert!(row.reason.is_some(), "{}: no reason", row.name);
                assert_ne!(ours.stored, row.stored, "{}: no difference", row.name);
                &ours.stored
            }
        };
        assert_eq!(actual, *expected, "{}: {result:?}", row.name);
        let in_drops = Drops(Cursor::new(row.input.as_bytes()));
        let also_read = Index::read(in_drops, &limits).ok();
        let at_once = read(&row.input).ok();
        assert_eq!(
            format!("{also_read:?}"),
            format!("{at_once:?}"),
            "{}",
            row.name
        );
        assert_eq!(also_read.is_some(), actual.is_some(), "{}", row.name);
    }
}

/// One index that was given to source-controller, and what it had then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Left {
    id: String,
    input: String,
    limit: Option<u64>,
    #[serde(default)]
    versions: std::collections::BTreeMap<String, Vec<String>>,
    dropped: Option<u64>,
    error: Option<String>,
}

#[test]
fn what_is_left_of_an_index_is_what_flux_has() {
    let rows: Vec<Left> = include_str!("../data/index-loading.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 9);
    for row in &rows {
        let id = &row.id;
        let limits = match row.limit {
            Some(limit) => IndexLimits::default().max_index_bytes(limit),
            None => IndexLimits::default(),
        };
        let read = Index::read(Cursor::new(&row.input), &limits);
        let (index, report) = match (read, &row.error) {
            (Err(error), Some(expected)) => {
                let chain = chain(&error);
                assert!(chain.contains(expected), "{id}: {chain}");
                continue;
            }
            (Ok(read), None) => read,
            (read, expected) => panic!("{id}: {read:?}, not {expected:?}"),
        };
        assert!(index.charts().eq(row.versions.keys()), "{id}");
        for (chart, versions) in &row.versions {
            assert_eq!(versions_of(&index, chart), *versions, "{id}");
        }
        assert_eq!(Some(report.dropped_count()), row.dropped, "{id}");
    }
}

#[test]
fn what_is_stored_is_read_back_as_what_was_stored() {
    let text = "apiVersion: v1\nentries:\n  b: [{name: b, version: 2.0.0, created: 2020-01-01T00:00:00Z, digest: d, urls: [u]}, {name: b, version: 10.0.0}, {name: ../b, version: 1.0.0}]\n  a: []\n";
    let (first, report) = read(text).unwrap();
    assert_eq!(report.dropped_count(), 1);
    let stored = converted(text);
    let (second, report) = read(&stored).unwrap();
    assert_eq!(report, IndexReport::default());
    assert!(first.charts().eq(second.charts()));
    for chart in first.charts() {
        assert!(
            first
                .versions(chart)
                .unwrap()
                .eq(second.versions(chart).unwrap())
        );
    }
    assert_eq!(converted(&stored), stored);
}

#[test]
fn an_entry_has_what_getting_the_chart_needs() {
    let (index, _) = read(
        "apiVersion: v1\nentries:\n  app:\n  - name: app\n    version: 1.0.0+b\n    created: 2020-01-01T00:00:01.5+01:00\n    digest: sha256:ab\n    urls: [first, second]\n  - {name: app, version: 0.1.0}\n",
    )
    .unwrap();
    let entries: Vec<_> = index.versions("app").unwrap().collect();
    assert_eq!(entries[0].version(), "1.0.0+b");
    let expected = SystemTime::UNIX_EPOCH + Duration::from_millis(1_577_833_201_500);
    assert_eq!(entries[0].created(), Some(expected));
    assert_eq!(entries[0].digest(), Some("sha256:ab"));
    assert_eq!(entries[0].url(), Some("first"));
    let (created, digest, url) = (entries[1].created(), entries[1].digest(), entries[1].url());
    assert_eq!((created, digest, url), (None, None, None));
    assert!(index.versions("other").is_none());
}

#[test]
fn a_chart_without_any_version_left_is_still_there() {
    let (index, report) =
        read("apiVersion: v1\nentries:\n  b: [null]\n  a: [{name: a, version: 0..1}]\n  c:\n")
            .unwrap();
    assert!(index.charts().eq(["a", "b", "c"]));
    for chart in index.charts() {
        assert_eq!(index.versions(chart).unwrap().len(), 0);
    }
    assert_eq!(report.dropped_count(), 2);
    assert!(index.versions("nothing").is_none());
}

#[test]
fn nothing_where_a_version_belongs_is_passed_over() {
    let (index, _) =
        read("apiVersion: v1\nentries:\n  a: [null, {name: a, version: 0.2.0}, null]\n").unwrap();
    assert_eq!(versions_of(&index, "a"), ["0.2.0"]);
}

#[test]
fn versions_are_sorted_by_what_they_mean_whatever_their_order() {
    for order in [
        "\"0..1.0\", 0.2.0, v0.10.0, 1.0.0-rc.1, 1.0.0",
        "1.0.0, 1.0.0-rc.1, v0.10.0, 0.2.0, \"0..1.0\"",
    ] {
        let entries: Vec<String> = order
            .split(", ")
            .map(|version| format!("  - {{name: a, version: {version}}}\n"))
            .collect();
        let entries = entries.concat();
        let (index, report) = read(format!("apiVersion: v1\nentries:\n  a:\n{entries}")).unwrap();
        assert_eq!(
            versions_of(&index, "a"),
            ["1.0.0", "1.0.0-rc.1", "v0.10.0", "0.2.0"]
        );
        assert_eq!(report.dropped_count(), 1);
    }
}

#[test]
fn what_was_dropped_is_told_with_the_reason() {
    let dropped = |fields: &str| {
        let text = format!("apiVersion: v1\nentries:\n  key:\n  - {{{fields}}}\n");
        let (_, report) = read(text).unwrap();
        assert_eq!(report.dropped_count(), 1, "{fields}");
        let first = &report.dropped()[0];
        assert_eq!(first.chart(), "key");
        first.reason().to_owned()
    };
    for (fields, reason) in [
        ("version: 1.0.0", "`name` is missing"),
        ("name: a", "`version` is missing"),
        (
            "name: a, version: 0..1",
            "the version `0..1` is not a semantic version",
        ),
        (
            "name: .., version: 1.0.0",
            "the name `..` is not allowed: it has to be one part of a path",
        ),
        (
            "name: a/b, version: 1.0.0",
            "the name `a/b` is not allowed: it has to be one part of a path",
        ),
        (
            "name: a, version: 1.0.0, type: foo",
            "the type `foo` is neither `application` nor `library`",
        ),
        (
            "name: a, version: 1.0.0, maintainers: [null]",
            "`maintainers` has an entry with nothing in it",
        ),
        (
            "name: a, version: 1.0.0, dependencies: [null]",
            "`dependencies` has an entry with nothing in it",
        ),
        (
            "name: a, version: 1.0.0, dependencies: [{name: b, alias: c.d}]",
            "the alias `c.d` of dependency `b` may only have letters, digits, `_` and `-`",
        ),
    ] {
        assert_eq!(dropped(fields), reason);
    }
}

#[test]
fn two_dependencies_under_one_name_are_let_pass_and_what_follows_is_not_judged() {
    for dependencies in [
        "[{name: a}, {name: a}]",
        "[{name: a}, {name: a}, {name: b, alias: c.d}, null]",
        "[{name: a, alias: x}, {name: b, alias: x}]",
    ] {
        let text = format!(
            "apiVersion: v1\nentries:\n  app:\n  - {{name: app, version: 1.0.0, dependencies: {dependencies}}}\n"
        );
        let (index, report) = read(text).unwrap();
        assert_eq!(
            (versions_of(&index, "app").len(), report.dropped_count()),
            (1, 0)
        );
    }
}

#[test]
fn the_report_is_short_however_much_was_dropped() {
    for entry in ["  - {name: a, version: x}\n", "  -\n"] {
        let text = format!("apiVersion: v1\nentries:\n  a:\n{}", entry.repeat(250));
        let (_, report) = read(text).unwrap();
        assert_eq!((report.dropped().len(), report.dropped_count()), (100, 250));
    }
    let long = "x".repeat(10_000);
    let entry = format!("{{\"name\":\"a\",\"version\":\"{long}\"}}");
    let text = format!("{{\"apiVersion\":\"v1\",\"entries\":{{\"{long}\":[{entry}]}}}}");
    let (_, report) = read(text).unwrap();
    let dropped = &report.dropped()[0];
    for text in [dropped.chart(), dropped.version(), dropped.reason()] {
        assert!(text.len() < 300, "{}", text.len());
    }
}

#[test]
fn every_version_is_visited_once_with_all_that_is_said_of_it() {
    // The last line is for the reader of all YAML: the index is read twice.
    let text = "apiVersion: v1\nentries:\n  b:\n  - name: b\n    version: 1.0.0\n    description: '<b>'\n    keywords: [x]\n    removed: true\n    urls: [u, v]\n  - name: b\n    version: 2.0.0\n  - {name: b, version: x}\n  a:\n  - {name: a, version: 1.0.0}\nannotations: {a: &x y}\n";
    let mut names = Vec::new();
    let limits = IndexLimits::default();
    let report = visit_index(Cursor::new(text), &limits, |chart, version| {
        names.push(format!("{chart} {}", version.metadata.version));
    });
    assert_eq!(names, ["b 1.0.0", "b 2.0.0", "a 1.0.0"]);
    assert_eq!(report.unwrap().dropped_count(), 1);
    let first = visited(text).remove(0);
    assert_eq!(first.metadata.description.as_deref(), Some("<b>"));
    assert_eq!(first.metadata.keywords, ["x"]);
    assert_eq!(first.urls, ["u", "v"]);
    assert!(first.removed);
    assert_eq!((first.created, first.digest), (None, None));
}

#[test]
fn an_index_and_its_scratch_space_begin_where_they_stand() {
    let mut from = Cursor::new(b"garbage: [apiVersion: v1\nentries: {}\n".to_vec());
    from.seek(SeekFrom::Start(10)).unwrap();
    let mut spool = Cursor::new(Vec::new());
    spool.write_all(b"something else").unwrap();
    let mut json = Vec::new();
    convert_index(&mut from, &mut json, &mut spool, &IndexLimits::default()).unwrap();
    assert!(json.starts_with(b"{\n  \"apiVersion\": \"v1\""));
    assert!(spool.into_inner().starts_with(b"something else"));
}
