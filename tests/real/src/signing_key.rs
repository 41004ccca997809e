//! Keys of people who sign without certificates.

use std::fs;
use std::path::PathBuf;

use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA256, PKCS_ED25519,
    PKCS_RSA_SHA256, RsaKeySize, SigningKey as _,
};

use crate::cosign::Cosign;
use crate::folder::Folder;

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names are what they are")]
pub enum KeyKind {
    P256,
    P384,
    P521,
    Ed25519,
    Rsa2048,
    Rsa4096,
}

/// A key, and the files of it that cosign wants.
#[derive(Debug)]
pub struct SigningKey {
    folder: Folder,
    pair: KeyPair,
}

impl SigningKey {
    /// A new key.
    #[track_caller]
    pub fn new(kind: KeyKind) -> Self {
        let pair = match kind {
            KeyKind::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
            KeyKind::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
            KeyKind::P521 => KeyPair::generate_for(&PKCS_ECDSA_P521_SHA256),
            KeyKind::Ed25519 => KeyPair::generate_for(&PKCS_ED25519),
            KeyKind::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
            KeyKind::Rsa4096 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096),
        };
        let pair = pair.expect("a new key");
        let folder = Folder::new("key");
        folder.write("key.pem", pair.serialize_pem());
        let import = [
            "import-key-pair",
            "--key=key.pem",
            "--output-key-prefix=cosign",
        ];
        Cosign::new()
            .run_in(folder.path(), &import.map(str::to_owned))
            .unwrap_or_else(|said| panic!("cosign {import:?}: {said}"));
        Self { folder, pair }
    }

    /// The file with the private key, as cosign encrypts it.
    pub fn private(&self) -> PathBuf {
        self.folder.join("cosign.key")
    }

    /// The file with the public key, as cosign writes it.
    pub fn public(&self) -> PathBuf {
        self.folder.join("cosign.pub")
    }

    /// The public key as PEM.
    #[track_caller]
    pub fn public_pem(&self) -> String {
        fs::read_to_string(self.public()).expect("a public key")
    }

    /// A signature as cosign makes none: with Ed25519 of the bytes themselves, not of their hash, and with P-521 of
    /// their SHA-256. With the other kinds it is what cosign makes, too.
    #[track_caller]
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(bytes).expect("a signature")
    }
}
