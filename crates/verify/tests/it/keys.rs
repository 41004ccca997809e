//! Keys as people have them, and what `sigstore`, a second opinion, says about their signatures.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portolan_reference::{Algorithm, Digest};
use portolan_verify::{Judge, Policy, PublicKey, Reason, Signature};
use sigstore::crypto::{CosignVerificationKey, Signature as Made, SigningScheme};

use crate::fixtures::{key, now, path};

/// A key of ours that is not cosign's.
fn file(name: &str) -> Vec<u8> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/keys");
    fs::read(data.join(name)).unwrap()
}

fn p256() -> String {
    fs::read_to_string(path("keys/p256a.pub")).unwrap()
}

#[track_caller]
fn same(pem: impl AsRef<[u8]>) {
    let read = PublicKey::parse("k", pem.as_ref()).unwrap();
    assert_eq!(read.fingerprint(), key("p256a").fingerprint());
}

#[test]
fn a_key_is_read_as_flux_reads_it() {
    let pem = p256();
    same(&pem);
    same(pem.trim_end());
    same(pem.replace('\n', "\r\n"));
    same(format!("# the key of last year\n\n{pem}"));
    same(format!("\n\n\n{pem}\n\n"));
    same(pem.replacen('\n', "\n\n", 1));
    let other = fs::read_to_string(path("keys/p256b.pub")).unwrap();
    same(format!("{pem}{other}"));
    let broken = "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n";
    same(format!("{broken}{pem}"));
    let latin1 = [b"# \xe9\xe8\n", pem.as_bytes()].concat();
    same(latin1);
}

#[test]
fn a_key_is_the_same_key_however_it_is_written() {
    let pkcs1 = PublicKey::parse("a", &file("rsa2048-pkcs1.pem")).unwrap();
    let spki = PublicKey::parse("b", &file("rsa2048-spki.pem")).unwrap();
    assert_eq!(pkcs1.fingerprint(), spki.fingerprint());
    let body: String = String::from_utf8(file("rsa2048-spki.pem")).unwrap();
    let body: String = body.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).unwrap();
    assert_eq!(spki.fingerprint(), &Digest::of(Algorithm::Sha256, &der));
    assert_eq!(spki.name(), "b");
}

#[track_caller]
fn refused(pem: impl AsRef<[u8]>, why: &str) {
    let error = PublicKey::parse("cosign.pub", pem.as_ref()).unwrap_err();
    assert_eq!(error.name(), "cosign.pub");
    assert_eq!(error.to_string(), format!("cosign.pub: {why}"));
}

#[test]
fn what_is_no_key_is_named_and_said() {
    refused("", "empty, and a public key is wanted");
    refused("\n \n", "empty, and a public key is wanted");
    let no_pem = "PEM decoding failed: there is no `-----BEGIN PUBLIC KEY-----` that can be read";
    refused("garbage", no_pem);
    refused([0, 159, 146, 150], no_pem);
    refused(p256().replace("-----END", "----END"), no_pem);
    refused(p256().replace('M', "!"), no_pem);
    refused(
        " ".repeat(PublicKey::MAX_BYTES) + &p256(),
        "larger than 65536 bytes, which no public key is",
    );
    refused(
        file("certificate.pem"),
        "a certificate, and a public key is wanted (`openssl x509 -pubkey` takes it out)",
    );
    for label in [
        "PRIVATE KEY",
        "EC PRIVATE KEY",
        "ENCRYPTED SIGSTORE PRIVATE KEY",
    ] {
        refused(
            format!("-----BEGIN {label}-----\nc2VjcmV0\n-----END {label}-----\n"),
            "a private key, and a public key is wanted (`cosign public-key` makes it)",
        );
    }
    refused(
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\nYWJj\n-----END PGP PUBLIC KEY BLOCK-----\n",
        "a PEM block of type \"PGP PUBLIC KEY BLOCK\", and a public key is wanted",
    );
    // The first block counts, as in Flux.
    refused(
        [file("certificate.pem"), p256().into_bytes()].concat(),
        "a certificate, and a public key is wanted (`openssl x509 -pubkey` takes it out)",
    );
}

