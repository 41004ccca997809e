//! Pools of connections.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::bounded::{Bounded, locked};
use super::fingerprint::Fingerprint;
use super::proxies::Proxy;
use super::resolver::{Pinned, Resolver};
use crate::{Reach, Tls};

/// The most pools that are kept. One takes some hundred kilobytes: the platform's roots.
const MOST: usize = 64;
/// The most connections per host that are kept open between requests.
const MOST_IDLE_PER_HOST: usize = 32;

/// What connections must have in common to be used for one another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PoolKey {
    /// Extra roots and client certificate.
    pub(super) tls: Fingerprint,
    /// Plain HTTP needs no roots, and no file of them on the machine.
    pub(super) cleartext: bool,
    pub(super) proxy: Option<Proxy>,
    /// A connection that somebody was allowed to make is not used for one who was not.
    pub(super) named_from: Option<Reach>,
}

/// All pools of a transport.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) user_agent: String,
    pub(super) connect_timeout: Duration,
    pub(super) pinned: Arc<Pinned>,
    kept: Mutex<Bounded<PoolKey, reqwest::Client>>,
}

impl Clients {
    pub(super) fn new(user_agent: String, connect_timeout: Duration, pinned: Pinned) -> Self {
        Self {
            user_agent,
            connect_timeout,
            pinned: Arc::new(pinned),
            kept: Mutex::new(Bounded::new(MOST)),
        }
    }

    /// The pool for `key`, whose TLS material is `tls`. Making one reads the platform's roots, which is
    /// done under the lock: those who come together share the first one.
    pub(super) fn get(&self, key: PoolKey, tls: &Tls) -> Result<reqwest::Client, reqwest::Error> {
        let mut kept = locked(&self.kept);
        if let Some(client) = kept.get(&key) {
            return Ok(client.clone());
        }
        let client = self.build(&key, tls)?;
        kept.insert(key, client.clone());
        Ok(client)
    }

    fn build(&self, key: &PoolKey, tls: &Tls) -> Result<reqwest::Client, reqwest::Error> {
        let mut builder = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(MOST_IDLE_PER_HOST)
            // Redirects, retries and compression are decided where their rules stand.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .no_proxy()
            .dns_resolver(Resolver {
                pinned: Arc::clone(&self.pinned),
                named_from: key.named_from,
            });
        if let Some(proxy) = &key.proxy {
            let mut through = reqwest::Proxy::all(&proxy.uri)?;
            if let Some(authorization) = &proxy.authorization {
                through = through.custom_http_auth(authorization.clone());
            }
            builder = builder.proxy(through);
        }
        // A proxy may be spoken to over TLS although the registry is not.
        if key.cleartext && key.proxy.is_none() {
            return builder.tls_certs_only([]).build();
        }
        if let Some(pem) = tls.roots_pem() {
            builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(pem)?);
        }
        if let Some(pem) = tls.identity_pem() {
            builder = builder.identity(reqwest::Identity::from_pem(pem)?);
        }
        builder.build()
    }
}
