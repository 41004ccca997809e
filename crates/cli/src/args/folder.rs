//! Commands about charts in folders.

use std::path::PathBuf;

use clap::{Args as Group, Subcommand};

#[derive(Debug, Group)]
#[command(arg_required_else_help = true)]
pub(crate) struct DependencyArgs {
    #[command(subcommand)]
    pub(crate) command: DependencyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DependencyCommand {
    /// List what the chart depends on, and whether charts/ has it
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Choose versions for what Chart.yaml requires, bring them into charts/, write Chart.lock
    #[command(visible_alias = "up")]
    Update(FolderArgs),
    /// Bring the versions of Chart.lock into charts/; without a Chart.lock, update
    Build(FolderArgs),
}

#[derive(Debug, Group)]
pub(crate) struct FolderArgs {
    /// The folder of the chart
    #[arg(value_name = "CHART", default_value = ".")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Group)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) folder: FolderArgs,
    /// The widest a column gets
    #[arg(long, value_name = "WIDTH", default_value_t = 80)]
    pub(crate) max_col_width: usize,
}

#[derive(Debug, Group)]
pub(crate) struct PackageArgs {
    /// The folders of the charts
    #[arg(value_name = "CHART", required = true)]
    pub(crate) folders: Vec<PathBuf>,
    /// The folder to write to
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    pub(crate) destination: PathBuf,
    /// Give the chart this version
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// Let the chart say that this is what it installs
    #[arg(long, value_name = "VERSION")]
    pub(crate) app_version: Option<String>,
    /// Run `dependency update` before
    #[arg(long, short = 'u')]
    pub(crate) dependency_update: bool,
    /// Merge this file of the chart into its values.yaml, later ones over earlier ones. Repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) values_file: Vec<String>,
    /// Pass over values files that are not there
    #[arg(long, requires = "values_file")]
    pub(crate) ignore_missing_values_files: bool,
}
