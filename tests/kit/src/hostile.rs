//! Chart archives that want something else than to be read: one function a kind.
//!
//! Each is the chart `podinfo` 1.0.0 with one thing wrong, so what refuses it refuses that.

mod bomb;
mod catalog;
mod frames;
mod raw_tar;

pub use self::bomb::{bomb, bomb_of_bytes};
pub use self::catalog::{Hostile, all};
pub use self::frames::{
    bad_checksum, empty, empty_tar, gzip_in_gzip, many_members, plain_tar, trailing_bytes,
    trailing_member, truncated, zip,
};
use self::raw_tar::{Entry, Tar};
use crate::chart::gzip;

/// The folder of the chart in every archive.
const ROOT: &str = "podinfo";

/// What escapes, if anything does.
const ESCAPED: &[u8] = b"this file should not be here\n";

const CHART_YAML: &str = "apiVersion: v2\nname: podinfo\nversion: 1.0.0\n";

/// The good part of every archive.
fn good() -> Tar {
    Tar::new()
        .file("podinfo/Chart.yaml", CHART_YAML.as_bytes())
        .file("podinfo/values.yaml", b"replicas: 1\n")
}

fn finish(tar: Tar) -> Vec<u8> {
    gzip(&tar.end())
}

/// One more file, at a path that is taken as it is.
pub fn path(path: &str) -> Vec<u8> {
    finish(good().file(path, ESCAPED))
}

/// A file with an absolute path.
pub fn absolute_path() -> Vec<u8> {
    path("/tmp/escaped.txt")
}

/// A file outside of the chart's folder, by two dots.
pub fn parent_path() -> Vec<u8> {
    path("podinfo/../../escaped.txt")
}

/// The same with the separators of Windows.
pub fn backslash_path() -> Vec<u8> {
    path("podinfo\\..\\..\\escaped.txt")
}

/// A file on a drive.
pub fn drive_path() -> Vec<u8> {
    path("podinfo/C:/escaped.txt")
}

/// A file whose path holds a newline and an escape sequence, for who prints it.
pub fn control_path() -> Vec<u8> {
    path("podinfo/\u{1b}[2J\nescaped.txt")
}

/// A file whose path is not UTF-8.
pub fn path_of_other_bytes() -> Vec<u8> {
    let odd = Entry {
        path: b"podinfo/\xff\xfe.txt",
        ..Entry::file(ESCAPED)
    };
    finish(good().entry(&odd))
}

/// A link to a file outside.
pub fn symlink() -> Vec<u8> {
    finish(good().entry(&link(b'2', "podinfo/link", "../../../../etc/passwd")))
}

/// A link to a folder outside, and then a file in what it points at.
pub fn symlink_then_file() -> Vec<u8> {
    let linked = good().entry(&link(b'2', "podinfo/link", "/tmp"));
    finish(linked.file("podinfo/link/escaped.txt", ESCAPED))
}

/// A second name for a file outside.
pub fn hardlink() -> Vec<u8> {
    finish(good().entry(&link(b'1', "podinfo/link", "/etc/passwd")))
}

/// A character device.
pub fn device() -> Vec<u8> {
    finish(good().entry(&link(b'3', "podinfo/device", "")))
}

/// A block device.
pub fn block_device() -> Vec<u8> {
    finish(good().entry(&link(b'4', "podinfo/device", "")))
}

/// A named pipe.
pub fn fifo() -> Vec<u8> {
    finish(good().entry(&link(b'6', "podinfo/fifo", "")))
}

/// A program that runs as its owner.
pub fn setuid() -> Vec<u8> {
    let program = Entry {
        path: b"podinfo/files/program",
        mode: 0o6755,
        ..Entry::file(b"#!/bin/sh\nid\n")
    };
    finish(good().entry(&program))
}

