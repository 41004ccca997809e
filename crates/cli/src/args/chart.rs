//! Commands about a chart that lies elsewhere.

use std::path::PathBuf;

use clap::{Args as Group, ValueEnum};

use crate::args::PolicyArgs;

#[derive(Debug, Clone, Group)]
pub(crate) struct ChartArgs {
    /// The chart: `oci://HOST/PATH/CHART`, with `:VERSION` behind it if you like; its name, with
    /// --repo; or `NAME/CHART` for a repository that `helm repo add` was told of
    #[arg(value_name = "CHART")]
    pub(crate) reference: String,
    /// The repository, `https://…` or `oci://…`, or `@NAME` as above
    #[arg(long, value_name = "URL")]
    pub(crate) repo: Option<String>,
    /// A version, or a range such as '>=1.2 <2' or '~1.4'. Default: the highest stable version
    #[arg(long, value_name = "RANGE")]
    pub(crate) version: Option<String>,
}

#[derive(Debug, Group)]
pub(crate) struct PullArgs {
    #[command(flatten)]
    pub(crate) chart: ChartArgs,
    /// The folder to write to
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    pub(crate) destination: PathBuf,
    /// Unpack the chart as well
    #[arg(long)]
    pub(crate) untar: bool,
    /// The folder to unpack into, below the destination
    #[arg(long, value_name = "DIR", requires = "untar")]
    pub(crate) untardir: Option<PathBuf>,
    /// Refuse a chart that has not the digest that the index of its repository tells
    #[arg(long)]
    pub(crate) require_index_digest: bool,
    /// Write nothing that is not signed as the flags under Signatures demand
    #[arg(long)]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

#[derive(Debug, Group)]
pub(crate) struct VerifyArgs {
    /// What is to be signed: `oci://HOST/PATH:TAG` or `oci://HOST/PATH@DIGEST`; `oci://` may be left out
    #[arg(value_name = "REF")]
    pub(crate) reference: String,
    /// Look at this Sigstore bundle, not at what the registry has. Repeatable
    #[arg(long = "bundle", value_name = "FILE")]
    pub(crate) bundles: Vec<PathBuf>,
    /// Write down which signatures were looked at
    #[arg(long, value_name = "FILE")]
    pub(crate) capture: Option<PathBuf>,
    /// Look at what --capture wrote down, not at what the registry has
    #[arg(long, value_name = "FILE", conflicts_with_all = ["bundles", "capture"])]
    pub(crate) captured: Option<PathBuf>,
    /// Tell as well which signatures do not count, and why
    #[arg(long, short)]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

#[derive(Debug, Group)]
pub(crate) struct PushArgs {
    /// The chart: a folder or an archive
    #[arg(value_name = "CHART")]
    pub(crate) chart: PathBuf,
    /// Where to, `oci://HOST/PATH`. The chart's name and version are added
    #[arg(value_name = "REMOTE")]
    pub(crate) remote: String,
}

#[derive(Debug, Group)]
pub(crate) struct VersionsArgs {
    #[command(flatten)]
    pub(crate) chart: ChartArgs,
}

#[derive(Debug, Group)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) chart: ChartArgs,
}

#[derive(Debug, Group)]
pub(crate) struct ShowArgs {
    /// Which part
    pub(crate) part: Part,
    #[command(flatten)]
    pub(crate) chart: ChartArgs,
}

/// A part of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Its Chart.yaml
    Chart,
    /// Its values.yaml
    Values,
    /// Its README.md
    Readme,
}

#[derive(Debug, Group)]
pub(crate) struct SearchArgs {
    /// Text in the name, the description or a keyword, in whatever case. Default: everything
    #[arg(value_name = "KEYWORD")]
    pub(crate) keywords: Vec<String>,
    /// The repository, `https://…`, or `@NAME`. Default: every one that `helm repo add` was told of
    #[arg(long, value_name = "URL")]
    pub(crate) repo: Option<String>,
    /// Which versions count. Default: stable ones
    #[arg(long, value_name = "RANGE")]
    pub(crate) version: Option<String>,
    /// Pre-releases count as well
    #[arg(long, conflicts_with = "version")]
    pub(crate) devel: bool,
    /// Tell of every version, not only of the highest
    #[arg(long, short = 'l')]
    pub(crate) versions: bool,
    /// The widest a column gets
    #[arg(long, value_name = "WIDTH", default_value_t = 50)]
    pub(crate) max_col_width: usize,
    /// Nothing found is an error (exit code 3)
    #[arg(long)]
    pub(crate) fail_on_no_result: bool,
}
