//! Where a requirement says that its chart is.

use std::fmt;
use std::str::FromStr;

use portolan_reference::{ParseUrlError, RepositoryUrl, Scheme, redacted};

use crate::reading::Shown;

/// The longest path of a chart on disk, relative to another, in bytes: `PATH_MAX` of Linux.
const MAX_PATH_BYTES: usize = 4096;

/// Where a requirement says that its chart is: what stands behind `repository`.
///
/// | text | variant |
/// |---|---|
/// | nothing | [`Embedded`](Self::Embedded) |
/// | `https://…`, `http://…` | [`Index`](Self::Index) |
/// | `oci://…` | [`Oci`](Self::Oci) |
/// | `file://…` | [`File`](Self::File) |
/// | `@name`, `alias:name` | [`Named`](Self::Named) |
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DependencyRepository {
    /// In the requiring chart's own `charts/` folder, under the name of the chart.
    Embedded,
    /// A repository with an `index.yaml`.
    Index(RepositoryUrl),
    /// Below this path of a registry, under the name of the chart.
    Oci(RepositoryUrl),
    /// A chart at this path, which is relative to the requiring chart. Never empty.
    File(String),
    /// A repository that somebody's list of repositories has under this name. Never empty.
    Named(String),
}

impl DependencyRepository {
    /// The repository that `url` names.
    pub fn remote(url: RepositoryUrl) -> Self {
        match url.scheme() {
            Scheme::Oci => Self::Oci(url),
            Scheme::Http | Scheme::Https => Self::Index(url),
        }
    }
}

impl FromStr for DependencyRepository {
    type Err = ParseDependencyRepositoryError;

    /// Read the `repository` of a requirement, or of a line of a lock file.
    ///
    /// # Errors
    ///
    /// If it is none of the five forms: a bare path, another scheme, a name without letters.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |reason| ParseDependencyRepositoryError {
            text: text.to_owned(),
            reason,
        };
        if text.is_empty() {
            return Ok(Self::Embedded);
        }
        if text.contains('\0') {
            return Err(bad(Reason::Zero));
        }
        if let Some(path) = text.strip_prefix("file://") {
            return match path {
                "" => Err(bad(Reason::NoPath)),
                path if path.len() > MAX_PATH_BYTES => Err(bad(Reason::LongPath)),
                path => Ok(Self::File(path.to_owned())),
            };
        }
        if let Some(name) = text
            .strip_prefix('@')
            .or_else(|| text.strip_prefix("alias:"))
        {
            return match name {
                "" => Err(bad(Reason::NoName)),
                name => Ok(Self::Named(name.to_owned())),
            };
        }
        if text.starts_with(':') {
            return Err(bad(Reason::NoScheme));
        }
        match text.split_once("://") {
            Some((scheme, _)) if is_remote(scheme) => match text.parse() {
                Ok(url) => Ok(Self::remote(url)),
                Err(error) => Err(bad(Reason::Url(error))),
            },
            _ => Err(bad(Reason::Scheme)),
        }
    }
}

fn is_remote(scheme: &str) -> bool {
    ["http", "https", "oci"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
}

impl fmt::Display for DependencyRepository {
    /// As in a lock file, without secrets: `@name` for either way to name a repository.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => Ok(()),
            Self::Index(url) | Self::Oci(url) => url.fmt(f),
            Self::File(path) => write!(f, "file://{path}"),
            Self::Named(name) => write!(f, "@{name}"),
        }
    }
}

/// The `repository` of a requirement leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid dependency repository URL: {}: {reason}", slashed(text))]
pub struct ParseDependencyRepositoryError {
    text: String,
    reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("it begins with none of `https://`, `http://`, `oci://`, `file://`, `@`, `alias:`")]
    Scheme,
    #[error("missing protocol scheme")]
    NoScheme,
    #[error("a path follows `file://`")]
    NoPath,
    #[error("the path is longer than {MAX_PATH_BYTES} bytes")]
    LongPath,
    #[error("the name of a repository is missing")]
    NoName,
    #[error("a zero byte is in it")]
    Zero,
    #[error("{0}")]
    Url(ParseUrlError),
}

/// The text as Flux prints it, which is with a slash at its end, and as it may be printed.
pub(super) fn slashed(text: &str) -> String {
    let text = redacted(text);
    let shown = Shown(text.trim_end_matches('/')).to_string();
    format!("{}/", shown.trim_matches('`'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_forms_are_told_apart() {
        #[track_caller]
        fn check(text: &str, expected: &DependencyRepository) {
            assert_eq!(&text.parse::<DependencyRepository>().unwrap(), expected);
        }
        let url = |text: &str| text.parse::<RepositoryUrl>().unwrap();
        check("", &DependencyRepository::Embedded);
        check(
            "https://example.com/charts",
            &DependencyRepository::Index(url("https://example.com/charts/")),
        );
        check(
            "HTTP://example.com",
            &DependencyRepository::Index(url("http://example.com")),
        );
        check(
            "oci://example.com/charts/",
            &DependencyRepository::Oci(url("oci://example.com/charts")),
        );
        check("file://.", &DependencyRepository::File(".".into()));
        check(
            "file://../x y",
            &DependencyRepository::File("../x y".into()),
        );
        check("@stable", &DependencyRepository::Named("stable".into()));
        check(
            "alias:stable",
            &DependencyRepository::Named("stable".into()),
        );
    }

    #[test]
    fn anything_else_is_refused_as_flux_words_it() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let error = text.parse::<DependencyRepository>().unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        check("ftp://x", "invalid dependency repository URL: ftp://x/");
        check("ftp://x/", "invalid dependency repository URL: ftp://x/: ");
        check("../dep", "invalid dependency repository URL: ../dep/");
        check("stable", "invalid dependency repository URL: stable/");
        check(": //example.com", "missing protocol scheme");
        check("file://", "a path follows");
        check("file://a\0b", "zero byte");
        check(&format!("file://{}", "a".repeat(4097)), "longer than 4096");
        check("@", "name of a repository");
        check("alias:", "name of a repository");
        check("https://", "a host follows");
        check("ftp://ci:hunter2@x/?sig=hunter2", "ftp://x/");
    }

    #[test]
    fn no_secret_is_shown() {
        let error = "ftp://ci:hunter2@x/?sig=hunter2"
            .parse::<DependencyRepository>()
            .unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
        let shown: DependencyRepository = "https://ci:hunter2@x/?sig=hunter2".parse().unwrap();
        assert!(!format!("{shown} {shown:?}").contains("hunter2"));
    }
}
