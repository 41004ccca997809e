//! Names of files inside an object's folder, and whole paths below the root.

use std::fmt;

use crate::{InvalidKeyError, ObjectKey};

/// The longest part of a file name to publish under, in bytes. A file system takes 255; `-<12 hex>`
/// and `.lock` or `.json` (5) must still fit behind it.
const LONGEST_PART: usize = 237;
/// The longest file name to publish under, with its folders, in bytes; with root and object it must
/// fit in the 4096 of a link's target.
const LONGEST_NAME: usize = 1024;
/// How much longer a stored name may be: by `-<12 hex>`.
const MARK: usize = 13;
/// How many parts a file name may have. A chart name has one, or two with Artifactory.
const MOST_PARTS: usize = 16;

/// A file's name inside an object's folder: one or more parts with `/` between them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FileName(String);

impl FileName {
    /// A name to publish under.
    pub(crate) fn new(text: &str) -> Result<Self, InvalidPathError> {
        Self::within(text, 0)
    }

    /// A name that something published may have.
    pub(crate) fn stored(text: &str) -> Result<Self, InvalidPathError> {
        Self::within(text, MARK)
    }

    fn within(text: &str, mark: usize) -> Result<Self, InvalidPathError> {
        match name_trouble(text, mark) {
            Some(reason) => Err(InvalidPathError::new(text, reason)),
            None => Ok(Self(text.to_owned())),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders in front of the last part (empty if there are none), and the last part.
    pub(crate) fn split(&self) -> (&str, &str) {
        self.0.rsplit_once('/').unwrap_or(("", &self.0))
    }

    /// The same name with `-<mark>` before its extension.
    pub(crate) fn marked(&self, mark: &str) -> Result<Self, InvalidPathError> {
        let (folders, last) = self.split();
        let (stem, extension) = split_extension(last);
        let separator = if folders.is_empty() { "" } else { "/" };
        Self::stored(&format!("{folders}{separator}{stem}-{mark}{extension}"))
    }
}

/// `.tar.gz` is one extension; else what follows the last dot is.
fn split_extension(last: &str) -> (&str, &str) {
    let dot = match last.strip_suffix(".tar.gz") {
        Some(stem) if !stem.is_empty() => stem.len(),
        _ => match last.rfind('.') {
            Some(dot) if dot > 0 => dot,
            _ => last.len(),
        },
    };
    last.split_at(dot)
}

/// The path of one file of one object below the root.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct StoredPath {
    pub(crate) key: ObjectKey,
    pub(crate) file: FileName,
}

impl StoredPath {
    /// Read a path as [`Artifact`](crate::Artifact) has it.
    pub(crate) fn parse(path: &str) -> Result<Self, InvalidPathError> {
        let mut parts = path.splitn(4, '/');
        let mut next = || parts.next().unwrap_or_default();
        let (kind, namespace, name, file) = (next(), next(), next(), next());
        let key = ObjectKey::new(kind, namespace, name)
            .map_err(|error| InvalidPathError::new(path, Reason::Key(error)))?;
        if key.kind() != kind {
            return Err(InvalidPathError::new(path, Reason::Case));
        }
        match name_trouble(file, MARK) {
            Some(reason) => Err(InvalidPathError::new(path, reason)),
            None => Ok(Self {
                key,
                file: FileName(file.to_owned()),
            }),
        }
    }

    /// The folder the file is in, below the root.
    pub(crate) fn folder(&self) -> String {
        match self.file.split().0 {
            "" => self.key.to_string(),
            folders => format!("{}/{folders}", self.key),
        }
    }

    /// The file's name in that folder.
    pub(crate) fn last(&self) -> &str {
        self.file.split().1
    }
}

impl fmt::Display for StoredPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.key, self.file.as_str())
    }
}

/// What is wrong with a name, which may be longer by `mark` bytes than one to publish under.
fn name_trouble(text: &str, mark: usize) -> Option<Reason> {
    if text.len() > LONGEST_NAME + mark {
        return Some(Reason::LongName);
    }
    if text.split('/').count() > MOST_PARTS {
        return Some(Reason::ManyParts);
    }
    text.split('/').find_map(|part| part_trouble(part, mark))
}

fn part_trouble(part: &str, mark: usize) -> Option<Reason> {
    if part.is_empty() {
        return Some(Reason::EmptyPart);
    }
    if part.len() > LONGEST_PART + mark {
        return Some(Reason::LongPart);
    }
    // `.` and `..` too.
    if part.starts_with('.') {
        return Some(Reason::Hidden);
    }
    // A separator to others who read the path, and what would end it early.
    if part.contains('\\') || part.chars().any(char::is_control) {
        return Some(Reason::Character);
    }
    // Collection removes locks with their artifact, and the server hides them.
    std::path::Path::new(part)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("lock"))
        .then_some(Reason::Lock)
}

/// The beginning of a text that somebody else chose, for a message.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 256;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A text cannot be a file's name or path in a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot be a path in the storage: {reason}")]
pub struct InvalidPathError {
    text: String,
    reason: Reason,
}

impl InvalidPathError {
    fn new(text: &str, reason: Reason) -> Self {
        let text = shortened(text).escape_debug().to_string();
        Self { text, reason }
    }

    /// The link has the name of the artifact itself.
    pub(crate) fn link(text: &str) -> Self {
        Self::new(text, Reason::Link)
    }

    /// The path is another object's.
    pub(crate) fn other_object(text: &str) -> Self {
        Self::new(text, Reason::OtherObject)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("it is longer than {LONGEST_NAME} bytes")]
    LongName,
    #[error("it has more than {MOST_PARTS} parts")]
    ManyParts,
    #[error("a part between `/` is empty")]
    EmptyPart,
    #[error("a part between `/` is longer than {LONGEST_PART} bytes")]
    LongPart,
    #[error("a part begins with `.`")]
    Hidden,
    #[error("it holds a backslash or a control character")]
    Character,
    #[error("`.lock` is kept for the locks of artifacts")]
    Lock,
    #[error("its kind is not in lower case")]
    Case,
    #[error("a link is one name beside its artifact, and not the artifact's own")]
    Link,
    #[error("it belongs to another object")]
    OtherObject,
    #[error("{0}")]
    Key(InvalidKeyError),
}
