//! From custom resources and Secrets to what the libraries understand.
//!
//! A field that the schema accepts and this version cannot honour is refused here, by name, before
//! anything is fetched.

mod access;
mod verification;

use std::sync::Arc;

use kube::ResourceExt as _;
use portolan_acquire::{
    ChartName, ChartRepository, Recipe, Registry, Repositories, Repository, Request, Source,
    SourceRequest, StoredIndex,
};
use portolan_api::{
    Artifact, GitRepository, HelmChart, HelmChartSpec, HelmRepository, ReconcileStrategy,
    RepositoryType, message, reason,
};
use portolan_reference::{OciRepository, RepositoryUrl, Scheme, redacted};
use portolan_store::Store;

use crate::chain::chain;
use crate::failure::Failure;
use crate::kind::{Kind as _, Watched as _};
use crate::secrets::Secrets;

pub(crate) use self::verification::policy;

/// How much of a revision becomes part of a version: labels are made of versions, and are short.
const REVISION_CHARACTERS: usize = 12;

/// Refuse what this version cannot do, naming the field.
pub(crate) fn refuse_unsupported(spec: &HelmChartSpec) -> Result<(), Failure> {
    match &spec.verify {
        Some(verify) => verification::refuse_unsupported(verify),
        None => Ok(()),
    }
}

/// Refuse to take `chart` from where there are no signatures, if it is to be verified.
pub(crate) fn refuse_unverifiable(chart: &HelmChart) -> Result<(), Failure> {
    if chart.spec.verify.is_none() {
        return Ok(());
    }
    let source = &chart.spec.source_ref;
    Err(Failure::unverifiable(
        "spec.verify",
        &format!(
            "only a chart of a HelmRepository of type 'oci' can be verified, and {} '{}' is none",
            source.kind, source.name
        ),
    ))
}

/// The chart that is to be acquired for `chart` from `repository`.
///
/// From a repository with an index it is looked up in the one that lies in `store`.
///
/// # Errors
///
/// A [`Failure`] that names the field or the Secret, and says what to do.
pub(crate) fn request(
    chart: &HelmChart,
    repository: &HelmRepository,
    secrets: &Secrets,
    store: &Store,
) -> Result<Request, Failure> {
    let invalid = |error: &(dyn std::error::Error + 'static)| {
        Failure::stalled(
            reason::INVALID_CHART_REFERENCE,
            &format!("{}{}", message::INVALID_CHART_REFERENCE, chain(error)),
        )
    };
    let name: ChartName = chart.spec.chart.parse().map_err(|error| invalid(&error))?;
    let origin = reached(repository, secrets, Some(&name))?;
    let index = match &origin {
        Repository::Charts(_) => Some(stored_index(repository, store)?),
        Repository::Registry(_) => None,
    };
    let request = Request::from_repository(origin, name, chart.spec.version())
        .recipe(recipe(chart, version_metadata(chart, None)));
    request.check().map_err(|error| invalid(&error))?;
    Ok(match index {
        Some(index) => request.with_index(index),
        None => request,
    })
}

/// The chart that is to be built for `chart` from what a `GitRepository` or a `Bucket`, of which
/// `kind` says which, has stored.
///
/// # Errors
///
/// A [`Failure`] if the source says nothing that could be followed.
pub(crate) fn source_request(
    chart: &HelmChart,
    kind: &str,
    artifact: &Artifact,
    repositories: Arc<dyn Repositories>,
) -> Result<SourceRequest, Failure> {
    let unusable = |what: &str, error: &(dyn std::error::Error + 'static)| {
        Failure::fetch(
            reason::SOURCE_UNAVAILABLE,
            &format!(
                "{}the {what} of the artifact of {kind} '{}' cannot be used: {}",
                message::FAILED_TO_GET_SOURCE,
                chart.spec.source_ref.name,
                chain(error)
            ),
        )
    };
    let url = artifact
        .url
        .parse()
        .map_err(|error| unusable("URL", &error))?;
    let digest = artifact
        .digest
        .parse()
        .map_err(|error| unusable("digest", &error))?;
    let metadata = version_metadata(chart, Some((kind, &artifact.revision)));
    let source = Source::artifact(url, digest);
    let request = SourceRequest::new(source, &artifact.revision, &chart.spec.chart, repositories);
    Ok(request.recipe(recipe(chart, metadata)))
}

/// The repository, as it is reached for `chart`, or for any chart in it.
///
/// # Errors
///
/// A [`Failure`] that names the field or the Secret, and says what to do.
pub(crate) fn reached(
    repository: &HelmRepository,
    secrets: &Secrets,
    chart: Option<&ChartName>,
) -> Result<Repository, Failure> {
    let tenant = repository.home();
    if repository.spec.repository_type() != RepositoryType::Oci {
        let charts = ChartRepository::new(url(repository)?)
            .credential(access::repository_credential(secrets)?)
            .tenant(tenant)
            .tls(access::tls(repository, secrets)?);
        return Ok(if repository.spec.pass_credentials {
            charts.pass_credentials().into()
        } else {
            charts.into()
        });
    }
    let base = base(repository)?;
    let wanted = chart.and_then(|name| base.join(name.as_str()).ok());
    let wanted = wanted.as_ref().unwrap_or(&base);
    let credentials = access::registry_credentials(repository, secrets, &base, wanted)?;
    let registry = Registry::new(base)
        .credentials(credentials)
        .tenant(tenant)
        .tls(access::tls(repository, secrets)?);
    Ok(if repository.spec.insecure {
        registry.allow_plain_http().into()
    } else {
        registry.into()
    })
}

