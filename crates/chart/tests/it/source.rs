//! Archives of sources, unpacked.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use flate2::Compression;
use flate2::read::GzEncoder;
use portolan_chart::{SourceLimits, UnpackSourceError, unpack_source};

use crate::packed::{Entry, Packed, chain, long_name, pax, pax_records};

/// Every file and folder below `folder`, with its mode, in order.
fn tree(folder: &Path) -> Vec<String> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let mode = metadata.permissions().mode() & 0o7777;
            let below = path.strip_prefix(root).unwrap().display();
            if metadata.is_dir() {
                found.push(format!("{below}/ {mode:o}"));
                walk(root, &path, found);
            } else {
                let content = fs::read_to_string(&path).unwrap();
                found.push(format!("{below} {mode:o} {content}"));
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

#[track_caller]
fn check(packed: Packed, expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    unpack_source(
        packed.gzip().as_slice(),
        folder.path(),
        &SourceLimits::default(),
    )
    .unwrap();
    assert_eq!(tree(folder.path()), expected);
}

#[track_caller]
fn check_refused(archive: impl Read, limits: SourceLimits, expected: &str) {
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().join("in");
    fs::create_dir(&folder).unwrap();
    let error = unpack_source(archive, &folder, &limits).unwrap_err();
    assert_eq!(chain(&error), expected);
    assert!(!error.is_transient());
    // Nothing is left, here or beside it.
    assert_eq!(tree(outside.path()).len(), 1);
}

#[track_caller]
fn check_entry(entry: &Entry, expected: &str) {
    let good = Packed::default().file("good/a", "a");
    check_refused(
        good.entry(entry).gzip().as_slice(),
        SourceLimits::default(),
        expected,
    );
}

#[test]
fn files_and_folders_come_out_for_nobody_else_to_read() {
    let executable = Entry::file("run", "x").set(100, b"0007777\0");
    let global = Entry::of_kind(
        b'g',
        "pax_global_header",
        pax_records(&[("comment", "0123")]),
    );
    check(
        Packed::default()
            .entry(&global)
            .entry(&Entry::of_kind(b'5', "./", ""))
            .entry(&Entry::of_kind(b'5', "charts/app/", ""))
            .entry(&Entry::of_kind(b'5', "empty", ""))
            .entry(&Entry::of_kind(b'5', "charts/", ""))
            .file("charts/app/Chart.yaml", "name")
            .file("./values.yaml", "a: 1")
            .file("deep//er/file", "")
            .entry(&executable)
            .entry(&long_name(&format!("long/{}", "n".repeat(150))))
            .file("x", "long"),
        &[
            "charts/ 700",
            "charts/app/ 700",
            "charts/app/Chart.yaml 600 name",
            "deep/ 700",
            "deep/er/ 700",
            "deep/er/file 600 ",
            "empty/ 700",
            "long/ 700",
            &format!("long/{} 600 long", "n".repeat(150)),
            "run 600 x",
            "values.yaml 600 a: 1",
        ],
    );
}

#[test]
fn a_link_is_refused_wherever_it_leads() {
    for target in ["good/a", "/etc/passwd", "../.."] {
        let link = Entry::of_kind(b'2', "charts/app", "").set(157, target.as_bytes());
        check_entry(
            &link,
            "tar file entry charts/app is a symlink, which is not allowed in this context",
        );
        let link = Entry::of_kind(b'1', "charts/app", "").set(157, target.as_bytes());
        check_entry(
            &link,
            "tar file entry charts/app is a hard link, which is not allowed in this context",
        );
    }
}

#[test]
fn what_is_neither_file_nor_folder_is_refused() {
    let refused = "tar file entry dev is refused: it is a";
    check_entry(
        &Entry::of_kind(b'3', "dev", ""),
        &format!("{refused} device, not a file"),
    );
    check_entry(
        &Entry::of_kind(b'6', "dev", ""),
        &format!("{refused} named pipe, not a file"),
    );
    check_entry(
        &Entry::of_kind(b'S', "dev", ""),
        "tar file entry dev is refused: it is stored sparsely: pack without --sparse",
    );
}

#[test]
fn names_that_lead_out_are_refused() {
    let parent = "its path has `..` in it";
    let absolute = "its path is absolute";
    for (name, reason) in [
        ("../out", parent),
        ("a/../../out", parent),
        ("a/..", parent),
        ("a\\..\\out", parent),
        ("/out", absolute),
        ("\\out", absolute),
        ("C:/out", "its path begins with a drive letter"),
    ] {
        let text = format!(
            "tar file entry {} is refused: {reason}",
            name.escape_debug()
        );
        check_entry(&Entry::file(name, "x"), &text);
        check_entry(&Entry::of_kind(b'5', name, ""), &text);
    }
    let packed = Packed::default()
        .entry(&pax(&[("path", "../out")]))
        .file("in", "x");
    check_refused(
        packed.gzip().as_slice(),
        SourceLimits::default(),
        "tar file entry ../out is refused: its path has `..` in it",
    );
}

#[test]
fn nothing_is_written_over_anything_else() {
    let over = |name: &str| {
        format!(
            "tar file entry {name} is refused: it is where another entry is already, or below a file"
        )
    };
    check_entry(&Entry::file("good/a", "b"), &over("good/a"));
    check_entry(&Entry::file("./good//a", "b"), &over("./good//a"));
    check_entry(&Entry::file("good", "b"), &over("good"));
    check_entry(&Entry::file("good/a/b", "b"), &over("good/a/b"));
    check_entry(&Entry::of_kind(b'5', "good/a", ""), &over("good/a"));
    check_entry(&Entry::of_kind(b'5', "good/a/b", ""), &over("good/a/b"));
    check_entry(&Entry::file(".", "b"), &over("."));
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), "mine").unwrap();
    let archive = Packed::default().file("theirs", "theirs").gzip();
    let error = unpack_source(archive.as_slice(), folder.path(), &SourceLimits::default());
    assert!(matches!(error, Err(UnpackSourceError::NotEmpty { .. })));
    assert_eq!(tree(folder.path()), ["mine 644 mine"]);
}

