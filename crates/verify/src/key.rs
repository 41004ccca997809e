//! Public keys.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{
    self, EcdsaVerificationAlgorithm, ParsedPublicKey, VerificationAlgorithm,
};
use portolan_reference::{Algorithm, Digest};
use x509_cert::der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Encode, Reader, SliceReader};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::pem;

/// A public key that signatures are checked with.
///
/// ECDSA over P-256, P-384 and P-521, Ed25519, and RSA with 2048 to 8192 bits, each with what cosign
/// writes: SHA-256 for P-256 and RSA (PKCS #1 v1.5), the curve's own hash or SHA-256 for the larger
/// curves, and pure Ed25519.
///
/// # Deviation
///
/// cosign signs with SHA-384 and SHA-512 where the curve is P-384 and P-521, and then verifies with
/// SHA-256 only, unless told ([sigstore/cosign#5091][1]). Here both are tried.
///
/// [1]: https://github.com/sigstore/cosign/issues/5091
#[derive(Clone)]
pub struct PublicKey {
    name: String,
    key: Arc<Key>,
}

struct Key {
    fingerprint: Digest,
    spki: Vec<u8>,
    /// The key with each algorithm that it may have signed with.
    checks: Vec<ParsedPublicKey>,
}

impl PublicKey {
    /// What a file with a key may have: 64 KiB.
    pub const MAX_BYTES: usize = 64 << 10;

