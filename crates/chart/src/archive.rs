//! The entries of a chart archive, read one by one under limits.
//!
//! Helm reads archives with Go's `archive/tar`. Where another reader could see other files in the
//! same bytes, the archive is refused: what was checked here must be what Helm unpacks later.

mod budget;
mod extension;
mod gzip;
mod header;
mod path;

use std::io::{self, Read, Write};
use std::ops::ControlFlow;

pub(crate) use budget::Budget;
pub use gzip::Found;
pub use header::EntryProblem;
pub(crate) use header::Refusal;

use self::extension::Pending;
use self::header::{Header, Kind};
use crate::{Excess, ReadChartError};
pub(crate) use gzip::{Inflated, Watch};
pub(crate) use path::clean;

/// How much is copied at a time, in bytes.
const COPIED: usize = 64 << 10;

/// A file or directory in an archive.
pub(crate) struct Entry<'a> {
    /// Of a chart: below the chart's folder.
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

    /// Copy the content to `to`. Errors of `to` are told apart.
    pub(crate) fn copy(self, to: &mut impl Write) -> io::Result<io::Result<()>> {
        let mut buffer = vec![0; COPIED];
        let mut copied = 0;
        loop {
            let read = self.content.read(&mut buffer)?;
            if read == 0 {
                self.check_whole(copied)?;
                return Ok(Ok(()));
            }
            if let Err(error) = to.write_all(&buffer[..read]) {
                return Ok(Err(error));
            }
            copied += read as u64;
        }
    }

    fn read_all(self) -> io::Result<Vec<u8>> {
        // The budget has been asked for this much.
        let mut data = Vec::with_capacity(usize::try_from(self.size).unwrap_or(0));
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

/// What the file at `path` of the chart `name` is called in an archive; nothing if it could not be
/// found there under that path again.
pub(crate) fn packed_name(name: &str, path: &str) -> Option<String> {
    let packed = format!("{name}/{path}");
    let found = path::inside(&packed);
    found.is_ok_and(|found| found == path).then_some(packed)
}

/// What a visitor says about an entry: go on, or enough.
pub(crate) type Visited = Result<ControlFlow<()>, Stop>;

/// Why reading an archive stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The bytes could not be got, or made sense of.
    Stream(io::Error),
    /// What was read is not accepted.
    Refused(ReadChartError),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

impl From<Excess> for Stop {
    fn from(excess: Excess) -> Self {
        Self::Refused(excess.into())
    }
}

impl From<ReadChartError> for Stop {
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
    let watch = Watch::default();
    let inflated = Inflated::open(archive, budget.limits().max_chart_bytes, &watch)?;
    let in_chart = |mut entry: Entry<'_>, kind| {
        if kind == EntryKind::Directory {
            return Ok(ControlFlow::Continue(()));
        }
        entry.path = path::inside(&entry.path).map_err(|it| it.of(entry.path.as_bytes()))?;
        visit(entry)
    };
    walk_tar(inflated, budget, in_chart).map_err(|stop| match stop {
        Stop::Stream(error) => watch.explain(error),
        Stop::Refused(error) => error,
    })
}

/// What an entry with a path of its own can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Directory,
}

/// Show every file and directory in `tar` to `visit`, by the name it is packed with, which leads
/// nowhere else.
pub(crate) fn walk_tar(
    tar: impl Read,
    budget: &mut Budget,
    mut visit: impl FnMut(Entry<'_>, EntryKind) -> Visited,
) -> Result<(), Stop> {
    let mut tar = tar::Archive::new(tar);
    let mut pending = Pending::default();
    for raw in tar.entries()?.raw(true) {
        let mut raw = raw?;
        budget.take_entry()?;
        let header = Header::read(raw.header())?;
        budget.take_bytes(header.size)?;
        if let Kind::Extension(extension) = header.kind {
            let data = read_extension(&header, &mut raw)?;
            pending.add(extension, &data, &header.name)?;
            continue;
        }
        let (path, kind) = pending.apply(&header)?;
        path::check_whole(&path).map_err(|refusal| refusal.of(path.as_bytes()))?;
        let entry = Entry {
            path,
            size: header.size,
            content: &mut raw,
        };
        let kind = if kind == Kind::Directory {
            EntryKind::Directory
        } else {
            EntryKind::File
        };
        if visit(entry, kind)?.is_break() {
            return Ok(());
        }
    }
    pending.check_empty()?;
    Ok(check_end(tar.into_inner())?)
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
