//! What a bundle says: an in-toto statement.

use std::collections::BTreeMap;

use portolan_reference::Digest;
use serde::Deserialize;
use serde_json::Value;

use crate::bundle::Envelope;
use crate::{Reason, json};

/// What makes a statement a signature: cosign writes it, and everything else is an attestation, which
/// says something about an artifact without vouching for it (CVE-2022-35929).
const SIGNATURE: &str = "https://sigstore.dev/cosign/sign/v1";
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// An in-toto statement that is a cosign signature.
#[derive(Debug, Deserialize)]
pub(crate) struct Statement {
    subject: Vec<Subject>,
}

/// What a statement says that it is.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

#[derive(Debug, Deserialize)]
struct Subject {
    #[serde(default)]
    digest: BTreeMap<String, String>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, Value>>,
}

impl Statement {
    pub(crate) fn read(envelope: &Envelope) -> Result<Self, Reason> {
        if envelope.payload_type != PAYLOAD_TYPE {
            let kind = &envelope.payload_type;
            return Err(Reason::Malformed(format!("payload type {kind:?}")));
        }
        let malformed = |error| Reason::Malformed(format!("statement: {error}"));
        let head: Head = serde_json::from_slice(&envelope.payload).map_err(malformed)?;
        if head.predicate_type != SIGNATURE {
            return Err(Reason::Attestation(head.predicate_type));
        }
        if head.kind != STATEMENT {
            return Err(Reason::Malformed(format!("type {:?}", head.kind)));
        }
        json::bounded(&envelope.payload, "statement: ")?;
        serde_json::from_slice(&envelope.payload).map_err(malformed)
    }

    /// What the signer wrote beside `digest`, which a subject of the statement has to be. What is
    /// written beside another one says nothing of it, and of two that are it the first counts, as
    /// in cosign.
    pub(crate) fn about(&self, digest: &Digest) -> Result<BTreeMap<String, String>, Reason> {
        let algorithm = digest.algorithm().as_str();
        let named = |subject: &Subject| {
            let hex = subject.digest.get(algorithm);
            hex.is_some_and(|hex| hex == digest.hex())
        };
        if let Some(subject) = self.subject.iter().find(|subject| named(subject)) {
            let annotations = subject.annotations.iter().flatten();
            let texts = annotations.filter_map(|(key, value)| {
                let value = value.as_str()?;
                Some((key.clone(), value.to_owned()))
            });
            return Ok(texts.collect());
        }
        let digests = self.subject.iter();
        let others = digests.filter_map(|subject| subject.digest.get(algorithm));
        let others: Vec<_> = others.map(|hex| format!("{algorithm}:{hex}")).collect();
        Err(Reason::OtherDigest {
            named: if others.is_empty() {
                "nothing".to_owned()
            } else {
                others.join(", ")
            },
            wanted: digest.clone(),
        })
    }
}
