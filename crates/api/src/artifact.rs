//! What a source has stored for others to fetch.

use std::collections::BTreeMap;
use std::time::SystemTime;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

const DIGEST_PATTERN: &str = "^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$";

/// A file that a source has stored and serves over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub struct Artifact {
    /// Digest of the stored file, as algorithm and lower-case hexadecimal: sha256:….
    #[schemars(regex(pattern = DIGEST_PATTERN))]
    pub digest: String,
    /// When the file was stored, to the second.
    #[schemars(schema_with = "time_schema")]
    pub last_update_time: Time,
    /// What the origin said about the content, for example the annotations of an OCI manifest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Where the file is, below the root of the storage.
    pub path: String,
    /// What the content is called at its origin: for a chart its version.
    pub revision: String,
    /// Size of the stored file in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    /// Where the file can be fetched: an absolute HTTP URL.
    pub url: String,
}

/// A moment as status fields hold it: whole seconds, what is below them cut off.
///
/// A moment outside the years that can be written (-9999 to 9999) becomes the nearest one inside.
pub fn whole_seconds(moment: SystemTime) -> Time {
    let timestamp = jiff::Timestamp::try_from(moment).unwrap_or_else(|_| {
        if moment < SystemTime::UNIX_EPOCH {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        }
    });
    Time(jiff::Timestamp::from_second(timestamp.as_second()).unwrap_or(timestamp))
}

pub(crate) fn time_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "date-time" })
}
