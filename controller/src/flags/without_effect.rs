//! Flags that are taken, so that Flux's manifests work as they are, and do nothing.

use clap::ArgMatches;
use clap::parser::ValueSource;

/// The flag as clap names it, and why it does nothing.
pub(super) const WITHOUT_EFFECT: &[(&str, &str)] = &[
    (
        "helm_cache_max_size",
        "indexes are kept by their weight, 64 MiB in all",
    ),
    (
        "helm_cache_purge_interval",
        "indexes that are too old are let go when another one is looked into",
    ),
    (
        "requeue_dependency",
        "nothing waits for it, as in source-controller",
    ),
    ("token_cache_max_size", "there are no cloud identities yet"),
    (
        "token_cache_max_duration",
        "there are no cloud identities yet",
    ),
    (
        "default_service_account",
        "there are no cloud identities yet",
    ),
    (
        "watch_configs_label_selector",
        "nothing watches configurations, as in source-controller",
    ),
    (
        "kube_api_qps",
        "requests are limited by the API server, by priority and fairness",
    ),
    (
        "kube_api_burst",
        "requests are limited by the API server, by priority and fairness",
    ),
    ("ssh_kex_algos", "there are no Git repositories here"),
    ("ssh_hostkey_algos", "there are no Git repositories here"),
];

/// `command` with a note in the help of each such flag.
pub(super) fn note(mut command: clap::Command) -> clap::Command {
    for (flag, why) in WITHOUT_EFFECT {
        command = command.mut_arg(flag, |arg| {
            let help = format!("{} (no effect: {why})", arg.get_help().unwrap_or_default());
            arg.help(help).long_help(None)
        });
    }
    command
}

/// A sentence for each flag that was given and does nothing.
pub(crate) fn given_without_effect(matches: &ArgMatches) -> Vec<String> {
    let Some(run) = matches.subcommand_matches("run") else {
        return Vec::new();
    };
    WITHOUT_EFFECT
        .iter()
        .filter(|(flag, _)| run.value_source(flag) == Some(ValueSource::CommandLine))
        .map(|(flag, why)| format!("--{} has no effect: {why}", flag.replace('_', "-")))
        .collect()
}