#[test]
fn what_is_no_key_of_ours_is_named_and_said() {
    refused(
        file("secp256k1.pem"),
        "unsupported elliptic curve secp256k1",
    );
    refused(file("secp224r1.pem"), "unsupported elliptic curve P-224");
    refused(
        file("brainpool-p256r1.pem"),
        "unsupported elliptic curve brainpoolP256r1",
    );
    refused(
        file("p256-explicit.pem"),
        "unsupported elliptic curve that is spelt out instead of named",
    );
    refused(file("dsa.pem"), "unsupported algorithm DSA");
    refused(file("x25519.pem"), "unsupported algorithm X25519");
    refused(file("ed448.pem"), "unsupported algorithm Ed448");
    refused(file("rsa-pss.pem"), "unsupported algorithm RSASSA-PSS");
    refused(
        file("rsa1024.pem"),
        "an RSA key of 1024 bits, and 2048 to 8192 are supported",
    );
    let rejected = "not a public key of the kind that it says it is";
    // The same key could otherwise count as two signers.
    refused(file("p256-compressed.pem"), rejected);
    let pem = String::from_utf8(file("rsa2048-spki.pem")).unwrap();
    refused(
        pem.replace("PUBLIC KEY", "RSA PUBLIC KEY"),
        "not a public key: unexpected ASN.1 DER tag: expected INTEGER, got SEQUENCE",
    );
    let body: String = rsa(2048)
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let longer = [STANDARD.decode(body).unwrap(), vec![0]].concat();
    let body = STANDARD.encode(longer);
    refused(
        format!("-----BEGIN RSA PUBLIC KEY-----\n{body}\n-----END RSA PUBLIC KEY-----\n"),
        "not a public key: trailing data at end of DER message: decoded 270 bytes, 1 bytes remaining at DER byte 270",
    );
    // A point that is not on the curve.
    let body: String = p256()
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let mut der = STANDARD.decode(body).unwrap();
    *der.last_mut().unwrap() ^= 1;
    let body = STANDARD.encode(&der);
    refused(
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"),
        rejected,
    );
    der.push(0);
    let body = STANDARD.encode(&der);
    let error = PublicKey::parse(
        "k",
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n").as_bytes(),
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .starts_with("k: not a public key: ")
    );
}

/// PKCS #1 with an odd modulus of so many bits.
fn rsa(bits: usize) -> String {
    let mut modulus = vec![0xff; bits.div_ceil(8)];
    modulus[0] >>= modulus.len() * 8 - bits;
    if modulus[0] & 0x80 != 0 {
        modulus.insert(0, 0);
    }
    let with_length = |tag: u8, value: &[u8]| {
        let length = u16::try_from(value.len()).unwrap().to_be_bytes();
        [&[tag, 0x82][..], &length, value].concat()
    };
    let numbers = [with_length(2, &modulus), vec![2, 3, 1, 0, 1]].concat();
    let body = STANDARD.encode(with_length(0x30, &numbers));
    format!("-----BEGIN RSA PUBLIC KEY-----\n{body}\n-----END RSA PUBLIC KEY-----\n")
}

#[test]
fn rsa_keys_have_2048_to_8192_bits() {
    for bits in [2048, 3072, 4096, 8192] {
        assert!(
            PublicKey::parse("k", rsa(bits).as_bytes()).is_ok(),
            "{bits}"
        );
    }
    for bits in [2047, 8193, 16384] {
        refused(
            rsa(bits),
            &format!("an RSA key of {bits} bits, and 2048 to 8192 are supported"),
        );
    }
}

