//! One comparison of a constraint.

use std::cmp::Ordering;
use std::fmt;

use portolan_reference::Spelling;
use semver::Version;

use super::error::Reason;
use super::grammar::{Operator, WrittenTerm, WrittenVersion};
use crate::distance::distance;

/// An operator, and the version it compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    operator: Operator,
    /// As written, without blanks between operator and version.
    text: String,
    bound: Version,
    written: Precision,
}

/// How much of a version is written out; the rest is left open, or holds an `x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Precision {
    Nothing,
    Major,
    Minor,
    Patch,
}

impl Term {
    pub(super) fn new(written: &WrittenTerm<'_>) -> Result<Self, Reason> {
        let WrittenTerm {
            operator,
            sign,
            version,
        } = written;
        let text = format!("{sign}{}", version.text);
        match bound(version) {
            Some((precision, bound)) => Ok(Self {
                operator: *operator,
                text,
                bound,
                written: precision,
            }),
            None => Err(Reason::NotAVersion { text }),
        }
    }

    pub(super) fn names_prerelease(&self) -> bool {
        !self.bound.pre.is_empty()
    }

    /// Whether it asks for one release and nothing else.
    pub(super) fn is_single_release(&self) -> bool {
        matches!(self.operator, Operator::Bare | Operator::Equal)
            && self.written == Precision::Patch
    }

    /// Whether `version` satisfies it, whatever the rule for pre-releases says.
    pub(super) fn holds(&self, version: &Version) -> bool {
        let order = version.cmp_precedence(&self.bound);
        match (self.operator, self.written) {
            (Operator::Bare | Operator::Equal, Precision::Patch) => order.is_eq(),
            (Operator::Bare | Operator::Equal | Operator::Tilde, _) => self.tilde(version),
            (Operator::NotEqual, _) => !self.same(version),
            (Operator::Greater, Precision::Major) => version.major > self.bound.major,
            (Operator::Greater, Precision::Minor) => self.minor_order(version).is_gt(),
            (Operator::Greater, _) => order.is_gt(),
            (Operator::Less, _) => order.is_lt(),
            (Operator::GreaterOrEqual, _) => order.is_ge(),
            (Operator::LessOrEqual, Precision::Patch) => order.is_le(),
            (Operator::LessOrEqual, Precision::Major) => version.major <= self.bound.major,
            (Operator::LessOrEqual, _) => self.minor_order(version).is_le(),
            (Operator::Caret, _) => self.caret(version),
        }
    }

    /// `~1.2.3` holds for the rest of 1.2, `~1` for the rest of 1.
    fn tilde(&self, version: &Version) -> bool {
        if version.cmp_precedence(&self.bound).is_lt() {
            return false;
        }
        match self.written {
            Precision::Nothing => true,
            Precision::Major => version.major == self.bound.major,
            // As if nothing were written: `~0.0.0` is how the original spells `~*`.
            Precision::Patch if is_zero(&self.bound) => true,
            Precision::Minor | Precision::Patch => self.minor_order(version).is_eq(),
        }
    }

    /// `^1.2.3` holds for the rest of 1; below 1 for the rest of the leftmost part that is not 0.
    fn caret(&self, version: &Version) -> bool {
        if version.cmp_precedence(&self.bound).is_lt() {
            return false;
        }
        if self.bound.major > 0 || self.written == Precision::Major {
            return version.major == self.bound.major;
        }
        if self.bound.minor > 0 || self.written == Precision::Minor {
            return self.minor_order(version).is_eq();
        }
        self.minor_order(version).is_eq() && version.patch == self.bound.patch
    }

    /// Whether `version` is what is written, as far as it is written.
    fn same(&self, version: &Version) -> bool {
        match self.written {
            Precision::Major => version.major == self.bound.major,
            Precision::Minor => self.minor_order(version).is_eq() && version.pre == self.bound.pre,
            Precision::Nothing | Precision::Patch => version.cmp_precedence(&self.bound).is_eq(),
        }
    }

    /// How the first two numbers compare.
    fn minor_order(&self, version: &Version) -> Ordering {
        (version.major, version.minor).cmp(&(self.bound.major, self.bound.minor))
    }

    /// The text with `-0` added, unless that would move the bound or there is a pre-release.
    pub(super) fn opened(&self) -> Option<String> {
        let keeps_its_bound = match self.operator {
            Operator::GreaterOrEqual | Operator::Less | Operator::Tilde | Operator::Caret => true,
            Operator::Bare | Operator::Equal => self.written != Precision::Patch,
            Operator::Greater | Operator::LessOrEqual => {
                matches!(self.written, Precision::Major | Precision::Minor)
            }
            Operator::NotEqual => false,
        };
        if self.names_prerelease() || !keeps_its_bound {
            return None;
        }
        let (core, build) = self
            .text
            .split_at(self.text.find('+').unwrap_or(self.text.len()));
        Some(format!("{core}-0{build}"))
    }

    /// How far `version` is from the bound; `None` if none is written.
    pub(super) fn distance(&self, version: &Version) -> Option<[u64; 3]> {
        (self.written != Precision::Nothing).then(|| distance(version, &self.bound))
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What to compare with, the open parts being 0.
fn bound(written: &WrittenVersion<'_>) -> Option<(Precision, Version)> {
    let WrittenVersion {
        text,
        major,
        minor,
        patch,
        pre,
    } = *written;
    let (precision, text) = match (open(Some(major)), open(minor), open(patch)) {
        (None, _, _) => (Precision::Nothing, format!("0.0.0{pre}")),
        (Some(major), None, _) => (Precision::Major, format!("{major}.0.0{pre}")),
        (Some(major), Some(minor), None) => (Precision::Minor, format!("{major}.{minor}.0{pre}")),
        (Some(_), Some(_), Some(_)) => (Precision::Patch, text.to_owned()),
    };
    Some((precision, Spelling::Loose.read(&text)?))
}

/// The part, unless it is not written or stands for anything.
fn open(part: Option<&str>) -> Option<&str> {
    part.filter(|part| !matches!(*part, "x" | "X" | "*"))
}

fn is_zero(version: &Version) -> bool {
    (version.major, version.minor, version.patch) == (0, 0, 0)
}
