//! The files of a source: what charts are built from.

mod error;
mod limits;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::archive::{
    Budget, Entry, EntryKind, Inflated, Refusal, Stop, Visited, Watch, clean, walk_tar,
};
use crate::{Limits, ReadChartError};

pub use error::{SourceExcess, UnpackSourceError};
pub use limits::SourceLimits;

/// Unpack a source into the empty folder `destination`.
///
/// A source is a gzipped tar archive of files and folders, as Flux's `GitRepository` and `Bucket`
/// have it for an artifact. Names are relative to `destination`; `.` may be among them. Whatever the
/// archive says of modes and owners, only the process's user may read the files and look into
/// the folders, and no file can be run.
///
/// The archive is not kept in memory: it takes some 100 KiB. Nobody else may write to `destination`
/// meanwhile.
///
/// # Deviation
///
/// Flux unpacks without any limit, and lays one of two equal entries over the other.
///
/// # Errors
///
/// If `destination` is not an empty folder, a limit is met, writing fails, or the archive has
/// anything in it but files and folders that lie below `destination`, each once: a link is refused,
/// wherever it leads. `destination` is empty again then, as far as that can be done.
pub fn unpack_source(
    archive: impl Read,
    destination: &Path,
    limits: &SourceLimits,
) -> Result<(), UnpackSourceError> {
    check_empty(destination)?;
    unpack(archive, destination, limits).inspect_err(|_| {
        // The first error is the one to tell. This does not follow links either.
        for entry in fs::read_dir(destination).into_iter().flatten().flatten() {
            let path = entry.path();
            let _ = match entry.file_type() {
                Ok(kind) if kind.is_dir() => fs::remove_dir_all(path),
                _ => fs::remove_file(path),
            };
        }
    })
}

fn check_empty(destination: &Path) -> Result<(), UnpackSourceError> {
    let entries = fs::read_dir(destination).map_err(|error| cannot_write(destination, error))?;
    if entries.count() > 0 {
        return Err(UnpackSourceError::NotEmpty {
            path: destination.to_owned(),
        });
    }
    Ok(())
}

fn unpack(
    archive: impl Read,
    destination: &Path,
    limits: &SourceLimits,
) -> Result<(), UnpackSourceError> {
    let watch = Watch::default();
    let mut budget = Budget::new(&limits.of_archive());
    let inflated = Inflated::open(archive, limits.max_source_bytes, &watch)
        .map_err(|error| UnpackSourceError::new(error, limits))?;
    let mut blown_up = false;
    let inflated = Measured {
        inner: inflated,
        watch: &watch,
        inflated: 0,
        limits,
        blown_up: &mut blown_up,
    };
    let mut writer = Writer {
        destination,
        limits,
        folder: String::new(),
        failed: None,
    };
    let walked = walk_tar(inflated, &mut budget, |entry, kind| {
        writer.take(entry, kind)
    });
    let Err(stop) = walked else {
        return Ok(());
    };
    if let Some(failed) = writer.failed {
        return Err(failed);
    }
    if blown_up {
        let limit = limits.max_ratio;
        return Err(UnpackSourceError::TooLarge(SourceExcess::Ratio { limit }));
    }
    Err(match stop {
        Stop::Stream(error) => UnpackSourceError::new(watch.explain(error), limits),
        Stop::Refused(error) => UnpackSourceError::new(error, limits),
    })
}

impl SourceLimits {
    /// The same in the words of chart archives, where the limit of what is unpacked is too much
    /// itself.
    fn of_archive(&self) -> Limits {
        Limits::default()
            .max_chart_bytes(self.max_source_bytes)
            .max_unpacked_bytes(self.max_unpacked_bytes.saturating_add(1))
            .max_entries(self.max_entries)
    }
}

/// What comes out of gzip, compared with what went in.
struct Measured<'w, R> {
    inner: R,
    watch: &'w Watch,
    inflated: u64,
    limits: &'w SourceLimits,
    blown_up: &'w mut bool,
}

