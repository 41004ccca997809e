//! Keys as metadata have them.

use std::fmt;
use std::fmt::Write as _;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::canonical::canonical;
use crate::cosign::CosignKey;
use crate::digest::sha256;

/// A key of either kind that repositories have.
pub(super) enum Key {
    Ecdsa(CosignKey),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    /// A pair of keys that nobody has had before, one of each kind.
    pub(super) fn pair() -> Vec<Self> {
        let key = Ed25519KeyPair::generate().expect("there are random numbers");
        vec![Self::Ecdsa(CosignKey::generate()), Self::Ed25519(key)]
    }

    /// Its public half.
    pub(super) fn public(&self) -> Value {
        match self {
            Self::Ecdsa(key) => json!({
                "keytype": "ecdsa",
                "scheme": "ecdsa-sha2-nistp256",
                "keyval": { "public": key.public_pem() },
            }),
            Self::Ed25519(key) => json!({
                "keytype": "ed25519",
                "scheme": "ed25519",
                "keyval": { "public": hex(key.public_key().as_ref()) },
            }),
        }
    }

    /// What it is called.
    pub(super) fn name(&self) -> String {
        let digest = sha256(canonical(&self.public()).as_bytes());
        digest.trim_start_matches("sha256:").to_owned()
    }

    /// The signature of `signed`, as metadata have it.
    pub(super) fn sign(&self, signed: &Value) -> String {
        let bytes = canonical(signed);
        match self {
            Self::Ecdsa(key) => hex(&key.sign(bytes.as_bytes())),
            Self::Ed25519(key) => hex(key.sign(bytes.as_bytes()).as_ref()),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.name()).finish()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
