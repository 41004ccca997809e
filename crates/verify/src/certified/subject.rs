//! Whom a certificate names.

use sigstore_verify::VerificationResult;
use sigstore_verify::types::Bundle as Written;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::{ObjectIdentifier, Utf8StringRef};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::Reason;

/// A user name of an issuer that has no email addresses, as Fulcio [writes][1] it.
///
/// [1]: https://github.com/sigstore/fulcio/blob/v1.8.8/docs/oid-info.md#1361415726417--othername-san
const USER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");

/// The email address, the URI or the user name that the certificate is for.
pub(super) fn of(written: &Written, result: &VerificationResult) -> Result<String, Reason> {
    if let Some(name) = result.identity() {
        return Ok(name.as_str().to_owned());
    }
    let nobody = || Reason::Certificate("it names no email address, URI or user name".to_owned());
    let certificate = written.signing_certificate().ok_or_else(nobody)?;
    user_name(certificate.as_bytes()).ok_or_else(nobody)
}

fn user_name(certificate: &[u8]) -> Option<String> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let (_, names) = certificate.tbs_certificate.get::<SubjectAltName>().ok()??;
    names.0.iter().find_map(|name| match name {
        GeneralName::OtherName(other) if other.type_id == USER_NAME => {
            let name = other.value.decode_as::<Utf8StringRef<'_>>().ok()?;
            Some(name.as_str().to_owned())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, OtherNameValue, SanType};

    use super::*;

    fn certificate(names: Vec<SanType>) -> Vec<u8> {
        let mut certificate = CertificateParams::default();
        certificate.subject_alt_names = names;
        let key = KeyPair::generate().unwrap();
        certificate.self_signed(&key).unwrap().der().to_vec()
    }

    fn other(last: u64, name: &str) -> SanType {
        let kind = vec![1, 3, 6, 1, 4, 1, 57264, 1, last];
        SanType::OtherName((kind, OtherNameValue::Utf8String(name.to_owned())))
    }

    #[test]
    fn a_user_name_is_read_where_fulcio_writes_it() {
        let alice = || other(7, "alice!lab");
        let named = Some("alice!lab".to_owned());
        assert_eq!(user_name(&certificate(vec![alice()])), named);
        assert_eq!(user_name(&certificate(vec![other(8, "x"), alice()])), named);
        assert_eq!(user_name(&certificate(vec![other(8, "alice!lab")])), None);
        assert_eq!(user_name(&certificate(Vec::new())), None);
        assert_eq!(user_name(b""), None);
    }
}
