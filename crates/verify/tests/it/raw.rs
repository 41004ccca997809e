//! Signatures as trees of JSON, in which every link can be reached.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portolan_verify::{Format, Signature};
use serde_json::{Value, json};

use crate::fixtures::annotations;

/// A bundle as it is, or a payload beside what is in its annotations.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    format: Format,
    pub(crate) value: Value,
}

/// Where a link is, and how it is written.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) name: &'static str,
    /// In a bundle.
    bundle: &'static str,
    /// In a tag. Empty: there is no such link.
    tag: &'static str,
    pub(crate) encoding: Encoding,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Encoding {
    Base64,
    Hex,
    Number,
    Text,
    /// A part with parts.
    Whole,
}

const ENTRY: &str = "/verificationMaterial/tlogEntries/0";

macro_rules! links {
    ($($name:literal $encoding:ident $bundle:literal $tag:literal)*) => {
        &[$(Link { name: $name, bundle: $bundle, tag: $tag, encoding: Encoding::$encoding }),*]
    };
}

/// `~` is the entry of the log.
pub(crate) const LINKS: &[Link] = links! {
    "media type" Text "/mediaType" ""
    "payload" Base64 "/dsseEnvelope/payload" "/payload"
    "payload type" Text "/dsseEnvelope/payloadType" ""
    "signature" Base64 "/dsseEnvelope/signatures/0/sig" "/signature"
    "envelope" Whole "/dsseEnvelope" ""
    "material" Whole "/verificationMaterial" ""
    "certificate" Base64 "/verificationMaterial/certificate/rawBytes" "/certificate"
    "key hint" Text "/verificationMaterial/publicKey/hint" ""
    "log entry" Whole "~" "/bundle"
    "log index" Number "~/logIndex" "/bundle/Payload/logIndex"
    "log" Base64 "~/logId/keyId" ""
    "log in hexadecimal" Hex "" "/bundle/Payload/logID"
    "kind" Text "~/kindVersion/kind" ""
    "version" Text "~/kindVersion/version" ""
    "time" Number "~/integratedTime" "/bundle/Payload/integratedTime"
    "promise" Whole "~/inclusionPromise" ""
    "SET" Base64 "~/inclusionPromise/signedEntryTimestamp" "/bundle/SignedEntryTimestamp"
    "proof" Whole "~/inclusionProof" ""
    "index in the tree" Number "~/inclusionProof/logIndex" ""
    "root hash" Base64 "~/inclusionProof/rootHash" ""
    "tree size" Number "~/inclusionProof/treeSize" ""
    "path" Whole "~/inclusionProof/hashes" ""
    "first hash" Base64 "~/inclusionProof/hashes/0" ""
    "second hash" Base64 "~/inclusionProof/hashes/1" ""
    "checkpoint" Whole "~/inclusionProof/checkpoint" ""
    "checkpoint's origin" Text "~/inclusionProof/checkpoint/note/origin" ""
    "checkpoint's size" Number "~/inclusionProof/checkpoint/note/size" ""
    "checkpoint's root" Base64 "~/inclusionProof/checkpoint/note/root" ""
    "checkpoint's signer" Text "~/inclusionProof/checkpoint/note/signer" ""
    "checkpoint's signature" Base64 "~/inclusionProof/checkpoint/note/signature" ""
    "body" Base64 "~/canonicalizedBody" "/bundle/Payload/body"
    "timestamps" Whole "/verificationMaterial/timestampVerificationData" ""
    "timestamp" Base64 "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp" "/timestamp"
};

const ANNOTATIONS: [(&str, &str); 4] = [
    ("signature", "dev.cosignproject.cosign/signature"),
    ("certificate", "dev.sigstore.cosign/certificate"),
    ("bundle", "dev.sigstore.cosign/bundle"),
    ("timestamp", "dev.sigstore.cosign/rfc3161timestamp"),
];

impl Link {
    /// Whether it is something that a log says.
    pub(crate) fn is_of_logs(&self) -> bool {
        self.bundle.starts_with('~') || self.tag.starts_with("/bundle") || self.name == "material"
    }
}

