//! What would be chosen?

use portolan_chart::version_for_tag;
use portolan_fetch::{ChartSource, OciChartSource};
use portolan_reference::Version;
use portolan_resolve::{Constraint, Explanation, Wanted, choose_tag, pick_tag};

use crate::{Acquirer, LookError, Request};

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    version: String,
}

impl Look {
    /// The version to acquire, with `+` before its build metadata.
    pub fn version(&self) -> &str {
        &self.version
    }
}

impl Acquirer {
    /// Find out which version `request` means.
    ///
    /// A version with all three numbers costs no request: that it exists shows when it is acquired.
    /// Anything else costs one list of tags, in as many pages as the registry makes of it.
    ///
    /// # Errors
    ///
    /// [`LookError`]. Nothing has been kept.
    pub async fn look(&self, request: &Request) -> Result<Look, LookError> {
        let wanted = Wanted::parse(request.version())?;
        let Wanted::Range(_) = &wanted else {
            let version = wanted.to_string();
            return Ok(Look { version });
        };
        let tags = self.tags(request).await?;
        match pick_tag(&wanted, &tags) {
            Ok(chosen) => Ok(Look {
                version: chosen.version().text().to_owned(),
            }),
            // Why each was refused is worth its memory only now.
            Err(miss) => {
                let explanation = choose_tag(&wanted, &tags).into_parts().1;
                Err(LookError::missed(request, miss, explanation))
            }
        }
    }

    /// What becomes of each tag that the registry offers, whether one is chosen or none. A version
    /// with all three numbers is looked for among the tags as well.
    ///
    /// # Errors
    ///
    /// [`LookError`], except that no match is an answer here.
    pub async fn explain(&self, request: &Request) -> Result<Explanation, LookError> {
        let wanted = Wanted::parse(request.version())?;
        let tags = self.tags(request).await?;
        Ok(choose_tag(&wanted, &tags).into_parts().1)
    }

    /// The versions that the registry offers, highest first; tags that are no versions are left out.
    /// With a range, only those in it.
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
        let mut versions: Vec<Version> = self
            .tags(request)
            .await?
            .iter()
            .filter_map(|tag| Version::strict(&version_for_tag(tag)).ok())
            .filter(|version| range.as_ref().is_none_or(|range| range.matches(version)))
            .collect();
        // Build metadata is no part of precedence; the text makes the order one of its own.
        versions.sort_by(|a, b| b.cmp(a).then_with(|| b.text().cmp(a.text())));
        Ok(versions)
    }

    async fn tags(&self, request: &Request) -> Result<Vec<String>, LookError> {
        let remote = request.remote().await.map_err(LookError::Credential)?;
        let source = OciChartSource::new(self.registry.clone(), remote);
        let tags = source.versions(request.chart()).await;
        tags.map_err(|source| LookError::List {
            chart: request.chart().clone(),
            source,
        })
    }
}
