//! How long an object waits until it is looked at again.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

/// What flags say about waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// The wait after a first failure; it doubles with each further one.
    pub(crate) min_retry: Duration,
    /// What it grows to.
    pub(crate) max_retry: Duration,
    /// By how much a wait may differ from what was asked for, in percent up and down: 0 to 99.
    pub(crate) jitter_percentage: u8,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            min_retry: Duration::from_millis(750),
            max_retry: Duration::from_mins(15),
            jitter_percentage: 5,
        }
    }
}

impl Pace {
    /// The wait for an object that wants to be seen every `interval`. `chance` is in `0.0..1.0`.
    pub(crate) fn interval(&self, interval: Duration, chance: f64) -> Duration {
        let spread = f64::from(self.jitter_percentage.min(99)) / 100.0;
        interval.mul_f64(1.0 + spread * (2.0 * chance - 1.0))
    }

    /// The wait for an object that failed after `failures` failures in a row before.
    ///
    /// Never longer than [`max_retry`](Self::max_retry), unless a server asked for `at_least` more;
    /// and never shorter than that, so its jitter goes only up.
    pub(crate) fn retry(&self, failures: u32, at_least: Duration, chance: f64) -> Duration {
        let doubled = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
        let grown = self.min_retry.saturating_mul(doubled).min(self.max_retry);
        let wait = self.interval(grown, chance).min(self.max_retry);
        if wait >= at_least {
            return wait;
        }
        self.interval(at_least, 0.5 + chance / 2.0)
    }
}

/// A number in `0.0..1.0` that is another one each time. Good for spreading work, and for nothing
/// that must not be guessed.
pub(crate) fn chance() -> f64 {
    // Each `RandomState` has keys of its own.
    let bits = RandomState::new().hash_one(0_u8) >> 32;
    f64::from(u32::try_from(bits).unwrap_or_default()) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZERO: Duration = Duration::ZERO;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[track_caller]
    fn check(actual: Duration, expected: Duration) {
        let apart = actual.abs_diff(expected);
        assert!(
            apart < Duration::from_micros(1),
            "{actual:?} is not {expected:?}"
        );
    }

    #[test]
    fn an_interval_is_spread_evenly_around_itself() {
        let pace = Pace::default();
        check(pace.interval(seconds(100.0), 0.0), seconds(95.0));
        check(pace.interval(seconds(100.0), 0.5), seconds(100.0));
        check(
            pace.interval(seconds(100.0), 0.999_999_999_9),
            seconds(105.0),
        );
    }

    #[test]
    fn no_jitter_means_the_interval_itself() {
        let pace = Pace {
            jitter_percentage: 0,
            ..Pace::default()
        };
        check(pace.interval(seconds(60.0), 0.9), seconds(60.0));
    }

    #[test]
    fn at_once_stays_at_once() {
        check(Pace::default().interval(ZERO, 0.9), ZERO);
    }

    #[test]
    fn the_wait_doubles_with_each_failure_up_to_its_limit() {
        let pace = Pace::default();
        check(pace.retry(0, ZERO, 0.5), seconds(0.75));
        check(pace.retry(1, ZERO, 0.5), seconds(1.5));
        check(pace.retry(2, ZERO, 0.5), seconds(3.0));
        check(pace.retry(10, ZERO, 0.5), seconds(768.0));
        check(pace.retry(11, ZERO, 0.5), seconds(900.0));
        check(pace.retry(u32::MAX, ZERO, 0.5), seconds(900.0));
    }

    #[test]
    fn jitter_never_goes_beyond_the_longest_wait() {
        check(Pace::default().retry(20, ZERO, 0.999), seconds(900.0));
        check(Pace::default().retry(20, ZERO, 0.0), seconds(855.0));
    }

    #[test]
    fn a_server_is_not_asked_before_the_time_it_named() {
        let pace = Pace::default();
        check(pace.retry(0, seconds(30.0), 0.0), seconds(30.0));
        check(pace.retry(0, seconds(30.0), 0.5), seconds(30.75));
        check(pace.retry(8, seconds(30.0), 0.5), seconds(192.0));
    }

    #[test]
    fn chance_is_below_one_and_varies() {
        let drawn: Vec<f64> = (0..100).map(|_| chance()).collect();
        assert!(drawn.iter().all(|chance| (0.0..1.0).contains(chance)));
        assert!(drawn.iter().any(|chance| (chance - drawn[0]).abs() > 0.01));
    }
}
