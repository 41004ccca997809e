//! A tar archive that is written as it is told.

use tar::{EntryType, Header};

use super::ROOT;

/// The blocks of an archive.
#[derive(Debug, Clone)]
pub(super) struct Tar(pub(super) Vec<u8>);

/// One entry. Nothing in it is looked at.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) path: &'a [u8],
    pub(super) kind: u8,
    pub(super) mode: u32,
    pub(super) link: &'a str,
    pub(super) bytes: &'a [u8],
}

impl<'a> Entry<'a> {
    /// A file without a path yet.
    pub(super) fn file(bytes: &'a [u8]) -> Self {
        Self {
            path: b"",
            kind: b'0',
            mode: 0o644,
            link: "",
            bytes,
        }
    }
}

impl Tar {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn file(self, path: &str, bytes: &[u8]) -> Self {
        let path = path.as_bytes();
        self.entry(&Entry {
            path,
            ..Entry::file(bytes)
        })
    }

    pub(super) fn entry(mut self, entry: &Entry<'_>) -> Self {
        let mut header = Header::new_ustar();
        let old = header.as_old_mut();
        copy(entry.path, &mut old.name);
        copy(entry.link.as_bytes(), &mut old.linkname);
        header.set_entry_type(EntryType::new(entry.kind));
        header.set_mode(entry.mode);
        self.close(header, entry.bytes.len() as u64);
        self.blocks(entry.bytes);
        self
    }

    /// An extended header for the next entry.
    /// <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03>
    pub(super) fn pax(self, records: &[(&str, &str)]) -> Self {
        let text: String = records
            .iter()
            .map(|(key, text)| record(key, text))
            .collect();
        self.entry(&Entry {
            path: b"PaxHeaders/next",
            kind: b'x',
            ..Entry::file(text.as_bytes())
        })
    }

    /// A file whose path is in an entry of its own, as GNU tar writes long ones.
    pub(super) fn long_name(self, path: &str, bytes: &[u8]) -> Self {
        let with_end = format!("{path}\0");
        let named = self.entry(&Entry {
            path: b"././@LongLink",
            kind: b'L',
            ..Entry::file(with_end.as_bytes())
        });
        named.file(&path[..99.min(path.len())], bytes)
    }

    /// A file of which one block is in the archive: the last one.
    pub(super) fn sparse(mut self, path: &str, bytes: u64) -> Self {
        const KEPT: usize = 512;
        let mut header = Header::new_gnu();
        copy(path.as_bytes(), &mut header.as_old_mut().name);
        header.set_entry_type(EntryType::new(b'S'));
        header.set_mode(0o644);
        let gnu = header.as_gnu_mut().expect("the header was made as GNU's");
        gnu.set_real_size(bytes);
        gnu.sparse[0].set_offset(bytes.saturating_sub(KEPT as u64));
        gnu.sparse[0].set_length(KEPT as u64);
        self.close(header, KEPT as u64);
        self.blocks(&[b'x'; KEPT]);
        self
    }

    /// The archive with the blocks of zeros that end it.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }

    fn close(&mut self, mut header: Header, size: u64) {
        header.set_mtime(1_700_000_000);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(size);
        header.set_cksum();
        self.0.extend(header.as_bytes());
    }

    fn blocks(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
        let whole = self.0.len().next_multiple_of(512);
        self.0.resize(whole, 0);
    }
}

/// `30 mtime=1350244992.023960108\n`, where the first number counts the whole record.
fn record(key: &str, text: &str) -> String {
    let rest = format!(" {key}={text}\n");
    let mut length = rest.len() + 1;
    while format!("{length}{rest}").len() != length {
        length += 1;
    }
    format!("{length}{rest}")
}

/// As much as fits, and zeros behind it.
fn copy(bytes: &[u8], field: &mut [u8]) {
    debug_assert!(bytes.len() <= field.len(), "below {ROOT}: {bytes:?}");
    let length = bytes.len().min(field.len());
    field.fill(0);
    field[..length].copy_from_slice(&bytes[..length]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_itself() {
        assert_eq!(record("size", "0"), "9 size=0\n");
        assert_eq!(record("path", &"x".repeat(90)).len(), 99);
        assert_eq!(record("path", &"x".repeat(91)).len(), 101);
    }

    #[test]
    fn what_is_written_honestly_can_be_read() {
        let bytes = Tar::new()
            .file("podinfo/a", b"one")
            .file("podinfo/b", b"")
            .end();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entries = archive.entries().expect("an archive");
        let sizes: Vec<u64> = entries
            .map(|entry| entry.expect("an entry").size())
            .collect();
        assert_eq!(sizes, [3, 0]);
    }
}
