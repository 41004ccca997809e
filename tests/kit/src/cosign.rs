//! Signatures as cosign makes them with a key, in both forms.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::artifact::Artifact;
use crate::registry::{MANIFEST_MEDIA_TYPE, Registry};

const PAYLOAD_MEDIA_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const BUNDLE_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const STATEMENT_MEDIA_TYPE: &str = "application/vnd.in-toto+json";
const PREDICATE_TYPE: &str = "https://sigstore.dev/cosign/sign/v1";
const EMPTY_MEDIA_TYPE: &str = "application/vnd.oci.empty.v1+json";

/// A key that signs as `cosign sign --key` does, without a transparency log: ECDSA over P-256 and
/// SHA-256.
///
/// What it signs is a digest, so it can sign one that nobody has.
pub struct CosignKey(EcdsaKeyPair);

impl CosignKey {
    /// A key that nobody has had before.
    ///
    /// # Panics
    ///
    /// If the machine has no random numbers.
    pub fn generate() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
        Self(pair.expect("there are random numbers"))
    }

    /// Its public half in PEM, as `cosign generate-key-pair` writes `cosign.pub`.
    ///
    /// # Panics
    ///
    /// If the key cannot be written down, which it can.
    pub fn public_pem(&self) -> String {
        let key: Result<PublicKeyX509Der<'_>, _> = self.0.public_key().as_der();
        let key = key.expect("a public key can be written down");
        let text = STANDARD.encode(key.as_ref());
        let lines: Vec<&str> = (0..text.len())
            .step_by(64)
            .map(|begin| &text[begin..text.len().min(begin + 64)])
            .collect();
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            lines.join("\n")
        )
    }

    /// A layer of cosign's older form: the payload, and the signature of it. `reference` is what the
    /// payload calls the image; nobody goes by it.
    pub fn simple_signing(&self, reference: &str, digest: &str) -> SimpleSigning {
        let payload = json!({
            "critical": {
                "identity": { "docker-reference": reference },
                "image": { "docker-manifest-digest": digest },
                "type": "cosign container image signature",
            },
            "optional": null,
        })
        .to_string();
        SimpleSigning {
            signature: STANDARD.encode(self.sign(payload.as_bytes())),
            payload,
        }
    }

    /// A Sigstore bundle 0.3 with nothing in it but the signed statement that `digest` is signed.
    pub fn bundle(&self, digest: &str) -> String {
        let (algorithm, hex) = digest.split_once(':').unwrap_or(("sha256", digest));
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "digest": { algorithm: hex } }],
            "predicateType": PREDICATE_TYPE,
            "predicate": {},
        })
        .to_string();
        let (kind, size) = (STATEMENT_MEDIA_TYPE, statement.len());
        let signed = format!("DSSEv1 {} {kind} {size} {statement}", kind.len());
        json!({
            "mediaType": BUNDLE_MEDIA_TYPE,
            "verificationMaterial": { "publicKey": { "hint": "" } },
            "dsseEnvelope": {
                "payload": STANDARD.encode(&statement),
                "payloadType": STATEMENT_MEDIA_TYPE,
                "signatures": [{ "sig": STANDARD.encode(self.sign(signed.as_bytes())) }],
            },
        })
        .to_string()
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let signature = self.0.sign(&SystemRandom::new(), bytes);
        let signature = signature.expect("a key that was just made signs");
        signature.as_ref().to_vec()
    }
}

impl fmt::Debug for CosignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CosignKey").finish_non_exhaustive()
    }
}

/// A signature in cosign's older form.
#[derive(Debug, Clone)]
pub struct SimpleSigning {
    /// What is signed: JSON that names an image.
    pub payload: String,
    /// The signature of it, in base64.
    pub signature: String,
}

impl Registry {
    /// Sign a manifest as older versions of cosign do: under the tag `sha256-<hex>.sig`, beside what
    /// is there already. Answers the digest of the signatures' manifest.
    pub fn sign_with_tag(&self, repository: &str, digest: &str, key: &CosignKey) -> String {
        let reference = format!("{}/{repository}", self.address());
        let signed = key.simple_signing(&reference, digest);
        self.attach_simple_signing(repository, digest, &signed)
    }

