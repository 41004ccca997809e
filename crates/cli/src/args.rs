//! What can be asked for.

use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};

/// Pull, push, list, show and explain Helm charts in OCI registries.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
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

const AFTER_HELP: &str = "\
Credentials come from --username and --password-stdin, else from --registry-config, else from the
files that `helm registry login` and `docker login` write. Credential helpers are never run.

Exit codes:
  0  done
  1  something on this machine: a file, a folder, a flag's value
  2  the command line could not be read
  3  the registry has no such chart, or no version in the range
  4  the registry refused the credential, or wants one
  5  the registry could not be reached or was not able to answer; try again later
  6  what the registry sent was not what it promised, too large, or no chart";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Download a chart
    #[command(visible_alias = "fetch")]
    Pull(PullArgs),
    /// Upload a chart, from a folder or an archive
    Push(PushArgs),
    /// List the versions of a chart, highest first
    Versions(VersionsArgs),
    /// Tell which version a range chooses, and why not the others
    Explain(ExplainArgs),
    /// Show what a chart says about itself
    Show(ShowArgs),
}

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Which registry is believed, and who we are to it.
#[derive(Debug, Clone, Group)]
#[command(next_help_heading = "Registry")]
pub(crate) struct RegistryArgs {
    /// A docker config file with credentials, in place of those of helm and docker
    #[arg(long, global = true, value_name = "FILE", env = "HELM_REGISTRY_CONFIG")]
    pub(crate) registry_config: Option<PathBuf>,
    /// Log in under this name; the password is read with --password-stdin
    #[arg(long, global = true, value_name = "NAME", requires = "password_stdin")]
    pub(crate) username: Option<String>,
    /// Read the password from standard input
    #[arg(long, global = true, requires = "username")]
    pub(crate) password_stdin: bool,
    /// Speak HTTP without TLS. Others on the way can read and change what is sent
    #[arg(long, global = true)]
    pub(crate) plain_http: bool,
    /// Believe servers with a certificate of these authorities as well (PEM)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Show this certificate to servers that ask for one (PEM)
    #[arg(long, global = true, value_name = "FILE", requires = "key_file")]
    pub(crate) cert_file: Option<PathBuf>,
    /// The key of that certificate (PEM)
    #[arg(long, global = true, value_name = "FILE", requires = "cert_file")]
    pub(crate) key_file: Option<PathBuf>,
    /// Send credentials for REGISTRY to no other token service than ORIGIN. Repeatable
    #[arg(long, global = true, value_name = "REGISTRY=ORIGIN")]
    pub(crate) token_realm: Vec<String>,
}

#[derive(Debug, Clone, Group)]
pub(crate) struct ChartArgs {
    /// The chart, `oci://HOST/PATH/CHART`, with `:VERSION` behind it if you like
    #[arg(value_name = "REF")]
    pub(crate) reference: String,
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
