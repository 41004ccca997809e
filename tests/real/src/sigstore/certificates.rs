//! The keys and certificates of a sigstore.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
    date_time_ymd,
};

use crate::folder::Folder;

/// Fulcio's certificates, the one that issues first.
pub(super) const FULCIO_CHAIN: &str = "fulcio-chain.pem";
/// The timestamp authority's certificates, the one that signs first.
pub(super) const TIMESTAMP_CHAIN: &str = "timestamp-chain.pem";

/// `id-kp-timeStamping` as the whole of an extended key usage. [RFC 3161, section 2.3](https://www.rfc-editor.org/rfc/rfc3161#section-2.3)
/// wants the extension to be critical, which rcgen's own is not.
const TIMESTAMPING: [u8; 12] = [
    0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08,
];
const EXTENDED_KEY_USAGE: [u64; 4] = [2, 5, 29, 37];

/// All keys of one sigstore, and what vouches for them.
pub(super) struct Certificates {
    files: Vec<(&'static str, String)>,
    certificate_log: KeyPair,
}

impl Certificates {
    /// New ones, of the same names each time.
    pub(super) fn new() -> Self {
        let (fulcio, fulcio_key) = issued("fulcio", |terms| {
            terms.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            terms.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            terms.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        });
        let (timestamp, timestamp_key) = issued("timestamp authority", |terms| {
            terms.is_ca = IsCa::ExplicitNoCa;
            terms.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            let mut usage =
                CustomExtension::from_oid_content(&EXTENDED_KEY_USAGE, TIMESTAMPING.to_vec());
            usage.set_criticality(true);
            terms.custom_extensions = vec![usage];
        });
        let certificate_log = key(&PKCS_ECDSA_P256_SHA256);
        let rekor = key(&PKCS_ECDSA_P256_SHA256);
        let rekor_tiles = key(&PKCS_ED25519);
        Self {
            files: vec![
                (FULCIO_CHAIN, fulcio),
                ("fulcio.key", fulcio_key),
                (TIMESTAMP_CHAIN, timestamp),
                ("timestamp.key", timestamp_key),
                ("ctlog.pub", certificate_log.public_key_pem()),
                ("rekor.key", rekor.serialize_pem()),
                ("rekor.pub", rekor.public_key_pem()),
                ("rekor-tiles.key", rekor_tiles.serialize_pem()),
                ("rekor-tiles.pub", rekor_tiles.public_key_pem()),
            ],
            certificate_log,
        }
    }

    /// Write them into a folder, under names that begin with `prefix`.
    pub(super) fn write(&self, folder: &Folder, prefix: &str) {
        for (name, text) in &self.files {
            folder.write(&format!("{prefix}{name}"), text);
        }
        // The log takes a PEM file only if it is encrypted, and the key itself in its configuration.
        let der = self.certificate_log.serialized_der();
        folder.write(&format!("{prefix}ctlog.der"), der);
    }
}

/// A certificate by a root of its own, both as PEM in that order, and its key.
fn issued(name: &str, shape: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let root_key = key(&PKCS_ECDSA_P384_SHA384);
    let mut root = terms(&format!("portolan-real {name} root"));
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root_certificate = root.self_signed(&root_key).expect("a certificate").pem();

    let own_key = key(&PKCS_ECDSA_P384_SHA384);
    let mut own = terms(&format!("portolan-real {name}"));
    own.use_authority_key_identifier_extension = true;
    shape(&mut own);
    let certificate = own
        .signed_by(&own_key, &Issuer::new(root, root_key))
        .expect("a certificate")
        .pem();
    (
        format!("{certificate}{root_certificate}"),
        own_key.serialize_pem(),
    )
}

fn key(algorithm: &'static rcgen::SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(algorithm).expect("a new key")
}

fn terms(name: &str) -> CertificateParams {
    let mut terms = CertificateParams::default();
    terms
        .distinguished_name
        .push(DnType::OrganizationName, "portolan-real");
    terms.distinguished_name.push(DnType::CommonName, name);
    terms.not_before = date_time_ymd(2025, 1, 1);
    terms.not_after = date_time_ymd(2125, 1, 1);
    terms
}
