//! The trust root as its keepers publish it: a repository of The Update Framework.

mod error;
mod kept;
mod mirror;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use portolan_auth::Transport;
use portolan_reference::redacted;
use sigstore_tuf::{Repository, StoreRepository, Updater, UpdaterConfig};
use url::Url;

pub use self::error::RefreshError;
use self::kept::{Kept, TARGET};
use self::mirror::Mirror;

/// Where the public Sigstore instance publishes its trust root.
const SIGSTORE: &str = "https://tuf-repo-cdn.sigstore.dev/";
/// Version 16 of the root metadata there, from which every later one follows by signatures.
const SIGSTORE_ROOT: &[u8] = include_bytes!("../../data/sigstore-root.json");
/// A `trusted_root.json` has some 10 KiB.
const MAX_TARGET_BYTES: u64 = 1 << 20;
/// A refresh is a handful of small files.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A repository of [The Update Framework](https://theupdateframework.io) that has a
/// `trusted_root.json`.
///
/// Where its files come from is believed nothing: each follows by signatures from the root metadata that
/// this was made with, none may have expired, and none may be older than one that was seen before. Clones
/// share what was seen.
///
/// # Deviation
///
/// Delegations are not followed: the `targets` role itself must list the file, as that of the public
/// instance does. A delegated role is one more that could name the authorities to believe, and most of
/// what went wrong in clients did so there (CVE-2024-47534, CVE-2026-23992).
#[derive(Debug, Clone)]
pub struct TufRepository {
    transport: Transport,
    base: Url,
    root: Arc<[u8]>,
    kept: Arc<Kept>,
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
    /// that is believed. A query of `base` is not sent.
    pub fn new(transport: Transport, mut base: Url, root: impl Into<Arc<[u8]>>) -> Self {
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Self {
            transport,
            base,
            root: root.into(),
            kept: Arc::new(Kept::default()),
        }
    }

    /// Keep what was verified below `folder`, so that no later run goes back behind it, and unchanged
    /// files are not fetched again. What lies there is believed only as far as its signatures go.
    ///
    /// The folder is made when it is needed, for nobody else to write to. One that cannot be read or
    /// written is as good as none: then only this process remembers what it has seen. Of several
    /// processes that share it, the last to fetch decides what is remembered.
    #[must_use]
    pub fn with_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.kept = Arc::new(Kept::in_folder(folder.into()));
        self
    }

    /// The `trusted_root.json` as it is published at `now`.
    ///
    /// # Errors
    ///
    /// [`RefreshError`]. What was verified until then is remembered.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the request. What was verified until then is remembered in memory, and
    /// reaches the folder with the next fetch.
    pub async fn fetch(&self, now: SystemTime) -> Result<Vec<u8>, RefreshError> {
        let now = Timestamp::try_from(now).map_err(|_| RefreshError::Clock)?;
        let refused = |error| RefreshError::told(self.name(), error);
        let mirror = Mirror::new(self.transport.clone(), self.base.clone());
        let mut updater = self.updater(mirror).await.map_err(refused)?;
        let fetched = tokio::time::timeout(TIMEOUT, target(&mut updater, now)).await;
        self.kept.save().await;
        let too_slow = |_| RefreshError::TooSlow {
            repository: self.name(),
            after: TIMEOUT,
        };
        fetched.map_err(too_slow)?.map_err(refused)
    }

    /// The `trusted_root.json` that was fetched last, if all that it follows from is there, was signed as
    /// it has to be, and has not expired at `now`. Asks nobody.
    pub(super) async fn recall(&self, now: SystemTime) -> Option<Vec<u8>> {
        let now = Timestamp::try_from(now).ok()?;
        let nobody = StoreRepository::new(Arc::clone(&self.kept));
        let mut updater = self.updater(nobody).await.ok()?;
        target(&mut updater, now).await.ok()
    }

    /// Its address, without secrets.
    pub(super) fn name(&self) -> String {
        redacted(self.base.as_str())
    }

    /// Who verifies what `files` has, and knows what was seen before.
    async fn updater(&self, files: impl Repository + 'static) -> sigstore_tuf::Result<Updater> {
        let updater = Updater::new(files, &self.root)?;
        self.kept.load(updater.trusted().root().version).await;
        let mut config = UpdaterConfig::default();
        config.target_max_length = MAX_TARGET_BYTES;
        // The `targets` role itself, and nobody whom it delegates to.
        config.max_delegations = 1;
        let updater = updater.with_config(config);
        Ok(updater.with_store(Arc::clone(&self.kept)))
    }
}

async fn target(updater: &mut Updater, now: Timestamp) -> sigstore_tuf::Result<Vec<u8>> {
    updater.refresh(now).await?;
    updater.get_target(TARGET, now).await
}
