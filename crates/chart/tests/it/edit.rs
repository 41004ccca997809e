//! Charts, changed in memory.

use portolan_chart::{Chart, Limits, Lock, SetValuesError, SetVersionError, read_chart};

use crate::packed::{CHART_YAML, Packed, chain};

fn chart(files: &[(&str, &str)]) -> Chart {
    let packed = files
        .iter()
        .fold(Packed::default(), |packed, (path, content)| {
            packed.file(&format!("app/{path}"), content)
        });
    read_chart(packed.gzip().as_slice(), &Limits::default()).unwrap()
}

/// The chart as it is found again after it was written.
fn again(chart: &Chart) -> Chart {
    let mut archive = Vec::new();
    chart.write_archive(&mut archive).unwrap();
    let again = read_chart(archive.as_slice(), &Limits::default()).unwrap();
    assert_eq!(&again, chart);
    again
}

/// `Chart.yaml` is `after` once its version is `9.8.7`.
#[track_caller]
fn check_version(before: &str, after: &str) {
    let mut chart = chart(&[("Chart.yaml", before)]);
    chart.set_version("9.8.7").unwrap();
    assert_eq!(chart.file("Chart.yaml"), Some(after.as_bytes()));
    assert_eq!(again(&chart).metadata().version, "9.8.7");
}

#[test]
fn the_version_is_replaced_where_it_stands() {
    check_version(
        "# first\nversion: 1.2.3 # why\nname: app\nunknown: {a: 1}\n# last\n",
        "# first\nversion: 9.8.7 # why\nname: app\nunknown: {a: 1}\n# last\n",
    );
    check_version(
        "name: app\nversion: \"1.2.3\"\n",
        "name: app\nversion: 9.8.7\n",
    );
    check_version(
        "name: app\n'version'  :   '1.2.3'",
        "name: app\n'version'  :   9.8.7",
    );
    check_version(
        "name: app\r\nversion: 1.2.3\r\n",
        "name: app\r\nversion: 9.8.7\r\n",
    );
    check_version(
        "name: app\nversion: 1.2.3\n---\nversion: 1.2.3\n",
        "name: app\nversion: 9.8.7\n---\nversion: 1.2.3\n",
    );
    check_version(
        "name: app\nversion: 1.2.3\ndependencies:\n- name: db\n  version: 1.2.3\n",
        "name: app\nversion: 9.8.7\ndependencies:\n- name: db\n  version: 1.2.3\n",
    );
}

#[test]
fn every_spelling_of_the_field_is_replaced_as_any_may_count() {
    check_version(
        "name: app\nversion: 1.2.3\nVersion: 1.2.4\n",
        "name: app\nversion: 9.8.7\nVersion: 9.8.7\n",
    );
    check_version(
        "version: 1.0.0\nname: app\nversion: 1.2.3\n",
        "version: 9.8.7\nname: app\nversion: 9.8.7\n",
    );
}

#[test]
fn where_a_value_cannot_be_replaced_for_certain_the_file_is_written_anew() {
    check_version(
        "{version: 1.2.3, name: app, other: [1, 2]} # words",
        "name: app\nother:\n- 1\n- 2\nversion: 9.8.7\n",
    );
    check_version(
        "name: app\nversion: &v 1.2.3\nappVersion: *v\n",
        "appVersion: 1.2.3\nname: app\nversion: 9.8.7\n",
    );
    check_version(
        "name: app\nversion:\n  1.2.3\n",
        "name: app\nversion: 9.8.7\n",
    );
    check_version(
        "name: app\nversion: >-\n  1.2.3\n",
        "name: app\nversion: 9.8.7\n",
    );
}

#[test]
fn metadata_is_added_to_the_version_that_is_there() {
    let mut chart = chart(&[("Chart.yaml", "name: app\nversion: v1.2+old\n")]);
    chart.set_version_metadata("abc.7").unwrap();
    assert_eq!(chart.metadata().version, "1.2.0+abc.7");
    assert_eq!(again(&chart).metadata().version, "1.2.0+abc.7");
}

#[test]
fn a_version_that_helm_would_not_read_changes_nothing() {
    let before = chart(&[("Chart.yaml", CHART_YAML)]);
    let mut chart = before.clone();
    let error = chart.set_version("not").unwrap_err();
    assert_eq!(error.to_string(), "invalid semantic version: `not`");
    let error = chart.set_version_metadata("a_b").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("invalid metadata string: `a_b`")
    );
    let error = chart.set_app_version("\u{1b}[31m").unwrap_err();
    assert!(
        matches!(error, SetVersionError::ChartYaml { .. }),
        "{error}"
    );
    assert_eq!(chart, before);
}

