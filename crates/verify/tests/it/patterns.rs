//! Regular expressions mean what they mean in Go.

use portolan_verify::Pattern;
use serde::Deserialize;

/// What Go 1.26.8 says of an expression.
#[derive(Deserialize)]
struct Row {
    pattern: String,
    error: Option<String>,
    #[serde(default)]
    matches: Vec<String>,
    #[serde(default)]
    misses: Vec<String>,
}

#[test]
fn an_expression_matches_what_it_matches_in_go() {
    let (mut accepted, mut refused) = (0, 0);
    for row in rows() {
        let pattern = match (Pattern::regexp(&row.pattern), &row.error) {
            (Ok(pattern), None) => pattern,
            (Err(error), Some(expected)) => {
                // Go's words come first, and then what to do.
                let error = error.to_string();
                assert!(
                    error.starts_with(&format!("{expected}; ")),
                    "{error}, not {expected}"
                );
                refused += 1;
                continue;
            }
            (Ok(_), Some(expected)) => panic!("`{}` should be refused: {expected}", row.pattern),
            (Err(error), None) => panic!("`{}` should be read: {error}", row.pattern),
        };
        for text in &row.matches {
            assert!(
                pattern.matches(text),
                "`{}` should match {text:?}",
                row.pattern
            );
        }
        for text in &row.misses {
            assert!(
                !pattern.matches(text),
                "`{}` should not match {text:?}",
                row.pattern
            );
        }
        accepted += 1;
    }
    assert_eq!((accepted, refused), (186, 121));
}

#[test]
fn a_text_that_is_meant_as_it_stands_is_no_expression() {
    let pattern = Pattern::exact("https://github.com/acme/.*");
    assert!(pattern.matches("https://github.com/acme/.*"));
    assert!(!pattern.matches("https://github.com/acme/x"));
    assert!(!pattern.matches("xhttps://github.com/acme/.*"));
    assert!(!pattern.matches(""));
    assert!(Pattern::exact("").matches(""));
    assert!(pattern.is_exact());
}

#[test]
fn patterns_are_the_same_if_they_mean_the_same_in_the_same_way() {
    let expression = Pattern::regexp("a.c").unwrap();
    assert_eq!(expression, Pattern::regexp("a.c").unwrap());
    assert_ne!(expression, Pattern::regexp("a.d").unwrap());
    assert_ne!(expression, Pattern::exact("a.c"));
    assert_eq!(Pattern::exact("a.c"), Pattern::exact("a.c"));
}

#[test]
fn a_pattern_is_shown_as_it_was_given() {
    let pattern = Pattern::regexp(r"(?i)^\d+\Q.\E$").unwrap();
    assert_eq!(pattern.as_str(), r"(?i)^\d+\Q.\E$");
    assert_eq!(pattern.to_string(), r"(?i)^\d+\Q.\E$");
    assert_eq!(
        format!("{pattern:?}"),
        r#"Pattern::regexp("(?i)^\\d+\\Q.\\E$")"#
    );
    assert_eq!(
        format!("{:?}", Pattern::exact("a")),
        r#"Pattern::exact("a")"#
    );
}

#[test]
fn half_of_a_character_cannot_be_asked_for() {
    // Go reads these, and some of them match U+FFFD.
    for expression in [r"^\x{D800}$", r"[\x{DFFF}]", r"[a-\x{D8FF}]"] {
        let error = Pattern::regexp(expression).unwrap_err().to_string();
        assert!(
            error.starts_with("error parsing regexp: invalid escape sequence: `\\x{D"),
            "{error}"
        );
    }
}

#[test]
fn an_expression_of_16_kib_is_read_and_no_byte_more() {
    let of = |bytes: usize| format!("[{}]", "a".repeat(bytes - 2));
    assert!(Pattern::regexp(&of(16 << 10)).unwrap().matches("a"));
    too_large(&of((16 << 10) + 1));
}

#[test]
fn a_text_of_8_kib_may_match_and_no_longer_one() {
    let everything = Pattern::regexp("").unwrap();
    assert!(everything.matches(&"a".repeat(8 << 10)));
    assert!(!everything.matches(&"a".repeat((8 << 10) + 1)));
}

#[test]
fn a_hundred_levels_are_read_and_no_more() {
    let groups = |depth| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    let repeated = |depth| format!("{}a{}", "(b|c".repeat(depth), "d|e)*".repeat(depth));
    // Flags between them let repetitions stand behind one another.
    let behind = |depth| format!("a{}", "*(?i)".repeat(depth));
    for (deepest, too_deep) in [
        (groups(100), groups(101)),
        (repeated(50), repeated(51)),
        (behind(100), behind(101)),
    ] {
        assert!(Pattern::regexp(&deepest).unwrap().matches("a"), "{deepest}");
        let error = Pattern::regexp(&too_deep).unwrap_err().to_string();
        assert!(error.contains("expression nests too deeply: "), "{error}");
    }
}

#[test]
fn an_expression_that_takes_much_memory_is_refused() {
    // 15 KiB ask for a translation of 50 MiB here,
    too_large(&r"\pL".repeat(5000));
    // and for a program that is as large here.
    too_large(r"\pL{1000}");
    too_large(&"(?i)[a-zß]{1000}".repeat(100));
}

#[test]
fn matching_takes_time_proportional_to_the_text() {
    // A reader that goes back and tries again would take longer than anybody can wait.
    let pattern = Pattern::regexp("^(a|a)*(a|aa)*(a*)*b$").unwrap();
    assert!(!pattern.matches(&"a".repeat(8000)));
}

#[test]
fn a_message_stays_on_its_line_and_is_short() {
    let expression = format!("(\n\u{1b}{}", "é".repeat(1000));
    let error = Pattern::regexp(&expression).unwrap_err().to_string();
    assert!(error.contains(r"`(\n\u{1b}é"), "{error}");
    assert!(!error.chars().any(char::is_control), "{error}");
    assert!(error.contains("é…`; close the group"), "{error}");
    assert!(error.chars().count() < 400, "{error}");
}

#[track_caller]
fn too_large(expression: &str) {
    let error = Pattern::regexp(expression).unwrap_err().to_string();
    assert!(
        error.starts_with("error parsing regexp: expression too large: "),
        "{error}"
    );
}

fn rows() -> Vec<Row> {
    let text = include_str!("../data/patterns.jsonl");
    text.lines()
        .map(|row| serde_json::from_str(row).unwrap())
        .collect()
}
