//! `portolan dependency`

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use portolan_acquire::{Listing, Step, Taken};
use serde::Serialize;

use crate::args::{DependencyCommand, Format, ListArgs};
use crate::output;
use crate::progress::Bar;
use crate::session::{Session, now};
use crate::table::table;

pub(crate) async fn run(
    session: &Session,
    format: Format,
    command: &DependencyCommand,
) -> anyhow::Result<()> {
    match command {
        DependencyCommand::List(args) => list(session, format, args).await,
        DependencyCommand::Update(args) => {
            let brought = bring(session, &args.folder, true).await?;
            output::answer(format, &brought, Brought::text)
        }
        DependencyCommand::Build(args) => {
            let brought = bring(session, &args.folder, false).await?;
            output::answer(format, &brought, Brought::text)
        }
    }
}

#[derive(Debug, Serialize)]
struct Listed {
    dependencies: Vec<Dependency>,
    /// What else is in `charts/`.
    surplus: Vec<Surplus>,
}

#[derive(Debug, Serialize)]
struct Dependency {
    name: String,
    version: String,
    repository: String,
    status: String,
}

#[derive(Debug, Serialize)]
struct Surplus {
    path: String,
    is_chart: bool,
}

impl From<portolan_acquire::Surplus> for Surplus {
    fn from(surplus: portolan_acquire::Surplus) -> Self {
        Self {
            path: surplus.path,
            is_chart: surplus.is_chart,
        }
    }
}

async fn list(session: &Session, format: Format, args: &ListArgs) -> anyhow::Result<()> {
    let folder = &args.folder.folder;
    let listing = session.acquirer.dependencies(folder).await?;
    output::answer(format, &Listed::from(listing), |listed| {
        listed.text(folder, args.max_col_width)
    })
}

impl From<Listing> for Listed {
    fn from(listing: Listing) -> Self {
        let dependencies = listing.dependencies.into_iter().map(|each| Dependency {
            name: each.name,
            version: each.version,
            repository: each.repository,
            status: each.state.to_string(),
        });
        Self {
            dependencies: dependencies.collect(),
            surplus: listing.surplus.into_iter().map(Surplus::from).collect(),
        }
    }
}

impl Listed {
    /// As `helm dependency list` prints it.
    fn text(&self, folder: &Path, widest: usize) -> String {
        if self.dependencies.is_empty() {
            let charts = joined(folder, "charts");
            return format!("WARNING: no dependencies at {charts}\n");
        }
        let heading = ["NAME", "VERSION", "REPOSITORY", "STATUS"].map(str::to_owned);
        let rows = self.dependencies.iter().map(|it| {
            let (name, version) = (it.name.clone(), it.version.clone());
            [name, version, it.repository.clone(), it.status.clone()]
        });
        let rows: Vec<_> = std::iter::once(heading).chain(rows).collect();
        let mut text = table(widest, &rows) + "\n";
        for surplus in &self.surplus {
            let path = joined(folder, &surplus.path);
            let what = if surplus.is_chart {
                "in Chart.yaml"
            } else {
                "a chart"
            };
            // Writing to a string does not fail.
            let _ = writeln!(text, "WARNING: {path:?} is not {what}.");
        }
        text
    }
}

/// As Go joins paths: `.` is nothing.
fn joined(folder: &Path, path: &str) -> String {
    let joined: PathBuf = folder
        .components()
        .filter(|part| *part != Component::CurDir)
        .collect();
    joined.join(path).display().to_string()
}

/// What came of bringing dependencies.
#[derive(Debug, Default, Serialize)]
pub(super) struct Brought {
    saved: Vec<Saved>,
    removed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Saved {
    file: String,
    #[serde(flatten)]
    chart: Origin,
}

/// A chart, and where it was taken from.
#[derive(Debug, Serialize)]
pub(super) struct Origin {
    name: String,
    version: String,
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest_digest: Option<String>,
}

impl From<&Taken> for Origin {
    fn from(taken: &Taken) -> Self {
        Self {
            name: taken.name.clone(),
            version: taken.version.clone(),
            from: taken.from.clone(),
            digest: taken.digest.as_ref().map(ToString::to_string),
            manifest_digest: taken.manifest_digest.as_ref().map(ToString::to_string),
        }
    }
}

/// Bring what the chart in `folder` depends on: in versions that are chosen anew, or those of the
/// lock file.
pub(super) async fn bring(session: &Session, folder: &Path, anew: bool) -> anyhow::Result<Brought> {
    let repositories = session.dependencies()?;
    let bar = Bar::of_steps("Reading the chart");
    let told = Mutex::new(Brought::default());
    let tell = |step: Step| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Resolving(count) => bar.tell(format!("Resolving {count} dependencies")),
            Step::Downloading(count) => bar.tell(format!("Downloading {count} charts")),
            Step::Saved { file, taken } => told.saved.push(Saved {
                file: format!("charts/{file}"),
                chart: Origin::from(&taken),
            }),
            Step::Removed { file } => told.removed.push(format!("charts/{file}")),
            _ => {}
        }
    };
    let now = now();
    let acquirer = &session.acquirer;
    let brought = if anew {
        acquirer
            .update_dependencies(folder, &repositories, now, tell)
            .await?
    } else {
        acquirer
            .build_dependencies(folder, &repositories, now, tell)
            .await?
    };
    drop(bar);
    let mut told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
    told.lock = brought.lock;
    Ok(told)
}

impl Brought {
    fn text(&self) -> String {
        let mut text = String::new();
        for saved in &self.saved {
            let _ = writeln!(text, "Saved:   {} from {}", saved.file, saved.chart.from);
        }
        for file in &self.removed {
            let _ = writeln!(text, "Removed: {file}");
        }
        if let Some(file) = self.lock.as_deref().and_then(Path::file_name) {
            let _ = writeln!(text, "Locked:  {}", file.display());
        }
        text
    }
}
