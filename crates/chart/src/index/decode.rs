//! An index from the steps of a document.

use std::collections::{BTreeMap, HashMap};
use std::io;

use portolan_reference::Version;
use serde_json::Value;

use super::draft::Draft;
use super::entry::read_entry;
use super::error::IndexExcess;
use super::event::{Dialect, Event, Events, Scalar, next_key};
use super::fault::{Fault, Problem};
use super::judge::judge;
use super::limits::IndexLimits;
use super::report::IndexReport;
use super::time::Time;
use super::value::{Allowance, Other, Seen, Values, wrong};

/// Everything of an index but its charts.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) server_info: BTreeMap<String, Value>,
    pub(super) api_version: String,
    pub(super) generated: Time,
    /// Whether there is a map of charts, if an empty one.
    pub(super) has_entries: bool,
    pub(super) public_keys: Vec<String>,
    pub(super) annotations: BTreeMap<String, String>,
}

/// What is done with the charts of an index.
pub(super) trait Sink {
    /// Forget everything: it was read wrong and is read again, or does not count.
    fn forget(&mut self) -> Result<(), Fault>;

    /// A chart begins. A number that was there before is the same chart again, which in JSON
    /// replaces what it was.
    fn begin_chart(&mut self, number: usize, name: &str) -> Result<(), Fault>;

    /// A version of it that Helm keeps.
    fn version(&mut self, version: Version, draft: &Draft) -> Result<(), Fault>;

    /// The chart ends. `listed` unless there was nothing where a list of versions belongs.
    fn end_chart(&mut self, number: usize, listed: bool) -> Result<(), Fault>;
}

/// Read the index that `events` tell of into `sink`.
pub(super) fn decode<E: Events>(
    events: &mut E,
    limits: &IndexLimits,
    sink: &mut impl Sink,
) -> Result<(Header, IndexReport), Fault> {
    sink.forget()?;
    let mut header_allowance = Allowance::new(limits.max_version_bytes);
    let mut decoder = Decoder {
        events,
        sink,
        header: Header::default(),
        report: IndexReport::default(),
        names: HashMap::new(),
        draft: Draft::default(),
        allowance: Allowance::new(limits.max_version_bytes),
        versions: 0,
        max_versions: limits.max_versions,
    };
    decoder.document(&mut header_allowance)?;
    decoder.events.finish()?;
    if decoder.header.api_version.is_empty() {
        return Err(Problem::NoApiVersion.into());
    }
    Ok((decoder.header, decoder.report))
}

struct Decoder<'a, E, S> {
    events: &'a mut E,
    sink: &'a mut S,
    header: Header,
    report: IndexReport,
    /// The number of every chart.
    names: HashMap<Box<str>, usize>,
    draft: Draft,
    allowance: Allowance,
    /// Charts and versions so far.
    versions: u64,
    max_versions: u64,
}

#[derive(Debug, Clone, Copy)]
enum Part {
    ServerInfo,
    ApiVersion,
    Generated,
    Entries,
    PublicKeys,
    Annotations,
}

impl From<Part> for u32 {
    fn from(part: Part) -> Self {
        part as Self
    }
}

const PARTS: [(&str, Part); 6] = [
    ("serverInfo", Part::ServerInfo),
    ("apiVersion", Part::ApiVersion),
    ("generated", Part::Generated),
    ("entries", Part::Entries),
    ("publicKeys", Part::PublicKeys),
    ("annotations", Part::Annotations),
];

