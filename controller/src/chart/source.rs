//! What a chart is taken from.

use std::sync::Arc;

use kube::runtime::reflector::{ObjectRef, Store};
use portolan_api::{
    Artifact, Bucket, GitRepository, HelmChart, HelmRepository, RepositoryType, SourceKind,
};

use crate::chain::chain;
use crate::cluster::Cluster;
use crate::context::Context;
use crate::failure::Failure;
use crate::kind::Watched;
use crate::translate;

/// What a chart is taken from, as it was last seen.
pub(super) enum Source {
    /// A path in a registry. It never has an artifact.
    Registry(Arc<HelmRepository>),
    /// A repository, and the index that it has stored.
    Index(Arc<HelmRepository>, Artifact),
    /// The files that a source of that kind has stored.
    Files(&'static str, Artifact),
}

impl Source {
    /// The source that the chart names, in its own namespace.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if there is none, or if it has nothing to take from yet.
    pub(super) async fn of<C: Cluster>(
        chart: &HelmChart,
        context: &Context<C>,
    ) -> Result<Self, Failure> {
        match chart.spec.source_ref.kind {
            SourceKind::GitRepository => {
                translate::refuse_unverifiable(chart)?;
                let source = find(&context.git_repositories, chart, context).await?;
                Ok(Self::Files(GitRepository::NAME, artifact(&*source, chart)?))
            }
            SourceKind::Bucket => {
                translate::refuse_unverifiable(chart)?;
                let source = find(&context.buckets, chart, context).await?;
                Ok(Self::Files(Bucket::NAME, artifact(&*source, chart)?))
            }
            _ => {
                let repository = find(&context.repositories, chart, context).await?;
                if repository.spec.repository_type() == RepositoryType::Oci {
                    return Ok(Self::Registry(repository));
                }
                translate::refuse_unverifiable(chart)?;
                let artifact = artifact(&*repository, chart)?;
                Ok(Self::Index(repository, artifact))
            }
        }
    }
}

/// The source as it was last seen, or as it is now if it was not yet.
async fn find<K: Watched, C: Cluster>(
    seen: &Store<K>,
    chart: &HelmChart,
    context: &Context<C>,
) -> Result<Arc<K>, Failure> {
    let (namespace, name) = (chart.home(), chart.spec.source_ref.name.as_str());
    if let Some(source) = seen.get(&ObjectRef::new(name).within(&namespace)) {
        return Ok(source);
    }
    let read = context.cluster.read(&namespace, name).await;
    let read = read.map_err(|error| Failure::source_unavailable(&chain(&error)))?;
    read.map(Arc::new).ok_or_else(|| {
        let kind = K::NAME;
        Failure::source_unavailable(&format!(
            "{kind}.source.toolkit.fluxcd.io \"{name}\" not found"
        ))
    })
}

/// What the source has stored.
fn artifact<K: Watched>(source: &K, chart: &HelmChart) -> Result<Artifact, Failure> {
    let artifact = source.artifact().cloned();
    artifact.ok_or_else(|| Failure::no_artifact(K::NAME, &chart.spec.source_ref.name))
}
