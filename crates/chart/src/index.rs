//! The index of a Helm repository.

mod compact;
mod convert;
mod decode;
mod draft;
mod encode;
mod entry;
mod error;
mod event;
mod fault;
mod general;
mod input;
mod json;
mod judge;
mod limits;
mod report;
mod scalar;
mod scan;
mod time;
mod value;
mod visit;

use std::io::{Read, Seek, SeekFrom};
use std::time::SystemTime;

use portolan_reference::Version;

use compact::{Builder, Compact};
pub use convert::convert_index;
use decode::{Header, Sink, decode};
use draft::Draft;
pub use error::{ConvertIndexError, IndexExcess, ParseIndexError, ReadIndexError};
use event::Events;
use fault::{Fault, Problem, ReadFault};
use general::General;
use json::Json;
pub use limits::IndexLimits;
pub use report::{DroppedVersion, IndexReport};
use scan::Scan;
pub use visit::{IndexVersion, visit_index};

/// What a Helm repository has: its charts and, of each, the versions with what is needed to get one.
///
/// Made to be kept: some 150 bytes for a version, whatever else the index says of it. Read from
/// `index.yaml` as a repository serves it, or from what [`convert_index`] made of it.
///
/// ```
/// use portolan_chart::{Index, IndexLimits};
///
/// let text = "apiVersion: v1\nentries:\n  app:\n  - {name: app, version: 1.0.0}\n  - {name: app, version: 1.2.0}\n";
/// let (index, report) = Index::read(std::io::Cursor::new(text), &IndexLimits::default())?;
/// let highest = index.versions("app").and_then(|mut versions| versions.next());
/// assert_eq!(highest.map(|entry| entry.version()), Some("1.2.0"));
/// assert_eq!(report.dropped_count(), 0);
/// # Ok::<(), portolan_chart::ReadIndexError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Index(Compact);

impl Index {
    /// Read an index, JSON or YAML, as [Helm v4.3.1][1] and Flux do.
    ///
    /// What is JSON to the letter is read leniently: unknown fields are passed over, the last of two
    /// equal keys counts. Anything else is YAML 1.1 and read strictly: an unknown field, an equal
    /// key or a number where text belongs refuses the whole index. Versions whose metadata Helm does
    /// not accept are left out and reported.
    ///
    /// The index is read as a stream, from where `from` stands. It is read again from there if it
    /// turns out to be written in another way than it seemed. Memory follows what is kept and the
    /// largest version, not the size of the index.
    ///
    /// # Errors
    ///
    /// If the bytes cannot be got, if Helm would refuse the index, or at the first
    /// [limit](IndexLimits) that is met.
    ///
    /// # Deviation
    ///
    /// Versions that count as equal (build metadata does not count) stay in the order of the file;
    /// in lists of more than twelve, Helm shuffles them. UTF-16 is refused. See the
    /// [crate documentation](crate).
    ///
    /// [1]: https://github.com/helm/helm/blob/v4.3.1/pkg/repo/v1/index.go
    pub fn read(
        from: impl Read + Seek,
        limits: &IndexLimits,
    ) -> Result<(Self, IndexReport), ReadIndexError> {
        let mut lookup = Lookup::default();
        match read_into(from, limits, &mut lookup) {
            Ok((_, report)) => Ok((Self(lookup.builder.finish()), report)),
            Err(ReadFault::Index(error)) => Err(error),
            // It keeps everything in memory.
            Err(ReadFault::Keep(error)) => Err(ReadIndexError::Read(error)),
        }
    }

    /// The names that charts stand under, in byte order; those without any version that was kept,
    /// too.
    pub fn charts(&self) -> impl Iterator<Item = &str> {
        self.0.charts()
    }

    /// The versions of a chart, the highest first. `None` if the index does not have the chart,
    /// nothing in the iterator if it has and every version was left out.
    pub fn versions(&self, chart: &str) -> Option<impl ExactSizeIterator<Item = IndexEntry<'_>>> {
        self.0.versions(chart)
    }

    /// How many bytes of memory this takes.
    pub fn weight(&self) -> usize {
        self.0.weight()
    }
}

