//! Headers that say something about the next one.

use super::header::{Extension, Header, Kind, Refusal};
use crate::ReadChartError;

/// What is known of the next entry before it comes.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pax: Option<Records>,
    long_name: Option<Vec<u8>>,
    long_link: bool,
}

/// What a block of PAX records says that matters here.
#[derive(Debug, Default)]
struct Records {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Pending {
    /// Keep what the extension header `name` with content `data` says.
    ///
    /// Go forgets what it heard before when it comes upon a global header, and hears the last of
    /// two others. Other readers do it otherwise, and no writer does it.
    pub(super) fn add(
        &mut self,
        extension: Extension,
        data: &[u8],
        name: &[u8],
    ) -> Result<(), ReadChartError> {
        self.keep(extension, data)
            .map_err(|refusal| refusal.of(name))
    }

    fn keep(&mut self, extension: Extension, data: &[u8]) -> Result<(), Refusal> {
        match extension {
            Extension::Pax if self.pax.is_none() => self.pax = Some(Records::parse(data)?),
            Extension::LongName if self.long_name.is_none() => {
                let name = data.split(|byte| *byte == 0).next().unwrap_or_default();
                self.long_name = Some(name.to_owned());
            }
            Extension::LongLink if !self.long_link => self.long_link = true,
            Extension::PaxGlobal if self.is_empty() => {
                Records::parse(data)?;
            }
            _ => return Err(Refusal::LooseExtension),
        }
        Ok(())
    }

    /// The name and the kind of the entry that has come; what was kept for it is forgotten.
    pub(super) fn apply(&mut self, header: &Header) -> Result<(String, Kind), ReadChartError> {
        let Self { pax, long_name, .. } = std::mem::take(self);
        let Records { path, size } = pax.unwrap_or_default();
        let name = match (long_name.filter(|name| !name.is_empty()), path) {
            (Some(_), Some(_)) => return Err(Refusal::LooseExtension.of(&header.name)),
            (Some(name), None) | (None, Some(name)) => name,
            (None, None) => header.name.clone(),
        };
        // Whoever goes by the one size finds other entries than whoever goes by the other.
        if size.is_some_and(|size| size != header.size) {
            return Err(Refusal::OtherSize.of(&name));
        }
        let kind = kind(header, &name).map_err(|refusal| refusal.of(&name))?;
        match String::from_utf8(name) {
            Ok(name) => Ok((name, kind)),
            Err(error) => Err(Refusal::NotUtf8.of(error.as_bytes())),
        }
    }

    /// Check that nothing is kept for an entry that never came.
    pub(super) fn check_empty(&self) -> Result<(), ReadChartError> {
        if self.is_empty() {
            return Ok(());
        }
        Err(Refusal::LooseExtension.of(b""))
    }

    fn is_empty(&self) -> bool {
        self.pax.is_none() && self.long_name.is_none() && !self.long_link
    }
}

/// Whether the entry `name` is a file or a directory, which Helm tells from three places.
fn kind(header: &Header, name: &[u8]) -> Result<Kind, Refusal> {
    let directory_by_name = name.ends_with(b"/");
    let kind = match header.kind {
        Kind::OldFile if directory_by_name => Kind::Directory,
        Kind::OldFile => Kind::File,
        kind => kind,
    };
    match kind {
        // Go takes no content to follow, other readers do.
        Kind::Directory if header.size > 0 => Err(Refusal::DirectoryWithContent),
        // Helm passes over a file with such a mode.
        Kind::File if directory_by_name || header.directory_by_mode => {
            Err(Refusal::FileOrDirectory)
        }
        kind => Ok(kind),
    }
}

impl Records {
    /// Parse PAX records: `<length> <key>=<value>\n`, each.
    ///
    /// See [POSIX.1-2017, pax, "pax Extended Header"][1].
    ///
    /// [1]: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_03
    fn parse(mut data: &[u8]) -> Result<Self, Refusal> {
        let mut records = Self::default();
        while !data.is_empty() {
            let (key, value, rest) = record(data).ok_or(Refusal::MalformedExtension)?;
            data = rest;
            // An empty value takes back what an earlier header said: here, nothing.
            if !value.is_empty() {
                records.keep(key, value)?;
            }
        }
        Ok(records)
    }

    fn keep(&mut self, key: &[u8], value: &[u8]) -> Result<(), Refusal> {
        let good = match key {
            b"path" => {
                self.path = Some(value.to_owned());
                !value.contains(&0)
            }
            b"size" => {
                self.size = decimal(value).and_then(|size| u64::try_from(size).ok());
                self.size.is_some()
            }
            b"linkpath" | b"uname" | b"gname" => !value.contains(&0),
            b"uid" | b"gid" => decimal(value).is_some(),
            b"mtime" | b"atime" | b"ctime" => is_time(value),
            key if key.starts_with(b"GNU.sparse.") => return Err(Refusal::Sparse),
            key => !key.contains(&0),
        };
        if good {
            Ok(())
        } else {
            Err(Refusal::MalformedExtension)
        }
    }
}

/// Key and value of the first record of `data`, and what comes after it.
fn record(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = data.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&data[..blank])?).ok()?;
    let (record, rest) = data.split_at_checked(length)?;
    let record = record.get(blank + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (&record[..equals], &record[equals + 1..]);
    (!key.is_empty()).then_some((key, value, rest))
}

fn decimal(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Seconds since 1970, perhaps with a fraction.
fn is_time(value: &[u8]) -> bool {
    let mut parts = value.splitn(2, |byte| *byte == b'.');
    let seconds = parts.next().unwrap_or_default();
    let fraction = parts.next().unwrap_or_default();
    decimal(seconds).is_some() && fraction.iter().all(u8::is_ascii_digit)
}
