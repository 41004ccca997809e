//! Chart archives as folders.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::{Chart, Limits, ReadChartError, read_chart};

/// Unpack the chart in `archive` to the folder `destination/<name of the chart>`.
///
/// `destination` is made if it is not there. The chart's folder must not be there. Every file and
/// folder below it is made anew, so that a link which somebody puts there meanwhile is not
/// followed.
///
/// The archive is read to its end and found good before anything is written, as by [`read_chart`].
/// Files are written with the process's default mode, whatever the archive says.
///
/// # Errors
///
/// If the archive is not accepted, the chart's folder exists or writing fails. What had been
/// written is removed again: afterwards there is no folder of the chart, but for one that was
/// there before.
pub fn unpack(archive: impl Read, destination: &Path, limits: &Limits) -> Result<(), UnpackError> {
    let chart = read_chart(archive, limits).map_err(UnpackError::Chart)?;
    fs::create_dir_all(destination).map_err(|source| UnpackError::Write {
        path: destination.to_owned(),
        source,
    })?;
    let folder = destination.join(&chart.metadata().name);
    match fs::create_dir(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(UnpackError::Exists { path: folder });
        }
        Err(source) => {
            return Err(UnpackError::Write {
                path: folder,
                source,
            });
        }
    }
    write_files(&chart, &folder).inspect_err(|_| {
        // The first error is the one to tell. This does not follow links either.
        let _ = fs::remove_dir_all(&folder);
    })
}

fn write_files(chart: &Chart, folder: &Path) -> Result<(), UnpackError> {
    let mut made = HashSet::new();
    for (path, data) in chart.files() {
        for (end, _) in path.match_indices('/') {
            if made.insert(&path[..end]) {
                make_folder(&folder.join(&path[..end]))?;
            }
        }
        write_file(&folder.join(path), data)?;
    }
    Ok(())
}

/// Make a folder that is not there: never one that somebody else made, which could be a link.
fn make_folder(path: &Path) -> Result<(), UnpackError> {
    fs::create_dir(path).map_err(|source| UnpackError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Write a file that is not there.
fn write_file(path: &Path, data: &[u8]) -> Result<(), UnpackError> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(data)
    };
    write().map_err(|source| UnpackError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Why an archive was not unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// The archive is not a chart. Nothing was written.
    #[error("the archive cannot be unpacked")]
    Chart(#[source] ReadChartError),
    /// There is something already where the chart's folder would be. It was not touched.
    #[error("`{}` exists already: remove it, or unpack to another directory", path.display())]
    Exists {
        /// What exists.
        path: PathBuf,
    },
    /// A file or folder could not be written.
    #[error("`{}` could not be written", path.display())]
    Write {
        /// What could not be written.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::ChartMetadata;

    /// Somebody put `link` where `path` will be, between the making of the folder and the writing.
    #[track_caller]
    fn check_link_is_not_followed(path: &str, link: &str) {
        let here = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let target = elsewhere.path().join("target");
        if link == path {
            fs::write(&target, "mine").unwrap();
        } else {
            fs::create_dir(&target).unwrap();
        }
        symlink(&target, here.path().join(link)).unwrap();
        let chart = Chart {
            metadata: ChartMetadata::parse(b"name: app\nversion: 1.0.0").unwrap(),
            files: [(path.to_owned(), b"theirs".to_vec())].into(),
            depth: 0,
        };
        let error = write_files(&chart, here.path()).unwrap_err();
        assert!(matches!(error, UnpackError::Write { .. }), "{error}");
        if link == path {
            assert_eq!(fs::read(&target).unwrap(), b"mine");
        } else {
            assert_eq!(target.read_dir().unwrap().count(), 0);
        }
    }

    #[test]
    fn a_link_that_appears_meanwhile_is_not_followed() {
        check_link_is_not_followed("values.yaml", "values.yaml");
        check_link_is_not_followed("templates/a.yaml", "templates");
    }
}
