//! Which events are new, which are the same again, and which are too many.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::time::Duration;

use tokio::time::Instant;

/// How many events of one object may be written in a row.
const BURST: f64 = 25.0;

/// How long it takes until one more may.
const REFILL: Duration = Duration::from_mins(5);

/// How many events, and how many objects, are remembered. What is forgotten begins anew.
const MEMORY: usize = 4_096;

/// What to do about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Write a new one.
    New,
    /// The event of this name happened again: it has been seen that often now.
    Again {
        /// Its name in the cluster.
        name: String,
        /// How often it has happened.
        count: i32,
    },
    /// Drop it: the object has told too much.
    TooMany,
}

/// Remembers what was written, as client-go's
/// [event correlator](https://github.com/kubernetes/client-go/blob/v0.34.1/tools/record/events_cache.go)
/// does: the same event again is counted, and one object may not flood the cluster.
///
/// # Deviation
///
/// Events that differ in their message only are not combined.
#[derive(Debug, Default)]
pub(super) struct Correlator {
    hasher: RandomState,
    written: Memory<Written>,
    buckets: Memory<Bucket>,
}

#[derive(Debug, Clone)]
struct Written {
    name: String,
    count: i32,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Correlator {
    /// What to do about an event that is told at `now` of the object `uid`. Two events are the same
    /// if `content` is: all that is to be told but the time.
    pub(super) fn judge(&mut self, uid: &str, content: impl Hash, now: Instant) -> Verdict {
        let key = self.hasher.hash_one((uid, content));
        let again = self.written.get_mut(key).map(|written| {
            written.count = written.count.saturating_add(1);
            Verdict::Again {
                name: written.name.clone(),
                count: written.count,
            }
        });
        if !self.has_token(uid, now) {
            return Verdict::TooMany;
        }
        again.unwrap_or(Verdict::New)
    }

    /// The event was written under `name`.
    pub(super) fn remember(&mut self, uid: &str, content: impl Hash, name: String) {
        let key = self.hasher.hash_one((uid, content));
        self.written.insert(key, Written { name, count: 1 });
    }

    /// The event is not in the cluster any more: told again, it is a new one.
    pub(super) fn forget(&mut self, uid: &str, content: impl Hash) {
        let key = self.hasher.hash_one((uid, content));
        self.written.remove(key);
    }

    fn has_token(&mut self, uid: &str, now: Instant) -> bool {
        let key = self.hasher.hash_one(uid);
        let full = Bucket {
            tokens: BURST,
            at: now,
        };
        let mut bucket = self.buckets.get_mut(key).map_or(full, |bucket| *bucket);
        let gained = now.saturating_duration_since(bucket.at).as_secs_f64() / REFILL.as_secs_f64();
        bucket.tokens = (bucket.tokens + gained).min(BURST);
        bucket.at = now;
        let has_token = bucket.tokens >= 1.0;
        if has_token {
            bucket.tokens -= 1.0;
        }
        match self.buckets.get_mut(key) {
            Some(known) => *known = bucket,
            None => self.buckets.insert(key, bucket),
        }
        has_token
    }
}

/// A map that forgets what came first when it is full.
#[derive(Debug)]
struct Memory<T> {
    entries: HashMap<u64, T>,
    order: VecDeque<u64>,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<T> Memory<T> {
    fn get_mut(&mut self, key: u64) -> Option<&mut T> {
        self.entries.get_mut(&key)
    }

    fn insert(&mut self, key: u64, value: T) {
        if self.entries.insert(key, value).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > MEMORY
            && let Some(first) = self.order.pop_front()
        {
            self.entries.remove(&first);
        }
    }

    fn remove(&mut self, key: u64) {
        if self.entries.remove(&key).is_some() {
            self.order.retain(|known| *known != key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges, and writes what is new under its own content as name.
    fn tell(correlator: &mut Correlator, uid: &str, content: &str, now: Instant) -> Verdict {
        let verdict = correlator.judge(uid, content, now);
        if verdict == Verdict::New {
            correlator.remember(uid, content, content.to_owned());
        }
        verdict
    }

    fn again(name: &str, count: i32) -> Verdict {
        let name = name.to_owned();
        Verdict::Again { name, count }
    }

    #[test]
    fn the_same_event_again_is_counted() {
        let (mut correlator, now) = (Correlator::default(), Instant::now());
        assert_eq!(tell(&mut correlator, "1", "a", now), Verdict::New);
        assert_eq!(tell(&mut correlator, "1", "a", now), again("a", 2));
        assert_eq!(tell(&mut correlator, "1", "b", now), Verdict::New);
        assert_eq!(tell(&mut correlator, "2", "a", now), Verdict::New);
        assert_eq!(tell(&mut correlator, "1", "a", now), again("a", 3));
    }

    #[test]
    fn an_event_that_the_cluster_forgot_is_new() {
        let (mut correlator, now) = (Correlator::default(), Instant::now());
        tell(&mut correlator, "1", "a", now);
        correlator.forget("1", "a");
        assert_eq!(tell(&mut correlator, "1", "a", now), Verdict::New);
        assert_eq!(tell(&mut correlator, "1", "a", now), again("a", 2));
    }

    #[test]
    fn one_object_may_tell_25_events_in_a_row_and_then_one_in_five_minutes() {
        let (mut correlator, now) = (Correlator::default(), Instant::now());
        for _ in 0..25 {
            assert_ne!(tell(&mut correlator, "1", "a", now), Verdict::TooMany);
        }
        assert_eq!(tell(&mut correlator, "1", "a", now), Verdict::TooMany);
        assert_eq!(tell(&mut correlator, "1", "b", now), Verdict::TooMany);
        assert_eq!(
            tell(&mut correlator, "2", "a", now),
            Verdict::New,
            "others are not held back"
        );
        let later = now + Duration::from_mins(4);
        assert_eq!(tell(&mut correlator, "1", "a", later), Verdict::TooMany);
        let later = now + Duration::from_mins(5);
        assert_eq!(tell(&mut correlator, "1", "a", later), again("a", 28));
        assert_eq!(tell(&mut correlator, "1", "a", later), Verdict::TooMany);
    }

    #[test]
    fn memory_is_bounded() {
        let (mut correlator, now) = (Correlator::default(), Instant::now());
        for number in 0..=MEMORY {
            tell(&mut correlator, &number.to_string(), "a", now);
        }
        assert_eq!(correlator.written.entries.len(), MEMORY);
        assert_eq!(correlator.buckets.entries.len(), MEMORY);
        assert_eq!(
            tell(&mut correlator, "0", "a", now),
            Verdict::New,
            "the oldest is forgotten"
        );
    }
}
