//! Chart archives, read under limits.

mod error;

use std::io::Read;
use std::ops::ControlFlow;

use crate::archive::{Budget, Refusal, Stop, walk};
use crate::contents::{Judged, collect, decisive_files, is_metadata_file, judge};
use crate::metadata::Draft;
use crate::{Chart, ChartMetadata, Limits};

pub use error::{Excess, ReadChartError};

/// Read what the chart in `archive` says about itself, and stop there.
///
/// For a chart of `apiVersion: v2` nothing after its `Chart.yaml` is inflated. For `v1` the rest is
/// searched for a `requirements.yaml`, which then gives the dependencies. What comes later has not
/// been checked: [`check_archive`] does that.
///
/// # Errors
///
/// If the archive up to there, or what it says, is not accepted; see [`ReadChartError`]. An
/// archive whose `Chart.yaml` never comes is given up at the limits.
pub fn read_metadata(archive: impl Read, limits: &Limits) -> Result<ChartMetadata, ReadChartError> {
    let mut budget = Budget::new(limits);
    let mut draft: Option<Draft> = None;
    let mut requirements: Option<Vec<u8>> = None;
    walk(archive, &mut budget, |entry| {
        if is_metadata_file(&entry.path) {
            limits.check_file(&entry.path, entry.size())?;
        }
        match entry.path.as_str() {
            "Chart.yaml" if draft.is_some() => return Err(twice("Chart.yaml")),
            "requirements.yaml" if requirements.is_some() => {
                return Err(twice("requirements.yaml"));
            }
            "Chart.yaml" => {
                let read = Draft::read(&entry.read()?);
                draft = Some(read.map_err(|problem| problem.of("Chart.yaml"))?);
            }
            "requirements.yaml" => {
                requirements = Some(entry.read()?);
            }
            _ => return Ok(ControlFlow::Continue(())),
        }
        Ok(match &draft {
            Some(draft) if !draft.is_v1() || requirements.is_some() => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    })?;
    let mut draft = draft.ok_or(ReadChartError::NoChartYaml)?;
    if let Some(yaml) = requirements.filter(|_| draft.is_v1()) {
        let read = draft.requirements(&yaml);
        read.map_err(|problem| problem.of("requirements.yaml"))?;
    }
    draft.finish().map_err(|problem| problem.of("Chart.yaml"))
}

fn twice(path: &str) -> Stop {
    Refusal::Twice.of(path.as_bytes()).into()
}

/// Read the whole chart in `archive` into memory, if Helm would load it.
///
/// Takes as much memory as the files in the archive, so less than
/// [`max_unpacked_bytes`](Limits::max_unpacked_bytes). Charts in `charts/` stay files, archives
/// among them stay archives, but they have been checked.
///
/// # Errors
///
/// If anything in the archive is not accepted or a limit is met; see [`ReadChartError`].
pub fn read_chart(archive: impl Read, limits: &Limits) -> Result<Chart, ReadChartError> {
    let mut budget = Budget::new(limits);
    let files = collect(archive, &mut budget, |_| true)?;
    let Judged { metadata, depth } = judge(&files, &mut budget)?;
    Ok(Chart {
        metadata,
        files,
        depth,
    })
}

/// Check the chart in `archive` as [`read_chart`] does, and keep nothing of it but what it says
/// about itself.
///
/// Keeps metadata and values files, and archives in `charts/`, while they are checked.
///
/// # Errors
///
/// Exactly where [`read_chart`] fails, with the same error.
pub fn check_archive(archive: impl Read, limits: &Limits) -> Result<ChartMetadata, ReadChartError> {
    let mut budget = Budget::new(limits);
    let files = decisive_files(archive, &mut budget)?;
    Ok(judge(&files, &mut budget)?.metadata)
}
