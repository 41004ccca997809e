//! cosign's older form: a payload, with everything else in annotations.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portolan_reference::Digest;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::{Reason, json};

/// A signed payload as it lies in a layer of the tag `sha256-<hex>.sig`.
#[derive(Debug)]
pub(crate) struct SimpleSigning<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) signature: Vec<u8>,
    /// PEM. An empty one is none.
    pub(crate) certificate: Option<&'a str>,
    /// PEM of the certificates above, the nearest first.
    pub(crate) chain: Option<&'a str>,
    /// cosign's JSON of a Rekor v1 entry: body, time, index, log and promise.
    pub(crate) entry: Option<&'a str>,
    /// cosign's JSON of an RFC 3161 timestamp.
    pub(crate) timestamp: Option<&'a str>,
    pub(crate) annotations: BTreeMap<String, String>,
    named: String,
}

/// Members that nobody knows are refused, as [others][1] do: Go takes `Critical` for `critical`, and of
/// two the one that comes last, so that a payload with both would name one digest here and another there.
///
/// [1]: https://github.com/containers/image/blob/v5.36.2/signature/internal/sigstore_payload.go
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    critical: Critical,
    #[serde(default)]
    optional: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Critical {
    /// Where it was when it was signed, which it need not be any more.
    #[serde(default, rename = "identity")]
    _identity: IgnoredAny,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

/// What the payload of a container's signature calls itself.
const KIND: &str = "cosign container image signature";

impl<'a> SimpleSigning<'a> {
    pub(crate) fn read(
        payload: &'a [u8],
        annotations: &'a BTreeMap<String, String>,
    ) -> Result<Self, Reason> {
        let named = |name: &str| annotations.get(name).map(String::as_str);
        let given = |name: &str| named(name).filter(|text| !text.is_empty());
        let signature = given("dev.cosignproject.cosign/signature")
            .ok_or_else(|| Reason::Malformed("no signature in the annotations".to_owned()))?;
        // As Go reads it: what `base64` writes has lines, and `cosign attach signature` takes it as it is.
        let signature: String = signature.split(['\r', '\n']).collect();
        let signature = STANDARD
            .decode(signature)
            .map_err(|_| Reason::Malformed("the signature is no base64".to_owned()))?;
        json::bounded(payload, "payload: ")?;
        let read: Payload = serde_json::from_slice(payload)
            .map_err(|error| Reason::Malformed(format!("payload: {error}")))?;
        if read.critical.kind != KIND {
            return Err(Reason::Attestation(read.critical.kind));
        }
        let optional = read.optional.unwrap_or_default().into_iter();
        let texts = optional.filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())));
        Ok(Self {
            payload,
            signature,
            certificate: given("dev.sigstore.cosign/certificate"),
            chain: given("dev.sigstore.cosign/chain"),
            entry: given("dev.sigstore.cosign/bundle"),
            timestamp: given("dev.sigstore.cosign/rfc3161timestamp"),
            annotations: texts.collect(),
            named: read.critical.image.digest,
        })
    }

    /// That the payload names `digest` and nothing else.
    pub(crate) fn is_about(&self, digest: &Digest) -> Result<(), Reason> {
        if self.named == digest.to_string() {
            return Ok(());
        }
        Err(Reason::OtherDigest {
            named: self.named.clone(),
            wanted: digest.clone(),
        })
    }
}
