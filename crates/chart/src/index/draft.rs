//! A version of a chart as an index has it, before it is judged.

use std::collections::BTreeMap;

use super::time::Time;
use crate::metadata::{Dependency, Maintainer};

/// What an entry says. Texts are empty where nothing is given.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) home: String,
    pub(super) sources: Vec<String>,
    pub(super) version: String,
    pub(super) description: String,
    pub(super) keywords: Vec<String>,
    /// An entry with nothing in it is `None`.
    pub(super) maintainers: Vec<Option<Maintainer>>,
    pub(super) icon: String,
    pub(super) api_version: String,
    pub(super) condition: String,
    pub(super) tags: String,
    pub(super) app_version: String,
    pub(super) deprecated: bool,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) kube_version: String,
    /// An entry with nothing in it is `None`.
    pub(super) dependencies: Vec<Option<Dependency>>,
    pub(super) chart_type: String,
    /// `None` where there is no list, not even an empty one.
    pub(super) urls: Option<Vec<String>>,
    pub(super) created: Time,
    pub(super) removed: bool,
    pub(super) digest: String,
    pub(super) checksum: String,
    pub(super) engine: String,
    pub(super) tiller_version: String,
    pub(super) url: String,
}

impl Draft {
    /// Forget everything but the memory it took.
    pub(super) fn clear(&mut self) {
        for text in [
            &mut self.name,
            &mut self.home,
            &mut self.version,
            &mut self.description,
            &mut self.icon,
            &mut self.api_version,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
            &mut self.chart_type,
            &mut self.digest,
            &mut self.checksum,
            &mut self.engine,
            &mut self.tiller_version,
            &mut self.url,
        ] {
            text.clear();
        }
        self.sources.clear();
        self.keywords.clear();
        self.maintainers.clear();
        self.annotations.clear();
        self.dependencies.clear();
        self.urls = None;
        self.created = Time::default();
        self.deprecated = false;
        self.removed = false;
    }
}

/// Every field that Helm knows in an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Home,
    Sources,
    Version,
    Description,
    Keywords,
    Maintainers,
    Icon,
    ApiVersion,
    Condition,
    Tags,
    AppVersion,
    Deprecated,
    Annotations,
    KubeVersion,
    Dependencies,
    Type,
    Urls,
    Created,
    Removed,
    Digest,
    Checksum,
    Engine,
    TillerVersion,
    Url,
}

/// In Go's order: the chart's metadata, then what only an index has.
const FIELDS: [(&str, Field); 25] = [
    ("name", Field::Name),
    ("home", Field::Home),
    ("sources", Field::Sources),
    ("version", Field::Version),
    ("description", Field::Description),
    ("keywords", Field::Keywords),
    ("maintainers", Field::Maintainers),
    ("icon", Field::Icon),
    ("apiVersion", Field::ApiVersion),
    ("condition", Field::Condition),
    ("tags", Field::Tags),
    ("appVersion", Field::AppVersion),
    ("deprecated", Field::Deprecated),
    ("annotations", Field::Annotations),
    ("kubeVersion", Field::KubeVersion),
    ("dependencies", Field::Dependencies),
    ("type", Field::Type),
    ("urls", Field::Urls),
    ("created", Field::Created),
    ("removed", Field::Removed),
    ("digest", Field::Digest),
    ("checksum", Field::Checksum),
    ("engine", Field::Engine),
    ("tillerVersion", Field::TillerVersion),
    ("url", Field::Url),
];

impl Field {
    pub(super) fn named(key: &str) -> Option<Self> {
        lookup(&FIELDS, key)
    }

    /// Whether it is a text of the chart's metadata.
    pub(super) fn is_metadata_text(self) -> bool {
        matches!(
            self,
            Self::Name
                | Self::Home
                | Self::Version
                | Self::Description
                | Self::Icon
                | Self::ApiVersion
                | Self::Condition
                | Self::Tags
                | Self::AppVersion
                | Self::KubeVersion
                | Self::Type
        )
    }
}

/// The field that Go's JSON decoder takes `key` for: the one of that name, or else one whose name
/// differs in case only.
pub(super) fn lookup<T: Copy>(fields: &[(&str, T)], key: &str) -> Option<T> {
    let exact = fields.iter().find(|(name, _)| *name == key);
    let found = exact.or_else(|| {
        fields.iter().find(|(name, _)| {
            if key.is_ascii() {
                return key.eq_ignore_ascii_case(name);
            }
            key.chars().map(folded).eq(name.chars().map(folded))
        })
    });
    found.map(|(_, field)| *field)
}

/// Two letters beyond ASCII are lower-case forms of ASCII letters to Unicode, and so to Go.
fn folded(character: char) -> char {
    match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_any_case() {
        assert_eq!(Field::named("appVersion"), Some(Field::AppVersion));
        assert_eq!(Field::named("APPVERSION"), Some(Field::AppVersion));
        assert_eq!(Field::named("\u{212a}eyword\u{17f}"), Some(Field::Keywords));
        assert_eq!(Field::named("app-version"), None);
        assert_eq!(Field::named(""), None);
    }
}
