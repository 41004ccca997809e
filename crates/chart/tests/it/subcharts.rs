//! Charts inside of charts, which Helm loads together.

use portolan_chart::{Limits, check_archive, read_chart};

use crate::accepted;
use crate::hostile;
use crate::packed::{CHART_YAML, Packed, chain, chart, gzip};

const BAD_YAML: &str = "name: ../up\nversion: 1.0.0\n";

#[test]
fn charts_in_folders_and_archives_are_checked() {
    let inside = chart().file("app/templates/a.yaml", "").gzip();
    let archive = chart()
        .file("app/charts/a/Chart.yaml", CHART_YAML)
        .file("app/charts/a/templates/b.yaml", "")
        .file("app/charts/a/charts/deep-1.0.0.tgz", &inside)
        .file("app/charts/b-1.0.0.tgz", &inside)
        .gzip();
    accepted::check(&archive);
    let chart = read_chart(archive.as_slice(), &Limits::default()).unwrap();
    // They stay what they are.
    assert_eq!(chart.file("charts/b-1.0.0.tgz"), Some(inside.as_slice()));
    assert!(chart.file("charts/a/templates/b.yaml").is_some());
}

#[test]
fn a_bad_chart_inside_spoils_the_chart_it_is_in() {
    let expected = "the chart in charts/a is not accepted: Chart.yaml is invalid: the name `../up`";
    hostile::check(
        &chart().file("app/charts/a/Chart.yaml", BAD_YAML).gzip(),
        expected,
    );
    let expected = "the chart in charts/a is not accepted: no 'Chart.yaml' found";
    hostile::check(
        &chart().file("app/charts/a/values.yaml", "").gzip(),
        expected,
    );
    hostile::check(&chart().file("app/charts/a", "a file").gzip(), expected);
    let bad = Packed::default().file("app/Chart.yaml", BAD_YAML).gzip();
    hostile::check(
        &chart().file("app/charts/a.tgz", bad).gzip(),
        "the chart in charts/a.tgz is not accepted: Chart.yaml is invalid",
    );
    hostile::check(
        &chart().file("app/charts/a.tgz", "words").gzip(),
        "the chart in charts/a.tgz is not accepted: expected a gzipped tar archive, found text",
    );
    hostile::check(
        &chart()
            .file("app/charts/a/Chart.yaml", CHART_YAML)
            .file("app/charts/a/charts/b/Chart.yaml", BAD_YAML)
            .gzip(),
        "the chart in charts/a is not accepted: the chart in charts/b is not accepted",
    );
    hostile::check(
        &chart()
            .file("app/charts/a.tgz/Chart.yaml", CHART_YAML)
            .gzip(),
        "no 'Chart.yaml' found",
    );
}

#[test]
fn some_things_in_charts_are_no_charts() {
    let archive = chart()
        .file("app/charts/_ignored", "")
        .file("app/charts/.hidden/x", "")
        .file("app/charts/a.tgz.prov", "signature")
        .file("app/other/charts/README.md", "")
        .gzip();
    assert_eq!(accepted::check(&archive).len(), 5);
}

#[test]
fn archives_inside_share_the_limits_of_the_one_they_are_in() {
    let bomb = chart().file("app/zeros", vec![0; 90 << 20]).gzip();
    hostile::check(
        &chart()
            .file("app/charts/a.tgz", &bomb)
            .file("app/charts/b.tgz", &bomb)
            .gzip(),
        "the chart in charts/b.tgz is not accepted: the chart unpacks to 104857600 bytes or more",
    );
    accepted::check(&chart().file("app/charts/a.tgz", &bomb).gzip());
}

#[test]
fn charts_in_charts_in_charts_end_somewhere() {
    let nested = |levels: usize| {
        let path = |level| format!("app/{}Chart.yaml", "charts/a/".repeat(level));
        let packed = (0..=levels).fold(Packed::default(), |packed, level| {
            packed
                .entry(&crate::packed::pax(&[("path", &path(level))]))
                .file("x", CHART_YAML)
        });
        check_archive(packed.gzip().as_slice(), &Limits::default())
    };
    nested(32).unwrap();
    let error = nested(33).unwrap_err();
    assert!(chain(&error).ends_with("charts lie in charts more than 32 deep"));
}

#[test]
fn an_archive_in_an_archive_in_an_archive_ends_somewhere() {
    let inner = (0..40).fold(chart().gzip(), |inner, _| {
        gzip(&chart().file("app/charts/a.tgz", inner).tar())
    });
    hostile::check(&inner, "charts lie in charts more than 32 deep");
}