impl Raw {
    /// What `signature`, which lies in `folder`, looks like inside.
    pub(crate) fn read(folder: &Path, signature: &Signature) -> Self {
        let (kind, number) = signature.origin().split_once(' ').unwrap();
        let value = if kind == "bundle" {
            let bundle = fs::read(folder.join(format!("bundle-{number}.sigstore.json"))).unwrap();
            notes_apart(serde_json::from_slice(&bundle).unwrap())
        } else {
            let payload = fs::read(folder.join(format!("sig-{number}.payload.json"))).unwrap();
            let manifest = fs::read(folder.join("sig.manifest.json")).unwrap();
            let manifest: Value = serde_json::from_slice(&manifest).unwrap();
            let number: usize = number.parse().unwrap();
            let annotations: BTreeMap<_, _> = annotations(&manifest["layers"][number])
                .into_iter()
                .collect();
            let mut value = json!({ "payload": Encoding::encode(&payload) });
            for (name, annotation) in ANNOTATIONS {
                let Some(text) = annotations.get(annotation).filter(|text| !text.is_empty()) else {
                    continue;
                };
                value[name] = match name {
                    "certificate" => Value::from(pem_body(text)),
                    "bundle" => serde_json::from_str(text).unwrap(),
                    "timestamp" => {
                        let json: Value = serde_json::from_str(text).unwrap();
                        json["SignedRFC3161Timestamp"].clone()
                    }
                    _ => Value::from(text.as_str()),
                };
            }
            value
        };
        Self {
            format: signature.format(),
            value,
        }
    }

    pub(crate) fn is_bundle(&self) -> bool {
        self.format == Format::Bundle
    }

    /// A bundle as text.
    pub(crate) fn json(&self) -> String {
        notes_together(self.value.clone()).to_string()
    }

    /// As it lies in a registry.
    pub(crate) fn signature(&self) -> Signature {
        if self.is_bundle() {
            return Signature::bundle("altered", self.json());
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut annotations = Vec::new();
        for (name, annotation) in ANNOTATIONS {
            let Some(value) = self.value.get(name) else {
                continue;
            };
            let value = match name {
                "certificate" => format!(
                    "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                    text(value)
                ),
                "bundle" => value.to_string(),
                "timestamp" => json!({ "SignedRFC3161Timestamp": value }).to_string(),
                _ => text(value),
            };
            annotations.push((annotation.to_owned(), value));
        }
        let payload = self.value.get("payload").map(Encoding::decode);
        Signature::simple_signing("altered", payload.unwrap_or_default(), annotations)
    }

    pub(crate) fn get(&self, link: &Link) -> Option<Value> {
        let value = self.value.pointer(&self.pointer(link)?)?;
        (!value.is_null()).then(|| value.clone())
    }

    /// The same with `value` for the link, or without it.
    pub(crate) fn with(&self, link: &Link, value: Option<Value>) -> Self {
        let mut altered = self.clone();
        let pointer = self.pointer(link).unwrap();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = altered.value.pointer_mut(parent).unwrap();
        match (parent, value) {
            (Value::Object(parent), Some(value)) => {
                parent.insert(name.to_owned(), value);
            }
            (Value::Object(parent), None) => {
                parent.remove(name);
            }
            (Value::Array(parent), value) => {
                let at = name.parse().unwrap();
                parent.remove(at);
                if let Some(value) = value {
                    parent.insert(at, value);
                }
            }
            _ => panic!("{pointer}"),
        }
        altered
    }

    fn pointer(&self, link: &Link) -> Option<String> {
        let pointer = if self.is_bundle() {
            link.bundle
        } else {
            link.tag
        };
        (!pointer.is_empty()).then(|| pointer.replace('~', ENTRY))
    }
}

/// A few ways to write something else, each of which is different from `value`.
pub(crate) fn alterations(encoding: Encoding, value: &Value) -> Vec<(String, Value)> {
    let mut altered: Vec<(String, Value)> = Vec::new();
    match encoding {
        Encoding::Whole => {}
        Encoding::Base64 => {
            let bytes = Encoding::decode(value);
            let length = bytes.len();
            for at in [0, length / 3, length / 2, length * 3 / 4, length - 1] {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1 << (at % 8);
                altered.push((format!("with byte {at} changed"), Encoding::encode(&bytes)));
            }
            altered.push(("cut short".into(), Encoding::encode(&bytes[..length - 1])));
            let longer = [&bytes[..], &[0]].concat();
            altered.push(("made longer".into(), Encoding::encode(&longer)));
            altered.push(("emptied".into(), Value::from("")));
        }
        Encoding::Number => {
            let number = value.as_i64();
            let number = number.unwrap_or_else(|| value.as_str().unwrap().parse().unwrap());
            for other in [number + 1, number - 1, number + (1 << 31)] {
                let other = match value {
                    Value::String(_) => Value::from(other.to_string()),
                    _ => Value::from(other),
                };
                altered.push(("with another number".into(), other));
            }
        }
        Encoding::Text | Encoding::Hex => {
            let text = value.as_str().unwrap();
            let another = |letter: char| if letter == '0' { '1' } else { '0' };
            if let Some(first) = text.chars().next() {
                let rest = &text[first.len_utf8()..];
                altered.push((
                    "begun anew".into(),
                    format!("{}{rest}", another(first)).into(),
                ));
            }
            if let Some(last) = text.chars().next_back() {
                let rest = &text[..text.len() - last.len_utf8()];
                altered.push(("cut short".into(), rest.into()));
                altered.push((
                    "ended anew".into(),
                    format!("{rest}{}", another(last)).into(),
                ));
            }
            altered.push(("made longer".into(), format!("{text}0").into()));
            altered.push(("emptied".into(), Value::from("")));
        }
    }
    altered.retain(|(_, other)| other != value);
    altered
}

impl Encoding {
    pub(crate) fn decode(value: &Value) -> Vec<u8> {
        STANDARD.decode(value.as_str().unwrap()).unwrap()
    }

