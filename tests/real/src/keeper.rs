//! Whoever cleans up after this process, however it ends.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

static KEEPER: LazyLock<Keeper> = LazyLock::new(Keeper::start);

/// A shell that outlives this process by the moment it takes to end the processes and remove the
/// folder that were left behind.
struct Keeper {
    folder: PathBuf,
    shell: Mutex<Child>,
}

impl Keeper {
    fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("portolan-real-")
            .tempdir()
            .expect("a folder for temporary files")
            .keep();
        let shell = Command::new("sh")
            .args(["-c", include_str!("keeper.sh"), "keeper"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Not reached by the Ctrl-C that ends this process.
            .process_group(0)
            .spawn()
            .expect("a shell");
        Self {
            folder,
            shell: Mutex::new(shell),
        }
    }

    fn tell(&self, word: &str, group: u32) {
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        let told = shell.stdin.as_mut().expect("its input is a pipe");
        // One write per line, so that a line is told whole or not at all.
        told.write_all(format!("{word} {group}\n").as_bytes())
            .expect("the keeper listens as long as this process lives");
    }
}

/// The folder that everything of this process is in, removed when this process has ended.
pub fn temporary() -> &'static Path {
    &KEEPER.folder
}

/// From now on the process group is ended with this process.
pub(crate) fn begun(group: u32) {
    KEEPER.tell("begun", group);
}

/// The process group has ended; its number may be given to others.
pub(crate) fn ended(group: u32) {
    KEEPER.tell("ended", group);
}
