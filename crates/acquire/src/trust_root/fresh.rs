//! The trust root that others change: when it is fetched, and what is believed meanwhile.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use portolan_verify::TrustRoot;
use tokio::sync::{Mutex, Notify};

use super::tuf::{RefreshError, TufRepository};
use super::{Shared, TrustRoots};

/// How long a refresh that failed is left alone at first, and at most; and the shortest time between two.
const RETRY: Duration = Duration::from_mins(1);
const LONGEST_RETRY: Duration = Duration::from_hours(1);

/// Where the trust root comes from.
#[derive(Debug)]
pub(super) struct Published {
    repository: TufRepository,
    wanted: Notify,
    /// Held from the first request until what was fetched is believed, so that what was fetched later
    /// is not replaced by what was asked for earlier.
    turn: Mutex<()>,
}

impl Published {
    /// Somebody wants a trust root.
    pub(super) fn want(&self) {
        self.wanted.notify_one();
    }
}

impl TrustRoots {
    /// That of `repository`, once it was [recalled](Self::recall) or [fetched](Self::refresh); until then,
    /// and for as long as that fails, `first`.
    pub fn published(first: TrustRoot, repository: TufRepository) -> Self {
        Self(Arc::new(Shared {
            current: RwLock::new(first),
            published: Some(Published {
                repository,
                wanted: Notify::new(),
                turn: Mutex::new(()),
            }),
        }))
    }

    /// Believe what an earlier run [left](TufRepository::with_folder), without asking anybody, if every
    /// signature holds and nothing of it has expired at `now`. Returns whether that is so; if not,
    /// nothing changes. For the start, before the first [`refresh`](Self::refresh).
    ///
    /// What has expired is not believed, though it may be newer than the root that this program was built
    /// with: who can write to the folder could put any state there that its keepers ever signed.
    pub async fn recall(&self, now: SystemTime) -> bool {
        let Some(published) = &self.0.published else {
            return false;
        };
        let _turn = published.turn.lock().await;
        let Some(target) = published.repository.recall(now).await else {
            return false;
        };
        let Ok(root) = TrustRoot::parse(&target) else {
            return false;
        };
        self.believe(root);
        true
    }

    /// Fetch the trust root anew, and believe it from now on. Returns whether it is another one; never
    /// if it is a [fixed](Self::fixed) one.
    ///
    /// # Errors
    ///
    /// [`RefreshError`]. The one that was believed before is believed still.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing that is believed.
    pub async fn refresh(&self, now: SystemTime) -> Result<bool, RefreshError> {
        let Some(published) = &self.0.published else {
            return Ok(false);
        };
        let _turn = published.turn.lock().await;
        let target = published.repository.fetch(now).await?;
        let root = TrustRoot::parse(&target).map_err(|source| RefreshError::NoTrustRoot {
            repository: published.repository.name(),
            source,
        })?;
        Ok(self.believe(root))
    }

    /// Refresh once somebody has [wanted](Self::current) a trust root, and then every `interval`, which is
    /// a minute at least; one that fails is tried again after a minute, then more and more seldom, at
    /// least once an hour. `clock` tells the time, and `told` learns what came of each.
    ///
    /// It never ends by itself. Nobody waits for it: a policy is made with what is there.
    ///
    /// What is believed stays believed until there is another, whatever its age: an old cache that stops
    /// everything ([source-controller#1004]) would be a switch for whoever keeps us from the repository.
    /// What they gain is time for a key that was withdrawn meanwhile, so `told` should tell a person.
    ///
    /// [source-controller#1004]: https://github.com/fluxcd/source-controller/issues/1004
    ///
    /// # Deviation
    ///
    /// The [live trust root of sigstore-go 1.2.2][live] keeps what it has, too, but nothing is verified
    /// before it was fetched once. Here the first one is believed from the start.
    ///
    /// [live]: https://github.com/sigstore/sigstore-go/blob/v1.2.2/pkg/root/trusted_root.go#L481
    pub async fn keep_fresh(
        &self,
        interval: Duration,
        clock: impl Fn() -> SystemTime + Send,
        mut told: impl FnMut(Result<bool, RefreshError>) + Send,
    ) {
        let Some(published) = &self.0.published else {
            return std::future::pending().await;
        };
        published.wanted.notified().await;
        let mut retry = RETRY;
        loop {
            let outcome = self.refresh(clock()).await;
            let wait = if outcome.is_ok() {
                retry = RETRY;
                interval.max(RETRY)
            } else {
                let wait = retry;
                retry = (retry * 2).min(LONGEST_RETRY);
                wait
            };
            told(outcome);
            tokio::time::sleep(wait).await;
        }
    }

    /// Judge with `root` from now on. Returns whether it is another one than before.
    fn believe(&self, root: TrustRoot) -> bool {
        let current = self.0.current.write();
        let mut current = current.unwrap_or_else(PoisonError::into_inner);
        let changed = current.fingerprint() != root.fingerprint();
        *current = root;
        changed
    }
}
