//! On whose behalf a request is sent.

use crate::{Credential, Tls};

/// On whose behalf a request is sent: the tenant, the credential, the TLS identity.
///
/// Tokens, what is known of a registry's handshake and closed doors are kept apart by all three, so
/// the credential of one tenant never serves another, and a rotated credential starts afresh.
#[derive(Clone, Debug, Default)]
pub struct Access {
    tenant: String,
    credential: Option<Credential>,
    tls: Tls,
}

impl Access {
    /// Nobody's: no credential, no tenant, the platform's roots.
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// `credential`, used for `tenant`: a namespace in a cluster, `""` in a shell.
    pub fn new(tenant: &str, credential: Option<Credential>) -> Self {
        Self {
            tenant: tenant.to_owned(),
            credential,
            tls: Tls::default(),
        }
    }

    /// With extra roots or a client certificate.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls, ..self }
    }

    /// With this credential in place of the one it has.
    #[must_use]
    pub fn with_credential(self, credential: Credential) -> Self {
        Self {
            credential: Some(credential),
            ..self
        }
    }

    /// For whom the credential is not meant: the same tenant and roots, and neither a credential nor a
    /// client certificate.
    #[must_use]
    pub fn without_identity(&self) -> Self {
        Self {
            tenant: self.tenant.clone(),
            credential: None,
            tls: self.tls.without_identity(),
        }
    }

    /// Whose request it is.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// What the registry may be shown.
    pub fn credential(&self) -> Option<&Credential> {
        self.credential.as_ref()
    }

    /// Whom to trust, and which certificate to present.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }
}