    /// Read a key in PEM. `name` is what messages call it, usually the name of its file.
    ///
    /// The first PEM block counts, and text around it does not matter. `PUBLIC KEY` and PKCS #1's
    /// `RSA PUBLIC KEY` are understood.
    ///
    /// # Errors
    ///
    /// [`KeyError`], which names the key and says what it is instead.
    ///
    /// # Deviation
    ///
    /// RSA keys of less than 2048 bits, the curve P-224, and DSA are refused. Flux takes them.
    pub fn parse(name: impl Into<String>, pem: &[u8]) -> Result<Self, KeyError> {
        let name = name.into();
        match Key::read(pem) {
            Ok(key) => Ok(Self {
                name,
                key: Arc::new(key),
            }),
            Err(problem) => Err(KeyError { name, problem }),
        }
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The SHA-256 of its `SubjectPublicKeyInfo` in DER, whichever way the key was written down.
    pub fn fingerprint(&self) -> &Digest {
        &self.key.fingerprint
    }

    /// Its `SubjectPublicKeyInfo` in DER.
    pub(crate) fn spki(&self) -> &[u8] {
        &self.key.spki
    }

    /// Whether `signature` over `message` was made with its private half.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let mut checks = self.key.checks.iter();
        checks.any(|key| key.verify_sig(message, signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("name", &self.name)
            .field("fingerprint", &self.key.fingerprint)
            .finish()
    }
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
/// What people have, and what it is called.
const OTHERS: [(&str, &str); 9] = [
    ("1.3.132.0.10", "secp256k1"),
    ("1.3.132.0.33", "P-224"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.10040.4.1", "DSA"),
    ("1.3.101.110", "X25519"),
    ("1.3.101.111", "X448"),
    ("1.3.101.113", "Ed448"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    ("1.2.156.10197.1.301", "SM2"),
];
/// Smaller moduli can be factored, and larger ones cost whoever checks them.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

impl Key {
    fn read(text: &[u8]) -> Result<Self, Problem> {
        if text.len() > PublicKey::MAX_BYTES {
            return Err(Problem::TooLarge);
        }
        if text.trim_ascii().is_empty() {
            return Err(Problem::Empty);
        }
        let (block, _) = pem::first(text).ok_or(Problem::NoPem)?;
        match block.label.as_str() {
            "PUBLIC KEY" => Self::from_spki(&block.der),
            "RSA PUBLIC KEY" => Self::from_rsa(&block.der),
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Err(Problem::Certificate),
            label if label.ends_with("PRIVATE KEY") => Err(Problem::Private),
            label => Err(Problem::Block(label.chars().take(64).collect())),
        }
    }

    fn from_spki(der: &[u8]) -> Result<Self, Problem> {
        let spki = SubjectPublicKeyInfoRef::from_der(der)?;
        let parameters = spki.algorithm.parameters;
        match spki.algorithm.oid {
            RSA if parameters.is_none_or(AnyRef::is_null) => {
                let bits = spki.subject_public_key.as_bytes();
                Self::from_rsa(bits.ok_or(Problem::Rejected)?)
            }
            EC => {
                let curve = spki.algorithm.parameters_oid();
                let curve = curve.map_err(|_| {
                    Problem::Algorithm("elliptic curve that is spelt out instead of named".into())
                })?;
                let algorithms: &[&'static EcdsaVerificationAlgorithm] = match curve {
                    P256 => &[&signature::ECDSA_P256_SHA256_ASN1],
                    P384 => &[
                        &signature::ECDSA_P384_SHA384_ASN1,
                        &signature::ECDSA_P384_SHA256_ASN1,
                    ],
                    P521 => &[
                        &signature::ECDSA_P521_SHA512_ASN1,
                        &signature::ECDSA_P521_SHA256_ASN1,
                    ],
                    other => return Err(Problem::unsupported("elliptic curve", other)),
                };
                // A compressed point would be the same key under another fingerprint. Go reads none.
                if spki.subject_public_key.raw_bytes().first() != Some(&4) {
                    return Err(Problem::Rejected);
                }
                Self::new(der, algorithms.iter().map(|one| *one as _))
            }
            ED25519 if parameters.is_none() => Self::new(der, [&signature::ED25519 as _]),
            RSA | ED25519 => Err(Problem::Rejected),
            other => Err(Problem::unsupported("algorithm", other)),
        }
    }

    /// The key of PKCS #1's `RSAPublicKey`.
    fn from_rsa(der: &[u8]) -> Result<Self, Problem> {
        let mut reader = SliceReader::new(der)?;
        let modulus = reader.sequence(|key| {
            let modulus = UintRef::decode(key)?;
            UintRef::decode(key)?;
            Ok(modulus.as_bytes())
        })?;
        reader.finish(())?;
        let bits = modulus.first().map_or(0, |first| {
            modulus.len() * 8 - first.leading_zeros() as usize
        });
        if !RSA_BITS.contains(&bits) {
            return Err(Problem::RsaBits(bits));
        }
        let spki = SubjectPublicKeyInfoRef {
            algorithm: AlgorithmIdentifierRef {
                oid: RSA,
                parameters: Some(AnyRef::NULL),
            },
            subject_public_key: BitStringRef::from_bytes(der)?,
        };
        Self::new(
            &spki.to_der()?,
            [&signature::RSA_PKCS1_2048_8192_SHA256 as _],
        )
    }

    fn new(
        spki: &[u8],
        algorithms: impl IntoIterator<Item = &'static dyn VerificationAlgorithm>,
    ) -> Result<Self, Problem> {
        let checks = algorithms.into_iter();
        let checks = checks.map(|algorithm| ParsedPublicKey::new(algorithm, spki));
        Ok(Self {
            fingerprint: Digest::of(Algorithm::Sha256, spki),
            spki: spki.to_vec(),
            checks: checks
                .collect::<Result<_, _>>()
                .map_err(|_| Problem::Rejected)?,
        })
    }
}

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct KeyError {
    name: String,
    problem: Problem,
}

impl KeyError {
    /// What the key is called.
    pub fn name(&self) -> &str {
        &self.name
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("empty, and a public key is wanted")]
    Empty,
    #[error("larger than {} bytes, which no public key is", PublicKey::MAX_BYTES)]
    TooLarge,
    #[error("PEM decoding failed: there is no `-----BEGIN PUBLIC KEY-----` that can be read")]
    NoPem,
    #[error("a certificate, and a public key is wanted (`openssl x509 -pubkey` takes it out)")]
    Certificate,
    #[error("a private key, and a public key is wanted (`cosign public-key` makes it)")]
    Private,
    #[error("a PEM block of type {0:?}, and a public key is wanted")]
    Block(String),
    #[error("unsupported {0}")]
    Algorithm(String),
    #[error("an RSA key of {0} bits, and 2048 to 8192 are supported")]
    RsaBits(usize),
    #[error("not a public key: {0}")]
    Der(String),
    #[error("not a public key of the kind that it says it is")]
    Rejected,
}

impl Problem {
    fn unsupported(what: &str, oid: ObjectIdentifier) -> Self {
        let oid = oid.to_string();
        let name = OTHERS.iter().find(|(other, _)| *other == oid);
        Self::Algorithm(format!("{what} {}", name.map_or(&*oid, |(_, name)| name)))
    }
}

impl From<x509_cert::der::Error> for Problem {
    fn from(error: x509_cert::der::Error) -> Self {
        Self::Der(error.to_string())
    }
}
