//! Artifacts that nobody else can see yet.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use portolan_reference::{Digest, Hasher};

use crate::beneath::Root;
use crate::staging::StagedFile;
use crate::{Blocking, FileError, ObjectKey, Options};

/// How many bytes gather in memory before they go to disk, so that an ordinary chart (14 KB) costs
/// one trip to the blocking pool.
const BUFFER: usize = 256 << 10;

/// An artifact being written, hashed and measured as its bytes come. Nobody can read it until it is
/// [published](crate::Store::publish).
///
/// Dropping it removes its file, whatever became of a call that was dropped before.
#[derive(Debug)]
#[must_use = "dropping a staged artifact discards it"]
pub struct Staged {
    key: ObjectKey,
    blocking: Blocking,
    path: PathBuf,
    file: StagedFile,
    /// Not there while a piece of work on the blocking pool has it.
    sink: Option<Sink>,
    buffer: Vec<u8>,
    size: u64,
    digest: Option<Digest>,
}

/// What bytes go into.
#[derive(Debug)]
struct Sink {
    file: File,
    hasher: Hasher,
}

/// A staged artifact that is whole.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) key: ObjectKey,
    pub(crate) staged: StagedFile,
    /// Open still, to be synced.
    pub(crate) file: File,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
}

impl Staged {
    /// Blocks.
    pub(crate) fn create(
        root: &Root,
        options: &Options,
        key: ObjectKey,
    ) -> Result<Self, StageError> {
        let (staged, file) = StagedFile::create(root)?;
        let hasher = Hasher::new(options.algorithm);
        Ok(Self {
            key,
            blocking: options.blocking.clone(),
            path: root.path().join(staged.path()),
            file: staged,
            sink: Some(Sink { file, hasher }),
            buffer: Vec::new(),
            size: 0,
            digest: None,
        })
    }

    /// Add the next bytes.
    ///
    /// # Errors
    ///
    /// [`StageError::File`] if they cannot be written, [`StageError::Interrupted`] if an earlier
    /// call was dropped half-way, [`StageError::Finished`] after [`finish`](Self::finish). **After
    /// the first two, nobody knows which bytes are in the file**: it can only be dropped.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the artifact may be unusable; it never becomes a wrong one.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StageError> {
        if self.digest.is_some() {
            return Err(StageError::Finished);
        }
        if self.sink.is_none() {
            return Err(StageError::Interrupted);
        }
        self.size = self.size.saturating_add(bytes.len() as u64);
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() < BUFFER {
            return Ok(());
        }
        let (sink, mut buffer) = self.flush().await?;
        buffer.clear();
        self.buffer = buffer;
        self.sink = Some(sink);
        Ok(())
    }

    /// How many bytes were written.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Write out what is still in memory, and tell what all bytes hash to. Asked again, it tells the
    /// same.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    ///
    /// # Cancel safety
    ///
    /// As [`write`](Self::write).
    pub async fn finish(&mut self) -> Result<Digest, StageError> {
        if let Some(digest) = &self.digest {
            return Ok(digest.clone());
        }
        let (sink, _) = self.flush().await?;
        let digest = sink.hasher.clone().finish();
        self.sink = Some(sink);
        self.digest = Some(digest.clone());
        Ok(digest)
    }

    /// The bytes for blocking code to read, from the first one on. Whole after
    /// [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// [`StageError::File`] if the file cannot be opened, which its owner may try again.
    pub fn reader(&self) -> Result<File, StageError> {
        let opened = self.file.reader();
        opened.map_err(|error| FileError::new("read", self.file.path(), error).into())
    }

    /// Where the file is, absolute, for readers that want a path. Only [`reader`](Self::reader) is
    /// sure to open this very file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn key(&self) -> &ObjectKey {
        &self.key
    }

    pub(crate) async fn into_finished(mut self) -> Result<Finished, StageError> {
        let digest = self.finish().await?;
        let Sink { file, .. } = self.sink.ok_or(StageError::Interrupted)?;
        Ok(Finished {
            key: self.key,
            staged: self.file,
            file,
            digest,
            size: self.size,
        })
    }

    /// Write the buffer out. The sink is lost if that fails or the future is dropped.
    async fn flush(&mut self) -> Result<(Sink, Vec<u8>), StageError> {
        let mut sink = self.sink.take().ok_or(StageError::Interrupted)?;
        let buffer = std::mem::take(&mut self.buffer);
        let failed = |error| FileError::new("write", self.file.path(), error);
        let work = move || {
            sink.file.write_all(&buffer)?;
            sink.hasher.update(&buffer);
            Ok((sink, buffer))
        };
        let written = self.blocking.run(work).await.map_err(failed)?;
        Ok(written.map_err(failed)?)
    }
}

/// Why an artifact could not be staged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// The disk refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// An earlier call failed or was dropped half-way, so nobody knows which bytes were written.
    #[error("writing the artifact was interrupted before")]
    Interrupted,
    /// The digest has been told already.
    #[error("the artifact was finished before")]
    Finished,
}