#[test]
fn a_folder_that_is_not_there_is_an_error_of_this_side() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Packed::default().file("a", "a").gzip();
    let error = unpack_source(
        archive.as_slice(),
        &folder.path().join("none"),
        &SourceLimits::default(),
    );
    assert!(error.unwrap_err().is_transient());
}

#[test]
fn what_is_cut_short_or_no_archive_is_refused() {
    let archive = Packed::default().file("a", vec![b'x'; 5000]).gzip();
    for end in [11, archive.len() / 4] {
        let folder = tempfile::tempdir().unwrap();
        let error = unpack_source(&archive[..end], folder.path(), &SourceLimits::default());
        assert!(matches!(error, Err(UnpackSourceError::Damaged(_))), "{end}");
        assert!(tree(folder.path()).is_empty());
    }
    check_refused(
        &b"<html>"[..],
        SourceLimits::default(),
        "expected a gzipped tar archive, found a web page: a proxy or a login service may have \
         answered instead",
    );
}

#[test]
fn each_limit_is_met_while_the_archive_is_read() {
    let packed = Packed::default()
        .file("a/b", vec![b'x'; 1000])
        .file("c", "y");
    let archive = packed.gzip();
    let fits = |limits: SourceLimits| {
        let folder = tempfile::tempdir().unwrap();
        unpack_source(archive.as_slice(), folder.path(), &limits).unwrap();
    };
    let check = |limits, expected: &str| check_refused(archive.as_slice(), limits, expected);
    let limits = SourceLimits::default();
    let size = archive.len() as u64;
    fits(limits.max_source_bytes(size));
    check(
        limits.max_source_bytes(size - 1),
        &format!(
            "the source archive is larger than {} bytes (max_source_bytes)",
            size - 1
        ),
    );
    fits(limits.max_unpacked_bytes(1001));
    check(
        limits.max_unpacked_bytes(1000),
        "the source unpacks to more than 1000 bytes (max_unpacked_bytes)",
    );
    fits(limits.max_entries(2));
    check(
        limits.max_entries(1),
        "the source has more than 1 entries (max_entries)",
    );
    fits(limits.max_file_bytes(1000));
    check(
        limits.max_file_bytes(999),
        "the source's file a/b is larger than 999 bytes (max_file_bytes)",
    );
}

#[test]
fn a_bomb_is_refused_long_before_it_is_unpacked() {
    let header = Packed::default().entry(&Entry::file("bomb", "").set(124, b"37777777777\0"));
    let tar = io::Cursor::new(header.unended()).chain(io::repeat(0));
    let limits = SourceLimits::default()
        .max_file_bytes(u64::MAX)
        .max_unpacked_bytes(u64::MAX);
    check_refused(
        GzEncoder::new(tar, Compression::fast()),
        limits,
        "the source unpacks to more than 100 times its size (max_ratio)",
    );
    // A file of zeros that is small enough is none.
    let archive = Packed::default().file("zeros", vec![0; 8 << 20]).gzip();
    assert!(archive.len() < (8 << 20) / 100);
    let folder = tempfile::tempdir().unwrap();
    unpack_source(archive.as_slice(), folder.path(), &limits).unwrap();
}
