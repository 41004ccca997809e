//! Certificate authorities.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
    date_time_ymd,
};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

use super::der::{OCTETS, UTF8, value};
use super::{Certified, DAY, ISSUER, Key, at};

/// No two certificates have the same number.
static SERIAL: AtomicU32 = AtomicU32::new(1 << 24);

/// What a certificate may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usage {
    Code,
    Timestamps,
}

#[derive(Debug)]
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    spki: Vec<u8>,
}

impl Authority {
    pub(super) fn root(name: &str, valid: Range<u64>) -> Self {
        let key = Key::new();
        let spki = key.spki();
        let issuer = CertifiedIssuer::self_signed(authority(name, valid), key.0).unwrap();
        Self { issuer, spki }
    }

    pub(super) fn intermediate(&self, name: &str, valid: Range<u64>) -> Self {
        let key = Key::new();
        let spki = key.spki();
        let mut params = authority(name, valid);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        let issuer = CertifiedIssuer::signed_by(params, key.0, &self.issuer).unwrap();
        Self { issuer, spki }
    }

    pub(super) fn certificate(&self) -> &[u8] {
        self.issuer.der()
    }

    pub(super) fn certify(&self, name: &str, usage: Usage) -> Certified {
        let mut params = params(name, DAY);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![match usage {
            Usage::Code => ExtendedKeyUsagePurpose::CodeSigning,
            Usage::Timestamps => ExtendedKeyUsagePurpose::TimeStamping,
        }];
        self.issue(&params, Key::new())
    }

    /// For an email address that [`ISSUER`] vouches for, and in the `log` of certificates.
    pub(super) fn certify_identity(&self, email: &str, valid: Range<u64>, log: &Key) -> Certified {
        let logged = at(valid.start) * 1000;
        let mut params = params("", valid);
        params.distinguished_name = DistinguishedName::new();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        params.subject_alt_names = vec![SanType::Rfc822Name(email.try_into().unwrap())];
        let issuer = value(UTF8, &[ISSUER.as_bytes()]);
        let issuer = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, 8], issuer);
        params.custom_extensions = vec![issuer];
        // First without what the log answers, which is what the log sees.
        let Certified { key, certificate } = self.issue(&params, Key::new());
        let seen = Certificate::from_der(&certificate).unwrap().tbs_certificate;
        let answer = self.logged(&seen.to_der().unwrap(), logged, log);
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(
                &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2],
                value(OCTETS, &[&answer]),
            ));
        self.issue(&params, key)
    }

    fn issue(&self, params: &CertificateParams, key: Key) -> Certified {
        let certificate = params.signed_by(&key.0, &self.issuer).unwrap();
        Certified {
            key,
            certificate: certificate.der().to_vec(),
        }
    }

    /// A list of one SCT ([RFC 6962](https://www.rfc-editor.org/rfc/rfc6962), 3.2 and 3.3).
    fn logged(&self, seen: &[u8], milliseconds: u64, log: &Key) -> Vec<u8> {
        let time = milliseconds.to_be_bytes();
        let length = u32::try_from(seen.len()).unwrap().to_be_bytes();
        let signed = [
            // Version 1, a certificate's timestamp, of a certificate that is to be.
            &[0, 0],
            &time[..],
            &[0, 1],
            &super::sha256(&self.spki),
            &length[1..],
            seen,
            &[0, 0],
        ];
        let signature = log.sign(&signed.concat());
        let length = u16::try_from(signature.len()).unwrap().to_be_bytes();
        // No extensions, SHA-256 and ECDSA.
        let answer = [
            &[0],
            &log.id()[..],
            &time,
            &[0, 0, 4, 3],
            &length,
            &signature,
        ]
        .concat();
        let sized = |bytes: &[u8]| {
            let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
            [&length, bytes].concat()
        };
        sized(&sized(&answer))
    }
}

fn authority(name: &str, valid: Range<u64>) -> CertificateParams {
    let mut params = params(name, valid);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn params(name: &str, valid: Range<u64>) -> CertificateParams {
    let time = |minutes| date_time_ymd(1970, 1, 1) + Duration::from_secs(at(minutes));
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (time(valid.start), time(valid.end));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params
}
