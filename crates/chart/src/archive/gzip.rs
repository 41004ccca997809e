//! The compressed side of an archive.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;

use crate::{Excess, ReadChartError};

/// How many bytes are looked at to say what something is that is no archive.
const SNIFFED: u64 = 512;

/// An archive, inflated as it is read. Several gzip members count as one, as in Go.
pub(crate) struct Inflated<'w, R: Read>(MultiGzDecoder<io::Chain<Cursor<Vec<u8>>, Source<'w, R>>>);

impl<'w, R: Read> Inflated<'w, R> {
    /// Begin to read `archive`, of which at most `limit` bytes are taken.
    pub(crate) fn open(archive: R, limit: u64, watch: &'w Watch) -> Result<Self, ReadChartError> {
        let mut source = Source {
            inner: archive,
            limit,
            left: limit,
            watch,
        };
        let mut start = Vec::new();
        source
            .by_ref()
            .take(SNIFFED)
            .read_to_end(&mut start)
            .map_err(|error| watch.explain(error))?;
        if !start.starts_with(&[0x1f, 0x8b, 0x08]) {
            return Err(ReadChartError::NotGzip {
                found: Found::of(&start),
            });
        }
        Ok(Self(MultiGzDecoder::new(Cursor::new(start).chain(source))))
    }
}

impl<R: Read> Read for Inflated<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// The archive itself, counted.
struct Source<'w, R> {
    inner: R,
    limit: u64,
    left: u64,
    watch: &'w Watch,
}

impl<R: Read> Read for Source<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // One byte more than is allowed tells whether there is more than is allowed.
        let most = usize::try_from(self.left.saturating_add(1)).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        loop {
            match self.inner.read(&mut buffer[..most]) {
                Ok(read) => {
                    let Some(left) = self.left.checked_sub(read as u64) else {
                        self.watch.exceeded.set(Some(self.limit));
                        return Err(io::ErrorKind::FileTooLarge.into());
                    };
                    self.left = left;
                    self.watch.taken.set(self.limit - left);
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.watch.failed.replace(Some(error));
                    return Err(io::ErrorKind::Other.into());
                }
            }
        }
    }
}

/// Remembers what went wrong below gzip and tar, which tell every error as one of their own.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    taken: Cell<u64>,
    exceeded: Cell<Option<u64>>,
    failed: RefCell<Option<io::Error>>,
}

impl Watch {
    /// How much of the archive has been read, compressed as it is, in bytes.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.get()
    }

    /// What `error`, which came out of the top, means.
    pub(crate) fn explain(&self, error: io::Error) -> ReadChartError {
        if let Some(limit) = self.exceeded.get() {
            return ReadChartError::TooLarge(Excess::ChartBytes { limit });
        }
        match self.failed.take() {
            Some(failed) => ReadChartError::Read(failed),
            None => ReadChartError::Damaged(error),
        }
    }
}

/// What came where a gzipped archive was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// No bytes at all.
    Nothing,
    /// A tar archive that is not compressed.
    Tar,
    /// A zip archive.
    Zip,
    /// An archive compressed with something else: zstd, xz or bzip2.
    OtherCompression,
    /// A web page, as proxies and login services send it.
    WebPage,
    /// JSON, as registries send it with an error or a manifest in it.
    Json,
    /// Other text, a `Chart.yaml` perhaps.
    Text,
    /// Anything else.
    Unknown,
}

impl Found {
    fn of(start: &[u8]) -> Self {
        let begins = |magic: &[u8]| start.starts_with(magic);
        if start.is_empty() {
            Self::Nothing
        } else if begins(b"PK\x03\x04") {
            Self::Zip
        } else if start.get(257..262) == Some(b"ustar") {
            Self::Tar
        } else if begins(b"\x28\xb5\x2f\xfd") || begins(b"\xfd7zXZ\0") || begins(b"BZh") {
            Self::OtherCompression
        } else {
            Self::of_text(start)
        }
    }

    fn of_text(start: &[u8]) -> Self {
        let binary = |byte: &u8| *byte < b' ' && !byte.is_ascii_whitespace();
        if start.iter().any(binary) {
            return Self::Unknown;
        }
        match start.trim_ascii_start().first() {
            Some(b'<') => Self::WebPage,
            Some(b'{' | b'[') => Self::Json,
            _ => Self::Text,
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "no bytes at all",
            Self::Tar => "a tar archive that is not compressed: gzip it",
            Self::Zip => "a zip archive: charts are .tgz files",
            Self::OtherCompression => "another compression: use gzip",
            Self::WebPage => "a web page: a proxy or a login service may have answered instead",
            Self::Json => "JSON: an error message or a manifest, perhaps",
            Self::Text => "text: name the packaged chart, not one of its files",
            Self::Unknown => "something else",
        })
    }
}
