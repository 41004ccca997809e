//! `portolan package`

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use portolan_acquire::{PackageOptions, Packaged, Recipe};
use serde::Serialize;

use crate::args::{Format, PackageArgs};
use crate::command::dependency::{Origin, bring};
use crate::output;
use crate::progress::Bar;
use crate::session::Session;

#[derive(Debug, Serialize)]
struct Answer {
    chart: String,
    version: String,
    path: PathBuf,
    digest: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values_files: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<Origin>,
}

pub(crate) async fn run(
    session: &Session,
    format: Format,
    args: &PackageArgs,
) -> anyhow::Result<()> {
    let repositories = session.dependencies()?;
    let destination = destination(&args.destination)?;
    let options = options(args);
    let mut answers = Vec::new();
    for folder in &args.folders {
        if args.dependency_update {
            bring(session, folder, true).await?;
        }
        let bar = Bar::of_steps(&format!("Packaging {}", folder.display()));
        let packaged = session
            .acquirer
            .package(folder, &destination, &options, &repositories)
            .await?;
        drop(bar);
        answers.push(Answer::from(packaged));
    }
    output::answer(format, &answers, |answers| {
        let line = |answer: &Answer| {
            let path = answer.path.display();
            format!("Successfully packaged chart and saved it to: {path}\n")
        };
        answers.iter().map(line).collect()
    })
}

/// The folder to write to, which is created; as Helm tells of it, the current one by its whole path.
fn destination(path: &Path) -> anyhow::Result<PathBuf> {
    if path == Path::new(".") {
        return env::current_dir().context("cannot tell where this is run");
    }
    fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))?;
    Ok(path.to_owned())
}

fn options(args: &PackageArgs) -> PackageOptions {
    let recipe = Recipe::new().values_files(&args.values_file);
    PackageOptions {
        version: args.version.clone(),
        app_version: args.app_version.clone(),
        recipe: if args.ignore_missing_values_files {
            recipe.ignore_missing_values_files()
        } else {
            recipe
        },
    }
}

impl From<Packaged> for Answer {
    fn from(packaged: Packaged) -> Self {
        Self {
            chart: packaged.metadata.name,
            version: packaged.metadata.version,
            path: packaged.path,
            digest: packaged.digest.to_string(),
            values_files: packaged.values_files,
            dependencies: packaged.dependencies.iter().map(Origin::from).collect(),
        }
    }
}
