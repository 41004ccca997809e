//! What a constraint looks like.
//!
//! The original is four regular expressions ([`constraints.go`][1]). They are read here by hand,
//! which comes to the same because no choice in them is ever taken back: what follows a version
//! can never have been part of it. Two oddities are kept on purpose: a digit of a version may be
//! a `|`, which later is no number, and hyphen ranges are replaced before `||` is looked for.
//!
//! [1]: https://github.com/Masterminds/semver/blob/v3.5.0/constraints.go

use std::borrow::Cow;

/// How a term compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// Nothing written: as `=`.
    Bare,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

/// Longest first, as `>` also begins `>=`.
const OPERATORS: [(&str, Operator); 11] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
    ("=>", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("=<", Operator::LessOrEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

/// An operator and a version, as written.
#[derive(Debug)]
pub(super) struct WrittenTerm<'a> {
    pub(super) operator: Operator,
    /// The operator's own text, as there are two for some.
    pub(super) sign: &'a str,
    pub(super) version: WrittenVersion<'a>,
}

/// A version that may have holes: `1`, `1.2`, `1.x`, `*`, `v1.2.3-rc.1+build`.
#[derive(Debug)]
pub(super) struct WrittenVersion<'a> {
    pub(super) text: &'a str,
    pub(super) major: &'a str,
    pub(super) minor: Option<&'a str>,
    pub(super) patch: Option<&'a str>,
    /// The pre-release with its `-`, or nothing.
    pub(super) pre: &'a str,
}

/// `text` with every `1.2 - 1.4` spelled out as `>= 1.2, <= 1.4`.
pub(super) fn without_hyphen_ranges(text: &str) -> Cow<'_, str> {
    let mut ranges = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some(range) = hyphen_range(rest) {
            rest = &rest[range.text.len()..];
            ranges.push(range);
        } else {
            rest = &rest[next.len_utf8()..];
        }
    }
    ranges.into_iter().fold(
        Cow::Borrowed(text),
        |text,
         HyphenRange {
             text: range,
             from,
             to,
         }| { Cow::Owned(text.replacen(range, &format!(">= {from}, <= {to} "), 1)) },
    )
}

struct HyphenRange<'a> {
    text: &'a str,
    from: &'a str,
    to: &'a str,
}

/// The hyphen range that `text` begins with, and the blanks around it.
fn hyphen_range(text: &str) -> Option<HyphenRange<'_>> {
    let mut cursor = Cursor(text);
    cursor.blanks();
    let from = cursor.version()?.text;
    let spaced = cursor.blanks() && cursor.eat("-") && cursor.blanks();
    let to = spaced.then(|| cursor.version()).flatten()?.text;
    cursor.blanks();
    let text = &text[..text.len() - cursor.0.len()];
    Some(HyphenRange { text, from, to })
}

/// The terms of `text`, parted by blanks or commas: all of it, and at least one.
pub(super) fn terms(text: &str) -> Option<Vec<WrittenTerm<'_>>> {
    let mut cursor = Cursor(text);
    let mut terms = Vec::new();
    cursor.blanks();
    loop {
        terms.push(cursor.term()?);
        let parted = cursor.blanks();
        if cursor.0.is_empty() {
            return Some(terms);
        }
        if cursor.eat(",") {
            cursor.blanks();
        } else if !parted {
            return None;
        }
    }
}

/// What has not been read yet.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn term(&mut self) -> Option<WrittenTerm<'a>> {
        let (sign, operator) = OPERATORS
            .into_iter()
            .find(|(sign, _)| self.eat(sign))
            .unwrap_or(("", Operator::Bare));
        self.blanks();
        let version = self.version()?;
        Some(WrittenTerm {
            operator,
            sign,
            version,
        })
    }

    fn version(&mut self) -> Option<WrittenVersion<'a>> {
        let start = self.0;
        self.eat("v");
        let major = self.run(is_digit_or_hole)?;
        let minor = self.after(".", is_digit_or_hole);
        let patch = minor.and_then(|_| self.after(".", is_digit_or_hole));
        let pre = self.identifiers("-");
        self.identifiers("+");
        Some(WrittenVersion {
            text: &start[..start.len() - self.0.len()],
            major,
            minor,
            patch,
            pre,
        })
    }

    /// `mark` and dotted identifiers, or nothing.
    fn identifiers(&mut self, mark: &str) -> &'a str {
        let start = self.0;
        let mut next = mark;
        while self.after(next, is_identifier).is_some() {
            next = ".";
        }
        &start[..start.len() - self.0.len()]
    }

    /// A run behind `mark`; if it does not follow, `mark` is not taken either.
    fn after(&mut self, mark: &str, accepts: fn(u8) -> bool) -> Option<&'a str> {
        let mut ahead = Cursor(self.0.strip_prefix(mark)?);
        let run = ahead.run(accepts)?;
        *self = ahead;
        Some(run)
    }

    /// One or more accepted bytes. `accepts` knows ASCII only, so no character is ever cut.
    fn run(&mut self, accepts: fn(u8) -> bool) -> Option<&'a str> {
        let length = self.0.bytes().take_while(|b| accepts(*b)).count();
        let (run, rest) = self.0.split_at(length);
        self.0 = rest;
        (length > 0).then_some(run)
    }

    /// Whether there were any.
    fn blanks(&mut self) -> bool {
        self.run(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c'))
            .is_some()
    }

    fn eat(&mut self, text: &str) -> bool {
        match self.0.strip_prefix(text) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }
}

fn is_digit_or_hole(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'x' | b'X' | b'*' | b'|')
}

fn is_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}
