//! Which identities a policy means: one text, or all that a Go regular expression matches.

mod bracket;
mod class;
mod error;
mod escape;
mod named;
mod translate;

use std::fmt;

use regex::{Regex, RegexBuilder};

use self::error::Reason;

pub use self::error::ParsePatternError;

/// The longest expression that is read, in bytes.
const MAX_BYTES: usize = 16 << 10;

/// How deep groups and repetitions may lie in one another.
const MAX_DEPTH: u32 = 100;

/// The most memory that the program made of an expression may take, in bytes.
const MAX_PROGRAM_BYTES: usize = 2 << 20;

/// The longest text that an expression may match, in bytes. Matching takes the longer the larger
/// the program *and* the text are, and no authority certifies identities of that length.
const MAX_TEXT_BYTES: usize = 8 << 10;

/// Which identities a policy means, be it the subject of a certificate or its issuer.
///
/// Either one text and nothing else ([`exact`](Self::exact)), or whatever a Go regular expression
/// matches ([`regexp`](Self::regexp)), as [cosign][1] and [Flux][2] have both.
///
/// ```
/// use portolan_verify::Pattern;
///
/// let releases = Pattern::regexp(r"^https://github\.com/acme/.*@refs/tags/v\d+$")?;
/// assert!(releases.matches("https://github.com/acme/charts@refs/tags/v7"));
/// assert!(!releases.matches("https://github.com/acme/charts@refs/heads/main"));
///
/// // Nothing ties an expression to the whole text but `^` and `$`.
/// assert!(Pattern::regexp("github.com/acme")?.matches("https://github.com/acme-evil/charts"));
/// # Ok::<(), portolan_verify::ParsePatternError>(())
/// ```
///
/// [1]: https://github.com/sigstore/cosign/blob/v3.1.3/doc/cosign_verify.md
/// [2]: https://fluxcd.io/flux/components/source/helmcharts/#keyless-verification
#[derive(Clone)]
pub struct Pattern {
    text: String,
    /// `None` if the text is meant as it stands.
    expression: Option<Regex>,
}

impl Pattern {
    /// This very text, compared byte by byte.
    pub fn exact(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            expression: None,
        }
    }

    /// Whatever the [regular expression of Go][1] matches somewhere, as `regexp.MatchString` of
    /// Go 1.26 does: `^` and `$` are the only anchors, `\d`, `\w`, `\s` and `\b` are ASCII, and
    /// the characters that Unicode 15.0 knows are told apart and folded. An empty expression
    /// matches every text.
    ///
    /// Matching takes time proportional to the text: nothing is tried twice.
    ///
    /// # Errors
    ///
    /// What Go refuses is refused in its words (`error parsing regexp: …`), followed by what to do.
    ///
    /// # Deviation
    ///
    /// Go takes longer, deeper and larger expressions: here one is at most 16 KiB long and 100
    /// levels deep, groups and repetitions counted, and its program takes at most 2 MiB; what goes
    /// beyond that is refused and never cut. A text of more than 8 KiB is never matched. Half of a
    /// character (`\x{D800}`) is refused, which Go takes to mean U+FFFD in some places and nothing
    /// in others.
    ///
    /// [1]: https://pkg.go.dev/regexp/syntax@go1.26.0
    pub fn regexp(expression: &str) -> Result<Self, ParsePatternError> {
        match compile(expression) {
            Ok(compiled) => Ok(Self {
                text: expression.to_owned(),
                expression: Some(compiled),
            }),
            Err(reason) => Err(reason.into()),
        }
    }

    /// Whether `text` is meant.
    pub fn matches(&self, text: &str) -> bool {
        match &self.expression {
            Some(expression) => text.len() <= MAX_TEXT_BYTES && expression.is_match(text),
            None => self.text == text,
        }
    }

    /// The text or the expression, as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether one text is meant, and not an expression.
    pub fn is_exact(&self) -> bool {
        self.expression.is_none()
    }
}

fn compile(expression: &str) -> Result<Regex, Reason> {
    if expression.len() > MAX_BYTES {
        return Err(Reason::too_large(expression));
    }
    let translated = translate::translate(expression)?;
    let built = RegexBuilder::new(&translated)
        .size_limit(MAX_PROGRAM_BYTES)
        // A level of ours is a group, alternatives, a sequence and a repetition of theirs.
        .nest_limit(4 * MAX_DEPTH + 4)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => Reason::too_large(expression),
        _ => Reason::internal(expression),
    })
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.is_exact() == other.is_exact()
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    /// The text or the expression, as it was given.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_exact() { "exact" } else { "regexp" };
        write!(f, "Pattern::{kind}({:?})", self.text)
    }
}
