//! A folder as the archive that a source would have stored of it.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read, Seek as _, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tracing::warn;

/// How many files and folders are packed.
const MAX_ENTRIES: usize = 100_000;

/// How many bytes are packed, before they are compressed.
const MAX_BYTES: u64 = 1 << 30;

/// How deep folders may lie in each other.
const MAX_DEPTH: usize = 64;

/// What `path` holds, as a gzip-compressed tar archive in a temporary file, ready to be read.
///
/// A file is taken for such an archive. Of a folder all files are packed but what is in `.git`; links
/// are left out, as Flux leaves them out. The same files give the same bytes.
///
/// # Errors
///
/// If something cannot be read, or there is more of it than a source may have.
pub(super) fn pack(path: &Path) -> io::Result<File> {
    let mut packed = tempfile::tempfile()?;
    if fs::metadata(path)?.is_dir() {
        let encoder = GzEncoder::new(&mut packed, Compression::default());
        let mut packing = Packing {
            tar: tar::Builder::new(encoder),
            entries: 0,
            bytes: 0,
        };
        packing.folder(path, Path::new(""), 0)?;
        packing.tar.into_inner()?.finish()?.flush()?;
    } else {
        let mut archive = File::open(path)?.take(MAX_BYTES + 1);
        let copied = io::copy(&mut archive, &mut packed)?;
        within(copied <= MAX_BYTES, &format!("{} MiB", MAX_BYTES >> 20))?;
    }
    packed.rewind()?;
    Ok(packed)
}

/// How everything that would be packed looks from outside: as long as this stays, so does the content.
///
/// # Errors
///
/// If something cannot be looked at, or there is more of it than a source may have.
pub(super) fn look(path: &Path) -> io::Result<u64> {
    let mut looked = (DefaultHasher::new(), 0);
    look_at(path, 0, &mut looked)?;
    Ok(looked.0.finish())
}

fn look_at(path: &Path, depth: usize, looked: &mut (DefaultHasher, usize)) -> io::Result<()> {
    let (hasher, entries) = looked;
    *entries += 1;
    within(
        depth <= MAX_DEPTH && *entries <= MAX_ENTRIES,
        &format!("{MAX_ENTRIES} files and folders, or {MAX_DEPTH} folders in each other"),
    )?;
    // What was named may be a link, what lies in it may not.
    let metadata = if depth == 0 {
        fs::metadata(path)?
    } else {
        fs::symlink_metadata(path)?
    };
    path.hash(hasher);
    (metadata.ino(), metadata.mode(), metadata.len()).hash(hasher);
    (
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec(),
    )
        .hash(hasher);
    if metadata.is_dir() {
        for name in names(path)? {
            look_at(&path.join(name), depth + 1, looked)?;
        }
    }
    Ok(())
}

struct Packing<W: Write> {
    tar: tar::Builder<W>,
    entries: usize,
    bytes: u64,
}

impl<W: Write> Packing<W> {
    fn folder(&mut self, root: &Path, below: &Path, depth: usize) -> io::Result<()> {
        within(
            depth <= MAX_DEPTH,
            &format!("{MAX_DEPTH} folders in each other"),
        )?;
        for name in names(&root.join(below))? {
            self.entries += 1;
            within(
                self.entries <= MAX_ENTRIES,
                &format!("{MAX_ENTRIES} files and folders"),
            )?;
            let path = below.join(&name);
            let full = root.join(&path);
            let kind = fs::symlink_metadata(&full)?.file_type();
            if kind.is_dir() {
                self.append(&path, tar::EntryType::Directory, 0o755, 0, io::empty())?;
                self.folder(root, &path, depth + 1)?;
            } else if kind.is_file() {
                let file = File::open(&full)?;
                let size = file.metadata()?.len();
                self.bytes = self.bytes.saturating_add(size);
                within(self.bytes <= MAX_BYTES, &format!("{} MiB", MAX_BYTES >> 20))?;
                // A file that is being written may grow: what is announced is what is packed.
                self.append(&path, tar::EntryType::Regular, 0o644, size, file.take(size))?;
            } else {
                warn!(path = %full.display(), "no file and no folder, so it is left out");
            }
        }
        Ok(())
    }

    /// Nothing of this machine goes in but names and bytes.
    fn append(
        &mut self,
        path: &Path,
        kind: tar::EntryType,
        mode: u32,
        size: u64,
        content: impl Read,
    ) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        header.set_mtime(0);
        self.tar.append_data(&mut header, path, content)
    }
}

/// What is in a folder, but for `.git`, in order.
fn names(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if name != ".git" {
            names.push(PathBuf::from(name));
        }
    }
    names.sort();
    Ok(names)
}

fn within(is_so: bool, most: &str) -> io::Result<()> {
    if is_so {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::QuotaExceeded,
        format!("it holds more than {most}"),
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use flate2::read::GzDecoder;

    use super::*;

    fn bytes(path: &Path) -> Vec<u8> {
        let mut bytes = Vec::new();
        pack(path).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// The paths in an archive, and the text of each file.
    fn listed(archive: &[u8]) -> Vec<String> {
        let mut tar = tar::Archive::new(GzDecoder::new(archive));
        let told = |entry: io::Result<tar::Entry<'_, GzDecoder<&[u8]>>>| {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            format!("{} {text}", entry.path().unwrap().display())
        };
        tar.entries().unwrap().map(told).collect()
    }

    #[test]
    fn a_folder_is_packed_without_links_and_without_git() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["b/two", "a", ".helmignore", ".git/config"] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "x").unwrap();
        }
        symlink("a", root.join("link")).unwrap();
        let packed = bytes(root);
        assert_eq!(listed(&packed), [".helmignore x", "a x", "b ", "b/two x"]);
        assert_eq!(packed, bytes(root), "the same files give the same bytes");
    }

    #[test]
    fn a_file_is_taken_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("source.tgz");
        fs::write(&path, "anything").unwrap();
        assert_eq!(bytes(&path), b"anything");
    }

    #[test]
    fn a_change_shows_from_outside_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("charts/app/values.yaml");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "a: 1").unwrap();
        let seen = look(folder.path()).unwrap();
        assert_eq!(look(folder.path()).unwrap(), seen);
        fs::write(&file, "a: 10").unwrap();
        assert_ne!(look(folder.path()).unwrap(), seen);
        let seen = look(folder.path()).unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        fs::write(folder.path().join(".git/index"), "x").unwrap();
        let inside = folder.path().join("charts");
        assert_eq!(look(&inside).unwrap(), look(&inside).unwrap());
        fs::remove_file(&file).unwrap();
        assert_ne!(look(folder.path()).unwrap(), seen);
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        pack(Path::new("/nowhere/at/all")).unwrap_err();
    }
}
