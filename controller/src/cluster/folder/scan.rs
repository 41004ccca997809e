//! Which files of a folder are manifests.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How large a manifest may be, in bytes. An API server takes no object of more than 1.5 MiB; a file
/// may hold a few.
pub(super) const MAX_FILE_BYTES: u64 = 8 << 20;

/// How many manifests a folder may hold.
const MAX_FILES: usize = 10_000;

/// How many bytes the manifests of a folder may have in all.
const MAX_TOTAL_BYTES: u64 = 256 << 20;

/// How many files and folders are looked at to find them.
const MAX_ENTRIES: usize = 200_000;

/// How deep folders may lie in each other.
const MAX_DEPTH: usize = 32;

/// What is found in a folder.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The manifests, in the order of their paths.
    pub(super) files: Vec<Found>,
    /// What could not be looked at, and why.
    pub(super) problems: Vec<(PathBuf, String)>,
    entries: usize,
    bytes: u64,
}

/// A manifest.
#[derive(Debug)]
pub(super) struct Found {
    /// Its path below the folder.
    pub(super) path: PathBuf,
    /// How it looks from outside.
    pub(super) stamp: Stamp,
    /// Where its bytes are.
    real: PathBuf,
}

/// How a file looks from outside: as long as this stays, its bytes have stayed too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    changed: (i64, i64),
    inode: u64,
    size: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            modified: metadata.modified().ok(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
            size: metadata.len(),
        }
    }
}

/// Find the manifests below `root`: files called `.yaml`, `.yml` or `.json`, in folders of any
/// depth. What is hidden is passed over. A link counts if it leads to a file inside the folder.
///
/// # Errors
///
/// If `root` cannot be listed, or holds more than a folder may. Anything below it that cannot be
/// looked at is a problem of the scan.
pub(super) fn scan(root: &Path) -> io::Result<Scan> {
    let root = root.canonicalize()?;
    let mut scan = Scan::default();
    scan.walk(&root, Path::new(""), 0)?;
    scan.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(scan)
}

impl Scan {
    /// Look at everything in the folder `below`.
    ///
    /// # Errors
    ///
    /// If it cannot be listed, or there is too much of it.
    fn walk(&mut self, root: &Path, below: &Path, depth: usize) -> io::Result<()> {
        for name in names(&root.join(below))? {
            self.entries += 1;
            limit(self.entries <= MAX_ENTRIES, &format!("{MAX_ENTRIES} files"))?;
            let path = below.join(name);
            match self.look_at(root, &path, depth) {
                // What went away since it was listed is simply not there.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) if error.kind() == io::ErrorKind::QuotaExceeded => return Err(error),
                Err(error) => self
                    .problems
                    .push((path, format!("cannot be read: {error}"))),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    fn look_at(&mut self, root: &Path, path: &Path, depth: usize) -> io::Result<()> {
        let full = root.join(path);
        let metadata = fs::symlink_metadata(&full)?;
        if metadata.is_dir() {
            if depth == MAX_DEPTH {
                let what = format!("lies more than {MAX_DEPTH} folders deep: it is not read");
                self.problems.push((path.to_owned(), what));
                return Ok(());
            }
            self.walk(root, path, depth + 1)?;
        } else if is_manifest(path) {
            self.take(root, path, &full, metadata)?;
        }
        Ok(())
    }

    fn take(
        &mut self,
        root: &Path,
        path: &Path,
        full: &Path,
        metadata: Metadata,
    ) -> io::Result<()> {
        let refuse = |scan: &mut Self, what: &str| {
            scan.problems.push((path.to_owned(), what.to_owned()));
            Ok(())
        };
        let (real, metadata) = if metadata.is_symlink() {
            let Ok(real) = full.canonicalize() else {
                return refuse(self, "is a link that leads nowhere");
            };
            // Whoever may write into the folder must not have other files read for them.
            if !real.starts_with(root) {
                return refuse(
                    self,
                    "is a link that leads out of the folder: it is not followed",
                );
            }
            let metadata = fs::symlink_metadata(&real)?;
            (real, metadata)
        } else {
            (full.to_owned(), metadata)
        };
        if !metadata.is_file() {
            return refuse(self, "is no file");
        }
        self.files.push(Found {
            path: path.to_owned(),
            stamp: Stamp::of(&metadata),
            real,
        });
        // A file that is too large is refused by itself.
        self.bytes += metadata.len().min(MAX_FILE_BYTES);
        limit(
            self.files.len() <= MAX_FILES,
            &format!("{MAX_FILES} manifests"),
        )?;
        limit(
            self.bytes <= MAX_TOTAL_BYTES,
            &format!("{} MiB of manifests", MAX_TOTAL_BYTES >> 20),
        )
    }
}

impl Found {
    /// The text of the file, of at most [`MAX_FILE_BYTES`].
    ///
    /// # Errors
    ///
    /// Why there is none, for who wrote the file.
    pub(super) fn text(&self) -> Result<String, String> {
        let unreadable = |error: io::Error| format!("cannot be read: {error}");
        let file = File::open(&self.real).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(format!("is larger than {} MiB", MAX_FILE_BYTES >> 20));
        }
        String::from_utf8(bytes).map_err(|error| {
            let text =
                String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
            let line = text.matches('\n').count() + 1;
            format!("is not UTF-8: see line {line}")
        })
    }
}

/// # Errors
///
/// If what was found is not `within` what a folder may hold.
fn limit(within: bool, most: &str) -> io::Result<()> {
    if within {
        return Ok(());
    }
    let text = format!("it holds more than {most}");
    Err(io::Error::new(io::ErrorKind::QuotaExceeded, text))
}

/// What is in a folder, but for what is hidden, in order.
fn names(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if !name.as_encoded_bytes().starts_with(b".") {
            names.push(PathBuf::from(name));
        }
    }
    names.sort();
    Ok(names)
}

fn is_manifest(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| matches!(extension, "yaml" | "yml" | "json"))
}
