//! Helm's rules for the files of a chart, wherever they come from.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::ops::ControlFlow;

use crate::archive::{Budget, Refusal, walk};
use crate::metadata::{Draft, Problem, check_lock};
use crate::yaml::check_values;
use crate::{ChartMetadata, Excess, ReadChartError};

/// The files of a chart by their path below its folder.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// How deep charts may lie in charts. Helm knows no limit; nobody needs more than three or four.
pub(crate) const MAX_DEPTH: u64 = 32;

/// Files that say something about a chart, and are small.
const METADATA_FILES: [&str; 4] = [
    "Chart.yaml",
    "Chart.lock",
    "requirements.yaml",
    "requirements.lock",
];

/// Whether the content of `path` has a say in whether a chart is good.
pub(crate) fn is_decisive(path: &str) -> bool {
    let (folder, name) = split(path);
    is_metadata_file(path)
        || (name == "values.yaml" && is_chart_folder(folder))
        || (has_extension(name, "tgz") && !folder.is_empty() && is_chart_folder(folder))
}

/// Whether `path` is a metadata file, of the chart itself or of one inside it.
pub(crate) fn is_metadata_file(path: &str) -> bool {
    let (folder, name) = split(path);
    METADATA_FILES.contains(&name) && is_chart_folder(folder)
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Whether `path` ends with `.` and `extension`, in this very case.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, end)| end == extension)
}

/// Whether `folder` can be the chart's folder, or that of a chart inside it.
fn is_chart_folder(folder: &str) -> bool {
    folder.is_empty() || folder == "charts" || folder.starts_with("charts/")
}

/// Judge the chart that `files` are. Only decisive files need their content.
///
/// Charts inside the chart are judged too, as Helm loads them together: `budget` is what the
/// archives among them may still cost.
pub(crate) fn judge(files: &Files, budget: &mut Budget) -> Result<Judged, ReadChartError> {
    Folder { files, path: "" }.judge(budget, 0)
}

/// What is known of a chart that was found good.
pub(crate) struct Judged {
    pub(crate) metadata: ChartMetadata,
    /// How deep charts lie in one another inside of it.
    pub(crate) depth: u64,
}

/// What the charts in `charts/` of a good chart are: where each is, and what it says.
pub(crate) fn inside(
    files: &Files,
    budget: &mut Budget,
) -> Result<Vec<(String, ChartMetadata)>, ReadChartError> {
    let folder = Folder { files, path: "" };
    let mut inside = Vec::new();
    for name in folder.charts() {
        let path = format!("charts/{name}");
        let metadata = folder.with_chart(name, budget, |chart, _| chart.metadata());
        match metadata {
            Ok(metadata) => inside.push((path, metadata)),
            Err(error) => return Err(of_subchart(path, error)),
        }
    }
    Ok(inside)
}

fn of_subchart(path: String, error: ReadChartError) -> ReadChartError {
    ReadChartError::Subchart {
        path,
        source: Box::new(error),
    }
}

/// What the chart that `files` are says about itself.
pub(crate) fn metadata_of(files: &Files) -> Result<ChartMetadata, ReadChartError> {
    Folder { files, path: "" }.metadata()
}

/// Files under one folder.
#[derive(Clone, Copy)]
struct Folder<'a> {
    files: &'a Files,
    /// With a `/` at its end, unless it is empty.
    path: &'a str,
}

impl<'a> Folder<'a> {
    fn judge(self, budget: &mut Budget, depth: u64) -> Result<Judged, ReadChartError> {
        let metadata = self.metadata()?;
        self.check("Chart.lock", check_lock)?;
        self.check("requirements.lock", check_lock)?;
        self.check("values.yaml", |yaml| Ok(check_values(yaml)?))?;
        let mut deepest = 0;
        for name in self.charts() {
            if depth == MAX_DEPTH {
                return Err(ReadChartError::TooLarge(Excess::Depth { limit: MAX_DEPTH }));
            }
            let judged = self
                .with_chart(name, budget, |chart, budget| chart.judge(budget, depth + 1))
                .map_err(|error| of_subchart(format!("charts/{name}"), error))?;
            deepest = deepest.max(judged.depth + 1);
        }
        Ok(Judged {
            metadata,
            depth: deepest,
        })
    }

    fn metadata(self) -> Result<ChartMetadata, ReadChartError> {
        let yaml = self.file("Chart.yaml").ok_or(ReadChartError::NoChartYaml)?;
        let wrong = |problem: Problem| problem.of("Chart.yaml");
        let mut draft = Draft::read(yaml).map_err(wrong)?;
        self.check("requirements.yaml", |yaml| draft.requirements(yaml))?;
        draft.finish().map_err(wrong)
    }

    fn file(self, name: &str) -> Option<&'a [u8]> {
        let path = format!("{}{name}", self.path);
        self.files.get(&path).map(Vec::as_slice)
    }

    fn check(
        self,
        name: &str,
        check: impl FnOnce(&[u8]) -> Result<(), Problem>,
    ) -> Result<(), ReadChartError> {
        let Some(content) = self.file(name) else {
            return Ok(());
        };
        check(content).map_err(|problem| problem.of(name))
    }

    /// What Helm takes for charts in `charts/`: all but signatures and what begins with `_` or `.`.
    fn charts(self) -> BTreeSet<&'a str> {
        let folder = format!("{}charts/", self.path);
        self.files
            .range(folder.clone()..)
            .map_while(|(path, _)| path.strip_prefix(&folder))
            .filter(|path| !has_extension(path, "prov"))
            .filter_map(|path| path.split('/').next())
            .filter(|name| !name.starts_with(['_', '.']))
            .collect()
    }

    /// Look at the chart that is called `name` in `charts/`, a folder or an archive.
    fn with_chart<T>(
        self,
        name: &str,
        budget: &mut Budget,
        look: impl FnOnce(Folder<'_>, &mut Budget) -> Result<T, ReadChartError>,
    ) -> Result<T, ReadChartError> {
        let path = format!("{}charts/{name}", self.path);
        if has_extension(name, "tgz") {
            let archive = self.files.get(&path).ok_or(ReadChartError::NoChartYaml)?;
            let files = decisive_files(archive.as_slice(), budget)?;
            let chart = Folder {
                files: &files,
                path: "",
            };
            return look(chart, budget);
        }
        let chart = Folder {
            files: self.files,
            path: &format!("{path}/"),
        };
        look(chart, budget)
    }
}

/// The files of the chart archive `archive`, with content only where it counts.
pub(crate) fn decisive_files(
    archive: impl Read,
    budget: &mut Budget,
) -> Result<Files, ReadChartError> {
    collect(archive, budget, is_decisive)
}

/// The files of the chart archive `archive`, with content only where `keep` says so.
pub(crate) fn collect(
    archive: impl Read,
    budget: &mut Budget,
    keep: impl Fn(&str) -> bool,
) -> Result<Files, ReadChartError> {
    let mut files = Files::new();
    let limits = *budget.limits();
    walk(archive, budget, |entry| {
        let path = entry.path.clone();
        if is_metadata_file(&path) {
            limits.check_file(&path, entry.size())?;
        }
        // Helm lays one Chart.yaml over the other, and reads every values.yaml before it takes the
        // last. Of any other two files the last counts, here as there.
        if is_decisive(&path) && files.contains_key(&path) {
            return Err(Refusal::Twice.of(path.as_bytes()).into());
        }
        let data = if keep(&path) {
            entry.read()?
        } else {
            entry.skip()?;
            Vec::new()
        };
        files.insert(path, data);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(files)
}
