//! The files that a chart in a source is among.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use portolan_auth::CredentialError;
use portolan_chart::{ReadDirectoryError, UnpackSourceError, unpack_source};
use portolan_fetch::FetchError;
use portolan_reference::{Digest, Pin};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::task::JoinError;
use url::Url;

use crate::bring::Body;
use crate::pull::on_a_thread;
use crate::scratch::{ScratchError, to_scratch};
use crate::{Acquirer, Registry};

/// What folders with unpacked sources are called.
const PREFIX: &str = "portolan-source-";

/// Where the files are that a chart is among.
#[derive(Debug, Clone)]
pub struct Source {
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Artifact { url: Url, digest: Digest },
    Oci { registry: Registry, pin: Pin },
    Folder(PathBuf),
}

impl Source {
    /// The artifact of another controller: a gzipped tar archive at `url`, which has `digest`. Charts
    /// reach no further than its root.
    pub fn artifact(url: Url, digest: Digest) -> Self {
        Self {
            kind: Kind::Artifact { url, digest },
        }
    }

    /// An artifact in an OCI registry, as `flux push artifact` makes them and an `OCIRepository` names
    /// them: the first of its layers that is a gzipped tar archive. `registry` is the repository itself.
    pub fn oci(registry: Registry, pin: Pin) -> Self {
        Self {
            kind: Kind::Oci { registry, pin },
        }
    }

    /// A folder on this machine. Charts reach no further, links included.
    pub fn folder(root: impl Into<PathBuf>) -> Self {
        Self {
            kind: Kind::Folder(root.into()),
        }
    }
}

/// Files that are there as long as somebody holds this.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    /// Taken when it is dropped.
    unpacked: Option<TempDir>,
}

impl Drop for Tree {
    fn drop(&mut self) {
        let Some(folder) = self.unpacked.take() else {
            return;
        };
        // Removing many files must not hold up who waits for other things.
        match Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn_blocking(move || drop(folder));
            }
            Err(_) => drop(folder),
        }
    }
}

/// What a path in a source leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum At {
    Folder(PathBuf),
    File(PathBuf),
}

impl Tree {
    /// Everything on this machine, for somebody's own charts.
    pub(crate) fn machine() -> Self {
        Self {
            root: PathBuf::from("/"),
            unpacked: None,
        }
    }

    /// What is at `path`, an absolute path from the root of the tree without `.` and `..`. `None` if
    /// nothing is.
    ///
    /// Blocks.
    pub(crate) fn at(&self, path: &str) -> Result<Option<At>, SourceError> {
        let failed = |source| SourceError::Read {
            path: path.to_owned(),
            source,
        };
        let inside = self.root.join(path.trim_start_matches('/'));
        let real = match inside.canonicalize() {
            Ok(real) => real,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if !real.starts_with(&self.root) {
            return Err(SourceError::LeadsOut {
                path: path.to_owned(),
            });
        }
        let metadata = real.symlink_metadata().map_err(failed)?;
        Ok(if metadata.is_dir() {
            Some(At::Folder(real))
        } else if metadata.is_file() {
            Some(At::File(real))
        } else {
            None
        })
    }

    /// The file at `path`, of at most `limit` bytes. `None` if no file is there.
    ///
    /// Blocks.
    pub(crate) fn file(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
        let Some(At::File(real)) = self.at(path)? else {
            return Ok(None);
        };
        let mut data = Vec::new();
        File::open(real)
            .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut data))
            .map_err(|source| SourceError::Read {
                path: path.to_owned(),
                source,
            })?;
        if data.len() as u64 > limit {
            return Err(SourceError::TooLarge {
                path: path.to_owned(),
                limit,
            });
        }
        Ok(Some(data))
    }
}

