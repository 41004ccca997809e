//! Flux's stored form of an index.

use std::io::{self, BufRead as _, BufReader, Read, Seek, SeekFrom, Write};

use portolan_reference::Version;

use super::compact::{Builder, Place};
use super::decode::{Header, Sink};
use super::draft::Draft;
use super::encode;
use super::fault::{Fault, ReadFault};
use super::{ConvertIndexError, Index, IndexLimits, IndexReport, read_into};

/// How much is written to scratch space at once.
const CHUNK: usize = 64 << 10;

/// Read an index as [`Index::read`] does and write it as [source-controller v1.10.1][1] stores it:
/// JSON with two blanks for a level, byte for byte what Go makes of Helm's `IndexFile`. Charts are in
/// byte order, versions highest first; what was dropped is left out.
///
/// `spool` is scratch space for as much as the result takes, from where it stands; memory stays as
/// [`Index::read`] needs it.
///
/// # Errors
///
/// As [`Index::read`], or if scratch space or result cannot be written. What was written by then is
/// not an index.
///
/// # Deviation
///
/// Versions that count as equal stay in the order of the file, see [`Index::read`].
///
/// [1]: https://github.com/fluxcd/source-controller/blob/v1.10.1/internal/helm/repository/chart_repository.go
pub fn convert_index(
    from: impl Read + Seek,
    mut to: impl Write,
    mut spool: impl Read + Write + Seek,
    limits: &IndexLimits,
) -> Result<(Index, IndexReport), ConvertIndexError> {
    let begin = spool.stream_position().map_err(ConvertIndexError::Spool)?;
    let mut spooled = Spooled {
        spool: &mut spool,
        begin,
        at: 0,
        pending: String::new(),
        builder: Builder::default(),
        listed: Vec::new(),
    };
    let read = read_into(from, limits, &mut spooled).map_err(|fault| match fault {
        ReadFault::Index(error) => ConvertIndexError::Index(error),
        ReadFault::Keep(error) => ConvertIndexError::Spool(error),
    });
    let (header, report) = read?;
    spooled.flush().map_err(ConvertIndexError::Spool)?;
    let Spooled {
        builder, listed, ..
    } = spooled;
    let mut copy = Copy {
        from: BufReader::with_capacity(CHUNK, spool),
        begin,
        at: None,
    };
    copy.index(&header, &builder, &listed, &mut to)?;
    to.flush().map_err(ConvertIndexError::Write)?;
    Ok((Index(builder.finish()), report))
}

/// Keeps what lookups need, and puts everything else into scratch space.
struct Spooled<'a, S> {
    spool: &'a mut S,
    begin: u64,
    /// How much is in scratch space or on its way there.
    at: u64,
    pending: String,
    builder: Builder,
    /// Of every chart, whether there was a list.
    listed: Vec<bool>,
}

impl<S: Write + Seek> Spooled<'_, S> {
    fn flush(&mut self) -> io::Result<()> {
        self.spool.write_all(self.pending.as_bytes())?;
        self.pending.clear();
        self.spool.flush()
    }
}

impl<S: Write + Seek> Sink for Spooled<'_, S> {
    fn forget(&mut self) -> Result<(), Fault> {
        self.builder.clear();
        self.listed.clear();
        self.pending.clear();
        self.at = 0;
        self.spool.seek(SeekFrom::Start(self.begin))?;
        Ok(())
    }

    fn begin_chart(&mut self, number: usize, name: &str) -> Result<(), Fault> {
        if number == self.listed.len() {
            self.builder.add_chart(name)?;
            self.listed.push(false);
        }
        Ok(())
    }

    fn version(&mut self, version: Version, draft: &Draft) -> Result<(), Fault> {
        let before = self.pending.len();
        encode::version(draft, &mut self.pending);
        let place = Place {
            at: self.at,
            length: (self.pending.len() - before) as u64,
        };
        self.at += place.length;
        if self.pending.len() >= CHUNK {
            self.spool.write_all(self.pending.as_bytes())?;
            self.pending.clear();
        }
        Ok(self.builder.add_version(version, draft, Some(place))?)
    }

    fn end_chart(&mut self, number: usize, listed: bool) -> Result<(), Fault> {
        if let Some(place) = self.listed.get_mut(number) {
            *place = listed;
        }
        Ok(self.builder.end_chart(number)?)
    }
}

/// Writes what was put into scratch space, in order.
struct Copy<S> {
    from: BufReader<S>,
    begin: u64,
    /// Where scratch space is being read, once it is.
    at: Option<u64>,
}

impl<S: Read + Seek> Copy<S> {
    fn index(
        &mut self,
        header: &Header,
        builder: &Builder,
        listed: &[bool],
        to: &mut impl Write,
    ) -> Result<(), ConvertIndexError> {
        let mut text = String::new();
        encode::before_entries(header, &mut text);
        let charts = builder.in_order();
        match (header.has_entries, charts.is_empty()) {
            (false, _) => text.push_str("null"),
            (true, true) => text.push_str("{}"),
            (true, false) => {
                text.push('{');
                for (count, number) in charts.iter().enumerate() {
                    if count > 0 {
                        text.push(',');
                    }
                    encode::line(2, &mut text);
                    encode::string(builder.name(*number), &mut text);
                    text.push_str(": ");
                    let listed = listed.get(*number).copied().unwrap_or_default();
                    self.chart(builder.places(*number), listed, &mut text, to)?;
                }
                encode::line(1, &mut text);
                text.push('}');
            }
        }
        encode::after_entries(header, &mut text);
        to.write_all(text.as_bytes())
            .map_err(ConvertIndexError::Write)
    }

    /// Write `text` and the versions of a chart. What is left in `text` comes next.
    fn chart(
        &mut self,
        places: &[Place],
        listed: bool,
        text: &mut String,
        to: &mut impl Write,
    ) -> Result<(), ConvertIndexError> {
        if places.is_empty() {
            text.push_str(if listed { "[]" } else { "null" });
            return Ok(());
        }
        text.push('[');
        for (count, place) in places.iter().enumerate() {
            if count > 0 {
                text.push(',');
            }
            encode::line(3, text);
            to.write_all(text.as_bytes())
                .map_err(ConvertIndexError::Write)?;
            text.clear();
            self.version(*place, to)?;
        }
        encode::line(2, text);
        text.push(']');
        Ok(())
    }

    fn version(&mut self, place: Place, to: &mut impl Write) -> Result<(), ConvertIndexError> {
        self.seek(place.at).map_err(ConvertIndexError::Spool)?;
        let mut left = place.length;
        while left > 0 {
            let buffer = self.from.fill_buf().map_err(ConvertIndexError::Spool)?;
            let count = buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            let Some(part @ [_, ..]) = buffer.get(..count) else {
                let error = io::ErrorKind::UnexpectedEof.into();
                return Err(ConvertIndexError::Spool(error));
            };
            to.write_all(part).map_err(ConvertIndexError::Write)?;
            self.from.consume(count);
            left -= count as u64;
        }
        self.at = Some(place.at + place.length);
        Ok(())
    }

    /// Most often there is nothing to do: versions are written in the order they were read in.
    fn seek(&mut self, place: u64) -> io::Result<()> {
        let distance = self
            .at
            .and_then(|at| i64::try_from(place).ok()?.checked_sub_unsigned(at));
        match distance {
            Some(0) => Ok(()),
            Some(distance) => self.from.seek_relative(distance),
            None => {
                let place = self.begin.saturating_add(place);
                self.from.seek(SeekFrom::Start(place)).map(drop)
            }
        }
    }
}
