//! What is kept beside a chart.

use std::collections::BTreeMap;

/// A signature, an attestation, or whatever else is kept in a registry about something else.
/// [`Registry::attach`](crate::Registry::attach) and
/// [`Registry::push_artifact`](crate::Registry::push_artifact) put it there.
#[derive(Debug, Clone)]
pub struct Artifact {
    pub(crate) kind: Option<String>,
    pub(crate) config: (String, Vec<u8>),
    pub(crate) layers: Vec<Layer>,
    pub(crate) annotations: BTreeMap<String, String>,
}

/// One blob of an artifact.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) media_type: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Artifact {
    /// An artifact of this type, with the empty config.
    pub fn new(artifact_type: &str) -> Self {
        Self {
            kind: Some(artifact_type.to_owned()),
            ..Self::with_config("application/vnd.oci.empty.v1+json", b"{}")
        }
    }

    /// An artifact that names no type, with this config.
    pub fn with_config(media_type: &str, config: &[u8]) -> Self {
        Self {
            kind: None,
            config: (media_type.to_owned(), config.to_vec()),
            layers: Vec::new(),
            annotations: BTreeMap::new(),
        }
    }

    /// One more blob.
    #[must_use]
    pub fn layer(mut self, media_type: &str, bytes: &[u8], annotations: &[(&str, &str)]) -> Self {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        self.layers.push(Layer {
            media_type: media_type.to_owned(),
            bytes: bytes.to_vec(),
            annotations: annotations.iter().map(owned).collect(),
        });
        self
    }

    /// One more annotation of the manifest.
    #[must_use]
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), value.to_owned());
        self
    }
}
