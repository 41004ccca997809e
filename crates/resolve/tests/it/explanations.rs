//! What is said about a choice.

use portolan_reference::Version;
use portolan_resolve::{
    Considered, Constraint, Entry, Explanation, Hint, Rejection, TagRule, Verdict, Wanted,
    choose_entry, choose_tag,
};

fn wanted(text: &str) -> Wanted {
    match Wanted::parse(text) {
        Ok(wanted) => wanted,
        Err(error) => unreachable!("{error}"),
    }
}

/// Why `wanted` chooses what it does among the tags in `offered`, parted by blanks.
fn explained(text: &str, offered: &str) -> Explanation {
    choose_tag(&wanted(text), offered.split_whitespace())
        .into_parts()
        .1
}

fn term(term: &str) -> Verdict {
    Verdict::Rejected(Rejection::Term { term: term.into() })
}

#[test]
fn every_candidate_is_accounted_for_in_the_order_offered() {
    let explanation = explained(
        "^1.1 <2",
        "1.1.0 latest 1.2.0 1.3.0-rc.1 1.0.0 v1.9.0 3.0.0",
    );
    let verdicts: Vec<_> = explanation
        .verdicts()
        .map(|considered| (considered.tag(), considered.verdict().clone()))
        .collect();
    let expected = [
        ("1.1.0", Verdict::Admitted),
        ("latest", Verdict::Rejected(Rejection::NotAVersion)),
        ("1.2.0", Verdict::Chosen),
        ("1.3.0-rc.1", Verdict::Rejected(Rejection::Prerelease)),
        ("1.0.0", term("^1.1")),
        ("v1.9.0", Verdict::Rejected(Rejection::NotAVersion)),
        ("3.0.0", term("^1.1")),
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(explanation.chosen(), Some("1.2.0"));
    assert_eq!((explanation.offered(), explanation.admitted()), (7, 2));
}

#[test]
fn a_filter_is_named() {
    let filter = |tag: &str| tag.starts_with('1');
    let rule = TagRule::artifact().only("^1", &filter);
    let choice = rule.choose(&wanted("*"), ["1.0.0", "2.0.0"]);
    let verdicts: Vec<_> = choice
        .explanation()
        .verdicts()
        .map(|c| c.verdict().clone())
        .collect();
    let filtered = Rejection::Filtered { by: "^1".into() };
    assert_eq!(verdicts, [Verdict::Chosen, Verdict::Rejected(filtered)]);
}

#[test]
fn the_term_that_refuses_is_named() {
    #[track_caller]
    fn check(constraint: &str, version: &str, expected: Option<Rejection>) {
        let constraint = constraint.parse::<Constraint>();
        let version = Version::loose(version);
        let answer = constraint
            .ok()
            .zip(version.ok())
            .map(|(constraint, version)| constraint.why_not(&version));
        assert_eq!(answer, Some(expected));
    }
    let term = |term: &str| Some(Rejection::Term { term: term.into() });
    let prerelease = Some(Rejection::Prerelease);
    check("^1", "1.2.0", None);
    check(">= 1.0.0, < 2.0.0", "2.1.0", term("<2.0.0"));
    check("1.2 - 1.4", "1.5.0", term("<=1.4"));
    // One from each alternative.
    check(">=1 <2 || >=3 <4", "2.5.0", term("<2 || >=3"));
    // A pre-release that would be refused anyway is refused by a term.
    check("^2", "1.0.0-rc.1", term("^2"));
    check("<=1.0.0", "1.5.0-rc.1", term("<=1.0.0"));
    check("^1", "1.5.0-rc.1", prerelease.clone());
    check(">=1.0.0", "1.0.0-rc.1", prerelease.clone());
    check(">1.0.0", "1.0.1-rc.1", prerelease.clone());
    check("<1.1", "1.1.0-rc.1", prerelease.clone());
    check("^1 || ^2-0", "1.5.0-rc.1", prerelease);
    check("1.2.3", "1.2.3-rc.1", term("1.2.3"));
}

#[test]
fn opening_a_constraint_to_prereleases_loses_nothing() {
    #[track_caller]
    fn check(constraint: &str, expected: Option<&str>) {
        let opened = constraint
            .parse::<Constraint>()
            .ok()
            .and_then(|constraint| constraint.admitting_prereleases())
            .map(|constraint| constraint.to_string());
        assert_eq!(opened.as_deref(), expected);
    }
    check("*", Some("*-0"));
    check("^1.2", Some("^1.2-0"));
    check("1.x", Some("1.x-0"));
    check("~1.2.3+build", Some("~1.2.3-0+build"));
    check(">=1, <2", Some(">=1-0 <2-0"));
    check("1.2 - 1.4", Some(">=1.2-0 <=1.4-0"));
    // Here `-0` would let 1.0.0 in, or shut 2.0.0 out.
    check(">1.0.0", Some(">1.0.0 >=0.0.0-0"));
    check("<=2.0.0", Some("<=2.0.0 >=0.0.0-0"));
    check("!=1.2.3", Some("!=1.2.3 >=0.0.0-0"));
    check("1.2.3 || ^2", Some("1.2.3 || ^2-0"));
    check("^1-0 || ^2", Some("^1-0 || ^2-0"));
    check("1.2.3", None);
    check(">=1.0.0-0 <2", None);
}

#[test]
fn the_text_says_what_was_chosen() {
    #[track_caller]
    fn check(wanted: &str, offered: &str, lines: &[&str]) {
        assert_eq!(explained(wanted, offered).to_string(), lines.join("\n"));
    }
    check(
        "^6",
        "6.1.4 6.2.1",
        &[
            "wanted `^6`",
            "chose `6.2.1`, the best of 2 that would do; 2 offered",
        ],
    );
    check(
        "",
        "1.0.0 latest",
        &["wanted `*`", "chose `1.0.0`; 2 offered"],
    );
    check(
        "^6",
        "6.2.1 7.0.0 7.1.0-rc.1",
        &[
            "wanted `^6`",
            "chose `6.2.1`; 3 offered",
            "higher is `7.1.0-rc.1`: refused by `^6`",
        ],
    );
    check(
        "6.x",
        "6.2.1 6.3.0-rc.1",
        &[
            "wanted `6.x`",
            "chose `6.2.1`; 2 offered",
            "higher is `6.3.0-rc.1`: a pre-release, and those are not asked for",
        ],
    );
}

#[test]
fn the_text_says_why_nothing_was_chosen_and_what_to_ask_for() {
    #[track_caller]
    fn check(wanted: &str, offered: &str, lines: &[&str]) {
        assert_eq!(explained(wanted, offered).to_string(), lines.join("\n"));
    }
    check(
        ">=7",
        "6.1.6 5.0.0 6.2.0 6.2.1 latest",
        &[
            "wanted `>=7`",
            "nothing would do; 5 offered, 4 refused, 1 not a version",
            "  `6.2.1`: refused by `>=7`",
            "  `6.2.0`: refused by `>=7`",
            "  `6.1.6`: refused by `>=7`",
        ],
    );
    check(
        "*",
        "1.0.0-rc.1 1.0.0-rc.2",
        &[
            "wanted `*`",
            "nothing would do; 2 offered, 2 refused",
            "  `1.0.0-rc.2`: a pre-release, and those are not asked for",
            "  `1.0.0-rc.1`: a pre-release, and those are not asked for",
            "hint: only pre-releases would do; `*-0` chooses `1.0.0-rc.2`",
        ],
    );
    check(
        "^2",
        "latest v2.0.0 v2.1.0_b",
        &[
            "wanted `^2`",
            "nothing would do; 3 offered, 3 not a version",
            "  `latest`: not a version",
            "  `v2.0.0`: not a version",
            "  `v2.1.0_b`: not a version",
            "hint: `v2.1.0+b` can be had, but only by its whole name: ask for `v2.1.0+b`",
        ],
    );
    check(
        "2.0.0",
        "v2.0.0 2.0.1",
        &[
            "wanted `2.0.0`",
            "nothing would do; 2 offered, 1 refused, 1 not a version",
            "  `2.0.1`: refused by `2.0.0`",
            "  `v2.0.0`: not a version",
            "hint: `v2.0.0` can be had, but only by its whole name: ask for `v2.0.0`",
        ],
    );
    check("*", "", &["wanted `*`", "nothing would do; 0 offered"]);
}

#[test]
fn a_hint_can_be_followed() {
    #[track_caller]
    fn check(asked: &str, offered: &str, chooses: &str) {
        let instead = match explained(asked, offered).hint() {
            Some(Hint::AdmitPrereleases { constraint, .. }) => constraint.to_string(),
            Some(Hint::AskByName { version }) => version,
            other => unreachable!("{other:?}"),
        };
        assert_eq!(explained(&instead, offered).chosen(), Some(chooses));
    }
    check("*", "1.0.0-rc.1 0.9.0-rc.1", "1.0.0-rc.1");
    check(">1.0.0", "1.0.0 1.0.1-rc.1 1.0.0-rc.1", "1.0.1-rc.1");
    check("^2", "v2.0.0 v2.1.0_b 1.0.0", "v2.1.0_b");
    check("2025.2.x", "2025.02.03", "2025.02.03");
}

#[test]
fn no_hint_is_given_that_would_not_help() {
    #[track_caller]
    fn check(asked: &str, offered: &str) {
        assert_eq!(explained(asked, offered).hint(), None);
    }
    check("*", "1.0.0 1.1.0-rc.1");
    check("^2", "1.0.0-rc.1 latest 3.0");
    check("3.0", "3.0");
    let rule = TagRule::artifact();
    let choice = rule.choose(&wanted("^3"), ["3.0", "2.0.0"]);
    assert_eq!(choice.explanation().hint(), None);
}

#[test]
fn an_entry_of_two_parts_can_be_had_by_name() {
    let entries = ["1.3", "1.1.0"].map(|version| Entry::new(version, None));
    let choice = choose_entry(&wanted(">=1.3"), entries);
    let hint = Hint::AskByName {
        version: "1.3".into(),
    };
    assert_eq!(choice.explanation().hint(), Some(hint));
    let choice = choose_entry(&wanted("1.3"), entries);
    assert_eq!(choice.explanation().chosen(), Some("1.3"));
}

#[test]
fn the_nearest_come_first_and_no_more_than_asked_for() {
    let explanation = explained("~1.2", "2.0.0 1.3.0 0.9.0 1.1.9 1.2.0-rc.1 latest 1.1.0");
    let nearest = |limit| {
        let nearest = explanation.nearest(limit);
        nearest.iter().map(Considered::tag).collect::<Vec<_>>()
    };
    assert_eq!(nearest(0), [""; 0]);
    assert_eq!(nearest(3), ["1.2.0-rc.1", "1.3.0", "1.1.9"]);
    assert_eq!(
        nearest(9),
        [
            "1.2.0-rc.1",
            "1.3.0",
            "1.1.9",
            "1.1.0",
            "2.0.0",
            "0.9.0",
            "latest"
        ]
    );
}

#[test]
fn a_hostile_tag_stays_on_its_line_and_is_cut() {
    let long = "a".repeat(300);
    let choice = choose_tag(&wanted("*"), ["a\nready: \u{1b}[32myes", &*long]);
    let text = choice.explanation().to_string();
    assert_eq!(text.lines().count(), 4);
    assert!(text.contains("`a\\nready: \\u{1b}[32myes`"), "{text}");
    assert!(text.contains(&format!("`{}…`", "a".repeat(128))), "{text}");
}
