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

/// The index of a repository could not be fetched; the cause follows.
pub const INDEX_FETCH_FAILED: &str =
    "failed to fetch Helm repository index: failed to cache index to temporary file: ";

/// Nobody can tell who must have signed; the provider in quotes, `: ` and the cause follow.
pub const VERIFIER_FAILED: &str = "failed to verify the signature using provider ";
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

/// What a condition says of a chart whose signature was accepted.
pub fn verified(version: &str) -> String {
    format!("{VERIFIED_VERSION}{version}")
}

/// What a message says of a source that has not stored anything.
pub fn no_source_artifact(kind: &str, name: &str) -> String {
    format!("no artifact available for {kind} source '{name}'")
}

/// What a message says of an index that could not be read as one; the cause follows. `url` is shown
/// as it is: it must have been redacted.
pub fn index_unreadable(url: &str) -> String {
    format!("failed to load Helm repository from index YAML at {url}: ")
}

/// What a message says of an index that is known and not stored yet.
pub fn new_index_revision(revision: &str) -> String {
    format!("new index revision '{revision}'")
}

/// What a condition says of an index that is stored.
pub fn stored_index_revision(revision: &str) -> String {
    format!("stored artifact: revision '{revision}'")
}

/// What an event says of an index that was stored: its size, if that is known, and where it was
/// fetched. `url` is shown as it is: it must have been redacted.
pub fn stored_index(bytes: Option<u64>, url: &str) -> String {
    match bytes {
        Some(bytes) => format!(
            "stored fetched index of size {} from '{url}'",
            human_size(bytes)
        ),
        None => format!("stored fetched index of unknown size from '{url}'"),
    }
}

/// What an event says of entries that were left out of an index, the first of which are `told`.
pub fn dropped_entries(count: u64, told: &[String]) -> String {
    let more = count.saturating_sub(told.len() as u64);
    let rest = if more == 0 {
        String::new()
    } else {
        format!("; and {more} more")
    };
    format!(
        "{count} entries of the index are not usable and were left out: {}{rest}",
        told.join("; ")
    )
}

/// What an event says when there is nothing newer than what is stored.
pub fn up_to_date(revision: &str) -> String {
    format!("artifact up-to-date with remote revision: '{revision}'")
}

/// What an event says when none of the values files that were to be merged is there.
pub fn no_values_files(files: &[String]) -> String {
    format!(
        "none of the values files [{}] is there, so the chart's own values are empty",
        files.join(" ")
    )
}

/// What an event says of a chart at `path` whose lock file was made for other requirements.
pub fn lock_out_of_sync(path: &str) -> String {
    format!(
        "the lock file of the chart at '{path}' was made for other requirements: its lines fit and were followed; `helm dependency update` makes a new one"
    )
}

/// What an event says of dependencies that were packaged with a chart.
pub fn resolved_dependencies(count: usize) -> String {
    format!("resolved {count} chart dependencies")
}

/// A number of bytes with up to four significant digits in decimal units, as Go's
/// [units](https://pkg.go.dev/github.com/docker/go-units#HumanSize) writes it: `1.966kB`.
#[expect(
    clippy::cast_precision_loss,
    reason = "of sixteen digits four are told"
)]
fn human_size(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1000.0 {
        size /= 1000.0;
        unit += 1;
    }
    let digits = match size {
        100.0.. => 1,
        10.0.. => 2,
        _ => 3,
    };
    let text = format!("{size:.digits$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by `HumanSize` of github.com/docker/go-units v0.5.0, which Flux uses.
    #[test]
    fn sizes_are_written_as_flux_writes_them() {
        #[track_caller]
        fn check(bytes: u64, expected: &str) {
            assert_eq!(human_size(bytes), expected);
        }
        check(0, "0B");
        check(1, "1B");
        check(380, "380B");
        check(999, "999B");
        check(1_000, "1kB");
        check(1_227, "1.227kB");
        check(1_966, "1.966kB");
        check(12_345, "12.35kB");
        check(123_456, "123.5kB");
        check(10_005, "10.01kB");
        check(999_950, "1000kB");
        check(1_000_500, "1MB");
        check(1_000_000, "1MB");
        check(52_428_800, "52.43MB");
        check(1_234_567_890, "1.235GB");
    }
}
