//! The command `run`: the controller of a cluster.

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use kube::Client;
use kube::runtime::reflector::store::Writer;
use portolan_acquire::{Acquirer, Limits, TrustRoots};
use portolan_api::{Bucket, GitRepository, HelmChart, HelmRepository};
use portolan_auth::Transport;
use portolan_store::{Address, Options, Store, host_name};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{error, info, warn};

use crate::clock::now;
use crate::cluster::{Kubernetes, Scope, connect};
use crate::context::{Context, Settings};
use crate::engine::Engine;
use crate::events::{Notifier, Recorder};
use crate::flags::{Reconciling, RunFlags};
use crate::kind::{Reconcile, Watched};
use crate::leader::{Candidate, Leadership, Lease, Seat, lease_name};
use crate::listen::Port;
use crate::metrics::Metrics;
use crate::news::Announcer;
use crate::observer::Observer;
use crate::pages::Pages;
use crate::repository;
use crate::scratch::{Scratch, purge};
use crate::trust_root::{keep_fresh, trust_roots};

/// How long the tasks have to end, of the 10 seconds that a pod has: engines take 8 at most, the file
/// server 5.
const TASKS_GRACE: Duration = Duration::from_millis(8_500);

/// How long events that wait may take to be told.
const EVENTS_GRACE: Duration = Duration::from_millis(500);

/// Run until told to stop by SIGTERM or SIGINT.
///
/// # Errors
///
/// If the start fails, if a part ends that must not, or if the lease is lost. Then the process must
/// end at once: another one may lead.
pub(crate) async fn run(
    flags: RunFlags,
    environment: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<()> {
    let stopped = stop_signals().context("cannot listen to signals")?;
    let scope = check(&flags, &environment)?;
    let ports = Ports::take(&flags).await?;
    let at_hand = Parts::new(&flags).await?;
    let metrics = Metrics::new();
    let (seat, leadership) = if flags.leader_election.enable_leader_election {
        let (seat, leadership) = Seat::empty();
        (Some(seat), leadership)
    } else {
        (None, Leadership::unchallenged())
    };
    let lease = lease_name(scope.selector.as_deref());
    let (serving, served) = watch::channel(false);
    let mut pages = JoinSet::new();
    if let Some(port) = ports.health {
        let health = Pages::health(leadership.clone(), served);
        pages.spawn(health.serve(port.listen()?));
    }
    if let Some(port) = ports.metrics {
        let led_by = seat.is_some().then(|| (lease.clone(), leadership.clone()));
        pages.spawn(Pages::metrics(metrics.clone(), led_by).serve(port.listen()?));
    }
    let (client, home) = connect(flags.watching.kubeconfig.as_deref(), &metrics).await?;
    let candidate = seat.map(|seat| {
        let namespace = runtime_namespace(&environment).unwrap_or(home);
        let lease = Lease::new(client.clone(), &namespace, lease, identity());
        Candidate::new(lease, flags.leader_election.terms(), seat)
    });
    let work = Work {
        parts: at_hand,
        flags: &flags,
        scope,
        client,
        leadership,
        metrics,
        serving,
    };
    let work = work.until(stopped, ports.storage);
    let Some(mut candidate) = candidate else {
        return work.await;
    };
    let worked = tokio::select! {
        worked = work => worked,
        () = candidate.campaign() => bail!("the lease is lost"),
    };
    if flags.leader_election.leader_election_release_on_cancel {
        candidate.release().await;
    }
    worked
}

/// Who this process is among those who want the lease.
fn identity() -> String {
    format!("{}_{:016x}", host_name(), RandomState::new().hash_one(0_u8))
}

/// Refuse what cannot work, before anything is touched.
fn check(flags: &RunFlags, environment: &impl Fn(&str) -> Option<String>) -> anyhow::Result<Scope> {
    if let Err(flag) = flags.spiffe.check() {
        bail!(
            "{flag} is not supported by this build. Without it artifacts and events would travel in the clear, so it is not passed over: remove the flag, or use a build that has SPIFFE"
        );
    }
    let gates = flags
        .reconciling
        .feature_gates()
        .map_err(anyhow::Error::msg);
    for remark in gates.context("--feature-gates")?.remarks() {
        info!("{remark}");
    }
    if flags.leader_election.enable_leader_election
        && let Err(reason) = flags.leader_election.terms().check()
    {
        bail!(reason);
    }
    let root = &flags.storage.storage_path;
    ensure!(
        root.is_dir(),
        "--storage-path: `{}` is not a directory",
        root.display()
    );
    let selector = &flags.watching.watch_label_selector;
    let namespace = if flags.watching.watch_all_namespaces {
        None
    } else {
        Some(runtime_namespace(environment).context(
            "--watch-all-namespaces=false needs RUNTIME_NAMESPACE to say which namespace to watch",
        )?)
    };
    Ok(Scope {
        namespace,
        selector: (!selector.is_empty()).then(|| selector.clone()),
    })
}

fn runtime_namespace(environment: &impl Fn(&str) -> Option<String>) -> Option<String> {
    environment("RUNTIME_NAMESPACE").filter(|namespace| !namespace.is_empty())
}

/// Ends with the first SIGTERM or SIGINT.
fn stop_signals() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("told to stop");
    })
}

