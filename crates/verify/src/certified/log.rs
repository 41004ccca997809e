//! What transparency logs prove.
//!
//! `sigstore-verify` checks Merkle paths, promises (SETs) and signatures of checkpoints, and that a body is
//! about the signature. It does not ask
//!
//! * that each entry has a proof or a promise: one that has is enough for it,
//! * that the log which signed the checkpoint is the one that the entry names,
//! * that the size beside a proof is the one that was signed.

use std::time::SystemTime;

use sigstore_verify::types::{
    Bundle as Written, InclusionProof, KindVersion, TransparencyLogEntry,
};

use crate::{Logged, Reason, TrustRoot};

/// Whether each entry says what it must, so that the crate can prove it.
pub(super) fn check(root: &TrustRoot, written: &Written, max: usize) -> Result<(), Reason> {
    let entries = &written.verification_material.tlog_entries;
    if entries.is_empty() {
        return Err(Reason::TransparencyLog("there is no log entry".to_owned()));
    }
    let refuse = |reason: &str| Err(Reason::TransparencyLog(reason.to_owned()));
    for entry in entries {
        let log = entry.log_id.key_id.as_bytes();
        if !root.logs().iter().any(|known| known == log) {
            return refuse("the trust root does not name the log of an entry");
        }
        if entry.inclusion_proof.is_none() && entry.inclusion_promise.is_none() {
            return refuse("an entry has neither a proof nor a promise of the log");
        }
        if let Some(proof) = &entry.inclusion_proof {
            check_checkpoint(root, entry, proof, max)?;
        }
    }
    Ok(())
}

fn check_checkpoint(
    root: &TrustRoot,
    entry: &TransparencyLogEntry,
    proof: &InclusionProof,
    max: usize,
) -> Result<(), Reason> {
    let refuse = |reason: &str| Err(Reason::TransparencyLog(reason.to_owned()));
    let Some(checkpoint) = proof.checkpoint.checkpoint() else {
        return refuse("a proof has no checkpoint");
    };
    if !is_one_note(proof.checkpoint.envelope(), checkpoint.signed_data()) {
        return refuse("a checkpoint is no signed note");
    }
    // Each is tried.
    if checkpoint.signatures().len() > max {
        return Err(Reason::TooLarge {
            what: "signatures of a checkpoint",
            limit: max as u64,
        });
    }
    for signature in checkpoint.signatures() {
        let hint = signature.key_id.as_bytes();
        let mut logs = root.logs().iter().filter(|log| log.starts_with(hint));
        if logs.any(|log| log != entry.log_id.key_id.as_bytes()) {
            return refuse("a checkpoint is signed by another log than the entry's");
        }
    }
    if proof.tree_size != checkpoint.tree_size() || proof.root_hash != *checkpoint.root_hash() {
        return refuse("a proof and its checkpoint are about different trees");
    }
    if is_v2(entry) && proof.log_index != entry.log_index {
        return refuse("a proof is about another index than the entry");
    }
    Ok(())
}

/// Whether a note is what is signed, an empty line, and lines with signatures
/// ([note format](https://pkg.go.dev/golang.org/x/mod/sumdb/note)).
fn is_one_note(note: &str, signed: &[u8]) -> bool {
    let Some(signatures) = note.as_bytes().strip_prefix(signed) else {
        return false;
    };
    let Some(signatures) = signatures.strip_prefix(b"\n") else {
        return false;
    };
    let whole = signatures.starts_with("— ".as_bytes()) && signatures.ends_with(b"\n");
    whole && !signatures.windows(2).any(|two| two == b"\n\n")
}

/// The entries, which must have been proven.
pub(super) fn entries(written: &Written) -> Vec<Logged> {
    let entries = written.verification_material.tlog_entries.iter();
    entries
        .map(|entry| Logged {
            log_id: entry
                .log_id
                .key_id
                .as_bytes()
                .iter()
                .fold(String::new(), |mut hex, byte| {
                    use std::fmt::Write as _;
                    // Writing to a string cannot fail.
                    let _ = write!(hex, "{byte:02x}");
                    hex
                }),
            log_index: match &entry.inclusion_proof {
                // Rekor v1 counts over all its trees, and only its promise says so.
                Some(proof) if entry.inclusion_promise.is_none() => proof.log_index.get(),
                _ => entry.log_index.get(),
            },
            integrated_time: integrated_time(entry),
        })
        .collect()
}

/// The times that promises of a log cover.
pub(super) fn integrated_times(written: &Written) -> Vec<SystemTime> {
    let entries = written.verification_material.tlog_entries.iter();
    entries.filter_map(integrated_time).collect()
}

fn integrated_time(entry: &TransparencyLogEntry) -> Option<SystemTime> {
    if is_v2(entry) || entry.inclusion_promise.is_none() {
        return None;
    }
    entry.integrated_time.map(SystemTime::from)
}

fn is_v2(entry: &TransparencyLogEntry) -> bool {
    entry.kind_version == KindVersion::HashedRekordV002
}
