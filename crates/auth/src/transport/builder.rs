//! How a transport is configured.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderValue;
use url::Url;

use super::bounded::Bounded;
use super::clients::Clients;
use super::doors::Doors;
use super::fingerprint::Fingerprints;
use super::flights::Tokens;
use super::proxies::Proxies;
use super::realms::Realms;
use super::resolver::Pinned;
use super::{Shared, Transport};
use crate::BuildTransportError;

/// The most handshakes that are remembered.
const MOST_SCHEMES: usize = 4096;

/// How a [`Transport`] behaves.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct TransportBuilder {
    user_agent: String,
    connect_timeout: Duration,
    header_timeout: Duration,
    idle_timeout: Duration,
    max_redirects: usize,
    token_realms: Vec<(String, Url)>,
    proxy: ProxyChoice,
    pinned: Pinned,
}

/// Which proxies are used. Its `Debug` form tells no more than which of the three it is: a proxy's URL
/// may hold a password.
#[derive(Clone)]
enum ProxyChoice {
    Environment,
    None,
    Through(Url, String),
}

impl Default for TransportBuilder {
    fn default() -> Self {
        Self {
            user_agent: concat!("portolan/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(30),
            max_redirects: 10,
            token_realms: Vec::new(),
            proxy: ProxyChoice::Environment,
            pinned: Pinned::new(),
        }
    }
}

impl TransportBuilder {
    /// What to call ourselves. Default: `portolan/<version>`.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// How long resolving, connecting and the TLS handshake may take together. Default: 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long one request may take to the headers of its answer, connecting included, and how long the
    /// whole answer of a token service. Default: 30 s.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout;
        self
    }

    /// How long a body may pause between two pieces. Default: 30 s.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// How many redirects in a row are followed. Default: 10.
    pub fn max_redirects(mut self, most: usize) -> Self {
        self.max_redirects = most;
        self
    }

    /// For `registry` (host and port), ask no token service but the one at `origin`. A registry that is
    /// not named here may name any https host. May be given for many registries, and many times for
    /// one, which then may name any of those.
    pub fn token_realm(mut self, registry: impl Into<String>, origin: Url) -> Self {
        self.token_realms.push((registry.into(), origin));
        self
    }

    /// Go through `proxy` to every host but those that `except` lists in the manner of `NO_PROXY`,
    /// whatever the environment says. This machine is always talked to directly.
    ///
    /// Default: what `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say when the transport is
    /// built. Behind a proxy nothing is known of where a name leads, so only addresses that are written
    /// out are refused there.
    pub fn proxy(mut self, proxy: Url, except: impl Into<String>) -> Self {
        self.proxy = ProxyChoice::Through(proxy, except.into());
        self
    }

    /// Use no proxy, whatever the environment says.
    pub fn without_proxy(mut self) -> Self {
        self.proxy = ProxyChoice::None;
        self
    }

    /// Connect to `addresses` for `host` instead of looking it up. A port of 0 stands for the one in the
    /// URL, as does any other if the URL writes one out. What may be named by whom holds for these
    /// addresses too.
    pub fn resolve(mut self, host: &str, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.pinned
            .insert(host.to_ascii_lowercase(), addresses.into_iter().collect());
        self
    }

    /// Build the transport.
    ///
    /// # Errors
    ///
    /// If the user agent cannot stand in a header, a token service is not an origin, the proxy is not a
    /// URL of HTTP, or there are no random bytes.
    pub fn build(self) -> Result<Transport, BuildTransportError> {
        if HeaderValue::from_str(&self.user_agent).is_err() {
            return Err(BuildTransportError::UserAgent {
                user_agent: self.user_agent,
            });
        }
        let proxies = match &self.proxy {
            ProxyChoice::Environment => Proxies::from_environment(),
            ProxyChoice::None => Proxies::none(),
            ProxyChoice::Through(proxy, except) => Proxies::through(proxy, except)?,
        };
        Ok(Transport {
            shared: Arc::new(Shared {
                header_timeout: self.header_timeout,
                idle_timeout: self.idle_timeout,
                max_redirects: self.max_redirects,
                fingerprints: Fingerprints::new().ok_or(BuildTransportError::NoRandomness)?,
                clients: Clients::new(self.user_agent, self.connect_timeout, self.pinned),
                proxies,
                realms: Realms::new(&self.token_realms)?,
                doors: Doors::new(),
                schemes: Mutex::new(Bounded::new(MOST_SCHEMES)),
                tokens: Tokens::new(),
            }),
        })
    }
}

impl fmt::Debug for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "Environment",
            Self::None => "None",
            Self::Through(..) => "Through",
        })
    }
}
