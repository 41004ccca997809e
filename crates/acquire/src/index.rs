//! The index of a chart repository, fetched and stored.

use std::io::BufReader;

use portolan_chart::{IndexReport, convert_index};
use portolan_fetch::{Download, IndexAnswer, Validators};
use portolan_reference::Digest;
use portolan_store::{Artifact, ObjectKey, Record, Staged, Store};

use crate::error::{IndexError, StoreError};
use crate::pipe::from_writer;
use crate::pull::on_a_thread;
use crate::{Acquirer, ChartRepository};

/// What the newest index is published as besides its own name.
const LINK: &str = "index.yaml";
/// Under these names a record keeps what the server wants to hear next time.
const ETAG: &str = "http.etag";
const LAST_MODIFIED: &str = "http.lastModified";

/// A stored index that the caller has found intact in this same pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldIndex<'a> {
    path: &'a str,
    is_doubted: bool,
}

impl<'a> HeldIndex<'a> {
    /// The one at `path` in the store.
    pub fn new(path: &'a str) -> Self {
        Self {
            path,
            is_doubted: false,
        }
    }

    /// Let the server send the index, whatever it would say about this one: there are servers that keep
    /// the tag of an index although it changed.
    #[must_use]
    pub fn doubted(self) -> Self {
        Self {
            is_doubted: true,
            ..self
        }
    }
}

/// An index after it was asked for.
#[derive(Debug, Clone)]
pub enum Refreshed {
    /// The one that is held is still what the server has.
    Unchanged,
    /// Another one was stored.
    Stored(StoredAnew),
}

/// An index that was just stored.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredAnew {
    /// The file that was stored.
    pub artifact: Artifact,
    /// The digest of what the server sent. The file has another one, as it is written anew.
    pub revision: Digest,
    /// Which versions were dropped, and why.
    pub report: IndexReport,
}

impl Acquirer {
    /// Ask for the index of `repository`, and store it for `object` if it is another than before.
    ///
    /// It is stored as Flux stores it: `index-<digest>.yaml`, which holds JSON, with a link
    /// `index.yaml`. If `held` came from the same URL, the server is asked only for a newer one, unless
    /// it is [doubted](HeldIndex::doubted), or was asked for by somebody else the last time that this
    /// process asked: by another user, or with other TLS. If the server sends the same bytes again the
    /// file stays.
    ///
    /// Takes one request. Memory follows what is kept of the index in its compact form, never its size.
    ///
    /// # Errors
    ///
    /// [`IndexError`]. Nothing has been published, and what was published before is as it was.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future removes what was staged. A publish that has begun is finished.
    pub async fn refresh_index(
        &self,
        repository: &ChartRepository,
        store: &Store,
        object: &ObjectKey,
        held: Option<HeldIndex<'_>>,
    ) -> Result<Refreshed, IndexError> {
        let place = repository.url().to_string();
        let asker = self.transport.fingerprint(&repository.access());
        let known = match held {
            Some(HeldIndex { path, .. }) => store.record(path).await.map(|record| (path, record)),
            None => None,
        };
        let known = known.filter(|(_, record)| record.source == place);
        let is_doubted = held.is_some_and(|held| {
            held.is_doubted || self.indexes.was_asked_for_by_another(held.path, asker)
        });
        let believed = known.as_ref().filter(|_| !is_doubted);
        let validators = believed.map(|(_, record)| validators(record));
        let answer = self
            .charts
            .index(&repository.remote(), validators.as_ref())
            .await?;
        let download = match answer {
            IndexAnswer::NotModified if validators.is_some() => return Ok(Refreshed::Unchanged),
            IndexAnswer::Modified(download) => *download,
            _ => return Err(IndexError::NothingToKeep),
        };
        let (raw, revision, told) = raw_index(download, store, object).await?;
        let record = record(place, &revision, &told);
        if let Some((path, before)) = known
            && before.revision == record.revision
        {
            if before != record {
                store
                    .set_record(path, record)
                    .await
                    .map_err(StoreError::from)?;
            }
            self.indexes.asked_for(path, asker);
            return Ok(Refreshed::Unchanged);
        }
        let (staged, report) = self.convert(raw, store, object).await?;
        let name = format!("index-{}.yaml", revision.hex());
        let artifact = store
            .publish(staged, &name, LINK, record)
            .await
            .map_err(StoreError::from)?;
        if let Some(held) = held {
            self.indexes.forget(held.path);
        }
        self.indexes.asked_for(&artifact.path, asker);
        Ok(Refreshed::Stored(StoredAnew {
            artifact,
            revision,
            report,
        }))
    }

    /// Forget what is in memory of the index at `path`, which is no more.
    pub fn forget_index(&self, path: &str) {
        self.indexes.forget(path);
    }

    /// Write the index in the form in which it is stored.
    async fn convert(
        &self,
        raw: Staged,
        store: &Store,
        object: &ObjectKey,
    ) -> Result<(Staged, IndexReport), IndexError> {
        let mut staged = store.stage(object).await.map_err(StoreError::from)?;
        let file = raw.reader().map_err(StoreError::from)?;
        let limits = self.limits.index;
        let (writer, pieces) = from_writer();
        let converting = on_a_thread(move || {
            let spool = tempfile::tempfile().map_err(IndexError::Unreadable)?;
            let (_, report) = convert_index(BufReader::new(file), writer, spool, &limits)?;
            Ok::<_, IndexError>(report)
        });
        let storing = async {
            // Owned, so that whoever writes is told when nobody takes the bytes any more.
            let mut pieces = pieces;
            while let Some(piece) = pieces.recv().await {
                staged.write(&piece).await?;
            }
            staged.finish().await
        };
        let (converted, stored) = tokio::join!(converting, storing);
        // If the disk refused, that is why converting broke off.
        stored.map_err(StoreError::from)?;
        let report = converted.map_err(IndexError::Interrupted)??;
        Ok((staged, report))
    }
}

/// Bring what the server sends to disk, where nobody but us can see it.
async fn raw_index(
    mut download: Download,
    store: &Store,
    object: &ObjectKey,
) -> Result<(Staged, Digest, Validators), IndexError> {
    let mut staged = store.stage(object).await.map_err(StoreError::from)?;
    while let Some(piece) = download.chunk().await? {
        staged.write(&piece).await.map_err(StoreError::from)?;
    }
    let revision = staged.finish().await.map_err(StoreError::from)?;
    Ok((staged, revision, download.validators().clone()))
}

fn validators(record: &Record) -> Validators {
    let told = |key| record.fingerprints.get(key).cloned();
    Validators {
        etag: told(ETAG),
        last_modified: told(LAST_MODIFIED),
    }
}

fn record(source: String, revision: &Digest, told: &Validators) -> Record {
    let told = [(ETAG, &told.etag), (LAST_MODIFIED, &told.last_modified)];
    Record {
        manifest_digest: None,
        source,
        revision: revision.to_string(),
        fingerprints: told
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)))
            .collect(),
    }
}