impl<E: Events, S: Sink> Decoder<'_, E, S> {
    fn document(&mut self, allowance: &mut Allowance) -> Result<(), Fault> {
        match self.events.next()? {
            Event::Map => {}
            // An empty document is an index that says nothing.
            Event::Scalar(Scalar::Null) => return Ok(()),
            other => return Err(wrong("an index", &other)),
        }
        let mut seen = Seen::default();
        while let Some(key) = next_key(self.events)? {
            let part = seen.field::<E, _>(&PARTS, &key)?;
            drop(key);
            if let Some(Part::Entries) = part {
                self.entries()?;
            } else {
                self.part(part, allowance)?;
            }
        }
        Ok(())
    }

    fn part(&mut self, part: Option<Part>, allowance: &mut Allowance) -> Result<(), Fault> {
        let mut values = Values {
            events: self.events,
            allowance,
        };
        let header = &mut self.header;
        match part {
            Some(Part::ServerInfo) => values.any_map("serverInfo", &mut header.server_info),
            Some(Part::ApiVersion) => {
                values.text("apiVersion", Other::Converted, &mut header.api_version)
            }
            Some(Part::Generated) => values.time("generated", &mut header.generated),
            Some(Part::PublicKeys) => {
                let keys = &mut header.public_keys;
                values.texts("publicKeys", Other::Converted, keys).map(drop)
            }
            Some(Part::Annotations) => {
                let annotations = &mut header.annotations;
                values.text_map("annotations", |_| Other::Converted, annotations)
            }
            Some(Part::Entries) | None => values.skip_value(),
        }
    }

    fn entries(&mut self) -> Result<(), Fault> {
        match self.events.next()? {
            Event::Map => {}
            Event::Scalar(Scalar::Null) => {
                self.header.has_entries = false;
                self.names.clear();
                return self.sink.forget();
            }
            other => return Err(wrong("entries", &other)),
        }
        self.header.has_entries = true;
        while let Some(key) = next_key(self.events)? {
            let name = key.into_owned();
            self.chart(&name)?;
        }
        Ok(())
    }

    fn chart(&mut self, name: &str) -> Result<(), Fault> {
        self.count()?;
        let number = match self.names.get(name) {
            Some(_) if E::DIALECT == Dialect::Yaml => {
                return Err(Problem::SetTwice(Problem::shortened(name)).into());
            }
            Some(number) => *number,
            None => {
                let number = self.names.len();
                self.names.insert(name.into(), number);
                number
            }
        };
        self.sink.begin_chart(number, name)?;
        let listed = match self.events.next()? {
            Event::List => true,
            Event::Scalar(Scalar::Null) => false,
            other => return Err(wrong("the versions of a chart", &other)),
        };
        if listed {
            self.versions_of(name)?;
        }
        self.sink.end_chart(number, listed)
    }

    fn versions_of(&mut self, chart: &str) -> Result<(), Fault> {
        loop {
            match self.events.next()? {
                Event::End => return Ok(()),
                Event::Scalar(Scalar::Null) => self.report.drop_null(chart),
                Event::Map => self.version(chart)?,
                other => return Err(wrong("a version of a chart", &other)),
            }
        }
    }

    fn version(&mut self, chart: &str) -> Result<(), Fault> {
        self.count()?;
        self.draft.clear();
        self.allowance.renew();
        let mut values = Values {
            events: self.events,
            allowance: &mut self.allowance,
        };
        read_entry(&mut values, &mut self.draft)?;
        match judge(&mut self.draft) {
            Ok(version) => self.sink.version(version, &self.draft),
            Err(problem) => {
                self.report
                    .drop_version(chart, &self.draft.version, &problem);
                Ok(())
            }
        }
    }

    fn count(&mut self) -> Result<(), Fault> {
        self.versions += 1;
        if self.versions > self.max_versions {
            return Err(Fault::Excess(IndexExcess::Versions {
                limit: self.max_versions,
            }));
        }
        Ok(())
    }
}

impl From<super::compact::TooMuchText> for Fault {
    fn from(_: super::compact::TooMuchText) -> Self {
        Self::Excess(IndexExcess::Bytes {
            limit: u32::MAX.into(),
        })
    }
}

impl From<io::Error> for Fault {
    /// Of a sink; readers say [`Fault::Read`] themselves.
    fn from(error: io::Error) -> Self {
        Self::Keep(error)
    }
}
