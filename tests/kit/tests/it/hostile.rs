//! Hostile archives are as hostile as they say, and no more.

use std::collections::BTreeSet;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use portolan_kit::{ChartArchive, chart_archive, hostile};

/// The kind, the path and the size of every entry, as far as a reader comes that believes all.
fn entries(archive: &[u8]) -> Vec<(u8, String, u64)> {
    let mut tar = tar::Archive::new(MultiGzDecoder::new(archive));
    let entries = tar.entries().expect("an archive").map_while(Result::ok);
    entries
        .map(|entry| {
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let kind = entry.header().entry_type().as_byte();
            (kind, path, entry.size())
        })
        .collect()
}

#[track_caller]
fn last(archive: &[u8], kind: u8, path: &str) {
    let entries = entries(archive);
    let (found, name, _) = entries.last().expect("an entry");
    assert_eq!((*found, name.as_str()), (kind, path));
    let good = entries
        .iter()
        .any(|(_, path, _)| path == "podinfo/Chart.yaml");
    assert!(good, "the rest is a good chart: {entries:?}");
}

#[test]
fn paths_lead_where_they_say() {
    last(&hostile::absolute_path(), b'0', "/tmp/escaped.txt");
    last(&hostile::parent_path(), b'0', "podinfo/../../escaped.txt");
    last(
        &hostile::backslash_path(),
        b'0',
        "podinfo\\..\\..\\escaped.txt",
    );
    last(&hostile::extended_path(), b'0', "podinfo/../../escaped.txt");
    let long = entries(&hostile::long_name()).pop().expect("an entry").1;
    assert!(
        long.len() > 300 && long.ends_with("/../../escaped.txt"),
        "{long}"
    );
}

#[test]
fn entries_are_of_the_kind_they_say() {
    last(&hostile::symlink(), b'2', "podinfo/link");
    last(&hostile::hardlink(), b'1', "podinfo/link");
    last(&hostile::device(), b'3', "podinfo/device");
    last(&hostile::block_device(), b'4', "podinfo/device");
    last(&hostile::fifo(), b'6', "podinfo/fifo");
    last(
        &hostile::symlink_then_file(),
        b'0',
        "podinfo/link/escaped.txt",
    );
}

#[test]
fn sizes_are_as_large_as_they_say() {
    let sparse = entries(&hostile::sparse(8 << 30));
    assert_eq!(
        sparse.last(),
        Some(&(b'S', "podinfo/files/sparse".to_owned(), 8 << 30))
    );
    assert_eq!(entries(&hostile::many_entries(1000)).len(), 1002);
    // By the extended header the cover is empty, and what is in it is an entry.
    last(&hostile::two_sizes(), b'0', "podinfo/templates/hidden.yaml");
}

#[test]
fn every_kind_is_listed_once_and_is_another() {
    let all = hostile::all();
    let names: BTreeSet<&str> = all.iter().map(|hostile| hostile.name).collect();
    assert_eq!(names.len(), all.len());
    let large = ["bomb", "bomb_of_bytes", "many_entries"];
    let small = all.iter().filter(|hostile| !large.contains(&hostile.name));
    let archives: BTreeSet<Vec<u8>> = small.map(hostile::Hostile::archive).collect();
    assert_eq!(archives.len(), all.len() - large.len());
}

#[test]
fn a_chart_is_the_same_every_time_and_looks_as_helm_made_it() {
    let archive = chart_archive("podinfo", "1.0.0");
    assert_eq!(archive, chart_archive("podinfo", "1.0.0"));
    assert_ne!(archive, chart_archive("podinfo", "1.0.1"));
    let paths: Vec<String> = entries(&archive).into_iter().map(|entry| entry.1).collect();
    let expected = [
        "Chart.yaml",
        "README.md",
        "templates/configmap.yaml",
        "values.yaml",
    ];
    assert_eq!(paths, expected.map(|path| format!("podinfo/{path}")));
    let mut decoder = flate2::read::GzDecoder::new(archive.as_slice());
    decoder.read_to_end(&mut Vec::new()).expect("good gzip");
    let header = decoder.header().expect("a header");
    assert_eq!(header.comment(), Some(b"Helm".as_slice()));
}

#[test]
fn padding_does_not_compress_and_depends_on_its_seed() {
    let padded = |seed| {
        ChartArchive::new("podinfo", "1.0.0")
            .padding(1 << 20, seed)
            .build()
    };
    assert!(padded(1).len() > 1 << 20);
    assert_eq!(padded(1), padded(1));
    assert_ne!(padded(1), padded(2));
}
