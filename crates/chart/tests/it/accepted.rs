//! Archives that Helm loads, odd as they may look.

use portolan_chart::{ChartMetadata, Limits, check_archive, read_chart, read_metadata};

use crate::packed::{CHART_YAML, Entry, Packed, chart, gzip, long_name, pax, pax_records};

/// Every way to read `archive` finds the same good chart. Gives its paths.
#[track_caller]
pub(crate) fn check(archive: &[u8]) -> Vec<String> {
    let limits = Limits::default();
    let chart = read_chart(archive, &limits).unwrap();
    assert_eq!(check_archive(archive, &limits).unwrap(), *chart.metadata());
    let name_and_version =
        |metadata: &ChartMetadata| (metadata.name.clone(), metadata.version.clone());
    let stopped_early = read_metadata(archive, &limits).unwrap();
    assert_eq!(
        name_and_version(&stopped_early),
        name_and_version(chart.metadata())
    );
    chart.files().map(|(path, _)| path.to_owned()).collect()
}

#[test]
fn a_chart_is_read_with_all_its_files() {
    let archive = chart()
        .file("app/values.yaml", "a: 1\n")
        .file("app/README.md", "# app")
        .file("app/templates/a.yaml", "kind: A")
        .file("app/templates/.hidden", "")
        .gzip();
    check(&archive);
    let chart = read_chart(archive.as_slice(), &Limits::default()).unwrap();
    let files: Vec<_> = chart.files().collect();
    assert_eq!(
        files,
        [
            ("Chart.yaml", CHART_YAML.as_bytes()),
            ("README.md", b"# app"),
            ("templates/.hidden", b""),
            ("templates/a.yaml", b"kind: A"),
            ("values.yaml", b"a: 1\n"),
        ]
    );
    assert_eq!(chart.values(), Some(&b"a: 1\n"[..]));
    assert_eq!(chart.readme(), Some(&b"# app"[..]));
    assert_eq!(chart.file("templates"), None);
    assert_eq!(chart.metadata().name, "app");
}

#[test]
fn the_order_of_files_does_not_matter() {
    let archive = Packed::default()
        .file("app/values.yaml", "")
        .file("app/templates/a.yaml", "")
        .file("app/Chart.yaml", CHART_YAML);
    assert_eq!(check(&archive.gzip()).len(), 3);
}

#[test]
fn a_byte_order_mark_is_taken_off_every_file() {
    let archive = Packed::default()
        .file("app/Chart.yaml", format!("\u{feff}{CHART_YAML}"))
        .file("app/values.yaml", "\u{feff}a: 1")
        .gzip();
    check(&archive);
    let chart = read_chart(archive.as_slice(), &Limits::default()).unwrap();
    assert_eq!(chart.file("Chart.yaml"), Some(CHART_YAML.as_bytes()));
    assert_eq!(chart.values(), Some(&b"a: 1"[..]));
}

#[test]
fn global_headers_are_passed_over() {
    let records = pax_records(&[("comment", "52a90a0c"), ("path", "../up")]);
    let global = Entry::of_kind(b'g', "pax_global_header", records);
    let archive = Packed::default()
        .entry(&global)
        .file("app/Chart.yaml", CHART_YAML);
    assert_eq!(check(&archive.gzip()), ["Chart.yaml"]);
}

#[test]
fn pax_headers_give_names_and_what_nobody_needs() {
    let path = format!("app/templates/{}/ü.yaml", "n".repeat(300));
    let size = ("size", "5");
    let more = [
        ("mtime", "1700000000.123"),
        ("uid", "1000"),
        ("LIBARCHIVE.x", "y"),
        size,
    ];
    let records = [&[("path", path.as_str())][..], &more].concat();
    let archive = chart().entry(&pax(&records)).file("short", "words").gzip();
    assert_eq!(check(&archive)[1], path["app/".len()..]);
}

#[test]
fn gnu_long_names_are_read() {
    let path = format!("app/templates/{}.yaml", "n".repeat(300));
    let archive = chart()
        .entry(&long_name(&path))
        .file("short", "words")
        .gzip();
    assert_eq!(check(&archive)[1], path["app/".len()..]);
    // The name that is cut off may happen to end with a slash.
    let archive = chart().entry(&long_name(&path)).file("app/cut/", "words");
    assert_eq!(check(&archive.gzip())[1], path["app/".len()..]);
}

#[test]
fn the_prefix_of_a_header_is_part_of_the_name() {
    let ustar = Entry::file("a.yaml", "").set(345, b"app/templates");
    let star = Entry::file("b.yaml", "")
        .set(345, b"app/templates")
        .set(508, b"tar\0");
    let archive = chart().entry(&ustar).entry(&star).gzip();
    assert_eq!(
        check(&archive)[1..],
        ["templates/a.yaml", "templates/b.yaml"]
    );
}

