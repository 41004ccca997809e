//! Where a repository has its index and its charts.

use url::Url;

use super::error::Reason;
use super::{ParseUrlError, RepositoryUrl};

impl RepositoryUrl {
    /// Where the index is: `index.yaml` below the path, with the query of the repository.
    ///
    /// Slashes in a row are one, and `.` and `..` are resolved, as
    /// [Helm does](https://github.com/helm/helm/blob/v4.0.0/pkg/repo/v1/chartrepo.go). The result may
    /// hold what [`as_str`](Self::as_str) holds: send it, do not print it.
    ///
    /// ```
    /// use portolan_reference::RepositoryUrl;
    ///
    /// let url: RepositoryUrl = "https://charts.example.com/stable?sig=abc".parse()?;
    /// assert_eq!(url.index_url().as_str(), "https://charts.example.com/stable/index.yaml?sig=abc");
    /// # Ok::<(), portolan_reference::ParseUrlError>(())
    /// ```
    pub fn index_url(&self) -> Url {
        let mut path = String::from("/");
        for segment in written_path(&self.text)
            .split('/')
            .filter(|segment| !segment.is_empty())
        {
            path.push_str(segment);
            path.push('/');
        }
        path.push_str("index.yaml");
        let mut url = self.url.clone();
        url.set_path(&path);
        url
    }

    /// Where the chart is that the index names by `reference`, the first of its `urls`.
    ///
    /// An absolute URL is taken as it is. Anything else is read relative to the repository
    /// ([RFC 3986, section 5](https://www.rfc-editor.org/rfc/rfc3986#section-5)), as a folder, and
    /// gets the query of the repository in place of its own: signed URLs are signed so.
    ///
    /// # Errors
    ///
    /// If the result is no URL of `http` or `https`, so that an index can name neither a file of this
    /// machine nor a registry; if `reference` is empty, or has control characters, which some readers
    /// of URLs pass over.
    ///
    /// # Deviation
    ///
    /// Helm gives the repository's query to `//other.example.com/x.tgz`, too. Here a query, which may
    /// be a signature, stays with the host it was written for.
    pub fn chart_url(&self, reference: &str) -> Result<Url, ParseUrlError> {
        let bad = |reason| ParseUrlError::chart(reference, reason);
        if reference.is_empty() {
            return Err(bad(Reason::Empty));
        }
        if reference.contains(char::is_control) {
            return Err(bad(Reason::Character));
        }
        // Browsers read `\` as `/` and pass over blanks at the ends; in Helm's URLs they are neither.
        let spelled = reference.replace(' ', "%20").replace('\\', "%5C");
        let unreadable = |error| bad(Reason::Url(error));
        let url = if let Some((scheme, rest)) = scheme(&spelled) {
            if !is_fetched(scheme) {
                let scheme = scheme.chars().take(20).collect();
                return Err(bad(Reason::ChartScheme(scheme)));
            }
            let host = rest.strip_prefix("//").unwrap_or_default();
            if host.is_empty() || host.starts_with(['/', '?', '#']) {
                return Err(bad(Reason::NoHost));
            }
            Url::parse(&spelled).map_err(unreadable)?
        } else {
            let mut url = self.url.join(&spelled).map_err(unreadable)?;
            if self.shares_origin(&url) {
                url.set_query(self.url.query());
            }
            url
        };
        if is_fetched(url.scheme()) {
            Ok(url)
        } else {
            Err(bad(Reason::ChartScheme(url.scheme().to_owned())))
        }
    }

    /// Whether `url` has the scheme, host and port of the repository, where no port is the one that
    /// the scheme implies. Only there has a credential of the repository any business.
    ///
    /// An `oci://` repository shares its origin with nothing: it is named, not located, by its URL.
    pub fn shares_origin(&self, url: &Url) -> bool {
        self.url.origin() == url.origin()
    }
}

fn is_fetched(scheme: &str) -> bool {
    ["https", "http"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(scheme))
}

/// The scheme of an absolute URL, and what follows its colon:
/// [RFC 3986, section 3.1](https://www.rfc-editor.org/rfc/rfc3986#section-3.1).
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let goes_on = scheme
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    (begins && goes_on).then_some((scheme, rest))
}

/// What stands between the host and the query. Not what the parsed URL has there: it takes `..` off
/// an empty segment, where Helm takes it off the one before.
fn written_path(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let before = &rest[..end];
    before.find('/').map_or("", |begin| &before[begin..])
}
