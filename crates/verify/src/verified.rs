//! What was proven.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use portolan_reference::Digest;

use crate::{Format, Refusal};

/// The proof that a digest is signed as a policy demands.
///
/// Only [`Judge`](crate::Judge) makes one, so whoever holds it need not ask again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// What is signed.
    pub digest: Digest,
    /// The [fingerprint](crate::Policy::fingerprint) of the policy that is met.
    pub policy: Digest,
    /// The signatures that met it, in the order in which they were found. Looking ends as soon as there
    /// are enough.
    pub signatures: Vec<VerifiedSignature>,
    /// Those that were looked at on the way and do not count.
    pub refused: Vec<Refusal>,
}

/// A signature that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedSignature {
    /// Where it was found.
    pub origin: String,
    /// How it is written down.
    pub format: Format,
    /// Who made it.
    pub signer: Signer,
    /// The transparency log entries that were proven. Empty if the policy asked for none.
    pub logged: Vec<Logged>,
    /// The times of timestamp authorities that were proven.
    pub timestamps: Vec<SystemTime>,
    /// What the signer wrote beside the digest (`cosign sign -a`).
    pub annotations: BTreeMap<String, String>,
}

/// Who made a signature.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Signer {
    /// Whoever holds the private half of a key.
    Key {
        /// What the policy calls the key, usually its file name.
        name: String,
        /// The SHA-256 of the key's `SubjectPublicKeyInfo` in DER.
        fingerprint: Digest,
    },
    /// Whoever the issuer says that it was.
    Identity {
        /// The subject alternative name of the certificate.
        subject: String,
        /// The OIDC issuer that vouched for it.
        issuer: String,
    },
}

impl Signer {
    /// What tells two signers apart: a key is the same key under any name.
    pub(crate) fn who(&self) -> (&str, &str) {
        match self {
            Self::Key { fingerprint, .. } => ("", fingerprint.hex()),
            Self::Identity { subject, issuer } => (issuer, subject),
        }
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { name, .. } => write!(f, "key {name}"),
            Self::Identity { subject, issuer } => write!(f, "{subject} (issuer {issuer})"),
        }
    }
}

/// An entry of a transparency log that was proven to be about a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Logged {
    /// The log's key identifier in hexadecimal.
    pub log_id: String,
    /// The entry's index in the log.
    pub log_index: u64,
    /// When the log says that it took the entry, if a signature of the log covers that time. Rekor v2
    /// has no such time; a timestamp stands in for it.
    pub integrated_time: Option<SystemTime>,
}
