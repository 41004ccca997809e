//! Signatures in both of their forms.

use portolan_reference::Digest;
use portolan_verify::Signature;
use serde_json::{Value, json};

use super::{Certified, Entry, Key, base64, log};

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// An in-toto statement about a digest.
pub(crate) fn statement(digest: &Digest, predicate_type: &str) -> Vec<u8> {
    let subject = json!([{ "digest": { "sha256": digest.hex() }, "annotations": {} }]);
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": predicate_type,
        "predicate": {},
    });
    statement.to_string().into_bytes()
}

/// What is signed of a payload.
fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let head = format!("DSSEv1 {} {kind} {length} ", kind.len());
    [head.as_bytes(), payload].concat()
}

/// What everything else of a bundle is about.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    kind: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Envelope {
    pub(crate) fn new(payload: Vec<u8>, key: &Key) -> Self {
        Self::of_kind(PAYLOAD_TYPE, payload, key)
    }

    /// With a payload that is called something else.
    pub(crate) fn of_kind(kind: &str, payload: Vec<u8>, key: &Key) -> Self {
        Self {
            kind: kind.to_owned(),
            signature: key.sign(&pae(kind, &payload)),
            payload,
        }
    }

    /// As the log should have it.
    pub(crate) fn entry<'a>(&'a self, verifier: &'a str) -> Entry<'a> {
        Entry::Dsse {
            payload: &self.payload,
            signature: &self.signature,
            verifier,
        }
    }

    /// In a bundle with this certificate, or with none.
    pub(crate) fn bundle(
        &self,
        certificate: Option<&[u8]>,
        entries: &[Value],
        timestamps: &[Vec<u8>],
    ) -> Signature {
        let timestamps = timestamps.iter();
        let timestamps = timestamps.map(|each| json!({ "signedTimestamp": base64(each) }));
        let mut material = json!({
            "tlogEntries": entries,
            "timestampVerificationData": {
                "rfc3161Timestamps": timestamps.collect::<Vec<_>>(),
            },
        });
        match certificate {
            Some(der) => material["certificate"] = json!({ "rawBytes": base64(der) }),
            None => material["publicKey"] = json!({ "hint": "" }),
        }
        let bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": material,
            "dsseEnvelope": {
                "payloadType": self.kind,
                "payload": base64(&self.payload),
                "signatures": [{ "sig": base64(&self.signature) }],
            },
        });
        Signature::bundle("bundle", bundle.to_string())
    }
}

/// A payload of cosign's older form about a digest.
pub(crate) fn payload(digest: &Digest) -> Vec<u8> {
    let payload = json!({
        "critical": {
            "identity": { "docker-reference": "registry.example/chart" },
            "image": { "docker-manifest-digest": digest.to_string() },
            "type": "cosign container image signature",
        },
        "optional": null,
    });
    payload.to_string().into_bytes()
}

/// A layer of a signature tag.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tag {
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) certificate: String,
    pub(crate) chain: String,
    pub(crate) entry: Option<Value>,
    pub(crate) timestamp: Option<Vec<u8>>,
}

impl Tag {
    pub(crate) fn new(payload: Vec<u8>, signer: &Certified) -> Self {
        Self {
            signature: signer.key.sign(&payload),
            certificate: signer.pem(),
            payload,
            ..Self::default()
        }
    }

    /// As the log should have it.
    pub(crate) fn entry<'a>(&'a self, verifier: &'a str) -> Entry<'a> {
        Entry::HashedRekord {
            payload: &self.payload,
            signature: &self.signature,
            verifier,
        }
    }

    pub(crate) fn signature(&self) -> Signature {
        let mut annotations = vec![
            (
                "dev.cosignproject.cosign/signature",
                base64(&self.signature),
            ),
            ("dev.sigstore.cosign/certificate", self.certificate.clone()),
            ("dev.sigstore.cosign/chain", self.chain.clone()),
        ];
        if let Some(entry) = &self.entry {
            annotations.push(("dev.sigstore.cosign/bundle", log::annotation(entry)));
        }
        if let Some(timestamp) = &self.timestamp {
            let timestamp = json!({ "SignedRFC3161Timestamp": base64(timestamp) });
            annotations.push((
                "dev.sigstore.cosign/rfc3161timestamp",
                timestamp.to_string(),
            ));
        }
        let annotations = annotations.into_iter();
        let annotations = annotations.map(|(name, value)| (name.to_owned(), value));
        Signature::simple_signing("tag", self.payload.clone(), annotations)
    }
}
