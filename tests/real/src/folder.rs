//! Folders that go away.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::keeper;

/// A new folder, removed when it is dropped, and at the latest when the process has ended.
#[derive(Debug)]
pub struct Folder(TempDir);

impl Folder {
    /// A new folder whose name begins with `name`.
    #[track_caller]
    pub fn new(name: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir_in(keeper::temporary())
            .expect("a folder for temporary files");
        Self(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file or folder in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Write a file, with the folders above it.
    #[track_caller]
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        let above = path.parent().expect("a file in a folder");
        fs::create_dir_all(above).expect("a folder");
        fs::write(&path, content).expect("a file");
        path
    }

    /// Copy all files of another folder into this one.
    #[track_caller]
    pub fn fill_from(&self, other: &Path) {
        for (name, content) in files(other) {
            self.write(&name, content);
        }
    }
}

/// Every file below a folder: its path below it, and its content.
#[track_caller]
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is below the folder");
                let content = fs::read(&path).expect("a file");
                found.insert(name.display().to_string(), content);
            }
        }
    }
    found
}
