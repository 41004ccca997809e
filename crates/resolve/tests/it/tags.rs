//! Choosing among tags.

use std::cell::Cell;

use portolan_resolve::{Candidate, Constraint, Miss, TagRule, Wanted, choose_tag, pick_tag};
use serde::Deserialize;

use crate::rows;

#[derive(Debug, Deserialize)]
struct ArtifactRow {
    tags: Vec<String>,
    semver: String,
    #[serde(rename = "semverFilter")]
    filter: String,
    helm_media_type: bool,
    tag: Option<String>,
    error: Option<String>,
}

/// The chosen tag, or the message that Flux shows.
fn artifact_tag(row: &ArtifactRow) -> Result<String, String> {
    let constraint = row
        .semver
        .parse::<Constraint>()
        .map_err(|error| format!("semver '{}' parse error: {error}", row.semver))?;
    let pattern = regex::Regex::new(&row.filter).map_err(|error| error.to_string())?;
    let filter = |tag: &str| pattern.is_match(tag);
    let mut rule = TagRule::artifact();
    if !row.filter.is_empty() {
        rule = rule.only(&row.filter, &filter);
    }
    if row.helm_media_type {
        rule = rule.underscore_is_plus();
    }
    let wanted = Wanted::Range(constraint);
    let choice = rule.choose(&wanted, &row.tags);
    let picked = rule.pick(&wanted, &row.tags);
    assert_eq!(choice.chosen(), picked.as_ref().ok(), "{row:?}");
    assert_eq!(choice.miss(), picked.as_ref().err().copied(), "{row:?}");
    match picked {
        Ok(chosen) => Ok(chosen.tag().to_owned()),
        Err(_) => Err(format!("no match found for semver: {}", row.semver)),
    }
}

#[test]
fn the_tag_of_an_artifact_is_chosen_as_flux_does() {
    let rows: Vec<ArtifactRow> = rows(include_str!("../data/artifact-tags.jsonl"));
    assert_eq!(rows.len(), 26);
    for row in &rows {
        let expected = match (&row.tag, &row.error) {
            (Some(tag), None) => Ok(tag.clone()),
            (None, Some(error)) => Err(error.clone()),
            _ => unreachable!("{row:?}"),
        };
        assert_eq!(artifact_tag(row), expected, "{row:?}");
    }
}

#[derive(Debug, Deserialize)]
struct ChartRow {
    version: String,
    selected: Option<String>,
    error: Option<String>,
    tags_listed: bool,
}

/// What is chosen, or the message that Flux shows, and whether the tags had to be listed.
fn chart_version(version: &str, tags: &[&str]) -> (Result<String, String>, bool) {
    let wanted = match Wanted::parse(version) {
        Ok(Wanted::Exact(version)) => return (Ok(version), false),
        Ok(wanted) => wanted,
        Err(error) => return (Err(error.to_string()), true),
    };
    let choice = choose_tag(&wanted, tags);
    let picked = pick_tag(&wanted, tags);
    assert_eq!(choice.chosen(), picked.as_ref().ok());
    let chosen = match picked {
        Ok(chosen) => Ok(chosen.version().text().to_owned()),
        Err(Miss::NoneAdmitted) => Err(format!(
            "could not locate a version matching provided version string {version}"
        )),
        Err(miss) => Err(miss.to_string()),
    };
    (chosen, true)
}

#[test]
fn the_version_of_a_chart_is_chosen_as_flux_does() {
    const TAGS: [&str; 11] = [
        "0.0.1",
        "0.1.0",
        "0.1.5_b.min",
        "0.2.0",
        "0.9.0",
        "0.10.0",
        "1.0.0",
        "1.1.0-rc.1",
        "v2.0.0",
        "3.0",
        "latest",
    ];
    let rows: Vec<ChartRow> = rows(include_str!("../data/chart-tags.jsonl"));
    assert_eq!(rows.len(), 12);
    for row in &rows {
        let expected = match (&row.selected, &row.error) {
            (Some(version), None) => Ok(version.clone()),
            (None, Some(error)) => Err(error.clone()),
            _ => unreachable!("{row:?}"),
        };
        let chosen = chart_version(&row.version, &TAGS);
        assert_eq!(chosen, (expected, row.tags_listed), "{row:?}");
    }
}

#[test]
fn what_is_exact_and_what_is_a_range_is_told_apart_as_flux_does() {
    #[track_caller]
    fn check(text: &str, exact: bool) {
        let wanted = Wanted::parse(text);
        assert_eq!(matches!(wanted, Ok(Wanted::Exact(_))), exact, "{wanted:?}");
        assert_eq!(wanted.map(|wanted| wanted.to_string()).as_deref(), Ok(text));
    }
    check("1.2.3", true);
    check("v1.2.3", true);
    check("2025.02.03", true);
    check("0.1.5+b.min", true);
    check("9.9.9", true);
    // Two dots are enough.
    check("1.2-rc.1", true);
    check("1.2-rc", false);
    check("1.2", false);
    check("1", false);
    check("*", false);
    check("=1.2.3", false);
    check(" 1.2.3", false);
    assert_eq!(Wanted::parse(""), Wanted::parse("*"));
}

