//! Why a request brought no answer.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Reach;
use http::StatusCode;

/// Why a request brought no answer that the caller may use.
///
/// Nothing in it tells a secret: URLs stand without user info and query, and what a server said is
/// cut to 512 characters.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Access was refused, and asking again changes nothing until somebody changes the credential or
    /// the rights behind it.
    #[error("`{registry}` denied access: {by} answered {status}{}", said(message.as_deref()))]
    Denied {
        /// The registry that was asked.
        registry: String,
        /// The status that says so.
        status: StatusCode,
        /// Who refused.
        by: DeniedBy,
        /// What the server said, at most 512 characters without control characters.
        message: Option<String>,
    },
    /// The host wants to be left alone. Until `retry_after` has passed, requests with the same
    /// credential fail with this error without being sent.
    #[error("`{host}` limits the rate of requests; the next may follow in {} s", retry_after.as_secs_f64().ceil())]
    RateLimited {
        /// Who said so.
        host: String,
        /// For how much longer.
        retry_after: Duration,
    },
    /// The token service that the registry named must not be shown a credential. Nothing was sent to
    /// it.
    #[error("the token service `{realm}` of `{registry}` is refused: {reason}")]
    RealmRefused {
        /// The registry that named it.
        registry: String,
        /// The token service, without user info and query.
        realm: String,
        /// What is wrong with it.
        reason: RealmRefusal,
    },
    /// A redirect was not followed.
    #[error("the redirect of `{host}` to `{to}` is refused: {reason}")]
    RedirectRefused {
        /// Who redirects.
        host: String,
        /// Where to, without user info and query.
        to: String,
        /// What is wrong with it.
        reason: RedirectRefusal,
    },
    /// A redirect or token service is at an address that only insiders may name, and the one who named
    /// it is no insider. No connection was made.
    #[error("`{host}` is at a {reach} address, where `{named_by}` may not send anybody")]
    AddressRefused {
        /// The host that was refused.
        host: String,
        /// The registry, or the host that redirected.
        named_by: String,
        /// What kind of address it is.
        reach: Reach,
    },
    /// The answer is larger than allowed. It was given up at the first byte too many.
    #[error("the answer of `{host}` is larger than {limit} bytes")]
    TooLarge {
        /// Who sent it.
        host: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The server took too long.
    #[error("`{host}` kept {waiting} waiting for more than {after:?}")]
    Timeout {
        /// Who was waited for.
        host: String,
        /// What for.
        waiting: Waiting,
        /// The limit.
        after: Duration,
    },
    /// The connection could not be made, or broke. Name resolution and TLS count as connecting.
    #[error("the connection to `{host}` failed")]
    Connection {
        /// The other side.
        host: String,
        /// What happened.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The token service answered, but not with a token.
    #[error("the token service `{host}` of `{registry}` answered {status} without a token{}", said(message.as_deref()))]
    NoToken {
        /// The registry that named it.
        registry: String,
        /// The token service.
        host: String,
        /// Its status.
        status: StatusCode,
        /// What it said, at most 512 characters without control characters.
        message: Option<String>,
    },
    /// The request cannot be sent as it is. Nothing was.
    #[error("the request cannot be sent: {reason}")]
    InvalidRequest {
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl SendError {
    /// Whether the same request may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Timeout { .. } | Self::Connection { .. } => true,
            Self::NoToken { status, .. } => status.is_server_error(),
            Self::Denied { .. }
            | Self::RealmRefused { .. }
            | Self::RedirectRefused { .. }
            | Self::AddressRefused { .. }
            | Self::TooLarge { .. }
            | Self::InvalidRequest { .. } => false,
        }
    }

    /// Whether the registry or its token service refused the credential, or wanted one.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Denied { .. })
    }

    pub(crate) fn connection(host: &str, error: reqwest::Error) -> Self {
        Self::Connection {
            host: host.to_owned(),
            source: Arc::new(error.without_url()),
        }
    }
}

/// Who refused access.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeniedBy {
    /// The registry, although it was shown what it had asked for.
    Registry,
    /// The registry, which asks for a credential where there is none, or for one of another kind.
    RegistryWithoutCredential,
    /// The token service at this host.
    TokenService(String),
    /// A host that the registry redirected to, and that must not be shown the credential.
    RedirectTarget(String),
}

impl fmt::Display for DeniedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry => f.write_str("it"),
            Self::RegistryWithoutCredential => {
                f.write_str("it asks for a credential that was not given, and")
            }
            Self::TokenService(host) => write!(f, "its token service `{host}`"),
            Self::RedirectTarget(host) => write!(f, "`{host}`, where it redirects to,"),
        }
    }
}

/// Why a token service is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RealmRefusal {
    /// It is no URL, or not one of HTTP.
    NoUrl,
    /// It would be asked in the clear, and the registry is not.
    Cleartext,
    /// The operator has named another one for this registry.
    NotTheNamedOne,
}

impl fmt::Display for RealmRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoUrl => "it is not an http or https URL",
            Self::Cleartext => "it is asked in the clear although the registry is not",
            Self::NotTheNamedOne => "another token service is configured for this registry",
        })
    }
}

/// Why a redirect is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectRefusal {
    /// Its `Location` is no URL, or not one of HTTP.
    NoUrl,
    /// From https to http.
    Cleartext,
    /// More redirects than this in a row.
    TooMany(usize),
}

impl fmt::Display for RedirectRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUrl => f.write_str("it is not an http or https URL"),
            Self::Cleartext => f.write_str("it leads from https to http"),
            Self::TooMany(limit) => write!(f, "more than {limit} in a row"),
        }
    }
}

/// What was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// A connection.
    Connection,
    /// The status and headers.
    Headers,
    /// The next piece of the body.
    Body,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connection => "a connection",
            Self::Headers => "a request",
            Self::Body => "a transfer",
        })
    }
}

/// Why a [`Transport`](crate::Transport) could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildTransportError {
    /// The user agent cannot stand in a header.
    #[error("the user agent `{user_agent}` cannot stand in a header")]
    UserAgent {
        /// As it was given.
        user_agent: String,
    },
    /// A token service is not named by scheme, host and port alone.
    #[error("the token service `{origin}` of `{registry}` is not an http or https origin")]
    TokenRealm {
        /// The registry it was named for.
        registry: String,
        /// As it was given, without user info and query.
        origin: String,
    },
    /// The proxy is not one of HTTP.
    #[error("the proxy `{proxy}` is not an http or https URL")]
    Proxy {
        /// As it was given, without user info and query.
        proxy: String,
    },
    /// The operating system gave no random bytes for the key that cached secrets are hashed with.
    #[error("no random bytes could be obtained")]
    NoRandomness,
}

fn said(message: Option<&str>) -> String {
    message.map_or_else(String::new, |message| format!(": {message}"))
}
