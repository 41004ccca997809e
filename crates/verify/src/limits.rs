/// How much is looked at before a policy counts as unmet.
///
/// Whatever goes beyond is passed over: it is never held against the artifact, and never counts for
/// it. Peers let everyone who can push to a repository decide how much work a verification is
/// (CVE-2023-46737, CVE-2024-29902, CVE-2024-29903).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Signatures that are examined: 100.
    pub max_signatures: usize,
    /// Bytes of all signatures that are examined, their annotations included: 128 MiB.
    pub max_total_bytes: u64,
    /// Bytes of one signature, its annotations included: 4 MiB. A signature has some 10 KiB; what is
    /// larger is an attestation with a large predicate.
    pub max_signature_bytes: u64,
    /// Certificates, log entries, and timestamps in one bundle, each: 32.
    pub max_entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_signatures: 100,
            max_total_bytes: 128 << 20,
            max_signature_bytes: 4 << 20,
            max_entries: 32,
        }
    }
}
