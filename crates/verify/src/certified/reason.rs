//! The crate's errors in our words, with its text.

use sigstore_verify::bundle::error::Error as BundleError;
use sigstore_verify::{CertificateError, Error};

use crate::Reason;

pub(super) fn of(error: Error) -> Reason {
    match error {
        Error::SignatureInvalid(text) => Reason::Signature(text),
        Error::Certificate(CertificateError::Sct(text)) | Error::InvalidTrustRoot(text) => {
            Reason::SignedCertificateTimestamp(text)
        }
        Error::Certificate(error) => Reason::Certificate(error.to_string()),
        // The statement's subject and the payload's digest are compared before: what remains are the
        // hashes in a log's entry.
        Error::ArtifactMismatch(text) => Reason::TransparencyLog(text),
        Error::TransparencyLog(error) => Reason::TransparencyLog(error.to_string()),
        Error::Bundle(
            error @ (BundleError::MissingInclusionPromise(_)
            | BundleError::MissingInclusionProof(_)
            | BundleError::MissingSigningTimeEvidence
            | BundleError::MissingCheckpoint
            | BundleError::LogIndexOutOfRange { .. }
            | BundleError::CheckpointRootMismatch),
        ) => Reason::TransparencyLog(error.to_string()),
        Error::Timestamp(error) => Reason::Timestamp(error.to_string()),
        other => Reason::Malformed(other.to_string()),
    }
}