#[test]
fn old_and_gnu_headers_are_read() {
    let archive = Packed::default()
        .entry(&Entry::of_kind(b'\0', "app/", "").v7())
        .entry(&Entry::of_kind(b'\0', "app/Chart.yaml", CHART_YAML).v7())
        .entry(&Entry::file("app/a", "").gnu())
        .entry(&Entry::of_kind(b'7', "app/b", ""));
    assert_eq!(check(&archive.gzip()), ["Chart.yaml", "a", "b"]);
}

#[test]
fn numbers_in_base_256_are_read() {
    let entry = Entry::file("app/a", "words")
        .set(108, &[0xff; 8])
        .set(124, b"\x80\0\0\0\0\0\0\0\0\0\0\x05")
        .gnu();
    assert_eq!(check(&chart().entry(&entry).gzip())[1], "a");
}

#[test]
fn directories_count_for_nothing() {
    let archive = Packed::default()
        .entry(&Entry::of_kind(b'5', "app/", "").set(100, b"0040755\0"))
        .entry(&Entry::of_kind(b'5', "app/templates", ""))
        .file("app/Chart.yaml", CHART_YAML);
    assert_eq!(check(&archive.gzip()), ["Chart.yaml"]);
}

#[test]
fn mode_bits_count_for_nothing() {
    let setuid = Entry::file("app/run", "").set(100, b"0104755\0");
    assert_eq!(check(&chart().entry(&setuid).gzip()), ["Chart.yaml", "run"]);
}

#[test]
fn the_folder_may_have_any_name_even_two() {
    let archive = Packed::default()
        .file("other/Chart.yaml", CHART_YAML)
        .file("./values.yaml", "a: 1")
        .file("third\\templates\\a.yaml", "");
    assert_eq!(
        check(&archive.gzip()),
        ["Chart.yaml", "templates/a.yaml", "values.yaml"]
    );
}

#[test]
fn of_two_plain_files_of_one_name_the_last_counts() {
    let archive = chart()
        .file("app/templates/a.yaml", "a: 1")
        .file("other/./templates/a.yaml", "a: 2")
        .gzip();
    check(&archive);
    let chart = read_chart(archive.as_slice(), &Limits::default()).unwrap();
    assert_eq!(chart.file("templates/a.yaml"), Some(&b"a: 2"[..]));
}

#[test]
fn the_end_may_be_short_and_what_comes_after_it_is_not_read() {
    let good = chart().unended();
    check(&gzip(&good));
    check(&gzip(&[&good[..], &[0; 512]].concat()));
    let end = [0; 1024];
    check(&gzip(&[&good[..], &end, b"anything at all"].concat()));
    check(&[&gzip(&[&good[..], &end, &end].concat()), &b"not gzip"[..]].concat());
}

#[test]
fn several_gzip_members_are_one_archive() {
    let tar = chart().file("app/a", "words").tar();
    let (first, rest) = tar.split_at(700);
    assert_eq!(
        check(&[gzip(first), gzip(b""), gzip(rest)].concat()).len(),
        2
    );
}

#[test]
fn metadata_is_read_without_what_comes_after_it() {
    let mut archive = chart().file("app/a", "x".repeat(100_000)).unended();
    archive.extend_from_slice(b"no tar at all");
    let mut gzipped = gzip(&archive);
    let metadata = read_metadata(gzipped.as_slice(), &Limits::default()).unwrap();
    assert_eq!(metadata.version, "1.2.3");
    assert!(read_chart(gzipped.as_slice(), &Limits::default()).is_err());
    // Nor do broken bytes behind it hurt.
    let middle = gzipped.len() / 2;
    gzipped[middle..].fill(0xff);
    read_metadata(gzipped.as_slice(), &Limits::default()).unwrap();
}

#[test]
fn requirements_are_part_of_a_chart_of_v1_only() {
    let requirements = "dependencies: [{name: db, version: 1.x, repository: ''}]";
    let v1 = |api: &str| format!("{api}name: app\nversion: 1.0.0\n");
    let dependencies = |archive: Vec<u8>| {
        check(&archive);
        let metadata = read_metadata(archive.as_slice(), &Limits::default()).unwrap();
        let whole = check_archive(archive.as_slice(), &Limits::default()).unwrap();
        assert_eq!(metadata, whole);
        metadata.dependencies.len()
    };
    for (api, expected) in [("apiVersion: v1\n", 1), ("", 1), ("apiVersion: v2\n", 0)] {
        let before = Packed::default()
            .file("app/requirements.yaml", requirements)
            .file("app/Chart.yaml", v1(api));
        assert_eq!(dependencies(before.gzip()), expected, "{api}");
        let after = Packed::default()
            .file("app/Chart.yaml", v1(api))
            .file("app/requirements.yaml", requirements);
        assert_eq!(dependencies(after.gzip()), expected, "{api}");
    }
}
