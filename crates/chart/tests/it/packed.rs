//! Archives packed by hand, so that they can be as wrong as a test wants them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

pub(crate) const CHART_YAML: &str = "apiVersion: v2\nname: app\nversion: 1.2.3\n";

/// A tar archive in the making.
#[derive(Clone, Default)]
pub(crate) struct Packed(Vec<u8>);

/// An entry in the making: its header, and what follows it.
pub(crate) struct Entry {
    header: [u8; 512],
    content: Vec<u8>,
}

/// A good archive of one chart, which a test goes on to spoil.
pub(crate) fn chart() -> Packed {
    Packed::default().file("app/Chart.yaml", CHART_YAML)
}

impl Packed {
    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.entry(&Entry::file(path, content))
    }

    pub(crate) fn entry(self, entry: &Entry) -> Self {
        self.bytes(&entry.finish()).padded()
    }

    /// Bytes that are no entry.
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn padded(mut self) -> Self {
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// The tar archive, ended as it should be.
    pub(crate) fn tar(self) -> Vec<u8> {
        self.bytes(&[0; 1024]).0
    }

    /// The tar archive without an end.
    pub(crate) fn unended(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn gzip(self) -> Vec<u8> {
        gzip(&self.tar())
    }
}

impl Entry {
    pub(crate) fn file(path: &str, content: impl AsRef<[u8]>) -> Self {
        Self::of_kind(b'0', path, content)
    }

    pub(crate) fn of_kind(kind: u8, path: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref().to_vec();
        let entry = Self {
            header: [0; 512],
            content,
        };
        let size = entry.content.len();
        entry
            .set(0, path.as_bytes())
            .set(100, b"0000644\0")
            .set(108, b"0000000\0")
            .set(116, b"0000000\0")
            .set(124, format!("{size:011o}\0").as_bytes())
            .set(136, b"00000000000\0")
            .set(156, &[kind])
            .set(257, b"ustar\x0000")
            .set(329, b"0000000\0")
            .set(337, b"0000000\0")
    }

    /// Write `bytes` into the header at `offset`.
    pub(crate) fn set(mut self, offset: usize, bytes: &[u8]) -> Self {
        self.header[offset..offset + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// Drop the magic and all that came with it: a header of 1979.
    pub(crate) fn v7(mut self) -> Self {
        self.header[257..].fill(0);
        self
    }

    /// Say that the header is one of GNU tar.
    pub(crate) fn gnu(self) -> Self {
        self.set(257, b"ustar  \0")
    }

    /// Header and content, the checksum right.
    fn finish(&self) -> Vec<u8> {
        let mut header = self.header;
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        [&header[..], &self.content].concat()
    }
}

/// A PAX header for the next entry.
pub(crate) fn pax(records: &[(&str, &str)]) -> Entry {
    Entry::of_kind(b'x', "PaxHeaders/x", pax_records(records))
}

pub(crate) fn pax_records(records: &[(&str, &str)]) -> Vec<u8> {
    let mut data = Vec::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let length = (1..).map(|digits| rest + digits);
        let length = length
            .zip(1..)
            .find(|(length, digits)| length.to_string().len() == *digits);
        let (length, _) = length.unwrap();
        writeln!(data, "{length} {key}={value}").unwrap();
    }
    data
}

/// A GNU header with the name of the next entry.
pub(crate) fn long_name(name: &str) -> Entry {
    Entry::of_kind(b'L', "././@LongLink", format!("{name}\0")).gnu()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// `error` and its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The rows of a file of JSON lines.
pub(crate) fn rows<T: serde::de::DeserializeOwned>(file: &str) -> Vec<T> {
    let row = |line| serde_json::from_str(line).unwrap();
    file.lines().map(row).collect()
}
