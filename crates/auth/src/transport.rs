//! The one HTTP client.

mod authorization;
mod bounded;
mod builder;
mod challenge;
mod clients;
mod doors;
mod exchange;
mod fingerprint;
mod flights;
mod handshake;
mod origin;
mod proxies;
mod realms;
mod redirects;
mod resolver;
mod retry_after;
mod server_text;
mod token_service;
mod verdict;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use url::Url;

use self::bounded::Bounded;
pub use self::builder::TransportBuilder;
use self::clients::Clients;
use self::doors::Doors;
pub use self::fingerprint::Fingerprint;
use self::fingerprint::Fingerprints;
use self::flights::Tokens;
use self::handshake::{Scheme, SchemeKey};
pub(crate) use self::origin::host_of;
use self::proxies::Proxies;
use self::realms::Realms;
use crate::{Access, Request, Response, Secret, SendError};

/// The HTTP client that everything shares: one per process, cheap to clone.
///
/// It holds the pools of connections, the tokens, and who wants to be left alone; two of them would not
/// know of each other's. All of it is kept apart by tenant, credential and TLS material, in maps that
/// are bounded and forget what was not used for longest.
#[derive(Clone)]
pub struct Transport {
    shared: Arc<Shared>,
}

/// What all clones share.
struct Shared {
    header_timeout: Duration,
    idle_timeout: Duration,
    max_redirects: usize,
    fingerprints: Fingerprints,
    clients: Clients,
    proxies: Proxies,
    realms: Realms,
    doors: Doors,
    schemes: Mutex<Bounded<SchemeKey, Scheme>>,
    tokens: Tokens,
}

impl Transport {
    /// Start to configure one.
    pub fn builder() -> TransportBuilder {
        TransportBuilder::default()
    }

    /// Send `request`.
    ///
    /// Where the registry asks who is there, it is answered once: with the password if it asks for one,
    /// or with a token from the token service it names. What was learned is remembered, so that the next
    /// request carries the token at once; one that has gone bad is replaced once. GET and HEAD follow
    /// redirects. Answers that say 401 or 429 become errors; any other is returned, 404 and 500 too.
    ///
    /// # Where a credential goes
    ///
    /// To the origin of the request, and to the token service that this origin names: over https (over
    /// http only if the registry itself is asked so), and not to an address that only insiders reach
    /// unless the registry is at one of the same kind. Never along a redirect to another origin. A
    /// client certificate goes where the credential goes.
    ///
    /// # Errors
    ///
    /// See [`SendError`]. With [`RateLimited`](SendError::RateLimited) inside the time that an earlier
    /// answer asked for, and with [`InvalidRequest`](SendError::InvalidRequest), nothing was sent.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the request. If others wait for the token that it was fetching, one of
    /// them fetches it instead.
    pub async fn send(&self, request: Request) -> Result<Response, SendError> {
        request.check()?;
        self.shared.send(&request).await
    }

    /// A bearer token for `scope` (`repository:<path>:pull,push`) at the registry of `base`, for a client
    /// that sends its own requests. `None` if the registry asks for no token.
    ///
    /// A registry that has not been met before is asked `GET /v2/`, which is where its challenge comes
    /// from.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn bearer_token(
        &self,
        base: &Url,
        scope: &str,
        access: &Access,
    ) -> Result<Option<Secret>, SendError> {
        let mut url = base.clone();
        url.set_path("/v2/");
        url.set_query(None);
        let mut request = Request::new(Method::GET, url).access(access.clone());
        request.scope = Some(scope.to_owned());
        self.shared.token_for(&request).await
    }

    /// What stands for `access` in the key of a cache. Whatever is kept of an answer must be kept under
    /// it, so that nobody is served what another one was allowed to see.
    pub fn fingerprint(&self, access: &Access) -> Fingerprint {
        self.shared.fingerprints.access(access)
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}
