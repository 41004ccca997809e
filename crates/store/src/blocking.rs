//! Where work that waits for a disk runs.

use std::io;
use std::sync::Arc;

use tokio::sync::Semaphore;

/// A bounded share of tokio's blocking pool: disk, hashing and archive work.
///
/// Clones share one bound, so a process that gives the same `Blocking` to everything that touches a
/// disk is bounded as a whole.
#[derive(Debug, Clone)]
pub struct Blocking {
    permits: Arc<Semaphore>,
}

impl Blocking {
    /// At most `tasks` pieces of work at a time; 0 is taken as 1.
    pub fn new(tasks: usize) -> Self {
        let tasks = tasks.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(tasks)),
        }
    }

    /// Run `work` on the blocking pool as soon as a place is free.
    ///
    /// # Errors
    ///
    /// If `work` panicked, or the runtime is shutting down and never ran it.
    ///
    /// # Cancel safety
    ///
    /// Work that has begun runs to its end when the future is dropped, and holds its place until
    /// then. Work that has not begun never does.
    pub async fn run<T, F>(&self, work: F) -> io::Result<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        })
        .await
        .map_err(io::Error::other)
    }
}

impl Default for Blocking {
    /// 16 at a time: more than one disk can use, few enough that their buffers do not matter.
    fn default() -> Self {
        Self::new(16)
    }
}
