//! What the servers were asked, in the order it arrived.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::{Request, header};

/// Which server a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ServerName {
    /// The registry itself, with its token service if that has no server of its own.
    Registry,
    /// The token service, if it is on another origin than the registry.
    Token,
    /// The origin that the registry redirects to and lies about.
    Other,
    /// The same without TLS. There is one only if the registry speaks TLS.
    Plain,
    /// A [`WebServer`](crate::WebServer).
    Web,
    /// An [`EventsSink`](crate::EventsSink).
    Events,
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registry => "registry",
            Self::Token => "token",
            Self::Other => "other",
            Self::Plain => "plain",
            Self::Web => "web",
            Self::Events => "events",
        })
    }
}

/// One request as it arrived.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Seen {
    /// When its head had been read.
    pub at: Instant,
    /// Which server it came to.
    pub server: ServerName,
    /// The connection it came over; no two connections of a process share a number.
    pub connection: u64,
    /// Whether the client showed a certificate.
    pub client_certificate: bool,
    /// The method, in capitals.
    pub method: String,
    /// The path, as sent.
    pub path: String,
    /// The query without its question mark, as sent; empty if there is none.
    pub query: String,
    /// The `Host` header; empty if there is none.
    pub host: String,
    /// The `Authorization` header as sent.
    pub authorization: Option<String>,
    /// Every header in the order sent, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The status it was answered with. `None` while it is not, and where a lie was told instead
    /// of an answer.
    pub status: Option<u16>,
}

impl Seen {
    /// Who asked, by the `Authorization` header.
    pub fn login(&self) -> Login {
        self.authorization
            .as_deref()
            .map_or(Login::Anonymous, Login::read)
    }

    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }
}

/// `GET /v2/charts/podinfo/manifests/1.0.0`, for messages of failed assertions.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        if !self.query.is_empty() {
            write!(f, "?{}", self.query)?;
        }
        Ok(())
    }
}

/// What an `Authorization` header holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Login {
    /// There is none.
    Anonymous,
    /// `Basic`: a user and a password.
    Basic {
        /// The text before the first colon.
        user: String,
        /// The text after it.
        password: String,
    },
    /// `Bearer`: a token.
    Bearer {
        /// The token. Those of [`Registry`](crate::Registry) begin with `token-`, a number and
        /// the user they were issued to.
        token: String,
    },
    /// Anything else, as sent.
    Unreadable(String),
}

impl Login {
    /// Read the value of an `Authorization` header.
    pub(crate) fn read(value: &str) -> Self {
        Self::known(value).unwrap_or_else(|| Self::Unreadable(value.to_owned()))
    }

    fn known(value: &str) -> Option<Self> {
        let (scheme, rest) = value.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Self::Bearer {
                token: rest.trim().to_owned(),
            });
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        Some(Self::Basic {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }
}

/// Everything that arrived, shared by the servers that belong together.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<Seen>>);

/// The place of a request in its log, and when it came: after the log was emptied the place may
/// hold another request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(usize, Instant);

impl Log {
    /// Everything so far.
    pub(crate) fn all(&self) -> Vec<Seen> {
        self.with(|seen| seen.clone())
    }

    /// Forget everything so far.
    pub(crate) fn clear(&self) {
        self.with(Vec::clear);
    }

    pub(super) fn arrived<B>(
        &self,
        server: ServerName,
        connection: u64,
        client_certificate: bool,
        request: &Request<B>,
    ) -> Place {
        let text =
            |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = request.headers();
        let seen = Seen {
            at: Instant::now(),
            server,
            connection,
            client_certificate,
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            host: headers.get(header::HOST).map(text).unwrap_or_default(),
            authorization: headers.get(header::AUTHORIZATION).map(text),
            headers: headers
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            status: None,
        };
        self.with(|all| {
            let place = Place(all.len(), seen.at);
            all.push(seen);
            place
        })
    }

    pub(super) fn answered(&self, place: Place, status: u16) {
        self.with(|all| {
            if let Some(seen) = all.get_mut(place.0).filter(|seen| seen.at == place.1) {
                seen.status = Some(status);
            }
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<Seen>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
