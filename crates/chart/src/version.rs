//! Versions with build metadata.

use portolan_reference::Version;

/// `version` with `metadata` in place of the [build metadata][1] that it may have.
///
/// The version is read as loosely as Helm reads it and written in full: `v1.2` with `3` is
/// `1.2.0+3`. Empty metadata takes away what is there.
///
/// # Errors
///
/// If `version` is not a semantic version even loosely, or `metadata` is not letters, digits and
/// `-`, with a dot between any two parts.
///
/// [1]: https://semver.org/spec/v2.0.0.html#spec-item-10
///
/// ```
/// # use portolan_chart::version_with_metadata;
/// assert_eq!(version_with_metadata("1.2.3+old", "abc.7")?, "1.2.3+abc.7");
/// # Ok::<(), portolan_chart::SetVersionError>(())
/// ```
pub fn version_with_metadata(version: &str, metadata: &str) -> Result<String, SetVersionError> {
    let Ok(read) = Version::loose(version) else {
        return Err(SetVersionError::version(version));
    };
    let parsed = read.parsed();
    let mut text = format!("{}.{}.{}", parsed.major, parsed.minor, parsed.patch);
    if !parsed.pre.is_empty() {
        text = format!("{text}-{}", parsed.pre);
    }
    if !metadata.is_empty() {
        text = format!("{text}+{metadata}");
    }
    // Whoever reads the chart has to take it for a version again.
    match Version::strict(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err(SetVersionError::Metadata {
            metadata: shortened(metadata),
        }),
    }
}

/// Why a chart was not given another version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetVersionError {
    /// What should be the version, or have metadata, is no version.
    #[error("invalid semantic version: `{version}`")]
    Version {
        /// The text, its beginning at least.
        version: String,
    },
    /// The metadata cannot be part of a version.
    #[error(
        "invalid metadata string: `{metadata}` is not letters, digits and `-` with dots between them"
    )]
    Metadata {
        /// The text, its beginning at least.
        metadata: String,
    },
    /// `Chart.yaml` could not be changed so that it says this and nothing else.
    #[error("Chart.yaml cannot be made to say `{value}`")]
    ChartYaml {
        /// The text, its beginning at least.
        value: String,
    },
}

impl SetVersionError {
    pub(crate) fn version(text: &str) -> Self {
        Self::Version {
            version: shortened(text),
        }
    }

    pub(crate) fn chart_yaml(text: &str) -> Self {
        Self::ChartYaml {
            value: shortened(text),
        }
    }
}

/// Enough of a text to find it by, fit for a terminal.
fn shortened(text: &str) -> String {
    text.chars()
        .take(100)
        .flat_map(char::escape_debug)
        .collect()
}
