//! What was verified before: in memory, and in a folder if there is one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sigstore_tuf::{MetadataStore, Result};
use tempfile::NamedTempFile;

use super::mirror::has_no_key_twice;

/// What is looked for in a repository.
pub(super) const TARGET: &str = "trusted_root.json";
/// The files that a later run wants to know, besides the roots. The timestamp is written last, as it
/// says that the others are there.
const NAMES: [&str; 4] = [
    "targets/trusted_root.json",
    "targets.json",
    "snapshot.json",
    "timestamp.json",
];
/// As much as is fetched of the largest.
const MAX_FILE_BYTES: u64 = 5_000_000;
/// At the pace of Sigstore's, some three hundred years.
const MAX_ROOTS: u64 = 1024;

/// Files by name. Whoever reads them verifies them again.
#[derive(Debug, Default)]
pub(super) struct Kept {
    folder: Option<PathBuf>,
    files: Mutex<Files>,
}

#[derive(Debug, Default)]
struct Files {
    loaded: bool,
    known: BTreeMap<String, Vec<u8>>,
    unsaved: BTreeSet<String>,
}

impl Kept {
    /// In `folder` too.
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self {
            folder: Some(folder),
            files: Mutex::default(),
        }
    }

    /// Read what an earlier run left, once: the roots after version `root`, and what they lead to.
    pub(super) async fn load(self: &Arc<Self>, root: u64) {
        let Some(folder) = self.folder.clone() else {
            return;
        };
        if self.files().loaded {
            return;
        }
        let found = tokio::task::spawn_blocking(move || read_all(&folder, root)).await;
        let mut files = self.files();
        files.loaded = true;
        for (name, bytes) in found.unwrap_or_default() {
            files.known.entry(name).or_insert(bytes);
        }
    }

    /// Write what is new. What cannot be written is tried again the next time.
    pub(super) async fn save(self: &Arc<Self>) {
        let this = Arc::clone(self);
        // It does nothing that panics, and if it did, the next run would fetch again what is missing.
        let _ = tokio::task::spawn_blocking(move || this.write_all()).await;
    }

    fn write_all(&self) {
        let Some(folder) = &self.folder else {
            return;
        };
        let unsaved = std::mem::take(&mut self.files().unsaved);
        let names = unsaved.iter().map(String::as_str);
        let roots = names.filter(|name| !NAMES.contains(name));
        for name in roots.chain(NAMES.into_iter().filter(|name| unsaved.contains(*name))) {
            let bytes = self.files().known.get(name).cloned();
            if bytes.is_some_and(|bytes| write(&folder.join(name), &bytes).is_err()) {
                self.files().unsaved.insert(name.to_owned());
            }
        }
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MetadataStore for Kept {
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.files().known.get(name).cloned())
    }

    fn store(&self, name: &str, bytes: &[u8]) -> Result<()> {
        if !NAMES.contains(&name) && !name.starts_with("root_history/") {
            return Ok(());
        }
        let mut files = self.files();
        if files.known.get(name).is_none_or(|known| known != bytes) {
            files.known.insert(name.to_owned(), bytes.to_vec());
            files.unsaved.insert(name.to_owned());
        }
        Ok(())
    }
}

fn read_all(folder: &Path, root: u64) -> BTreeMap<String, Vec<u8>> {
    let after = (1..=MAX_ROOTS).map(|step| root.saturating_add(step));
    let roots = after.map(|version| format!("root_history/{version}.root.json"));
    let roots = roots.map_while(|name| {
        let root = read(&folder.join(&name))?;
        has_no_key_twice(&root).ok().map(|()| (root, name))
    });
    let others = NAMES.into_iter();
    let others = others.filter_map(|name| Some((read(&folder.join(name))?, name.to_owned())));
    let found = roots.chain(others);
    found.map(|(bytes, name)| (name, bytes)).collect()
}

/// The file, if it is one, can be read, and is not larger than it can be. A pipe would keep us waiting.
fn read(path: &Path) -> Option<Vec<u8>> {
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let mut file = File::open(path).ok()?.take(MAX_FILE_BYTES + 1);
    file.read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= MAX_FILE_BYTES).then_some(bytes)
}

/// Let `path` be `bytes`, for whoever reads it all or nothing of them.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