/// The ports, all taken before anything begins, so that one in use is told at the start.
struct Ports {
    storage: Port,
    metrics: Option<Port>,
    health: Option<Port>,
}

impl Ports {
    async fn take(flags: &RunFlags) -> anyhow::Result<Self> {
        let addresses = &flags.addresses;
        Ok(Self {
            storage: Port::take("storage-addr", &addresses.storage_addr).await?,
            metrics: optional("metrics-addr", &addresses.metrics_addr).await?,
            health: optional("health-addr", &addresses.health_addr).await?,
        })
    }
}

/// `0` and nothing mean nowhere, as controller-runtime has it.
async fn optional(flag: &'static str, address: &str) -> anyhow::Result<Option<Port>> {
    if matches!(address, "" | "0") {
        return Ok(None);
    }
    Ok(Some(Port::take(flag, address).await?))
}

/// What can be built without asking anybody.
struct Parts {
    transport: Transport,
    address: Address,
    notifier: Option<Notifier>,
    trust_roots: TrustRoots,
}

impl Parts {
    async fn new(flags: &RunFlags) -> anyhow::Result<Self> {
        let realms = flags.access.token_realm.iter();
        let transport = realms
            .fold(Transport::builder(), |builder, (registry, origin)| {
                builder.token_realm(registry, origin.clone())
            })
            .user_agent(concat!("portolan-controller/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let addresses = &flags.addresses;
        let address = match addresses.storage_adv_addr.as_str() {
            "" => Address::of_listener(&addresses.storage_addr, host_name),
            advertised => Address::new(advertised),
        };
        let events = addresses.events_addr.0.clone();
        let (file, storage) = (&flags.access.trusted_root, &flags.storage.storage_path);
        let trust_roots = trust_roots(file.as_deref(), &transport, storage).await;
        Ok(Self {
            notifier: events.map(|address| Notifier::new(transport.clone(), address, host_name())),
            transport,
            address: address.context("--storage-adv-addr")?,
            trust_roots: trust_roots.context("--trusted-root")?,
        })
    }
}

/// What the leader does.
struct Work<'a> {
    parts: Parts,
    flags: &'a RunFlags,
    scope: Scope,
    client: Client,
    leadership: Leadership,
    metrics: Metrics,
    /// Becomes true when artifacts can be fetched.
    serving: watch::Sender<bool>,
}

impl Work<'_> {
    /// Wait to lead, then serve and reconcile until `stopped`, then let what is under way come to its
    /// end, for 9 seconds at most.
    async fn until(
        mut self,
        stopped: impl Future<Output = ()>,
        storage: Port,
    ) -> anyhow::Result<()> {
        let mut stopped = std::pin::pin!(stopped);
        tokio::select! {
            () = &mut stopped => return Ok(()),
            () = self.leadership.gained() => {}
        }
        let store = self.open_store().await?;
        let listener = storage.listen()?;
        let (events, workers) =
            Recorder::start(&self.client, self.parts.notifier.as_ref(), &self.metrics);
        let (stop, told) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let server = portolan_store::serve(listener, store.clone(), end(told.clone()));
        tasks.spawn(async move { server.await.context("the file server") });
        self.serving.send_replace(true);
        let cluster = Kubernetes::new(
            self.client.clone(),
            self.scope.clone(),
            events,
            self.leadership.clone(),
            self.metrics.clone(),
        );
        let scratch = scratch().await?;
        let repositories = Writer::<HelmRepository>::new(());
        let git_repositories = Writer::<GitRepository>::new(());
        let buckets = Writer::<Bucket>::new(());
        let context = Arc::new(Context {
            cluster,
            acquirer: Acquirer::new(self.parts.transport.clone(), self.limits())
                .with_scratch(scratch.path()),
            store,
            address: self.parts.address.clone(),
            repositories: repositories.as_reader(),
            git_repositories: git_repositories.as_reader(),
            buckets: buckets.as_reader(),
            trust_roots: self.parts.trust_roots.clone(),
            settings: Settings {
                require_index_digest: self.flags.access.require_index_digest,
                ..Settings::default()
            },
        });
        tasks.spawn(fresh(self.parts.trust_roots.clone(), end(told.clone())));
        let (announce, news) = unbounded_channel();
        let announcer = || Announcer::new(announce.clone());
        tasks.spawn(observed(
            &context,
            git_repositories,
            announcer(),
            told.clone(),
        ));
        tasks.spawn(observed(&context, buckets, announcer(), told.clone()));
        let engine = Engine {
            announcer: Some(announcer()),
            ..self.engine(&context, repositories, repository::concerns_us)
        };
        tasks.spawn(looked_after(engine, end(told.clone())));
        let engine = Engine {
            news: Some(news),
            ..self.engine::<HelmChart>(&context, Writer::new(()), |_| true)
        };
        tasks.spawn(looked_after(engine, end(told)));
        info!("serving and reconciling");
        let ended = tokio::select! {
            () = &mut stopped => Ok(()),
            Some(ended) = tasks.join_next() => unexpected(ended),
        };
        stop.send_replace(true);
        let rest = timeout(TASKS_GRACE, async {
            while tasks.join_next().await.is_some() {}
        });
        if rest.await.is_err() {
            warn!("not everything ended in time");
        }
        if timeout(EVENTS_GRACE, workers.finish()).await.is_err() {
            warn!("not every event was told");
        }
        ended
    }

