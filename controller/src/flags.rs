//! The command line.
//!
//! The flags of `run` are those of Flux's source-controller 1.10, written as Go's
//! [pflag](https://pkg.go.dev/github.com/spf13/pflag) reads them: `--flag value`, `--flag=value`, and
//! `--flag` or `--flag=false` for switches; given twice, the last one counts.

mod gates;
mod local;
mod parse;
mod preflight;
mod run;
#[cfg(test)]
mod tests;
mod without_effect;

use std::ffi::OsString;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

pub(crate) use crate::flags::local::{LocalFlags, Output};
pub(crate) use crate::flags::preflight::PreflightFlags;
pub(crate) use crate::flags::run::{LogEncoding, LogLevel, Reconciling, RunFlags};
pub(crate) use crate::flags::without_effect::given_without_effect;

/// A drop-in for the Helm and OCI half of Flux's source-controller.
#[derive(Debug, Parser)]
#[command(
    name = "portolan-controller",
    version,
    propagate_version = true,
    args_override_self = true
)]
pub(crate) struct Flags {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reconcile the objects of a cluster.
    ///
    /// May be left out: `portolan-controller --flag` is `portolan-controller run --flag`, so that
    /// Flux's own Deployment needs another image and nothing else.
    Run(Box<RunFlags>),
    /// Reconcile the objects in a folder of manifests, without a cluster.
    Local(LocalFlags),
    /// Find charts whose spec.verify Flux takes and this controller refuses, before it takes Flux's place:
    /// ends with 0 if there is none, 1 if there is one, 2 if nobody can tell.
    ///
    /// Nothing is written. `HelmCharts` and `HelmRepositories` of all namespaces are listed, and the Secrets
    /// that spec.verify names are read.
    Preflight(PreflightFlags),
    /// Print the custom resource definitions as YAML.
    Crds,
    /// Print the version.
    Version,
}

/// Which variable stands in for which flag when the flag is not given. An empty variable does not.
const FROM_ENVIRONMENT: &[(&str, &str)] = &[
    ("metrics_addr", "METRICS_ADDR"),
    ("events_addr", "EVENTS_ADDR"),
    ("storage_path", "STORAGE_PATH"),
    ("storage_addr", "STORAGE_ADDRESS"),
    ("storage_adv_addr", "STORAGE_ADV_ADDR"),
];

/// Read the command line `arguments`, the first of which is the name of the command. The second part
/// of the answer tells which flags were given.
///
/// # Errors
///
/// What is wrong, or the help that was asked for.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<(Flags, ArgMatches), clap::Error> {
    let mut command = command(environment);
    let matches = command.try_get_matches_from_mut(with_subcommand(arguments))?;
    let flags = Flags::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    Ok((flags, matches))
}

/// The command line, with defaults from the environment, and with a note where a flag does nothing.
fn command(environment: impl Fn(&str) -> Option<String>) -> clap::Command {
    Flags::command().mut_subcommand("run", |mut run| {
        for (flag, variable) in FROM_ENVIRONMENT {
            let value = environment(variable).filter(|value| !value.is_empty());
            run = run.mut_arg(flag, |arg| {
                let help = format!("{} [env: {variable}]", arg.get_help().unwrap_or_default());
                let arg = arg.help(help).long_help(None);
                match value {
                    Some(value) => arg.default_value(value),
                    None => arg,
                }
            });
        }
        without_effect::note(run)
    })
}

/// `run` is meant where no subcommand is named.
fn with_subcommand(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    const NOT_FLAGS_OF_RUN: [&str; 4] = ["-h", "--help", "-V", "--version"];
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let first = arguments.get(1).and_then(|argument| argument.to_str());
    if first.is_some_and(|first| first.starts_with('-') && !NOT_FLAGS_OF_RUN.contains(&first)) {
        arguments.insert(1, "run".into());
    }
    arguments
}
