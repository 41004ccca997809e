//! Genuine signatures as they lie in a registry, made by cosign 3.1.3 with a private Sigstore.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use portolan_reference::{Algorithm, Digest};
use portolan_verify::{Captured, PublicKey, Signature, TrustRoot};
use serde::Deserialize;
use serde_json::Value;

/// What is signed, and what was found beside it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) digest: Digest,
    pub(crate) signatures: Vec<Signature>,
}

impl Case {
    /// What a registry has: bundles by the media type of the layer, then the layers of the tag.
    pub(crate) fn load(name: &str) -> Self {
        let folder = path(name);
        let digest = Digest::of(
            Algorithm::Sha256,
            &fs::read(folder.join("subject.json")).unwrap(),
        );
        let mut signatures = Vec::new();
        for number in 0.. {
            let Some(manifest) = json(&folder.join(format!("bundle-{number}.manifest.json")))
            else {
                break;
            };
            let bundle = fs::read(folder.join(format!("bundle-{number}.sigstore.json"))).unwrap();
            let kind = manifest["layers"][0]["mediaType"].as_str().unwrap();
            if kind.starts_with("application/vnd.dev.sigstore.bundle.v0.3") {
                signatures.push(Signature::bundle(format!("bundle {number}"), bundle));
            }
        }
        let manifest = json(&folder.join("sig.manifest.json")).unwrap_or_default();
        let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
        for (number, layer) in layers.iter().enumerate() {
            let payload = fs::read(folder.join(format!("sig-{number}.payload.json"))).unwrap();
            signatures.push(Signature::simple_signing(
                format!("layer {number}"),
                payload,
                annotations(layer),
            ));
        }
        Self { digest, signatures }
    }

    pub(crate) fn captured(&self) -> Captured {
        Captured::new(self.signatures.clone())
    }
}

/// The annotations of a layer.
pub(crate) fn annotations(layer: &Value) -> Vec<(String, String)> {
    let annotations = layer["annotations"].as_object().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    annotations
        .map(|(key, value)| (key.clone(), text(value)))
        .collect()
}

/// A question and its answer.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Row {
    pub(crate) case: String,
    pub(crate) name: String,
    pub(crate) policy: Asked,
    pub(crate) expect: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    #[serde(default)]
    pub(crate) keys: Vec<String>,
    #[serde(default)]
    pub(crate) identities: Vec<Person>,
    #[serde(default)]
    pub(crate) root: Option<String>,
    #[serde(default)]
    pub(crate) ignore_sct: bool,
    #[serde(default)]
    pub(crate) ignore_tlog: bool,
    #[serde(default)]
    pub(crate) signed_timestamps: bool,
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    pub(crate) issuer: Option<String>,
    pub(crate) issuer_regexp: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) subject_regexp: Option<String>,
}

/// All rows of the table.
pub(crate) fn rows() -> Vec<Row> {
    let table = fs::read_to_string(path("verdicts.jsonl")).unwrap();
    table
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A trusted root of the lab, parsed once.
pub(crate) fn root(name: &str) -> TrustRoot {
    static ROOTS: Mutex<BTreeMap<String, TrustRoot>> = Mutex::new(BTreeMap::new());
    let mut roots = ROOTS.lock().unwrap();
    let root = roots
        .entry(name.to_owned())
        .or_insert_with(|| TrustRoot::parse(&fs::read(path(name)).unwrap()).unwrap());
    root.clone()
}

pub(crate) fn key(name: &str) -> PublicKey {
    let pem = fs::read(path(&format!("keys/{name}.pub"))).unwrap();
    PublicKey::parse(format!("{name}.pub"), &pem).unwrap()
}

/// An hour after the signatures were made.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(498_664)
}

/// The answer of something that never waits.
pub(crate) fn ready<T>(answer: impl Future<Output = T>) -> T {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits"),
    }
}

pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/sigstore")
        .join(name)
}

fn json(path: &Path) -> Option<Value> {
    let bytes = fs::read(path).ok()?;
    Some(serde_json::from_slice(&bytes).unwrap())
}