    async fn open_store(&self) -> anyhow::Result<Store> {
        let storage = &self.flags.storage;
        let root = storage.storage_path.clone();
        let options = Options {
            algorithm: storage.artifact_digest_algo,
            retention_ttl: storage.artifact_retention_ttl,
            retention_records: storage.artifact_retention_records,
            ..Options::default()
        };
        let opened = tokio::task::spawn_blocking(move || Store::open(&root, options)).await?;
        opened.context("--storage-path")
    }

    fn limits(&self) -> Limits {
        Limits {
            max_cached_index_age: self.flags.caches.helm_cache_ttl,
            ..Limits::default()
        }
        .max_index_bytes(self.flags.limits.helm_index_max_size)
        .max_chart_bytes(self.flags.limits.helm_chart_max_size)
        .max_file_bytes(self.flags.limits.helm_chart_file_max_size)
    }

    fn engine<K: Reconcile>(
        &self,
        context: &Arc<Context<Kubernetes>>,
        objects: Writer<K>,
        concerns: fn(&K) -> bool,
    ) -> Engine<K, Kubernetes> {
        let reconciling: &Reconciling = &self.flags.reconciling;
        let concurrent = usize::from(reconciling.concurrent);
        Engine {
            context: Arc::clone(context),
            objects,
            concerns,
            concurrent,
            pace: reconciling.pace(),
            metrics: self.metrics.queue(K::NAME, concurrent),
            announcer: None,
            news: None,
        }
    }
}

/// The sources of other controllers, for as long as there is something to do with them.
fn observed<K: Watched>(
    context: &Context<Kubernetes>,
    objects: Writer<K>,
    announcer: Announcer,
    told: watch::Receiver<bool>,
) -> impl Future<Output = anyhow::Result<()>> + use<K> {
    let observer = Observer {
        cluster: context.cluster.clone(),
        objects,
        announcer,
    };
    async move {
        observer.run(end(told)).await;
        Ok(())
    }
}

/// Follow the public trust root for as long as there is something to do with it.
async fn fresh(roots: TrustRoots, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
    tokio::select! {
        () = keep_fresh(roots) => {}
        () = shutdown => {}
    }
    Ok(())
}

async fn looked_after<K: Reconcile>(
    engine: Engine<K, Kubernetes>,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    engine.run(shutdown).await;
    Ok(())
}

/// A folder for unpacked sources. What earlier processes left of theirs is removed meanwhile.
async fn scratch() -> anyhow::Result<Scratch> {
    let temporary = std::env::temp_dir();
    let opening = temporary.clone();
    let opened = tokio::task::spawn_blocking(move || Scratch::open(&opening, now())).await?;
    tokio::task::spawn_blocking(move || purge(&temporary));
    opened.context("no folder for temporary files can be made")
}

/// Ends when `told` does.
async fn end(mut told: watch::Receiver<bool>) {
    // An error means that whoever tells is gone.
    let _ = told.wait_for(|stop| *stop).await;
}

/// A part ended that must not, as long as the process runs.
fn unexpected(ended: Result<anyhow::Result<()>, tokio::task::JoinError>) -> anyhow::Result<()> {
    let error = match ended {
        Ok(Ok(())) => anyhow::anyhow!("a part of the controller ended by itself"),
        Ok(Err(error)) => error,
        Err(panic) => anyhow::Error::new(panic).context("a part of the controller broke"),
    };
    error!(error = format!("{error:#}"), "stopping");
    Err(error)
}