    pub(crate) fn encode(bytes: &[u8]) -> Value {
        Value::from(STANDARD.encode(bytes))
    }
}

/// The base64 of the only block.
fn pem_body(pem: &str) -> String {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    lines.collect()
}

/// A checkpoint is a text with a signature; here it has parts.
fn notes_apart(mut bundle: Value) -> Value {
    let entries = bundle.pointer_mut("/verificationMaterial/tlogEntries");
    let entries = entries.and_then(Value::as_array_mut);
    for entry in entries.into_iter().flatten() {
        let Some(checkpoint) = entry.pointer_mut("/inclusionProof/checkpoint") else {
            continue;
        };
        let note = checkpoint["envelope"].as_str().unwrap();
        let (signed, signatures) = note.split_once("\n\n").unwrap();
        let mut signed = signed.splitn(4, '\n');
        let signature = signatures.lines().next().unwrap();
        let mut signature = signature.strip_prefix("— ").unwrap().split(' ');
        *checkpoint = json!({ "note": {
            "origin": signed.next(),
            "size": signed.next(),
            "root": signed.next(),
            "more": signed.next(),
            "signer": signature.next(),
            "signature": signature.next(),
        }});
    }
    bundle
}

fn notes_together(mut bundle: Value) -> Value {
    let entries = bundle.pointer_mut("/verificationMaterial/tlogEntries");
    let entries = entries.and_then(Value::as_array_mut);
    for entry in entries.into_iter().flatten() {
        let Some(checkpoint) = entry.pointer_mut("/inclusionProof/checkpoint") else {
            continue;
        };
        let note = &checkpoint["note"];
        let part = |name: &str| note[name].as_str().unwrap_or_default();
        let more = match part("more") {
            "" => String::new(),
            more => format!("{more}\n"),
        };
        let note = format!(
            "{}\n{}\n{}\n{more}\n— {} {}\n",
            part("origin"),
            part("size"),
            part("root"),
            part("signer"),
            part("signature")
        );
        *checkpoint = json!({ "envelope": note });
    }
    bundle
}
