//! Masterminds/semver v3.5.0: its own tables, and random rows that it was asked about.

use portolan_reference::Version;
use portolan_resolve::Constraint;
use serde::Deserialize;

use crate::rows;

#[derive(Debug, Deserialize)]
#[serde(tag = "table", rename_all = "snake_case")]
enum Row {
    /// The tables of `Check`, of single terms and of `Validate`.
    #[serde(alias = "single", alias = "validate")]
    Check {
        constraint: String,
        version: String,
        matches: bool,
    },
    Parse {
        constraint: String,
        error: bool,
    },
    VersionCoerce {
        input: String,
        error: bool,
    },
    /// Asked with the coercion of leading zeros switched off.
    VersionUncoerced {
        input: String,
        error: bool,
    },
    VersionStrict {
        input: String,
        error: bool,
    },
    Compare {
        a: String,
        b: String,
        order: i8,
    },
    Canonical {
        input: String,
        canonical: String,
    },
}

#[track_caller]
fn check(row: &Row) {
    let constraint = |text: &str| text.parse::<Constraint>();
    let loose = Version::loose;
    match row {
        Row::Check {
            constraint: text,
            version,
            matches,
        } => {
            let (constraint, version) = (constraint(text), loose(version));
            let (Ok(constraint), Ok(version)) = (constraint, version) else {
                unreachable!("{row:?} does not parse");
            };
            assert_eq!(constraint.matches(&version), *matches, "{row:?}");
            assert_eq!(constraint.why_not(&version).is_none(), *matches, "{row:?}");
        }
        Row::Parse {
            constraint: text,
            error,
        } => assert_eq!(constraint(text).is_err(), *error, "{row:?}"),
        Row::VersionCoerce { input, error } => {
            assert_eq!(loose(input).is_err(), *error, "{row:?}");
        }
        // Nobody reads versions so; the strict reading is the nearest.
        Row::VersionUncoerced { input, error } | Row::VersionStrict { input, error } => {
            assert_eq!(Version::strict(input).is_err(), *error, "{row:?}");
        }
        Row::Compare { a, b, order } => {
            let expected = order.cmp(&0);
            assert_eq!(loose(a).ok().cmp(&loose(b).ok()), expected, "{row:?}");
        }
        Row::Canonical { input, canonical } => {
            let shown = loose(input).map(|version| version.parsed().to_string());
            assert_eq!(shown.as_ref(), Ok(canonical), "{row:?}");
        }
    }
}

