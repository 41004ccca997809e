//! The repositories beside a chart, from which it may take what it depends on.

use std::fmt;

use kube::ResourceExt as _;
use kube::runtime::reflector::Store;
use portolan_acquire::{AnonymousRepositories, ReachError, Reaching, Repositories};
use portolan_api::{HelmRepository, RepositoryType};
use portolan_reference::{RepositoryUrl, Scheme};

use crate::cluster::Cluster;
use crate::context::Context;
use crate::failure::Failure;
use crate::kind::{Kind as _, Watched as _};
use crate::secrets::Secrets;
use crate::translate;

/// Reaches a repository as the `HelmRepository` of one namespace says that has its URL, and
/// anonymously if none has. Of several the first by name counts, as in Flux.
///
/// A chart cannot borrow a credential: it is sent only to the URL that the owner of the namespace has
/// written beside it.
pub(super) struct Neighbours<C: Cluster> {
    cluster: C,
    repositories: Store<HelmRepository>,
    namespace: String,
}

impl<C: Cluster> Neighbours<C> {
    /// The repositories of `namespace`.
    pub(super) fn of(namespace: String, context: &Context<C>) -> Self {
        Self {
            cluster: context.cluster.clone(),
            repositories: context.repositories.clone(),
            namespace,
        }
    }

    fn find(&self, url: &RepositoryUrl) -> Option<std::sync::Arc<HelmRepository>> {
        let is_it = |repository: &HelmRepository| {
            let is_oci = repository.spec.repository_type() == RepositoryType::Oci;
            repository.home() == self.namespace
                && !repository.is_deleted()
                && is_oci == (url.scheme() == Scheme::Oci)
                && repository.spec.url.parse().as_ref() == Ok(url)
        };
        let repositories = self.repositories.state();
        let found = repositories.into_iter().filter(|found| is_it(found));
        found.min_by_key(|found| found.name_any())
    }
}

impl<C: Cluster> Repositories for Neighbours<C> {
    fn at<'a>(&'a self, url: &'a RepositoryUrl) -> Reaching<'a> {
        Box::pin(async move {
            let Some(repository) = self.find(url) else {
                return AnonymousRepositories::new(&self.namespace).at(url).await;
            };
            let secrets = Secrets::read(&repository, &self.cluster).await;
            let secrets = secrets.map_err(refused)?;
            translate::reached(&repository, &secrets, None).map_err(refused)
        })
    }
}

impl<C: Cluster> fmt::Debug for Neighbours<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Neighbours")
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

/// What is wrong with the repository, in the words that it would use itself.
fn refused(failure: Failure) -> ReachError {
    failure.message.into()
}
