//! What a requirement demands of a chart that somebody has already.

use portolan_chart::Dependency;
use portolan_reference::Version;

use super::repository::DependencyRepository;
use crate::constraint::Constraint;

/// A requirement, read once to be held against many charts.
#[derive(Debug)]
pub(super) struct Demand<'a> {
    pub(super) requirement: &'a Dependency,
    /// As what the chart is known to the one that requires it.
    pub(super) known_as: &'a str,
    range: Option<Constraint>,
}

impl<'a> Demand<'a> {
    pub(super) fn new(requirement: &'a Dependency) -> Self {
        let range = match requirement.version.as_deref().unwrap_or_default() {
            "" => "*".parse(),
            text => text.parse(),
        };
        Self {
            requirement,
            known_as: requirement.alias.as_ref().unwrap_or(&requirement.name),
            range: range.ok(),
        }
    }

    /// The range as it is written, empty if there is none.
    pub(super) fn text(&self) -> &'a str {
        self.requirement.version.as_deref().unwrap_or_default()
    }

    /// Whether it is met by `text`, which means `version` if it is one. No range is any version.
    pub(super) fn admits(&self, text: &str, version: Option<&Version>) -> bool {
        let in_range = |version| self.range.as_ref().is_some_and(|it| it.matches(version));
        text == self.text() || version.is_some_and(in_range)
    }
}

/// A `repository`, read once to be held against many.
#[derive(Debug)]
pub(super) struct Somewhere<'a> {
    text: &'a str,
    place: Option<DependencyRepository>,
}

impl<'a> Somewhere<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            place: text.parse().ok(),
        }
    }

    /// Whether both are surely not one place. A name may stand for any.
    pub(super) fn differs(&self, other: &Self) -> bool {
        let is_name = |it: &Self| matches!(it.place, Some(DependencyRepository::Named(_)));
        if self.text == other.text || is_name(self) || is_name(other) {
            return false;
        }
        self.place.is_none() || self.place != other.place
    }
}
