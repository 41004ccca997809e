//! Who wants to be left alone, and until when.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use aws_lc_rs::rand;
use http::HeaderMap;
use tokio::time::Instant;

use super::bounded::{Bounded, locked};
use super::fingerprint::Fingerprint;
use super::origin::Origin;
use super::retry_after::{LONGEST, retry_after};

/// The most doors that are remembered.
const MOST: usize = 4096;
/// How long to wait after the first 429 that does not say.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Whom a 429 is for: everybody who shows that origin the same credential.
pub(super) type Door = (Origin, Fingerprint);

/// The doors that a 429 has closed.
#[derive(Debug)]
pub(super) struct Doors(Mutex<Bounded<Door, Closed>>);

#[derive(Debug)]
struct Closed {
    until: Instant,
    /// How many 429 came in a row.
    times: u32,
}

impl Doors {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Bounded::new(MOST)))
    }

    /// For how much longer `door` is closed. `None` if it is open.
    pub(super) fn closed_for(&self, door: &Door) -> Option<Duration> {
        let left = locked(&self.0)
            .get(door)?
            .until
            .saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Close `door` for as long as the 429 with `headers` says, or where it does not say, for a second,
    /// twice as long each time in a row, and up to a quarter more, so that those who were refused
    /// together do not come back together. Returns for how long.
    pub(super) fn close(&self, door: Door, headers: &HeaderMap, now: SystemTime) -> Duration {
        let mut doors = locked(&self.0);
        let times = doors.get(&door).map_or(0, |closed| closed.times);
        let wait = retry_after(headers, now).unwrap_or_else(|| {
            let wait = FIRST_WAIT.saturating_mul(1 << times.min(10));
            wait.mul_f64(1.0 + jitter() / 4.0).min(LONGEST)
        });
        doors.insert(
            door,
            Closed {
                until: Instant::now() + wait,
                times: times.saturating_add(1),
            },
        );
        wait
    }

    /// `door` has let somebody in. If it was closed meanwhile, that one had entered before, and it stays
    /// closed.
    pub(super) fn open(&self, door: &Door) {
        let mut doors = locked(&self.0);
        if doors
            .get(door)
            .is_some_and(|closed| closed.until <= Instant::now())
        {
            doors.remove(door);
        }
    }
}

/// Between 0 and 1; 0 if there are no random bytes.
fn jitter() -> f64 {
    let mut byte = [0];
    let _ = rand::fill(&mut byte);
    f64::from(byte[0]) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Access;
    use crate::transport::fingerprint::Fingerprints;
    use http::HeaderValue;
    use http::header::RETRY_AFTER;
    use url::Url;

    fn door(origin: &str, tenant: &str, fingerprints: &Fingerprints) -> Door {
        (
            Origin::of(&Url::parse(origin).unwrap()).unwrap(),
            fingerprints.access(&Access::new(tenant, None)),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_door_stays_closed_for_as_long_as_was_said_and_no_other_is() {
        let doors = Doors::new();
        let fingerprints = Fingerprints::new().unwrap();
        let closed = door("https://r.io", "a", &fingerprints);
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("30"));
        doors.close(closed.clone(), &headers, SystemTime::UNIX_EPOCH);
        for other in [
            door("https://r.io", "b", &fingerprints),
            door("https://s.io", "a", &fingerprints),
        ] {
            assert_eq!(doors.closed_for(&other), None);
        }
        assert_eq!(doors.closed_for(&closed), Some(Duration::from_secs(30)));
        tokio::time::advance(Duration::from_millis(29_999)).await;
        assert!(doors.closed_for(&closed).is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(doors.closed_for(&closed), None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_to_somebody_who_was_inside_already_does_not_open_the_door() {
        let doors = Doors::new();
        let door = door("https://r.io", "a", &Fingerprints::new().unwrap());
        doors.close(door.clone(), &HeaderMap::new(), SystemTime::UNIX_EPOCH);
        doors.open(&door);
        assert!(doors.closed_for(&door).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_word_the_wait_doubles_until_somebody_is_let_in() {
        let doors = Doors::new();
        let door = door("https://r.io", "a", &Fingerprints::new().unwrap());
        let close = || {
            doors
                .close(door.clone(), &HeaderMap::new(), SystemTime::UNIX_EPOCH)
                .as_secs_f64()
        };
        for expected in [1.0, 2.0, 4.0, 8.0] {
            let wait = close();
            assert!(wait >= expected && wait <= expected * 1.25, "{wait}");
        }
        for _ in 0..40 {
            close();
        }
        assert!(close() <= 600.0);
        tokio::time::advance(LONGEST).await;
        doors.open(&door);
        assert!(close() <= 1.25);
    }
}
