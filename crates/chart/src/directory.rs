//! Chart directories.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::archive::{Budget, packed_name, without_byte_order_mark};
use crate::contents::{Files, Judged, judge, metadata_of};
use crate::ignore::{RuleError, Rules};
use crate::yaml::is_json;
use crate::{Chart, ChartMetadata, Excess, Limits, ReadChartError};

/// Read the chart in the folder `directory`, without what its `.helmignore` leaves out.
///
/// Files are found as Helm finds them. A link to a file or folder inside of `directory` counts as
/// what it points to.
///
/// # Deviation
///
/// Helm follows links anywhere. Here a link out of the chart is an error: it would put
/// files into the package that nobody sees in the chart.
///
/// # Errors
///
/// If the folder is not a chart that Helm accepts, or something in it is neither left out nor a
/// file, a folder, or a link to one inside, or a limit is met. See [`ReadDirectoryError`].
pub fn read_directory(directory: &Path, limits: &Limits) -> Result<Chart, ReadDirectoryError> {
    let root = fs::canonicalize(directory).map_err(|source| cannot_read(directory, source))?;
    let mut walk = Walk {
        rules: rules(&root, limits)?,
        files: Files::new(),
        budget: Budget::new(limits),
        within: vec![root.clone()],
        root,
    };
    walk.folder(&walk.root.clone(), "")?;
    let Walk {
        files, mut budget, ..
    } = walk;
    let Judged { metadata, depth } =
        judge(&files, &mut budget).map_err(|error| of_directory(error, directory))?;
    if let Some(path) = files
        .keys()
        .find(|path| packed_name(&metadata.name, path).is_none())
    {
        return Err(FileProblem::NotPackable.of(&directory.join(path)));
    }
    // Helm loads such a chart and refuses to package it.
    match files.get("values.schema.json") {
        Some(schema) if !is_json(schema) => Err(ReadDirectoryError::SchemaNotJson),
        _ => Ok(Chart {
            metadata,
            files,
            depth,
        }),
    }
}

/// Read what the chart in the folder `directory` says about itself, and nothing else.
///
/// That is in `Chart.yaml`, and for `apiVersion: v1` in `requirements.yaml` too. What else is in the
/// folder has not been looked at: [`read_directory`] does that.
///
/// # Errors
///
/// If one of these files is not there, not accepted, larger than
/// [`max_file_bytes`](Limits::max_file_bytes) or a link to something outside of the folder.
pub fn read_directory_metadata(
    directory: &Path,
    limits: &Limits,
) -> Result<ChartMetadata, ReadDirectoryError> {
    let root = fs::canonicalize(directory).map_err(|source| cannot_read(directory, source))?;
    let mut files = Files::new();
    for name in ["Chart.yaml", "requirements.yaml"] {
        let at = root.join(name);
        let resolved = match Resolved::at(&at) {
            Ok(resolved) => resolved,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(cannot_read(&at, source)),
        };
        let data = resolved.read(&at, &root, limits).map_err(of_metadata)?;
        files.insert(name.to_owned(), without_byte_order_mark(data));
    }
    metadata_of(&files).map_err(|error| of_directory(error, directory))
}

/// While only metadata is read, Flux has other words for what is too large.
fn of_metadata(error: ReadDirectoryError) -> ReadDirectoryError {
    match error {
        ReadDirectoryError::FileTooLarge { file, limit, .. } => {
            ReadDirectoryError::TooLarge(Excess::FileBytes { file, limit })
        }
        error => error,
    }
}

fn of_directory(error: ReadChartError, directory: &Path) -> ReadDirectoryError {
    match error {
        ReadChartError::NoChartYaml => ReadDirectoryError::NoChartYaml {
            directory: directory.to_owned(),
        },
        error => error.into(),
    }
}

/// What `.helmignore` says, if there is one.
fn rules(root: &Path, limits: &Limits) -> Result<Rules, ReadDirectoryError> {
    let at = root.join(".helmignore");
    let text = match Resolved::at(&at) {
        Ok(resolved) => resolved.read(&at, root, limits)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(cannot_read(&at, source)),
    };
    Rules::parse(&String::from_utf8_lossy(&text))
        .map_err(|error| ReadDirectoryError::Ignore(IgnoreError(error)))
}

/// A walk through a chart's folder.
struct Walk {
    /// Without links in it.
    root: PathBuf,
    rules: Rules,
    files: Files,
    budget: Budget,
    /// The folders that the walk is in, outermost first, without links in them.
    within: Vec<PathBuf>,
}

impl Walk {
    /// Read what is in `folder`, which is at `path` in the chart.
    fn folder(&mut self, folder: &Path, path: &str) -> Result<(), ReadDirectoryError> {
        let entries = fs::read_dir(folder).map_err(|source| cannot_read(folder, source))?;
        for entry in entries {
            let entry = entry.map_err(|source| cannot_read(folder, source))?;
            self.budget.take_entry()?;
            let at = entry.path();
            let Ok(name) = entry.file_name().into_string() else {
                return Err(FileProblem::NotUtf8.of(&at));
            };
            match path {
                "" => self.entry(&at, name)?,
                path => self.entry(&at, format!("{path}/{name}"))?,
            }
        }
        Ok(())
    }

