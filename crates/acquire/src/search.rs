//! What a chart repository has.

use std::collections::BTreeMap;
use std::io::BufReader;

use portolan_chart::{IndexVersion, visit_index};
use portolan_fetch::IndexAnswer;
use portolan_reference::Version;
use portolan_resolve::{Constraint, ParseConstraintError};

use crate::bring::Body;
use crate::pull::on_a_thread;
use crate::scratch::to_scratch;
use crate::{Acquirer, ChartRepository, IndexError, LookError};

/// What is looked for in a chart repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Text that the name, the description or a keyword has in it, in whatever case. Nothing means
    /// everything.
    pub text: String,
    /// Which versions count. Nothing means every stable one.
    pub version: String,
    /// Tell of every version that counts, not only of the highest of each chart.
    pub every_version: bool,
}

/// A chart that a repository has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// Its name in the index.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it installs.
    pub app_version: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Whether nobody should use it any more.
    pub deprecated: bool,
}

/// A version that counts, while the index is read.
struct Candidate {
    version: Version,
    found: Found,
    keywords: Vec<String>,
}

impl Acquirer {
    /// Look for charts in the index of `repository`, by name and then the highest version first.
    ///
    /// One request. The index is read as a stream: memory follows what is found.
    ///
    /// # Errors
    ///
    /// [`LookError`], if the index cannot be had or `search.version` is no range.
    pub async fn search(
        &self,
        repository: &ChartRepository,
        search: &Search,
    ) -> Result<Vec<Found>, LookError> {
        let range = range(&search.version)?;
        let remote = repository.remote();
        let answer = self.charts.index(&remote, None).await;
        let IndexAnswer::Modified(download) = answer.map_err(IndexError::from)? else {
            return Err(IndexError::NothingToKeep.into());
        };
        let file = to_scratch(&mut Body::from(*download))
            .await
            .map_err(IndexError::from)?;
        let file = file.map_err(IndexError::from)?;
        let (limits, every) = (self.limits.index, search.every_version);
        let read = on_a_thread(move || {
            let mut charts: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
            visit_index(BufReader::new(file), &limits, |name, version| {
                if let Some(candidate) = candidate(name, version, &range) {
                    let kept = charts.entry(name.to_owned()).or_default();
                    if every {
                        kept.push(candidate);
                    } else if kept
                        .first()
                        .is_none_or(|kept| kept.version < candidate.version)
                    {
                        *kept = vec![candidate];
                    }
                }
            })
            .map(|_| charts)
        });
        let charts = read.await.map_err(IndexError::Interrupted)?;
        let charts = charts.map_err(IndexError::from)?;
        let text = search.text.to_lowercase();
        Ok(charts
            .into_values()
            .flat_map(|mut candidates| {
                candidates.sort_by(|a, b| b.version.cmp(&a.version));
                candidates
            })
            .filter(|candidate| candidate.has(&text))
            .map(|candidate| candidate.found)
            .collect())
    }
}

fn range(text: &str) -> Result<Constraint, ParseConstraintError> {
    match text {
        "" => "*".parse(),
        text => text.parse(),
    }
}

fn candidate(name: &str, version: &IndexVersion, range: &Constraint) -> Option<Candidate> {
    let metadata = &version.metadata;
    let parsed = Version::loose(&metadata.version).ok()?;
    range.matches(&parsed).then(|| Candidate {
        version: parsed,
        keywords: metadata.keywords.clone(),
        found: Found {
            name: name.to_owned(),
            version: metadata.version.clone(),
            app_version: metadata.app_version.clone(),
            description: metadata.description.clone(),
            deprecated: metadata.deprecated,
        },
    })
}

impl Candidate {
    fn has(&self, text: &str) -> bool {
        let found = &self.found;
        let description = found.description.as_deref().unwrap_or_default();
        let keywords = self.keywords.iter().map(String::as_str);
        [found.name.as_str(), description]
            .into_iter()
            .chain(keywords)
            .any(|part| part.to_lowercase().contains(text))
    }
}
