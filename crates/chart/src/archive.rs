//! The entries of a chart archive, read one by one under limits.
//!
//! Helm reads archives with Go's `archive/tar`. Where another reader could see other files in the
//! same bytes, the archive is refused: what was checked here must be what Helm unpacks later.

mod budget;
mod extension;
mod gzip;
mod header;
mod path;

use std::io::{self, Read};
use std::ops::ControlFlow;

pub(crate) use budget::Budget;
pub use gzip::Found;
pub use header::EntryProblem;
pub(crate) use header::Refusal;

use self::extension::Pending;
use self::gzip::Inflated;
use self::header::{Header, Kind};
use crate::ReadChartError;

/// A file in an archive.
pub(crate) struct Entry<'a> {
    /// Below the chart's folder.
    pub(crate) path: String,
    size: u64,
    content: &'a mut dyn Read,
}

impl Entry<'_> {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The content without a byte order mark, which Helm takes off every file.
    pub(crate) fn read(self) -> io::Result<Vec<u8>> {
        self.read_all().map(without_byte_order_mark)
    }

    /// Pass over the content.
    pub(crate) fn skip(self) -> io::Result<()> {
        let skipped = io::copy(self.content, &mut io::sink())?;
        self.check_whole(skipped)
    }

    fn read_all(self) -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        self.content.read_to_end(&mut data)?;
        self.check_whole(data.len() as u64)?;
        Ok(data)
    }

    /// `tar` ends an entry early, without a word, when the archive is cut short.
    fn check_whole(&self, read: u64) -> io::Result<()> {
        if read == self.size {
            return Ok(());
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// `data` without the byte order mark that some editors put in front.
pub(crate) fn without_byte_order_mark(mut data: Vec<u8>) -> Vec<u8> {
    if data.starts_with(b"\xef\xbb\xbf") {
        data.drain(..3);
    }
    data
}

/// What a visitor says about an entry.
pub(crate) type Visited = Result<ControlFlow<()>, VisitError>;

/// Why a visitor gave up.
#[derive(Debug)]
pub(crate) enum VisitError {
    /// The entry's content could not be read: the archive knows why.
    Content(io::Error),
    /// The visitor does not like what it read.
    Refused(ReadChartError),
}

impl From<io::Error> for VisitError {
    fn from(error: io::Error) -> Self {
        Self::Content(error)
    }
}

impl From<ReadChartError> for VisitError {
    fn from(error: ReadChartError) -> Self {
        Self::Refused(error)
    }
}

/// Show every file in `archive` to `visit`, until the end or until it says to break.
///
/// Directories, and global headers as `git archive` writes them, are checked and passed over.
pub(crate) fn walk(
    archive: impl Read,
    budget: &mut Budget,
    mut visit: impl FnMut(Entry<'_>) -> Visited,
) -> Result<(), ReadChartError> {
    let watch = gzip::Watch::default();
    let mut tar = tar::Archive::new(Inflated::open(
        archive,
        budget.limits().max_chart_bytes,
        &watch,
    )?);
    let mut pending = Pending::default();
    let entries = tar.entries().map_err(|error| watch.explain(error))?;
    for raw in entries.raw(true) {
        let mut raw = raw.map_err(|error| watch.explain(error))?;
        budget.take_entry()?;
        let header = Header::read(raw.header())?;
        budget.take_bytes(header.size)?;
        if let Kind::Extension(extension) = header.kind {
            let data = read_extension(&header, &mut raw).map_err(|error| watch.explain(error))?;
            let kept = pending.add(extension, &data);
            kept.map_err(|refusal| refusal.of(&header.name))?;
            continue;
        }
        let (name, kind) = pending.apply(&header)?;
        if kind == Kind::Directory {
            path::check_whole(&name).map_err(|refusal| refusal.of(name.as_bytes()))?;
            continue;
        }
        let entry = Entry {
            path: path::inside(&name).map_err(|refusal| refusal.of(name.as_bytes()))?,
            size: header.size,
            content: &mut raw,
        };
        match visit(entry) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return Ok(()),
            Err(VisitError::Content(error)) => return Err(watch.explain(error)),
            Err(VisitError::Refused(error)) => return Err(error),
        }
    }
    pending.check_empty()?;
    check_end(tar.into_inner()).map_err(|error| watch.explain(error))
}

fn read_extension(header: &Header, content: &mut dyn Read) -> io::Result<Vec<u8>> {
    let entry = Entry {
        path: String::new(),
        size: header.size,
        content,
    };
    entry.read_all()
}

/// Check that the end is one: two blocks of zeros, or one, or none, but nothing else.
///
/// `tar` stops at the first block of zeros, Go's reader looks at the next one too. What comes after
/// two is nobody's business.
fn check_end(mut rest: impl Read) -> io::Result<()> {
    let mut block = [0; 512];
    let mut filled = 0;
    while filled < block.len() {
        match rest.read(&mut block[filled..])? {
            0 if filled == 0 => return Ok(()),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => filled += read,
        }
    }
    if block.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        "a single block of zeros among the entries",
    ))
}