/// So many more files, all empty.
pub fn many_entries(count: usize) -> Vec<u8> {
    let files = (0..count).fold(good(), |tar, number| {
        tar.file(&format!("podinfo/files/{number}"), b"")
    });
    finish(files)
}

/// A sparse file in the format of GNU tar: so many bytes, of which 512 are in the archive.
pub fn sparse(bytes: u64) -> Vec<u8> {
    finish(good().sparse("podinfo/files/sparse", bytes))
}

/// A file whose extended header gives it another size than its header does, so two readers see
/// different files behind it.
pub fn two_sizes() -> Vec<u8> {
    let extended = good().pax(&[("size", "0")]);
    // Who believes the header skips the file hidden in these bytes.
    let hidden = Tar::new().file("podinfo/templates/hidden.yaml", ESCAPED).0;
    finish(extended.file("podinfo/files/cover", &hidden))
}

/// A file whose extended header gives it another path than its header does.
pub fn extended_path() -> Vec<u8> {
    let extended = good().pax(&[("path", "podinfo/../../escaped.txt")]);
    finish(extended.file("podinfo/files/harmless", ESCAPED))
}

/// A file whose path only fits into GNU tar's extension, and leads out.
pub fn long_name() -> Vec<u8> {
    let path = format!("podinfo/{}../../escaped.txt", "deep/../".repeat(40));
    finish(good().long_name(&path, ESCAPED))
}

/// `Chart.yaml` twice, with different versions.
pub fn two_chart_yamls() -> Vec<u8> {
    let other = CHART_YAML.replace("1.0.0", "6.6.6");
    finish(good().file("podinfo/Chart.yaml", other.as_bytes()))
}

/// A chart that is in no folder.
pub fn no_root() -> Vec<u8> {
    finish(Tar::new().file("Chart.yaml", CHART_YAML.as_bytes()))
}

/// Two charts side by side.
pub fn two_roots() -> Vec<u8> {
    let other = CHART_YAML.replace("podinfo", "other");
    finish(good().file("other/Chart.yaml", other.as_bytes()))
}

/// A folder without a chart.
pub fn no_chart_yaml() -> Vec<u8> {
    finish(Tar::new().file("podinfo/values.yaml", b"replicas: 1\n"))
}

/// A file behind the blocks of zeros that end an archive.
pub fn file_behind_the_end() -> Vec<u8> {
    let mut bytes = good().end();
    bytes.extend(Tar::new().file("podinfo/hidden.yaml", ESCAPED).end());
    gzip(&bytes)
}

/// A header whose checksum is wrong.
pub fn wrong_tar_checksum() -> Vec<u8> {
    let mut bytes = good().file("podinfo/files/last", ESCAPED).end();
    let last = bytes.len() - 4 * 512;
    bytes[last] ^= 1;
    gzip(&bytes)
}

/// A chart with this text as its name in `Chart.yaml`, as a YAML string in double quotes.
pub fn named(quoted: &str) -> Vec<u8> {
    let text = format!("apiVersion: v2\nname: \"{quoted}\"\nversion: 1.0.0\n");
    finish(Tar::new().file("podinfo/Chart.yaml", text.as_bytes()))
}

/// Names that a chart must not have, and that Helm refuses, as YAML strings in double quotes.
pub fn bad_names() -> Vec<String> {
    ["", ".", "..", "../escaped", "a/b", "/a"]
        .map(str::to_owned)
        .into()
}

/// Names that Helm takes, and that whoever makes a file name of them has to look at, as YAML
/// strings in double quotes.
pub fn odd_names() -> Vec<String> {
    let long = "a".repeat(300);
    ["a\\\\b", "a\\0b", "a b", "Podinfo", "caf\u{e9}", &long]
        .map(str::to_owned)
        .into()
}

fn link<'a>(kind: u8, path: &'a str, target: &'a str) -> Entry<'a> {
    Entry {
        path: path.as_bytes(),
        kind,
        link: target,
        ..Entry::file(b"")
    }
}
