//! The flags of `run`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::ArgAction::{Append, Set};
use clap::{Args, ValueEnum};
use portolan_reference::Algorithm;
use url::Url;

use crate::backoff::Pace;
use crate::flags::gates::{self, FeatureGates};
use crate::flags::parse::{self, EventsAddress};
use crate::leader::Terms;

/// The flags of `run`.
#[derive(Debug, Args)]
#[command(next_help_heading = None)]
pub(crate) struct RunFlags {
    #[command(flatten)]
    pub(crate) addresses: Addresses,
    #[command(flatten)]
    pub(crate) storage: Storage,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) caches: Caches,
    #[command(flatten)]
    pub(crate) reconciling: Reconciling,
    #[command(flatten)]
    pub(crate) watching: Watching,
    #[command(flatten)]
    pub(crate) leader_election: LeaderElection,
    #[command(flatten)]
    pub(crate) access: Access,
    #[command(flatten)]
    pub(crate) spiffe: Spiffe,
    #[command(flatten)]
    pub(crate) logs: Logs,
}

/// Where to listen, and where to post.
#[derive(Debug, Args)]
#[command(next_help_heading = "Addresses")]
#[expect(clippy::struct_field_names, reason = "they are Flux's flags")]
pub(crate) struct Addresses {
    /// Where metrics are served, under /metrics; `0` for nowhere
    #[arg(long, value_name = "[HOST]:PORT", default_value = ":8080")]
    pub(crate) metrics_addr: String,
    /// Where /healthz and /readyz are served; `0` for nowhere
    #[arg(long, value_name = "[HOST]:PORT", default_value = ":9440")]
    pub(crate) health_addr: String,
    /// Where events are posted: Flux's notification-controller; empty for nowhere
    #[arg(long, value_name = "URL", default_value = "", value_parser = parse::events_address)]
    pub(crate) events_addr: EventsAddress,
    /// Where artifacts are served
    #[arg(long, value_name = "[HOST]:PORT", default_value = ":9090")]
    pub(crate) storage_addr: String,
    /// Under which address others find the artifacts; from --storage-addr and the host name if empty
    #[arg(long, value_name = "[http://]HOST[:PORT]", default_value = "")]
    pub(crate) storage_adv_addr: String,
}

/// What is stored, and for how long.
#[derive(Debug, Args)]
#[command(next_help_heading = "Storage")]
#[expect(clippy::struct_field_names, reason = "they are Flux's flags")]
pub(crate) struct Storage {
    /// The directory that artifacts are stored in; it must exist
    #[arg(long, value_name = "DIR", default_value = "/data")]
    pub(crate) storage_path: PathBuf,
    /// How old an artifact may become that is no longer the current one
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = parse::duration)]
    pub(crate) artifact_retention_ttl: Duration,
    /// How many artifacts of an object are kept within that time, the current one included
    #[arg(long, value_name = "NUMBER", default_value = "2")]
    pub(crate) artifact_retention_records: usize,
    /// How new artifacts are hashed: sha256, sha384, sha512 or blake3
    #[arg(long, value_name = "ALGORITHM", default_value = "sha256", value_parser = parse::algorithm)]
    pub(crate) artifact_digest_algo: Algorithm,
}

/// How large things may be.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
#[expect(clippy::struct_field_names, reason = "they are Flux's flags")]
pub(crate) struct Limits {
    /// The largest index of a repository, in bytes
    #[arg(long, value_name = "BYTES", default_value = "52428800")]
    pub(crate) helm_index_max_size: u64,
    /// The largest chart archive, in bytes
    #[arg(long, value_name = "BYTES", default_value = "10485760")]
    pub(crate) helm_chart_max_size: u64,
    /// The largest metadata file in a chart, in bytes
    #[arg(long, value_name = "BYTES", default_value = "5242880")]
    pub(crate) helm_chart_file_max_size: u64,
}

/// What is remembered.
#[derive(Debug, Args)]
#[command(next_help_heading = "Caches")]
pub(crate) struct Caches {
    /// How many indexes are kept in memory
    #[arg(long, value_name = "NUMBER", default_value = "0")]
    pub(crate) helm_cache_max_size: u64,
    /// For how long, after one was looked into last
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = parse::duration)]
    pub(crate) helm_cache_ttl: Duration,
    /// How often those that are too old are removed
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = parse::duration)]
    pub(crate) helm_cache_purge_interval: Duration,
    /// How many cloud tokens are kept; 0 for none
    #[arg(long, value_name = "NUMBER", default_value = "100")]
    pub(crate) token_cache_max_size: u64,
    /// For how long
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse::duration)]
    pub(crate) token_cache_max_duration: Duration,
}