/// A version of a chart in an [`Index`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexEntry<'a> {
    version: &'a str,
    created: Option<SystemTime>,
    digest: Option<&'a str>,
    url: Option<&'a str>,
}

impl<'a> IndexEntry<'a> {
    /// The version as written. [`Version::loose`] reads it.
    pub fn version(&self) -> &'a str {
        self.version
    }

    /// When it was made, if the index says.
    pub fn created(&self) -> Option<SystemTime> {
        self.created
    }

    /// The digest of the archive as written: most often SHA-256 in hexadecimal, with or without
    /// `sha256:` in front. Nobody has checked it.
    pub fn digest(&self) -> Option<&'a str> {
        self.digest
    }

    /// The first of the places that the archive can be had from, as written: a URL, or a path
    /// relative to the repository's. Helm looks at no other.
    pub fn url(&self) -> Option<&'a str> {
        self.url
    }
}

/// Keeps what lookups need.
#[derive(Debug, Default)]
struct Lookup {
    builder: Builder,
    charts: usize,
}

impl Sink for Lookup {
    fn forget(&mut self) -> Result<(), Fault> {
        self.builder.clear();
        self.charts = 0;
        Ok(())
    }

    fn begin_chart(&mut self, number: usize, name: &str) -> Result<(), Fault> {
        if number == self.charts {
            self.builder.add_chart(name)?;
            self.charts += 1;
        }
        Ok(())
    }

    fn version(&mut self, version: Version, draft: &Draft) -> Result<(), Fault> {
        Ok(self.builder.add_version(version, draft, None)?)
    }

    fn end_chart(&mut self, number: usize, _: bool) -> Result<(), Fault> {
        Ok(self.builder.end_chart(number)?)
    }
}

/// Read the index at which `from` stands into `sink`, in whichever way it is written.
fn read_into(
    mut from: impl Read + Seek,
    limits: &IndexLimits,
    sink: &mut impl Sink,
) -> Result<(Header, IndexReport), ReadFault> {
    let seek = |error| ReadFault::Index(ReadIndexError::Read(error));
    let begin = from.stream_position().map_err(seek)?;
    let first = first_byte(&mut from, limits).map_err(|fault| fault.on_line(1))?;
    if first == b'{' {
        from.seek(SeekFrom::Start(begin)).map_err(seek)?;
        match read_json(&mut from, limits, sink) {
            Err((Fault::Unsure, _)) => {}
            other => return other.map_err(|(fault, line)| fault.on_line(line)),
        }
    }
    from.seek(SeekFrom::Start(begin)).map_err(seek)?;
    let mut scan = Scan::new(&mut from, limits);
    match decode(&mut scan, limits, sink) {
        // It looks at whole lines, which may be longer than any text in them.
        Err(Fault::Unsure | Fault::Excess(IndexExcess::VersionBytes { .. })) => {}
        other => return other.map_err(|fault| fault.on_line(scan.line())),
    }
    from.seek(SeekFrom::Start(begin)).map_err(seek)?;
    let mut general = General::new(&mut from, limits);
    decode(&mut general, limits, sink).map_err(|fault| fault.on_line(general.line()))
}

/// The first byte that is not JSON's white space.
fn first_byte(from: &mut impl Read, limits: &IndexLimits) -> Result<u8, Fault> {
    let mut input = input::Input::new(from, limits);
    let mut empty = true;
    while let Some(byte) = input.peek()? {
        if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            return Ok(byte);
        }
        empty = false;
        input.take(1);
    }
    if empty {
        return Err(Problem::Empty.into());
    }
    Ok(b' ')
}

/// Read JSON. Whether it is, shows at its end: what is wrong with its content only counts if it is.
fn read_json(
    from: impl Read,
    limits: &IndexLimits,
    sink: &mut impl Sink,
) -> Result<(Header, IndexReport), (Fault, u64)> {
    let mut json = Json::new(from, limits);
    let fault = match decode(&mut json, limits, sink) {
        Ok(read) => return Ok(read),
        Err(fault) => fault,
    };
    let line = json.line();
    if matches!(fault, Fault::Problem(_)) {
        json.skip_rest().map_err(|fault| (fault, line))?;
    }
    Err((fault, line))
}
