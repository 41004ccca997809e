//! What a registry answered.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use portolan_reference::redacted;
use url::Url;

use crate::SendError;
use crate::error::Waiting;
use crate::transport::host_of;

/// An answer, whose body has not been read yet.
///
/// Dropping it ends the transfer.
pub struct Response {
    inner: reqwest::Response,
    url: Url,
    host: String,
    idle_timeout: Duration,
}

impl Response {
    pub(crate) fn new(inner: reqwest::Response, url: Url, idle_timeout: Duration) -> Self {
        let host = host_of(&url);
        Self {
            inner,
            url,
            host,
            idle_timeout,
        }
    }

    /// The status. Anything but 401 and 429 arrives here, 404 and 500 too: what they mean is the
    /// caller's business.
    pub fn status(&self) -> StatusCode {
        self.inner.status()
    }

    /// The headers, of which the server may have made up any.
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// Who answered, after redirects. May hold a signature in its query: print it redacted.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The next piece of the body, `None` at its end.
    ///
    /// # Errors
    ///
    /// [`Timeout`](SendError::Timeout) if nothing comes for as long as the transport allows,
    /// [`Connection`](SendError::Connection) if the connection breaks before the body is whole. What
    /// has been read until then is a prefix and nothing more.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no bytes; calling again goes on.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, SendError> {
        match tokio::time::timeout(self.idle_timeout, self.inner.chunk()).await {
            Err(_) => Err(SendError::Timeout {
                host: self.host.clone(),
                waiting: Waiting::Body,
                after: self.idle_timeout,
            }),
            Ok(Err(error)) => Err(SendError::connection(&self.host, error)),
            Ok(Ok(chunk)) => Ok(chunk),
        }
    }

    /// The whole body, if it has at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](SendError::TooLarge) as soon as one byte more has come, whatever length the server
    /// announced; else as [`chunk`](Self::chunk).
    pub async fn collect(mut self, limit: u64) -> Result<Bytes, SendError> {
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if body.len() as u64 + chunk.len() as u64 > limit {
                return Err(SendError::TooLarge {
                    host: self.host,
                    limit,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .field("url", &redacted(self.url.as_str()))
            .finish_non_exhaustive()
    }
}