impl<R: Read> Read for Measured<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.inflated = self.inflated.saturating_add(read as u64);
        let allowed = self.watch.taken().saturating_mul(self.limits.max_ratio);
        if self.inflated > allowed.saturating_add(limits::FREE_BYTES) {
            *self.blown_up = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(read)
    }
}

struct Writer<'a> {
    destination: &'a Path,
    limits: &'a SourceLimits,
    /// The last folder that is known to be there.
    folder: String,
    /// What went wrong on this side.
    failed: Option<UnpackSourceError>,
}

impl Writer<'_> {
    fn take(&mut self, mut entry: Entry<'_>, kind: EntryKind) -> Visited {
        let name = std::mem::take(&mut entry.path);
        let path = clean(&name);
        if kind == EntryKind::Directory {
            self.folders(&path, &name)?;
            return Ok(ControlFlow::Continue(()));
        }
        if path.is_empty() {
            return Err(Refusal::OverAnother.of(name.as_bytes()).into());
        }
        if entry.size() > self.limits.max_file_bytes {
            return Err(
                self.fail(UnpackSourceError::TooLarge(SourceExcess::FileBytes {
                    file: path,
                    limit: self.limits.max_file_bytes,
                })),
            );
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.folders(folder, &name)?;
        let at = self.destination.join(&path);
        let mut file = match private_file(&at) {
            Ok(file) => file,
            Err(error) => return Err(self.stop(&at, error, &name)),
        };
        match entry.copy(&mut file)? {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(error) => Err(self.stop(&at, error, &name)),
        }
    }

    /// Make the folder `path` and those that it is in, where they are not there.
    fn folders(&mut self, path: &str, name: &str) -> Result<(), Stop> {
        if path == self.folder {
            return Ok(());
        }
        let ends = path.match_indices('/').map(|(end, _)| end);
        for end in ends.chain([path.len()]).filter(|end| *end > 0) {
            let at = self.destination.join(&path[..end]);
            match private_folder(&at) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_folder(&at) => {}
                Err(error) => return Err(self.stop(&at, error, name)),
            }
        }
        path.clone_into(&mut self.folder);
        Ok(())
    }

    /// What an error at `at` means: the folder was empty, so what is there came from the archive.
    fn stop(&mut self, at: &Path, error: io::Error, name: &str) -> Stop {
        match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                Refusal::OverAnother.of(name.as_bytes()).into()
            }
            _ => self.fail(cannot_write(at, error)),
        }
    }

    fn fail(&mut self, error: UnpackSourceError) -> Stop {
        self.failed = Some(error);
        Stop::Stream(io::ErrorKind::Other.into())
    }
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// A file that is not there yet, for nobody else.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A folder that is not there yet, for nobody else.
fn private_folder(path: &Path) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "elsewhere there are no modes"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn cannot_write(path: &Path, source: io::Error) -> UnpackSourceError {
    UnpackSourceError::Write {
        path: PathBuf::from(path),
        source,
    }
}

impl UnpackSourceError {
    /// What `error`, which is told of a chart archive, means for a source.
    fn new(error: ReadChartError, limits: &SourceLimits) -> Self {
        use crate::Excess;
        match error {
            ReadChartError::Read(error) => Self::Read(error),
            ReadChartError::NotGzip { found } => Self::NotGzip { found },
            ReadChartError::Damaged(error) => Self::Damaged(error),
            ReadChartError::Entry { entry, reason } => match reason.link() {
                Some(kind) => Self::Link { entry, kind },
                None => Self::Entry { entry, reason },
            },
            ReadChartError::TooLarge(Excess::ChartBytes { limit }) => {
                Self::TooLarge(SourceExcess::SourceBytes { limit })
            }
            ReadChartError::TooLarge(Excess::Entries { limit }) => {
                Self::TooLarge(SourceExcess::Entries { limit })
            }
            // Nothing else is asked of an archive that is no chart.
            _ => Self::TooLarge(SourceExcess::UnpackedBytes {
                limit: limits.max_unpacked_bytes,
            }),
        }
    }
}
