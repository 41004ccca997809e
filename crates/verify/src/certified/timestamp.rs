//! What timestamp authorities (RFC 3161) prove.

use std::time::SystemTime;

use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier};
use sigstore_verify::tsa::verify_timestamp_for_authority;
use sigstore_verify::types::{Bundle as Written, SignatureBytes, SignatureContent, TimestampToken};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Reader as _, SliceReader};
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use super::Demands;
use crate::{Reason, TrustRoot};

/// Drop the timestamps of authorities that the trust root does not know: nobody can say whether they are
/// true, and where a log proves the time, or nothing has to be proven, they are not needed. The crate
/// would refuse the whole signature.
///
/// A timestamp that names an authority of the trust root stays, and has to be true.
pub(super) fn keep_judgeable(
    root: &TrustRoot,
    written: &mut Written,
    demands: Demands,
) -> Result<(), Reason> {
    let material = &mut written.verification_material;
    let timestamps = &mut material.timestamp_verification_data.rfc3161_timestamps;
    let before = timestamps.len();
    let signers = timestamps
        .iter()
        .map(|timestamp| signer(&timestamp.signed_timestamp));
    let signers: Vec<_> = signers
        .collect::<Option<_>>()
        .ok_or_else(|| Reason::Timestamp("a timestamp cannot be read".to_owned()))?;
    let mut known = signers.iter().map(|signer| is_known(root, signer));
    timestamps.retain(|_| known.next().unwrap_or_default());
    if demands.timestamp && timestamps.is_empty() {
        return Err(Reason::Timestamp(match before {
            0 => "there is no timestamp".to_owned(),
            _ => "no timestamp is of an authority that the trust root names".to_owned(),
        }));
    }
    Ok(())
}

/// The times of all timestamps, each of which has to be about the signature.
pub(super) fn verify(root: &TrustRoot, written: &Written) -> Result<Vec<SystemTime>, Reason> {
    let signature = match &written.content {
        SignatureContent::MessageSignature(message) => &message.signature,
        SignatureContent::DsseEnvelope(envelope) => &envelope.signature.sig,
        _ => return Err(Reason::Malformed("no signature".to_owned())),
    };
    let material = &written.verification_material;
    let timestamps = &material.timestamp_verification_data.rfc3161_timestamps;
    let times = timestamps
        .iter()
        .map(|timestamp| time(root, &timestamp.signed_timestamp, signature));
    times.collect()
}

fn time(
    root: &TrustRoot,
    timestamp: &TimestampToken,
    signature: &SignatureBytes,
) -> Result<SystemTime, Reason> {
    let mut reason = "no authority of the trust root signed it".to_owned();
    for (_, authority) in root.timestamp_authorities() {
        match verify_timestamp_for_authority(timestamp, signature, authority) {
            Ok(time) => return Ok(time.into()),
            Err(error) => reason = error.to_string(),
        }
    }
    Err(Reason::Timestamp(reason))
}

/// `verified` without `others`, each of which is taken away once.
pub(super) fn without<T>(verified: &[T], others: &[SystemTime]) -> Vec<SystemTime>
where
    T: Copy + Into<SystemTime>,
{
    let mut others = others.to_vec();
    let verified = verified.iter().map(|time| (*time).into());
    let verified = verified.filter(|time| {
        let other = others.iter().position(|other| other == time);
        other.map(|other| others.swap_remove(other)).is_none()
    });
    verified.collect()
}

/// Who says to have signed a timestamp, which is a `TimeStampResp` or the `ContentInfo` in it.
fn signer(timestamp: &TimestampToken) -> Option<SignerIdentifier> {
    let der = timestamp.as_bytes();
    let token = ContentInfo::from_der(der).or_else(|_| {
        let mut reader = SliceReader::new(der)?;
        let token = reader.sequence(|response| {
            response.tlv_bytes()?;
            ContentInfo::decode(response)
        })?;
        reader.finish(token)
    });
    let data: SignedData = token.ok()?.content.decode_as().ok()?;
    Some(data.signer_infos.0.get(0)?.sid.clone())
}

fn is_known(root: &TrustRoot, signer: &SignerIdentifier) -> bool {
    let mut authorities = root.timestamp_authorities().iter();
    authorities.any(|(certificate, _)| is_of(certificate, signer))
}

fn is_of(certificate: &Certificate, signer: &SignerIdentifier) -> bool {
    let certificate = &certificate.tbs_certificate;
    match signer {
        SignerIdentifier::IssuerAndSerialNumber(signer) => {
            certificate.issuer == signer.issuer && certificate.serial_number == signer.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(signer) => {
            let identifier = certificate.get::<SubjectKeyIdentifier>();
            identifier.is_ok_and(|found| found.is_some_and(|(_, found)| found == *signer))
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, IsCa, KeyIdMethod, KeyPair};

    use super::*;

    fn authority(identifier: &[u8]) -> Certificate {
        let mut certificate = CertificateParams::default();
        certificate.key_identifier_method = KeyIdMethod::PreSpecified(identifier.to_vec());
        certificate.is_ca = IsCa::ExplicitNoCa;
        let key = KeyPair::generate().unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        Certificate::from_der(certificate.der()).unwrap()
    }

    #[test]
    fn an_authority_is_known_by_its_key_or_by_its_issuer_and_number() {
        let (one, other) = (authority(b"one"), authority(b"other"));
        let by_key = |certificate: &Certificate| {
            let found = certificate.tbs_certificate.get::<SubjectKeyIdentifier>();
            SignerIdentifier::SubjectKeyIdentifier(found.unwrap().unwrap().1)
        };
        let by_number = |certificate: &Certificate| {
            let certificate = &certificate.tbs_certificate;
            SignerIdentifier::IssuerAndSerialNumber(cms::cert::IssuerAndSerialNumber {
                issuer: certificate.issuer.clone(),
                serial_number: certificate.serial_number.clone(),
            })
        };
        assert!(is_of(&one, &by_key(&one)) && is_of(&one, &by_number(&one)));
        assert!(!is_of(&one, &by_key(&other)) && !is_of(&one, &by_number(&other)));
    }
}
