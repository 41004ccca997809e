//! The fixed beginnings and texts of messages, which alerts and scripts look for.

/// Work began.
pub const RECONCILIATION_IN_PROGRESS: &str = "reconciliation in progress";
/// Work began because the object changed; `<observed> -> <current>` follows.
pub const PROCESSING_NEW_GENERATION: &str = "processing object: new generation ";
/// There is no artifact yet, or a newer one is under way; then `: ` and which follow.
pub const BUILDING_ARTIFACT: &str = "building artifact";
/// The artifact of the status was not there any more.
pub const BUILDING_DISAPPEARED_ARTIFACT: &str = "building artifact: disappeared from storage";

/// The object that a chart names as its source cannot be read; the cause follows.
pub const FAILED_TO_GET_SOURCE: &str = "failed to get source: ";
/// What [`reason::INVALID_CHART_REFERENCE`](crate::reason::INVALID_CHART_REFERENCE) begins with.
pub const INVALID_CHART_REFERENCE: &str = "invalid chart reference: ";
/// What [`reason::CHART_PULL_ERROR`](crate::reason::CHART_PULL_ERROR) begins with.
pub const CHART_PULL_ERROR: &str = "chart pull error: ";
/// What [`reason::METADATA_PATCH_ERROR`](crate::reason::METADATA_PATCH_ERROR) begins with.
pub const METADATA_PATCH_ERROR: &str = "chart metadata patch error: ";
/// What [`reason::VALUES_FILES_ERROR`](crate::reason::VALUES_FILES_ERROR) begins with.
pub const VALUES_FILES_ERROR: &str = "values files merge error: ";
/// What [`reason::DEPENDENCY_BUILD_ERROR`](crate::reason::DEPENDENCY_BUILD_ERROR) begins with.
pub const DEPENDENCY_BUILD_ERROR: &str = "dependency build error: ";
/// What [`reason::CHART_PACKAGE_ERROR`](crate::reason::CHART_PACKAGE_ERROR) begins with.
pub const CHART_PACKAGE_ERROR: &str = "chart package error: ";
/// What [`reason::CHART_VERIFICATION_ERROR`](crate::reason::CHART_VERIFICATION_ERROR) begins with.
pub const CHART_VERIFICATION_ERROR: &str = "chart verification error: ";
/// The URL of a repository cannot be used; the cause follows.
pub const INVALID_REPOSITORY_URL: &str = "invalid Helm repository URL: ";
/// The type of a repository does not fit its URL; the cause follows.
pub const CLIENT_CONSTRUCTION_FAILED: &str = "failed to construct Helm client: ";
/// A registry refused the credentials; the cause follows.
pub const REPOSITORY_LOGIN_FAILED: &str = "failed to authenticate with the Helm repository: ";

/// A signature was accepted; the version of the chart follows.
pub const VERIFIED_VERSION: &str = "verified signature of version ";
/// Stored files of an object that is gone were removed.
pub const COLLECTED_FOR_DELETED: &str = "garbage collected artifacts for deleted resource";
/// A stored file was not what the status says; the cause follows.
pub const INTEGRITY_FAILED: &str = "failed to verify integrity of artifact: ";

/// What a message says of a chart that was stored as it came.
pub fn pulled(chart: &str, version: &str) -> String {
    format!("pulled '{chart}' chart with version '{version}'")
}

/// What a message says of a chart that was packaged, from these values files.
pub fn packaged(chart: &str, version: &str, values_files: &[String]) -> String {
    let mut text = format!("packaged '{chart}' chart with version '{version}'");
    if !values_files.is_empty() {
        text.push_str(" and merged values files [");
        text.push_str(&values_files.join(" "));
        text.push(']');
    }
    text
}

/// What a message says of a source that has not stored anything.
pub fn no_source_artifact(kind: &str, name: &str) -> String {
    format!("no artifact available for {kind} source '{name}'")
}
