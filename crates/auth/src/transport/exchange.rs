//! One request on the wire, and the answer to it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::clients::PoolKey;
use super::doors::Door;
use super::fingerprint::Fingerprint;
use super::origin::{Origin, host_of};
use super::proxies::Proxy;
use super::resolver::RefusedAddress;
use super::{Shared, resolver};
use crate::error::Waiting;
use crate::{Reach, SendError, Tls};

/// The largest answer that is read only for what it says, in bytes.
const MAX_ASIDE: usize = 64 << 10;
/// How long reading it may take in all.
const LONGEST_ASIDE: Duration = Duration::from_secs(5);

/// A request to exactly this URL.
pub(super) struct Exchange<'a> {
    pub(super) method: Method,
    pub(super) url: &'a Url,
    /// With whatever authorization belongs to it.
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) tls: &'a Tls,
    /// The credential that a 429 is for, be it shown or not.
    pub(super) counted_as: Fingerprint,
    /// Who sends us there. `None` if it is the caller.
    pub(super) named_by: Option<NamedBy>,
}

/// A host that names another one.
#[derive(Debug, Clone)]
pub(super) struct NamedBy {
    pub(super) host: String,
    pub(super) reach: Reach,
}

/// The answer.
pub(super) struct Answer {
    pub(super) inner: reqwest::Response,
    /// Where it came from.
    pub(super) reach: Reach,
}

impl Shared {
    /// Send one request. Any status comes back but 429, which closes the door it came from.
    pub(super) async fn exchange(&self, exchange: Exchange<'_>) -> Result<Answer, SendError> {
        let url = exchange.url;
        let origin = Origin::of(url).ok_or(SendError::InvalidRequest {
            reason: "its URL is not one of HTTP",
        })?;
        let host = origin.to_string();
        let door = (origin, exchange.counted_as);
        self.check_door(&door)?;
        let by_name = Reach::by_name(url);
        refuse_address(&host, by_name, exchange.named_by.as_ref())?;
        let proxy = self.proxies.on_the_way_to(url);
        let direct = proxy.is_none();

        let inner = self.transmit(exchange, proxy, &host).await?;
        if inner.status() == StatusCode::TOO_MANY_REQUESTS {
            let retry_after = self.doors.close(door, inner.headers(), wall_clock());
            return Err(SendError::RateLimited { host, retry_after });
        }
        self.doors.open(&door);
        // Through a proxy the other end of the connection is the proxy.
        let connected_to = inner.remote_addr().filter(|_| direct);
        let reach = by_name
            .or(connected_to.map(|address| Reach::of(address.ip())))
            .unwrap_or(Reach::Public);
        Ok(Answer { inner, reach })
    }

    /// Put the request on the wire, over the connections that it may use.
    async fn transmit(
        &self,
        exchange: Exchange<'_>,
        proxy: Option<Proxy>,
        host: &str,
    ) -> Result<reqwest::Response, SendError> {
        let failed = |error| self.failed(error, host, exchange.named_by.as_ref());
        let key = PoolKey {
            tls: self.fingerprints.tls(exchange.tls),
            cleartext: exchange.url.scheme() == "http",
            // What a proxy resolves is not seen from here, and the proxy itself may be anywhere.
            named_from: match (&proxy, &exchange.named_by) {
                (None, Some(by)) => Some(by.reach),
                _ => None,
            },
            proxy,
        };
        let client = self.clients.get(key, exchange.tls).map_err(failed)?;
        let mut building = client
            .request(exchange.method.clone(), exchange.url.clone())
            .headers(exchange.headers);
        if let Some(body) = exchange.body {
            building = building.body(body);
        }
        let answered = tokio::time::timeout(self.header_timeout, building.send()).await;
        let inner = answered
            .map_err(|_| SendError::Timeout {
                host: host.to_owned(),
                waiting: Waiting::Headers,
                after: self.header_timeout,
            })?
            .map_err(failed)?;
        // Of a URL that somebody made up for us, even the path may be a secret.
        let path = match exchange.named_by {
            None => exchange.url.path(),
            Some(_) => "",
        };
        tracing::debug!(
            method = %exchange.method,
            host,
            path,
            status = inner.status().as_u16(),
            "answered"
        );
        Ok(inner)
    }

    /// From where the host of `url` can be reached, without asking it anything.
    pub(super) async fn reach_of(&self, url: &Url) -> Result<Reach, SendError> {
        if let Some(reach) = Reach::by_name(url) {
            return Ok(reach);
        }
        // What a proxy resolves is not seen from here.
        if self.proxies.on_the_way_to(url).is_some() {
            return Ok(Reach::Public);
        }
        let host = host_of(url);
        let timeout = self.clients.connect_timeout;
        let name = url.host_str().unwrap_or_default();
        tokio::time::timeout(timeout, resolver::reach_of(name, &self.clients.pinned))
            .await
            .map_err(|_| SendError::Timeout {
                host: host.clone(),
                waiting: Waiting::Connection,
                after: timeout,
            })?
            .map_err(|source| SendError::Connection {
                host,
                source: Arc::new(source),
            })
    }

    /// Fail if `door` was closed by an earlier 429.
    pub(super) fn check_door(&self, door: &Door) -> Result<(), SendError> {
        match self.doors.closed_for(door) {
            Some(retry_after) => Err(SendError::RateLimited {
                host: door.0.to_string(),
                retry_after,
            }),
            None => Ok(()),
        }
    }

    fn failed(&self, error: reqwest::Error, host: &str, named_by: Option<&NamedBy>) -> SendError {
        if let (Some(reach), Some(by)) = (RefusedAddress::in_causes_of(&error), named_by) {
            return address_refused(host, reach, by);
        }
        if error.is_timeout() {
            return SendError::Timeout {
                host: host.to_owned(),
                waiting: Waiting::Connection,
                after: self.clients.connect_timeout,
            };
        }
        SendError::connection(host, error)
    }
}

impl Answer {
    /// As much of the body as fits into 64 KiB and a few seconds, for a message. Reading it to its end
    /// also leaves the connection fit for the next request.
    pub(super) async fn read_aside(mut self) -> Vec<u8> {
        let mut body = Vec::new();
        let reading = async {
            while let Ok(Some(chunk)) = self.inner.chunk().await {
                let room = MAX_ASIDE - body.len();
                if chunk.len() > room {
                    body.extend_from_slice(&chunk[..room]);
                    return;
                }
                body.extend_from_slice(&chunk);
            }
        };
        // Late or broken: what has come is all there is.
        let _ = tokio::time::timeout(LONGEST_ASIDE, reading).await;
        body
    }
}

/// Refuse what can be refused without asking DNS. The resolver refuses the rest.
fn refuse_address(
    host: &str,
    known: Option<Reach>,
    named_by: Option<&NamedBy>,
) -> Result<(), SendError> {
    match (known, named_by) {
        (Some(reach), Some(by)) if !by.reach.may_name(reach) => {
            Err(address_refused(host, reach, by))
        }
        _ => Ok(()),
    }
}

fn address_refused(host: &str, reach: Reach, by: &NamedBy) -> SendError {
    SendError::AddressRefused {
        host: host.to_owned(),
        named_by: by.host.clone(),
        reach,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "only read where a server gives a date to come back at and does not tell its own time"
)]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}
