//! What would be chosen?

use std::sync::Arc;

use portolan_chart::{Index, IndexEntry, version_for_tag, version_with_metadata};
use portolan_fetch::{ChartSource, OciChartSource};
use portolan_reference::Version;
use portolan_resolve::{
    Constraint, Entry, Explanation, Wanted, choose_entry, choose_tag, pick_entry, pick_tag,
};
use portolan_store::{Record, Store};

use crate::bring::RECORDED_POLICY;
use crate::pull::on_a_thread;
use crate::{Acquirer, ChartRepository, IndexError, LookError, Registry, Repository, Request};

/// Under these names a record keeps what of an index, and of what was asked for, led to an artifact.
pub(crate) const RECORDED_ENTRY: &str = "index.entry";
pub(crate) const RECORDED_RECIPE: &str = "recipe";

/// How many versions are compared without making room for others: a few milliseconds' worth.
const MOST_AT_ONCE: usize = 10_000;

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// As the repository writes it, but with `+` before its build metadata.
    offered: String,
    /// As it will be stored.
    version: String,
    entry: Option<Listed>,
}

/// What an index says about the chosen version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) url: Option<String>,
    pub(crate) digest: Option<String>,
}

impl Listed {
    /// What changes when the version is published again.
    pub(crate) fn fingerprint(&self) -> String {
        let digest = self.digest.as_deref().filter(|digest| !digest.is_empty());
        let text = digest.or(self.url.as_deref()).unwrap_or_default();
        portolan_reference::redacted(text)
    }
}

impl From<IndexEntry<'_>> for Listed {
    fn from(entry: IndexEntry<'_>) -> Self {
        Self {
            url: entry.url().map(str::to_owned),
            digest: entry.digest().map(str::to_owned),
        }
    }
}

impl Look {
    /// The version to acquire, as it will be stored: with `+` before its build metadata, which is the
    /// one that the request's recipe asks for.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The version as the repository offers it.
    pub fn offered(&self) -> &str {
        &self.offered
    }

    pub(crate) fn entry(&self) -> Option<&Listed> {
        self.entry.as_ref()
    }

    fn new(request: &Request, offered: String, entry: Option<Listed>) -> Result<Self, LookError> {
        let version = match &request.made_by().metadata {
            Some(metadata) => version_with_metadata(&offered, metadata)?,
            None => offered.clone(),
        };
        Ok(Self {
            offered,
            version,
            entry,
        })
    }
}

impl Acquirer {
    /// Find out which version `request` means.
    ///
    /// In a registry, a version with all three numbers costs no request: that it exists shows when it
    /// is acquired. Anything else costs one list of tags, in as many pages as the registry makes of
    /// it. In a chart repository everything is looked up in its index: in the [stored
    /// one](Request::with_index), which costs no request, or else in the one that the server has.
    ///
    /// # Errors
    ///
    /// [`LookError`]. Nothing has been kept.
    pub async fn look(&self, request: &Request) -> Result<Look, LookError> {
        match request.origin() {
            Repository::Registry(registry) => self.look_among_tags(request, registry).await,
            Repository::Charts(charts) => {
                let index = self.index(request, charts).await?;
                let versions = index.versions(request.chart().as_str());
                if versions.is_none_or(|versions| versions.len() <= MOST_AT_ONCE) {
                    return look_in(&index, request);
                }
                let request = request.clone();
                let looked = on_a_thread(move || look_in(&index, &request)).await;
                looked.map_err(IndexError::Interrupted)?
            }
        }
    }

    async fn look_among_tags(
        &self,
        request: &Request,
        registry: &Registry,
    ) -> Result<Look, LookError> {
        let wanted = Wanted::parse(request.version())?;
        let Wanted::Range(_) = &wanted else {
            return Look::new(request, wanted.to_string(), None);
        };
        let tags = self.tags(request, registry).await?;
        match pick_tag(&wanted, &tags) {
            Ok(chosen) => Look::new(request, chosen.version().text().to_owned(), None),
            // Why each was refused is worth its memory only now.
            Err(miss) => {
                let explanation = choose_tag(&wanted, &tags).into_parts().1;
                Err(LookError::missed(request, miss, explanation))
            }
        }
    }

    /// What becomes of each version that the repository offers, whether one is chosen or none. A
    /// version with all three numbers is looked for among a registry's tags as well.
    ///
    /// # Errors
    ///
    /// [`LookError`], except that no match is an answer here.
    pub async fn explain(&self, request: &Request) -> Result<Explanation, LookError> {
        let wanted = Wanted::parse(request.version())?;
        let choice = match request.origin() {
            Repository::Registry(registry) => {
                choose_tag(&wanted, &self.tags(request, registry).await?)
            }
            Repository::Charts(charts) => {
                let index = self.index(request, charts).await?;
                choose_entry(&wanted, offers(&index, request)?)
            }
        };
        Ok(choice.into_parts().1)
    }

