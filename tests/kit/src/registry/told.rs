//! Which lies are to be told.

use std::sync::{Mutex, PoisonError};

use hyper::Method;

use super::route::Route;
use crate::lie::{Lie, Target};
use crate::server::Call;

/// The lies of one registry.
///
/// Its closures run under its lock: they look at the lie they are given, and at nothing that is
/// here.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    lie: Lie,
    told: u32,
}

impl Entry {
    fn is_over(&self) -> bool {
        let times = self.lie.times();
        times != Lie::ALWAYS && self.told >= times
    }
}

impl Told {
    pub(crate) fn tell(&self, lie: Lie) {
        self.with(|entries| entries.push(Entry { lie, told: 0 }));
    }

    pub(crate) fn be_honest(&self) {
        self.with(Vec::clear);
    }

    /// Every lie that is not over.
    pub(super) fn all(&self) -> Vec<Lie> {
        self.with(|entries| {
            let active = entries.iter().filter(|entry| !entry.is_over());
            active.map(|entry| entry.lie.clone()).collect()
        })
    }

    /// Whether there is such a lie. It is not counted as told.
    pub(super) fn has(&self, lie: &Lie) -> bool {
        self.find(|told| (told == lie).then_some(())).is_some()
    }

    /// What the first lie answers that answers anything. It is not counted as told.
    pub(super) fn find<T>(&self, answer: impl Fn(&Lie) -> Option<T>) -> Option<T> {
        self.with(|entries| {
            let active = entries.iter().filter(|entry| !entry.is_over());
            active.map(|entry| &entry.lie).find_map(answer)
        })
    }

    /// What the first lie answers that answers anything, which is told once more by that. The
    /// answer may depend on how often it was told before.
    pub(super) fn take<T>(&self, answer: impl Fn(&Lie, u32) -> Option<T>) -> Option<T> {
        self.with(|entries| {
            let mut active = entries.iter_mut().filter(|entry| !entry.is_over());
            active.find_map(|entry| {
                let answered = answer(&entry.lie, entry.told)?;
                entry.told = entry.told.saturating_add(1);
                Some(answered)
            })
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<Entry>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a lie about `at` is told of this request.
pub(super) fn is_about(at: Target, call: &Call, route: Route<'_>) -> bool {
    let reads = matches!(call.method, Method::GET | Method::HEAD);
    match at {
        Target::Everything => route != Route::Token,
        Target::Manifests => reads && matches!(route, Route::Manifest { .. }),
        Target::Blobs => reads && matches!(route, Route::Blob { .. }),
        Target::Tags => reads && matches!(route, Route::Tags { .. }),
        Target::Referrers => reads && matches!(route, Route::Referrers { .. }),
        Target::Writes => {
            let upload = matches!(route, Route::Uploads { .. } | Route::Upload { .. });
            route != Route::Token && (upload || !reads)
        }
        Target::Token => route == Route::Token,
    }
}
