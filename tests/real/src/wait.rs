//! Waiting for what takes a moment.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often is looked.
const STEP: Duration = Duration::from_millis(20);

/// Ask until there is an answer, and panic when there is none in time. `what` completes the sentence
/// "waited in vain for …".
#[track_caller]
pub fn within<T>(time: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    match eventually(time, &mut ask) {
        Some(answer) => answer,
        None => panic!("waited in vain for {what} ({} s)", time.as_secs_f32()),
    }
}

/// Ask until there is an answer or the time is over. It is asked at least once.
pub fn eventually<T>(time: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + time;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        sleep(STEP);
    }
}