/// A repository with an index, as it is reached.
///
/// # Errors
///
/// As [`reached`].
pub(crate) fn charts(
    repository: &HelmRepository,
    secrets: &Secrets,
) -> Result<ChartRepository, Failure> {
    match reached(repository, secrets, None)? {
        Repository::Charts(charts) => Ok(charts),
        Repository::Registry(_) => Err(Failure::stalled(
            reason::URL_INVALID,
            &format!("{}it has no index", message::INVALID_REPOSITORY_URL),
        )),
    }
}

/// The URL of a repository with an index.
///
/// # Errors
///
/// A [`Failure`] if it is none.
pub(crate) fn url(repository: &HelmRepository) -> Result<RepositoryUrl, Failure> {
    let invalid = |text: &str| {
        Failure::stalled(
            reason::URL_INVALID,
            &format!("{}{text}", message::INVALID_REPOSITORY_URL),
        )
    };
    let url: RepositoryUrl = repository
        .spec
        .url
        .parse()
        .map_err(|error| invalid(&chain(&error)))?;
    if url.scheme() == Scheme::Oci {
        return Err(invalid(
            "'oci' URL scheme cannot be used with 'default' HelmRepository type",
        ));
    }
    Ok(url)
}

/// The path in a registry that a repository of type `oci` names.
fn base(repository: &HelmRepository) -> Result<OciRepository, Failure> {
    let invalid = |error: &(dyn std::error::Error + 'static)| {
        Failure::stalled(
            reason::URL_INVALID,
            &format!("{}{}", message::INVALID_REPOSITORY_URL, chain(error)),
        )
    };
    let url: RepositoryUrl = repository
        .spec
        .url
        .parse()
        .map_err(|error| invalid(&error))?;
    if url.scheme() != Scheme::Oci {
        return Err(Failure::stalled(
            reason::FAILED,
            &format!(
                "{}invalid OCI registry URL: {}",
                message::CLIENT_CONSTRUCTION_FAILED,
                redacted(url.as_str())
            ),
        ));
    }
    url.oci().map_err(|error| invalid(&error))
}

/// The index that the repository has stored.
fn stored_index(repository: &HelmRepository, store: &Store) -> Result<StoredIndex, Failure> {
    let name = repository.name_any();
    let none = || Failure::no_artifact(HelmRepository::NAME, &name);
    let artifact = repository.artifact().ok_or_else(none)?;
    // One without a digest vouches for nothing, and its repository is about to notice.
    let digest = artifact.digest.parse().map_err(|_| none())?;
    Ok(StoredIndex::new(store.clone(), &artifact.path, digest))
}

/// What is to be made of the chart.
fn recipe(chart: &HelmChart, version_metadata: Option<String>) -> Recipe {
    let recipe = Recipe::new().values_files(values_files(&chart.spec));
    let recipe = if chart.spec.ignore_missing_values_files {
        recipe.ignore_missing_values_files()
    } else {
        recipe
    };
    match version_metadata {
        Some(metadata) => recipe.version_metadata(metadata),
        None => recipe,
    }
}

/// The values files that are to be merged. The chart's own values alone are what the chart has anyway.
pub(crate) fn values_files(spec: &HelmChartSpec) -> &[String] {
    match spec.values_files.as_slice() {
        [only] if only.trim_start_matches("./") == "values.yaml" => &[],
        files => files,
    }
}

/// What is told apart in a version although the chart says the same: the revision of the source, if
/// that is asked for, and the generation of the object, if values are merged.
fn version_metadata(chart: &HelmChart, source: Option<(&str, &str)>) -> Option<String> {
    let mut parts = Vec::new();
    if let Some((kind, revision)) = source
        && chart.spec.reconcile_strategy() == ReconcileStrategy::Revision
    {
        let content = if kind == GitRepository::NAME {
            commit(revision)
        } else {
            hexadecimals(revision)
        };
        parts.push(content.chars().take(REVISION_CHARACTERS).collect());
    }
    if !values_files(&chart.spec).is_empty() {
        parts.push(chart.generation().to_string());
    }
    (!parts.is_empty()).then(|| parts.join("."))
}

/// The hash in the revision of a Git repository: of `main@sha1:<hash>`, `sha1:<hash>` or the older
/// `main/<hash>`.
fn commit(revision: &str) -> &str {
    let named = revision.rsplit_once('@').map_or(revision, |(_, hash)| hash);
    match named.split_once(':') {
        Some((_, hash)) => hash,
        None => named.rsplit_once('/').map_or(named, |(_, hash)| hash),
    }
}

/// The digits of a digest; anything else as it is.
fn hexadecimals(revision: &str) -> &str {
    match revision.split_once(':') {
        Some((_, digits)) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => digits,
        _ => revision,
    }
}

#[cfg(test)]
#[path = "translate/tests.rs"]
mod tests;
