//! When a request that failed is made again, within one act.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use crate::{EncodingFlaw, FetchError};

/// How often one request is sent in all.
const MAX_ATTEMPTS: u32 = 3;
/// The wait before the second attempt, doubled before each further one, before jitter.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// A registry that wants to be left alone for longer than this is left to the caller.
const LONGEST_POLITE_WAIT: Duration = Duration::from_secs(1);

/// Make `attempt` until it succeeds, fails for good, or has been made three times.
///
/// Only for requests that change nothing.
pub(crate) async fn repeat<T, F>(attempt: impl Fn() -> F) -> Result<T, FetchError>
where
    F: Future<Output = Result<T, FetchError>>,
{
    let mut attempts = Attempts::default();
    loop {
        attempts.begin();
        match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(error) => attempts.rest_after(error).await?,
        }
    }
}

/// How often one thing has been asked for.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    made: u32,
}

impl Attempts {
    /// Count the one that is about to be made.
    pub(crate) fn begin(&mut self) {
        self.made += 1;
    }

    /// Wait until there may be another one. Gives `error` back if there may be none.
    pub(crate) async fn rest_after(&self, error: FetchError) -> Result<(), FetchError> {
        let Some(wait) = wait_after(&error, self.made) else {
            return Err(error);
        };
        tracing::debug!(%error, attempt = self.made, wait_ms = wait.as_millis(), "trying again");
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// How long to wait after the `made`th attempt failed with `error`; `None` to give up.
fn wait_after(error: &FetchError, made: u32) -> Option<Duration> {
    if made >= MAX_ATTEMPTS {
        return None;
    }
    match error.retry_after() {
        Some(asked) if asked > LONGEST_POLITE_WAIT => None,
        Some(asked) => Some(asked),
        None if helps(error) => Some(jittered(FIRST_WAIT * 2_u32.pow(made - 1))),
        None => None,
    }
}

/// Whether asking again at once may help. Narrower than [`FetchError::is_transient`]: wrong bytes
/// may be right tomorrow, but who sends them twice a second only costs traffic.
fn helps(error: &FetchError) -> bool {
    match error {
        FetchError::Transport { source, .. } => source.is_transient(),
        FetchError::Server { status, .. } => status.is_server_error(),
        FetchError::SizeMismatch {
            expected, received, ..
        } => received < expected,
        FetchError::BadEncoding { flaw, .. } => *flaw == EncodingFlaw::Truncated,
        _ => false,
    }
}

/// Between half and one and a half times `wait`, so that those who failed together do not return
/// together.
fn jittered(wait: Duration) -> Duration {
    // The standard library's random keys are all the randomness that a wait needs.
    let random = RandomState::new().hash_one(0_u8) % 1_000;
    wait / 2 + wait * u32::try_from(random).unwrap_or_default() / 1_000
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::HashSet;

    use http::StatusCode;
    use portolan_reference::{Algorithm, Digest};
    use tokio::time::Instant;

    use super::*;
    use crate::Target;

    fn target() -> Target {
        Target::Tags("registry.example.com/x".parse().unwrap())
    }

    fn status(status: u16, retry_after: Option<Duration>) -> FetchError {
        let status = StatusCode::from_u16(status).unwrap();
        FetchError::Server {
            target: Box::new(target()),
            status,
            retry_after,
            source: None,
        }
    }

    fn rate_limited(retry_after: Duration) -> FetchError {
        FetchError::RateLimited {
            host: "registry.example.com".to_owned(),
            retry_after,
        }
    }

    fn received(received: u64) -> FetchError {
        FetchError::SizeMismatch {
            target: Box::new(target()),
            expected: 10,
            received,
        }
    }

    fn digest_mismatch() -> FetchError {
        let [expected, actual] = [b"a", b"b"].map(|bytes| Digest::of(Algorithm::Sha256, bytes));
        FetchError::DigestMismatch {
            target: Box::new(target()),
            expected,
            actual,
        }
    }

    /// How often something that fails so is attempted, and how long that takes.
    async fn attempts(error: impl Fn() -> FetchError) -> (u32, Duration) {
        let made = Cell::new(0);
        let begun = Instant::now();
        let result: Result<(), _> = repeat(|| async {
            made.set(made.get() + 1);
            Err(error())
        })
        .await;
        assert_eq!(result.unwrap_err().to_string(), error().to_string());
        (made.get(), begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_that_may_pass_is_met_three_times_with_growing_waits() {
        for error in [|| status(500, None), || status(503, None), || received(9)] {
            let (made, took) = attempts(error).await;
            assert_eq!(made, 3);
            // 100 and 200 ms, each halved or one and a half times as long.
            assert!((150..=452).contains(&took.as_millis()), "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_that_will_not_pass_is_met_once() {
        for error in [
            || status(404, None),
            || status(302, None),
            || received(11),
            digest_mismatch,
        ] {
            assert_eq!(attempts(error).await, (1, Duration::ZERO));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_wants_to_be_left_alone_is_left_alone() {
        let long = Duration::from_millis(1_001);
        assert_eq!(attempts(|| rate_limited(long)).await, (1, Duration::ZERO));
        assert_eq!(
            attempts(|| status(503, Some(long))).await,
            (1, Duration::ZERO)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_is_waited_for_and_no_less() {
        let (made, took) = attempts(|| rate_limited(Duration::from_secs(1))).await;
        assert_eq!((made, took.as_secs()), (3, 2));
    }

    #[test]
    fn waits_are_spread() {
        let waits: HashSet<Duration> = (0..50).map(|_| jittered(FIRST_WAIT)).collect();
        assert!(waits.len() > 10, "{waits:?}");
        assert!(
            waits
                .iter()
                .all(|wait| (50..=150).contains(&wait.as_millis())),
            "{waits:?}"
        );
    }
}
