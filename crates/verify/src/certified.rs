//! What certificates, logs and timestamps prove, with [`sigstore_verify`] behind it, which is named
//! here and below only.
//!
//! What that crate leaves open is closed here: see [`log`] for entries of a transparency log,
//! [`timestamp`] for timestamps, and [`subject`] for names in certificates. Signatures of keys are checked
//! before, in [`crate::key`].

mod log;
mod reason;
mod rewrap;
mod subject;
mod timestamp;

use std::time::SystemTime;

use portolan_reference::{Algorithm, Digest};
use sigstore_verify::types::{
    Artifact, ArtifactDigest, Bundle as Written, DerPublicKey, DsseEnvelope, DsseSignature,
    HashAlgorithm, KeyId, PayloadBytes, SignatureBytes, SignatureContent,
};
use sigstore_verify::{
    Policy, PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult,
};

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
    root: &TrustRoot,
    bundle: &Bundle<'_>,
    digest: &Digest,
    max: usize,
    demands: Demands,
) -> Result<Certified, Reason> {
    let written = written(bundle)?;
    certified(root, written, artifact(digest)?, max, demands)
}

/// The same of a payload with its annotations, rewritten as a bundle of version 0.1.
pub(crate) fn certified_simple_signing(
    root: &TrustRoot,
    signed: &SimpleSigning<'_>,
    max: usize,
    demands: Demands,
) -> Result<Certified, Reason> {
    let written = rewrap::with_certificate(signed, max)?;
    let payload = Artifact::Blob(signed.payload);
    certified(root, written, payload, max, demands)
}

/// What a log or an authority proves of a bundle that `key` signed.
pub(crate) fn logged_bundle(
    root: &TrustRoot,
    bundle: &Bundle<'_>,
    digest: &Digest,
    key: &PublicKey,
    max: usize,
    demands: Demands,
) -> Result<Evidence, Reason> {
    let written = written(bundle)?;
    logged(root, written, artifact(digest)?, key, max, demands)
}

/// The same of a payload with its annotations.
pub(crate) fn logged_simple_signing(
    root: &TrustRoot,
    signed: &SimpleSigning<'_>,
    key: &PublicKey,
    max: usize,
    demands: Demands,
) -> Result<Evidence, Reason> {
    let written = rewrap::with_key(signed)?;
    let payload = Artifact::Blob(signed.payload);
    logged(root, written, payload, key, max, demands)
}

fn certified(
    root: &TrustRoot,
    mut written: Written,
    artifact: Artifact<'_>,
    max: usize,
    demands: Demands,
) -> Result<Certified, Reason> {
    timestamp::keep_judgeable(root, &mut written, demands)?;
    if demands.log {
        log::check(root, &written, max)?;
    }
    let mut policy = VerificationPolicy::any_identity();
    if !demands.log {
        policy = policy.skip_tlog_unsafe();
    }
    if !demands.sct {
        policy = policy.skip_sct();
    }
    let result = judge(root, &written, artifact, &policy)?;
    // The crate answers with an error if any of this is not so. It is asked again, because whoever
    // changes the policy above might not know that.
    if !result.certificate_verified() {
        return Err(Reason::Certificate("not verified".to_owned()));
    }
    if demands.sct && !result.sct_verified() {
        return Err(Reason::SignedCertificateTimestamp(
            "not verified".to_owned(),
        ));
    }
    let evidence = evidence(&written, &result, demands)?;
    let subject = subject::of(&written, &result)?;
    let issuer = result.issuer().ok_or_else(|| {
        Reason::Certificate("it does not say which OIDC issuer vouches for its subject".into())
    })?;
    Ok(Certified {
        subject,
        issuer: issuer.to_owned(),
        evidence,
    })
}

fn logged(
    root: &TrustRoot,
    mut written: Written,
    artifact: Artifact<'_>,
    key: &PublicKey,
    max: usize,
    demands: Demands,
) -> Result<Evidence, Reason> {
    timestamp::keep_judgeable(root, &mut written, demands)?;
    if !demands.log {
        // The crate cannot read every key that we can, and there is nothing else to ask of it.
        return Ok(Evidence {
            logged: Vec::new(),
            timestamps: timestamp::verify(root, &written)?,
        });
    }
    log::check(root, &written, max)?;
    let policy = PublicKeyVerificationPolicy::new(DerPublicKey::from(key.spki()));
    let result = judge(root, &written, artifact, &policy)?;
    evidence(&written, &result, demands)
}

fn judge(
    root: &TrustRoot,
    written: &Written,
    artifact: Artifact<'_>,
    policy: &dyn Policy,
) -> Result<VerificationResult, Reason> {
    let verifier = root.verifier();
    let result = verifier.verify(artifact, written, policy);
    result.map_err(reason::of)
}

fn evidence(
    written: &Written,
    result: &VerificationResult,
    demands: Demands,
) -> Result<Evidence, Reason> {
    if demands.log && !result.tlog_verified() {
        return Err(Reason::TransparencyLog("not verified".to_owned()));
    }
    let integrated = log::integrated_times(written);
    let timestamps = timestamp::without(result.verified_timestamps(), &integrated);
    Ok(Evidence {
        logged: if demands.log {
            log::entries(written)
        } else {
            Vec::new()
        },
        timestamps,
    })
}

/// The bundle as the crate reads it, around the envelope as it was read before: JSON in which two members
/// could be meant (`messageSignature` beside `dsseEnvelope`) would otherwise be judged for the one and
/// believed for the other.
fn written(bundle: &Bundle<'_>) -> Result<Written, Reason> {
    let text = std::str::from_utf8(bundle.json);
    let text = text.map_err(|_| Reason::Malformed("no UTF-8".to_owned()))?;
    let mut written =
        Written::from_json(text).map_err(|error| Reason::Malformed(error.to_string()))?;
    let envelope = &bundle.envelope;
    written.content = SignatureContent::DsseEnvelope(DsseEnvelope::new(
        envelope.payload_type.clone(),
        PayloadBytes::from_bytes(&envelope.payload),
        DsseSignature::new(
            SignatureBytes::from_bytes(&envelope.signature),
            KeyId::default(),
        ),
    ));
    Ok(written)
}

fn artifact(digest: &Digest) -> Result<Artifact<'static>, Reason> {
    let algorithm = match digest.algorithm() {
        Algorithm::Sha256 => HashAlgorithm::Sha2256,
        Algorithm::Sha512 => HashAlgorithm::Sha2512,
        other => {
            let other = other.as_str();
            return Err(Reason::Malformed(format!(
                "{other} digests cannot be judged"
            )));
        }
    };
    let bytes = hex(digest.hex()).ok_or_else(|| Reason::Malformed("digest".to_owned()))?;
    let digest = ArtifactDigest::new(algorithm, bytes);
    let digest = digest.map_err(|error| Reason::Malformed(error.to_string()))?;
    Ok(Artifact::from_digest(digest))
}

/// The bytes that hexadecimal digits stand for.
fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16);
    let bytes = digits.chunks_exact(2).map(|pair| match pair {
        [high, low] => u8::try_from(value(*high)? << 4 | value(*low)?).ok(),
        _ => None,
    });
    bytes.collect()
}
