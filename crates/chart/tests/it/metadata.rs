//! `Chart.yaml`, accepted and refused as by Helm v4.3.1.

use portolan_chart::{ChartMetadata, Limits, check_archive};

use crate::packed::{CHART_YAML, Packed, chain};

const NAMED: &str = "apiVersion: v2\nname: app\nversion: 1.2.3\n";

fn parse(more: &str) -> ChartMetadata {
    ChartMetadata::parse(format!("{NAMED}{more}").as_bytes()).unwrap()
}

#[track_caller]
fn check_refused(yaml: &str, expected: &str) {
    let error = ChartMetadata::parse(yaml.as_bytes()).unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
}

#[track_caller]
fn check_more_refused(more: &str, expected: &str) {
    check_refused(&format!("{NAMED}{more}"), expected);
}

#[test]
fn every_field_is_read() {
    let metadata = parse(
        "type: library\nappVersion: v1\ndescription: An app\nhome: https://example.com\n\
         icon: https://example.com/icon.png\nsources: [https://example.com/src]\n\
         keywords: [a, b]\nkubeVersion: '>=1.30'\ndeprecated: true\ncondition: app.on\n\
         tags: web,db\nannotations: {a: b}\n\
         maintainers: [{name: Ada, email: ada@example.com, url: https://ada.example}]\n\
         dependencies: [{name: db, version: ~1, repository: https://example.com, alias: db_2,\n\
         condition: db.on, tags: [t], enabled: true, import-values: [x, {child: c, parent: p}]}]\n",
    );
    let json = serde_json::to_value(&metadata).unwrap();
    let expected = serde_json::json!({
        "name": "app",
        "home": "https://example.com",
        "sources": ["https://example.com/src"],
        "version": "1.2.3",
        "description": "An app",
        "keywords": ["a", "b"],
        "maintainers": [{"name": "Ada", "email": "ada@example.com", "url": "https://ada.example"}],
        "icon": "https://example.com/icon.png",
        "apiVersion": "v2",
        "condition": "app.on",
        "tags": "web,db",
        "appVersion": "v1",
        "deprecated": true,
        "annotations": {"a": "b"},
        "kubeVersion": ">=1.30",
        "dependencies": [{
            "name": "db",
            "version": "~1",
            "repository": "https://example.com",
            "condition": "db.on",
            "tags": ["t"],
            "enabled": true,
            "import-values": ["x", {"child": "c", "parent": "p"}],
            "alias": "db_2",
        }],
        "type": "library",
    });
    assert_eq!(json, expected);
    // And comes back from there, as from a registry's config blob.
    assert_eq!(
        ChartMetadata::parse(json.to_string().as_bytes()).unwrap(),
        metadata
    );
}

#[test]
fn what_is_not_there_is_left_out_of_json() {
    let json = serde_json::to_string(&parse("dependencies: [{name: db}]")).unwrap();
    assert_eq!(
        json,
        r#"{"name":"app","version":"1.2.3","apiVersion":"v2","dependencies":[{"name":"db","repository":""}]}"#
    );
}

#[test]
fn nothing_is_the_same_as_empty() {
    let metadata = parse(
        "description:\nhome: ~\nicon: null\nsources:\nkeywords: ~\nannotations:\nmaintainers:\n\
         dependencies:\ndeprecated:\ntype:\nappVersion: ''\n",
    );
    assert_eq!(metadata, parse(""));
    assert_eq!(parse("annotations: {a: ~}").annotations["a"], "");
    assert_eq!(parse("keywords: [~]").keywords, [""]);
}

#[test]
fn unknown_fields_and_repeated_ones_are_fine() {
    assert_eq!(
        parse("engine: gotpl\ntillerVersion: 2\nx: {y: [z]}\n"),
        parse("")
    );
    assert_eq!(parse("version: 2.0.0\n").version, "2.0.0");
    // Case does not matter, and what sorts last counts.
    assert_eq!(
        parse("DESCRIPTION: upper\n").description.as_deref(),
        Some("upper")
    );
    assert_eq!(
        parse("description: lower\nDescription: upper\n")
            .description
            .as_deref(),
        Some("lower")
    );
}

