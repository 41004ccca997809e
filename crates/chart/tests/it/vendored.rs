//! Charts put into charts.

use portolan_chart::{AddChartError, Chart, Excess, Limits, read_chart};

use crate::packed::{CHART_YAML, Packed};

fn named(name: &str) -> Packed {
    Packed::default()
        .file("x/Chart.yaml", format!("name: {name}\nversion: 1.0.0\n"))
        .file("x/values.yaml", format!("# of {name}\n"))
}

fn read(packed: Packed) -> Chart {
    read_chart(packed.gzip().as_slice(), &Limits::default()).unwrap()
}

fn parent() -> Chart {
    read(
        Packed::default()
            .file("app/Chart.yaml", CHART_YAML)
            .file("app/charts/web-1.0.0.tgz", named("web").gzip())
            .file("app/charts/db/Chart.yaml", "name: db\nversion: 2.0.0\n")
            .file(
                "app/charts/db/charts/deep/Chart.yaml",
                "name: deep\nversion: 1.0.0\n",
            )
            .file("app/charts/_off/Chart.yaml", "name: off\nversion: 1.0.0\n"),
    )
}

/// The paths and names of what lies in `charts/`, as it is found in the archive.
fn vendored(chart: &Chart) -> Vec<(String, String, bool)> {
    let mut archive = Vec::new();
    chart.write_archive(&mut archive).unwrap();
    let again = read_chart(archive.as_slice(), &Limits::default()).unwrap();
    assert_eq!(&again, chart);
    let vendored = again.vendored(&Limits::default()).unwrap();
    let told = vendored.iter().map(|inside| {
        let name = inside.metadata().name.clone();
        (inside.path().to_owned(), name, inside.is_archive())
    });
    told.collect()
}

fn row(path: &str, name: &str, is_archive: bool) -> (String, String, bool) {
    (path.to_owned(), name.to_owned(), is_archive)
}

#[test]
fn charts_in_the_charts_folder_are_told_by_path_and_name() {
    assert_eq!(
        vendored(&parent()),
        [
            row("charts/db", "db", false),
            row("charts/web-1.0.0.tgz", "web", true)
        ]
    );
}

#[test]
fn a_chart_that_was_added_is_found_with_all_its_files() {
    let mut chart = parent();
    let added = read(named("cache"));
    chart
        .add_chart("cache", &added, &Limits::default())
        .unwrap();
    chart
        .add_chart("cache-2", &added, &Limits::default())
        .unwrap();
    assert_eq!(
        vendored(&chart),
        [
            row("charts/cache", "cache", false),
            row("charts/cache-2", "cache", false),
            row("charts/db", "db", false),
            row("charts/web-1.0.0.tgz", "web", true)
        ]
    );
    let values = chart.file("charts/cache/values.yaml");
    assert_eq!(values, Some(&b"# of cache\n"[..]));
}

#[track_caller]
fn check_folder(folder: &str, expected: &str) {
    let mut chart = parent();
    let added = read(named("cache"));
    let error = chart.add_chart(folder, &added, &Limits::default());
    assert_eq!(error.unwrap_err().to_string(), expected);
    assert_eq!(chart, parent());
}

#[test]
fn a_chart_is_not_put_where_helm_does_not_look() {
    for folder in [
        "", "a/b", "..", ".", "../x", "a\\b", ".hidden", "_off", "a.tgz", "a.prov",
    ] {
        let escaped = folder.escape_debug();
        check_folder(folder, &format!("a chart cannot lie in `charts/{escaped}`"));
    }
}

#[test]
fn a_chart_is_not_put_over_another() {
    check_folder("db", "`charts/db` exists already");
    let mut chart = read(Packed::default().file("app/Chart.yaml", CHART_YAML));
    let added = read(named("a"));
    // Not a neighbour that only begins alike.
    chart.add_chart("ab", &added, &Limits::default()).unwrap();
    chart.add_chart("a", &added, &Limits::default()).unwrap();
    assert!(chart.add_chart("a", &added, &Limits::default()).is_err());
}

#[test]
fn charts_together_stay_below_the_limits() {
    let added = read(named("cache"));
    let size = |chart: &Chart| {
        chart
            .files()
            .map(|(_, data)| data.len() as u64)
            .sum::<u64>()
    };
    let together = size(&parent()) + size(&added);
    let within = |bytes| Limits::default().max_unpacked_bytes(bytes);
    assert!(
        parent()
            .add_chart("a", &added, &within(together + 1))
            .is_ok()
    );
    let mut chart = parent();
    let error = chart.add_chart("a", &added, &within(together)).unwrap_err();
    assert!(matches!(
        error,
        AddChartError::TooLarge(Excess::UnpackedBytes { .. })
    ));
    let files = (chart.files().count() + added.files().count()) as u64;
    let within = |entries| Limits::default().max_entries(entries);
    assert!(chart.add_chart("a", &added, &within(files - 1)).is_err());
    assert_eq!(chart, parent());
    assert!(chart.add_chart("a", &added, &within(files)).is_ok());
}

#[test]
fn charts_lie_in_one_another_no_deeper_than_they_may_be_read() {
    let mut chart = read(named("x"));
    for _ in 0..32 {
        let mut parent = read(named("x"));
        parent.add_chart("x", &chart, &Limits::default()).unwrap();
        chart = parent;
    }
    vendored(&chart);
    let error = read(named("x")).add_chart("x", &chart, &Limits::default());
    assert!(matches!(
        error,
        Err(AddChartError::TooLarge(Excess::Depth { limit: 32 }))
    ));
    // As deep as what was read is counted too.
    let mut archive = Vec::new();
    chart.write_archive(&mut archive).unwrap();
    let chart = read_chart(archive.as_slice(), &Limits::default()).unwrap();
    let error = read(named("x")).add_chart("x", &chart, &Limits::default());
    assert!(error.is_err());
}
