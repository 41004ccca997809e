use super::*;

#[track_caller]
fn check(yaml: &str, expected: &[(&str, Node)]) {
    let expected = expected
        .iter()
        .map(|(key, node)| ((*key).to_owned(), node.clone()));
    assert_eq!(
        Node::parse(yaml.as_bytes()).unwrap(),
        Node::Map(expected.collect())
    );
}

fn words(text: &str) -> Node {
    Node::Text(text.to_owned())
}

#[test]
fn scalars_are_those_of_yaml_1_1() {
    check("k: yes", &[("k", Node::Bool(true))]);
    check("k: off", &[("k", Node::Bool(false))]);
    check("k: \"yes\"", &[("k", words("yes"))]);
    check("k: ~", &[("k", Node::Null)]);
    check("k:", &[("k", Node::Null)]);
    check("k: 010", &[("k", Node::Int(8))]);
    check("k: 0o10", &[("k", Node::Int(8))]);
    check("k: 0x1F", &[("k", Node::Int(31))]);
    check("k: 1_000", &[("k", Node::Int(1000))]);
    check("k: -3", &[("k", Node::Int(-3))]);
    check(
        "k: 18446744073709551615",
        &[("k", Node::Int(u64::MAX.into()))],
    );
    check("k: 1.10", &[("k", Node::Float(1.1))]);
    check("k: 1e3", &[("k", Node::Float(1000.0))]);
    check("k: 2020-01-01", &[("k", words("2020-01-01"))]);
    check("k: 1:30", &[("k", words("1:30"))]);
    check("k: 1.2.3", &[("k", words("1.2.3"))]);
}

#[test]
fn keys_are_text() {
    check("on: 1", &[("true", Node::Int(1))]);
    check("n: 1", &[("false", Node::Int(1))]);
    check("1.10: 1", &[("1.1", Node::Int(1))]);
    check("7: 1", &[("7", Node::Int(1))]);
    assert!(Node::parse(b"~: 1").is_err());
    assert!(Node::parse(b"? [a]\n: 1").is_err());
}

#[test]
fn the_last_of_two_equal_keys_counts() {
    check(
        "a: 1\nb: 2\na: 3",
        &[("a", Node::Int(3)), ("b", Node::Int(2))],
    );
}

#[test]
fn anchors_and_merge_keys_are_followed() {
    let inherited = Node::Map([("p".to_owned(), Node::Int(1))].into());
    check(
        "base: &x {p: 1}\nother: {<<: *x}",
        &[("base", inherited.clone()), ("other", inherited)],
    );
}

