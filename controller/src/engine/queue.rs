//! Which object is next.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

/// The name of an object among those of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name there.
    pub(crate) name: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The objects of one kind that are to be looked at, now or later. Knows nothing of what they are.
///
/// An object is in it once at most, and is never handed out while it is being worked on. Namespaces
/// take turns, so that one with ten thousand objects does not keep the others waiting.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    states: HashMap<Key, State>,
    /// Who waits for a time, in order of it.
    timers: BTreeMap<Due, Key>,
    /// Who is due, by namespace and in order of arrival. May name objects that are not due any more.
    lanes: HashMap<String, VecDeque<Key>>,
    /// The namespaces that have a lane, in order of their turns.
    turns: VecDeque<String>,
    depth: usize,
    added: u64,
    sequence: u64,
}

/// A time, made unique by a number.
type Due = (Instant, u64);

#[derive(Debug, Clone, Copy)]
enum State {
    /// It is due at some time.
    Waiting(Due),
    /// It is due since some time.
    Ready(Instant),
    /// It is being worked on; whether it was asked for meanwhile.
    Running { again: bool },
}

impl Queue {
    /// `key` is due now.
    pub(crate) fn wake(&mut self, key: &Key, now: Instant) {
        match self.states.get_mut(key) {
            Some(State::Ready(_)) => {}
            Some(State::Running { again }) => *again = true,
            Some(State::Waiting(due)) => {
                let due = *due;
                self.timers.remove(&due);
                self.make_ready(key.clone(), now);
            }
            None => self.make_ready(key.clone(), now),
        }
    }

    /// The next object that is due, and for how long it has been. It counts as being worked on until
    /// [`finish`](Self::finish).
    pub(crate) fn take(&mut self, now: Instant) -> Option<(Key, Duration)> {
        self.ripen(now);
        while let Some(namespace) = self.turns.pop_front() {
            let Some(lane) = self.lanes.get_mut(&namespace) else {
                continue;
            };
            let next = lane.pop_front();
            if lane.is_empty() {
                self.lanes.remove(&namespace);
            } else {
                self.turns.push_back(namespace);
            }
            let Some(key) = next else { continue };
            if let Some(state) = self.states.get_mut(&key)
                && let State::Ready(since) = *state
            {
                *state = State::Running { again: false };
                self.depth -= 1;
                return Some((key, now.saturating_duration_since(since)));
            }
        }
        None
    }

    /// `key` is not being worked on any more. It is due again at `next`, or now if it was asked for
    /// meanwhile, or not at all.
    pub(crate) fn finish(&mut self, key: &Key, next: Option<Instant>, now: Instant) {
        let Some(State::Running { again }) = self.states.get(key).copied() else {
            return;
        };
        self.states.remove(key);
        if again {
            self.make_ready(key.clone(), now);
        } else if let Some(next) = next {
            self.sequence += 1;
            let due = (next, self.sequence);
            self.timers.insert(due, key.clone());
            self.states.insert(key.clone(), State::Waiting(due));
        }
    }

    /// `key` is not wanted any more. If it is being worked on, it is not asked for again.
    pub(crate) fn forget(&mut self, key: &Key) {
        match self.states.get_mut(key) {
            Some(State::Running { again }) => *again = false,
            Some(State::Waiting(due)) => {
                let due = *due;
                self.timers.remove(&due);
                self.states.remove(key);
            }
            Some(State::Ready(_)) => {
                self.depth -= 1;
                self.states.remove(key);
            }
            None => {}
        }
    }

