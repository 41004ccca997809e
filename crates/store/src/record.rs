//! What is known about an artifact that its bytes do not say.

use std::collections::BTreeMap;

use portolan_reference::Digest;
use serde::{Deserialize, Serialize};

/// What must survive a restart about one artifact: where it came from, and under which
/// circumstances it was found good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The digest of the manifest it was pulled by, when it came from a registry.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "digest_text")]
    pub manifest_digest: Option<Digest>,
    /// Where it came from, without credentials.
    #[serde(default)]
    pub source: String,
    /// The revision that status reports.
    #[serde(default)]
    pub revision: String,
    /// Whatever else decides whether the artifact is still right, by name: a policy's fingerprint,
    /// a trust root's, HTTP validators.
    #[serde(default)]
    pub fingerprints: BTreeMap<String, String>,
}

mod digest_text {
    use portolan_reference::Digest;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(
        clippy::ref_option,
        reason = "serde hands the field over as it is declared"
    )]
    pub(super) fn serialize<S: Serializer>(
        digest: &Option<Digest>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match digest {
            Some(digest) => serializer.collect_str(digest),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Digest>, D::Error> {
        match Option::<String>::deserialize(deserializer)? {
            Some(text) => text.parse().map(Some).map_err(D::Error::custom),
            None => Ok(None),
        }
    }
}
