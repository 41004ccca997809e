//! What a bundle says: an in-toto statement.

use std::collections::BTreeMap;

use portolan_reference::Digest;
use serde::Deserialize;
use serde_json::Value;

use crate::Reason;
use crate::bundle::Envelope;

/// What makes a statement a signature: cosign writes it, and everything else is an attestation, which
/// says something about an artifact without vouching for it (CVE-2022-35929).
const SIGNATURE: &str = "https://sigstore.dev/cosign/sign/v1";
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// An in-toto statement that is a cosign signature.
#[derive(Debug)]
pub(crate) struct Statement {
    subjects: Vec<Subject>,
    pub(crate) annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
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
        let written: Written = serde_json::from_slice(&envelope.payload)
            .map_err(|error| Reason::Malformed(format!("statement: {error}")))?;
        if written.predicate_type != SIGNATURE {
            return Err(Reason::Attestation(written.predicate_type));
        }
        if written.kind != STATEMENT {
            return Err(Reason::Malformed(format!("type {:?}", written.kind)));
        }
        Ok(Self {
            annotations: annotations(&written.subject),
            subjects: written.subject,
        })
    }

    /// That a subject of the statement is `digest`.
    pub(crate) fn is_about(&self, digest: &Digest) -> Result<(), Reason> {
        let algorithm = digest.algorithm().as_str();
        let named = self
            .subjects
            .iter()
            .map(|subject| subject.digest.get(algorithm));
        if named
            .clone()
            .any(|hex| hex.is_some_and(|hex| hex == digest.hex()))
        {
            return Ok(());
        }
        let named: Vec<_> = named
            .flatten()
            .map(|hex| format!("{algorithm}:{hex}"))
            .collect();
        Err(Reason::OtherDigest {
            named: if named.is_empty() {
                "nothing".to_owned()
            } else {
                named.join(", ")
            },
            wanted: digest.clone(),
        })
    }
}

/// What the signer wrote beside the digest.
fn annotations(subjects: &[Subject]) -> BTreeMap<String, String> {
    let written = subjects
        .iter()
        .filter_map(|subject| subject.annotations.as_ref());
    let texts = written.flatten().filter_map(|(key, value)| {
        let value = value.as_str()?;
        Some((key.clone(), value.to_owned()))
    });
    texts.collect()
}
