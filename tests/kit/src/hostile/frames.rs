//! What is wrong around the tar archive.

use std::io::Write as _;

use flate2::{Compression, Crc, write::GzEncoder};

use super::{CHART_YAML, ESCAPED, Tar, good};
use crate::chart::gzip;

/// No bytes at all.
pub fn empty() -> Vec<u8> {
    Vec::new()
}

/// An archive without entries.
pub fn empty_tar() -> Vec<u8> {
    gzip(&Tar::new().end())
}

/// Bytes behind the compressed ones that are not compressed.
pub fn trailing_bytes() -> Vec<u8> {
    let mut bytes = gzip(&good().end());
    bytes.extend(b"and something else");
    bytes
}

/// A second chart behind the first, compressed on its own.
pub fn trailing_member() -> Vec<u8> {
    let mut bytes = gzip(&good().end());
    let other = Tar::new().file("podinfo/Chart.yaml", CHART_YAML.as_bytes());
    bytes.extend(gzip(&other.end()));
    bytes
}

/// One archive, compressed in many pieces. Every reader of gzip takes it for one.
pub fn many_members() -> Vec<u8> {
    good().end().chunks(512).flat_map(gzip).collect()
}

/// Compressed twice.
pub fn gzip_in_gzip() -> Vec<u8> {
    gzip(&gzip(&good().end()))
}

/// Not compressed.
pub fn plain_tar() -> Vec<u8> {
    good().end()
}

/// Compressed bytes that break off.
pub fn truncated() -> Vec<u8> {
    let mut bytes = gzip(&good().end());
    bytes.truncate(bytes.len() - 20);
    bytes
}

/// Compressed bytes whose checksum is wrong.
pub fn bad_checksum() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(&good().end())
        .expect("writing to memory does not fail");
    let mut bytes = encoder.finish().expect("writing to memory does not fail");
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    bytes
}

/// A ZIP archive with a chart and a file that leads out.
pub fn zip() -> Vec<u8> {
    let files: [(&str, &[u8]); 2] = [
        ("podinfo/Chart.yaml", CHART_YAML.as_bytes()),
        ("../escaped.txt", ESCAPED),
    ];
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (path, content) in files {
        let fields = zip_fields(path, content);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&fields);
        directory.extend([0; 10]);
        directory.extend(le32(bytes.len()));
        directory.extend(path.as_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&fields);
        bytes.extend(path.as_bytes());
        bytes.extend(content);
    }
    let start = le32(bytes.len());
    let length = le32(directory.len());
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
    bytes.extend(length);
    bytes.extend(start);
    bytes.extend([0, 0]);
    bytes
}

/// What a file's header and the directory say alike, for a file that is not compressed.
fn zip_fields(path: &str, content: &[u8]) -> Vec<u8> {
    let mut checksum = Crc::new();
    checksum.update(content);
    let mut fields = b"\x14\0\0\0\0\0\0\0\x21\0".to_vec();
    fields.extend(checksum.sum().to_le_bytes());
    fields.extend(le32(content.len()));
    fields.extend(le32(content.len()));
    fields.extend(&le32(path.len())[..2]);
    fields.extend([0, 0]);
    fields
}

fn le32(number: usize) -> [u8; 4] {
    u32::try_from(number)
        .expect("nothing here is that large")
        .to_le_bytes()
}
