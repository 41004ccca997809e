//! Archives that are refused, each good again without the one thing that is wrong with it.

use portolan_chart::{Limits, ReadChartError, check_archive, read_chart, read_metadata, unpack};

use crate::accepted;
use crate::packed::{CHART_YAML, Entry, Packed, chain, chart, gzip, long_name, pax, pax_records};

/// `archive` is refused for the reason `expected` however it is read, and nothing is unpacked.
#[track_caller]
pub(crate) fn check(archive: &[u8], expected: &str) {
    let limits = Limits::default();
    let error = read_chart(archive, &limits).unwrap_err();
    assert!(chain(&error).contains(expected), "{}", chain(&error));
    assert!(!error.is_transient());
    let same = check_archive(archive, &limits).unwrap_err();
    assert_eq!(chain(&same), chain(&error));
    let folder = tempfile::tempdir().unwrap();
    unpack(archive, &folder.path().join("here"), &limits).unwrap_err();
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

/// A good chart and `entry` is refused; with `good` in its place it is not.
#[track_caller]
fn check_entry(entry: &Entry, expected: &str, good: &Entry) {
    check(&chart().entry(entry).gzip(), expected);
    accepted::check(&chart().entry(good).gzip());
}

#[track_caller]
fn check_path(path: &str, expected: &str) {
    let good = Entry::file("app/a", "words");
    check_entry(&Entry::file(path, "words"), expected, &good);
    // However the name is told.
    let named = |entry: &Entry| chart().entry(entry).file("app/a", "words").gzip();
    check(&named(&pax(&[("path", path)])), expected);
    check(&named(&long_name(path)), expected);
    accepted::check(&named(&pax(&[("path", "app/b")])));
}

#[test]
fn paths_that_lead_out_are_refused() {
    check_path("/etc/passwd", "its path is absolute");
    check_path("app//etc/passwd", "its path is absolute");
    check_path("\\etc\\passwd", "its path is absolute");
    check_path("../etc/passwd", "its path has `..` in it");
    check_path("app/../../etc/passwd", "its path has `..` in it");
    check_path("app/templates/../../../x", "its path has `..` in it");
    check_path("app\\..\\x", "its path has `..` in it");
    check_path("app/..x", "its path has `..` in it");
    check_path("C:/windows", "its path begins with a drive letter");
    check_path("app/C:/windows", "its path begins with a drive letter");
    check_path("app\\c:\\windows", "its path begins with a drive letter");
}

#[test]
fn files_outside_of_the_charts_folder_are_refused() {
    check_path(
        "Chart.yaml",
        "outside of the chart's folder: pack the folder",
    );
    check_path("values.yaml", "outside of the chart's folder");
    check_path("Chart.yaml/x", "Chart.yaml has to be in the chart's folder");
}

#[test]
fn directories_that_lead_out_are_refused() {
    let directory = |path| Entry::of_kind(b'5', path, "");
    check_entry(&directory("../up/"), "`..`", &directory("app/up/"));
    check_entry(&directory("/up/"), "absolute", &directory("app/up/"));
}

#[test]
fn names_that_are_not_text_are_refused() {
    let good = Entry::file("app/ab", "");
    check_entry(
        &Entry::file("app/ab", "").set(5, b"\xff"),
        "not UTF-8",
        &good,
    );
}

#[test]
fn links_devices_and_pipes_are_refused() {
    let good = Entry::file("app/a", "");
    let link = |kind| Entry::of_kind(kind, "app/a", "").set(157, b"/etc/passwd");
    check_entry(&link(b'1'), "`app/a` is refused: it is a hard link", &good);
    check_entry(&link(b'2'), "it is a symbolic link", &good);
    check_entry(&link(b'3'), "it is a device, not a file", &good);
    check_entry(&link(b'4'), "it is a device, not a file", &good);
    check_entry(&link(b'6'), "it is a named pipe, not a file", &good);
    check_entry(&link(b'!'), "it is of the unknown kind `!`", &good);
    // Also where the target is inside.
    let inside = Entry::of_kind(b'2', "app/a", "").set(157, b"Chart.yaml");
    check_entry(&inside, "it is a symbolic link", &good);
}

#[test]
fn sparse_files_are_refused() {
    let good = Entry::file("app/a", "");
    let old = Entry::of_kind(b'S', "app/a", "")
        .gnu()
        .set(483, b"77777777777\0");
    check_entry(&old, "it is stored sparsely", &good);
    let with = |records| chart().entry(&pax(records)).file("app/a", "words").gzip();
    check(
        &with(&[("GNU.sparse.realsize", "8589934592")]),
        "it is stored sparsely",
    );
    check(
        &with(&[("GNU.sparse.name", "../up")]),
        "it is stored sparsely",
    );
    accepted::check(&with(&[("GNU.volume.label", "words")]));
}

#[test]
fn what_two_readers_could_take_for_file_and_directory_is_refused() {
    let expected = "a file by its kind and a directory by its name or mode";
    let good = Entry::file("app/a", "words");
    check_entry(&Entry::file("app/a/", "words"), expected, &good);
    check_entry(
        &Entry::file("app/a", "words").set(100, b"0040644\0"),
        expected,
        &good,
    );
    let full = |kind, path| Entry::of_kind(kind, path, CHART_YAML);
    let expected = "a directory with content";
    check_entry(
        &full(b'5', "app/a/"),
        expected,
        &Entry::of_kind(b'5', "app/a/", ""),
    );
    check_entry(
        &full(b'\0', "app/a/"),
        expected,
        &Entry::of_kind(b'\0', "app/a/", ""),
    );
}

#[test]
fn two_sizes_for_one_file_are_refused() {
    let with = |size| {
        chart()
            .entry(&pax(&[("size", size)]))
            .file("app/a", "words")
            .gzip()
    };
    check(&with("512"), "its two headers give it different sizes");
    check(&with("0"), "its two headers give it different sizes");
    accepted::check(&with("5"));
    // What tar-rs takes for five, and Go for an overflow.
    let size = b"\x80\x01\0\0\0\0\0\0\0\0\0\x05";
    check_entry(
        &Entry::file("app/a", "words").set(124, size),
        "its header is malformed",
        &Entry::file("app/a", "words").set(124, b"\x80\0\0\0\0\0\0\0\0\0\0\x05"),
    );
    check(
        &chart()
            .entry(&Entry::file("app/a", "").set(124, b"\xff\xff\xff\xff\xc0\0\0\0\0\0\0\0"))
            .gzip(),
        "its header is malformed",
    );
}

#[test]
fn malformed_numbers_in_headers_are_refused() {
    let good = Entry::file("app/a", "");
    for offset in [100, 108, 116, 136, 329, 337] {
        check_entry(
            &Entry::file("app/a", "").set(offset, b"00z0000\0"),
            "`app/a` is refused: its header is malformed",
            &good,
        );
    }
    // Go takes these for a prefix of the name when they are no numbers.
    let gnu = |offset| Entry::file("app/a", "").gnu().set(offset, b"../etc/crow");
    check_entry(
        &gnu(345),
        "its header is malformed",
        &Entry::file("app/a", "").gnu(),
    );
    check_entry(
        &gnu(357),
        "its header is malformed",
        &Entry::file("app/a", "").gnu(),
    );
}

#[test]
fn malformed_pax_records_are_refused() {
    let with = |records: &[u8]| {
        let header = Entry::of_kind(b'x', "app/a", records);
        chart().entry(&header).file("app/a", "words").gzip()
    };
    let expected = "its extended header is malformed";
    check(&with(b"nonsense"), expected);
    check(&with(b"99 path=app/b\n"), expected);
    check(&with(b"5 path=app/b\n"), expected);
    check(&with(b"13 path=app/b "), expected);
    check(&with(b"8 path\n\n\n"), expected);
    check(&with(b"10 =app/b\n"), expected);
    check(&with(&pax_records(&[("path", "app/b\0")])), expected);
    check(&with(&pax_records(&[("linkpath", "b\0")])), expected);
    check(&with(&pax_records(&[("a\0b", "c")])), expected);
    check(&with(&pax_records(&[("mtime", "noon")])), expected);
    check(&with(&pax_records(&[("mtime", "1.5x")])), expected);
    check(&with(&pax_records(&[("uid", "me")])), expected);
    check(&with(&pax_records(&[("size", "-5")])), expected);
    accepted::check(&with(&pax_records(&[("path", "app/b"), ("mtime", "-1.5")])));
    accepted::check(&with(&pax_records(&[("path", ""), ("size", "")])));
}

#[test]
fn extended_headers_that_belong_to_no_one_file_are_refused() {
    let expected = "its extended header does not belong to one file";
    let name = pax(&[("path", "app/b")]);
    let global = Entry::of_kind(b'g', "g", pax_records(&[("comment", "c")]));
    let check = |packed: Packed| check(&packed.file("app/a", "").gzip(), expected);
    check(chart().entry(&name).entry(&name));
    check(
        chart()
            .entry(&long_name("app/b"))
            .entry(&long_name("app/c")),
    );
    let link = Entry::of_kind(b'K', "././@LongLink", "there\0").gnu();
    check(chart().entry(&link).entry(&link));
    check(chart().entry(&long_name("app/b")).entry(&name));
    check(chart().entry(&name).entry(&global));
    super::hostile::check(&chart().entry(&name).gzip(), expected);
    let good = chart().entry(&global).entry(&link).entry(&name);
    accepted::check(&good.file("app/a", "").gzip());
}

#[test]
fn long_extended_headers_are_refused() {
    let long = |bytes: usize| {
        let comment = "c".repeat(bytes);
        chart()
            .entry(&pax(&[("comment", &comment)]))
            .file("app/a", "")
            .gzip()
    };
    check(
        &long(1 << 20),
        "its extended header is longer than 1048576 bytes",
    );
    accepted::check(&long((1 << 20) - 20));
}

#[test]
fn files_that_helm_reads_are_refused_when_they_are_there_twice() {
    let twice = |path: &str, content: &str| {
        let packed = match path {
            "Chart.yaml" => Packed::default(),
            _ => chart().file("app/charts/a/Chart.yaml", CHART_YAML),
        };
        let once = packed.file(&format!("app/{path}"), content);
        accepted::check(&once.clone().gzip());
        // Behind another folder and in other words, but the same file.
        let twice = once.file(&format!("other/./{path}"), content).gzip();
        check(&twice, &format!("`{path}` is refused: it is there twice"));
    };
    twice("Chart.yaml", CHART_YAML);
    twice("Chart.lock", "");
    twice("requirements.yaml", "");
    twice("requirements.lock", "");
    twice("values.yaml", "");
    twice("charts/a/values.yaml", "");
    twice("charts/a/requirements.yaml", "");
    let inside = chart().gzip();
    let once = chart().file("app/charts/a.tgz", &inside);
    accepted::check(&once.clone().gzip());
    check(
        &once.file("app/charts/a.tgz", &inside).gzip(),
        "it is there twice",
    );
}

#[test]
fn metadata_that_is_there_twice_is_refused_where_it_is_searched_for() {
    let v1 = "name: app\nversion: 1.2.3\n";
    let twice = |path: &str, content: &str| {
        let once = Packed::default().file(path, content);
        let rest = if content == v1 { "" } else { v1 };
        let archive = once.file(path, content).file("app/Chart.yaml", rest).gzip();
        let error = read_metadata(archive.as_slice(), &Limits::default()).unwrap_err();
        assert!(error.to_string().contains("it is there twice"), "{error}");
    };
    twice("app/Chart.yaml", v1);
    twice("app/requirements.yaml", "dependencies: []");
}

#[test]
fn archives_without_a_chart_in_them_are_refused() {
    let expected = "no 'Chart.yaml' found";
    check(&Packed::default().gzip(), expected);
    check(&gzip(b""), expected);
    check(
        &Packed::default().file("app/values.yaml", "").gzip(),
        expected,
    );
    check(
        &Packed::default()
            .file("app/deep/Chart.yaml", CHART_YAML)
            .gzip(),
        expected,
    );
    check(
        &Packed::default().file("app/chart.yaml", CHART_YAML).gzip(),
        expected,
    );
}

#[test]
fn what_is_not_gzip_is_refused_with_a_hint() {
    check(b"", "found no bytes at all");
    check(
        &chart().tar(),
        "a tar archive that is not compressed: gzip it",
    );
    check(b"PK\x03\x04 and so on", "a zip archive");
    check(b"\x28\xb5\x2f\xfd\0", "another compression: use gzip");
    check(b"\xfd7zXZ\0", "another compression: use gzip");
    check(
        b" <!DOCTYPE html><html>",
        "a web page: a proxy or a login service",
    );
    check(b"{\"errors\": []}", "JSON: an error message or a manifest");
    check(CHART_YAML.as_bytes(), "text: name the packaged chart");
    check(b"\0\x01\x02", "found something else");
    check(b"\x1f\x8b", "found something else");
    check(b"\x1f\x8b\x07 not deflate", "found something else");
}

#[test]
fn damaged_archives_are_refused() {
    let expected = "the chart archive is damaged or cut short";
    let good = chart().file("app/a", vec![7; 3000]).unended();
    // Cut at every place that is not between two entries.
    for end in [1, 511, 513, 600, 1025, 1600, 4500] {
        check(&gzip(&good[..end]), expected);
    }
    check(&gzip(&[&good[..], &[0; 700]].concat()), expected);
    let gzipped = gzip(&good);
    for end in [3, 12, gzipped.len() / 2, gzipped.len() - 1] {
        check(&gzipped[..end], expected);
    }
    accepted::check(&gzipped);
    let mut flipped = good.clone();
    flipped[1030] ^= 1;
    check(&gzip(&flipped), expected);
    let mut wrong_sum = gzipped.clone();
    let sum = gzipped.len() - 8;
    wrong_sum[sum] ^= 1;
    check(&wrong_sum, expected);
    check(&gzip(b"words, not tar"), expected);
}

#[test]
fn metadata_that_is_cut_short_is_refused_where_it_is_searched_for() {
    // What is left would do.
    let cut = Packed::default()
        .file("app/Chart.yaml", format!("{CHART_YAML}# and more"))
        .unended();
    let archive = gzip(&cut[..512 + CHART_YAML.len()]);
    let error = read_metadata(archive.as_slice(), &Limits::default()).unwrap_err();
    assert_eq!(
        chain(&error),
        "the chart archive is damaged or cut short: unexpected end of file"
    );
    read_metadata(gzip(&cut).as_slice(), &Limits::default()).unwrap();
}

#[test]
fn entries_behind_a_single_block_of_zeros_are_refused() {
    let zeros = |blocks: usize| {
        let packed = chart().bytes(&vec![0; blocks * 512]);
        packed.file("app/hidden", "").gzip()
    };
    check(&zeros(1), "a single block of zeros among the entries");
    // Behind two, the archive is at its end.
    assert_eq!(accepted::check(&zeros(2)), ["Chart.yaml"]);
    assert_eq!(accepted::check(&zeros(0)), ["Chart.yaml", "hidden"]);
}

#[test]
fn a_failing_source_is_told_apart_from_a_bad_archive() {
    struct Failing;
    impl std::io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the cable is out"))
        }
    }
    let good = chart().file("app/a", vec![7; 3000]).gzip();
    for cut in [0, 5, 40, good.len() - 30] {
        let source = std::io::Read::chain(&good[..cut], Failing);
        let error = read_chart(source, &Limits::default()).unwrap_err();
        assert!(matches!(error, ReadChartError::Read(_)), "{error:?}");
        assert!(error.is_transient());
        assert!(chain(&error).ends_with("the cable is out"));
    }
}
