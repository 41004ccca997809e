//! Which authorities and logs are believed.

use std::fmt;
use std::sync::Arc;

use portolan_reference::{Algorithm, Digest};
use sigstore_verify::Verifier;
use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};

/// Certificate authorities, transparency logs and timestamp authorities, each with the time in which it
/// is believed: Sigstore's `trusted_root.json`.
///
/// Parsed once; a clone shares it.
#[derive(Clone)]
pub struct TrustRoot(Arc<Inner>);

struct Inner {
    #[expect(dead_code, reason = "used by what follows")]
    verifier: Verifier,
    fingerprint: Digest,
}

impl TrustRoot {
    /// Read a `trusted_root.json`.
    ///
    /// # Errors
    ///
    /// [`TrustRootError`] if it cannot be read, or holds a key or certificate that cannot be used.
    pub fn parse(json: &[u8]) -> Result<Self, TrustRootError> {
        let text = std::str::from_utf8(json).map_err(|error| TrustRootError(error.to_string()))?;
        let root =
            TrustedRoot::from_json(text).map_err(|error| TrustRootError(error.to_string()))?;
        let verifier = Verifier::new(&root).map_err(|error| TrustRootError(error.to_string()))?;
        Ok(Self(Arc::new(Inner {
            verifier,
            fingerprint: Digest::of(Algorithm::Sha256, json),
        })))
    }

    /// The root of the public Sigstore instance as it was when this crate was built.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn sigstore() -> Result<Self, TrustRootError> {
        Self::parse(SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes())
    }

    /// The SHA-256 of the JSON.
    pub fn fingerprint(&self) -> &Digest {
        &self.0.fingerprint
    }
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TrustRoot")
            .field(&self.0.fingerprint)
            .finish()
    }
}

/// Why a `trusted_root.json` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a usable trusted root: {0}")]
pub struct TrustRootError(String);
