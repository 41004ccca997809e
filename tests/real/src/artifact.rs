//! What a `HelmChart` says is there to be had.

use bytes::Bytes;
use serde_json::Value;

use crate::http::get;
use crate::manifest::condition;

/// `status.artifact`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Where it is served.
    pub url: String,
    /// The digest of what is served there.
    pub digest: String,
    /// The chart's version.
    pub revision: String,
    /// Its path in the storage.
    pub path: String,
}

impl Artifact {
    /// The artifact of an object, if it has one.
    pub fn of(object: &Value) -> Option<Self> {
        let text = |key: &str| Some(object["status"]["artifact"][key].as_str()?.to_owned());
        Some(Self {
            url: text("url")?,
            digest: text("digest")?,
            revision: text("revision")?,
            path: text("path")?,
        })
    }

    /// Download it as helm-controller does: what is served has the digest that was told.
    #[track_caller]
    pub fn download(&self) -> Bytes {
        let answer = get(&self.url).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(answer.status, 200, "{}", self.url);
        assert_eq!(answer.digest(), self.digest, "{}", self.url);
        answer.body
    }
}

/// Whether an object is ready as it is now, with an artifact of this revision.
pub fn is_ready_with(object: &Value, revision: &str) -> bool {
    let current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
    let ready = condition(object, "Ready").is_some_and(|(status, _, _)| status == "True");
    let artifact = Artifact::of(object);
    current && ready && artifact.is_some_and(|artifact| artifact.revision == revision)
}

/// Whether a condition of an object is `True` for this reason.
pub fn is_true_for(object: &Value, kind: &str, reason: &str) -> bool {
    condition(object, kind).is_some_and(|(status, why, _)| status == "True" && why == reason)
}
