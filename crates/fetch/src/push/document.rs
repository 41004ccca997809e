//! What is written about a chart when it is pushed.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use portolan_chart::{CONFIG_MEDIA_TYPE, CONTENT_MEDIA_TYPE, ChartMetadata, Maintainer};
use portolan_reference::{Algorithm, Digest};
use serde::Serialize;

use crate::manifest::OCI_MANIFEST;

/// The manifest of a chart.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    schema_version: u8,
    media_type: &'static str,
    pub(super) config: Content,
    layers: [Content; 1],
    annotations: BTreeMap<String, String>,
}

/// What the manifest says about one blob.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Content {
    media_type: &'static str,
    #[serde(serialize_with = "as_text")]
    pub(super) digest: Digest,
    size: usize,
}

impl Document {
    /// A chart of these two blobs.
    pub(super) fn new(
        config: &[u8],
        archive: &[u8],
        metadata: &ChartMetadata,
        created: SystemTime,
    ) -> Self {
        Self {
            schema_version: 2,
            media_type: OCI_MANIFEST,
            config: Content::of(CONFIG_MEDIA_TYPE, config),
            layers: [Content::of(CONTENT_MEDIA_TYPE, archive)],
            annotations: annotations(metadata, created),
        }
    }

    /// The archive.
    pub(super) fn layer(&self) -> &Content {
        let [layer] = &self.layers;
        layer
    }

    /// As it is sent.
    pub(super) fn to_bytes(&self) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(self).map(Bytes::from)
    }
}

impl Content {
    fn of(media_type: &'static str, content: &[u8]) -> Self {
        Self {
            media_type,
            digest: Digest::of(Algorithm::Sha256, content),
            size: content.len(),
        }
    }
}

fn as_text<S: serde::Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(digest)
}

/// What Helm writes beside a chart
/// ([`generateOCIAnnotations`](https://github.com/helm/helm/blob/v4.0.0/pkg/registry/chart.go)): the
/// chart's own annotations too, except that they cannot rename it.
fn annotations(metadata: &ChartMetadata, created: SystemTime) -> BTreeMap<String, String> {
    const TITLE: &str = "org.opencontainers.image.title";
    const VERSION: &str = "org.opencontainers.image.version";
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut all = BTreeMap::from([
        (TITLE, metadata.name.clone()),
        (VERSION, metadata.version.clone()),
        ("org.opencontainers.image.created", timestamp(created)),
        (
            "org.opencontainers.image.description",
            text(&metadata.description),
        ),
        ("org.opencontainers.image.url", text(&metadata.home)),
        (
            "org.opencontainers.image.source",
            metadata.sources.first().cloned().unwrap_or_default(),
        ),
        (
            "org.opencontainers.image.authors",
            authors(&metadata.maintainers),
        ),
    ]);
    all.retain(|_, value| !value.trim().is_empty());
    let mut all: BTreeMap<String, String> = all
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    let own = metadata
        .annotations
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), TITLE | VERSION));
    all.extend(own.map(|(key, value)| (key.clone(), value.clone())));
    all
}

fn authors(maintainers: &[Maintainer]) -> String {
    let one = |maintainer: &Maintainer| {
        let name = maintainer.name.clone().unwrap_or_default();
        match &maintainer.email {
            Some(email) if !email.is_empty() => format!("{name} ({email})"),
            _ => name,
        }
    };
    maintainers.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// RFC 3339, in whole seconds. A time before 1970 counts as its beginning.
fn timestamp(time: SystemTime) -> String {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds)
        .unwrap_or(jiff::Timestamp::MAX)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_helm_writes_it() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::new(seconds, 999_999_999);
        assert_eq!(timestamp(at(0)), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(at(1_790_000_000)), "2026-09-21T14:13:20Z");
        assert_eq!(timestamp(at(1 << 60)), timestamp(at(1 << 61)));
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(9);
        assert_eq!(timestamp(before), "1970-01-01T00:00:00Z");
    }
}
