//! A client of registries that is not the one that is tested.

use std::process::Command;

use crate::parts::{Part, part};

/// crane with these arguments: what it printed.
#[track_caller]
pub(crate) fn crane(arguments: &[&str]) -> String {
    let output = Command::new(part(Part::Crane)).args(arguments).output();
    let output = output.expect("crane runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "crane {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `host/repository@digest` for what has a tag, `host/repository:tag`, in a registry over plain HTTP.
#[track_caller]
pub fn pinned(tagged: &str) -> String {
    let digest = crane(&["digest", tagged]);
    let (repository, _) = tagged.rsplit_once(':').expect("a tag");
    format!("{repository}@{}", digest.trim())
}

/// Copy what is at one reference to another.
#[track_caller]
pub fn copy(from: &str, to: &str) {
    crane(&["copy", from, to]);
}