#[track_caller]
fn check_text(yaml: &str, expected: &str) {
    let metadata = parse(&format!("appVersion: {yaml}\n"));
    assert_eq!(metadata.app_version.as_deref(), Some(expected));
}

#[test]
fn numbers_and_booleans_become_text_where_text_is_expected() {
    check_text("1.10", "1.1");
    check_text("\"1.10\"", "1.10");
    check_text("1", "1");
    check_text("010", "8");
    check_text("0x1F", "31");
    check_text("1_000", "1000");
    check_text("1e3", "1000");
    check_text("1e6", "1e+06");
    check_text("12345678", "12345678");
    check_text("yes", "true");
    check_text("off", "false");
    check_text("2020-01-01", "2020-01-01");
    check_text("1.2.3", "1.2.3");
    check_text("18446744073709551615", "18446744073709551615");
    assert_eq!(
        parse("annotations: {a: 1, b: on, 7: x}").annotations.len(),
        3
    );
}

#[test]
fn fields_of_another_type_are_refused() {
    check_more_refused(
        "description: [a]",
        "`description` is a list where text is expected",
    );
    check_more_refused("home: {a: b}", "`home` is a map where text is expected");
    check_more_refused("keywords: a", "`keywords` is text where a list is expected");
    check_more_refused(
        "keywords: [[a]]",
        "`keywords` is a list where text is expected",
    );
    check_more_refused(
        "annotations: [a]",
        "`annotations` is a list where a map is expected",
    );
    check_more_refused(
        "deprecated: \"true\"",
        "`deprecated` is text where a boolean is expected",
    );
    check_more_refused(
        "deprecated: 1",
        "`deprecated` is a number where a boolean is expected",
    );
    check_more_refused(
        "maintainers: [a]",
        "an entry of `maintainers` is text where a map",
    );
    check_more_refused(
        "dependencies: [{name: db, tags: a}]",
        "`tags` of an entry of `dependencies` is text where a list is expected",
    );
    check_more_refused("x: .inf", "an infinite number cannot be kept");
    check_refused("[]", "the file is a list where a map is expected");
    check_refused("words", "the file is text where a map is expected");
    check_refused("name: [", "");
    check_refused("name: \u{0}", "");
    check_refused("", "`name` is missing");
}

#[track_caller]
fn check_name(name: &str, expected: Option<&str>) {
    let yaml = format!("name: {name:?}\nversion: 1.2.3\n");
    match expected {
        None => assert_eq!(ChartMetadata::parse(yaml.as_bytes()).unwrap().name, name),
        Some(expected) => check_refused(&yaml, expected),
    }
}

#[test]
fn a_name_is_one_part_of_a_path() {
    check_name("app", None);
    check_name("App_1.x", None);
    check_name("-", None);
    check_name("...", None);
    check_name(&"n".repeat(300), None);
    check_name("", Some("`name` is missing"));
    check_name(".", Some("the name `.` is not allowed"));
    check_name("..", Some("the name `..` is not allowed"));
    check_name("../up", Some("the name `../up` is not allowed"));
    check_name("a\\b", Some("is not allowed"));
    check_name("a/b", Some("is not allowed"));
    check_name("/", Some("is not allowed"));
    check_name("app/", Some("is not allowed"));
}

#[track_caller]
fn check_version(version: &str, expected: Option<&str>) {
    let yaml = format!("name: app\nversion: {version}\n");
    match expected {
        None => drop(ChartMetadata::parse(yaml.as_bytes()).unwrap()),
        Some(expected) => check_refused(&yaml, expected),
    }
}

#[test]
fn a_version_is_a_semantic_version_loosely() {
    for version in [
        "1.2.3",
        "v1.2.3",
        "1.2",
        "1",
        "\"1.10\"",
        "1.2.3-rc.1+b",
        "2025.02.03",
    ] {
        check_version(version, None);
    }
    check_version("", Some("`version` is missing"));
    check_version(
        "latest",
        Some("the version `latest` is not a semantic version"),
    );
    check_version("1.2.3.4", Some("is not a semantic version"));
    check_version("V1", Some("is not a semantic version"));
    check_version("1.2.x", Some("is not a semantic version"));
    check_version("7e6", Some("the version `7e+06` is not"));
    check_version("../up", Some("is not a semantic version"));
}

