//! Puts the parts together.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use kube::runtime::reflector::store::Writer;
use portolan_acquire::{Acquirer, Limits};
use portolan_api::{Bucket, GitRepository, HelmChart, HelmRepository};
use portolan_auth::Transport;
use portolan_store::{Address, Options, Store, host_name};
use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::error;

use super::storage::Storage;
use super::{Folder, Follower, LOOK_EVERY, Local, LocalOptions, LocalSource, StartError, given};
use crate::backoff::Pace;
use crate::chain::chain;
use crate::context::{Context, Settings};
use crate::engine::Engine;
use crate::kind::{Reconcile, Watched};
use crate::metrics::Metrics;
use crate::news::Announcer;
use crate::observer::Observer;
use crate::repository;
use crate::trust_root::{keep_fresh, trust_roots};

/// How many objects of a kind are worked on at a time. More are no faster, and a burden to registries.
const CONCURRENT: usize = 8;

/// Somebody waits in front of the screen, so an object that fails is soon tried again.
const PACE: Pace = Pace {
    min_retry: std::time::Duration::from_millis(750),
    max_retry: std::time::Duration::from_secs(30),
    jitter_percentage: 5,
};

pub(super) async fn start(folder: &Path, options: LocalOptions) -> Result<Local, StartError> {
    let root = folder.to_owned();
    let chosen = options.storage_path.clone();
    let opened = tokio::task::spawn_blocking(move || open(&root, chosen.as_deref()));
    let (folder, follower, storage, store) = match opened.await {
        Ok(opened) => opened?,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    let listener = listen(&options.storage_addr).await?;
    let served_at = listener.local_addr().map_err(|source| StartError::Listen {
        address: options.storage_addr.clone(),
        source,
    })?;
    let address = match options.storage_adv_addr.as_deref() {
        None | Some("") => Address::of_listener(&served_at.to_string(), host_name)?,
        Some(advertised) => Address::new(advertised)?,
    };
    let own_address = Address::of_listener(&served_at.to_string(), host_name)?;
    give(&options.sources, &store, &own_address, &folder).await?;
    let transport = options
        .token_realms
        .iter()
        .fold(Transport::builder(), |builder, (registry, origin)| {
            builder.token_realm(registry, origin.clone())
        })
        .user_agent(concat!("portolan-controller/", env!("CARGO_PKG_VERSION")))
        .build()?;
    let trusted = options.trusted_root.as_deref();
    let trust_roots = trust_roots(trusted, &transport, storage.path()).await?;

    let repositories = Writer::<HelmRepository>::new(());
    let git_repositories = Writer::<GitRepository>::new(());
    let buckets = Writer::<Bucket>::new(());
    let context = Arc::new(Context {
        cluster: folder.clone(),
        acquirer: Acquirer::new(transport, Limits::default()),
        store: store.clone(),
        address,
        repositories: repositories.as_reader(),
        git_repositories: git_repositories.as_reader(),
        buckets: buckets.as_reader(),
        trust_roots: trust_roots.clone(),
        settings: Settings {
            require_index_digest: options.require_index_digest,
            ..Settings::default()
        },
    });
    let (stop, stopped) = watch::channel(false);
    let metrics = Metrics::new();
    let mut tasks = JoinSet::new();
    let looking_after = Work {
        context,
        metrics,
        stopped,
    };
    let (announce, news) = unbounded_channel();
    let announcer = || Announcer::new(announce.clone());
    tasks.spawn(looking_after.observing(git_repositories, announcer()));
    tasks.spawn(looking_after.observing(buckets, announcer()));
    let engine = Engine {
        announcer: Some(announcer()),
        ..looking_after.over(repositories, repository::concerns_us)
    };
    tasks.spawn(engine.run(looking_after.end()));
    let engine = Engine {
        news: Some(news),
        ..looking_after.over::<HelmChart>(Writer::new(()), |_| true)
    };
    tasks.spawn(engine.run(looking_after.end()));
    tasks.spawn(while_running(keep_fresh(trust_roots), looking_after.end()));
    if options.follow {
        tasks.spawn(while_running(
            follower.follow(LOOK_EVERY),
            looking_after.end(),
        ));
        let following = given::follow(options.sources, store.clone(), own_address, folder.clone());
        tasks.spawn(while_running(following, looking_after.end()));
    }
    tasks.spawn(serve(listener, store, looking_after.end()));
    Ok(Local {
        changes: folder.changes(),
        folder,
        served_at,
        stop,
        tasks,
        storage,
    })
}

type Opened = (Folder, Follower, Storage, Store);

fn open(root: &Path, storage: Option<&Path>) -> Result<Opened, StartError> {
    let (folder, follower) = Folder::open(root).map_err(|source| StartError::Folder {
        path: root.to_owned(),
        source,
    })?;
    let storage = Storage::open(storage, root)?;
    let store = Store::open(storage.path(), Options::default())?;
    Ok((folder, follower, storage, store))
}

/// Put the sources of this machine in the place of those that another controller would fetch. They are
/// fetched from our own file server, whatever address others are told.
async fn give(
    sources: &[LocalSource],
    store: &Store,
    address: &Address,
    folder: &Folder,
) -> Result<(), StartError> {
    for source in sources {
        let object = given::stored(source, store, address).await;
        let object = object.map_err(|error| StartError::Source {
            named: source.to_string(),
            path: source.path().to_owned(),
            source: Box::new(error),
        })?;
        folder.give(&object);
    }
    Ok(())
}

async fn listen(address: &str) -> Result<TcpListener, StartError> {
    // Flux's way to say every address.
    let full = match address.strip_prefix(':') {
        Some(port) => format!("0.0.0.0:{port}"),
        None => address.to_owned(),
    };
    TcpListener::bind(full)
        .await
        .map_err(|source| StartError::Listen {
            address: address.to_owned(),
            source,
        })
}

/// What all tasks need.
struct Work {
    context: Arc<Context<Folder>>,
    metrics: Metrics,
    stopped: watch::Receiver<bool>,
}

impl Work {
    fn over<K: Reconcile>(
        &self,
        objects: Writer<K>,
        concerns: fn(&K) -> bool,
    ) -> Engine<K, Folder> {
        Engine {
            context: Arc::clone(&self.context),
            objects,
            concerns,
            concurrent: CONCURRENT,
            pace: PACE,
            metrics: self.metrics.queue(K::NAME, CONCURRENT),
            announcer: None,
            news: None,
        }
    }

    fn observing<K: Watched>(
        &self,
        objects: Writer<K>,
        announcer: Announcer,
    ) -> impl Future<Output = ()> + Send + use<K> {
        let observer = Observer {
            cluster: self.context.cluster.clone(),
            objects,
            announcer,
        };
        observer.run(self.end())
    }

    /// Comes when everything is to end.
    fn end(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stopped = self.stopped.clone();
        async move {
            // That nobody is left to say so is an end as well.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        }
    }
}

async fn serve(listener: TcpListener, store: Store, end: impl Future<Output = ()> + Send) {
    if let Err(error) = portolan_store::serve(listener, store, end).await {
        error!(error = chain(&error), "artifacts are not served any more");
    }
}

async fn while_running(
    work: impl Future<Output = ()> + Send,
    end: impl Future<Output = ()> + Send,
) {
    tokio::select! {
        () = work => {}
        () = end => {}
    }
}
