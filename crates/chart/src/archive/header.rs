//! One header block of a tar archive, read as strictly as Go and a little more.

use std::fmt;

use crate::ReadChartError;

/// The most that an extension (a long name, PAX records) may have, in bytes: Go's limit too.
const MAX_EXTENSION_BYTES: u64 = 1 << 20;

/// What a header says.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// The name in the header itself; an extension may give another.
    pub(super) name: Vec<u8>,
    /// How many bytes of content follow.
    pub(super) size: u64,
    /// Whether the mode is one of a directory.
    pub(super) directory_by_mode: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    /// A file in old archives, which only mark directories by a `/` at the end of the name.
    OldFile,
    Directory,
    Extension(Extension),
}

/// Headers that say something about others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extension {
    /// PAX records for the next entry.
    Pax,
    /// PAX records for all further entries. Helm passes over them.
    PaxGlobal,
    /// GNU: the name of the next entry.
    LongName,
    /// GNU: where the next entry links to.
    LongLink,
}

/// Which fields a header has besides those of all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    V7,
    Ustar,
    Star,
    Gnu,
}

impl Header {
    /// Read `header`, whose checksum is known to be right.
    pub(super) fn read(header: &tar::Header) -> Result<Self, ReadChartError> {
        let block = header.as_bytes();
        let name = name(block);
        Self::check(header, name.clone()).map_err(|refusal| refusal.of(&name))
    }

    fn check(header: &tar::Header, name: Vec<u8>) -> Result<Self, Refusal> {
        let block = header.as_bytes();
        let format = format(block);
        check_numbers(block, format)?;
        // `tar` and Go have to agree where the next header is.
        let size = header.entry_size().map_err(|_| Refusal::Malformed)?;
        if number(&block[124..136]).is_none_or(|same| u64::try_from(same) != Ok(size)) {
            return Err(Refusal::Malformed);
        }
        let kind = kind(block[156])?;
        if matches!(kind, Kind::Extension(_)) && size > MAX_EXTENSION_BYTES {
            return Err(Refusal::LongExtension);
        }
        let mode = number(&block[100..108]).unwrap_or_default();
        Ok(Self {
            kind,
            name,
            size,
            directory_by_mode: mode & !0o7777 == 0o040_000,
        })
    }
}

fn format(block: &[u8; 512]) -> Format {
    match (&block[257..263], &block[263..265], &block[508..512]) {
        (b"ustar\0", _, b"tar\0") => Format::Star,
        (b"ustar\0", _, _) => Format::Ustar,
        (b"ustar ", b" \0", _) => Format::Gnu,
        _ => Format::V7,
    }
}

fn name(block: &[u8; 512]) -> Vec<u8> {
    let prefix = match format(block) {
        Format::Ustar => text(&block[345..500]),
        Format::Star => text(&block[345..476]),
        Format::V7 | Format::Gnu => &[],
    };
    let mut name = prefix.to_vec();
    if !name.is_empty() {
        name.push(b'/');
    }
    name.extend_from_slice(text(&block[..100]));
    name
}

fn kind(flag: u8) -> Result<Kind, Refusal> {
    Ok(match flag {
        b'0' | b'7' => Kind::File,
        b'\0' => Kind::OldFile,
        b'5' => Kind::Directory,
        b'x' => Kind::Extension(Extension::Pax),
        b'g' => Kind::Extension(Extension::PaxGlobal),
        b'L' => Kind::Extension(Extension::LongName),
        b'K' => Kind::Extension(Extension::LongLink),
        b'1' => return Err(Refusal::Link("hard link")),
        b'2' => return Err(Refusal::Link("symbolic link")),
        b'3' | b'4' => return Err(Refusal::Special("device")),
        b'6' => return Err(Refusal::Special("named pipe")),
        b'S' => return Err(Refusal::Sparse),
        other => return Err(Refusal::UnknownKind(other)),
    })
}

/// Go refuses a header for a number that Helm has no use for.
fn check_numbers(block: &[u8; 512], format: Format) -> Result<(), Refusal> {
    let common = [100..108, 108..116, 116..124, 124..136, 136..148];
    let devices = [329..337, 337..345];
    let times = match format {
        Format::Star => [476..488, 488..500],
        // If these two are no numbers, Go takes them for the beginning of the name.
        Format::Gnu => [345..357, 357..369],
        Format::V7 | Format::Ustar => [0..0, 0..0],
    };
    let devices = devices.into_iter().filter(|_| format != Format::V7);
    let mut fields = common.into_iter().chain(devices).chain(times);
    if fields.all(|field| number(&block[field]).is_some()) {
        Ok(())
    } else {
        Err(Refusal::Malformed)
    }
}

