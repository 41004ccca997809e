//! Asking a server, and what its answers mean.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use portolan_auth::{Request, Response, Transport};

use crate::{FetchError, Limits, RegistryMessage, Target};

/// How much of an error's body is read, in bytes, and for how long.
const MAX_MESSAGE_BYTES: u64 = 64 << 10;
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest time a server can ask to be left alone, as for 429.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(10);

/// Asks registries and repositories alike.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    transport: Transport,
    limits: Limits,
}

impl Asker {
    pub(crate) fn new(transport: Transport, limits: Limits) -> Self {
        Self { transport, limits }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Send `request`. Anything but the status 200 is an error.
    pub(crate) async fn ask(
        &self,
        request: Request,
        target: &Target,
    ) -> Result<Response, FetchError> {
        let answer = self
            .transport
            .send(request)
            .await
            .map_err(|error| FetchError::sending(target, error))?;
        if answer.status() == StatusCode::OK {
            Ok(answer)
        } else {
            Err(self.refusal(answer, target).await)
        }
    }

    /// The whole body, of at most `limit` bytes, within the time for a body.
    pub(crate) async fn body(
        &self,
        answer: Response,
        limit: u64,
        target: &Target,
    ) -> Result<Bytes, FetchError> {
        if announced_length(answer.headers()).is_some_and(|length| length > limit) {
            return Err(FetchError::TooLarge {
                target: Box::new(target.clone()),
                limit,
            });
        }
        tokio::time::timeout(self.limits.body_timeout, answer.collect(limit))
            .await
            .map_err(|_| FetchError::TooSlow {
                target: Box::new(target.clone()),
                limit: self.limits.body_timeout,
            })?
            .map_err(|error| FetchError::sending(target, error))
    }

    /// What an answer means that is not the one hoped for.
    pub(crate) async fn refusal(&self, answer: Response, target: &Target) -> FetchError {
        let target = Box::new(target.clone());
        let status = answer.status();
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(asked_wait);
        let patience = MESSAGE_TIMEOUT.min(self.limits.body_timeout);
        let reading = tokio::time::timeout(patience, answer.collect(MAX_MESSAGE_BYTES)).await;
        let said = reading
            .ok()
            .and_then(Result::ok)
            .and_then(|body| RegistryMessage::parse(&body));
        match status {
            StatusCode::NOT_FOUND => FetchError::NotFound {
                target,
                source: said,
            },
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => FetchError::Denied {
                target,
                status,
                source: said.map(Into::into),
            },
            _ => FetchError::Server {
                target,
                status,
                retry_after,
                source: said,
            },
        }
    }
}

/// How many bytes the server says the body has.
pub(crate) fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// `Retry-After` in seconds. Its other form, a date, is left to the caller's own back-off: it needs
/// two clocks that agree.
fn asked_wait(value: &HeaderValue) -> Option<Duration> {
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
}
