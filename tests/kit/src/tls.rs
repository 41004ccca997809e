//! Certificates for loopback, by an authority of our own.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto::aws_lc_rs};

/// Numbers the authorities of this process.
static AUTHORITIES: AtomicU64 = AtomicU64::new(1);

/// What a server does about client certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificates {
    /// Nothing: it does not ask.
    NotAsked,
    /// It asks, and serves clients without one too. One by another authority ends the connection.
    Optional,
    /// It ends a connection without one.
    Required,
}

/// A certificate authority, and a server's certificate by it.
pub struct TlsMaterial {
    ca: Issuer<'static, KeyPair>,
    ca_pem: String,
    ca_der: CertificateDer<'static>,
    server: CertificateDer<'static>,
    server_key: Vec<u8>,
}

impl TlsMaterial {
    /// For `localhost` and `127.0.0.1`, good for years.
    pub fn new() -> Self {
        Self::made(&["localhost", "127.0.0.1"], |_| {})
    }

    /// For other names, so that a client that looks refuses it.
    pub fn for_names(names: &[&str]) -> Self {
        Self::made(names, |_| {})
    }

    /// For the right names, and long expired.
    pub fn expired() -> Self {
        Self::made(&["localhost", "127.0.0.1"], |params| {
            params.not_before = rcgen::date_time_ymd(2001, 1, 1);
            params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        })
    }

    /// The authority's certificate, for a client's list of roots.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// A new client certificate by the authority, and its key.
    pub fn client_identity(&self) -> ClientIdentity {
        let key = new_key();
        let mut params = named(&[], "portolan-kit client");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params
            .signed_by(&key, &self.ca)
            .expect("a certificate made of good parameters can be signed");
        ClientIdentity {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        }
    }

    fn made(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Self {
        let ca_key = new_key();
        // Authorities of one name would be taken for one another until a signature is looked at.
        let number = AUTHORITIES.fetch_add(1, Ordering::Relaxed);
        let mut params = named(&[], &format!("portolan-kit authority {number}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca = params
            .self_signed(&ca_key)
            .expect("an authority made of good parameters can sign itself");
        let issuer = Issuer::new(params, ca_key);

        let key = new_key();
        let mut params = named(names, "portolan-kit server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        change(&mut params);
        let server = params
            .signed_by(&key, &issuer)
            .expect("a certificate made of good parameters can be signed");
        Self {
            ca: issuer,
            ca_pem: ca.pem(),
            ca_der: ca.der().clone(),
            server: server.der().clone(),
            server_key: key.serialize_der(),
        }
    }

    pub(crate) fn acceptor(&self, clients: ClientCertificates) -> TlsAcceptor {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider knows the default versions of TLS");
        let config = if clients == ClientCertificates::NotAsked {
            config.with_no_client_auth()
        } else {
            let mut roots = RootCertStore::empty();
            roots
                .add(self.ca_der.clone())
                .expect("our authority's certificate can be read");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = match clients {
                ClientCertificates::Required => verifier,
                _ => verifier.allow_unauthenticated(),
            };
            let verifier = verifier.build().expect("there is an authority");
            config.with_client_cert_verifier(verifier)
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.server_key.clone()));
        let config = config
            .with_single_cert(vec![self.server.clone()], key)
            .expect("the certificate is for the key");
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Default for TlsMaterial {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TlsMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsMaterial").finish_non_exhaustive()
    }
}

/// A client's certificate and key.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClientIdentity {
    /// The certificate, as PEM.
    pub certificate_pem: String,
    /// Its key, as PEM (PKCS #8).
    pub key_pem: String,
}

fn named(names: &[&str], common_name: &str) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("the names fit into a certificate");
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("the machine has randomness")
}
