//! Indexes in memory, shared by everything that looks into the same one.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portolan_auth::{Fingerprint, Transport};
use portolan_chart::{Index, IndexLimits};
use portolan_fetch::{Download, IndexAnswer, IndexRepository, Validators};
use portolan_reference::{Digest, Hasher};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::bring::Body;
use crate::error::IndexError;
use crate::pull::on_a_thread;
use crate::scratch::to_scratch;
use crate::{ChartRepository, Limits, StoredIndex};

/// Which index.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    /// A file of a store. The path names the object, and so the namespace.
    Stored { path: String, digest: Digest },
    /// What a server shows to somebody.
    Fetched { url: String, access: Fingerprint },
}

/// An index, and what its server wants to hear when it is asked whether there is a newer one.
#[derive(Debug)]
struct Shelved {
    index: Arc<Index>,
    validators: Validators,
}

type Cell = Arc<OnceCell<Shelved>>;

/// Indexes in memory, up to a total weight and an age. An index is read once, however many want it
/// at the same time.
#[derive(Debug, Clone)]
pub(crate) struct Indexes {
    shelf: Arc<Mutex<Shelf>>,
}

#[derive(Debug)]
struct Shelf {
    cells: HashMap<Key, (Cell, Instant)>,
    /// On whose behalf the file at a path was asked for last. As long as nobody has asked in this
    /// process, that is not known: what stands for a credential means nothing to another one.
    askers: HashMap<String, Fingerprint>,
    max_bytes: usize,
    max_age: Duration,
}

impl Indexes {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            shelf: Arc::new(Mutex::new(Shelf {
                cells: HashMap::new(),
                askers: HashMap::new(),
                max_bytes: limits.max_cached_index_bytes,
                max_age: limits.max_cached_index_age,
            })),
        }
    }

    /// The index in a store. Reads the file if that was not done lately; a file whose bytes do not
    /// have the digest is an error.
    pub(crate) async fn stored(
        &self,
        stored: &StoredIndex,
        limits: &IndexLimits,
    ) -> Result<Arc<Index>, IndexError> {
        let key = Key::Stored {
            path: stored.path.clone(),
            digest: stored.digest.clone(),
        };
        let cell = self.shelf().cell(&key);
        let index = cell.get_or_try_init(|| read_stored(stored, limits)).await;
        let index = index.map(|shelved| Arc::clone(&shelved.index));
        self.shelf().tidy(&key);
        index
    }

    /// The index as its server has it now. One request, which brings nothing if the one in memory is
    /// still right.
    pub(crate) async fn fetched(
        &self,
        transport: &Transport,
        fetcher: &IndexRepository,
        repository: &ChartRepository,
        limits: &IndexLimits,
    ) -> Result<Arc<Index>, IndexError> {
        let remote = repository.remote();
        let key = Key::Fetched {
            url: repository.url().as_str().to_owned(),
            access: transport.fingerprint(&repository.access()),
        };
        let known = self.shelf().peek(&key);
        let known = known.as_ref().and_then(|cell| cell.get());
        let answer = fetcher
            .index(&remote, known.map(|shelved| &shelved.validators))
            .await?;
        let download = match (answer, known) {
            (IndexAnswer::NotModified, Some(shelved)) => return Ok(Arc::clone(&shelved.index)),
            (IndexAnswer::Modified(download), _) => download,
            _ => return Err(IndexError::NothingToKeep),
        };
        let shelved = read_download(*download, limits).await?;
        let index = Arc::clone(&shelved.index);
        self.shelf().put(key.clone(), shelved);
        self.shelf().tidy(&key);
        Ok(index)
    }

    /// Forget every index that was read from the file at `path`.
    pub(crate) fn forget(&self, path: &str) {
        let is_it = |key: &Key| matches!(key, Key::Stored { path: stored, .. } if stored == path);
        let mut all = self.shelf();
        all.cells.retain(|key, _| !is_it(key));
        all.askers.remove(path);
    }

    /// Note on whose behalf the index at `path` was fetched.
    pub(crate) fn asked_for(&self, path: &str, asker: Fingerprint) {
        self.shelf().askers.insert(path.to_owned(), asker);
    }

    /// Whether the index at `path` is known to have been fetched on behalf of somebody else: what its
    /// server said to one is no answer to another.
    pub(crate) fn was_asked_for_by_another(&self, path: &str, asker: Fingerprint) -> bool {
        let all = self.shelf();
        all.askers.get(path).is_some_and(|known| *known != asker)
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Whoever panicked while holding it left a map behind that is whole.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn cell(&mut self, key: &Key) -> Cell {
        let (cell, used) = self
            .cells
            .entry(key.clone())
            .or_insert_with(|| (Cell::default(), Instant::now()));
        *used = Instant::now();
        Arc::clone(cell)
    }

    fn peek(&mut self, key: &Key) -> Option<Cell> {
        let (cell, used) = self.cells.get_mut(key)?;
        *used = Instant::now();
        Some(Arc::clone(cell))
    }

    fn put(&mut self, key: Key, shelved: Shelved) {
        let cell = Arc::new(OnceCell::new_with(Some(shelved)));
        self.cells.insert(key, (cell, Instant::now()));
    }

    /// Let go of what is old, and of the least recently used until the rest is light enough. The one
    /// just used stays, however heavy, and so does what is being read.
    fn tidy(&mut self, just_used: &Key) {
        let now = Instant::now();
        let max_age = self.max_age;
        self.cells.retain(|key, (cell, used)| {
            key == just_used || !is_read(cell) || now.duration_since(*used) < max_age
        });
        let mut weight: usize = self.cells.values().map(|(cell, _)| weight(cell)).sum();
        while weight > self.max_bytes {
            let oldest = self
                .cells
                .iter()
                .filter(|(key, (cell, _))| *key != just_used && is_read(cell))
                .min_by_key(|(_, (_, used))| *used)
                .map(|(key, _)| key.clone());
            let Some((cell, _)) = oldest.and_then(|key| self.cells.remove(&key)) else {
                return;
            };
            weight -= self::weight(&cell);
        }
        // A file that could not be read leaves an empty cell behind that nobody waits for.
        self.cells
            .retain(|_, (cell, _)| is_read(cell) || Arc::strong_count(cell) > 1);
    }
}

