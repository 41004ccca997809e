//! URLs of Helm repositories.

mod error;
mod places;

use std::fmt;
use std::str::FromStr;

use url::Url;

pub use self::error::ParseUrlError;
use self::error::Reason;
use crate::{OciRepository, ParseReferenceError, redacted};

/// How a repository is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http://`
    Http,
    /// `https://`
    Https,
    /// `oci://`
    Oci,
}

/// The URL of a Helm repository, in the form that Flux compares: the slashes at the end of the path
/// are one slash, or none for `oci`; everything else stays.
///
/// `Display` leaves out user info and query, which may be secrets; [`as_str`](Self::as_str) has
/// them.
///
/// ```
/// use portolan_reference::RepositoryUrl;
///
/// let url: RepositoryUrl = "https://ci:hunter2@charts.example.com/stable".parse()?;
/// assert_eq!(url.to_string(), "https://charts.example.com/stable/");
/// # Ok::<(), portolan_reference::ParseUrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RepositoryUrl {
    scheme: Scheme,
    text: String,
    /// The text, read: with the host in lower case and without a default port.
    url: Url,
}

impl RepositoryUrl {
    /// By which protocol.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The whole URL. It may hold a password or a signature: send it, do not print it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The registry and path of an `oci://` URL.
    ///
    /// # Errors
    ///
    /// If the URL has another scheme, or names no repository.
    pub fn oci(&self) -> Result<OciRepository, ParseReferenceError> {
        self.text.parse()
    }
}

impl fmt::Display for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redacted(&self.text))
    }
}

impl fmt::Debug for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RepositoryUrl")
            .field(&redacted(&self.text))
            .finish()
    }
}

impl FromStr for RepositoryUrl {
    type Err = ParseUrlError;

    /// Read a repository URL.
    ///
    /// # Errors
    ///
    /// If it is no URL, has no host, or its scheme is none of `http`, `https` and `oci`. A backslash
    /// and control characters are refused: some readers of URLs take the first for a slash and pass
    /// over the others, so that they would see another host than is written.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |reason| ParseUrlError::repository(text, reason);
        if text.contains(|c: char| c == '\\' || c.is_control()) {
            return Err(bad(Reason::Character));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| bad(no_scheme(text)))?;
        let (scheme, name) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (Scheme::Http, "http"),
            "https" => (Scheme::Https, "https"),
            "oci" => (Scheme::Oci, "oci"),
            other if is_scheme(other) => return Err(bad(Reason::OtherScheme(other.to_owned()))),
            _ => return Err(bad(Reason::Scheme)),
        };
        if rest.starts_with(['/', '?', '#']) || rest.is_empty() {
            return Err(bad(Reason::NoHost));
        }
        let spelled = format!("{name}://{}", rest.replace(' ', "%20"));
        let text = normalised(&spelled, scheme);
        let url = Url::parse(&text).map_err(|error| bad(Reason::Url(error)))?;
        Ok(Self { scheme, text, url })
    }
}

/// What is wrong with a text that has no `://`. Go's words for a `host:port` are those that people
/// look for.
fn no_scheme(text: &str) -> Reason {
    match text
        .split('/')
        .next()
        .and_then(|first| first.split_once(':'))
    {
        Some((host, _)) if !is_scheme(host) => Reason::Colon,
        _ => Reason::NoScheme,
    }
}

/// Whether `text` is the scheme of some URL ([RFC 3986, 3.1](https://www.rfc-editor.org/rfc/rfc3986#section-3.1)).
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// The text with its path ending in exactly one slash, or in none for `oci`. The text is kept
/// rather than printed from the parsed URL, which would lower the case of the host and drop a
/// default port.
fn normalised(url: &str, scheme: Scheme) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (base, rest) = url.split_at(end);
    let base = base.trim_end_matches('/');
    let slash = if scheme == Scheme::Oci { "" } else { "/" };
    format!("{base}{slash}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows from Flux's own normalisation.
    #[test]
    fn urls_are_normalised_as_flux_does() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(text.parse::<RepositoryUrl>().unwrap().as_str(), expected);
        }
        check("http://example.com", "http://example.com/");
        check("http://example.com//", "http://example.com/");
        check("oci://example.com//", "oci://example.com");
        check("oci://example.com/charts/", "oci://example.com/charts");
        check("http://example.com/?st=pr", "http://example.com/?st=pr");
        check("http://example.com?st=pr", "http://example.com/?st=pr");
        check(
            "http://example.com/next%2Fpath",
            "http://example.com/next%2Fpath/",
        );
        check(
            "http://example.com/next%2Fpath/",
            "http://example.com/next%2Fpath/",
        );
        check("HTTP://Example.com/A//b//", "http://Example.com/A//b/");
        check(
            "https://example.com:443/x#frag",
            "https://example.com:443/x/#frag",
        );
        check("https://u:p@example.com/x", "https://u:p@example.com/x/");
        check("http://example.com/a b", "http://example.com/a%20b/");
    }

    #[test]
    fn what_is_not_a_repository_url_is_refused_with_the_reason() {
        #[track_caller]
        fn check(text: &str, reason: &str) {
            let error = text.parse::<RepositoryUrl>().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        check("", "begins with none");
        check("example.com:8080/x", "begins with none");
        check(
            "127.0.0.1:1234",
            "first path segment in URL cannot contain colon",
        );
        check(
            "[::1]:1234/x",
            "first path segment in URL cannot contain colon",
        );
        check("ftp://example.com", "scheme \"ftp\" not supported");
        check("a b://example.com", "none of `https`");
        check("://x", "none of `https`");
        check("https://", "a host follows");
        check("https:///x", "a host follows");
        check("https://example.com:x/", "port");
        check("https://example.com\\@evil.example/", "backslash");
        check("https://exam\tple.com/", "control character");
    }

    #[test]
    fn neither_display_nor_debug_nor_an_error_shows_a_secret() {
        let text = "https://ci:hunter2@example.com/x?sig=hunter2";
        let url: RepositoryUrl = text.parse().unwrap();
        assert!(url.as_str().contains("hunter2"));
        assert!(!format!("{url} {url:?}").contains("hunter2"));
        let error = "ftp://ci:hunter2@example.com/"
            .parse::<RepositoryUrl>()
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