#[test]
fn types_are_two() {
    assert_eq!(
        parse("type: application").chart_type.as_deref(),
        Some("application")
    );
    check_more_refused("type: Library", "the type `Library` is neither");
    check_more_refused("type: 1", "the type `1` is neither");
}

#[test]
fn entries_with_nothing_in_them_are_refused() {
    check_more_refused(
        "maintainers: [~]",
        "`maintainers` has an entry with nothing in it",
    );
    check_more_refused(
        "dependencies: [~]",
        "`dependencies` has an entry with nothing in it",
    );
    assert_eq!(parse("maintainers: [{}]").maintainers.len(), 1);
    assert_eq!(parse("dependencies: [{}]").dependencies.len(), 1);
}

#[test]
fn aliases_are_plain_and_names_are_not_used_twice() {
    let alias = |alias: &str| format!("dependencies: [{{name: db, alias: {alias}}}]");
    assert_eq!(
        parse(&alias("a_B-9")).dependencies[0].alias.as_deref(),
        Some("a_B-9")
    );
    check_more_refused(
        &alias("../up"),
        "the alias `../up` of dependency `db` may only have",
    );
    check_more_refused(&alias("a.b"), "the alias `a.b`");
    check_more_refused(
        "dependencies: [{name: db}, {name: db}]",
        "more than one dependency with name or alias `db`",
    );
    check_more_refused(
        "dependencies: [{name: db}, {name: cache, alias: db}]",
        "more than one dependency with name or alias `db`",
    );
    let two = parse("dependencies: [{name: db}, {name: db, alias: db2}]");
    assert_eq!(two.dependencies.len(), 2);
}

#[test]
fn what_cannot_be_printed_is_taken_out_of_texts() {
    let metadata = parse("description: \"one\\ttwo\\u001b[2J\\u202e\"\nkeywords: [\"a\\u0007b\"]");
    assert_eq!(metadata.description.as_deref(), Some("one two[2J"));
    assert_eq!(metadata.keywords, ["ab"]);
    assert_eq!(parse("icon: \"\\u0007\"").icon, None);
}

/// A chart with the file `name` is refused for the reason `expected`.
#[track_caller]
fn check_file(name: &str, yaml: &str, expected: &str) {
    let archive = |chart: &str| {
        Packed::default()
            .file("app/Chart.yaml", chart)
            .file(&format!("app/{name}"), yaml)
            .gzip()
    };
    for chart in [CHART_YAML, "name: app\nversion: 1.2.3\n"] {
        let error = check_archive(archive(chart).as_slice(), &Limits::default()).unwrap_err();
        assert_eq!(chain(&error), format!("{name} is invalid: {expected}"));
    }
}

#[test]
fn requirements_list_dependencies_and_nothing_else() {
    // Helm would take the name from here.
    check_file(
        "requirements.yaml",
        "name: other\ndependencies: []",
        "`name` does not belong here: only `dependencies` does, the rest is for Chart.yaml",
    );
    check_file(
        "requirements.yaml",
        "VERSION: 2.0.0",
        "`version` does not belong here: only `dependencies` does, the rest is for Chart.yaml",
    );
    check_file(
        "requirements.yaml",
        "dependencies: {}",
        "`dependencies` is a map where a list is expected",
    );
}

#[test]
fn locks_and_values_have_to_be_right_too() {
    for lock in ["Chart.lock", "requirements.lock"] {
        check_file(
            lock,
            "dependencies: [a]",
            "an entry of `dependencies` is text where a map is expected",
        );
        check_file(
            lock,
            "generated: 2020-01-01",
            "`generated` is not a time as in 2006-01-02T15:04:05Z: `2020-01-01`",
        );
    }
    check_file("values.yaml", "[]", "a list where a map is expected");
    check_file(
        "values.yaml",
        "a: .inf",
        "inf is no number in JSON at line 1, column 4",
    );
    let good = Packed::default()
        .file("app/Chart.yaml", CHART_YAML)
        .file(
            "app/Chart.lock",
            "generated: \"2020-01-01T00:00:00Z\"\ndigest: sha256:0\ndependencies: []",
        )
        .file("app/values.yaml", "a: 1\n---\nb: 2")
        .gzip();
    check_archive(good.as_slice(), &Limits::default()).unwrap();
}
