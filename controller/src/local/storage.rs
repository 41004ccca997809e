//! Where artifacts are stored: a folder that somebody chose, or one of our own that goes with us.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::StartError;

#[derive(Debug)]
pub(super) enum Storage {
    Kept(PathBuf),
    Own(TempDir),
}

impl Storage {
    /// The folder for artifacts, which is there when this returns.
    ///
    /// # Errors
    ///
    /// If it cannot be made, or is inside `manifests`.
    pub(super) fn open(chosen: Option<&Path>, manifests: &Path) -> Result<Self, StartError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| StartError::Storage { path, source }
        };
        let Some(path) = chosen else {
            let own = tempfile::Builder::new().prefix("portolan-").tempdir();
            return Ok(Self::Own(own.map_err(failed(&std::env::temp_dir()))?));
        };
        // Before it is made: the manifests' folder is not to be written even for an instant.
        if is_inside(path, manifests).map_err(failed(path))? {
            return Err(StartError::StorageInside {
                path: path.to_owned(),
            });
        }
        fs::create_dir_all(path).map_err(failed(path))?;
        Ok(Self::Kept(path.to_owned()))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Own(folder) => folder.path(),
        }
    }

    /// Remove what is our own.
    pub(super) fn close(self) -> io::Result<()> {
        match self {
            Self::Kept(_) => Ok(()),
            Self::Own(folder) => folder.close(),
        }
    }
}

/// Whether `path`, which need not be there, is `folder` or below it.
fn is_inside(path: &Path, folder: &Path) -> io::Result<bool> {
    let folder = folder.canonicalize()?;
    let full = std::path::absolute(path)?;
    let existing = full.ancestors().find_map(|above| above.canonicalize().ok());
    Ok(existing.is_some_and(|above| above.starts_with(folder)))
}
