//! An index in as little memory as finding a chart needs.

use portolan_reference::Version;

use super::IndexEntry;
use super::draft::Draft;
use super::time::system_time;

/// What stands for "there is none" where a length or a count of nanoseconds would stand.
const NONE: u32 = u32::MAX;

/// The charts of an index.
#[derive(Debug, Clone, Default)]
pub(super) struct Compact {
    /// Names of charts; versions, digests and URLs, which follow each other.
    text: String,
    /// One chart's follow each other, highest version first.
    records: Vec<Record>,
    /// In byte order of their names.
    charts: Vec<ChartRecord>,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    seconds: i64,
    nanoseconds: u32,
    at: u32,
    digest: u32,
    url: u32,
    version: u32,
}

#[derive(Debug, Clone, Copy)]
struct ChartRecord {
    at: u32,
    length: u32,
    first: u32,
    count: u32,
}

impl Compact {
    pub(super) fn charts(&self) -> impl Iterator<Item = &str> {
        self.charts.iter().map(|chart| self.name(chart))
    }

    pub(super) fn versions(
        &self,
        chart: &str,
    ) -> Option<impl ExactSizeIterator<Item = IndexEntry<'_>>> {
        let found = self
            .charts
            .binary_search_by(|other| self.name(other).cmp(chart));
        let chart = self.charts.get(found.ok()?)?;
        let first = chart.first as usize;
        let records = self.records.get(first..first + chart.count as usize);
        Some(
            records
                .unwrap_or_default()
                .iter()
                .map(|record| self.entry(record)),
        )
    }

    /// The bytes that this holds.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>()
            + self.text.capacity()
            + self.records.capacity() * size_of::<Record>()
            + self.charts.capacity() * size_of::<ChartRecord>()
    }

    fn name(&self, chart: &ChartRecord) -> &str {
        self.slice(chart.at, chart.length).0
    }

    fn entry(&self, record: &Record) -> IndexEntry<'_> {
        let (version, at) = self.slice(record.at, record.version);
        let (digest, at) = self.slice(at, record.digest);
        let (url, _) = match record.url {
            NONE => ("", at),
            length => self.slice(at, length),
        };
        IndexEntry {
            version,
            created: match record.nanoseconds {
                NONE => None,
                nanoseconds => system_time(record.seconds, nanoseconds),
            },
            digest: Some(digest).filter(|digest| !digest.is_empty()),
            url: (record.url != NONE).then_some(url),
        }
    }

    /// A part of the text, and where it ends.
    fn slice(&self, at: u32, length: u32) -> (&str, u32) {
        let end = at.saturating_add(length);
        let slice = self.text.get(at as usize..end as usize);
        (slice.unwrap_or_default(), end)
    }
}

/// Where the text of a version lies in scratch space.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) at: u64,
    pub(super) length: u64,
}

/// Makes a [`Compact`].
#[derive(Debug, Default)]
pub(super) struct Builder {
    made: Compact,
    /// Of every record, if they are kept at all.
    places: Vec<Place>,
    /// The versions of the chart that is being read.
    current: Vec<(Version, Record, Option<Place>)>,
}

/// There is more text than can be told apart with 32 bits.
#[derive(Debug)]
pub(super) struct TooMuchText;

impl Builder {
    pub(super) fn clear(&mut self) {
        self.made.text.clear();
        self.made.records.clear();
        self.made.charts.clear();
        self.places.clear();
        self.current.clear();
    }

    /// Add a chart that was not there yet. Its number is how many there were.
    pub(super) fn add_chart(&mut self, name: &str) -> Result<(), TooMuchText> {
        let (at, length) = self.push(name)?;
        self.made.charts.push(ChartRecord {
            at,
            length,
            first: 0,
            count: 0,
        });
        Ok(())
    }

    pub(super) fn add_version(
        &mut self,
        version: Version,
        draft: &Draft,
        place: Option<Place>,
    ) -> Result<(), TooMuchText> {
        let (at, version_length) = self.push(&draft.version)?;
        let (_, digest) = self.push(&draft.digest)?;
        let url = match draft.urls.as_ref().and_then(|urls| urls.first()) {
            None => NONE,
            Some(url) => self.push(url)?.1,
        };
        let created = draft.created.since_epoch();
        let (seconds, nanoseconds) = created.unwrap_or((0, NONE));
        let record = Record {
            seconds,
            nanoseconds,
            at,
            digest,
            url,
            version: version_length,
        };
        self.current.push((version, record, place));
        Ok(())
    }

    /// The versions added since the last call are those of chart `number`.
    pub(super) fn end_chart(&mut self, number: usize) -> Result<(), TooMuchText> {
        // Stable: versions that count as equal stay in the order of the file.
        self.current.sort_by(|(a, ..), (b, ..)| b.cmp(a));
        let first = self.made.records.len();
        for (_, record, place) in self.current.drain(..) {
            self.made.records.push(record);
            self.places.extend(place);
        }
        let end = self.made.records.len();
        if let Some(chart) = self.made.charts.get_mut(number) {
            chart.first = u32::try_from(first).map_err(|_| TooMuchText)?;
            chart.count = u32::try_from(end - first).map_err(|_| TooMuchText)?;
        }
        Ok(())
    }

    /// Where the versions of chart `number` lie, highest first.
    pub(super) fn places(&self, number: usize) -> &[Place] {
        let range = self.made.charts.get(number).map(|chart| {
            let first = chart.first as usize;
            first..first + chart.count as usize
        });
        range
            .and_then(|range| self.places.get(range))
            .unwrap_or_default()
    }

    /// The numbers of all charts, in byte order of their names.
    pub(super) fn in_order(&self) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..self.made.charts.len()).collect();
        let name = |number: &usize| {
            let chart = self.made.charts.get(*number);
            chart.map(|chart| self.made.name(chart))
        };
        numbers.sort_unstable_by(|a, b| name(a).cmp(&name(b)));
        numbers
    }

    pub(super) fn name(&self, number: usize) -> &str {
        let chart = self.made.charts.get(number);
        chart.map(|chart| self.made.name(chart)).unwrap_or_default()
    }

    pub(super) fn finish(mut self) -> Compact {
        let numbers = self.in_order();
        let charts = numbers.iter().filter_map(|n| self.made.charts.get(*n));
        self.made.charts = charts.copied().collect();
        self.made.text.shrink_to_fit();
        self.made.records.shrink_to_fit();
        self.made
    }

    /// Where `text` is put, and its length.
    fn push(&mut self, text: &str) -> Result<(u32, u32), TooMuchText> {
        let at = u32::try_from(self.made.text.len()).map_err(|_| TooMuchText)?;
        let length = u32::try_from(text.len()).map_err(|_| TooMuchText)?;
        at.checked_add(length)
            .filter(|end| *end < NONE)
            .ok_or(TooMuchText)?;
        self.made.text.push_str(text);
        Ok((at, length))
    }
}
