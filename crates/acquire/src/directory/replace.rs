//! The archives in a `charts/` folder.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use portolan_chart::read_metadata;
use tempfile::NamedTempFile;

use super::{Archives, DirectoryError, Step};
use crate::Limits;
use crate::pull::keep;

/// Whoever put a link there decides where we would write.
pub(super) fn refuse_link(path: &Path) -> Result<(), DirectoryError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(DirectoryError::Link {
            path: path.to_owned(),
        }),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(DirectoryError::file(path, source)),
    }
}

/// Whether a file of this name is a chart archive to Helm, which looks at nothing but small letters.
pub(super) fn is_archive(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end == "tgz")
}

/// Put `archives` into the folder `charts`, and remove all other archives of charts but of those that
/// are called as one of `kept`.
pub(super) fn replace(
    charts: &Path,
    archives: Archives,
    kept: &BTreeSet<String>,
    limits: &Limits,
) -> Result<Vec<Step>, DirectoryError> {
    if archives.is_empty() && !charts.exists() {
        return Ok(Vec::new());
    }
    fs::create_dir_all(charts).map_err(|source| DirectoryError::file(charts, source))?;
    // All of them on disk before one of them has its name.
    let mut staged = Vec::new();
    for (name, (archive, taken)) in archives {
        let path = charts.join(&name);
        let file = NamedTempFile::new_in(charts).and_then(|mut file| {
            file.write_all(&archive)?;
            Ok(file)
        });
        let file = file.map_err(|source| DirectoryError::file(&path, source))?;
        staged.push((name, path, file, taken));
    }
    let mut steps = Vec::new();
    let mut wanted = BTreeSet::new();
    for (name, path, file, taken) in staged {
        keep(file, &path).map_err(|source| DirectoryError::file(&path, source))?;
        wanted.insert(name.clone());
        steps.push(Step::Saved { file: name, taken });
    }
    let entries = fs::read_dir(charts).map_err(|source| DirectoryError::file(charts, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| DirectoryError::file(charts, source))?;
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let is_file = is_archive(&name) && entry.file_type().is_ok_and(|it| it.is_file());
        if !is_file || wanted.contains(&name) {
            continue;
        }
        let read = fs::File::open(&path)
            .ok()
            .and_then(|file| read_metadata(io::BufReader::new(file), &limits.chart).ok());
        if read.is_some_and(|metadata| !kept.contains(&metadata.name)) {
            fs::remove_file(&path).map_err(|source| DirectoryError::file(&path, source))?;
            steps.push(Step::Removed { file: name });
        }
    }
    Ok(steps)
}
