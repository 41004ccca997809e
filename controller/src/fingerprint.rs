//! Which keys and certificates a verification went by, as one short text.

use std::collections::BTreeMap;

use portolan_reference::{Algorithm, Hasher};

/// What a verification goes by, apart from the fields of the object that asks for it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Material<'a> {
    /// Whose kind of signature is wanted: `cosign`, `notation`.
    pub(crate) provider: &'a str,
    /// A `trusted_root.json` of the object's own.
    pub(crate) trusted_root: Option<&'a [u8]>,
    /// What the Secret of keys, or of policy and certificates, holds by name.
    pub(crate) secret: Option<&'a BTreeMap<&'a str, &'a [u8]>>,
}

/// The fingerprint of `material`, byte for byte as
/// [Flux 2.10](https://fluxcd.io/flux/components/source/ocirepositories/#source-verification-fingerprint)
/// has it in the status of an `OCIRepository`: `sha256:` and a SHA-256 over the parts, each with a
/// NUL at its end. Names of Secrets and of keys do not enter.
///
/// A value that holds a NUL can stand for two values. That changes what the fingerprint tells apart,
/// never what is believed: a policy has a fingerprint of its own.
pub(crate) fn fingerprint(material: Material<'_>) -> String {
    let mut parts = Parts(Hasher::new(Algorithm::Sha256));
    parts.add("provider", material.provider.as_bytes());
    let trusted_root = material.trusted_root.filter(|json| !json.is_empty());
    if let ("cosign", Some(json)) = (material.provider, trusted_root) {
        parts.add("trustedroot", json);
    }
    let Some(secret) = material.secret else {
        return parts.0.finish().to_string();
    };
    let values = |endings: &[&str]| {
        let named = |name: &str| endings.iter().any(|ending| name.ends_with(ending));
        let found = secret.iter().filter(|(name, _)| named(name));
        let mut values: Vec<&[u8]> = found.map(|(_, value)| *value).collect();
        values.sort_unstable();
        values
    };
    if material.provider == "notation" {
        if let Some(policy) = secret.get("trustpolicy.json") {
            parts.add("trustpolicy", policy);
        }
        for certificate in values(&[".crt", ".pem"]) {
            parts.add("cert", certificate);
        }
    } else {
        for key in values(&[".pub"]) {
            parts.add("pub", key);
        }
    }
    parts.0.finish().to_string()
}

struct Parts(Hasher);

impl Parts {
    fn add(&mut self, name: &str, value: &[u8]) {
        self.0.update(name.as_bytes());
        self.0.update(b":");
        self.0.update(value);
        self.0.update(b"\0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row<'a> = (
        &'a str,
        Option<&'a [u8]>,
        Option<&'a [(&'a str, &'a [u8])]>,
        &'a str,
    );

    /// The first five are those of Flux; the others are computed from its layout by Python's hashlib.
    const ROWS: &[Row<'_>] = &[
        (
            "cosign",
            None,
            None,
            "15e73a459672b2a4a6830d6c7bfe5bfc9ea72681203ca2bff47860be77def83c",
        ),
        (
            "cosign",
            None,
            Some(&[("cosign.pub", b"key")]),
            "b3986eb640bdfd6ebc6c0a1fd3dc2c694cfc3a3fa58dbca96c7c03adcebe79b3",
        ),
        (
            "cosign",
            None,
            Some(&[("x.pub", b"b"), ("y.pub", b"a")]),
            "f172a912c2753860c125c6265b6affa069f7a40aa2a7362c07115e66aa3bba4e",
        ),
        (
            "cosign",
            Some(b"{}"),
            Some(&[("cosign.pub", b"key")]),
            "df70ad385fad2c52db2c3b2ceebe4af8fcd84988e40527eac093b767be152066",
        ),
        (
            "notation",
            None,
            Some(&[("trustpolicy.json", b"{}"), ("ca.crt", b"c")]),
            "896d1835f3a2b169748fc19083ab89f41738a82600944efce6ff31f4c83d5caa",
        ),
        // Another name of a key is the same key; what is no key is not looked at.
        (
            "cosign",
            None,
            Some(&[("other.pub", b"key"), ("note.txt", b"x")]),
            "b3986eb640bdfd6ebc6c0a1fd3dc2c694cfc3a3fa58dbca96c7c03adcebe79b3",
        ),
        // A trusted root that is empty is none, and means nothing to notation.
        (
            "cosign",
            Some(b""),
            None,
            "15e73a459672b2a4a6830d6c7bfe5bfc9ea72681203ca2bff47860be77def83c",
        ),
        (
            "notation",
            Some(b"{}"),
            Some(&[("trustpolicy.json", b"{}"), ("ca.crt", b"c")]),
            "896d1835f3a2b169748fc19083ab89f41738a82600944efce6ff31f4c83d5caa",
        ),
        // A Secret without a key is as none at all; a key without content is one.
        (
            "cosign",
            None,
            Some(&[("note.txt", b"x")]),
            "15e73a459672b2a4a6830d6c7bfe5bfc9ea72681203ca2bff47860be77def83c",
        ),
        (
            "cosign",
            None,
            Some(&[("cosign.pub", b"")]),
            "b04c95ffa88a30bc4ba1ed7c0562e4b4f5277990a9f89fd4f2bde15be58bed03",
        ),
        // Each key counts, and they are sorted as bytes.
        (
            "cosign",
            None,
            Some(&[("x.pub", b"a"), ("y.pub", b"a")]),
            "43e8226c277382b5f229b337447f2ffee29aa850eceba19a7d40d47d1dda8128",
        ),
        (
            "cosign",
            None,
            Some(&[("x.pub", b"\xff"), ("y.pub", b"a")]),
            "f241ad6193b20fe0a4e41bcde47ce828022c7bbfb718bf7a672c749e0e51047e",
        ),
        // Both endings of certificates, with or without a policy.
        (
            "notation",
            None,
            Some(&[("ca.crt", b"b"), ("x.pem", b"a")]),
            "37e9f08bcf323ce27ef4fb5f3e1f772d2ba919ef7eb7897d08b578133609afaa",
        ),
    ];

    #[test]
    fn material_has_the_fingerprint_that_flux_gives_it() {
        for (provider, trusted_root, secret, expected) in ROWS {
            let secret: Option<BTreeMap<_, _>> =
                secret.map(|entries| entries.iter().copied().collect());
            let found = fingerprint(Material {
                provider,
                trusted_root: *trusted_root,
                secret: secret.as_ref(),
            });
            assert_eq!(found, format!("sha256:{expected}"), "{provider} {secret:?}");
        }
    }
}
