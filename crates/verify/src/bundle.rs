//! The outside of a Sigstore bundle: enough to know what it claims to be, and how much there is of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::{Reason, json};

/// A bundle of version 0.3 that holds a DSSE envelope with one signature.
#[derive(Debug)]
pub(crate) struct Bundle<'a> {
    pub(crate) json: &'a [u8],
    pub(crate) material: Material,
    pub(crate) envelope: Envelope,
}

/// Who is said to have signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Material {
    Key,
    Certificate,
}

/// What was signed, and the signature ([DSSE](https://github.com/secure-systems-lab/dsse)).
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) payload_type: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outside {
    media_type: String,
    verification_material: VerificationMaterial,
    dsse_envelope: Option<DsseEnvelope>,
    message_signature: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VerificationMaterial {
    certificate: Option<IgnoredAny>,
    public_key: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
    #[serde(default)]
    tlog_entries: Vec<IgnoredAny>,
    #[serde(default)]
    timestamp_verification_data: Option<Timestamps>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Timestamps {
    #[serde(default)]
    rfc3161_timestamps: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DsseEnvelope {
    payload_type: String,
    payload: String,
    signatures: Vec<DsseSignature>,
}

#[derive(Deserialize)]
struct DsseSignature {
    sig: String,
}

impl<'a> Bundle<'a> {
    /// Read the outside of a bundle whose lists have at most `max` items.
    pub(crate) fn read(json: &'a [u8], max: usize) -> Result<Self, Reason> {
        json::bounded(json, "")?;
        let outside: Outside =
            serde_json::from_slice(json).map_err(|error| Reason::Malformed(error.to_string()))?;
        let malformed = |what: &str| Reason::Malformed(what.to_owned());
        if !is_container_bundle(&outside.media_type) {
            let found = &outside.media_type;
            return Err(Reason::Malformed(format!(
                "media type {found:?} is not that of a bundle of version 0.3"
            )));
        }
        let material = outside.verification_material;
        let timestamps = material.timestamp_verification_data.unwrap_or_default();
        for (what, length) in [
            ("log entries", material.tlog_entries.len()),
            ("timestamps", timestamps.rfc3161_timestamps.len()),
        ] {
            if length > max {
                return Err(Reason::TooLarge {
                    what,
                    limit: max as u64,
                });
            }
        }
        // The format has one of each, and readers differ in which of two they take.
        if outside.message_signature.is_some() || material.x509_certificate_chain.is_some() {
            return Err(malformed("more than an envelope and its signer"));
        }
        let material = match (material.certificate, material.public_key) {
            (Some(_), None) => Material::Certificate,
            (None, Some(_)) => Material::Key,
            _ => return Err(malformed("neither a certificate nor a key, or both")),
        };
        let envelope = outside.dsse_envelope;
        let envelope = envelope.ok_or_else(|| malformed("no DSSE envelope"))?;
        let [signature] = envelope.signatures.as_slice() else {
            return Err(malformed("not exactly one signature in the envelope"));
        };
        let decoded = |text: &str| STANDARD.decode(text).map_err(|_| malformed("no base64"));
        Ok(Self {
            json,
            material,
            envelope: Envelope {
                payload: decoded(&envelope.payload)?,
                signature: decoded(&signature.sig)?,
                payload_type: envelope.payload_type,
            },
        })
    }
}

/// Version 0.3 in [both of its spellings][1]. What a later one means nobody knows yet.
///
/// [1]: https://github.com/sigstore/protobuf-specs/blob/v0.5.1/protos/sigstore_bundle.proto
fn is_container_bundle(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.dev.sigstore.bundle.v0.3+json"
            | "application/vnd.dev.sigstore.bundle+json;version=0.3"
    )
}

impl Envelope {
    /// The bytes that the signature covers: type and payload, each with its length.
    pub(crate) fn pae(&self) -> Vec<u8> {
        let (kind, payload) = (&self.payload_type, &self.payload);
        let mut bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
        bytes.extend_from_slice(payload);
        bytes
    }
}
