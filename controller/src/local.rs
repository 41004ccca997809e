//! The controller over a folder of manifests, without a cluster.

mod assembly;
mod command;
mod follow;
mod given;
mod lines;
mod observed;
mod once;
mod pack;
mod screen;
mod source;
mod storage;
mod table;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use portolan_auth::BuildTransportError;
use portolan_store::{
    InvalidAddressError, InvalidKeyError, OpenStoreError, PublishError, StageError,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::Url;

use crate::cluster::{Folder, Follower, Problem};
use crate::trust_root::ReadTrustRootError;

pub(crate) use self::command::local;
pub use self::observed::{Observed, State};
pub use self::source::{LocalSource, ParseSourceError};
use self::storage::Storage;
pub use self::table::Table;

/// How often files are looked at. A change counts when it has been seen twice.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What may be chosen about a [`Local`]. `Default` stores artifacts in a folder that is removed at
/// the end, and serves them on a free port of 127.0.0.1.
#[derive(Debug, Clone)]
pub struct LocalOptions {
    /// Where artifacts are stored; made if it is not there, and kept. `None` means a folder of its
    /// own that goes with the [`Local`].
    pub storage_path: Option<PathBuf>,
    /// Where artifacts are served: `HOST:PORT`, port 0 for one that is free.
    pub storage_addr: String,
    /// Under which address others find them. `None` means the one they are served at.
    pub storage_adv_addr: Option<String>,
    /// From where the tokens of a registry may come, where it is to be narrowed down.
    pub token_realms: Vec<(String, Url)>,
    /// Whether files are followed after they were read.
    pub follow: bool,
    /// What stands in for a `GitRepository` or a `Bucket`. Of two for the same object the last one
    /// counts.
    pub sources: Vec<LocalSource>,
    /// Whether a chart is refused whose bytes do not have the digest that the index of its repository
    /// promises, or of which it promises none.
    pub require_index_digest: bool,
    /// Which authorities and logs are believed where a chart names who may sign: a `trusted_root.json`.
    /// `None` means the public Sigstore instance.
    pub trusted_root: Option<PathBuf>,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            storage_path: None,
            storage_addr: "127.0.0.1:0".to_owned(),
            storage_adv_addr: None,
            token_realms: Vec::new(),
            follow: true,
            sources: Vec::new(),
            require_index_digest: false,
            trusted_root: None,
        }
    }
}

/// The controller at work over a folder.
///
/// It does what `portolan-controller run` does in a cluster, with the folder in place of the API
/// server: objects and Secrets are what the files say, status lives in memory, and artifacts are
/// served over HTTP. The folder is never written.
///
/// Ends when it is dropped; [`stop`](Self::stop) lets work that is under way come to its end.
#[derive(Debug)]
pub struct Local {
    folder: Folder,
    changes: watch::Receiver<u64>,
    served_at: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    storage: Storage,
}

impl Local {
    /// Read `folder` and begin to work.
    ///
    /// # Errors
    ///
    /// If the folder cannot be listed, or artifacts can be neither stored nor served. Nothing runs
    /// then. Files that cannot be read are no error but [`problems`](Self::problems).
    pub async fn start(folder: &Path, options: LocalOptions) -> Result<Self, StartError> {
        assembly::start(folder, options).await
    }

    /// Every `HelmChart` and `HelmRepository`, and how it is now, in the order of their names.
    pub fn objects(&self) -> Vec<Observed> {
        observed::all(&self.folder)
    }

    /// What is wrong with the files, each with the place it is at. The objects concerned stay what
    /// they were before, or are not there at all.
    pub fn problems(&self) -> Vec<String> {
        self.folder
            .problems()
            .iter()
            .map(Problem::to_string)
            .collect()
    }

    /// How many objects in the files are other kinds, which are left alone.
    pub fn others(&self) -> usize {
        self.folder.others()
    }

    /// Where artifacts are served: `http://127.0.0.1:40123/`.
    pub fn url(&self) -> String {
        format!("http://{}/", self.served_at)
    }

    /// Where artifacts are stored.
    pub fn storage_path(&self) -> &Path {
        self.storage.path()
    }

    /// Wait until an object or a problem is not what it was when this was last awaited.
    ///
    /// # Cancel safety
    ///
    /// Nothing is missed.
    pub async fn changed(&mut self) {
        // The sender lives as long as the folder.
        let _ = self.changes.changed().await;
    }

    /// Wait until every object is [settled](State::is_settled), at most for `timeout`. Returns
    /// whether they are.
    pub async fn settled(&mut self, timeout: Duration) -> bool {
        let settled = async {
            while !self.is_settled() {
                self.changed().await;
            }
        };
        tokio::time::timeout(timeout, settled).await.is_ok()
    }

    fn is_settled(&self) -> bool {
        observed::is_settled(&self.folder)
    }

    /// Begin nothing new, give what is under way 8 seconds, and remove the storage if it was a
    /// folder of our own.
    ///
    /// # Errors
    ///
    /// If that folder could not be removed.
    pub async fn stop(mut self) -> io::Result<()> {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
        self.storage.close()
    }

    /// The same, and drop what is under way: nothing of it has been published.
    ///
    /// # Errors
    ///
    /// As [`stop`](Self::stop).
    pub async fn abandon(mut self) -> io::Result<()> {
        self.tasks.shutdown().await;
        self.storage.close()
    }
}

/// Why a [`Local`] did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The manifests cannot be had.
    #[error("cannot read the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no place for artifacts.
    #[error("cannot store artifacts in {}", path.display())]
    Storage {
        /// The folder for artifacts.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Artifacts would end up among the manifests, which are never written.
    #[error("cannot store artifacts in {}, which is inside the folder of manifests", path.display())]
    StorageInside {
        /// The folder for artifacts.
        path: PathBuf,
    },
    /// The store did not open.
    #[error("cannot open the storage")]
    Store(#[from] OpenStoreError),
    /// Nothing can be served at the address.
    #[error("cannot serve artifacts at {address}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The advertised address is none.
    #[error("cannot advertise artifacts")]
    Address(#[from] InvalidAddressError),
    /// What stands in for a source cannot be had.
    #[error("cannot take {} for {named}", path.display())]
    Source {
        /// Which source: `GitRepository default/fleet`.
        named: String,
        /// The folder or archive.
        path: PathBuf,
        /// Why.
        source: Box<SourceError>,
    },
    /// There is nobody to believe.
    #[error("there is no trust root for signatures")]
    TrustRoot(#[from] ReadTrustRootError),
    /// There is no way to speak to registries.
    #[error("cannot speak to registries")]
    Transport(#[from] BuildTransportError),
}

/// Why a folder or archive could not stand in for a source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It could not be read, or it holds more than a source may.
    #[error("it cannot be read")]
    Read(#[source] io::Error),
    /// The source has a name that no object can have.
    #[error(transparent)]
    Name(#[from] InvalidKeyError),
    /// It could not be written to the storage.
    #[error("it cannot be stored")]
    Stage(#[from] StageError),
    /// It could not be published.
    #[error("it cannot be published")]
    Publish(#[from] PublishError),
}