    /// The same with a signature as given, whatever it signs.
    ///
    /// # Panics
    ///
    /// If the tag holds something else than signatures.
    pub fn attach_simple_signing(
        &self,
        repository: &str,
        subject: &str,
        signed: &SimpleSigning,
    ) -> String {
        let tag = format!("{}.sig", subject.replace(':', "-"));
        let mut manifest = self.manifest(repository, &tag).map_or_else(
            || self.empty_manifest(repository),
            |bytes| serde_json::from_slice(&bytes).expect("the tag holds signatures"),
        );
        let layer = json!({
            "mediaType": PAYLOAD_MEDIA_TYPE,
            "digest": self.push_blob(repository, signed.payload.as_bytes()),
            "size": signed.payload.len(),
            "annotations": { "dev.cosignproject.cosign/signature": signed.signature },
        });
        let layers = manifest["layers"].as_array_mut();
        layers.expect("the tag holds signatures").push(layer);
        let manifest = manifest.to_string();
        let bytes = manifest.as_bytes();
        self.push_manifest(repository, Some(&tag), MANIFEST_MEDIA_TYPE, bytes)
    }

    /// Sign a manifest as cosign 3 does: with a bundle that refers to it. Answers the digest of the
    /// bundle's manifest.
    pub fn sign_with_bundle(&self, repository: &str, digest: &str, key: &CosignKey) -> String {
        self.attach_bundle(repository, digest, &key.bundle(digest))
    }

    /// The same with a bundle as given, whatever is in it.
    pub fn attach_bundle(&self, repository: &str, subject: &str, bundle: &str) -> String {
        let artifact = Artifact::new(BUNDLE_MEDIA_TYPE)
            .layer(BUNDLE_MEDIA_TYPE, bundle.as_bytes(), &[])
            .annotation("dev.sigstore.bundle.content", "dsse-envelope")
            .annotation("dev.sigstore.bundle.predicateType", PREDICATE_TYPE);
        self.attach(repository, subject, &artifact)
    }

    /// A manifest with the empty configuration of the image specification, and no layers.
    fn empty_manifest(&self, repository: &str) -> Value {
        json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_MEDIA_TYPE,
            "config": {
                "mediaType": EMPTY_MEDIA_TYPE,
                "digest": self.push_blob(repository, b"{}"),
                "size": 2,
            },
            "layers": [],
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

    use super::*;
    use crate::digest::sha256;

    fn checks(key: &CosignKey, bytes: &[u8], signature: &str) -> bool {
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.0.public_key().as_ref());
        let signature = STANDARD.decode(signature).unwrap();
        public.verify(bytes, &signature).is_ok()
    }

    #[test]
    fn a_payload_is_signed_and_names_the_digest() {
        let key = CosignKey::generate();
        let signed = key.simple_signing("registry/app", "sha256:00");
        assert!(checks(&key, signed.payload.as_bytes(), &signed.signature));
        assert!(!checks(&key, b"something else", &signed.signature));
        let payload: Value = serde_json::from_str(&signed.payload).unwrap();
        let image = &payload["critical"]["image"];
        assert_eq!(image["docker-manifest-digest"], "sha256:00");
    }

    #[test]
    fn a_statement_is_signed_with_its_type_and_length() {
        let key = CosignKey::generate();
        let bundle: Value = serde_json::from_str(&key.bundle("sha256:00")).unwrap();
        let envelope = &bundle["dsseEnvelope"];
        let payload = STANDARD
            .decode(envelope["payload"].as_str().unwrap())
            .unwrap();
        let mut signed = format!("DSSEv1 28 application/vnd.in-toto+json {} ", payload.len());
        signed.push_str(std::str::from_utf8(&payload).unwrap());
        let signature = envelope["signatures"][0]["sig"].as_str().unwrap();
        assert!(checks(&key, signed.as_bytes(), signature));
        let statement: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(statement["subject"][0]["digest"]["sha256"], "00");
    }

    #[test]
    fn a_second_signature_stands_beside_the_first() {
        let registry = Registry::start_blocking();
        let key = CosignKey::generate();
        let subject = sha256(b"x");
        registry.sign_with_tag("app", &subject, &key);
        registry.sign_with_tag("app", &subject, &key);
        let tag = format!("{}.sig", subject.replace(':', "-"));
        let manifest: Value =
            serde_json::from_slice(&registry.manifest("app", &tag).unwrap()).unwrap();
        assert_eq!(manifest["layers"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn without_referrers_a_tag_lists_them() {
        let registry = Registry::builder().without_referrers().start_blocking();
        let key = CosignKey::generate();
        let subject = sha256(b"x");
        let bundle = registry.sign_with_bundle("app", &subject, &key);
        let tag = subject.replace(':', "-");
        let index: Value =
            serde_json::from_slice(&registry.manifest("app", &tag).unwrap()).unwrap();
        assert_eq!(index["manifests"][0]["digest"], bundle);
    }
}
