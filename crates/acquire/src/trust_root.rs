//! Which authorities are believed, now.

#[cfg(feature = "tuf")]
mod fresh;
#[cfg(feature = "tuf")]
mod tuf;

use std::sync::{Arc, PoisonError, RwLock};

use portolan_verify::{TrustRoot, TrustRootError};

#[cfg(feature = "tuf")]
use self::fresh::Published;
#[cfg(feature = "tuf")]
pub use self::tuf::{RefreshError, TufRepository};

/// The trust root that keyless policies are made with: one that somebody gave, or that of the public
/// Sigstore instance, which changes a few times a year and can be kept fresh.
///
/// Clones share it.
#[derive(Debug, Clone)]
pub struct TrustRoots(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    current: RwLock<TrustRoot>,
    #[cfg(feature = "tuf")]
    published: Option<Published>,
}

impl TrustRoots {
    /// `root`, for as long as the process lives.
    pub fn fixed(root: TrustRoot) -> Self {
        Self(Arc::new(Shared {
            current: RwLock::new(root),
            #[cfg(feature = "tuf")]
            published: None,
        }))
    }

    /// The public Sigstore instance's, as it was when this was built.
    ///
    /// # Errors
    ///
    /// As [`TrustRoot::sigstore`].
    pub fn embedded() -> Result<Self, TrustRootError> {
        TrustRoot::sigstore().map(Self::fixed)
    }

    /// The one to judge with.
    pub fn current(&self) -> TrustRoot {
        #[cfg(feature = "tuf")]
        if let Some(published) = &self.0.published {
            published.want();
        }
        let current = self.0.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
