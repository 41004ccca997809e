//! What is wanted.

use std::sync::Arc;
use std::time::SystemTime;

use portolan_auth::{CredentialError, CredentialProvider, Tls};
use portolan_chart::ChartName;
use portolan_fetch::Remote;
use portolan_reference::{Digest, OciRepository, ParseReferenceError};
use portolan_store::Store;
use portolan_verify::Policy;

use crate::{Look, Recipe, Registry, Repository};

/// A chart that somebody wants from a repository, and what is to be made of it.
#[derive(Debug, Clone)]
pub struct Request {
    repository: Repository,
    index: Option<StoredIndex>,
    chart: ChartName,
    version: String,
    recipe: Recipe,
    require_index_digest: bool,
    policy: Option<(Policy, SystemTime)>,
}

/// The index of a chart repository that [`refresh_index`](crate::Acquirer::refresh_index) has stored.
#[derive(Debug, Clone)]
pub struct StoredIndex {
    pub(crate) store: Store,
    pub(crate) path: String,
    pub(crate) digest: Digest,
}

impl StoredIndex {
    /// The file at `path` in `store`, which has `digest`: other bytes are refused.
    pub fn new(store: Store, path: impl Into<String>, digest: Digest) -> Self {
        Self {
            store,
            path: path.into(),
            digest,
        }
    }
}

impl Request {
    /// The chart `chart` below `base` (`ghcr.io/stefanprodan/charts`) in an OCI registry, in the
    /// version that `version` means: a version with all three numbers is taken as it stands, anything
    /// else is a range. Nothing and `*` mean the highest stable version.
    pub fn new(base: OciRepository, chart: ChartName, version: impl Into<String>) -> Self {
        Self::from_repository(Registry::new(base), chart, version)
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

    /// The chart `chart` of `repository`, in the version that `version` means; see
    /// [`new`](Self::new). In an index a version that is written exactly like `version` comes before
    /// all others.
    pub fn from_repository(
        repository: impl Into<Repository>,
        chart: ChartName,
        version: impl Into<String>,
    ) -> Self {
        Self {
            repository: repository.into(),
            index: None,
            chart,
            version: version.into(),
            recipe: Recipe::new(),
            require_index_digest: false,
            policy: None,
        }
    }

    /// Choose from an index that is stored already instead of asking the chart repository for one.
    #[must_use]
    pub fn with_index(mut self, index: StoredIndex) -> Self {
        self.index = Some(index);
        self
    }

    /// What is to be made of the chart. Default: nothing, it keeps its bytes.
    #[must_use]
    pub fn recipe(mut self, recipe: Recipe) -> Self {
        self.recipe = recipe;
        self
    }

    /// Refuse a chart whose bytes are not those that the index promises. Default: it is told with
    /// what was [acquired](crate::Acquired::index_digest), as Helm and Flux do not even look.
    #[must_use]
    pub fn require_index_digest(mut self) -> Self {
        self.require_index_digest = true;
        self
    }

    /// Bring nothing that is not signed as `policy` demands. The manifest's digest is judged before any
    /// of its layers is asked for; what claims to be from later than `now` does not count. Default: nobody is asked for a signature, and
    /// [`Trust::NotAsked`](crate::Trust::NotAsked) says so.
    ///
    /// A chart repository has no signatures, so nothing comes from there.
    #[must_use]
    pub fn verify(mut self, policy: Policy, now: SystemTime) -> Self {
        self.policy = Some((policy, now));
        self
    }

    /// Where the credential for the registry comes from. Default: nowhere, the registry is asked
    /// anonymously. Without effect on a chart repository, which has its own.
    #[must_use]
    pub fn credentials(self, provider: Arc<dyn CredentialProvider>) -> Self {
        self.registry(|registry| registry.credentials(provider))
    }

    /// For whom, for example a namespace: nothing that was obtained with one tenant's credentials
    /// serves another. Default: the empty name.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.repository = match self.repository {
            Repository::Registry(registry) => registry.tenant(tenant).into(),
            Repository::Charts(charts) => charts.tenant(tenant).into(),
        };
        self
    }

    /// Which servers are believed and who we are to them. Default: the platform's roots, nobody.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.repository = match self.repository {
            Repository::Registry(registry) => registry.tls(tls).into(),
            Repository::Charts(charts) => charts.tls(tls).into(),
        };
        self
    }

    /// Speak HTTP without TLS to a registry. Whoever is on the way can then read the credential and
    /// change what is not fixed by a digest. A chart repository's URL says what is spoken to it.
    #[must_use]
    pub fn allow_plain_http(self) -> Self {
        self.registry(Registry::allow_plain_http)
    }

    fn registry(mut self, change: impl FnOnce(Registry) -> Registry) -> Self {
        if let Repository::Registry(registry) = self.repository {
            self.repository = change(registry).into();
        }
        self
    }

    /// What signatures are demanded.
    pub fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref().map(|(policy, _)| policy)
    }

    /// The same, and what time it is.
    pub(crate) fn judged(&self) -> Option<&(Policy, SystemTime)> {
        self.policy.as_ref()
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

    /// Whether the place can have a chart of that name: a registry takes fewer names than an index.
    ///
    /// # Errors
    ///
    /// If the chart's name cannot be part of a repository in a registry.
    pub fn check(&self) -> Result<(), ParseReferenceError> {
        match &self.repository {
            Repository::Registry(registry) => registry.base().join(self.chart.as_str()).map(|_| ()),
            Repository::Charts(_) => Ok(()),
        }
    }

    /// Where the chart comes from, without secrets, as it is displayed and recorded:
    /// `oci://ghcr.io/stefanprodan/charts/podinfo`, or the chart repository's URL.
    pub fn place(&self) -> String {
        match &self.repository {
            Repository::Registry(registry) => format!("{}/{}", registry.base().url(), self.chart),
            Repository::Charts(charts) => charts.url().to_string(),
        }
    }

    /// How an archive is called in a folder: a chart's name without what stands before a slash.
    pub(crate) fn file_name(&self, look: &Look) -> String {
        let chart = self.chart.as_str();
        let chart = chart.rsplit_once('/').map_or(chart, |(_, last)| last);
        format!("{chart}-{}.tgz", look.version())
    }

    pub(crate) fn origin(&self) -> &Repository {
        &self.repository
    }

    pub(crate) fn stored_index(&self) -> Option<&StoredIndex> {
        self.index.as_ref()
    }

    pub(crate) fn made_by(&self) -> &Recipe {
        &self.recipe
    }

    pub(crate) fn insists_on_index_digest(&self) -> bool {
        self.require_index_digest
    }
}

impl Registry {
    /// The registry as it is reached for `chart`. The path of the chart decides between keys of a
    /// docker config that name paths.
    pub(crate) async fn for_chart(&self, chart: &ChartName) -> Result<Remote, CredentialError> {
        match self.base().join(chart.as_str()) {
            Ok(repository) => self.remote(&repository).await,
            Err(_) => self.remote(self.base()).await,
        }
    }
}
