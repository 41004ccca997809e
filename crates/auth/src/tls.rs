//! Extra roots and client certificates.

use std::fmt;
use std::sync::Arc;

/// Whom to trust beside the platform's roots, and which certificate to present.
///
/// Cheap to clone. The default trusts the platform's roots and presents nothing.
#[derive(Clone, Default)]
pub struct Tls {
    roots_pem: Option<Arc<[u8]>>,
    identity_pem: Option<Arc<[u8]>>,
}

impl Tls {
    /// Also trust the certificates in `pem`.
    ///
    /// # Errors
    ///
    /// If `pem` holds no certificate, or one that cannot be read. There is no fallback to what could
    /// be read: that would trust other servers than was asked for.
    pub fn with_roots_pem(self, pem: &[u8]) -> Result<Self, ParseTlsError> {
        let certificates =
            reqwest::Certificate::from_pem_bundle(pem).map_err(|_| ParseTlsError::Roots)?;
        if certificates.is_empty() {
            return Err(ParseTlsError::Roots);
        }
        reqwest::Client::builder()
            .tls_certs_only(certificates)
            .build()
            .map_err(|_| ParseTlsError::Roots)?;
        Ok(Self {
            roots_pem: Some(pem.into()),
            ..self
        })
    }

    /// Present `certificate_pem` (with its chain), proved by `key_pem`, to the registry and to the
    /// token service it names.
    ///
    /// # Errors
    ///
    /// If either cannot be read, or the key is not the certificate's.
    pub fn with_identity_pem(
        self,
        certificate_pem: &[u8],
        key_pem: &[u8],
    ) -> Result<Self, ParseTlsError> {
        let pem = [certificate_pem, b"\n", key_pem].concat();
        let identity = reqwest::Identity::from_pem(&pem).map_err(|_| ParseTlsError::Identity)?;
        reqwest::Client::builder()
            .tls_certs_only([])
            .identity(identity)
            .build()
            .map_err(|_| ParseTlsError::Identity)?;
        Ok(Self {
            identity_pem: Some(pem.into()),
            ..self
        })
    }

    /// The same roots, and no certificate to present.
    pub(crate) fn without_identity(&self) -> Self {
        Self {
            roots_pem: self.roots_pem.clone(),
            identity_pem: None,
        }
    }

    /// The extra roots, as they were given.
    pub(crate) fn roots_pem(&self) -> Option<&[u8]> {
        self.roots_pem.as_deref()
    }

    /// Certificate and key in one text, as reqwest takes them.
    pub(crate) fn identity_pem(&self) -> Option<&[u8]> {
        self.identity_pem.as_deref()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("extra_roots", &self.roots_pem.is_some())
            .field("identity", &self.identity_pem.is_some())
            .finish()
    }
}

/// Why TLS material could not be used. Its text never holds any of the material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseTlsError {
    /// The extra roots are not certificates in PEM.
    #[error("failed to parse CA certificate")]
    Roots,
    /// The client certificate or its key is not PEM, or they do not belong together.
    #[error("failed to parse the client certificate and its key, or they do not belong together")]
    Identity,
}
