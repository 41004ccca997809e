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
    let output = Command::new(&ours().cli)
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("HELM_CONFIG_HOME", home.join("config"))
        .output()
        .expect("portolan runs");
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