#[test]
fn the_tables_of_the_original_hold() {
    let rows: Vec<Row> = rows(include_str!("../data/masterminds.jsonl"));
    assert_eq!(rows.len(), 311);
    let count = |which: fn(&Row) -> bool| rows.iter().filter(|row| which(row)).count();
    assert_eq!(count(|row| matches!(row, Row::Check { .. })), 214);
    assert_eq!(count(|row| matches!(row, Row::Parse { .. })), 14);
    assert_eq!(count(|row| matches!(row, Row::VersionCoerce { .. })), 27);
    assert_eq!(count(|row| matches!(row, Row::VersionUncoerced { .. })), 3);
    assert_eq!(count(|row| matches!(row, Row::VersionStrict { .. })), 32);
    assert_eq!(count(|row| matches!(row, Row::Compare { .. })), 13);
    assert_eq!(count(|row| matches!(row, Row::Canonical { .. })), 8);
    rows.iter().for_each(check);
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RandomRow {
    constraint: String,
    constraint_ok: bool,
    version: String,
    version_ok: bool,
    strict_ok: bool,
    /// Only where both parse.
    matches: Option<bool>,
}

#[test]
fn random_rows_are_answered_as_the_original_does() {
    let rows: Vec<RandomRow> = rows(include_str!("../data/masterminds-random.jsonl"));
    assert_eq!(rows.len(), 2000);
    assert_eq!(rows.iter().filter(|row| row.matches.is_some()).count(), 796);
    for row in &rows {
        let constraint = row.constraint.parse::<Constraint>().ok();
        let version = Version::loose(&row.version).ok();
        let strict = Version::strict(&row.version).is_ok();
        assert_eq!(constraint.is_some(), row.constraint_ok, "{row:?}");
        assert_eq!(version.is_some(), row.version_ok, "{row:?}");
        assert_eq!(strict, row.strict_ok, "{row:?}");
        let matches = constraint
            .zip(version)
            .map(|(constraint, version)| constraint.matches(&version));
        assert_eq!(matches, row.matches, "{row:?}");
    }
}

#[derive(Debug, Deserialize)]
struct Spelled {
    text: String,
    three_part: bool,
    loose: bool,
    strict: bool,
}

#[test]
fn each_parser_takes_what_the_original_takes() {
    let rows: Vec<Spelled> = rows(include_str!("../data/spellings.jsonl"));
    assert_eq!(rows.len(), 8);
    for row in &rows {
        let text = &row.text;
        assert_eq!(Version::three_part(text).is_ok(), row.three_part, "{row:?}");
        assert_eq!(Version::loose(text).is_ok(), row.loose, "{row:?}");
        assert_eq!(Version::strict(text).is_ok(), row.strict, "{row:?}");
    }
}

#[test]
fn a_text_that_is_no_constraint_is_quoted_as_helm_quotes_it() {
    #[track_caller]
    fn check(text: &str, message: &str) {
        let error = text
            .parse::<Constraint>()
            .map_err(|error| error.to_string());
        assert_eq!(error, Err(message.to_owned()));
    }
    check("latest", r#"improper constraint: "latest""#);
    check("bogus", r#"improper constraint: "bogus""#);
    check("", r#"improper constraint: """#);
    check("1.0.0_x", r#"improper constraint: "1.0.0_x""#);
    check("V1", r#"improper constraint: "V1""#);
    check("1.2.3,", r#"improper constraint: "1.2.3,""#);
    check("a\n\"b\"", r#"improper constraint: "a\n\"b\"""#);
    // The alternative that is wrong, with ranges spelled out.
    check("^1 || latest", r#"improper constraint: " latest""#);
    check(
        "1 - 2 latest",
        r#"improper constraint: ">= 1, <= 2 latest""#,
    );
}

#[test]
fn a_term_whose_version_cannot_be_read_is_named() {
    #[track_caller]
    fn check(text: &str, term: &str) {
        let error = text
            .parse::<Constraint>()
            .map_err(|error| error.to_string());
        let message = format!("improper constraint: \"{term}\" holds no readable version");
        assert_eq!(error, Err(message));
    }
    check(">=1, < 18446744073709551616", "<18446744073709551616");
    check("1.2.3-01", "1.2.3-01");
    check("1x", "1x");
    check("^1|2", "^1|2");
    let long = format!("1.2.3-{}", "a".repeat(251));
    check(&long, &long);
}

#[test]
fn the_bounds_of_the_original_are_kept() {
    let error = |text: &str| text.parse::<Constraint>().err().map(|e| e.to_string());
    let padded = |length: usize| format!("{:<length$}", "1");
    assert_eq!(error(&padded(512)), None);
    assert_eq!(
        error(&padded(513)).as_deref(),
        Some("constraint string is too long (max 512 bytes)")
    );
    assert_eq!(error(&["1"; 32].join("||")), None);
    assert_eq!(
        error(&["1"; 33].join("||")).as_deref(),
        Some("too many constraint groups (max 32)")
    );
}

#[test]
fn oddities_of_the_original_are_kept() {
    #[track_caller]
    fn check(constraint: &str, version: &str, matches: bool) {
        let constraint = constraint.parse::<Constraint>();
        let version = Version::loose(version);
        let answer = constraint
            .ok()
            .zip(version.ok())
            .map(|(constraint, version)| constraint.matches(&version));
        assert_eq!(answer, Some(matches));
    }
    // What is written behind a hole is not looked at.
    check("1.x.99999999999999999999", "1.2.3", true);
    check("*.|", "1.2.3", true);
    // Hyphen ranges are replaced before `||` is looked for.
    check("1.0||2.0 - 3.0", "2.5.0", true);
    check("1.0||2.0 - 3.0", "1.0.5", true);
    check("1.0||2.0 - 3.0", "0.9.0", false);
    // `^*` admits nothing but 0.0.0, whatever its documentation says; `~0.0.0` admits all.
    check("^*", "1.0.0", false);
    check("^*", "0.0.0", true);
    check("~0.0.0", "7.1.0", true);
    check("~0.0", "7.1.0", false);
}