    /// Read what is at `at`, which is at `path` in the chart.
    fn entry(&mut self, at: &Path, path: String) -> Result<(), ReadDirectoryError> {
        let resolved = Resolved::at(at);
        let is_directory = resolved.as_ref().is_ok_and(|it| it.metadata.is_dir());
        // Before any error: what is left out may be anything.
        if self.rules.ignore(&path, is_directory) {
            return Ok(());
        }
        let resolved = resolved.map_err(|source| cannot_read(at, source))?;
        if !is_directory {
            let data = resolved.read(at, &self.root, self.budget.limits())?;
            self.budget.take_bytes(data.len() as u64)?;
            self.files.insert(path, without_byte_order_mark(data));
            return Ok(());
        }
        resolved.check_inside(at, &self.root)?;
        if self.within.contains(&resolved.real) {
            return Err(FileProblem::Loop.of(at));
        }
        self.within.push(resolved.real.clone());
        self.folder(&resolved.real, &path)?;
        self.within.pop();
        Ok(())
    }
}

/// Something on disk, links to it followed.
struct Resolved {
    /// Where it really is.
    real: PathBuf,
    metadata: Metadata,
}

impl Resolved {
    /// What is at `at`, the parent of which has no links in it.
    fn at(at: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(at)?;
        if !metadata.is_symlink() {
            return Ok(Self {
                real: at.to_owned(),
                metadata,
            });
        }
        let real = fs::canonicalize(at)?;
        let metadata = fs::symlink_metadata(&real)?;
        Ok(Self { real, metadata })
    }

    fn check_inside(&self, at: &Path, root: &Path) -> Result<(), ReadDirectoryError> {
        if self.real.starts_with(root) {
            return Ok(());
        }
        Err(FileProblem::LeadsOut.of(at))
    }

    /// Its content, if it is a file inside of `root`.
    fn read(&self, at: &Path, root: &Path, limits: &Limits) -> Result<Vec<u8>, ReadDirectoryError> {
        self.check_inside(at, root)?;
        // Opening a pipe would wait for somebody to write to it, a device may never end.
        if !self.metadata.is_file() {
            return Err(FileProblem::NotAFile.of(at));
        }
        let limit = limits.max_file_bytes;
        let mut data = Vec::new();
        File::open(&self.real)
            .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut data))
            .map_err(|source| cannot_read(at, source))?;
        if data.len() as u64 > limit {
            let file = at.strip_prefix(root).unwrap_or(at);
            return Err(ReadDirectoryError::FileTooLarge {
                file: file.display().to_string(),
                // It may have grown since it was looked at.
                bytes: self.metadata.len().max(data.len() as u64),
                limit,
            });
        }
        Ok(data)
    }
}

fn cannot_read(path: &Path, source: io::Error) -> ReadDirectoryError {
    ReadDirectoryError::Read {
        path: path.to_owned(),
        source,
    }
}

/// Why a folder was not accepted as a chart.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadDirectoryError {
    /// Something in the folder could not be read.
    #[error("`{}` could not be read", path.display())]
    Read {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder is no chart, or its `.helmignore` leaves `Chart.yaml` out.
    #[error("{}/Chart.yaml: no such file or directory", directory.display())]
    NoChartYaml {
        /// The folder.
        directory: PathBuf,
    },
    /// Something in the folder cannot be part of a chart.
    #[error("`{}` {reason}; remove it, or name it in .helmignore", path.display())]
    Refused {
        /// What.
        path: PathBuf,
        /// Why.
        reason: FileProblem,
    },
    /// A file is larger than is allowed.
    #[error(
        "cannot load file {} as file size ({bytes}) exceeds limit ({limit})",
        file.escape_debug()
    )]
    FileTooLarge {
        /// The file, by its path below the folder.
        file: String,
        /// How large it is, in bytes.
        bytes: u64,
        /// The limit, [`max_file_bytes`](Limits::max_file_bytes).
        limit: u64,
    },
    /// Something else is larger than is allowed.
    #[error(transparent)]
    TooLarge(#[from] Excess),
    /// The `.helmignore` file cannot be used.
    #[error("the .helmignore file is invalid")]
    Ignore(#[source] IgnoreError),
    /// `values.schema.json` is not JSON.
    #[error("values.schema.json is not JSON")]
    SchemaNotJson,
    /// The files are not a chart that Helm would load.
    #[error(transparent)]
    Chart(ReadChartError),
}

impl From<ReadChartError> for ReadDirectoryError {
    fn from(error: ReadChartError) -> Self {
        match error {
            ReadChartError::TooLarge(excess) => Self::TooLarge(excess),
            error => Self::Chart(error),
        }
    }
}

/// What is wrong with something in a chart's folder, for whoever put it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// A link to something outside of the chart.
    #[error("links to something outside of the chart")]
    LeadsOut,
    /// A link to a folder that it is in itself.
    #[error("links to a folder that it is in")]
    Loop,
    /// A device, a pipe, a socket.
    #[error("is neither a file nor a folder")]
    NotAFile,
    /// A name in which Helm would see a folder, a drive or a way out when it unpacks it: one with a
    /// backslash, or one at the top that begins with `..` or a drive letter.
    #[error("has a name that would be another one in an archive")]
    NotPackable,
    /// A name that is not text.
    #[error("has a name that is not UTF-8")]
    NotUtf8,
}

impl FileProblem {
    fn of(self, path: &Path) -> ReadDirectoryError {
        ReadDirectoryError::Refused {
            path: path.to_owned(),
            reason: self,
        }
    }
}

/// Why a `.helmignore` file cannot be used: which line, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct IgnoreError(RuleError);
