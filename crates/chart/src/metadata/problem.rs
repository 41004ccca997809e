//! What is wrong with metadata.

use crate::yaml::YamlError;

/// Why a metadata file of a chart was not accepted.
///
/// The text says what is wrong, for whoever wrote the file.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ParseMetadataError(#[from] Problem);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("{0}")]
    Yaml(YamlError),
    #[error("{} is {found} where {expected} is expected", place(within, name))]
    Type {
        within: &'static str,
        name: &'static str,
        expected: &'static str,
        found: &'static str,
    },
    #[error("an infinite number cannot be kept")]
    NotFinite,
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("the name `{}` is not allowed: it has to be one part of a path", .0.escape_debug())]
    Name(String),
    #[error("the version `{}` is not a semantic version", .0.escape_debug())]
    Version(String),
    #[error("the type `{}` is neither `application` nor `library`", .0.escape_debug())]
    ChartType(String),
    #[error("`{0}` has an entry with nothing in it")]
    NullEntry(&'static str),
    #[error(
        "the alias `{}` of dependency `{}` may only have letters, digits, `_` and `-`",
        alias.escape_debug(),
        name.escape_debug()
    )]
    Alias { name: String, alias: String },
    #[error("more than one dependency with name or alias `{}`", .0.escape_debug())]
    SameDependency(String),
    #[error("`{0}` does not belong here: only `dependencies` does, the rest is for Chart.yaml")]
    Stray(&'static str),
    #[error("`generated` is not a time as in 2006-01-02T15:04:05Z: `{}`", .0.escape_debug())]
    Time(String),
}

impl From<YamlError> for Problem {
    fn from(error: YamlError) -> Self {
        Self::Yaml(error)
    }
}

fn place(within: &str, name: &str) -> String {
    match (within, name) {
        ("", "") => "the file".to_owned(),
        ("", name) => format!("`{name}`"),
        (within, "") => format!("an entry of `{within}`"),
        (within, name) => format!("`{name}` of an entry of `{within}`"),
    }
}