    /// The versions that the repository offers, highest first; tags that are no versions are left
    /// out. With a range, only those in it.
    ///
    /// # Errors
    ///
    /// [`LookError`], except that no versions are an answer here.
    pub async fn versions(
        &self,
        request: &Request,
        range: Option<&str>,
    ) -> Result<Vec<Version>, LookError> {
        let range: Option<Constraint> = range.map(str::parse).transpose()?;
        let offered: Vec<Version> = match request.origin() {
            Repository::Registry(registry) => self
                .tags(request, registry)
                .await?
                .iter()
                .filter_map(|tag| Version::strict(&version_for_tag(tag)).ok())
                .collect(),
            Repository::Charts(charts) => {
                let index = self.index(request, charts).await?;
                entries(&index, request)?
                    .filter_map(|entry| Version::loose(entry.version()).ok())
                    .collect()
            }
        };
        let mut versions: Vec<Version> = offered
            .into_iter()
            .filter(|version| range.as_ref().is_none_or(|range| range.matches(version)))
            .collect();
        // Build metadata is no part of precedence; the text makes the order one of its own.
        versions.sort_by(|a, b| b.cmp(a).then_with(|| b.text().cmp(a.text())));
        Ok(versions)
    }

    /// Whether the artifact at `path` was made from what `look` has chosen, as far as can be told
    /// without a request: a version that was published again shows in the index of its repository, a
    /// registry has to be [asked](Self::acquire). One that was never proven to meet the request's policy
    /// is not what is wanted.
    pub async fn is_current(
        &self,
        request: &Request,
        look: &Look,
        store: &Store,
        path: &str,
    ) -> bool {
        let Some(entry) = look.entry() else {
            return request.policy().is_none() || self.is_proven(request, store, path).await;
        };
        let record = store.record(path).await;
        record.is_some_and(|record| {
            record.source == request.place()
                && told(&record, RECORDED_ENTRY) == entry.fingerprint()
                && told(&record, RECORDED_RECIPE) == request.made_by().fingerprint()
        })
    }

    /// Whether the artifact at `path` was proven to be signed as the policy of `request` demands, which
    /// must be this very policy. It never is where there is no policy. Costs no request.
    pub async fn is_proven(&self, request: &Request, store: &Store, path: &str) -> bool {
        if request.policy().is_none() {
            return false;
        }
        let record = store.record(path).await;
        record.is_some_and(|record| is_proven(&record, request))
    }

    async fn tags(&self, request: &Request, registry: &Registry) -> Result<Vec<String>, LookError> {
        let remote = registry.for_chart(request.chart()).await;
        let remote = remote.map_err(LookError::Credential)?;
        let source = OciChartSource::new(self.registry.clone(), remote);
        let tags = source.versions(request.chart()).await;
        tags.map_err(|source| LookError::List {
            chart: request.chart().clone(),
            source,
        })
    }

    /// The index to look in.
    async fn index(
        &self,
        request: &Request,
        charts: &ChartRepository,
    ) -> Result<Arc<Index>, IndexError> {
        match request.stored_index() {
            Some(stored) => self.indexes.stored(stored, &self.limits.index).await,
            None => self.fetched_index(charts).await,
        }
    }

    /// The index of `charts` as its server has it now.
    pub(crate) async fn fetched_index(
        &self,
        charts: &ChartRepository,
    ) -> Result<Arc<Index>, IndexError> {
        self.indexes
            .fetched(&self.transport, &self.charts, charts, &self.limits.index)
            .await
    }
}

/// Whether what the record is about was proven to meet the policy of the request.
pub(crate) fn is_proven(record: &Record, request: &Request) -> bool {
    let policy = request
        .policy()
        .map(|policy| policy.fingerprint().to_string());
    policy.is_some_and(|policy| {
        record.source == request.place()
            && record.manifest_digest.is_some()
            && told(record, RECORDED_POLICY) == policy
    })
}

/// What a record keeps under `key`.
pub(crate) fn told<'a>(record: &'a Record, key: &str) -> &'a str {
    record.fingerprints.get(key).map_or("", String::as_str)
}

/// Choose from `index`.
fn look_in(index: &Index, request: &Request) -> Result<Look, LookError> {
    let wanted = Wanted::parse(request.version()).map_err(LookError::ListedConstraint)?;
    let Ok(chosen) = pick_entry(&wanted, offers(index, request)?) else {
        let choice = choose_entry(&wanted, offers(index, request)?);
        return Err(LookError::NoEntry {
            chart: request.chart().clone(),
            wanted: request.version().to_owned(),
            explanation: Box::new(choice.into_parts().1),
        });
    };
    let entry = entries(index, request)?.nth(chosen.index());
    let version = chosen.version().text().to_owned();
    Look::new(request, version, entry.map(Listed::from))
}

/// The versions of the chart in `index`.
fn entries<'a>(
    index: &'a Index,
    request: &Request,
) -> Result<impl ExactSizeIterator<Item = IndexEntry<'a>>, LookError> {
    let versions = index.versions(request.chart().as_str());
    let versions = versions.ok_or_else(|| LookError::NoChart {
        chart: request.chart().clone(),
        repository: request.place(),
    })?;
    if versions.len() == 0 {
        return Err(LookError::NoEntries {
            chart: request.chart().clone(),
            repository: request.place(),
        });
    }
    Ok(versions)
}

fn offers<'a>(
    index: &'a Index,
    request: &Request,
) -> Result<impl Iterator<Item = Entry<'a>>, LookError> {
    let versions = entries(index, request)?;
    Ok(versions.map(|entry| Entry::new(entry.version(), entry.created())))
}
