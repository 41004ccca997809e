//! Helm's language of version constraints.

mod error;
mod grammar;
mod term;

use std::fmt;
use std::str::FromStr;

use portolan_reference::Version;

use self::error::Reason;
use self::term::Term;
use crate::rejection::Rejection;

pub use self::error::ParseConstraintError;

/// The longest text that is read as a constraint, in bytes.
const MAX_BYTES: usize = 512;

/// The most alternatives, parted by `||`, that a constraint may have.
const MAX_ALTERNATIVES: usize = 32;

/// Which versions of a chart are welcome: `^1.2`, `>=1.0.0 <2.0.0`, `1.x || 3.x`.
///
/// This is the language of [Masterminds/semver v3.5.0][1], which Helm and Flux read, and not that
/// of Cargo or npm: a bare `1.2.3` admits nothing else, a bare `1.2` admits `1.2.9`, terms are
/// parted by a blank or a comma, and `=>` is `>=`.
///
/// Pre-releases are admitted by an alternative only if one of its terms names one: `>=1.0.0-0`
/// admits `1.5.0-rc.1`, `>=1.0.0` does not. Build metadata takes no part.
///
/// # Deviation
///
/// Numbers in a pre-release are compared as numbers however long they are, as [SemVer 2.0.0][2]
/// has it; Masterminds/semver compares those above 64 bits as words.
///
/// [1]: https://github.com/Masterminds/semver/blob/v3.5.0/constraints.go
/// [2]: https://semver.org/spec/v2.0.0.html#spec-item-11
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    text: String,
    alternatives: Vec<Alternative>,
}

/// Terms that all have to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Alternative {
    terms: Vec<Term>,
    /// Whether any of the terms names a pre-release, which opens all of them to pre-releases.
    prereleases: bool,
}

impl Constraint {
    /// Whether `version` is welcome.
    pub fn matches(&self, version: &Version) -> bool {
        self.admits(version.parsed())
    }

    /// Why `version` is not welcome, or `None` if it is.
    ///
    /// Either [`Rejection::Prerelease`], if allowing pre-releases would be enough, or
    /// [`Rejection::Term`].
    pub fn why_not(&self, version: &Version) -> Option<Rejection> {
        let version = version.parsed();
        if self.admits(version) {
            return None;
        }
        let opened = if version.pre.is_empty() {
            None
        } else {
            self.admitting_prereleases()
        };
        Some(self.refusal(version, opened.as_ref()))
    }

    /// The same constraint, opened to pre-releases by adding `-0` wherever nothing is lost by it:
    /// `^1.2` becomes `^1.2-0`, and `>1.0.0` becomes `>1.0.0 >=0.0.0-0`.
    ///
    /// It admits all that this one does. `None` if this one is open already, if it asks for
    /// single releases only, or if the result would be too long to be read.
    pub fn admitting_prereleases(&self) -> Option<Self> {
        let texts: Vec<String> = self.alternatives.iter().map(Alternative::opened).collect();
        let opened: Self = texts.join(" || ").parse().ok()?;
        let more = opened
            .alternatives
            .iter()
            .zip(&self.alternatives)
            .any(|(new, old)| new.prereleases && !old.prereleases);
        more.then_some(opened)
    }

    pub(crate) fn admits(&self, version: &semver::Version) -> bool {
        self.alternatives.iter().any(|each| each.admits(version))
    }

    /// Why `version`, which is not admitted, is not; `opened` is what
    /// [`admitting_prereleases`](Self::admitting_prereleases) answered.
    pub(crate) fn refusal(&self, version: &semver::Version, opened: Option<&Self>) -> Rejection {
        if self.misses_only_prereleases(version, opened) {
            return Rejection::Prerelease;
        }
        let terms: Vec<String> = self
            .alternatives
            .iter()
            .filter_map(|each| each.refusing(version))
            .map(Term::to_string)
            .collect();
        Rejection::Term {
            term: terms.join(" || "),
        }
    }

    /// Whether `version`, which is not admitted, would be if only pre-releases were.
    pub(crate) fn misses_only_prereleases(
        &self,
        version: &semver::Version,
        opened: Option<&Self>,
    ) -> bool {
        !version.pre.is_empty()
            && (opened.is_some_and(|opened| opened.admits(version))
                || self
                    .alternatives
                    .iter()
                    .any(|each| each.refusing(version).is_none()))
    }

    /// How far `version` is from the nearest bound in the constraint; `None` if none is written.
    pub(crate) fn distance(&self, version: &semver::Version) -> Option<[u64; 3]> {
        self.alternatives
            .iter()
            .flat_map(|each| &each.terms)
            .filter_map(|term| term.distance(version))
            .min()
    }
}

impl fmt::Display for Constraint {
    /// As it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Constraint {
    type Err = ParseConstraintError;

    /// Read a constraint of at most 512 bytes and 32 alternatives.
    ///
    /// # Errors
    ///
    /// If the text is longer than that, or is no constraint. Neither is an empty text: see
    /// [`Wanted::parse`](crate::Wanted::parse) for that.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self {
            alternatives: alternatives(text)?,
            text: text.to_owned(),
        })
    }
}

fn alternatives(text: &str) -> Result<Vec<Alternative>, Reason> {
    if text.len() > MAX_BYTES {
        return Err(Reason::TooLong);
    }
    let text = grammar::without_hyphen_ranges(text);
    if text.split("||").count() > MAX_ALTERNATIVES {
        return Err(Reason::TooManyAlternatives);
    }
    text.split("||").map(Alternative::read).collect()
}

impl Alternative {
    fn read(text: &str) -> Result<Self, Reason> {
        let written = grammar::terms(text).ok_or_else(|| Reason::improper(text))?;
        let terms = written
            .iter()
            .map(Term::new)
            .collect::<Result<Vec<_>, _>>()?;
        let prereleases = terms.iter().any(Term::names_prerelease);
        Ok(Self { terms, prereleases })
    }

    fn admits(&self, version: &semver::Version) -> bool {
        (self.prereleases || version.pre.is_empty()) && self.refusing(version).is_none()
    }

    /// The first term that does not hold, whatever the rule for pre-releases says.
    fn refusing(&self, version: &semver::Version) -> Option<&Term> {
        self.terms.iter().find(|term| !term.holds(version))
    }

    /// The text of this alternative, opened to pre-releases if that makes any sense.
    fn opened(&self) -> String {
        let as_written = || self.terms.iter().map(Term::to_string).collect::<Vec<_>>();
        if self.prereleases || self.terms.iter().any(Term::is_single_release) {
            return as_written().join(" ");
        }
        let opened: Vec<Option<String>> = self.terms.iter().map(Term::opened).collect();
        let mut texts = as_written();
        if opened.iter().all(Option::is_none) {
            // No term can take the `-0` without moving its bound, so another one has to.
            texts.push(">=0.0.0-0".to_owned());
        }
        for (text, opened) in texts.iter_mut().zip(opened) {
            if let Some(opened) = opened {
                *text = opened;
            }
        }
        texts.join(" ")
    }
}
