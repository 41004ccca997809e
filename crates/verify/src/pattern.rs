//! Go's regular expressions.

use std::fmt;

use regex::Regex;

/// A text, or a regular expression as Go has them, matched anywhere in a text.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// This very text.
    Exact(String),
    /// An expression.
    Regexp(Regex),
}

impl Pattern {
    /// This very text.
    pub fn exact(text: impl Into<String>) -> Self {
        Self::Exact(text.into())
    }

    /// A regular expression, not anchored.
    ///
    /// # Errors
    ///
    /// [`ParsePatternError`] if it is none.
    pub fn regexp(text: &str) -> Result<Self, ParsePatternError> {
        Regex::new(text)
            .map(Self::Regexp)
            .map_err(|error| ParsePatternError(error.to_string()))
    }

    /// Whether `text` is meant.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Regexp(regexp) => regexp.is_match(text),
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Exact(exact) => exact,
            Self::Regexp(regexp) => regexp.as_str(),
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        matches!(self, Self::Exact(_)) == matches!(other, Self::Exact(_))
            && self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is no regular expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {0}")]
pub struct ParsePatternError(String);
