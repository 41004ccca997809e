//! Every version of an index, one at a time.

use std::io::{Read, Seek};
use std::time::SystemTime;

use portolan_reference::Version;

use super::decode::Sink;
use super::draft::Draft;
use super::fault::{Fault, ReadFault};
use super::time::system_time;
use super::{IndexLimits, IndexReport, ReadIndexError, read_into};
use crate::ChartMetadata;

/// Call `each` with every version that Helm keeps of an index, in the order of the file: the name it
/// stands under, and all the index says of it.
///
/// Nothing is kept, so that a search through an index of any size takes no more memory than its
/// largest version.
///
/// # Errors
///
/// As [`Index::read`](super::Index::read). `each` has been called for what came before the place
/// that is wrong; nothing of it counts.
///
/// # Deviation
///
/// In JSON with a chart's name twice, `each` sees both lists, though only the last one counts.
pub fn visit_index(
    from: impl Read + Seek,
    limits: &IndexLimits,
    each: impl FnMut(&str, &IndexVersion),
) -> Result<IndexReport, ReadIndexError> {
    let mut visit = Visit {
        each,
        chart: String::new(),
        seen: 0,
        told: 0,
    };
    match read_into(from, limits, &mut visit) {
        Ok((_, report)) => Ok(report),
        Err(ReadFault::Index(error)) => Err(error),
        // It keeps nothing.
        Err(ReadFault::Keep(error)) => Err(ReadIndexError::Read(error)),
    }
}

/// A version of a chart as an index tells of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct IndexVersion {
    /// What the chart's `Chart.yaml` says. Two dependencies may have one name here, as some servers
    /// leave out aliases.
    pub metadata: ChartMetadata,
    /// Where the archive can be had from: URLs, or paths relative to the repository's. Helm uses
    /// the first.
    pub urls: Vec<String>,
    /// When the archive was made, if the index says.
    pub created: Option<SystemTime>,
    /// The digest of the archive as written.
    pub digest: Option<String>,
    /// Whether the version was withdrawn. Helm does not look at it.
    pub removed: bool,
}

struct Visit<F> {
    each: F,
    chart: String,
    /// How many versions were met in this reading, and how many told in all: an index that is read
    /// again because it seemed to be written in another way begins with the same versions.
    seen: u64,
    told: u64,
}

impl<F: FnMut(&str, &IndexVersion)> Sink for Visit<F> {
    fn forget(&mut self) -> Result<(), Fault> {
        self.seen = 0;
        Ok(())
    }

    fn begin_chart(&mut self, _: usize, name: &str) -> Result<(), Fault> {
        name.clone_into(&mut self.chart);
        Ok(())
    }

    fn version(&mut self, _: Version, draft: &Draft) -> Result<(), Fault> {
        self.seen += 1;
        if self.seen > self.told {
            self.told = self.seen;
            (self.each)(&self.chart, &version(draft));
        }
        Ok(())
    }

    fn end_chart(&mut self, _: usize, _: bool) -> Result<(), Fault> {
        Ok(())
    }
}

fn version(draft: &Draft) -> IndexVersion {
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    IndexVersion {
        metadata: ChartMetadata {
            name: draft.name.clone(),
            home: some(&draft.home),
            sources: draft.sources.clone(),
            version: draft.version.clone(),
            description: some(&draft.description),
            keywords: draft.keywords.clone(),
            maintainers: draft.maintainers.iter().flatten().cloned().collect(),
            icon: some(&draft.icon),
            api_version: draft.api_version.clone(),
            condition: some(&draft.condition),
            tags: some(&draft.tags),
            app_version: some(&draft.app_version),
            deprecated: draft.deprecated,
            annotations: draft.annotations.clone(),
            kube_version: some(&draft.kube_version),
            dependencies: draft.dependencies.iter().flatten().cloned().collect(),
            chart_type: some(&draft.chart_type),
        },
        urls: draft.urls.clone().unwrap_or_default(),
        created: draft
            .created
            .since_epoch()
            .and_then(|(seconds, nanoseconds)| system_time(seconds, nanoseconds)),
        digest: some(&draft.digest),
        removed: draft.removed,
    }
}