fn is_read(cell: &Cell) -> bool {
    cell.initialized()
}

fn weight(cell: &Cell) -> usize {
    cell.get().map_or(0, |shelved| shelved.index.weight())
}

async fn read_stored(stored: &StoredIndex, limits: &IndexLimits) -> Result<Shelved, IndexError> {
    let file = stored.store.reader(&stored.path).await?;
    let mut file = file.ok_or_else(|| IndexError::Missing {
        path: stored.path.clone(),
    })?;
    // What was stored is indented, so it may be larger than what was fetched.
    let limits = limits.max_index_bytes(limits.max_index_bytes.saturating_mul(4));
    let (path, expected) = (stored.path.clone(), stored.digest.clone());
    let index = on_a_thread(move || {
        // First whether these are the bytes at all, then what they say.
        if digest_of(&mut file, &expected).map_err(IndexError::Unreadable)? != expected {
            return Err(IndexError::Corrupt { path });
        }
        file.rewind().map_err(IndexError::Unreadable)?;
        Ok(Index::read(BufReader::new(file), &limits)?.0)
    })
    .await
    .map_err(IndexError::Interrupted)??;
    Ok(Shelved {
        index: Arc::new(index),
        validators: Validators::default(),
    })
}

/// The digest of what is in `file`, by the algorithm of `like`.
fn digest_of(file: &mut File, like: &Digest) -> io::Result<Digest> {
    let mut hasher = Hasher::new(like.algorithm());
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            length => hasher.update(&buffer[..length]),
        }
    }
}

async fn read_download(download: Download, limits: &IndexLimits) -> Result<Shelved, IndexError> {
    let mut body = Body::from(download);
    let file = to_scratch(&mut body).await??;
    let limits = *limits;
    let read = on_a_thread(move || Index::read(BufReader::new(file), &limits)).await;
    let (index, _) = read.map_err(IndexError::Interrupted)??;
    Ok(Shelved {
        index: Arc::new(index),
        validators: body.validators(),
    })
}
