//! Why a text is no regular expression.

use std::fmt::{self, Write as _};

use super::{MAX_BYTES, MAX_DEPTH};

/// The most characters of an expression that are quoted in a message.
const MAX_QUOTED: usize = 200;

/// A text is not a regular expression as Go reads them.
///
/// Shown in Go's words, which people know from cosign and Flux, followed by what to do:
/// ``error parsing regexp: missing closing ): `(a`; close the group with `)`, …``. Long
/// expressions are cut, and control characters in them escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ParsePatternError {
    reason: Reason,
}

impl From<Reason> for ParsePatternError {
    fn from(reason: Reason) -> Self {
        Self { reason }
    }
}

/// What is wrong, and with which part of the expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reason {
    fault: Fault,
    part: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    CharacterRange,
    Depth,
    Escape,
    Internal,
    MissingBracket,
    MissingParen,
    MissingRepeatArgument,
    NamedCapture,
    PerlSyntax,
    RepeatOperator,
    RepeatSize,
    TooLarge,
    TrailingBackslash,
    UnexpectedParen,
}

impl Fault {
    /// This is wrong with `part` of the expression.
    pub(super) fn of(self, part: &str) -> Reason {
        Reason {
            fault: self,
            part: part.to_owned(),
        }
    }

    /// In the words of [Go's `ErrorCode`](https://pkg.go.dev/regexp/syntax@go1.26.0#ErrorCode).
    fn words(self) -> &'static str {
        match self {
            Self::CharacterRange => "invalid character class range",
            Self::Depth => "expression nests too deeply",
            Self::Escape => "invalid escape sequence",
            Self::Internal => "regexp/syntax: internal error",
            Self::MissingBracket => "missing closing ]",
            Self::MissingParen => "missing closing )",
            Self::MissingRepeatArgument => "missing argument to repetition operator",
            Self::NamedCapture => "invalid named capture",
            Self::PerlSyntax => "invalid or unsupported Perl syntax",
            Self::RepeatOperator => "invalid nested repetition operator",
            Self::RepeatSize => "invalid repeat count",
            Self::TooLarge => "expression too large",
            Self::TrailingBackslash => "trailing backslash at end of expression",
            Self::UnexpectedParen => "unexpected )",
        }
    }

    fn advice(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CharacterRange => {
                "a range goes from the lower to the higher character, and a class has a name that \
                 Go knows"
            }
            Self::Depth => return write!(f, "at most {MAX_DEPTH} levels are read"),
            Self::Escape => {
                "write `\\\\` for a backslash; a letter or a digit behind one has a meaning of its own \
                 or none, and half of a character has none"
            }
            Self::Internal => "please report it",
            Self::MissingBracket => "close the class with `]`, or write `\\[` for a bracket",
            Self::MissingParen => "close the group with `)`, or write `\\(` for a parenthesis",
            Self::MissingRepeatArgument => {
                "put what is to be repeated before it, or a `\\` for the character itself"
            }
            Self::NamedCapture => "a name consists of ASCII letters, digits and `_`",
            Self::PerlSyntax => "there is no look-around, and the flags are `i`, `m`, `s` and `U`",
            Self::RepeatOperator => "repeat once, or put a group around what is repeated again",
            Self::RepeatSize => {
                "at most 1000 repetitions, those of groups around it multiplied, and the lower \
                 bound first"
            }
            Self::TooLarge => {
                return write!(
                    f,
                    "at most {MAX_BYTES} bytes are read; use smaller repetitions and classes"
                );
            }
            Self::TrailingBackslash => "write `\\\\` for a backslash",
            Self::UnexpectedParen => "open the group with `(`, or write `\\)` for a parenthesis",
        })
    }
}

impl Reason {
    pub(super) fn too_large(expression: &str) -> Self {
        Fault::TooLarge.of(expression)
    }

    /// The translation of `expression` cannot be read; it is refused and not guessed at.
    pub(super) fn internal(expression: &str) -> Self {
        Fault::Internal.of(expression)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error parsing regexp: {}: `", self.fault.words())?;
        for (index, c) in self.part.chars().enumerate() {
            if index == MAX_QUOTED {
                f.write_char('…')?;
                break;
            }
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        f.write_str("`; ")?;
        self.fault.advice(f)
    }
}
