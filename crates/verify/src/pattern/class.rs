//! Sets of characters as Go sees them.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex_syntax::hir::{Class as HirClass, ClassUnicode, ClassUnicodeRange, HirKind};

/// What Unicode 15.0 knows, and with it Go 1.26. The tables of `regex-syntax` are younger, and a
/// character that came with them has neither a kind nor another case in Go.
static KNOWN: LazyLock<Option<ClassUnicode>> = LazyLock::new(|| table(r"\p{Age=15.0}"));

/// Cases of one character since Unicode 15.1, though each of them was known before.
const NEWER_CASES: [(char, char); 3] = [
    ('\u{390}', '\u{1fd3}'),
    ('\u{3b0}', '\u{1fe3}'),
    ('\u{fb05}', '\u{fb06}'),
];

/// A set of characters.
///
/// Go counts surrogates among the characters. No text has one, so they are left out here, and a
/// set of nothing else is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class(ClassUnicode);

impl Class {
    pub(super) fn empty() -> Self {
        Self(ClassUnicode::empty())
    }

    /// All from `low` to `high`, both inclusive. Empty if there are none.
    pub(super) fn range(low: u32, high: u32) -> Self {
        let low = if is_surrogate(low) { 0xe000 } else { low };
        let high = if is_surrogate(high) { 0xd7ff } else { high };
        let range = match (char::from_u32(low), char::from_u32(high)) {
            (Some(low), Some(high)) if low <= high => Some(ClassUnicodeRange::new(low, high)),
            _ => None,
        };
        Self(ClassUnicode::new(range))
    }

    /// All of these ranges.
    pub(super) fn ranges(ranges: &[(char, char)]) -> Self {
        let ranges = ranges
            .iter()
            .map(|&(low, high)| ClassUnicodeRange::new(low, high));
        Self(ClassUnicode::new(ranges))
    }

    /// What `\p{…}` with this query of `regex-syntax` stands for, as far as Go knows it. `None` if
    /// it has no table for it.
    pub(super) fn of_table(query: &str) -> Option<Self> {
        let mut set = table(query)?;
        set.intersect(KNOWN.as_ref()?);
        Some(Self(set))
    }

    /// All that Go knows.
    pub(super) fn known() -> Option<Self> {
        KNOWN.clone().map(Self)
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.union(&other.0);
    }

    pub(super) fn remove(&mut self, other: &Self) {
        self.0.difference(&other.0);
    }

    pub(super) fn negated(mut self) -> Self {
        let (below, above) = ('\u{d7ff}', '\u{e000}');
        if self.has(below) && self.has(above) {
            // Two ranges with nothing between but surrogates are one: `negate` of regex-syntax
            // 0.8.11 would swap the ends of the empty gap and find both of them in it.
            self.0.push(ClassUnicodeRange::new(below, above));
        }
        self.0.negate();
        self
    }

    /// With the other cases of each character. `None` if there are no tables to tell.
    pub(super) fn folded(mut self) -> Option<Self> {
        let mut cases = self.0.clone();
        cases.try_case_fold_simple().ok()?;
        if cases == self.0 {
            return Some(self);
        }
        let known = KNOWN.as_ref()?;
        cases = self.0.clone();
        cases.intersect(known);
        cases.try_case_fold_simple().ok()?;
        cases.intersect(known);
        for (one, other) in NEWER_CASES {
            match (self.has(one), self.has(other)) {
                (true, false) => cases.difference(&Self::ranges(&[(other, other)]).0),
                (false, true) => cases.difference(&Self::ranges(&[(one, one)]).0),
                _ => {}
            }
        }
        self.0.union(&cases);
        Some(self)
    }

    fn has(&self, c: char) -> bool {
        let ranges = self.0.ranges();
        let after = ranges.partition_point(|range| range.end() < c);
        ranges.get(after).is_some_and(|range| range.start() <= c)
    }

    /// Write it so that the `regex` crate reads the same set, whatever its flags.
    pub(super) fn write(&self, out: &mut String) {
        match self.0.ranges() {
            // Nothing, so nothing matches.
            [] => out.push_str(r"[^\x{0}-\x{10FFFF}]"),
            [only] if only.start() == only.end() => write_char(only.start(), out),
            ranges => {
                out.push('[');
                for range in ranges {
                    write_char(range.start(), out);
                    if range.start() != range.end() {
                        out.push('-');
                        write_char(range.end(), out);
                    }
                }
                out.push(']');
            }
        }
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        let ranges = self.0.ranges().iter();
        ranges.map(|range| (u32::from(range.start()), u32::from(range.end())))
    }
}

/// Whether it is half of a character in UTF-16, and none anywhere else.
pub(super) fn is_surrogate(code: u32) -> bool {
    (0xd800..=0xdfff).contains(&code)
}

/// Only what can be no operator, inside brackets or outside, is written as it is.
fn write_char(c: char, out: &mut String) {
    if c.is_ascii_alphanumeric() {
        out.push(c);
    } else {
        // A `String` takes everything.
        let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
    }
}

fn table(query: &str) -> Option<ClassUnicode> {
    match regex_syntax::parse(query).ok()?.into_kind() {
        HirKind::Class(HirClass::Unicode(set)) => Some(set),
        // A class of one character.
        HirKind::Literal(literal) => {
            let only = std::str::from_utf8(&literal.0).ok()?.parse().ok()?;
            Some(ClassUnicode::new([ClassUnicodeRange::new(only, only)]))
        }
        _ => None,
    }
}