impl Tree {
    /// The same error with paths from the root of the tree: where on this machine it lies is nobody's
    /// business, and another place each time.
    pub(crate) fn shown(&self, error: ReadDirectoryError) -> ReadDirectoryError {
        let inside = |path: PathBuf| match path.strip_prefix(&self.root) {
            Ok(inside) => Path::new("/").join(inside),
            Err(_) => path,
        };
        match error {
            ReadDirectoryError::Read { path, source } => ReadDirectoryError::Read {
                path: inside(path),
                source,
            },
            ReadDirectoryError::NoChartYaml { directory } => ReadDirectoryError::NoChartYaml {
                directory: inside(directory),
            },
            ReadDirectoryError::Refused { path, reason } => ReadDirectoryError::Refused {
                path: inside(path),
                reason,
            },
            error => error,
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

type Cell = OnceCell<Arc<Tree>>;
type Key = (Url, Digest);

/// Unpacked artifacts, each once for all who build from it at the same time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trees {
    cells: Arc<Mutex<HashMap<Key, Weak<Cell>>>>,
}

impl Trees {
    fn cell(&self, key: Key) -> Arc<Cell> {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        cells.retain(|_, cell| cell.strong_count() > 0);
        if let Some(cell) = cells.get(&key).and_then(Weak::upgrade) {
            return cell;
        }
        let cell = Arc::new(Cell::new());
        cells.insert(key, Arc::downgrade(&cell));
        cell
    }
}

/// A tree that is held. As long as it is, others who want the same one find it.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) tree: Arc<Tree>,
    _shared: Option<Arc<Cell>>,
}

impl Acquirer {
    /// The files of `source`, downloaded and unpacked if they are not at hand.
    pub(crate) async fn tree(&self, source: &Source) -> Result<Held, SourceError> {
        match &source.kind {
            Kind::Folder(folder) => {
                let root = folder.clone();
                let root = on_a_thread(move || root.canonicalize()).await;
                let root = root.map_err(SourceError::Interrupted)?;
                let root = root.map_err(|source| SourceError::Read {
                    path: folder.display().to_string(),
                    source,
                })?;
                let unpacked = None;
                Ok(Held {
                    tree: Arc::new(Tree { root, unpacked }),
                    _shared: None,
                })
            }
            Kind::Oci { registry, pin } => {
                let mut body = self.layer(registry, pin).await?;
                Ok(Held {
                    tree: Arc::new(self.unpacked(&mut body).await?),
                    _shared: None,
                })
            }
            Kind::Artifact { url, digest } => {
                let cell = self.trees.cell((url.clone(), digest.clone()));
                let tree = cell
                    .get_or_try_init(|| async {
                        let mut body = Body::from(self.charts.source(url, digest).await?);
                        self.unpacked(&mut body).await.map(Arc::new)
                    })
                    .await?;
                Ok(Held {
                    tree: Arc::clone(tree),
                    _shared: Some(Arc::clone(&cell)),
                })
            }
        }
    }

    /// The layer of an artifact that holds files.
    async fn layer(&self, registry: &Registry, pin: &Pin) -> Result<Body, SourceError> {
        let remote = registry.remote(registry.base()).await;
        let remote = remote.map_err(SourceError::Credential)?;
        let manifest = self.registry.manifest(&remote, pin).await?;
        let layer = manifest
            .layers()
            .iter()
            .find(|layer| is_tarball(layer.media_type()))
            .ok_or_else(|| SourceError::NoLayer {
                reference: registry.base().url(),
            })?;
        let limit = self.limits.fetch.max_source_bytes;
        Ok(self.registry.blob(&remote, layer, limit).await?.into())
    }

    /// Download the whole artifact, and only then, when it is known to be the right one, unpack it.
    async fn unpacked(&self, body: &mut Body) -> Result<Tree, SourceError> {
        let limits = self.limits.source;
        let scratch = self.scratch.clone();
        let archive = to_scratch(body).await??;
        let unpack = move || {
            let folder = match scratch {
                Some(scratch) => tempfile::Builder::new().prefix(PREFIX).tempdir_in(scratch),
                None => tempfile::Builder::new().prefix(PREFIX).tempdir(),
            };
            let folder = folder.map_err(SourceError::Scratch)?;
            let root = folder.path().canonicalize().map_err(SourceError::Scratch)?;
            unpack_source(BufReader::new(archive), &root, &limits)?;
            Ok(Tree {
                root,
                unpacked: Some(folder),
            })
        };
        on_a_thread(unpack)
            .await
            .map_err(SourceError::Interrupted)?
    }
}

/// Whether a layer is a gzipped tar archive, by what it is said to be.
fn is_tarball(media_type: &str) -> bool {
    media_type.ends_with("tar+gzip") || media_type.ends_with("tar.gzip")
}

/// Why the files of a source, or the chart among them, could not be had.
///
/// Exhaustive on purpose: whoever reports these to somebody decides about each.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The artifact could not be downloaded, or is not what its controller says that it is.
    #[error("failed to download the artifact of the source")]
    Fetch(#[from] FetchError),
    /// The credential for the registry could not be obtained.
    #[error("the credential for the registry could not be obtained")]
    Credential(#[source] CredentialError),
    /// The artifact in the registry has no layer that is a gzipped tar archive.
    #[error("{reference} has no layer that is a gzipped tar archive")]
    NoLayer {
        /// The repository, with `oci://`.
        reference: String,
    },
    /// The artifact could not be unpacked.
    #[error("artifact untar error")]
    Unpack(#[from] UnpackSourceError),
    /// There is no place to unpack it.
    #[error("there is no place to unpack the artifact of the source")]
    Scratch(#[source] io::Error),
    /// A path leads out of the source through a link.
    #[error("`{path}` links to something outside of the source")]
    LeadsOut {
        /// The path, from the root of the source.
        path: String,
    },
    /// Something in the source could not be read.
    #[error("`{path}` could not be read")]
    Read {
        /// The path, from the root of the source.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A file is larger than is allowed.
    #[error("size of '{path}' exceeds '{limit}' bytes limit")]
    TooLarge {
        /// The path, from the root of the source.
        path: String,
        /// The limit.
        limit: u64,
    },
    /// A task of ours did not end as it should.
    #[error("reading the source was interrupted")]
    Interrupted(#[source] JoinError),
}

impl From<ScratchError> for SourceError {
    fn from(error: ScratchError) -> Self {
        match error {
            ScratchError::Write(error) => Self::Scratch(error),
            ScratchError::Interrupted(error) => Self::Interrupted(error),
        }
    }
}