#[test]
fn a_merged_map_counts_for_more_than_what_stands_before_it_and_less_than_what_follows() {
    let one_and_two = |one| {
        let entries = [("p", Node::Int(one)), ("q", Node::Int(2))];
        Node::Map(entries.map(|(key, node)| (key.to_owned(), node)).into())
    };
    check("c: {p: 1, <<: {p: 3, q: 2}}", &[("c", one_and_two(3))]);
    check("c: {<<: {p: 3, q: 2}, p: 1}", &[("c", one_and_two(1))]);
    check("c: {<<: [{p: 3}, {p: 4, q: 2}]}", &[("c", one_and_two(3))]);
    for text in ["<<: 5", "<<: [1]", "<<: ~"] {
        assert!(Node::parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn only_the_first_document_is_read() {
    check("a: 1\n---\na: 2", &[("a", Node::Int(1))]);
    check("---\na: 1\n---\n[", &[("a", Node::Int(1))]);
    check(
        "# words\n%YAML 1.1\n---\na: 1\n...\n}",
        &[("a", Node::Int(1))],
    );
    check("--- # here\na: 1\n", &[("a", Node::Int(1))]);
    assert_eq!(Node::parse(b"---\n---\na: 1").unwrap(), Node::Null);
    assert_eq!(Node::parse(b"").unwrap(), Node::Null);
    assert_eq!(Node::parse(b"# nothing").unwrap(), Node::Null);
}

#[test]
fn an_anchor_may_be_used_often() {
    let mut yaml = "base: &x 1\nlist:\n".to_owned();
    yaml.push_str(&"- *x\n".repeat(2000));
    assert!(Node::parse(yaml.as_bytes()).is_ok());
}

#[test]
fn long_comments_are_no_problem() {
    let mut yaml = "a:\n".to_owned();
    yaml.push_str(&"# words\n".repeat(5000));
    yaml.push_str("  b: 1\n");
    assert!(Node::parse(yaml.as_bytes()).is_ok());
}

#[test]
fn a_bomb_of_anchors_is_an_error_in_good_time() {
    let level = |level| {
        format!(
            "a{}: &a{} [{}]\n",
            level,
            level,
            format!("*a{}, ", level - 1).repeat(10)
        )
    };
    let yaml = "a0: &a0 [x, x, x]\n".to_owned() + &(1..12).map(level).collect::<String>();
    assert!(Node::parse(yaml.as_bytes()).is_err());
    assert!(check_values(yaml.as_bytes()).is_err());
}

#[test]
fn depth_is_bounded() {
    let deep = format!("a: {}{}", "[".repeat(20_000), "]".repeat(20_000));
    assert!(Node::parse(deep.as_bytes()).is_err());
    assert!(check_values(deep.as_bytes()).is_err());
}

#[test]
fn what_is_no_text_is_an_error_that_says_where() {
    let error = Node::parse(b"a: \xff").unwrap_err();
    assert_eq!(error.to_string(), "not UTF-8 at byte 3");
}

#[test]
fn characters_that_cannot_be_printed_are_an_error() {
    for (character, code) in [('\0', "0000"), ('\u{7f}', "007F"), ('\u{feff}', "FEFF")] {
        let yaml = format!("a: \"x{character}\"");
        let expected = format!("the character U+{code} is not allowed");
        assert_eq!(
            Node::parse(yaml.as_bytes()).unwrap_err().to_string(),
            expected
        );
        check_bad(&yaml, &expected);
    }
    check(
        "a: \"\u{85}é\u{fffd}🚢\"",
        &[("a", words("\u{85}é\u{fffd}🚢"))],
    );
}

#[track_caller]
fn check_text(value: f64, expected: &str) {
    assert_eq!(go_text(value), expected);
}

#[test]
fn numbers_are_written_as_go_writes_them() {
    check_text(1.1, "1.1");
    check_text(100_000.0, "100000");
    check_text(1_000_000.0, "1e+06");
    check_text(0.0001, "0.0001");
    check_text(0.000_01, "1e-05");
    check_text(20_240_101.5, "2.0240102e+07");
    check_text(-2.5, "-2.5");
    check_text(1e300, "+Inf");
    check_text(f64::NEG_INFINITY, "-Inf");
    check_text(f64::NAN, "NaN");
}

#[track_caller]
fn check_good(yaml: &str) {
    check_values(yaml.as_bytes()).unwrap();
}

#[track_caller]
fn check_bad(yaml: &str, expected: &str) {
    let error = check_values(yaml.as_bytes()).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn values_are_maps_or_nothing() {
    check_good("");
    check_good("# nothing");
    check_good("a: 1");
    check_good("a: {b: [1, {c: ~}]}");
    check_good("---\na: 1\n---\n# two documents\nb: 2\n--- # three\n");
    check_good(&format!("a:\n{}", "- 1\n".repeat(300_000)));
    check_bad("[]", "a list where a map is expected");
    check_bad("words", "text where a map is expected");
    check_bad("a: 1\n---\n7", "a number where a map is expected");
    check_bad("a: .inf", "no number in JSON");
    check_bad("~: 1", "nothing cannot be a key");
    check_bad("a: [", "");
    check_bad("a: 1\n---- \n", "text after a document separator: -");
}
