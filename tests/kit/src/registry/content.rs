//! What the registry holds.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;

use super::names::is_digest;
use crate::digest::sha256;

/// Everything in the registry.
#[derive(Debug, Default)]
pub(crate) struct Content {
    repositories: BTreeMap<String, Repository>,
    /// By digest. Which repositories have a blob is theirs to say.
    blobs: BTreeMap<String, Bytes>,
    uploads: BTreeMap<String, Upload>,
    uploads_begun: u64,
}

/// One repository.
#[derive(Debug, Default)]
pub(crate) struct Repository {
    /// By digest.
    pub(crate) manifests: BTreeMap<String, Manifest>,
    /// Which manifest a tag means. Sorted by byte, as the specification has tags listed.
    pub(crate) tags: BTreeMap<String, String>,
    blobs: BTreeSet<String>,
}

/// A manifest as it was pushed.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
    pub(crate) digest: String,
}

/// A blob on its way in.
#[derive(Debug)]
struct Upload {
    repository: String,
    bytes: Vec<u8>,
}

impl Manifest {
    /// A manifest named by the SHA-256 of its bytes.
    pub(crate) fn new(media_type: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            media_type: media_type.to_owned(),
            digest: sha256(&bytes),
            bytes,
        }
    }

    /// The manifest as JSON; null if it is not JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }
}

impl Content {
    pub(crate) fn repository(&self, name: &str) -> Option<&Repository> {
        self.repositories.get(name)
    }

    pub(crate) fn repository_mut(&mut self, name: &str) -> &mut Repository {
        self.repositories.entry(name.to_owned()).or_default()
    }

    /// A blob that this repository has.
    pub(crate) fn blob(&self, repository: &str, digest: &str) -> Option<Bytes> {
        let known = self.repositories.get(repository)?.blobs.contains(digest);
        known.then(|| self.blobs.get(digest).cloned())?
    }

    /// A blob that any repository has: what stands behind the registry does not know repositories.
    pub(crate) fn any_blob(&self, digest: &str) -> Option<Bytes> {
        self.blobs.get(digest).cloned()
    }

    pub(crate) fn add_blob(&mut self, repository: &str, digest: &str, bytes: Bytes) {
        self.blobs.insert(digest.to_owned(), bytes);
        self.link_blob(repository, digest);
    }

    /// Give a blob that is here already to one more repository.
    pub(crate) fn link_blob(&mut self, repository: &str, digest: &str) {
        let blobs = &mut self.repository_mut(repository).blobs;
        blobs.insert(digest.to_owned());
    }

    /// Take a blob from a repository. Answers whether it had it.
    pub(crate) fn remove_blob(&mut self, repository: &str, digest: &str) -> bool {
        let Some(named) = self.repositories.get_mut(repository) else {
            return false;
        };
        let removed = named.blobs.remove(digest);
        if !self
            .repositories
            .values()
            .any(|repository| repository.blobs.contains(digest))
        {
            self.blobs.remove(digest);
        }
        removed
    }

    /// Begin an upload, and name it.
    pub(crate) fn begin_upload(&mut self, repository: &str) -> String {
        self.uploads_begun += 1;
        let id = format!("upload-{}", self.uploads_begun);
        let upload = Upload {
            repository: repository.to_owned(),
            bytes: Vec::new(),
        };
        self.uploads.insert(id.clone(), upload);
        id
    }

    /// The bytes of an upload so far.
    pub(crate) fn upload(&mut self, repository: &str, id: &str) -> Option<&mut Vec<u8>> {
        self.uploads
            .get_mut(id)
            .filter(|upload| upload.repository == repository)
            .map(|upload| &mut upload.bytes)
    }

    pub(crate) fn end_upload(&mut self, id: &str) {
        self.uploads.remove(id);
    }
}

impl Repository {
    /// The manifest that a tag or a digest names.
    pub(crate) fn manifest(&self, reference: &str) -> Option<&Manifest> {
        let digest = if is_digest(reference) {
            reference
        } else {
            self.tags.get(reference)?
        };
        self.manifests.get(digest)
    }

    /// Keep a manifest under its digest, and a tag for it if it is to have one.
    pub(crate) fn add_manifest(&mut self, manifest: Manifest, tag: Option<&str>) {
        if let Some(tag) = tag {
            self.tags.insert(tag.to_owned(), manifest.digest.clone());
        }
        self.manifests.insert(manifest.digest.clone(), manifest);
    }

    /// Remove a manifest and every tag of it. Answers whether it was there.
    pub(crate) fn remove_manifest(&mut self, digest: &str) -> bool {
        self.tags.retain(|_, tagged| tagged != digest);
        self.manifests.remove(digest).is_some()
    }
}