/// What is said of a payload that `signature` signs, if it does.
fn judged(key: &PublicKey, digest: &Digest, payload: &str, signature: &[u8]) -> Option<Reason> {
    let policy = Policy::builder().key(key.clone()).require_log(false);
    let mut judge = Judge::new(policy.build().unwrap(), digest.clone(), now());
    let signature = (
        "dev.cosignproject.cosign/signature".to_owned(),
        STANDARD.encode(signature),
    );
    judge.consider(&Signature::simple_signing("layer", payload, [signature]));
    let refused = judge.finish().err()?.refused;
    Some(refused.into_iter().next().unwrap().reason)
}

#[track_caller]
fn both(scheme: &SigningScheme, ours: bool) {
    let digest = Digest::of(Algorithm::Sha256, b"a manifest");
    let payload = |digest: &Digest| {
        format!(
            r#"{{"critical":{{"identity":{{"docker-reference":""}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":null}}"#
        )
    };
    let signer = scheme.create_signer().unwrap();
    let pem = signer
        .to_sigstore_keypair()
        .unwrap()
        .public_key_to_pem()
        .unwrap();
    let key = PublicKey::parse("fresh.pub", pem.as_bytes()).unwrap();
    let theirs = CosignVerificationKey::from_pem(pem.as_bytes(), scheme).unwrap();
    let said = payload(&digest);
    let signature = signer.sign(said.as_bytes()).unwrap();
    let theirs = |signature: &[u8], message: &str| {
        let made = Made::Raw(signature);
        theirs.verify_signature(made, message.as_bytes()).is_ok()
    };
    assert!(theirs(&signature, &said));
    assert_eq!(
        judged(&key, &digest, &said, &signature).is_none(),
        ours,
        "{scheme}"
    );

    let other = Digest::of(Algorithm::Sha256, b"another manifest");
    assert!(!theirs(&signature, &payload(&other)));
    let refused = judged(&key, &other, &payload(&other), &signature);
    assert_eq!(refused, Some(Reason::NoKeyVerifies), "{scheme}");

    for at in [0, signature.len() / 2, signature.len() - 1] {
        let mut broken = signature.clone();
        broken[at] ^= 1;
        assert!(!theirs(&broken, &said));
        let refused = judged(&key, &digest, &said, &broken);
        assert_eq!(refused, Some(Reason::NoKeyVerifies), "{scheme} {at}");
    }
}

#[test]
fn sigstore_agrees_on_every_kind_of_key() {
    both(&SigningScheme::ECDSA_P256_SHA256_ASN1, true);
    both(&SigningScheme::ECDSA_P384_SHA384_ASN1, true);
    both(&SigningScheme::ECDSA_P521_SHA512_ASN1, true);
    both(&SigningScheme::ED25519, true);
    both(&SigningScheme::RSA_PKCS1_SHA256(2048), true);
    both(&SigningScheme::RSA_PKCS1_SHA256(3072), true);
}

#[test]
fn rsa_pss_is_not_taken_because_cosign_does_not() {
    both(&SigningScheme::RSA_PSS_SHA256(2048), false);
}

/// The DER of a key in PEM.
fn der(pem: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(pem).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).unwrap()
}

#[test]
fn an_algorithm_with_parameters_that_it_does_not_have_is_none() {
    let pem = |der: &[u8]| {
        let body = STANDARD.encode(der);
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    };
    let why = "not a public key of the kind that it says it is";
    // RSA has NULL (05 00), and here an empty octet string.
    let mut rsa = der(&file("rsa2048-spki.pem"));
    let null = rsa.windows(2).position(|two| two == [5, 0]).unwrap();
    rsa[null] = 4;
    refused(pem(&rsa), why);
    // Ed25519 has nothing, and here NULL.
    let ed25519 = der(&fs::read(path("keys/ed25519.pub")).unwrap());
    let (algorithm, key) = ed25519.split_at(9);
    let mut with_null = [algorithm, &[5, 0], key].concat();
    (with_null[1], with_null[3]) = (with_null[1] + 2, with_null[3] + 2);
    refused(pem(&with_null), why);
}
