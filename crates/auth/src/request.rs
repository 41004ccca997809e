//! What to ask a registry for.

use std::fmt;

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use portolan_reference::redacted;
use url::Url;

use crate::{Access, SendError};

/// One request to a registry.
///
/// The origin of its URL (scheme, host and port) is what the credential in its [`Access`] is for.
/// Where the URL's scheme is `http`, the caller has asked for plain HTTP, and a credential travels in
/// the clear.
#[derive(Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) access: Access,
    pub(crate) scope: Option<String>,
    pub(crate) shows_credential: bool,
    pub(crate) named_by: Option<Url>,
}

impl Request {
    /// A request with any method. User info in `url` is never sent.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            access: Access::anonymous(),
            scope: None,
            shows_credential: false,
            named_by: None,
        }
    }

    /// `GET url`.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// `HEAD url`.
    pub fn head(url: Url) -> Self {
        Self::new(Method::HEAD, url)
    }

    /// `POST url`.
    pub fn post(url: Url, body: Bytes) -> Self {
        Self::new(Method::POST, url).body(body)
    }

    /// `PUT url`.
    pub fn put(url: Url, body: Bytes) -> Self {
        Self::new(Method::PUT, url).body(body)
    }

    /// `PATCH url`.
    pub fn patch(url: Url, body: Bytes) -> Self {
        Self::new(Method::PATCH, url).body(body)
    }

    /// With a body, which is sent again when the registry first asks who is there.
    pub fn body(self, body: Bytes) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }

    /// With a header, replacing one of the same name.
    ///
    /// `Authorization`, `Proxy-Authorization`, `Cookie` and `Host` are not for callers: sending a
    /// request that has one of them fails with
    /// [`InvalidRequest`](crate::SendError::InvalidRequest).
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// On whose behalf. Without it the request is nobody's.
    pub fn access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// Ask a token service, if there is one, for `repository:<path>:pull` and nothing more.
    pub fn pull_scope(self, repository_path: &str) -> Self {
        Self {
            scope: Some(format!("repository:{repository_path}:pull")),
            ..self
        }
    }

    /// Ask a token service, if there is one, for `repository:<path>:pull,push`.
    pub fn push_scope(self, repository_path: &str) -> Self {
        Self {
            scope: Some(format!("repository:{repository_path}:pull,push")),
            ..self
        }
    }

    /// Send a name and a password at once, to the origin of the URL and nowhere else, instead of
    /// waiting to be asked for them. It is how Helm speaks to repositories: some of them do not ask, but
    /// answer a stranger with less, or with 404.
    ///
    /// Other credentials are shown as ever.
    pub fn show_credential(self) -> Self {
        Self {
            shows_credential: true,
            ..self
        }
    }

    /// Say that not the caller chose the host of the URL, but what was read from `place`. Then the
    /// request only goes where `place` might have redirected it to: to its own origin, to public
    /// addresses, and to addresses of the kind that it has itself.
    ///
    /// The host of `place` is looked up for that, unless a proxy does the looking up.
    pub fn named_by(self, place: Url) -> Self {
        Self {
            named_by: Some(place),
            ..self
        }
    }

    /// Whether it can be sent as it is.
    pub(crate) fn check(&self) -> Result<(), SendError> {
        let reserved = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, HOST];
        if reserved.iter().any(|name| self.headers.contains_key(name)) {
            return Err(SendError::InvalidRequest {
                reason: "it has a header that is not for callers",
            });
        }
        Ok(())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &redacted(self.url.as_str()))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("access", &self.access)
            .field("scope", &self.scope)
            .field("shows_credential", &self.shows_credential)
            .finish_non_exhaustive()
    }
}
