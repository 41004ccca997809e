//! Folders that go away.

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
}