    /// When the next object becomes due that is not yet.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.timers.first_key_value().map(|((due, _), _)| *due)
    }

    /// How many objects are due and not being worked on.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// How often an object has become due since the beginning.
    pub(crate) fn added(&self) -> u64 {
        self.added
    }

    /// Whose time has come is due.
    fn ripen(&mut self, now: Instant) {
        while let Some(entry) = self.timers.first_entry()
            && entry.key().0 <= now
        {
            let ((due, _), key) = entry.remove_entry();
            self.make_ready(key, due);
        }
    }

    fn make_ready(&mut self, key: Key, since: Instant) {
        self.depth += 1;
        self.added += 1;
        if let Some(lane) = self.lanes.get_mut(&key.namespace) {
            lane.push_back(key.clone());
        } else {
            self.turns.push_back(key.namespace.clone());
            self.lanes
                .insert(key.namespace.clone(), VecDeque::from([key.clone()]));
        }
        self.states.insert(key, State::Ready(since));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ns/name`.
    fn key(text: &str) -> Key {
        let (namespace, name) = text.split_once('/').expect("namespace/name");
        Key {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Everything that is due at `now`, taken and finished for good.
    fn drain(queue: &mut Queue, now: Instant) -> String {
        let mut taken = Vec::new();
        while let Some((key, _)) = queue.take(now) {
            queue.finish(&key, None, now);
            taken.push(key.to_string());
        }
        taken.join(" ")
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn who_was_woken_first_is_taken_first_and_once() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for name in ["a/2", "a/1", "a/2"] {
            queue.wake(&key(name), now);
        }
        assert_eq!(queue.depth(), 2);
        assert_eq!(drain(&mut queue, now), "a/2 a/1");
        assert_eq!((queue.depth(), queue.added()), (0, 2));
    }

    #[test]
    fn namespaces_take_turns() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for name in ["a/1", "a/2", "a/3", "b/1", "c/1", "c/2"] {
            queue.wake(&key(name), now);
        }
        assert_eq!(drain(&mut queue, now), "a/1 b/1 c/1 a/2 c/2 a/3");
    }

    #[test]
    fn who_is_being_worked_on_is_not_handed_out_but_comes_again_if_woken() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.wake(&key("a/1"), now);
        let (taken, _) = queue.take(now).expect("it is due");
        queue.wake(&taken, now);
        queue.wake(&taken, now);
        assert!(queue.take(now).is_none());
        queue.finish(&taken, Some(now + seconds(60)), now);
        assert_eq!(queue.next_due(), None, "now replaces later");
        assert_eq!(drain(&mut queue, now), "a/1");
    }

    #[test]
    fn a_later_time_is_waited_for_in_order() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for (name, later) in [("a/late", 20), ("a/soon", 10)] {
            queue.wake(&key(name), now);
            let (taken, _) = queue.take(now).expect("it is due");
            queue.finish(&taken, Some(now + seconds(later)), now);
        }
        assert_eq!(queue.next_due(), Some(now + seconds(10)));
        assert_eq!(drain(&mut queue, now + seconds(9)), "");
        assert_eq!(drain(&mut queue, now + seconds(21)), "a/soon a/late");
    }

    #[test]
    fn a_wake_replaces_a_later_time() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.wake(&key("a/1"), now);
        let (taken, _) = queue.take(now).expect("it is due");
        queue.finish(&taken, Some(now + seconds(60)), now);
        queue.wake(&taken, now);
        assert_eq!(queue.next_due(), None);
        assert_eq!(drain(&mut queue, now), "a/1");
        assert_eq!(drain(&mut queue, now + seconds(61)), "");
    }

    #[test]
    fn how_long_an_object_was_due_is_told() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.wake(&key("a/1"), now);
        let (_, waited) = queue.take(now + seconds(3)).expect("it is due");
        assert_eq!(waited, seconds(3));
    }

    #[test]
    fn who_is_forgotten_does_not_come() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for name in ["a/ready", "a/waiting", "a/running"] {
            queue.wake(&key(name), now);
        }
        queue.forget(&key("a/ready"));
        let (waiting, _) = queue.take(now).expect("it is due");
        queue.finish(&waiting, Some(now + seconds(1)), now);
        queue.forget(&waiting);
        let (running, _) = queue.take(now).expect("it is due");
        queue.wake(&running, now);
        queue.forget(&running);
        queue.finish(&running, None, now);
        assert_eq!(drain(&mut queue, now + seconds(10)), "");
        assert_eq!((queue.depth(), queue.states.len()), (0, 0));
    }

    #[test]
    fn who_is_forgotten_and_woken_comes_once() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.wake(&key("a/1"), now);
        queue.forget(&key("a/1"));
        queue.wake(&key("a/1"), now);
        assert_eq!(queue.depth(), 1);
        assert_eq!(drain(&mut queue, now), "a/1");
    }
}
