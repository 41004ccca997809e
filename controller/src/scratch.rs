//! A folder for files that are needed for a moment.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use tracing::warn;

use crate::chain::chain;

/// What the folder is called, as in Flux.
const NAME: &str = "source-controller";
/// How long is spent on what earlier processes left behind. The rest waits for the next start.
const PATIENCE: Duration = Duration::from_mins(2);

/// A folder below the system's one for temporary files, for nobody else to read, and removed in the
/// end.
///
/// A process that is killed leaves it behind. The next one that wants it moves it out of its way, as
/// long as nobody alive holds it, and removes it in the background.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    /// Tells other processes that this one is alive.
    _held: File,
}

impl Scratch {
    /// Take the folder below `temporary`, or one with a name of its own if that one is taken, or is
    /// nothing that we may move.
    ///
    /// Blocks.
    ///
    /// # Errors
    ///
    /// If no folder can be made.
    pub(crate) fn open(temporary: &Path, now: SystemTime) -> io::Result<Self> {
        let path = temporary.join(NAME);
        let path = match set_aside(&path, now).and_then(|()| create(&path)) {
            Ok(()) => path,
            Err(error) => {
                warn!(
                    folder = %path.display(),
                    error = chain(&error),
                    "the folder for temporary files cannot be had, another one is made"
                );
                tempfile::Builder::new()
                    .prefix("source-controller-")
                    .tempdir_in(temporary)?
                    .keep()
            }
        };
        let held = File::open(&path)?;
        held.try_lock()?;
        Ok(Self { path, _held: held })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is found at the next start.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn create(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Give what an earlier process left at `path` another name. Links are not followed, and what
/// somebody alive holds is left alone.
fn set_aside(path: &Path, now: SystemTime) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    match File::open(path)?.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::ResourceBusy.into()),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let stale = format!("{}.stale-{}", path.display(), since.as_nanos());
    fs::rename(path, stale)
}

/// Remove what earlier processes left below `temporary`, for two minutes at most.
///
/// Blocks.
pub(crate) fn purge(temporary: &Path) {
    let begun = Instant::now();
    let Ok(entries) = fs::read_dir(temporary) else {
        return;
    };
    for entry in entries.flatten() {
        if begun.elapsed() > PATIENCE {
            return;
        }
        let name = entry.file_name();
        let is_stale = name
            .to_str()
            .and_then(|name| name.strip_prefix(NAME)?.strip_prefix(".stale-"))
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
        // The type of the entry itself: what a link leads to is not ours to remove.
        if !is_stale || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if let Err(error) = fs::remove_dir_all(entry.path()) {
            warn!(
                folder = %entry.path().display(),
                error = chain(&error),
                "what an earlier process left behind cannot be removed"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn it_is_for_nobody_else_and_goes_with_its_owner() {
        let temporary = tempfile::tempdir().unwrap();
        let scratch = Scratch::open(temporary.path(), UNIX_EPOCH).unwrap();
        let mode = fs::metadata(scratch.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        fs::write(scratch.path().join("x"), "x").unwrap();
        drop(scratch);
        assert!(names(temporary.path()).is_empty());
    }

    #[test]
    fn what_a_killed_process_left_is_set_aside_and_then_removed() {
        let temporary = tempfile::tempdir().unwrap();
        let left = temporary.path().join("source-controller/portolan-source-3");
        fs::create_dir_all(left).unwrap();
        for other in ["other-controller.stale-1", "source-controller.stale-x"] {
            fs::create_dir(temporary.path().join(other)).unwrap();
        }
        let now = UNIX_EPOCH + Duration::from_nanos(7);
        let scratch = Scratch::open(temporary.path(), now).unwrap();
        assert!(names(scratch.path()).is_empty());
        assert!(names(temporary.path()).contains(&"source-controller.stale-7".to_owned()));
        purge(temporary.path());
        assert_eq!(
            names(temporary.path()),
            [
                "other-controller.stale-1",
                "source-controller",
                "source-controller.stale-x"
            ]
        );
    }

    #[test]
    fn nobody_takes_the_folder_of_somebody_alive() {
        let temporary = tempfile::tempdir().unwrap();
        let first = Scratch::open(temporary.path(), UNIX_EPOCH).unwrap();
        let second = Scratch::open(temporary.path(), UNIX_EPOCH).unwrap();
        assert_ne!(first.path(), second.path());
        assert!(first.path().is_dir());
    }

    #[test]
    fn no_link_is_followed() {
        let temporary = tempfile::tempdir().unwrap();
        let precious = tempfile::tempdir().unwrap();
        fs::write(precious.path().join("x"), "x").unwrap();
        for name in ["source-controller", "source-controller.stale-1"] {
            symlink(precious.path(), temporary.path().join(name)).unwrap();
        }
        let scratch = Scratch::open(temporary.path(), UNIX_EPOCH).unwrap();
        assert_ne!(scratch.path(), temporary.path().join("source-controller"));
        purge(temporary.path());
        drop(scratch);
        assert_eq!(names(precious.path()), ["x"]);
    }
}
