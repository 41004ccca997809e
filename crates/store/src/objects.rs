//! One change of an object at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::ObjectKey;
use crate::name::FileName;

/// What is known in memory about objects: who changes one, and what was last published for it.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    known: Mutex<HashMap<ObjectKey, Arc<Object>>>,
}

#[derive(Debug, Default)]
struct Object {
    turn: Arc<tokio::sync::Mutex<()>>,
    /// What this process published last. It may not be in any status yet, so collection spares it.
    newest: Mutex<Option<FileName>>,
}

/// The right to change an object's files, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    objects: Arc<Objects>,
    key: ObjectKey,
    object: Arc<Object>,
    _guard: OwnedMutexGuard<()>,
}

impl Objects {
    /// Wait for one's turn.
    pub(crate) async fn turn(self: &Arc<Self>, key: ObjectKey) -> Turn {
        let object = Arc::clone(lock(&self.known).entry(key.clone()).or_default());
        let guard = Arc::clone(&object.turn).lock_owned().await;
        Turn {
            objects: Arc::clone(self),
            key,
            object,
            _guard: guard,
        }
    }
}

impl Turn {
    pub(crate) fn key(&self) -> &ObjectKey {
        &self.key
    }

    pub(crate) fn newest(&self) -> Option<FileName> {
        lock(&self.object.newest).clone()
    }

    pub(crate) fn set_newest(&self, file: Option<FileName>) {
        *lock(&self.object.newest) = file;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut known = lock(&self.objects.known);
        // The map's and ours: nobody waits, and nobody can begin to while the map is locked.
        if Arc::strong_count(&self.object) == 2 && lock(&self.object.newest).is_none() {
            known.remove(&self.key);
        }
    }
}

/// A panic elsewhere leaves these maps whole: nothing that can panic runs under their locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
