//! What can be asked for.

mod chart;
mod connection;
mod folder;
mod policy;

use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use self::chart::{
    ChartArgs, ExplainArgs, Part, PullArgs, PushArgs, SearchArgs, ShowArgs, VerifyArgs,
    VersionsArgs,
};
pub(crate) use self::connection::ConnectionArgs;
pub(crate) use self::folder::{DependencyArgs, DependencyCommand, ListArgs, PackageArgs};
pub(crate) use self::policy::{ISSUER, IdentityArgs, PolicyArgs, SUBJECT};

/// Pull, push, search, show, explain and verify Helm charts; build and package your own.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// How answers are written
    #[arg(
        long,
        short,
        global = true,
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub(crate) output: Format,
}

impl Args {
    /// Whether more is wanted to be told than usual.
    pub(crate) fn verbose(&self) -> bool {
        matches!(&self.command, Command::Verify(verify) if verify.verbose)
    }
}

const AFTER_HELP: &str = "\
Credentials come from --username and --password-stdin; else, for registries, from --registry-config
or the files that `helm registry login` and `docker login` write, and for repositories with an index
from --repository-config or the file that `helm repo add` writes. Credential helpers are never run.

Exit codes:
  0  done
  1  something on this machine: a file, a folder, a flag's value
  2  the command line could not be read
  3  there is no such chart, or no version in the range
  4  the registry or repository refused the credential, or wants one
  5  the registry or repository could not be reached or was not able to answer; try again later
  6  what was sent was not what it promised, too large, or no chart
  7  it is not signed as was demanded";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Download a chart
    #[command(visible_alias = "fetch")]
    Pull(PullArgs),
    /// Upload a chart, from a folder or an archive
    Push(PushArgs),
    /// Check who signed a chart, or anything else in a registry
    Verify(VerifyArgs),
    /// List the versions of a chart, highest first
    Versions(VersionsArgs),
    /// Tell which version a range chooses, and why not the others
    Explain(ExplainArgs),
    /// Show what a chart says about itself
    Show(ShowArgs),
    /// Look for charts in repositories with an index
    Search(SearchArgs),
    /// Bring what a chart in a folder depends on
    #[command(visible_aliases = ["dep", "dependencies"])]
    Dependency(DependencyArgs),
    /// Package charts in folders, with what they depend on
    Package(PackageArgs),
}

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}
