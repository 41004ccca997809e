//! The name of a chart in a repository.

use std::fmt;
use std::str::FromStr;

/// The name of a chart within a repository, which in an OCI registry may have several parts
/// (`team/app`).
///
/// The rule is [Flux's][1]: `^([-a-z0-9]+/?\.?)+$`. It leaves no room for `..`, an empty part, a
/// leading `/` or upper case. How long a name may be is for the registry to say.
///
/// This is how a chart is *asked for*. What a chart calls itself is
/// [`ChartMetadata::name`](crate::ChartMetadata::name), for which Helm has another rule.
///
/// [1]: https://github.com/fluxcd/source-controller/blob/v1.10.1/internal/helm/chart/builder.go
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChartName(String);

impl ChartName {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ChartName {
    type Err = ParseChartNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match problem(text) {
            None => Ok(Self(text.to_owned())),
            Some(reason) => Err(ParseChartNameError {
                text: text.to_owned(),
                reason,
            }),
        }
    }
}

impl fmt::Display for ChartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for ChartName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// What stops `text` from being a name.
fn problem(text: &str) -> Option<Reason> {
    if text.is_empty() {
        return Some(Reason::Empty);
    }
    // Each round of the pattern takes letters, then at most one `/`, then at most one `.`.
    let mut separators = "/.";
    let mut at_start = true;
    for character in text.chars() {
        match character {
            'a'..='z' | '0'..='9' | '-' => {
                separators = "/.";
                at_start = false;
            }
            '/' | '.' if at_start || !separators.contains(character) => {
                return Some(Reason::Separator(character));
            }
            '/' => separators = ".",
            '.' => separators = "",
            other => return Some(Reason::Character(other)),
        }
    }
    None
}

/// Why a text is not a [`ChartName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid chart name '{}': {reason}", text.escape_debug())]
pub struct ParseChartNameError {
    text: String,
    reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("it is empty")]
    Empty,
    #[error("`{0}` has no letter, digit or `-` before it")]
    Separator(char),
    #[error("`{}` is not allowed, only `a`-`z`, `0`-`9`, `-`, `.` and `/`", .0.escape_debug())]
    Character(char),
}
