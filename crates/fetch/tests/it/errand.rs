//! What every test needs: a registry with a chart in it, and somebody to ask for it.

use std::time::Duration;

use bytes::Bytes;
use portolan_auth::{Access, Transport};
use portolan_fetch::{
    Blob, ChartSource, FetchError, Limits, OciChartSource, OciRegistry, PinnedChart, Remote,
};
use portolan_kit::{ChartArchive, Registry, Seen, chart_archive};

/// Where the chart is: `charts/podinfo`.
pub(crate) const REPOSITORY: &str = "charts/podinfo";

/// A registry, and somebody who wants something of it.
pub(crate) struct Errand {
    pub(crate) registry: Registry,
    pub(crate) limits: Limits,
    pub(crate) access: Access,
    /// How long the registry may say nothing at all.
    pub(crate) patience: Duration,
}

impl Errand {
    /// To a registry that has `podinfo` 1.0.0.
    pub(crate) async fn begin() -> Self {
        Self::to(Registry::start().await)
    }

    /// To this registry, after `podinfo` 1.0.0 was pushed to it.
    pub(crate) fn to(registry: Registry) -> Self {
        registry.push_chart(REPOSITORY, &chart_archive("podinfo", "1.0.0"), "1.0.0");
        registry.forget_requests();
        Self {
            registry,
            limits: Limits::default(),
            access: Access::anonymous(),
            patience: Duration::from_secs(10),
        }
    }

    /// The chart's archive, too large to arrive in one piece.
    pub(crate) fn push_large(&self) -> Bytes {
        let archive = ChartArchive::new("podinfo", "2.0.0")
            .padding(300_000, 7)
            .build();
        self.registry.push_chart(REPOSITORY, &archive, "2.0.0");
        self.registry.forget_requests();
        archive.into()
    }

    pub(crate) fn transport(&self) -> Transport {
        Transport::builder()
            .header_timeout(self.patience)
            .idle_timeout(self.patience)
            .build()
            .unwrap()
    }

    pub(crate) fn oci(&self) -> OciRegistry {
        OciRegistry::new(self.transport(), self.limits)
    }

    /// The repository of the chart.
    pub(crate) fn remote(&self) -> Remote {
        self.remote_of(REPOSITORY)
    }

    pub(crate) fn remote_of(&self, repository: &str) -> Remote {
        let repository = self.registry.oci_url(repository).parse().unwrap();
        Remote::new(repository, self.access.clone()).allow_plain_http()
    }

    /// All charts of the registry.
    pub(crate) fn charts(&self) -> OciChartSource {
        OciChartSource::new(self.oci(), self.remote_of("charts"))
    }

    pub(crate) async fn tags(&self) -> Result<Vec<String>, FetchError> {
        self.oci().tags(&self.remote()).await
    }

    pub(crate) async fn pin(&self, version: &str) -> Result<PinnedChart, FetchError> {
        self.charts()
            .pin(&"podinfo".parse().unwrap(), version)
            .await
    }

    /// The whole archive of a version, or why there is none.
    pub(crate) async fn pull(&self, version: &str) -> Result<Bytes, FetchError> {
        let charts = self.charts();
        let pinned = charts.pin(&"podinfo".parse().unwrap(), version).await?;
        charts.open_unchecked(&pinned).await?.collect().await
    }

    /// What was asked for so far: `GET manifests/1.0.0`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let short = |seen: &Seen| {
            let endpoint = seen.path.rsplit_once(&format!("{REPOSITORY}/"));
            format!(
                "{} {}",
                seen.method,
                endpoint.map_or(seen.path.as_str(), |(_, rest)| rest)
            )
        };
        self.registry.requests().iter().map(short).collect()
    }

    /// The times between one request and the next.
    pub(crate) fn pauses(&self) -> Vec<Duration> {
        let times: Vec<_> = self
            .registry
            .requests()
            .iter()
            .map(|seen| seen.at)
            .collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

/// Everything that comes out before an end or an error, and which it was. It is never more than was
/// promised.
pub(crate) async fn drain(mut blob: Blob) -> (Vec<u8>, Result<(), FetchError>) {
    let mut content = Vec::new();
    loop {
        match blob.chunk().await {
            Ok(Some(chunk)) => {
                content.extend_from_slice(&chunk);
                let promised = blob.descriptor().size();
                assert!(
                    content.len() as u64 <= promised,
                    "more than {promised} bytes"
                );
            }
            Ok(None) => return (content, Ok(())),
            Err(error) => {
                assert!(
                    blob.chunk().await.is_err(),
                    "after an error nothing is right any more"
                );
                return (content, Err(error));
            }
        }
    }
}

/// The error and its causes, as somebody would read them.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}
