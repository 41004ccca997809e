//! A payload with its annotations as a bundle, which is what can be judged.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portolan_reference::{Algorithm, Digest};
use serde::Deserialize;
use sigstore_verify::types::{
    Bundle, CanonicalizedBody, DerCertificate, DigestBytes, HashAlgorithm, InclusionPromise,
    KindVersion, LogId, LogIndex, LogKeyId, MediaType, MessageDigest, MessageSignature,
    PublicKeyIdentifier, Rfc3161Timestamp, SignatureBytes, SignatureContent, SignedTimestamp,
    TimestampToken, TimestampVerificationData, TransparencyLogEntry, VerificationMaterial,
    VerificationMaterialContent, X509Certificate,
};

use super::hex;
use crate::simple_signing::SimpleSigning;
use crate::{Reason, pem};

/// cosign's [`RekorBundle`](https://github.com/sigstore/cosign/blob/v3.1.3/pkg/cosign/bundle/rekor.go).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RekorBundle {
    signed_entry_timestamp: String,
    payload: RekorPayload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RekorPayload {
    body: String,
    integrated_time: i64,
    log_index: u64,
    #[serde(rename = "logID")]
    log_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    api_version: String,
    kind: String,
}

/// cosign's [`RFC3161Timestamp`][1].
///
/// [1]: https://github.com/sigstore/cosign/blob/v3.1.3/pkg/cosign/bundle/rfc3161.go
#[derive(Deserialize)]
struct SignedTimestampJson {
    #[serde(rename = "SignedRFC3161Timestamp")]
    signed: String,
}

/// What a certificate's key signed. `max` bounds the chain.
pub(super) fn with_certificate(signed: &SimpleSigning<'_>, max: usize) -> Result<Bundle, Reason> {
    let certificates = certificates(signed, max)?;
    bundle(
        signed,
        VerificationMaterialContent::X509CertificateChain { certificates },
    )
}

/// What a bare key signed.
pub(super) fn with_key(signed: &SimpleSigning<'_>) -> Result<Bundle, Reason> {
    let key = PublicKeyIdentifier::new("");
    bundle(signed, VerificationMaterialContent::PublicKey(key))
}

fn bundle(
    signed: &SimpleSigning<'_>,
    made_with: VerificationMaterialContent,
) -> Result<Bundle, Reason> {
    let entry = signed.entry.map(entry).transpose()?;
    // Version 0.1 wants a promise of the log, and later ones a proof: cosign has promises only.
    let version = match entry {
        Some(_) => MediaType::Bundle0_1,
        None => MediaType::Bundle0_2,
    };
    let timestamp = signed.timestamp.map(timestamp).transpose()?;
    let material = VerificationMaterial::new(made_with)
        .with_tlog_entries(entry.into_iter().collect())
        .with_timestamp_verification_data(TimestampVerificationData::new(
            timestamp.into_iter().collect(),
        ));
    let digest = Digest::of(Algorithm::Sha256, signed.payload);
    let digest = hex(digest.hex()).ok_or_else(|| malformed("digest"))?;
    let signature =
        MessageSignature::new(SignatureBytes::from_bytes(&signed.signature)).with_message_digest(
            MessageDigest::new(HashAlgorithm::Sha2256, DigestBytes::new(digest)),
        );
    Ok(Bundle::new(
        version,
        material,
        SignatureContent::MessageSignature(signature),
    ))
}

/// PEM of a certificate and of its chain, each. Fulcio's have some 2 KiB.
const MAX_PEM_BYTES: usize = 256 << 10;

/// The certificate, and those of the chain.
fn certificates(signed: &SimpleSigning<'_>, max: usize) -> Result<Vec<X509Certificate>, Reason> {
    let mut certificates = Vec::new();
    for (what, text, max) in [
        ("certificate", signed.certificate, 1),
        ("certificate chain", signed.chain, max),
    ] {
        // What cannot be read is passed over, and may be read several times.
        if text.is_some_and(|text| text.len() > MAX_PEM_BYTES) {
            return Err(Reason::TooLarge {
                what: "bytes of PEM",
                limit: MAX_PEM_BYTES as u64,
            });
        }
        let blocks = pem::all(text.unwrap_or_default().as_bytes(), max);
        let blocks = blocks.ok_or(Reason::TooLarge {
            what: "certificates",
            limit: max as u64,
        })?;
        if blocks.is_empty() && text.is_some() {
            return Err(malformed(&format!("the {what} is no PEM")));
        }
        for block in blocks {
            if block.label != "CERTIFICATE" {
                let label = block.label;
                return Err(malformed(&format!(
                    "the {what} has a PEM block of type {label:?}"
                )));
            }
            certificates.push(X509Certificate::new(DerCertificate::new(block.der)));
        }
    }
    Ok(certificates)
}

fn entry(json: &str) -> Result<TransparencyLogEntry, Reason> {
    let RekorBundle {
        signed_entry_timestamp,
        payload,
    } = serde_json::from_str(json).map_err(|error| malformed(&format!("log entry: {error}")))?;
    let body = decoded(&payload.body)?;
    let kind: Body = serde_json::from_slice(&body)
        .map_err(|error| malformed(&format!("body of the log entry: {error}")))?;
    if (kind.kind.as_str(), kind.api_version.as_str()) != ("hashedrekord", "0.0.1") {
        let Body { kind, api_version } = kind;
        return Err(Reason::TransparencyLog(format!(
            "an entry of kind {kind} {api_version} is not about a signed payload"
        )));
    }
    let log = hex(&payload.log_id).ok_or_else(|| malformed("the log is no hexadecimal number"))?;
    let time = u64::try_from(payload.integrated_time).ok();
    let time = time.and_then(|time| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(time)));
    let time = time.and_then(|time| time.try_into().ok());
    let index = LogIndex::new(payload.log_index);
    let entry = TransparencyLogEntry::new(
        index.map_err(|error| malformed(&error.to_string()))?,
        LogId::new(LogKeyId::new(log)),
        KindVersion::HashedRekordV001,
        CanonicalizedBody::new(body),
    );
    let promise = SignedTimestamp::new(decoded(&signed_entry_timestamp)?);
    Ok(entry
        .with_integrated_time(time.ok_or_else(|| malformed("the time of the log entry is none"))?)
        .with_inclusion_promise(InclusionPromise::new(promise)))
}

fn timestamp(json: &str) -> Result<Rfc3161Timestamp, Reason> {
    let SignedTimestampJson { signed } =
        serde_json::from_str(json).map_err(|error| malformed(&format!("timestamp: {error}")))?;
    Ok(Rfc3161Timestamp::new(TimestampToken::new(decoded(
        &signed,
    )?)))
}

fn decoded(text: &str) -> Result<Vec<u8>, Reason> {
    STANDARD.decode(text).map_err(|_| malformed("no base64"))
}

fn malformed(what: &str) -> Reason {
    Reason::Malformed(what.to_owned())
}
