//! Putting something beside what is there already.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Registry;
use super::manifests::{INDEX_MEDIA_TYPE, MANIFEST_MEDIA_TYPE};
use super::referrers::descriptor;
use crate::artifact::Artifact;

impl Registry {
    /// Attach `artifact` to the manifest of the digest `subject`, which need not be there. Answers the
    /// digest of its manifest.
    ///
    /// Where the registry has no referrers API, the list under the
    /// [referrers tag](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema)
    /// gets one more entry, as a client would do it.
    pub fn attach(&self, repository: &str, subject: &str, artifact: &Artifact) -> String {
        let size = self.manifest(repository, subject).map_or(0, |it| it.len());
        let mut manifest = self.manifest_of(repository, artifact);
        manifest["subject"] = json!({
            "mediaType": MANIFEST_MEDIA_TYPE,
            "digest": subject,
            "size": size,
        });
        let manifest = manifest.to_string();
        let digest = self.push_manifest(repository, None, MANIFEST_MEDIA_TYPE, manifest.as_bytes());
        if !self.backend.settings.referrers {
            self.list_under_tag(repository, subject, &digest);
        }
        digest
    }

    /// Put `artifact` under a tag. Answers the digest of its manifest.
    pub fn push_artifact(&self, repository: &str, tag: &str, artifact: &Artifact) -> String {
        let manifest = self.manifest_of(repository, artifact).to_string();
        let bytes = manifest.as_bytes();
        self.push_manifest(repository, Some(tag), MANIFEST_MEDIA_TYPE, bytes)
    }

    /// List the manifest of this digest under the referrers tag of `subject`.
    pub fn list_under_tag(&self, repository: &str, subject: &str, digest: &str) {
        let tag = referrers_tag(subject);
        let list = self.manifest(repository, &tag);
        let list = list.and_then(|list| serde_json::from_slice(&list).ok());
        let mut list: Value = list.unwrap_or_else(
            || json!({ "schemaVersion": 2, "mediaType": INDEX_MEDIA_TYPE, "manifests": [] }),
        );
        let entry = {
            let content = self.backend.content();
            let manifest = content.repository(repository);
            let manifest = manifest.and_then(|repository| repository.manifest(digest));
            manifest.map(|manifest| descriptor(manifest, false))
        };
        if let Some(entries) = list["manifests"].as_array_mut() {
            entries.extend(entry);
        }
        let list = list.to_string();
        self.push_manifest(repository, Some(&tag), INDEX_MEDIA_TYPE, list.as_bytes());
    }

    /// The manifest of `artifact`, whose blobs are there after this.
    fn manifest_of(&self, repository: &str, artifact: &Artifact) -> Value {
        let blob = |media_type: &str, bytes: &[u8], annotations: &BTreeMap<String, String>| {
            let mut blob = json!({
                "mediaType": media_type,
                "digest": self.push_blob(repository, bytes),
                "size": bytes.len(),
            });
            if !annotations.is_empty() {
                blob["annotations"] = json!(annotations);
            }
            blob
        };
        let (media_type, config) = &artifact.config;
        let layers = artifact.layers.iter();
        let layers = layers.map(|it| blob(&it.media_type, &it.bytes, &it.annotations));
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_MEDIA_TYPE,
            "config": blob(media_type, config, &BTreeMap::new()),
            "layers": layers.collect::<Vec<_>>(),
        });
        if let Some(kind) = &artifact.kind {
            manifest["artifactType"] = kind.as_str().into();
        }
        if !artifact.annotations.is_empty() {
            manifest["annotations"] = json!(artifact.annotations);
        }
        manifest
    }
}

fn referrers_tag(subject: &str) -> String {
    let (algorithm, hash) = subject.split_once(':').unwrap_or((subject, ""));
    format!("{algorithm}-{}", hash.get(..64).unwrap_or(hash))
}
