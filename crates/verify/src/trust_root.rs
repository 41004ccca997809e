//! Which authorities and logs are believed.

use std::fmt;
use std::sync::Arc;

use portolan_reference::{Algorithm, Digest};
use sigstore_verify::Verifier;
use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_verify::types::{TimeRange, TsaAuthority};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// Certificate authorities, transparency logs and timestamp authorities, each with the time in which it
/// is believed: Sigstore's [`trusted_root.json`][1].
///
/// Parsed once; a clone shares it.
///
/// [1]: https://github.com/sigstore/protobuf-specs/blob/v0.5.0/protos/sigstore_trustroot.proto
///
/// # Deviation
///
/// An authority is believed no longer than each of its certificates lasts, whatever the file says:
/// verifiers that check only the leaf accept what an intermediate signed after its end
/// (CVE-2026-24122).
#[derive(Clone)]
pub struct TrustRoot(Arc<Inner>);

struct Inner {
    verifier: Verifier,
    logs: Vec<Vec<u8>>,
    timestamp_authorities: Vec<(Certificate, TsaAuthority)>,
    fingerprint: Digest,
}

impl TrustRoot {
    /// Read a `trusted_root.json`.
    ///
    /// # Errors
    ///
    /// [`TrustRootError`] if it cannot be read, or holds a key or certificate that cannot be used: one
    /// that is left out would be missed only when something that it signed is refused.
    pub fn parse(json: &[u8]) -> Result<Self, TrustRootError> {
        let text = std::str::from_utf8(json).map_err(|error| TrustRootError(error.to_string()))?;
        let mut root =
            TrustedRoot::from_json(text).map_err(|error| TrustRootError(error.to_string()))?;
        for authority in &mut root.certificate_authorities {
            let chain = authority.cert_chain.certificates.iter();
            let chain = chain.map(|certificate| certificate.raw_bytes.as_bytes());
            authority.valid_for = lasting(chain, authority.valid_for).map_err(|error| {
                TrustRootError(format!("certificate authority {}: {error}", authority.uri))
            })?;
        }
        for authority in &mut root.timestamp_authorities {
            let chain = authority.cert_chain.certificates.iter();
            let chain = chain.map(|certificate| certificate.raw_bytes.as_bytes());
            authority.valid_for = lasting(chain, authority.valid_for).map_err(|error| {
                let uri = authority.uri.as_deref().unwrap_or("without address");
                TrustRootError(format!("timestamp authority {uri}: {error}"))
            })?;
        }
        let verifier = Verifier::new(&root).map_err(|error| TrustRootError(error.to_string()))?;
        let logs = root.tlogs.iter().map(|log| log.log_id.key_id.as_bytes());
        let authorities = root.tsa_authorities().into_iter().map(|authority| {
            let certificate = Certificate::from_der(authority.leaf.as_bytes());
            certificate.map(|certificate| (certificate, authority))
        });
        Ok(Self(Arc::new(Inner {
            logs: logs.map(<[u8]>::to_vec).collect(),
            timestamp_authorities: authorities
                .collect::<Result<_, _>>()
                .map_err(|error| TrustRootError(format!("timestamp authority: {error}")))?,
            verifier,
            fingerprint: Digest::of(Algorithm::Sha256, json),
        })))
    }

    /// The root of the public Sigstore instance as it was when this crate was built.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn sigstore() -> Result<Self, TrustRootError> {
        Self::parse(SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes())
    }

    /// The SHA-256 of the JSON.
    pub fn fingerprint(&self) -> &Digest {
        &self.0.fingerprint
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    /// The identifiers of the transparency logs.
    pub(crate) fn logs(&self) -> &[Vec<u8>] {
        &self.0.logs
    }

    /// The certificates that timestamps are signed with, and whose they are.
    pub(crate) fn timestamp_authorities(&self) -> &[(Certificate, TsaAuthority)] {
        &self.0.timestamp_authorities
    }
}

/// The part of `valid_for` in which every certificate of the chain is valid.
fn lasting<'a>(
    chain: impl Iterator<Item = &'a [u8]>,
    valid_for: Option<TimeRange>,
) -> Result<Option<TimeRange>, String> {
    let mut lasting = valid_for;
    for certificate in chain {
        let certificate = Certificate::from_der(certificate);
        let validity = certificate
            .map_err(|error| format!("certificate: {error}"))?
            .tbs_certificate
            .validity;
        let time = |time: x509_cert::time::Time| {
            let time = time.to_system_time().try_into();
            time.map_err(|error| format!("certificate: {error}"))
        };
        let (start, end) = (time(validity.not_before)?, time(validity.not_after)?);
        lasting = Some(match lasting {
            None => TimeRange::new(start, Some(end)),
            Some(range) => TimeRange::new(
                range.start.max(start),
                Some(range.end.map_or(end, |before| before.min(end))),
            ),
        });
    }
    match lasting {
        Some(TimeRange {
            start,
            end: Some(end),
        }) if end < start => Err("there is no time at which all its certificates are valid".into()),
        lasting => Ok(lasting),
    }
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TrustRoot")
            .field(&self.0.fingerprint)
            .finish()
    }
}

/// Why a `trusted_root.json` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a usable trusted root: {0}")]
pub struct TrustRootError(String);
