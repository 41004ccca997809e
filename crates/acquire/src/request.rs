//! What is wanted.

use std::sync::Arc;

use portolan_auth::{Access, Anonymous, CredentialError, CredentialProvider, Tls};
use portolan_chart::ChartName;
use portolan_fetch::Remote;
use portolan_reference::{OciRepository, ParseReferenceError};

use crate::Look;

/// A chart that somebody wants from an OCI registry, on whose behalf, and how the registry is
/// reached.
#[derive(Debug, Clone)]
pub struct Request {
    base: OciRepository,
    chart: ChartName,
    version: String,
    credentials: Arc<dyn CredentialProvider>,
    tenant: String,
    tls: Tls,
    plain_http: bool,
}

impl Request {
    /// The chart `chart` below `base` (`ghcr.io/stefanprodan/charts`), in the version that `version`
    /// means: a version with all three numbers is taken as it stands, anything else is a range.
    /// Nothing and `*` mean the highest stable version.
    pub fn new(base: OciRepository, chart: ChartName, version: impl Into<String>) -> Self {
        Self {
            base,
            chart,
            version: version.into(),
            credentials: Arc::new(Anonymous),
            tenant: String::new(),
            tls: Tls::default(),
            plain_http: false,
        }
    }

    /// The chart that `repository` (`ghcr.io/stefanprodan/charts/podinfo`) names with its last
    /// component. `None` if that is no name of a chart.
    pub fn of(repository: &OciRepository, version: impl Into<String>) -> Option<Self> {
        let (above, name) = match repository.path().rsplit_once('/') {
            Some((above, name)) => (format!("{}/{above}", repository.registry()), name),
            None => (repository.registry().to_owned(), repository.path()),
        };
        Some(Self::new(above.parse().ok()?, name.parse().ok()?, version))
    }

    /// Where the credential for the registry comes from. Default: nowhere, the registry is asked
    /// anonymously.
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

    /// The chart's name.
    pub fn chart(&self) -> &ChartName {
        &self.chart
    }

    /// The version as it was asked for.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The same request for another version or range.
    #[must_use]
    pub fn at_version(&self, version: impl Into<String>) -> Self {
        Self {
            version: version.into(),
            ..self.clone()
        }
    }

    /// The repository that holds the chart's versions.
    ///
    /// # Errors
    ///
    /// If the chart's name cannot be part of a repository.
    pub fn repository(&self) -> Result<OciRepository, ParseReferenceError> {
        self.base.join(self.chart.as_str())
    }

    /// The repository as it is displayed and recorded: `oci://ghcr.io/stefanprodan/charts/podinfo`.
    pub(crate) fn place(&self) -> String {
        format!("{}/{}", self.base.url(), self.chart)
    }

    /// How an archive is called in a folder: a chart's name without what stands before a slash.
    pub(crate) fn file_name(&self, look: &Look) -> String {
        let chart = self.chart.as_str();
        let chart = chart.rsplit_once('/').map_or(chart, |(_, last)| last);
        format!("{chart}-{}.tgz", look.version())
    }

    /// The registry as this request reaches it: the base repository, and a credential.
    pub(crate) async fn remote(&self) -> Result<Remote, CredentialError> {
        // The path of the chart decides between keys of a docker config that name paths.
        let repository = self.repository().unwrap_or_else(|_| self.base.clone());
        let credential = self.credentials.credential(&repository).await?;
        let access = Access::new(&self.tenant, credential).with_tls(self.tls.clone());
        let remote = Remote::new(self.base.clone(), access);
        Ok(if self.plain_http {
            remote.allow_plain_http()
        } else {
            remote
        })
    }
}
