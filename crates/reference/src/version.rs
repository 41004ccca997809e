//! Versions of charts, read as the Go library that Helm uses reads them.

use std::cmp::Ordering;
use std::fmt;

use crate::redact::shortened;

/// The longest version text that is looked at, in bytes; Masterminds/semver has the same bound.
const MAX_BYTES: usize = 256;

/// A chart version: the text as somebody wrote it, beside what it means.
///
/// Three readings are in use among Helm and Flux, after
/// [Masterminds/semver v3.5.0](https://github.com/Masterminds/semver/tree/v3.5.0):
///
/// | text | [`loose`](Self::loose) | [`three_part`](Self::three_part) | [`strict`](Self::strict) |
/// |---|---|---|---|
/// | `1.2` | yes | no | no |
/// | `v1.2.3`, `01.2.3`, `1.2-rc.1` | yes | yes | no |
/// | `1.2.3-rc.1+build` | yes | yes | yes |
///
/// Versions are ordered and equal by *precedence*, which build metadata is no part of: `1.0.0+a`
/// and `1.0.0+b` are equal, though their texts are not.
#[derive(Debug, Clone)]
pub struct Version {
    text: String,
    parsed: semver::Version,
}

impl Version {
    /// What Helm takes in a `Chart.yaml` and an index: [`Spelling::Loose`].
    ///
    /// # Errors
    ///
    /// If the text is no version even so.
    pub fn loose(text: &str) -> Result<Self, ParseVersionError> {
        Self::spelled(text, Spelling::Loose)
    }

    /// What Flux takes as an exact version: [`Spelling::ThreePart`].
    ///
    /// # Errors
    ///
    /// If the text is no such version.
    pub fn three_part(text: &str) -> Result<Self, ParseVersionError> {
        Self::spelled(text, Spelling::ThreePart)
    }

    /// What Helm takes as the tag of a chart in a registry: [`Spelling::Strict`].
    ///
    /// # Errors
    ///
    /// If the text is no such version.
    pub fn strict(text: &str) -> Result<Self, ParseVersionError> {
        Self::spelled(text, Spelling::Strict)
    }

    fn spelled(text: &str, spelling: Spelling) -> Result<Self, ParseVersionError> {
        match spelling.read(text) {
            Some(parsed) => Ok(Self {
                text: text.to_owned(),
                parsed,
            }),
            None => Err(ParseVersionError::new(text)),
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means.
    pub fn parsed(&self) -> &semver::Version {
        &self.parsed
    }
}

impl fmt::Display for Version {
    /// As it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parsed.cmp_precedence(&other.parsed)
    }
}

/// How a text has to be spelled to count as a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Spelling {
    /// A `v` in front, missing parts and leading zeros are fine: `v1`, `2025.02`.
    Loose,
    /// As [`Loose`](Self::Loose), with at least two dots in the whole text, which is how
    /// [Flux][1] tells a version from a range: `v1.2.3` and `1.2-rc.1`, not `1.2`.
    ///
    /// [1]: https://github.com/fluxcd/pkg/blob/version/v0.16.0/version/version.go
    ThreePart,
    /// [SemVer 2.0.0](https://semver.org) to the letter.
    Strict,
}

impl Spelling {
    /// What `text` means in this spelling, or `None` if it is no version. Texts of more than 256
    /// bytes are none, and neither are those with a number that needs more than 64 bits.
    ///
    /// Keeps no copy of the text, so a list of many candidates can be gone through cheaply; see
    /// [`Version`] for a version that remembers how it was written.
    pub fn read(self, text: &str) -> Option<semver::Version> {
        if text.len() > MAX_BYTES {
            return None;
        }
        match self {
            Self::ThreePart if text.bytes().filter(|b| *b == b'.').count() < 2 => None,
            Self::Loose | Self::ThreePart => read_loosely(text),
            Self::Strict => semver::Version::parse(text).ok(),
        }
    }
}

fn read_loosely(text: &str) -> Option<semver::Version> {
    let rest = text.strip_prefix('v').unwrap_or(text);
    let (rest, build) = match rest.split_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (rest, None),
    };
    let (numbers, pre) = match rest.split_once('-') {
        Some((numbers, pre)) => (numbers, Some(pre)),
        None => (rest, None),
    };
    let mut places = [0; 3];
    for (place, part) in numbers.split('.').enumerate() {
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *places.get_mut(place)? = part.parse().ok()?;
    }
    let [major, minor, patch] = places;
    let mut parsed = semver::Version::new(major, minor, patch);
    if let Some(pre) = pre {
        parsed.pre = identifiers(pre)?;
    }
    if let Some(build) = build {
        parsed.build = identifiers(build)?;
    }
    Some(parsed)
}

/// Dotted identifiers, of which there is at least one.
fn identifiers<T: std::str::FromStr>(text: &str) -> Option<T> {
    (!text.is_empty()).then(|| text.parse().ok()).flatten()
}

/// A text is not a version in the reading that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a semantic version")]
pub struct ParseVersionError {
    text: String,
}

impl ParseVersionError {
    fn new(text: &str) -> Self {
        Self {
            text: shortened(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reading_takes_what_helm_and_flux_take() {
        #[track_caller]
        fn check(text: &str, three_part: bool, loose: bool, strict: bool) {
            let answers = (
                Version::three_part(text).is_ok(),
                Version::loose(text).is_ok(),
                Version::strict(text).is_ok(),
            );
            assert_eq!(answers, (three_part, loose, strict), "{text}");
        }
        check("1", false, true, false);
        check("1.2", false, true, false);
        // Flux counts the dots of the whole text.
        check("1.2-rc", false, true, false);
        check("1.2-rc.1", true, true, false);
        check("1.2.3", true, true, true);
        check("1.2.3+m", true, true, true);
        check("1.2.3-rc.1", true, true, true);
        check("v1.2.3", true, true, false);
        check("01.2.3", true, true, false);
        check("2025.02.03", true, true, false);
        check("v2025.02.03-rc.1", true, true, false);
        for text in [
            "",
            "v",
            "V1.2.3",
            "1.2.3.4",
            "1.2.x",
            "1.2.3-",
            "1.2.3+",
            "1.2.3-01",
            "1.2.3+a_b",
            " 1.2.3",
            "1..2",
            ".1",
            "1.",
            "+1.2.3",
            "99999999999999999999.0.0",
        ] {
            check(text, false, false, false);
        }
        check(&format!("1.2.3-{}", "a".repeat(300)), false, false, false);
    }

    #[test]
    fn build_metadata_takes_no_part_in_comparison() {
        let version = |text| Version::loose(text).unwrap();
        assert_eq!(version("1.0.0+a"), version("1.0.0+b"));
        assert_eq!(version("v1"), version("1.0.0"));
        assert!(version("1.0.0-rc.1") < version("1.0.0"));
        assert!(version("1.10.0") > version("1.9.0"));
    }

    #[test]
    fn a_version_is_shown_as_it_was_written() {
        assert_eq!(Version::loose("v01.2").unwrap().to_string(), "v01.2");
    }
}
