//! How the repositories are reached that a chart names.

use std::fmt;
use std::sync::Arc;

use portolan_acquire::{ChartRepository, ReachError, Reaching, Registry, Repositories, Repository};
use portolan_auth::{CredentialProvider, Tls};
use portolan_reference::{RepositoryUrl, Scheme};

use crate::repositories::RepositoryList;

/// How the repositories are reached that a chart names. Whoever wrote the chart may have named any,
/// so each gets what is meant for it alone: a registry the credential that a docker config has for
/// it, another repository that of the list entry with its very URL.
pub(crate) struct Reach {
    pub(crate) provider: Arc<dyn CredentialProvider>,
    /// Whom to believe.
    pub(crate) roots: Tls,
    /// The same with the certificate to show to registries.
    pub(crate) registries: Tls,
    pub(crate) plain_http: bool,
    pub(crate) list: RepositoryList,
}

impl Repositories for Reach {
    fn at<'a>(&'a self, url: &'a RepositoryUrl) -> Reaching<'a> {
        Box::pin(async move { self.repository(url).map_err(ReachError::from) })
    }

    fn named(&self) -> Option<Vec<(String, String)>> {
        let entries = self.list.entries().iter();
        let named = entries.map(|entry| (entry.name().to_owned(), entry.text().to_owned()));
        Some(named.collect())
    }
}

impl Reach {
    fn repository(&self, url: &RepositoryUrl) -> anyhow::Result<Repository> {
        if url.scheme() == Scheme::Oci {
            let registry = Registry::new(url.oci()?)
                .credentials(Arc::clone(&self.provider))
                .tls(self.registries.clone());
            return Ok(if self.plain_http {
                registry.allow_plain_http().into()
            } else {
                registry.into()
            });
        }
        Ok(match self.list.at(url) {
            Some(entry) => entry.connect(self.roots.clone(), None)?,
            None => ChartRepository::new(url.clone()).tls(self.roots.clone()),
        }
        .into())
    }
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reach")
            .field("plain_http", &self.plain_http)
            .finish_non_exhaustive()
    }
}
