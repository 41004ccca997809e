//! What an index promises of an archive.

use portolan_reference::Digest;

use crate::look::Listed;
use crate::{AcquireError, Look, Request};

/// An archive that is not what the index of its repository promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexDigest {
    /// What the index says, as it says it.
    pub promised: String,
    /// What the bytes have.
    pub actual: Digest,
}

/// What became of what an index promises of an archive.
#[derive(Debug)]
pub(crate) enum Promise {
    /// There was none: nothing is promised, or nothing that is a SHA-256.
    None,
    Kept,
    Broken(IndexDigest),
}

impl Promise {
    /// Compare the bytes, which have the digest `actual`, with what the index says of them.
    pub(crate) fn of(entry: &Listed, actual: &Digest) -> Self {
        let promised = entry.digest.as_deref();
        let Some((promised, digest)) = promised.and_then(|text| Some((text, sha256(text)?))) else {
            return Self::None;
        };
        if digest == *actual {
            return Self::Kept;
        }
        Self::Broken(IndexDigest {
            promised: promised.to_owned(),
            actual: actual.clone(),
        })
    }
}

/// The SHA-256 that an index promises, which it may write without saying what it is.
fn sha256(promised: &str) -> Option<Digest> {
    let bare = promised.strip_prefix("sha256:").unwrap_or(promised);
    let digest = format!("sha256:{}", bare.to_ascii_lowercase());
    digest.parse().ok()
}

/// What is to be told of a chart from an index that is not what the index promises.
pub(crate) fn check_index_digest(
    request: &Request,
    look: &Look,
    actual: &Digest,
) -> Result<Option<IndexDigest>, AcquireError> {
    let Some(entry) = look.entry() else {
        return Ok(None);
    };
    let (chart, version) = (request.chart().clone(), look.offered().to_owned());
    match (
        Promise::of(entry, actual),
        request.insists_on_index_digest(),
    ) {
        (Promise::None, true) => Err(AcquireError::NoIndexDigest { chart, version }),
        (Promise::Broken(found), true) => Err(AcquireError::IndexDigest {
            chart,
            version,
            found,
        }),
        (Promise::Broken(found), false) => Ok(Some(found)),
        (Promise::Kept, _) | (Promise::None, false) => Ok(None),
    }
}
