//! What certificates, logs and timestamps prove, with `sigstore-verify` behind it.

use std::time::SystemTime;

use portolan_reference::Digest;

use crate::bundle::Bundle;
use crate::simple_signing::SimpleSigning;
use crate::{Logged, PublicKey, Reason, TrustRoot};

/// What has to be proven.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demands {
    pub(crate) log: bool,
    pub(crate) sct: bool,
    pub(crate) timestamp: bool,
}

impl Demands {
    /// Whether anything is demanded of a bare key's signature.
    pub(crate) fn any(self) -> bool {
        self.log || self.timestamp
    }
}

/// Who a certificate says that signed, and what else was proven.
#[derive(Debug)]
pub(crate) struct Certified {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) evidence: Evidence,
}

/// When and where a signature was seen.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) logged: Vec<Logged>,
    pub(crate) timestamps: Vec<SystemTime>,
}

/// Judge a bundle with a certificate: chain, SCT, log, timestamps, signature, and that its statement is
/// about `digest`.
pub(crate) fn certified_bundle(
    _root: &TrustRoot,
    _bundle: &Bundle<'_>,
    _digest: &Digest,
    _demands: Demands,
) -> Result<Certified, Reason> {
    Err(Reason::Certificate("not judged".to_owned()))
}

/// The same of a payload with its annotations, rewritten as a bundle of version 0.1.
pub(crate) fn certified_simple_signing(
    _root: &TrustRoot,
    _signed: &SimpleSigning<'_>,
    _demands: Demands,
) -> Result<Certified, Reason> {
    Err(Reason::Certificate("not judged".to_owned()))
}

/// What a log or an authority proves of a bundle that `key` signed.
pub(crate) fn logged_bundle(
    _root: &TrustRoot,
    _bundle: &Bundle<'_>,
    _digest: &Digest,
    _key: &PublicKey,
    _demands: Demands,
) -> Result<Evidence, Reason> {
    Err(Reason::TransparencyLog("not judged".to_owned()))
}

/// The same of a payload with its annotations.
pub(crate) fn logged_simple_signing(
    _root: &TrustRoot,
    _signed: &SimpleSigning<'_>,
    _key: &PublicKey,
    _demands: Demands,
) -> Result<Evidence, Reason> {
    Err(Reason::TransparencyLog("not judged".to_owned()))
}