/// What `wanted` chooses among the tags in `offered`, parted by blanks.
fn chosen(wanted: &str, offered: &str) -> Result<String, Miss> {
    let Ok(wanted) = Wanted::parse(wanted) else {
        unreachable!("{wanted}")
    };
    pick_tag(&wanted, offered.split_whitespace()).map(|chosen| chosen.tag().to_owned())
}

#[test]
fn the_reasons_for_choosing_nothing_are_told_apart() {
    #[track_caller]
    fn check(wanted: &str, offered: &str, miss: Miss) {
        assert_eq!(chosen(wanted, offered), Err(miss));
    }
    check("*", "", Miss::NothingOffered);
    check("*", "latest v1.2.3 3.0 2025.02.03", Miss::NoVersion);
    check("*", "latest 1.0.0-rc.1", Miss::NoneAdmitted);
    check("^2", "1.0.0 latest", Miss::NoneAdmitted);
    check("1.2.3", "1.2.4", Miss::NoneAdmitted);
}

#[test]
fn what_a_filter_leaves_out_counts_as_no_version() {
    let filter = |_: &str| false;
    let rule = TagRule::artifact().only("^$", &filter);
    let Ok(wanted) = Wanted::parse("*") else {
        unreachable!()
    };
    assert_eq!(rule.pick(&wanted, ["1.0.0"]), Err(Miss::NoVersion));
}

#[test]
fn an_exact_version_is_found_by_its_text_alone() {
    #[track_caller]
    fn check(wanted: &str, offered: &str, tag: Result<&str, Miss>) {
        assert_eq!(chosen(wanted, offered), tag.map(str::to_owned));
    }
    check("v2.0.0", "v2.0.0 2.0.0", Ok("v2.0.0"));
    check("1.0.0+b", "1.0.0 1.0.0_a 1.0.0_b", Ok("1.0.0_b"));
    check("1.0.0", "1.0.0_a v1.0.0", Err(Miss::NoneAdmitted));
}

#[test]
fn versions_alike_but_for_build_metadata_are_told_apart_by_it() {
    #[track_caller]
    fn check(offered: &str, tag: &str) {
        let forwards = chosen("*", offered);
        let backwards: Vec<&str> = offered.split(' ').rev().collect();
        assert_eq!(forwards.as_deref(), Ok(tag));
        assert_eq!(chosen("*", &backwards.join(" ")), forwards);
    }
    check("1.0.0_2 1.0.0_10 1.0.0 1.0.0_9", "1.0.0_10");
    check("1.0.0_b 1.0.0_a", "1.0.0_b");
    check("1.0.0_z 1.0.1", "1.0.1");
}

#[test]
fn spellings_of_one_version_are_told_apart_by_their_bytes() {
    let Ok(wanted) = Wanted::parse("*") else {
        unreachable!()
    };
    for tags in [["1.0.0", "v1.0.0", "1.0.00"], ["v1.0.0", "1.0.00", "1.0.0"]] {
        let chosen = TagRule::artifact().pick(&wanted, tags);
        assert_eq!(
            chosen.map(|chosen| chosen.tag().to_owned()).as_deref(),
            Ok("v1.0.0")
        );
    }
}

#[test]
fn a_candidate_knows_its_place_and_both_of_its_names() {
    let Ok(wanted) = Wanted::parse("*") else {
        unreachable!()
    };
    let chosen = pick_tag(&wanted, ["latest", "1.0.0_b.1"]);
    let chosen = chosen
        .as_ref()
        .map(|c| (c.index(), c.tag(), c.version().text()));
    assert_eq!(chosen, Ok((1, "1.0.0_b.1", "1.0.0+b.1")));
}

#[test]
fn every_tag_is_looked_at_once() {
    let seen = Cell::new(0);
    let filter = |_: &str| {
        seen.set(seen.get() + 1);
        true
    };
    let Ok(wanted) = Wanted::parse("^1") else {
        unreachable!()
    };
    let tags: Vec<String> = (0..10_000).map(|n| format!("1.{n}.0")).collect();
    let chosen = TagRule::artifact().only("", &filter).pick(&wanted, tags);
    assert_eq!(chosen.map(|chosen| chosen.index()), Ok(9_999));
    assert_eq!(seen.get(), 10_000);
}

#[test]
fn texts_without_bounds_do_no_harm() {
    let long = "9".repeat(10 << 20);
    let number = format!("{}.0.0", u128::MAX);
    let many = format!("1.0.0-{}", "a.".repeat(1 << 20));
    let Ok(wanted) = Wanted::parse("*") else {
        unreachable!()
    };
    let choice = choose_tag(&wanted, [&*long, &*number, &*many, "1.0.0", "\u{1f6a2}"]);
    assert_eq!(choice.chosen().map(Candidate::tag), Some("1.0.0"));
    let kept: usize = choice.explanation().verdicts().map(|c| c.tag().len()).sum();
    assert!(kept < 1024, "{kept}");
}
