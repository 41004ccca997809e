//! Timestamps ([RFC 3161](https://www.rfc-editor.org/rfc/rfc3161)).

use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

use super::der::{
    CONTENT_TYPE, ECDSA_WITH_SHA256, FIRST, MESSAGE_DIGEST, OCTETS, SET, SHA256, SIGNED_DATA, TIME,
    TIMESTAMP_INFO, number, oid, sequence, value,
};
use super::{Key, sha256};

/// A response that `key` signs in the name of the certificate `named`, with a bag of certificates in it.
pub(super) fn token(
    signature: &[u8],
    time: u64,
    named: &[u8],
    key: &Key,
    bag: &[&[u8]],
) -> Vec<u8> {
    let sha256_algorithm = sequence(&[&oid(SHA256)]);
    let imprint = sequence(&[&sha256_algorithm, &value(OCTETS, &[&sha256(signature)])]);
    let info = sequence(&[
        &number(1),
        &oid(&[1, 2, 3, 4]),
        &imprint,
        &number(7),
        &value(TIME, &[generalized(time).as_bytes()]),
    ]);
    let attribute = |kind, content: &[u8]| sequence(&[&oid(kind), &value(SET, &[content])]);
    // In the order of DER, the shorter first.
    let attributes = [
        attribute(CONTENT_TYPE, &oid(TIMESTAMP_INFO)),
        attribute(MESSAGE_DIGEST, &value(OCTETS, &[&sha256(&info)])),
    ];
    let over = key.sign(&value(SET, &[&attributes[0], &attributes[1]]));
    let named = Certificate::from_der(named).unwrap().tbs_certificate;
    let signer = sequence(&[
        &number(1),
        &sequence(&[
            &named.issuer.to_der().unwrap(),
            &named.serial_number.to_der().unwrap(),
        ]),
        &sha256_algorithm,
        &value(FIRST, &[&attributes[0], &attributes[1]]),
        &sequence(&[&oid(ECDSA_WITH_SHA256)]),
        &value(OCTETS, &[&over]),
    ]);
    let data = sequence(&[
        &number(3),
        &value(SET, &[&sha256_algorithm]),
        &sequence(&[
            &oid(TIMESTAMP_INFO),
            &value(FIRST, &[&value(OCTETS, &[&info])]),
        ]),
        &value(FIRST, bag),
        &value(SET, &[&signer]),
    ]);
    let content = sequence(&[&oid(SIGNED_DATA), &value(FIRST, &[&data])]);
    sequence(&[&sequence(&[&number(0)]), &content])
}

/// `20240301123000Z`; all times are of the first two days of March 2024.
fn generalized(time: u64) -> String {
    let seconds = time - (super::NOON - 12 * 3600);
    let (day, hour) = (1 + seconds / 86_400, seconds / 3600 % 24);
    let (minute, second) = (seconds / 60 % 60, seconds % 60);
    format!("202403{day:02}{hour:02}{minute:02}{second:02}Z")
}
