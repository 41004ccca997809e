//! Telling credentials apart without keeping them.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;

use crate::{Access, Credential, Tls};

/// Makes [`Fingerprint`]s under a key of its own, which is random, never leaves the process and dies
/// with the transport. A dump of the caches therefore says nothing about a password, not even whether it
/// is a given one. (A plain hash would: passwords can be guessed and hashed too.)
#[derive(Debug)]
pub(super) struct Fingerprints(hmac::Key);

/// Stands for an [`Access`] in the key of a cache: equal for equal tenant, credential and TLS material,
/// and saying nothing about them. From [`Transport::fingerprint`](crate::Transport::fingerprint).
///
/// It is an HMAC-SHA256 under a random key of the transport, so it means nothing to another process.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprints {
    /// `None` if the operating system has no random bytes.
    pub(super) fn new() -> Option<Self> {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .ok()
            .map(Self)
    }

    /// Of everything that a cached token or handshake depends on: whose it is, what was shown for it,
    /// and whom the connection trusted.
    pub(super) fn access(&self, access: &Access) -> Fingerprint {
        let mut parts = vec![access.tenant().as_bytes()];
        parts.extend(credential_parts(access.credential()));
        parts.extend(tls_parts(access.tls()));
        self.of("access", &parts)
    }

    /// Of the credential alone, whoever uses it: a registry that counts requests counts them by what it
    /// is shown.
    pub(super) fn credential(&self, credential: Option<&Credential>) -> Fingerprint {
        self.of("credential", &credential_parts(credential))
    }

    /// Of extra roots and client certificate.
    pub(super) fn tls(&self, tls: &Tls) -> Fingerprint {
        self.of("tls", &tls_parts(tls))
    }

    /// Every part goes in behind its length, so that no two lists of parts are one text.
    fn of(&self, kind: &str, parts: &[&[u8]]) -> Fingerprint {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [kind.as_bytes()].iter().chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(context.sign().as_ref());
        Fingerprint(fingerprint)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint")
    }
}

/// Always three parts, so that what follows cannot be taken for one of them.
fn credential_parts(credential: Option<&Credential>) -> [&[u8]; 3] {
    match credential {
        None => [b"none", b"", b""],
        Some(Credential::Basic { username, password }) => {
            [b"basic", username.as_bytes(), password.reveal().as_bytes()]
        }
        Some(Credential::IdentityToken(token)) => [b"identity", b"", token.reveal().as_bytes()],
        Some(Credential::RegistryToken(token)) => [b"registry", b"", token.reveal().as_bytes()],
    }
}

fn tls_parts(tls: &Tls) -> [&[u8]; 2] {
    [
        tls.roots_pem().unwrap_or_default(),
        tls.identity_pem().unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn different(one: &Access, other: &Access) -> bool {
        let fingerprints = Fingerprints::new().unwrap();
        assert_eq!(fingerprints.access(one), fingerprints.access(one));
        fingerprints.access(one) != fingerprints.access(other)
    }

    fn of(tenant: &str, username: &str, password: &str) -> Access {
        Access::new(tenant, Some(Credential::basic(username, password)))
    }

    #[test]
    fn another_tenant_name_password_or_kind_is_another_fingerprint() {
        let one = of("a", "u", "p");
        assert!(different(&one, &of("b", "u", "p")));
        assert!(different(&one, &of("a", "v", "p")));
        assert!(different(&one, &of("a", "u", "q")));
        assert!(different(&one, &of("au", "", "p")));
        assert!(different(&one, &of("a", "up", "")));
        assert!(different(&one, &Access::new("a", None)));
        let token =
            |token: fn(Secret) -> Credential| Access::new("a", Some(token(Secret::new("t"))));
        assert!(different(
            &token(Credential::IdentityToken),
            &token(Credential::RegistryToken)
        ));
    }

    #[test]
    fn two_processes_have_nothing_to_compare() {
        let one = Fingerprints::new().unwrap().access(&of("a", "u", "p"));
        let other = Fingerprints::new().unwrap().access(&of("a", "u", "p"));
        assert_ne!(one, other);
    }
}
