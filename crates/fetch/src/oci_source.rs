//! Charts in an OCI registry.

use portolan_chart::{ChartName, tag_for_version};
use portolan_reference::Pin;

use crate::helm;
use crate::source::{ChartSource, Opening, PinnedChart, Pinning, Versions};
use crate::{FetchError, OciRegistry, Remote};

/// The charts below one repository of an OCI registry, each a repository of its own:
/// `oci://registry.example.com/charts` has `podinfo` at `registry.example.com/charts/podinfo`.
#[derive(Debug, Clone)]
pub struct OciChartSource {
    registry: OciRegistry,
    base: Remote,
}

impl OciChartSource {
    /// The charts below `base`.
    pub fn new(registry: OciRegistry, base: Remote) -> Self {
        Self { registry, base }
    }

    /// The repository of `chart`, on the same behalf.
    ///
    /// # Errors
    ///
    /// [`FetchError::Reference`] if a registry can have no chart of that name.
    pub fn remote(&self, chart: &ChartName) -> Result<Remote, FetchError> {
        self.base
            .join(chart.as_str())
            .map_err(FetchError::Reference)
    }

    async fn pinned(&self, chart: &ChartName, version: &str) -> Result<PinnedChart, FetchError> {
        let remote = self.remote(chart)?;
        let tag = tag_for_version(version);
        let manifest = self
            .registry
            .manifest(&remote, &Pin::Tag(tag.clone()))
            .await?;
        let reference = remote.repository().at(manifest.digest().clone());
        let layer = helm::content(&manifest).map_err(|flaw| FetchError::NotAChart {
            reference: Box::new(reference.clone()),
            flaw,
        })?;
        Ok(PinnedChart {
            chart: chart.clone(),
            manifest_digest: manifest.digest().clone(),
            layer: layer.clone(),
            reference,
            tag,
        })
    }
}

impl ChartSource for OciChartSource {
    /// One request a page.
    fn versions<'a>(&'a self, chart: &'a ChartName) -> Versions<'a> {
        Box::pin(async move { self.registry.tags(&self.remote(chart)?).await })
    }

    /// One request: the manifest. The config blob is never downloaded; that its media type is Helm's
    /// is all that is needed of it.
    fn pin<'a>(&'a self, chart: &'a ChartName, version: &'a str) -> Pinning<'a> {
        Box::pin(self.pinned(chart, version))
    }

    /// One request: the layer.
    fn open_unchecked<'a>(&'a self, chart: &'a PinnedChart) -> Opening<'a> {
        Box::pin(async move {
            // The name and not the reference, so that a chart pinned elsewhere cannot carry this
            // source's credential to where it came from.
            let remote = self.remote(chart.chart())?;
            self.registry
                .blob(
                    &remote,
                    chart.layer(),
                    self.registry.limits().max_chart_bytes,
                )
                .await
        })
    }
}
