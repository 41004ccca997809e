//! What is known about an artifact that its bytes do not say.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::{Read as _, Write as _};
use std::time::SystemTime;

use portolan_reference::Digest;
use rustix::fd::{AsFd as _, OwnedFd};
use serde::{Deserialize, Serialize};

use crate::FileError;
use crate::beneath::{Opened, Root, unlink};
use crate::name::StoredPath;
use crate::staging::{OWN, StagedFile};

/// The longest record that is read, in bytes. Fingerprints are tens of bytes each.
const LONGEST: u64 = 1 << 20;

/// What must survive a restart about one artifact: where it came from, and under which
/// circumstances it was found good.
///
/// Nothing in it may be secret: it lies in the storage as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The digest of the manifest it was pulled by, when it came from a registry.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "digest_text")]
    pub manifest_digest: Option<Digest>,
    /// Where it came from, without credentials.
    #[serde(default)]
    pub source: String,
    /// The revision that status reports.
    #[serde(default)]
    pub revision: String,
    /// Whatever else decides whether the artifact is still right, by name: a policy's fingerprint,
    /// a trust root's, HTTP validators.
    #[serde(default)]
    pub fingerprints: BTreeMap<String, String>,
}

/// A record as it lies on disk, bound to the file it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sheet {
    #[serde(with = "digest_text")]
    digest: Option<Digest>,
    size: u64,
    modified: SystemTime,
    record: Record,
}

impl Sheet {
    pub(crate) fn new(digest: Digest, size: u64, modified: SystemTime, record: Record) -> Self {
        Self {
            digest: Some(digest),
            size,
            modified,
            record,
        }
    }

    /// Read what is recorded about `path`. Whatever cannot be read is not there.
    pub(crate) fn read(root: &Root, path: &StoredPath) -> Option<Self> {
        let Ok(Opened::File(file, _)) = root.file(&folder_of(path), &name_of(path)) else {
            return None;
        };
        let mut text = Vec::new();
        file.take(LONGEST).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// The digest and the record, if they are about a file that looks like this one.
    pub(crate) fn about(self, metadata: &Metadata) -> Option<(Digest, Record)> {
        let same = self.size == metadata.len() && metadata.modified().ok() == Some(self.modified);
        Some((self.digest.filter(|_| same)?, self.record))
    }

    /// Write it in place of an earlier one: whole, or not at all.
    pub(crate) fn write(&self, root: &Root, path: &StoredPath) -> Result<(), FileError> {
        let folder = folder_of(path);
        let name = name_of(path);
        let failed = |error| FileError::new("write", format!("{folder}/{name}"), error);
        let text = serde_json::to_vec(self).map_err(|error| failed(error.into()))?;
        let (staged, mut file) = StagedFile::create(root)?;
        file.write_all(&text).map_err(failed)?;
        let (folder, _) = root
            .make_folder(&folder)
            .map_err(|error| failed(error.into()))?;
        staged
            .replace(folder.as_fd(), &name)
            .map_err(|error| failed(error.into()))
    }

    /// Remove what is recorded about `path`, if anything is.
    pub(crate) fn remove(root: &Root, path: &StoredPath) -> rustix::io::Result<()> {
        let folder: OwnedFd = match root.folder(&folder_of(path)) {
            Err(rustix::io::Errno::NOENT) => return Ok(()),
            folder => folder?,
        };
        unlink(folder.as_fd(), &name_of(path)).map(|_| ())
    }
}

/// Where the records of a folder's files are.
pub(crate) fn records_of(folder: &str) -> String {
    format!("{OWN}/records/{folder}")
}

fn folder_of(path: &StoredPath) -> String {
    records_of(&path.folder())
}

fn name_of(path: &StoredPath) -> String {
    format!("{}.json", path.last())
}

mod digest_text {
    use portolan_reference::Digest;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(
        clippy::ref_option,
        reason = "serde hands the field over as it is declared"
    )]
    pub(super) fn serialize<S: Serializer>(
        digest: &Option<Digest>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match digest {
            Some(digest) => serializer.collect_str(digest),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Digest>, D::Error> {
        match Option::<String>::deserialize(deserializer)? {
            Some(text) => text.parse().map(Some).map_err(D::Error::custom),
            None => Ok(None),
        }
    }
}
