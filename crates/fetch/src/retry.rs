//! When a request that failed is made again, within one act.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use crate::FetchError;

/// How often one request is sent in all.
pub(crate) const MAX_ATTEMPTS: u32 = 3;
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
    let mut made = 1;
    loop {
        let error = match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        match wait_after(&error, made) {
            Some(wait) => pause(wait, &error, made).await,
            None => return Err(error),
        }
        made += 1;
    }
}

/// Wait, and leave a trace of why.
pub(crate) async fn pause(wait: Duration, error: &FetchError, made: u32) {
    tracing::debug!(%error, attempt = made, wait_ms = wait.as_millis(), "trying again");
    tokio::time::sleep(wait).await;
}

/// How long to wait after the `made`th attempt failed with `error`; `None` to give up.
pub(crate) fn wait_after(error: &FetchError, made: u32) -> Option<Duration> {
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
