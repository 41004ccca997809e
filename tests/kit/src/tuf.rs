//! A repository of The Update Framework.

mod canonical;
mod keeper;
mod key;
mod lie;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use self::keeper::Keeper;
pub use self::lie::{TufLie, TufRole};
use crate::web::WebServer;

/// A repository of [The Update Framework] on 127.0.0.1, with keys that nobody has had before: two for each
/// role, and both have to sign. Snapshots are consistent, as those of Sigstore's repositories are.
///
/// Honest until it is told a [`TufLie`] about what it signs. For lies about how that is sent there is
/// [`web`](Self::web). Stops when it is dropped.
///
/// [The Update Framework]: https://theupdateframework.github.io/specification/v1.0.33/
#[derive(Debug)]
pub struct TufServer {
    web: WebServer,
    keeper: Mutex<Keeper>,
}

/// All files that a [`TufServer`] had at some time.
#[derive(Debug, Clone)]
pub struct TufMemory(BTreeMap<String, Vec<u8>>);

impl TufMemory {
    /// The file with this path.
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.0.get(path).cloned()
    }

    /// The paths that begin like this, in the order of the alphabet.
    pub fn paths(&self, beginning: &str) -> Vec<String> {
        let paths = self.0.keys().filter(|path| path.starts_with(beginning));
        paths.cloned().collect()
    }

    /// Those of them that were not there in an earlier memory.
    pub fn paths_since(&self, earlier: &Self, beginning: &str) -> Vec<String> {
        let mut paths = self.paths(beginning);
        paths.retain(|path| !earlier.0.contains_key(path));
        paths
    }
}

impl TufServer {
    /// Start it with nothing to offer, and wait until it accepts connections.
    #[expect(
        clippy::unused_async,
        reason = "as with the registry, starting may once take time"
    )]
    pub async fn start() -> Self {
        Self::start_blocking()
    }

    /// [`start`](Self::start) for who is not async.
    pub fn start_blocking() -> Self {
        let this = Self {
            web: WebServer::start_blocking(),
            keeper: Mutex::new(Keeper::new()),
        };
        this.keep(|keeper| {
            keeper.write_root();
            keeper.write_all();
        });
        this
    }

    /// Where it is: `http://127.0.0.1:40001/`.
    pub fn url(&self) -> String {
        self.web.url("/")
    }

    /// The first root metadata, which clients are built with.
    pub fn first_root(&self) -> Vec<u8> {
        self.keep(|keeper| keeper.files["/1.root.json"].clone())
    }

    /// Offer this file under this name from now on, in new versions of everything but the root.
    pub fn publish(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        let (name, bytes) = (name.to_owned(), bytes.into());
        self.keep(|keeper| {
            keeper.targets.insert(name, bytes);
            keeper.write_all();
        });
    }

    /// Say again that what is there is the latest: a new timestamp.
    pub fn renew(&self) {
        self.keep(Keeper::write_timestamp);
    }

    /// Replace every key by another one, in a new root that the old keys sign too, and sign everything
    /// with the new ones.
    pub fn rotate(&self) {
        self.keep(|keeper| {
            keeper.rotate();
            keeper.write_all();
        });
    }

    /// Let what is signed from now on last until then: `2040-01-01T00:00:00Z`.
    pub fn last_until(&self, time: &str) {
        self.keep(|keeper| time.clone_into(&mut keeper.expires));
    }

    /// Pin the hashes and lengths of metadata too from now on. Sigstore pins versions alone.
    pub fn pin_hashes(&self) {
        self.keep(|keeper| keeper.pins_hashes = true);
    }

    /// Tell this lie in whatever is signed from now on. What the root says of other roles, it says from
    /// the next [`rotate`](Self::rotate) on.
    pub fn tell(&self, lie: TufLie) {
        self.keep(|keeper| keeper.lies.push(lie));
    }

    /// Tell no more lies in what is signed from now on.
    pub fn be_honest(&self) {
        self.keep(|keeper| keeper.lies.clear());
        self.web.be_honest();
    }

    /// What there is now.
    pub fn remember(&self) -> TufMemory {
        self.keep(|keeper| TufMemory(keeper.files.clone()))
    }

    /// Serve what there was, and nothing that came later, until something is signed again.
    pub fn go_back_to(&self, memory: &TufMemory) {
        self.keep(|keeper| memory.0.clone_into(&mut keeper.files));
    }

    /// The server of the files: `/timestamp.json`, `/2.root.json`.
    pub fn web(&self) -> &WebServer {
        &self.web
    }

    /// The paths of the files asked for since the last time, in order.
    pub fn asked(&self) -> Vec<String> {
        let asked = self.web.requests();
        self.web.forget_requests();
        asked.into_iter().map(|seen| seen.path).collect()
    }

    /// Do something, and serve what there is afterwards.
    fn keep<T>(&self, act: impl FnOnce(&mut Keeper) -> T) -> T {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let before = keeper.files.clone();
        let answer = act(&mut keeper);
        for path in before
            .keys()
            .filter(|path| !keeper.files.contains_key(*path))
        {
            self.web.remove(path);
        }
        for (path, bytes) in &keeper.files {
            if before.get(path) != Some(bytes) {
                self.web.put(path, "application/json", bytes.clone());
            }
        }
        answer
    }
}
