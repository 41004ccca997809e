//! Putting content into a registry without asking it.

use bytes::Bytes;
use serde_json::{Value, json};

use super::Registry;
use super::content::Manifest;
use super::manifests::MANIFEST_MEDIA_TYPE;
use crate::chart::chart_yaml_fields;
use crate::digest::sha256;

/// The media type of a chart's configuration: its Chart.yaml as JSON.
pub const CHART_CONFIG_MEDIA_TYPE: &str = "application/vnd.cncf.helm.config.v1+json";

/// The media type of a chart's archive.
pub const CHART_CONTENT_MEDIA_TYPE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/// The media type of a chart's archive as Helm wrote it before version 3.7.
pub const LEGACY_CHART_CONTENT_MEDIA_TYPE: &str = "application/tar+gzip";

/// The media type of a provenance file.
pub const PROVENANCE_MEDIA_TYPE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

impl Registry {
    /// Put a chart's archive into `repository` (the chart's own, `charts/podinfo`) the way
    /// `helm push` does: a configuration, one layer, a manifest under `tag`. Answers the digest of
    /// the manifest.
    ///
    /// The archive is not looked at more than needed, so anything can be pushed as a chart.
    pub fn push_chart(&self, repository: &str, archive: &[u8], tag: &str) -> String {
        let layer = self.push_blob(repository, archive);
        let layer = json!({
            "mediaType": CHART_CONTENT_MEDIA_TYPE,
            "digest": layer,
            "size": archive.len(),
        });
        self.push_chart_layers(repository, archive, &[layer], tag)
    }

    /// Put a chart into `repository` with the layers as given, in their order. Whether the blobs
    /// they name are there is the caller's business.
    ///
    /// `archive` is where name and version of the configuration are read from.
    pub fn push_chart_layers(
        &self,
        repository: &str,
        archive: &[u8],
        layers: &[Value],
        tag: &str,
    ) -> String {
        let fields = chart_yaml_fields(archive);
        let config = Value::Object(
            fields
                .iter()
                .map(|(key, text)| (key.clone(), text.as_str().into()))
                .collect(),
        )
        .to_string();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_MEDIA_TYPE,
            "config": {
                "mediaType": CHART_CONFIG_MEDIA_TYPE,
                "digest": self.push_blob(repository, config.as_bytes()),
                "size": config.len(),
            },
            "layers": layers,
        });
        for (key, annotation) in [("name", "title"), ("version", "version")] {
            if let Some(text) = fields.get(key) {
                let annotation = format!("org.opencontainers.image.{annotation}");
                manifest["annotations"][annotation] = text.as_str().into();
            }
        }
        let manifest = manifest.to_string();
        self.push_manifest(
            repository,
            Some(tag),
            MANIFEST_MEDIA_TYPE,
            manifest.as_bytes(),
        )
    }

    /// Put any bytes into `repository` as a blob. Answers their digest.
    pub fn push_blob(&self, repository: &str, bytes: &[u8]) -> String {
        let digest = sha256(bytes);
        let bytes = Bytes::copy_from_slice(bytes);
        self.backend.content().add_blob(repository, &digest, bytes);
        digest
    }

    /// Put any bytes into `repository` as a manifest, under a tag if it is to have one. Answers
    /// their digest.
    pub fn push_manifest(
        &self,
        repository: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: &[u8],
    ) -> String {
        let manifest = Manifest::new(media_type, Bytes::copy_from_slice(bytes));
        let digest = manifest.digest.clone();
        self.backend
            .content()
            .repository_mut(repository)
            .add_manifest(manifest, tag);
        digest
    }

    /// Let a tag mean the manifest of this digest from now on.
    pub fn move_tag(&self, repository: &str, tag: &str, digest: &str) {
        self.backend
            .content()
            .repository_mut(repository)
            .tags
            .insert(tag.to_owned(), digest.to_owned());
    }

    /// Forget a tag. Its manifest stays. Answers whether there was such a tag.
    pub fn delete_tag(&self, repository: &str, tag: &str) -> bool {
        let mut content = self.backend.content();
        content
            .repository_mut(repository)
            .tags
            .remove(tag)
            .is_some()
    }

    /// Forget a manifest and all its tags. Answers whether it was there.
    pub fn delete_manifest(&self, repository: &str, digest: &str) -> bool {
        let mut content = self.backend.content();
        content.repository_mut(repository).remove_manifest(digest)
    }

    /// Forget a blob that manifests may still name. Answers whether it was there.
    pub fn delete_blob(&self, repository: &str, digest: &str) -> bool {
        self.backend.content().remove_blob(repository, digest)
    }

    /// The tags of a repository, sorted; none if there is no such repository.
    pub fn tags(&self, repository: &str) -> Vec<String> {
        let content = self.backend.content();
        content
            .repository(repository)
            .map(|repository| repository.tags.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// The digest of the manifest that a tag means.
    pub fn digest(&self, repository: &str, tag: &str) -> Option<String> {
        self.backend
            .content()
            .repository(repository)?
            .tags
            .get(tag)
            .cloned()
    }

    /// The bytes of the manifest that a tag or a digest names.
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<Vec<u8>> {
        let content = self.backend.content();
        let manifest = content.repository(repository)?.manifest(reference)?;
        Some(manifest.bytes.to_vec())
    }

    /// The bytes of a blob of this repository.
    pub fn blob(&self, repository: &str, digest: &str) -> Option<Vec<u8>> {
        let content = self.backend.content();
        content.blob(repository, digest).map(|blob| blob.to_vec())
    }
}
