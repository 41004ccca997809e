//! Charts outside a store: to a folder, or into memory.

use std::fs::File;
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};

use portolan_chart::{Chart, ChartMetadata, check_archive, read_chart, unpack};
use portolan_reference::{Algorithm, Digest, Hasher};
use tempfile::NamedTempFile;
use tokio::sync::Semaphore;
use tokio::task::JoinError;

use crate::bring::{Opened, check_index_digest};
use crate::error::PullError;
use crate::{AcquireError, Acquirer, IndexDigest, Look, Request, Trust};

/// A chart archive that lies in a folder.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Pulled {
    /// The archive.
    pub path: PathBuf,
    /// What it says about itself.
    pub metadata: ChartMetadata,
    /// The digest of the manifest that was pinned, for a chart from a registry.
    pub manifest_digest: Option<Digest>,
    /// What the index promised and what came, where these differ.
    pub index_digest: Option<IndexDigest>,
    /// The digest of the archive.
    pub digest: Digest,
    /// The size of the archive in bytes.
    pub size: u64,
    /// Who vouches for it.
    pub trust: Trust,
}

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that have come.
    pub received: u64,
    /// Bytes that will come, as far as anybody has said.
    pub total: Option<u64>,
}

impl Acquirer {
    /// Pull the version that [`look`](Self::look) chose into `directory`, as `<name>-<version>.tgz`.
    /// The bytes are those that were published, whatever the request's recipe.
    ///
    /// The archive appears under its name only when it is whole, is what the manifest promised, and
    /// was read from end to end. A file of that name is replaced. `progress` is called after each
    /// chunk.
    ///
    /// # Errors
    ///
    /// [`PullError`]. The folder is as it was.
    pub async fn pull(
        &self,
        request: &Request,
        look: &Look,
        directory: &Path,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Pulled, PullError> {
        let mut download = self.download(request, look).await?;
        let cannot_write = |source| PullError::Write {
            path: directory.to_owned(),
            source,
        };
        let mut file = NamedTempFile::new_in(directory).map_err(cannot_write)?;
        while let Some(chunk) = download.chunk(request, look).await? {
            file.write_all(&chunk).map_err(cannot_write)?;
            progress(download.progress());
        }
        let (opened, digest, size) = download.finish();
        let index_digest = check_index_digest(request, look, &digest)?;
        let limits = self.limits.chart;
        let archive = file.reopen().map_err(cannot_write)?;
        let metadata = on_a_thread(move || check_archive(BufReader::new(archive), &limits))
            .await
            .map_err(AcquireError::Interrupted)?
            .map_err(|source| AcquireError::chart(request, look, source))?;
        let path = directory.join(request.file_name(look));
        keep(file, &path).map_err(|source| PullError::Write {
            path: path.clone(),
            source,
        })?;
        Ok(Pulled {
            path,
            metadata,
            manifest_digest: opened.pinned.map(|pinned| pinned.manifest_digest().clone()),
            index_digest,
            digest,
            size,
            trust: opened.trust,
        })
    }

    /// Unpack a pulled archive below `directory`, into a folder of the chart's name, which is
    /// returned.
    ///
    /// # Errors
    ///
    /// [`PullError`]. What was unpacked so far is left to look at; nothing outside `directory` was
    /// touched and nothing was overwritten.
    pub async fn unpack(&self, pulled: &Pulled, directory: &Path) -> Result<PathBuf, PullError> {
        let limits = self.limits.chart;
        let (archive, destination) = (pulled.path.clone(), directory.to_owned());
        on_a_thread(move || {
            let file = File::open(&archive).map_err(|source| PullError::Write {
                path: archive,
                source,
            })?;
            unpack(BufReader::new(file), &destination, &limits).map_err(|source| {
                PullError::Unpack {
                    path: destination,
                    source: Box::new(source),
                }
            })
        })
        .await
        .map_err(AcquireError::Interrupted)??;
        Ok(directory.join(&pulled.metadata.name))
    }

    /// Read the version that [`look`](Self::look) chose into memory.
    ///
    /// # Errors
    ///
    /// [`AcquireError`].
    pub async fn chart(&self, request: &Request, look: &Look) -> Result<Chart, AcquireError> {
        let mut download = self.download(request, look).await?;
        let mut archive = Vec::new();
        while let Some(chunk) = download.chunk(request, look).await? {
            archive.extend_from_slice(&chunk);
        }
        let (_, digest, _) = download.finish();
        check_index_digest(request, look, &digest)?;
        let limits = self.limits.chart;
        on_a_thread(move || read_chart(archive.as_slice(), &limits))
            .await
            .map_err(AcquireError::Interrupted)?
            .map_err(|source| AcquireError::chart(request, look, source))
    }

    async fn download(&self, request: &Request, look: &Look) -> Result<Arriving, AcquireError> {
        Ok(Arriving {
            opened: self.open(request, look).await?,
            hasher: Hasher::new(Algorithm::Sha256),
            received: 0,
        })
    }
}

/// An archive on its way.
struct Arriving {
    opened: Opened,
    hasher: Hasher,
    received: u64,
}

impl Arriving {
    async fn chunk(
        &mut self,
        request: &Request,
        look: &Look,
    ) -> Result<Option<bytes::Bytes>, AcquireError> {
        let chunk = self.opened.body.chunk().await;
        let chunk = chunk.map_err(|error| AcquireError::fetching(request, look, error))?;
        if let Some(chunk) = &chunk {
            self.hasher.update(chunk);
            self.received += chunk.len() as u64;
        }
        Ok(chunk)
    }

    fn progress(&self) -> Progress {
        Progress {
            received: self.received,
            total: self
                .opened
                .pinned
                .as_ref()
                .map(|pinned| pinned.layer().size()),
        }
    }

    fn finish(self) -> (Opened, Digest, u64) {
        (self.opened, self.hasher.finish(), self.received)
    }
}

/// Give a temporary file its name, and the permissions that a new file would have had.
pub(crate) fn keep(file: NamedTempFile, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.as_file()
        .set_permissions(std::fs::Permissions::from_mode(0o644))?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// How many pieces of work are done at a time. Each may have a whole chart in memory, and more would
/// only take turns on the processors.
const AT_A_TIME: usize = 8;

/// One for the process, as its memory and its processors are. It is not that of a store: what is made
/// here is handed to a store while it is made, and would wait for it with a place in hand.
static PLACES: Semaphore = Semaphore::const_new(AT_A_TIME);

/// Work that would hold up everybody else, done in its turn.
///
/// What waits for the network MUST NOT be done here: whoever is slow would keep a place. Work that was
/// not begun never is when the future is dropped; what was begun keeps its place to its end.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    // Nobody ever closes it.
    let place = PLACES.acquire().await.ok();
    tokio::task::spawn_blocking(move || {
        let _place = place;
        work()
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn no_more_than_so_many_are_at_work_at_a_time() {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let work = || {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            on_a_thread(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(20));
                now.fetch_sub(1, Ordering::SeqCst);
            })
        };
        futures_util::future::join_all((0..3 * AT_A_TIME).map(|_| work())).await;
        assert!(most.load(Ordering::SeqCst) <= AT_A_TIME);
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_place_back() {
        for _ in 0..=AT_A_TIME {
            let done = on_a_thread(|| panic!("as it is meant to")).await;
            assert!(done.unwrap_err().is_panic());
        }
    }
}
