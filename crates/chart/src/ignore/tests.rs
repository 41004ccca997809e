use super::*;

#[track_caller]
fn check(rules: &str, path: &str, expected: bool) {
    let is_directory = path.ends_with('/');
    let rules = Rules::parse(rules).unwrap();
    assert_eq!(
        rules.ignore(path.trim_end_matches('/'), is_directory),
        expected
    );
}

#[test]
fn a_rule_without_a_slash_matches_names_at_any_depth() {
    check("a.txt", "a.txt", true);
    check("a.txt", "docs/a.txt", true);
    check("a.*", "a.txt", true);
    check("a.*", "b.txt", false);
    check("*.txt", "docs/deep/a.txt", true);
    check(".*", ".git/", true);
    check(".*", "a.txt", false);
    check("ru[c-e]?er.txt", "rudder.txt", true);
    check("[^a-c].txt", "d.txt", true);
    check("[^a-c].txt", "b.txt", false);
    check("\\*.txt", "*.txt", true);
    check("\\*.txt", "a.txt", false);
}

#[test]
fn a_rule_with_a_slash_matches_the_whole_path() {
    check("docs/*.txt", "docs/a.txt", true);
    check("docs/*.txt", "more/a.txt", false);
    check("docs/*.txt", "docs/deep/a.txt", false);
    check("/a.txt", "a.txt", true);
    check("/a.txt", "docs/a.txt", false);
    check("/docs/a.txt", "docs/a.txt", true);
}

#[test]
fn a_rule_that_ends_with_a_slash_is_for_directories() {
    check("docs/", "docs/", true);
    check("docs/", "docs", false);
    check("docs/", "deep/docs/", true);
    check("docs/", "other/", false);
}

#[test]
fn an_inverted_rule_drops_what_it_does_not_match() {
    check("!a.txt", "a.txt", false);
    check("!a.txt", "b.txt", true);
    check("!*.txt", "docs/", true);
    check("!docs/", "other/", true);
    check("!docs/", "docs/", false);
    // Helm drops every file for it, which surprises everybody.
    check("!docs/", "docs", true);
    // The first rule that hits decides.
    check("*.txt\n!a.txt", "a.txt", true);
}

#[test]
fn dotfiles_in_templates_are_always_left_out() {
    check("", "templates/.hidden", true);
    check("", "templates/deep/.hidden", false);
    check("", "templates/shown.yaml", false);
    check("", ".helmignore", false);
}

#[test]
fn comments_blank_lines_and_blanks_around_a_rule_count_for_nothing() {
    check("\u{feff}# words\n\n  a.txt\t\r\nb.txt", "a.txt", true);
    check("# words\n\n  a.txt\t\r\nb.txt", "b.txt", true);
    check("#a.txt", "#a.txt", false);
    check("\u{feff}a.txt", "a.txt", true);
}

#[track_caller]
fn check_refused(rules: &str, expected: &str) {
    assert_eq!(Rules::parse(rules).unwrap_err().to_string(), expected);
}

#[test]
fn rules_that_mean_nothing_are_refused_with_their_line() {
    check_refused("a\n\nb/**/c", "line 3, `b/**/c`: `**` is not supported");
    let reason = "its brackets or backslashes are not closed";
    check_refused("[z-", &format!("line 1, `[z-`: {reason}"));
    check_refused("[]a]", &format!("line 1, `[]a]`: {reason}"));
    check_refused("[-a]", &format!("line 1, `[-a]`: {reason}"));
    check_refused("a\\", &format!("line 1, `a\\\\`: {reason}"));
}

#[test]
fn many_stars_take_no_longer_than_pattern_times_name() {
    let rule = format!("{}b", "*a".repeat(200));
    let name = "a".repeat(5000);
    check(&rule, &name, false);
}
