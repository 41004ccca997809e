//! A store in a folder of its own, with a folder beside it that it must not touch.

use std::fs;
use std::path::{Path, PathBuf};

use portolan_reference::{Algorithm, Digest};
use portolan_store::{Artifact, ObjectKey, Options, PublishError, Record, Store};
use tempfile::TempDir;

pub(crate) const LINK: &str = "latest.tar.gz";

#[derive(Debug)]
pub(crate) struct Home {
    folder: TempDir,
    pub(crate) store: Store,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("root")).unwrap();
        let store = Store::open(&folder.path().join("root"), options).unwrap();
        Self { folder, store }
    }

    /// The same storage, opened by the next process.
    pub(crate) fn reopened(self) -> Self {
        let Self { folder, store } = self;
        let options = store.options().clone();
        drop(store);
        let store = Store::open(&folder.path().join("root"), options).unwrap();
        Self { folder, store }
    }

    /// Where something of the store is.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("root").join(path)
    }

    /// A folder outside the store, with a file in it.
    pub(crate) fn outside(&self) -> PathBuf {
        let outside = self.folder.path().join("outside");
        fs::create_dir_all(&outside).unwrap();
        fs::write(outside.join("precious"), b"precious").unwrap();
        outside
    }

    pub(crate) fn parent(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) async fn publish(&self, file: &str, bytes: &[u8]) -> Artifact {
        self.try_publish(file, bytes).await.unwrap()
    }

    pub(crate) async fn try_publish(
        &self,
        file: &str,
        bytes: &[u8],
    ) -> Result<Artifact, PublishError> {
        let mut staged = self.store.stage(&app()).await?;
        staged.write(bytes).await?;
        self.store
            .publish(staged, file, LINK, Record::default())
            .await
    }

    /// Every name below the root, sorted; links with their targets, `<root>` for the root.
    pub(crate) fn listing(&self) -> Vec<String> {
        let root = self.path("");
        let mut found = Vec::new();
        walk(&root, &mut |path| {
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            let target = fs::read_link(path).map(|target| target.display().to_string());
            let root = root.display().to_string();
            found.push(match target {
                Ok(target) => format!("{name} -> {}", target.replace(&root, "<root>/")),
                Err(_) => name,
            });
        });
        found.sort();
        found
    }

    /// As [`listing`](Self::listing), without the store's own folder and without folders.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = self.listing();
        files.retain(|name| !name.starts_with(".portolan") && !self.path(name).is_dir());
        files
    }

    /// How many files are staged.
    pub(crate) fn staged(&self) -> usize {
        fs::read_dir(self.path(".portolan/staging"))
            .unwrap()
            .count()
    }
}

fn walk(folder: &Path, each: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        each(&entry.path());
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), each);
        }
    }
}

pub(crate) fn app() -> ObjectKey {
    ObjectKey::new("HelmChart", "ns", "app").unwrap()
}

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    Digest::of(Algorithm::Sha256, bytes)
}
