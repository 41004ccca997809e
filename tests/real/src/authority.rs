//! Certificates for loopback, by an authority of our own.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// Numbers the authorities: those of one name would be taken for one another until a signature is
/// looked at.
static NUMBER: AtomicU32 = AtomicU32::new(1);

/// Somebody who signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl Authority {
    /// A new authority.
    pub fn new() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut terms = terms(&format!("portolan-real authority {number}"), Vec::new());
        terms.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        terms.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a new key");
        let certificate = terms.self_signed(&key).expect("a certificate");
        Self {
            issuer: Issuer::new(terms, key),
            certificate: certificate.pem(),
        }
    }

    /// Its own certificate, as PEM: who has it among their roots believes it.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// An identity for somebody who asks a server for something.
    pub fn client(&self) -> Identity {
        let mut terms = terms("portolan-real client", Vec::new());
        terms.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&terms)
    }

    /// An identity for a server on 127.0.0.1.
    pub(crate) fn server(&self) -> Identity {
        let mut terms = terms("portolan-real server", vec!["127.0.0.1".to_owned()]);
        terms.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&terms)
    }

    fn sign(&self, terms: &CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a new key");
        let certificate = terms.signed_by(&key, &self.issuer);
        Identity {
            certificate: certificate.expect("a certificate").pem(),
            key: key.serialize_pem(),
        }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

fn terms(name: &str, addresses: Vec<String>) -> CertificateParams {
    let mut terms = CertificateParams::new(addresses).expect("addresses fit into a certificate");
    terms.distinguished_name.push(DnType::CommonName, name);
    terms
}
