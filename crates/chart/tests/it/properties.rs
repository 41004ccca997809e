//! Whatever comes, the answer comes too.

use std::collections::BTreeMap;
use std::io::Read;

use portolan_chart::{
    ChartMetadata, ChartName, Limits, check_archive, read_chart, read_metadata, tag_for_version,
    version_for_tag,
};
use proptest::prelude::*;

use crate::packed::{CHART_YAML, Packed, chain, chart, gzip};

/// All ways to read agree, and a chart that is read can be written and read again.
fn check_consistent(archive: &[u8]) {
    let limits = Limits::default().max_unpacked_bytes(1 << 20);
    let checked = check_archive(archive, &limits);
    match (read_chart(archive, &limits), checked) {
        (Ok(chart), Ok(metadata)) => {
            assert_eq!(*chart.metadata(), metadata);
            let early = read_metadata(archive, &limits).unwrap();
            assert_eq!(early, metadata);
            let mut again = Vec::new();
            chart.write_archive(&mut again).unwrap();
            assert_eq!(read_chart(again.as_slice(), &limits).unwrap(), chart);
        }
        (Err(error), Err(same)) => assert_eq!(chain(&error), chain(&same)),
        (read, checked) => panic!("{read:?} but {checked:?}"),
    }
}

/// A small chart with everything in it that is treated in a way of its own.
fn sample() -> Vec<u8> {
    let inside = chart().gzip();
    Packed::default()
        .entry(&crate::packed::pax(&[
            ("path", "app/Chart.yaml"),
            ("size", "46"),
        ]))
        .file("x", CHART_YAML)
        .entry(&crate::packed::long_name("app/templates/a.yaml"))
        .file("x", "a")
        .file("app/values.yaml", "a: 1\n")
        .file("app/requirements.yaml", "dependencies: []\n")
        .file("app/charts/in.tgz", inside)
        .tar()
}

/// The files of a chart as the `tar` crate finds them when it is left to itself.
fn as_tar_sees(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        if entry.header().entry_type().is_dir() || path.ends_with('/') {
            continue;
        }
        let separator = if path.contains('\\') { '\\' } else { '/' };
        let (_, below) = path.split_once(separator).unwrap();
        let parts = below.split(['/', separator]);
        let parts: Vec<_> = parts.filter(|part| !matches!(*part, "" | ".")).collect();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let mark = content.starts_with("\u{feff}".as_bytes());
        files.insert(parts.join("/"), content.split_off(if mark { 3 } else { 0 }));
    }
    files
}

/// Files whose names are made of what names are taken apart by.
fn files() -> impl Strategy<Value = Vec<(String, String)>> {
    let part = prop_oneof![
        Just("app".to_owned()),
        Just("Chart.yaml".to_owned()),
        Just("charts".to_owned()),
        Just("templates".to_owned()),
        "[a-c.:]{0,3}",
    ];
    let separator = prop_oneof![4 => Just("/"), 1 => Just("\\")];
    let path = prop::collection::vec((part, separator), 1..5).prop_map(|parts| {
        let path: String = parts
            .iter()
            .flat_map(|(part, separator)| [part, *separator])
            .collect();
        path.trim_end_matches(['/', '\\']).to_owned()
    });
    let content = prop_oneof![Just(CHART_YAML.to_owned()), Just(String::new()), ".{0,20}"];
    prop::collection::vec((path, content), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        check_consistent(&bytes);
        check_consistent(&gzip(&bytes));
        check_consistent(&[&b"\x1f\x8b\x08"[..], &bytes].concat());
    }

    #[test]
    fn a_few_wrong_bytes_are_answered(
        wrong in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut tar = sample();
        for (at, byte) in &wrong {
            let at = at.index(tar.len());
            tar[at] = *byte;
        }
        check_consistent(&gzip(&tar));
        check_consistent(&gzip(&tar[..cut.index(tar.len())]));
        let mut gzipped = gzip(&sample());
        for (at, byte) in &wrong {
            let at = at.index(gzipped.len());
            gzipped[at] = *byte;
        }
        check_consistent(&gzipped);
    }

    #[test]
    fn any_names_are_answered_and_stay_inside(files in files()) {
        let packed = files.iter().fold(Packed::default(), |packed, (path, content)| {
            packed.file(path, content)
        });
        let archive = packed.gzip();
        check_consistent(&archive);
        if let Ok(chart) = read_chart(archive.as_slice(), &Limits::default()) {
            for (path, _) in chart.files() {
                let parts: Vec<_> = path.split('/').collect();
                assert!(parts.iter().all(|part| !matches!(*part, "" | "." | "..")), "{path}");
            }
        }
    }

    #[test]
    fn what_is_accepted_is_what_another_reader_sees(
        files in files(),
        wrong in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let packed = files.iter().fold(chart(), |packed, (path, content)| {
            packed.file(path, content)
        });
        let mut tar = packed.tar();
        for (at, byte) in &wrong {
            let at = at.index(tar.len());
            tar[at] = *byte;
        }
        if let Ok(chart) = read_chart(gzip(&tar).as_slice(), &Limits::default()) {
            let ours = chart.files().map(|(path, data)| (path.to_owned(), data.to_owned()));
            prop_assert_eq!(ours.collect::<BTreeMap<_, _>>(), as_tar_sees(&tar));
        }
    }

    #[test]
    fn any_chart_yaml_is_answered(yaml in "\\PC{0,300}", more in prop::collection::vec(any::<u8>(), 0..50)) {
        let _ = ChartMetadata::parse(yaml.as_bytes());
        let _ = ChartMetadata::parse(&more);
        let _ = ChartMetadata::parse(&[CHART_YAML.as_bytes(), yaml.as_bytes()].concat());
    }

    #[test]
    fn metadata_survives_json(description in ".{0,40}", keyword in ".{0,20}") {
        let yaml = serde_json::json!({
            "name": "app", "version": "1.2.3", "description": description, "keywords": [keyword],
        });
        if let Ok(metadata) = ChartMetadata::parse(yaml.to_string().as_bytes()) {
            let json = serde_json::to_string(&metadata).unwrap();
            prop_assert_eq!(ChartMetadata::parse(json.as_bytes()).unwrap(), metadata);
        }
    }

    #[test]
    fn a_version_survives_being_a_tag(version in "[0-9a-z.+-]{0,30}") {
        prop_assert_eq!(version_for_tag(&tag_for_version(&version)), version);
    }

    #[test]
    fn a_name_never_leads_out(text in "[a-c./-]{0,12}") {
        if let Ok(name) = text.parse::<ChartName>() {
            prop_assert!(!name.as_str().starts_with('/'));
            prop_assert!(name.as_str().split('/').all(|part| part != ".."));
        }
    }
}
