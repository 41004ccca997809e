//! The trust root as its keepers publish it: a repository of The Update Framework.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use http::StatusCode;
use portolan_auth::{Request, SendError, Transport};
use portolan_reference::redacted;
use portolan_verify::{TrustRoot, TrustRootError};
use sigstore_tuf::cache::FileStore;
use sigstore_tuf::client::Updater;
use sigstore_tuf::transport::{FetchFuture, Repository, UpdaterConfig};
use tokio::sync::Notify;
use url::Url;

use super::{Shared, TrustRoots};

/// Where the public Sigstore instance publishes its trust root.
const SIGSTORE: &str = "https://tuf-repo-cdn.sigstore.dev/";
/// Version 16 of the root metadata there, from which every later one follows by signatures.
const SIGSTORE_ROOT: &[u8] = include_bytes!("../../data/sigstore-root.json");
/// What is looked for.
const TARGET: &str = "trusted_root.json";
/// A `trusted_root.json` has some 10 KiB.
const MAX_TARGET_BYTES: u64 = 1 << 20;
/// A refresh is a handful of small files.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How long a refresh that failed is left alone at first, and at most.
const RETRY: Duration = Duration::from_mins(1);
const LONGEST_RETRY: Duration = Duration::from_hours(1);

/// A repository of [The Update Framework](https://theupdateframework.io) that has a
/// `trusted_root.json`.
#[derive(Debug, Clone)]
pub struct TufRepository {
    transport: Transport,
    base: Url,
    root: Arc<[u8]>,
    folder: Option<PathBuf>,
}

impl TufRepository {
    /// That of the public Sigstore instance.
    ///
    /// # Panics
    ///
    /// Never: the address is a URL.
    #[expect(clippy::expect_used, reason = "it is a constant")]
    pub fn sigstore(transport: Transport) -> Self {
        Self::new(transport, SIGSTORE.parse().expect("a URL"), SIGSTORE_ROOT)
    }

    /// The repository at `base`, whose root metadata follow by signatures from `root`: whoever made
    /// that is believed.
    pub fn new(transport: Transport, mut base: Url, root: impl Into<Arc<[u8]>>) -> Self {
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Self {
            transport,
            base,
            root: root.into(),
            folder: None,
        }
    }

    /// Keep what was fetched below `folder`, so that no later run goes back behind it, and unchanged
    /// files are not fetched again. What lies there is believed only as far as its signatures go.
    #[must_use]
    pub fn with_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The `trusted_root.json` as it is published at `now`.
    ///
    /// # Errors
    ///
    /// [`RefreshError`].
    pub async fn fetch(&self, now: SystemTime) -> Result<Vec<u8>, RefreshError> {
        let at = self.base.as_str();
        let repository = || redacted(at);
        let refused = |source: sigstore_tuf::Error| RefreshError::Refused {
            repository: repository(),
            source: Box::new(source),
        };
        let now = jiff::Timestamp::try_from(now).map_err(|_| RefreshError::Clock)?;
        let mut config = UpdaterConfig::default();
        config.target_max_length = MAX_TARGET_BYTES;
        let updater = Updater::new(Mirror(self.clone()), &self.root);
        let mut updater = updater.map_err(refused)?.with_config(config);
        if let Some(folder) = &self.folder {
            updater = updater.with_store(FileStore::new(folder));
        }
        let fetching = async {
            updater.refresh(now).await?;
            updater.get_target(TARGET, now).await
        };
        let fetched = tokio::time::timeout(TIMEOUT, fetching).await;
        fetched
            .map_err(|_| RefreshError::TooSlow {
                repository: repository(),
                after: TIMEOUT,
            })?
            .map_err(refused)
    }
}

impl TrustRoots {
    /// That of `repository`, kept fresh by [`keep_fresh`](Self::keep_fresh); until then, and for as long
    /// as the repository cannot be had, `first`.
    pub fn published(first: TrustRoot, repository: TufRepository) -> Self {
        Self(Arc::new(Shared {
            current: RwLock::new(first),
            wanted: Notify::new(),
            repository: Some(repository),
        }))
    }

