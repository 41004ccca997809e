//! Why a text is no constraint.

use std::fmt::{self, Write as _};

use super::{MAX_ALTERNATIVES, MAX_BYTES};

/// A text is not a version constraint.
///
/// Shown in the words of Masterminds/semver, which people know from Helm and Flux:
/// `improper constraint: "latest"`. Of a constraint with `||` the alternative that is wrong is
/// quoted, with hyphen ranges already spelled out as `>=` and `<=`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ParseConstraintError {
    reason: Reason,
}

impl From<Reason> for ParseConstraintError {
    fn from(reason: Reason) -> Self {
        Self { reason }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    TooLong,
    TooManyAlternatives,
    /// The grammar does not know it.
    Improper {
        text: String,
    },
    /// The grammar knows the term, but what is behind the operator is no version.
    NotAVersion {
        text: String,
    },
}

impl Reason {
    pub(super) fn improper(text: &str) -> Self {
        Self::Improper {
            text: text.to_owned(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "constraint string is too long (max {MAX_BYTES} bytes)"),
            Self::TooManyAlternatives => {
                write!(f, "too many constraint groups (max {MAX_ALTERNATIVES})")
            }
            Self::Improper { text } => write!(f, "improper constraint: {}", Quoted(text)),
            Self::NotAVersion { text } => {
                let text = Quoted(text);
                write!(f, "improper constraint: {text} holds no readable version")
            }
        }
    }
}

/// A text in quotes, escaped as Go's `%q` does.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\u{7}' => f.write_str("\\a")?,
                '\u{8}' => f.write_str("\\b")?,
                '\u{b}' => f.write_str("\\v")?,
                '\u{c}' => f.write_str("\\f")?,
                '\n' | '\r' | '\t' => write!(f, "{}", c.escape_default())?,
                ' '..='~' => f.write_char(c)?,
                '\0'..='\u{7f}' => write!(f, "\\x{:02x}", u32::from(c))?,
                // `escape_debug` leaves alone what is printable.
                _ if c.escape_debug().len() == 1 => f.write_char(c)?,
                ..='\u{ffff}' => write!(f, "\\u{:04x}", u32::from(c))?,
                _ => write!(f, "\\U{:08x}", u32::from(c))?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::Quoted;

    #[test]
    fn a_quoted_text_cannot_break_out_of_its_line() {
        #[track_caller]
        fn check(text: &str, quoted: &str) {
            assert_eq!(Quoted(text).to_string(), quoted);
        }
        check("latest", "\"latest\"");
        check("a\"b\\c", r#""a\"b\\c""#);
        check("a\nb\r\t\u{b}", r#""a\nb\r\t\v""#);
        check("\0\u{1b}[31m\u{7f}", r#""\x00\x1b[31m\x7f""#);
        check("häfen", "\"häfen\"");
        check("\u{202e}\u{e0001}", r#""\u202e\U000e0001""#);
    }
}
