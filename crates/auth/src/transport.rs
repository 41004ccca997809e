//! The one HTTP client.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::{Access, BuildTransportError, Request, Response, Secret, SendError};

/// The HTTP client that everything shares: one per process, cheap to clone.
#[derive(Clone, Debug)]
pub struct Transport {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: reqwest::Client,
    idle_timeout: Duration,
}

impl Transport {
    /// Start to configure one.
    pub fn builder() -> TransportBuilder {
        TransportBuilder::default()
    }

    /// Send `request`, answering the registry's challenge and following redirects.
    ///
    /// # Errors
    ///
    /// See [`SendError`].
    pub async fn send(&self, request: Request) -> Result<Response, SendError> {
        let host = crate::error::host_of(&request.url);
        let mut building = self
            .inner
            .client
            .request(request.method, request.url.clone())
            .headers(request.headers);
        if let Some(body) = request.body {
            building = building.body(body);
        }
        let response = building
            .send()
            .await
            .map_err(|error| SendError::connection(&host, error))?;
        Ok(Response::new(
            response,
            request.url,
            self.inner.idle_timeout,
        ))
    }

    /// A bearer token for `scope` at the registry of `base`, for a client that sends its own requests.
    /// `None` if the registry asks for no token.
    ///
    /// # Errors
    ///
    /// See [`SendError`].
    pub async fn bearer_token(
        &self,
        base: &Url,
        scope: &str,
        access: &Access,
    ) -> Result<Option<Secret>, SendError> {
        let _ = (base, scope, access);
        Ok(None)
    }
}

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

    /// How long an answer may take from the start of the request to its headers. Default: 30 s.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout;
        self
    }

    /// How long a body may pause. Default: 30 s.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// How many redirects in a row are followed. Default: 10.
    pub fn max_redirects(mut self, most: usize) -> Self {
        self.max_redirects = most;
        self
    }

    /// For `registry` (host and port), ask no token service but the one at `origin`. Registries that
    /// are not named here may name any https host. May be given for many registries, and many times
    /// for one.
    pub fn token_realm(mut self, registry: impl Into<String>, origin: Url) -> Self {
        self.token_realms.push((registry.into(), origin));
        self
    }

    /// Build the transport.
    ///
    /// # Errors
    ///
    /// See [`BuildTransportError`].
    pub fn build(self) -> Result<Transport, BuildTransportError> {
        let client = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .connect_timeout(self.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|_| BuildTransportError::UserAgent {
                user_agent: self.user_agent.clone(),
            })?;
        let _ = (self.header_timeout, self.max_redirects, self.token_realms);
        Ok(Transport {
            inner: Arc::new(Inner {
                client,
                idle_timeout: self.idle_timeout,
            }),
        })
    }
}
