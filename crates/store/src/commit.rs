//! Publishing, many at a time: what waits together becomes durable together.

use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portolan_reference::Digest;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::batch::{self, Pace};
use crate::beneath::Root;
use crate::name::StoredPath;
use crate::objects::{Turn, lock};
use crate::staging::StagedFile;
use crate::{Artifact, Blocking, FileError, InvalidPathError, Record, StageError};

/// How long the first of a batch waits for others that are on their way.
const LONGEST_WAIT: Duration = Duration::from_millis(5);
/// How many artifacts are committed at once.
const LARGEST_BATCH: usize = 64;

/// An artifact that is ready to be published, and who wants to know.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) staged: StagedFile,
    pub(crate) file: File,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    pub(crate) place: Place,
    pub(crate) link: String,
    pub(crate) record: Record,
    /// Held until the batch is through, so that nobody changes the object meanwhile.
    pub(crate) turn: Turn,
}

/// Where an artifact goes.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) path: StoredPath,
    /// The file with the same bytes that has the name already.
    pub(crate) kept: Option<File>,
}

/// One job, and where its answer goes.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) job: Job,
    pub(crate) answer: oneshot::Sender<Result<Artifact, FileError>>,
}

/// Commits what waits, one batch after the other.
///
/// A batch is what gathered while the one before was written: under load there is always one, and
/// an artifact that comes alone waits for nobody.
#[derive(Debug)]
pub(crate) struct Committer {
    root: Arc<Root>,
    pace: Arc<Pace>,
    blocking: Blocking,
    queue: Mutex<Queue>,
    /// How many publishes have begun and are not in the queue yet.
    arriving: AtomicUsize,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Waiting>,
    running: bool,
}

/// A publish on its way to the queue.
#[derive(Debug)]
pub(crate) struct Arriving(Arc<Committer>);

impl Drop for Arriving {
    fn drop(&mut self) {
        self.0.arriving.fetch_sub(1, Ordering::Relaxed);
        self.0.arrived.notify_one();
    }
}

impl Committer {
    pub(crate) fn new(root: Arc<Root>, blocking: Blocking) -> Self {
        Self {
            root,
            pace: Arc::default(),
            blocking,
            queue: Mutex::default(),
            arriving: AtomicUsize::new(0),
            arrived: Notify::new(),
        }
    }

    /// Say that a job will come soon.
    pub(crate) fn announce(self: &Arc<Self>) -> Arriving {
        self.arriving.fetch_add(1, Ordering::Relaxed);
        Arriving(Arc::clone(self))
    }

    /// Have a job committed, in whatever batch is next.
    pub(crate) async fn commit(
        self: &Arc<Self>,
        job: Job,
        arriving: Arriving,
    ) -> Result<Artifact, FileError> {
        let path = job.place.path.to_string();
        let (answer, answered) = oneshot::channel();
        let start = {
            let mut queue = lock(&self.queue);
            queue.waiting.push(Waiting { job, answer });
            !std::mem::replace(&mut queue.running, true)
        };
        drop(arriving);
        if start {
            tokio::spawn(Arc::clone(self).run());
        }
        let gone = |_| FileError::new("publish", path, std::io::Error::other("the batch was lost"));
        answered.await.map_err(gone)?
    }

    async fn run(self: Arc<Self>) {
        let mut running = Running {
            committer: &self,
            ended: false,
        };
        loop {
            self.gather().await;
            let Some(batch) = self.take() else {
                running.ended = true;
                return;
            };
            let (root, pace) = (Arc::clone(&self.root), Arc::clone(&self.pace));
            let commit = move || batch::commit(&root, &pace, batch);
            let committed = self.blocking.run(commit).await;
            if let Err(error) = committed {
                // Those who wait hear of it as their senders are dropped.
                tracing::error!(%error, "a batch of artifacts was lost");
            }
        }
    }

    /// Wait while others are on their way, for a moment.
    async fn gather(&self) {
        let deadline = Instant::now() + LONGEST_WAIT;
        while self.arriving.load(Ordering::Relaxed) > 0
            && lock(&self.queue).waiting.len() < LARGEST_BATCH
        {
            if timeout_at(deadline, self.arrived.notified()).await.is_err() {
                return;
            }
        }
    }

    /// The next batch; none if nobody waits, and whoever comes next starts a new runner.
    fn take(&self) -> Option<Vec<Waiting>> {
        let mut queue = lock(&self.queue);
        if queue.waiting.is_empty() {
            queue.running = false;
            return None;
        }
        let size = queue.waiting.len().min(LARGEST_BATCH);
        Some(queue.waiting.drain(..size).collect())
    }
}

/// Lets another runner begin if this one is dropped with its runtime.
struct Running<'a> {
    committer: &'a Committer,
    ended: bool,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.ended {
            lock(&self.committer.queue).running = false;
        }
    }
}

/// Why an artifact could not be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The file's name or the link's cannot be one.
    #[error(transparent)]
    Path(#[from] InvalidPathError),
    /// What was staged could not be written to its end.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The disk refused, or a folder on the way is a link.
    #[error(transparent)]
    File(#[from] FileError),
}