#[track_caller]
fn check_app_version(before: &str, version: &str, after: &str) {
    let mut chart = chart(&[("Chart.yaml", before)]);
    chart.set_app_version(version).unwrap();
    assert_eq!(chart.file("Chart.yaml"), Some(after.as_bytes()));
    assert_eq!(
        again(&chart).metadata().app_version.as_deref(),
        Some(version)
    );
}

#[test]
fn the_version_of_what_is_installed_is_any_text() {
    check_app_version(
        "name: app\nversion: 1.2.3\nappVersion: 1.10 # words\n",
        "1.20",
        "name: app\nversion: 1.2.3\nappVersion: \"1.20\" # words\n",
    );
    check_app_version(
        "name: app\nversion: 1.2.3 # words\nhome: x\n",
        "yes: #1",
        "name: app\nversion: 1.2.3 # words\nappVersion: 'yes: #1'\nhome: x\n",
    );
    check_app_version(
        "name: app\nversion: 1.2.3",
        "2",
        "name: app\nversion: 1.2.3\nappVersion: \"2\"\n",
    );
    check_app_version(
        "{name: app, version: 1.2.3}",
        "2",
        "appVersion: \"2\"\nname: app\nversion: 1.2.3\n",
    );
}

#[test]
fn values_are_replaced_and_it_is_told_whether_they_changed() {
    let mut chart = chart(&[("Chart.yaml", CHART_YAML), ("values.yaml", "a: 1\n")]);
    assert!(!chart.set_values(b"a: 1\n".to_vec()).unwrap());
    assert!(chart.set_values(b"a: 2\n".to_vec()).unwrap());
    assert_eq!(again(&chart).values(), Some(&b"a: 2\n"[..]));
    // Every values file was missing, and that was to be ignored.
    assert!(chart.set_values(Vec::new()).unwrap());
    assert_eq!(again(&chart).values(), Some(&b""[..]));
}

#[test]
fn values_that_are_none_change_nothing() {
    let before = chart(&[("Chart.yaml", CHART_YAML), ("values.yaml", "a: 1\n")]);
    let mut chart = before.clone();
    let error = chart.set_values(b"[]".to_vec()).unwrap_err();
    assert!(
        chain(&error).contains("a list where a map is expected"),
        "{error}"
    );
    assert_eq!(chart, before);
}

#[test]
fn a_chart_without_values_gets_none() {
    let mut chart = chart(&[("Chart.yaml", CHART_YAML)]);
    let error = chart.set_values(b"a: 2\n".to_vec()).unwrap_err();
    assert!(matches!(error, SetValuesError::NoValues));
    assert_eq!(
        error.to_string(),
        "failed to locate values file: values.yaml"
    );
}

const LOCK: &str = "dependencies: []\ndigest: sha256:643d5437104296e21d906ecb15b2c96ad278f20cfc4af53b12bb6069bd853726\ngenerated: \"2026-11-21T14:41:02.306117163Z\"\n";

#[test]
fn the_lock_is_chart_lock_and_for_v1_requirements_lock() {
    let other = LOCK.replace("643d", "0000");
    let files = |api_version: &str| {
        let yaml = format!("apiVersion: {api_version}\nname: app\nversion: 1.0.0\n");
        chart(&[
            ("Chart.yaml", &yaml),
            ("Chart.lock", LOCK),
            ("requirements.lock", &other),
        ])
    };
    let digest = |chart: &Chart| chart.lock().unwrap().unwrap().digest;
    assert!(digest(&files("v2")).starts_with("sha256:643d"));
    assert!(digest(&files("v1")).starts_with("sha256:0000"));
    assert_eq!(chart(&[("Chart.yaml", CHART_YAML)]).lock().unwrap(), None);
}

#[test]
fn a_lock_is_put_where_it_is_looked_for() {
    let lock = Lock::parse(LOCK.as_bytes()).unwrap();
    for (api_version, file) in [("v2", "Chart.lock"), ("v1", "requirements.lock")] {
        let yaml = format!("apiVersion: {api_version}\nname: app\nversion: 1.0.0\n");
        let mut chart = chart(&[("Chart.yaml", &yaml)]);
        chart.set_lock(&lock);
        assert_eq!(chart.file(file), Some(LOCK.as_bytes()));
        assert_eq!(again(&chart).lock().unwrap(), Some(lock.clone()));
    }
}

#[test]
fn a_lock_with_nothing_for_an_entry_is_none() {
    let chart = chart(&[
        ("Chart.yaml", CHART_YAML),
        ("Chart.lock", "dependencies: [~]\n"),
    ]);
    let error = chart.lock().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`dependencies` has an entry with nothing in it"
    );
}
