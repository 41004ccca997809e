//! Where charts come from, and how that place is reached.

use std::sync::Arc;

use portolan_auth::{Access, Anonymous, Credential, CredentialError, CredentialProvider, Tls};
use portolan_fetch::{IndexRemote, Remote};
use portolan_reference::{OciRepository, RepositoryUrl};

/// A place that has charts, on whose behalf it is asked, and how it is reached.
#[derive(Debug, Clone)]
pub enum Repository {
    /// A folder of charts in an OCI registry.
    Registry(Registry),
    /// A chart repository: a web server with an `index.yaml`.
    Charts(ChartRepository),
}

impl From<Registry> for Repository {
    fn from(registry: Registry) -> Self {
        Self::Registry(registry)
    }
}

impl From<ChartRepository> for Repository {
    fn from(repository: ChartRepository) -> Self {
        Self::Charts(repository)
    }
}

/// A folder of charts in an OCI registry (`ghcr.io/stefanprodan/charts`), and how it is reached.
#[derive(Debug, Clone)]
pub struct Registry {
    base: OciRepository,
    credentials: Arc<dyn CredentialProvider>,
    tenant: String,
    tls: Tls,
    plain_http: bool,
}

impl Registry {
    /// The charts below `base`, asked for anonymously and over https.
    pub fn new(base: OciRepository) -> Self {
        Self {
            base,
            credentials: Arc::new(Anonymous),
            tenant: String::new(),
            tls: Tls::default(),
            plain_http: false,
        }
    }

    /// Where the credential for the registry comes from.
    #[must_use]
    pub fn credentials(mut self, provider: Arc<dyn CredentialProvider>) -> Self {
        self.credentials = provider;
        self
    }

    /// For whom, for example a namespace: nothing that was obtained with one tenant's credentials
    /// serves another. Default: the empty name.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// Which servers are believed and who we are to them. Default: the platform's roots, nobody.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Speak HTTP without TLS. Whoever is on the way can then read the credential and change what
    /// is not fixed by a digest.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// The folder that the charts are in.
    pub fn base(&self) -> &OciRepository {
        &self.base
    }

    /// The registry as it is reached for the chart's repository `repository`.
    pub(crate) async fn remote(
        &self,
        repository: &OciRepository,
    ) -> Result<Remote, CredentialError> {
        let credential = self.credentials.credential(repository).await?;
        let access = Access::new(&self.tenant, credential).with_tls(self.tls.clone());
        let remote = Remote::new(self.base.clone(), access);
        Ok(if self.plain_http {
            remote.allow_plain_http()
        } else {
            remote
        })
    }
}

/// A chart repository, that is a web server with an `index.yaml`, and how it is reached.
#[derive(Debug, Clone)]
pub struct ChartRepository {
    url: RepositoryUrl,
    credential: Option<Credential>,
    tenant: String,
    tls: Tls,
    pass_credentials: bool,
}

impl ChartRepository {
    /// The repository at `url`, asked anonymously. Whether over TLS is what its scheme says.
    pub fn new(url: RepositoryUrl) -> Self {
        Self {
            url,
            credential: None,
            tenant: String::new(),
            tls: Tls::default(),
            pass_credentials: false,
        }
    }

    /// The user name and password to show, to the origin of the repository and to nobody else.
    #[must_use]
    pub fn credential(mut self, credential: Option<Credential>) -> Self {
        self.credential = credential;
        self
    }

    /// For whom; see [`Registry::tenant`].
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// Which servers are believed and who we are to them; see [`Registry::tls`].
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Show the credential to every server that the index names as holding a chart. Whoever can
    /// write the index can then have it.
    #[must_use]
    pub fn pass_credentials(mut self) -> Self {
        self.pass_credentials = true;
        self
    }

    /// Where it is.
    pub fn url(&self) -> &RepositoryUrl {
        &self.url
    }

    /// On whose behalf it is asked.
    pub(crate) fn access(&self) -> Access {
        Access::new(&self.tenant, self.credential.clone()).with_tls(self.tls.clone())
    }

    pub(crate) fn remote(&self) -> IndexRemote {
        let remote = IndexRemote::new(self.url.clone(), self.access());
        if self.pass_credentials {
            remote.pass_credentials()
        } else {
            remote
        }
    }
}