/// How often and how many at a time.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reconciling")]
pub(crate) struct Reconciling {
    /// How many objects of a kind are worked on at a time
    #[arg(long, value_name = "NUMBER", default_value = "2", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) concurrent: u16,
    /// How long to wait for a dependency
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse::duration)]
    pub(crate) requeue_dependency: Duration,
    /// By how much an interval may differ from what was asked for, up and down: 0 to 99
    #[arg(long, value_name = "PERCENT", default_value = "5", value_parser = clap::value_parser!(u8).range(0..=99))]
    pub(crate) interval_jitter_percentage: u8,
    /// The wait after a first failure; it doubles with each further one
    #[arg(long, value_name = "DURATION", default_value = "750ms", value_parser = parse::duration)]
    pub(crate) min_retry_delay: Duration,
    /// What that wait grows to
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = parse::duration)]
    pub(crate) max_retry_delay: Duration,
    /// Features to switch, as in Name=true,Other=false
    #[arg(long, value_name = "GATES", action = Append)]
    feature_gates: Vec<String>,
}

impl Reconciling {
    /// How long to wait between passes.
    pub(crate) fn pace(&self) -> Pace {
        Pace {
            min_retry: self.min_retry_delay,
            max_retry: self.max_retry_delay,
            jitter_percentage: self.interval_jitter_percentage,
        }
    }

    /// All feature gates that were set.
    ///
    /// # Errors
    ///
    /// What is wrong with one: there is none of that name, or its value is none.
    pub(crate) fn feature_gates(&self) -> Result<FeatureGates, String> {
        gates::parse(&self.feature_gates.join(","))
    }
}

/// Which objects.
#[derive(Debug, Args)]
#[command(next_help_heading = "Watching")]
pub(crate) struct Watching {
    /// Watch all namespaces; if not, the one that `RUNTIME_NAMESPACE` names
    #[arg(long, value_name = "BOOL", default_value = "true", default_missing_value = "true", num_args = 0..=1, require_equals = true, action = Set, value_parser = parse::boolean)]
    pub(crate) watch_all_namespaces: bool,
    /// Watch objects with these labels only; each selector elects a leader of its own
    #[arg(long, value_name = "SELECTOR", default_value = "")]
    pub(crate) watch_label_selector: String,
    /// Which `ConfigMaps` and `Secrets` to watch
    #[arg(
        long,
        value_name = "SELECTOR",
        default_value = "reconcile.fluxcd.io/watch=Enabled"
    )]
    pub(crate) watch_configs_label_selector: String,
    /// The `ServiceAccount` of objects that name none
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) default_service_account: String,
    /// How to reach the API server; else `KUBECONFIG`, else the `ServiceAccount` of the pod
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// How many requests a second
    #[arg(long, value_name = "NUMBER", default_value = "50")]
    pub(crate) kube_api_qps: f32,
    /// How many requests in a row
    #[arg(long, value_name = "NUMBER", default_value = "300")]
    pub(crate) kube_api_burst: i64,
}

/// One of several processes works.
#[derive(Debug, Args)]
#[command(next_help_heading = "Leader election")]
#[expect(clippy::struct_field_names, reason = "they are Flux's flags")]
pub(crate) struct LeaderElection {
    /// Work only as the leader of those who share a lease in `RUNTIME_NAMESPACE`
    #[arg(long, value_name = "BOOL", default_value = "false", default_missing_value = "true", num_args = 0..=1, require_equals = true, action = Set, value_parser = parse::boolean)]
    pub(crate) enable_leader_election: bool,
    /// Give the lease back at the end, so that the next one need not wait for it to run out
    #[arg(long, value_name = "BOOL", default_value = "true", default_missing_value = "true", num_args = 0..=1, require_equals = true, action = Set, value_parser = parse::boolean)]
    pub(crate) leader_election_release_on_cancel: bool,
    /// How long others wait for a sign of life before one of them takes over
    #[arg(long, value_name = "DURATION", default_value = "35s", value_parser = parse::duration)]
    leader_election_lease_duration: Duration,
    /// How long the leader goes on without one before it gives up
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse::duration)]
    leader_election_renew_deadline: Duration,
    /// How long to wait between two tries
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse::duration)]
    leader_election_retry_period: Duration,
}

