//! The flags of `local`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::ArgAction::Append;
use clap::{Args, ValueEnum};
use url::Url;

use crate::flags::parse;
use crate::flags::run::LogLevel;
use crate::local::LocalSource;

/// The flags of `local`.
#[derive(Debug, Args)]
pub(crate) struct LocalFlags {
    /// The folder of manifests: .yaml, .yml and .json, at any depth; it is never written
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Tell how every object is after its first attempt, and end: with 0 if all are ready, 1 if not,
    /// 2 if files or arguments cannot be used
    ///
    /// An attempt that meets an unreachable registry has tried three times by then, in about a
    /// second. Objects that are suspended, and repositories of type oci, are neither ready nor not.
    #[arg(long)]
    pub(crate) once: bool,
    /// How long --once waits for answers
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse::duration)]
    pub(crate) timeout: Duration,
    /// How to tell: text for people; json is an array with --once, else one object a line
    #[arg(long, short, value_name = "FORM", value_enum, default_value = "text")]
    pub(crate) output: Output,
    /// Where artifacts are stored, and kept; else a temporary folder that is removed at the end
    #[arg(long, value_name = "DIR")]
    pub(crate) storage_path: Option<PathBuf>,
    /// Where artifacts are served; port 0 is one that is free
    #[arg(long, value_name = "[HOST]:PORT", default_value = "127.0.0.1:0")]
    pub(crate) storage_addr: String,
    /// Under which address others find the artifacts; else the one they are served at
    #[arg(long, value_name = "[http://]HOST[:PORT]")]
    pub(crate) storage_adv_addr: Option<String>,
    /// Take tokens for REGISTRY from the token service at ORIGIN only; may be given several times
    #[arg(long, value_name = "REGISTRY=ORIGIN", action = Append, value_parser = parse::token_realm)]
    pub(crate) token_realm: Vec<(String, Url)>,
    /// Refuse charts whose bytes do not have the digest that the index of their repository promises,
    /// or of which it promises none
    #[arg(long)]
    pub(crate) require_index_digest: bool,
    /// Which authorities and logs are believed where signatures name no key: a `trusted_root.json`; else
    /// the public Sigstore instance
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root: Option<PathBuf>,
    /// Also write what happens to standard error
    #[arg(long, value_name = "LEVEL", value_enum)]
    pub(crate) log_level: Option<LogLevel>,
    /// Take a folder, or a .tar.gz, for what a `GitRepository` or `Bucket` has fetched; may be given
    /// several times
    #[arg(long, value_name = "KIND/NS/NAME=DIR|TGZ", action = Append)]
    pub(crate) source: Vec<LocalSource>,
}

/// How to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For pipelines.
    Json,
}