    /// Fetch the trust root anew, and believe it from now on. Returns whether it is another one; never
    /// if it is a [fixed](Self::fixed) one.
    ///
    /// # Errors
    ///
    /// [`RefreshError`]. The one that was believed before is believed still.
    pub async fn refresh(&self, now: SystemTime) -> Result<bool, RefreshError> {
        let Some(repository) = &self.0.repository else {
            return Ok(false);
        };
        let fetched = TrustRoot::parse(&repository.fetch(now).await?)?;
        let mut current = self
            .0
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let changed = current.fingerprint() != fetched.fingerprint();
        *current = fetched;
        Ok(changed)
    }

    /// Refresh once somebody has [wanted](Self::current) a trust root, and then every `interval`; one
    /// that fails is tried again after a minute, then more and more seldom, at least once an hour.
    /// `clock` tells the time, and `told` learns what came of each.
    ///
    /// It never ends by itself. Nobody waits for it: a policy is made with what is there.
    pub async fn keep_fresh(
        &self,
        interval: Duration,
        clock: impl Fn() -> SystemTime + Send,
        mut told: impl FnMut(Result<bool, RefreshError>) + Send,
    ) {
        if self.0.repository.is_none() {
            return std::future::pending().await;
        }
        self.0.wanted.notified().await;
        let mut retry = RETRY;
        loop {
            let outcome = self.refresh(clock()).await;
            let wait = if outcome.is_ok() {
                retry = RETRY;
                interval
            } else {
                let wait = retry;
                retry = (retry * 2).min(LONGEST_RETRY);
                wait
            };
            told(outcome);
            tokio::time::sleep(wait).await;
        }
    }
}

/// Fetches files of a repository through our own transport, with its rules about redirects and sizes.
struct Mirror(TufRepository);

impl Mirror {
    async fn get(&self, path: &str, limit: u64) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        let failed = |error: SendError| {
            sigstore_tuf::Error::transport_with_source(format!("cannot get `{path}`"), error)
        };
        let url = self.0.base.join(path).map_err(|error| {
            sigstore_tuf::Error::transport_with_source(format!("`{path}` is no path"), error)
        })?;
        let response = self.0.transport.send(Request::get(url)).await;
        let response = response.map_err(failed)?;
        match response.status() {
            StatusCode::OK => {}
            // Object stores say 403 of what is not there, and the end of the chain of roots is found by
            // asking for one more.
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => return Ok(None),
            status => {
                return Err(sigstore_tuf::Error::transport(format!(
                    "`{path}`: {status}"
                )));
            }
        }
        let body = response.collect(limit).await;
        let body = body.map_err(failed)?;
        Ok(Some(body.into()))
    }
}

impl Repository for Mirror {
    fn fetch_metadata<'a>(&'a self, name: &'a str, limit: u64) -> FetchFuture<'a> {
        Box::pin(self.get(name, limit))
    }

    fn fetch_target<'a>(&'a self, path: &'a str, limit: u64) -> FetchFuture<'a> {
        Box::pin(async move { self.get(&format!("targets/{path}"), limit).await })
    }
}

/// Why a trust root could not be fetched anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The repository could not be reached, or what it has is not to be believed.
    #[error("the trust root of {repository} could not be refreshed")]
    Refused {
        /// Its address, without secrets.
        repository: String,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It took too long.
    #[error("the trust root of {repository} could not be refreshed within {} s", after.as_secs())]
    TooSlow {
        /// Its address, without secrets.
        repository: String,
        /// How long it took at least.
        after: Duration,
    },
    /// What was fetched is no trust root.
    #[error(transparent)]
    Root(#[from] TrustRootError),
    /// The clock shows a time that no calendar has.
    #[error("the clock is wrong")]
    Clock,
}