impl LeaderElection {
    /// How long to hold on to the lease.
    pub(crate) fn terms(&self) -> Terms {
        Terms {
            lease_duration: self.leader_election_lease_duration,
            renew_deadline: self.leader_election_renew_deadline,
            retry_period: self.leader_election_retry_period,
        }
    }
}

/// How registries and others are reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "Access")]
pub(crate) struct Access {
    /// Take tokens for REGISTRY from the token service at ORIGIN only; may be given several times
    #[arg(long, value_name = "REGISTRY=ORIGIN", action = Append, value_parser = parse::token_realm)]
    pub(crate) token_realm: Vec<(String, Url)>,
    /// Refuse charts whose bytes do not have the digest that the index of their repository promises,
    /// or of which it promises none
    #[arg(long, value_name = "BOOL", default_value = "false", default_missing_value = "true", num_args = 0..=1, require_equals = true, action = Set, value_parser = parse::boolean)]
    pub(crate) require_index_digest: bool,
    /// Which authorities and logs are believed where signatures name no key: a `trusted_root.json`; else
    /// the public Sigstore instance
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root: Option<PathBuf>,
    /// Key exchange algorithms of SSH
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) ssh_kex_algos: Vec<String>,
    /// Host key algorithms of SSH
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) ssh_hostkey_algos: Vec<String>,
}

/// Mutual TLS between controllers. This build has none, so it refuses to start with one of these.
#[derive(Debug, Args)]
#[command(next_help_heading = "SPIFFE (not supported by this build: it refuses to start)")]
#[expect(clippy::struct_field_names, reason = "they are Flux's flags")]
pub(crate) struct Spiffe {
    /// Who may fetch artifacts; may be given several times
    #[arg(long, value_name = "ID", action = Append)]
    authorized_artifact_client_spiffe_id: Vec<String>,
    /// Who may receive events; may be given several times
    #[arg(long, value_name = "ID", action = Append)]
    authorized_event_server_spiffe_id: Vec<String>,
    /// Where identities of objects come from
    #[arg(long, value_name = "TARGET", default_value = "")]
    spiffe_broker_endpoint: String,
    /// Who may hand them out; may be given several times
    #[arg(long, value_name = "ID", action = Append)]
    spiffe_broker_id: Vec<String>,
}

impl Spiffe {
    /// Refuse what this build cannot honour: artifacts that were to be guarded by mutual TLS must not
    /// be served in the clear.
    ///
    /// # Errors
    ///
    /// The flag that was given.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let given = [
            (
                !self.authorized_artifact_client_spiffe_id.is_empty(),
                "--authorized-artifact-client-spiffe-id",
            ),
            (
                !self.authorized_event_server_spiffe_id.is_empty(),
                "--authorized-event-server-spiffe-id",
            ),
            (
                !self.spiffe_broker_endpoint.is_empty(),
                "--spiffe-broker-endpoint",
            ),
            (!self.spiffe_broker_id.is_empty(), "--spiffe-broker-id"),
        ];
        match given.into_iter().find(|(is_given, _)| *is_given) {
            Some((_, flag)) => Err(flag),
            None => Ok(()),
        }
    }
}

/// What is written to standard error.
#[derive(Debug, Args)]
#[command(next_help_heading = "Logs")]
pub(crate) struct Logs {
    /// What is worth a line
    #[arg(long, value_name = "LEVEL", value_enum, default_value = "info")]
    pub(crate) log_level: LogLevel,
    /// How a line is written
    #[arg(long, value_name = "ENCODING", value_enum, default_value = "json")]
    pub(crate) log_encoding: LogEncoding,
}

/// What is worth a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Everything.
    Trace,
    /// What helps to find a fault.
    Debug,
    /// What happened.
    Info,
    /// What went wrong.
    Error,
}

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogEncoding {
    /// As JSON, with the keys that `flux logs` looks for.
    Json,
    /// For people.
    Console,
}