/// A number in octal digits or, with the first bit set, in base 256 (of two's complement).
fn number(field: &[u8]) -> Option<i64> {
    match field.first() {
        Some(first) if first & 0x80 != 0 => base_256(field, first & 0x40 != 0),
        _ => octal(field),
    }
}

fn octal(field: &[u8]) -> Option<i64> {
    let padding = |byte: &u8| matches!(byte, b' ' | b'\0');
    let from = field
        .iter()
        .position(|byte| !padding(byte))
        .unwrap_or(field.len());
    let to = field
        .iter()
        .rposition(|byte| !padding(byte))
        .map_or(from, |last| last + 1);
    let digits = text(&field[from..to]);
    if digits.is_empty() {
        return Some(0);
    }
    digits.iter().try_fold(0_i64, |value, digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add((digit - b'0').into()),
        _ => None,
    })
}

fn base_256(field: &[u8], negative: bool) -> Option<i64> {
    let flip = if negative { 0xff } else { 0 };
    let value = field
        .iter()
        .enumerate()
        .try_fold(0_i64, |value, (at, byte)| {
            let byte = byte ^ flip;
            let byte = if at == 0 { byte & 0x7f } else { byte };
            value.checked_mul(256)?.checked_add(byte.into())
        })?;
    Some(if negative { !value } else { value })
}

/// A field up to its first NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Why an entry of an archive is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Malformed,
    Link(&'static str),
    Special(&'static str),
    Sparse,
    UnknownKind(u8),
    DirectoryWithContent,
    FileOrDirectory,
    LongExtension,
    MalformedExtension,
    LooseExtension,
    OtherSize,
    NotUtf8,
    Absolute,
    Parent,
    Outside,
    Drive,
    ChartYamlAsFolder,
    Twice,
    OverAnother,
}

impl Refusal {
    /// Say it of the entry `name`.
    pub(crate) fn of(self, name: &[u8]) -> ReadChartError {
        ReadChartError::Entry {
            entry: String::from_utf8_lossy(name).into_owned(),
            reason: EntryProblem(self),
        }
    }
}

/// What is wrong with an entry of an archive, for whoever packed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryProblem(Refusal);

impl EntryProblem {
    /// The kind of link in Flux's word, if that is what is wrong.
    pub(crate) fn link(self) -> Option<&'static str> {
        match self.0 {
            Refusal::Link("symbolic link") => Some("symlink"),
            Refusal::Link(kind) => Some(kind),
            _ => None,
        }
    }
}

impl fmt::Display for EntryProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Refusal::Malformed => "its header is malformed",
            Refusal::Link(kind) => {
                return write!(f, "it is a {kind}: pack what it points to instead");
            }
            Refusal::Special(kind) => return write!(f, "it is a {kind}, not a file"),
            Refusal::Sparse => "it is stored sparsely: pack without --sparse",
            Refusal::UnknownKind(flag) => {
                return write!(f, "it is of the unknown kind `{}`", flag.escape_ascii());
            }
            Refusal::DirectoryWithContent => "it is a directory with content",
            Refusal::FileOrDirectory => {
                "it is a file by its kind and a directory by its name or mode"
            }
            Refusal::LongExtension => "its extended header is longer than 1048576 bytes",
            Refusal::MalformedExtension => "its extended header is malformed",
            Refusal::LooseExtension => "its extended header does not belong to one file",
            Refusal::OtherSize => "its two headers give it different sizes",
            Refusal::NotUtf8 => "its name is not UTF-8",
            Refusal::Absolute => "its path is absolute",
            Refusal::Parent => "its path has `..` in it",
            Refusal::Outside => {
                "it is outside of the chart's folder: pack the folder, not what is in it"
            }
            Refusal::Drive => "its path begins with a drive letter",
            Refusal::ChartYamlAsFolder => "Chart.yaml has to be in the chart's folder, not be it",
            Refusal::Twice => "it is there twice, and only one can count",
            Refusal::OverAnother => "it is where another entry is already, or below a file",
        })
    }
}
