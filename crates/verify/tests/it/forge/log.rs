//! A transparency log with one entry (Rekor v1).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Key, base64, digest, sha256};

/// What an entry says. It need not be true: a log does not know what it will be held against.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Entry<'a> {
    Dsse {
        payload: &'a [u8],
        signature: &'a [u8],
        /// PEM of a certificate or a key.
        verifier: &'a str,
    },
    HashedRekord {
        payload: &'a [u8],
        signature: &'a [u8],
        verifier: &'a str,
    },
}

impl Entry<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Dsse { .. } => "dsse",
            Self::HashedRekord { .. } => "hashedrekord",
        }
    }

    fn body(&self) -> String {
        let hash = |bytes: &[u8]| json!({ "algorithm": "sha256", "value": digest(bytes).hex() });
        let spec = match self {
            Self::Dsse {
                payload,
                signature,
                verifier,
            } => json!({
                "envelopeHash": hash(b"an envelope, as it was sent"),
                "payloadHash": hash(payload),
                "signatures": [{ "signature": base64(signature), "verifier": base64(verifier) }],
            }),
            Self::HashedRekord {
                payload,
                signature,
                verifier,
            } => json!({
                "data": { "hash": hash(payload) },
                "signature": {
                    "content": base64(signature),
                    "publicKey": { "content": base64(verifier) },
                },
            }),
        };
        json!({ "apiVersion": "0.0.1", "kind": self.kind(), "spec": spec }).to_string()
    }
}

/// An entry of a bundle with a promise and a proof, the log's tree being this entry. `index` counts over
/// all the log's trees.
pub(super) fn entry(log: &Key, entry: &Entry<'_>, time: u64, index: u64) -> Value {
    let body = entry.body();
    let id = digest(&log.spki());
    let id = id.hex();
    // Keys in alphabetical order, as the log signs it.
    let promised = format!(
        r#"{{"body":"{}","integratedTime":{time},"logID":"{id}","logIndex":{index}}}"#,
        base64(&body)
    );
    let root = base64(sha256(&[b"\0", body.as_bytes()].concat()));
    let note = format!("log.example\n1\n{root}\n");
    let signed = [&log.id()[..4], &log.sign(note.as_bytes())].concat();
    json!({
        "logIndex": index.to_string(),
        "logId": { "keyId": base64(log.id()) },
        "kindVersion": { "kind": entry.kind(), "version": "0.0.1" },
        "integratedTime": time.to_string(),
        "inclusionPromise": { "signedEntryTimestamp": base64(log.sign(promised.as_bytes())) },
        "inclusionProof": {
            "logIndex": "0",
            "rootHash": root,
            "treeSize": "1",
            "hashes": [],
            "checkpoint": { "envelope": format!("{note}\n— log.example {}\n", base64(signed)) },
        },
        "canonicalizedBody": base64(body),
    })
}

/// The same entry as cosign writes it beside a payload.
pub(super) fn annotation(entry: &Value) -> String {
    let text = |pointer: &str| entry.pointer(pointer).unwrap().as_str().unwrap();
    let id = STANDARD.decode(text("/logId/keyId")).unwrap();
    let id = id.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    let annotation = json!({
        "SignedEntryTimestamp": text("/inclusionPromise/signedEntryTimestamp"),
        "Payload": {
            "body": text("/canonicalizedBody"),
            "integratedTime": text("/integratedTime").parse::<u64>().unwrap(),
            "logIndex": text("/logIndex").parse::<u64>().unwrap(),
            "logID": id,
        },
    });
    annotation.to_string()
}
