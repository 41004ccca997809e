//! A private Sigstore whose every key is at hand: what it signs is genuine, so one link can be wrong in
//! it and nothing else.

mod authority;
mod der;
mod log;
mod signature;
mod timestamp;

use std::ops::Range;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portolan_reference::{Algorithm, Digest};
use portolan_verify::{Identity, Pattern, Policy, PolicyBuilder, TrustRoot};
use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};
use serde_json::{Value, json};

use self::authority::Authority;

pub(crate) use self::authority::Usage;
pub(crate) use self::log::Entry;
pub(crate) use self::signature::{Envelope, Tag, payload, statement};

/// 2024-03-01, 12:00 UTC, long before any clock that a test runs by.
const NOON: u64 = 1_709_294_400;

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const ALICE: &str = "alice@example.com";
pub(crate) const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// So many minutes after noon, in seconds since 1970.
pub(crate) fn at(minutes: u64) -> u64 {
    NOON + 60 * minutes
}

/// The day after.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(at(24 * 60))
}

/// What is signed.
pub(crate) fn subject() -> Digest {
    digest(b"a chart")
}

pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Digest::of(Algorithm::Sha256, bytes)
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    hash.as_ref().to_vec()
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// A P-256 key.
#[derive(Debug)]
pub(crate) struct Key(KeyPair);

impl Key {
    pub(crate) fn new() -> Self {
        Self(KeyPair::generate().unwrap())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).unwrap()
    }

    pub(crate) fn pem(&self) -> String {
        self.0.public_key_pem()
    }

    fn spki(&self) -> Vec<u8> {
        self.0.subject_public_key_info()
    }

    /// As logs are named.
    fn id(&self) -> Vec<u8> {
        sha256(&self.spki())
    }
}

/// Somebody with a key and a certificate for it.
#[derive(Debug)]
pub(crate) struct Certified {
    pub(crate) key: Key,
    pub(crate) certificate: Vec<u8>,
}

impl Certified {
    pub(crate) fn pem(&self) -> String {
        pem(&self.certificate)
    }
}

pub(crate) fn pem(certificate: &[u8]) -> String {
    let lines = base64(certificate);
    let lines: Vec<_> = lines.as_bytes().chunks(64).map(<[u8]>::to_vec).collect();
    let lines = String::from_utf8(lines.join(&b'\n')).unwrap();
    format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
}

/// Authorities and logs.
#[derive(Debug)]
pub(crate) struct Lab {
    root: Authority,
    intermediate: Authority,
    certificates: Key,
    log: Key,
    timestamps: Authority,
    pub(crate) timestamper: Certified,
}

/// A day, of which all but an attacked authority is valid.
pub(crate) const DAY: Range<u64> = 0..24 * 60;

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with_intermediate(DAY)
    }

    /// With an intermediate authority that is valid in these minutes only.
    pub(crate) fn with_intermediate(valid: Range<u64>) -> Self {
        let root = Authority::root("root", DAY);
        let intermediate = root.intermediate("intermediate", valid);
        let timestamps = Authority::root("timestamps", DAY);
        let timestamper = timestamps.certify("timestamper", Usage::Timestamps);
        Self {
            root,
            intermediate,
            certificates: Key::new(),
            log: Key::new(),
            timestamps,
            timestamper,
        }
    }

    /// A certificate as Fulcio makes them, logged.
    pub(crate) fn certify(&self, subject: &str, valid: Range<u64>) -> Certified {
        self.intermediate
            .certify_identity(subject, valid, &self.certificates)
    }

    /// Somebody else below the root of the timestamp authority.
    pub(crate) fn certify_beside_timestamper(&self, usage: Usage) -> Certified {
        self.timestamps.certify("timestamper", usage)
    }

    pub(crate) fn intermediate(&self) -> &[u8] {
        self.intermediate.certificate()
    }

    /// A `trusted_root.json`.
    pub(crate) fn trusted_root(&self) -> Value {
        let day = json!({ "start": "2024-03-01T12:00:00Z" });
        let log = |key: &Key| {
            json!({
                "baseUrl": "https://log.example",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": base64(key.spki()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": day,
                },
                "logId": { "keyId": base64(key.id()) },
            })
        };
        let authority = |chain: [&[u8]; 2]| {
            json!({
                "subject": { "organization": "example", "commonName": "example" },
                "uri": "https://authority.example",
                "certChain": { "certificates": chain.map(|each| json!({ "rawBytes": base64(each) })) },
                "validFor": day,
            })
        };
        let (leaf, root) = (&self.timestamper.certificate, self.timestamps.certificate());
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(&self.log)],
            "ctlogs": [log(&self.certificates)],
            "certificateAuthorities": [authority([self.intermediate(), self.root.certificate()])],
            "timestampAuthorities": [authority([leaf, root])],
        })
    }

    /// Alice's signature, logged.
    pub(crate) fn policy(&self) -> PolicyBuilder {
        policy(&self.trusted_root())
    }

    /// The log's entry about a signature, from that minute.
    pub(crate) fn entry(&self, entry: &Entry<'_>, minutes: u64) -> Value {
        self.entry_at(entry, minutes, 0)
    }

    /// The same with an index among all entries that the log ever had.
    pub(crate) fn entry_at(&self, entry: &Entry<'_>, minutes: u64, index: u64) -> Value {
        log::entry(&self.log, entry, at(minutes), index)
    }

    /// An RFC 3161 timestamp of a signature.
    pub(crate) fn timestamp(&self, signature: &[u8], minutes: u64) -> Vec<u8> {
        let by = &self.timestamper;
        timestamp::token(
            signature,
            at(minutes),
            &by.certificate,
            &by.key,
            &[&by.certificate],
        )
    }

    /// One that `signer` signs in the name of `named`, with these certificates in it.
    pub(crate) fn forged_timestamp(
        signature: &[u8],
        minutes: u64,
        named: &[u8],
        signer: &Key,
        bag: &[&[u8]],
    ) -> Vec<u8> {
        timestamp::token(signature, at(minutes), named, signer, bag)
    }
}

/// Alice's signature under this trusted root, logged.
pub(crate) fn policy(trusted_root: &Value) -> PolicyBuilder {
    let alice = Identity::new(Pattern::exact(ISSUER), Pattern::exact(ALICE));
    let root = TrustRoot::parse(trusted_root.to_string().as_bytes()).unwrap();
    Policy::builder().identity(alice).trust_root(root)
}
