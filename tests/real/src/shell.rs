//! `portolan`, as somebody types it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::ours::ours;

/// `portolan` with these arguments, in a home that is `home`: what it printed.
///
/// # Errors
///
/// What it said when it failed.
pub fn portolan(
    home: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Result<String, String> {
    let (code, said) = portolan_exit(home, arguments);
    if code == 0 { Ok(said) } else { Err(said) }
}

/// The same with the exit code, and what it printed or, when it failed, said.
pub fn portolan_exit(
    home: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> (i32, String) {
    let output = Command::new(&ours().cli)
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("HELM_CONFIG_HOME", home.join("config"))
        .output()
        .expect("portolan runs");
    let code = output.status.code().expect("nobody kills it");
    let said = if output.status.success() {
        output.stdout
    } else {
        output.stderr
    };
    (code, String::from_utf8_lossy(&said).into_owned())
}
