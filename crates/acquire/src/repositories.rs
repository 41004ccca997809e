//! How the repositories that charts depend on are reached.

use std::error::Error;
use std::fmt;
use std::pin::Pin;

use portolan_reference::{RepositoryUrl, Scheme};

use crate::{ChartRepository, Registry, Repository};

/// What [`Repositories::at`] returns.
pub type Reaching<'a> = Pin<Box<dyn Future<Output = Result<Repository, ReachError>> + Send + 'a>>;

/// Why nobody knows how a repository is reached.
pub type ReachError = Box<dyn Error + Send + Sync>;

/// How the repositories that charts depend on are reached: with which credentials, and whom to
/// believe.
pub trait Repositories: fmt::Debug + Send + Sync {
    /// The repository at `url`.
    ///
    /// An implementation MUST give a credential only for a repository that it was meant for: `url` is
    /// what a chart says, and anybody may have written the chart.
    fn at<'a>(&'a self, url: &'a RepositoryUrl) -> Reaching<'a>;

    /// The URLs that `@name` and `alias:name` stand for. `None` if there is no such list, which makes
    /// a dependency that uses one an error.
    fn named(&self) -> Option<Vec<(String, String)>> {
        None
    }
}

/// Every repository is asked anonymously, on behalf of a tenant.
#[derive(Debug, Clone, Default)]
pub struct AnonymousRepositories {
    tenant: String,
}

impl AnonymousRepositories {
    /// On behalf of `tenant`; see [`Registry::tenant`].
    pub fn new(tenant: impl Into<String>) -> Self {
        Self {
            tenant: tenant.into(),
        }
    }
}

impl Repositories for AnonymousRepositories {
    fn at<'a>(&'a self, url: &'a RepositoryUrl) -> Reaching<'a> {
        Box::pin(async move {
            Ok(match url.scheme() {
                Scheme::Oci => Registry::new(url.oci()?).tenant(&self.tenant).into(),
                Scheme::Http | Scheme::Https => ChartRepository::new(url.clone())
                    .tenant(&self.tenant)
                    .into(),
            })
        })
    }
}
