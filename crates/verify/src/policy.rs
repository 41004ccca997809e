//! What a signature has to be to count.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use portolan_reference::{Algorithm, Digest, Hasher};

use crate::{Format, Identity, Limits, PublicKey, TrustRoot};

/// Whose signatures are wanted, how many of them, and what has to be proven of each.
///
/// A value: it is built once, cheap to clone, and may be compared by its
/// [fingerprint](Self::fingerprint).
#[derive(Debug, Clone)]
pub struct Policy(Arc<Rules>);

#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) keys: Vec<PublicKey>,
    pub(crate) identities: Vec<Identity>,
    pub(crate) trust_root: Option<TrustRoot>,
    pub(crate) required: usize,
    pub(crate) formats: BTreeSet<Format>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) log: bool,
    pub(crate) sct: bool,
    pub(crate) timestamp: bool,
    pub(crate) limits: Limits,
    fingerprint: Digest,
}

impl Policy {
    /// How many keys, and how many identities, one policy may name: 32. Every signature is held
    /// against each, and an expression takes up to 2 MiB: it is wise to count before they are read.
    pub const MAX_NAMED: usize = 32;

    /// A policy that names nobody yet, and demands everything.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }

    /// What two policies have in common if, and only if, they judge alike: a SHA-256 over the keys, the
    /// identities, the trust root, every other rule, and the label. Names of keys do not enter.
    pub fn fingerprint(&self) -> &Digest {
        &self.0.fingerprint
    }

    /// Whether identities are asked for, so that certificates have to be judged.
    pub fn is_keyless(&self) -> bool {
        !self.0.identities.is_empty()
    }

    /// Which ways of writing signatures down are looked at.
    pub fn formats(&self) -> impl Iterator<Item = Format> {
        self.0.formats.iter().copied()
    }

    /// How much is looked at.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.0
    }
}

impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint() == other.fingerprint()
    }
}

impl Eq for Policy {}

/// Puts a [`Policy`] together.
#[derive(Debug, Clone)]
#[must_use]
pub struct PolicyBuilder {
    keys: Vec<PublicKey>,
    identities: Vec<Identity>,
    trust_root: Option<TrustRoot>,
    required: usize,
    formats: BTreeSet<Format>,
    annotations: BTreeMap<String, String>,
    log: bool,
    sct: bool,
    timestamp: bool,
    limits: Limits,
    label: String,
}

impl Default for PolicyBuilder {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            identities: Vec::new(),
            trust_root: None,
            required: 1,
            formats: BTreeSet::from([Format::Bundle, Format::SimpleSigning]),
            annotations: BTreeMap::new(),
            log: true,
            sct: true,
            timestamp: false,
            limits: Limits::default(),
            label: String::new(),
        }
    }
}

impl PolicyBuilder {
    /// A signature by `key` counts.
    pub fn key(mut self, key: PublicKey) -> Self {
        self.keys.push(key);
        self
    }

    /// A signature by any of `keys` counts.
    pub fn keys(mut self, keys: impl IntoIterator<Item = PublicKey>) -> Self {
        self.keys.extend(keys);
        self
    }

    /// A signature by `identity` counts.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identities.push(identity);
        self
    }

    /// A signature by any of `identities` counts.
    pub fn identities(mut self, identities: impl IntoIterator<Item = Identity>) -> Self {
        self.identities.extend(identities);
        self
    }

    /// Which authorities and logs are believed. Identities need one, and so does a log.
    pub fn trust_root(mut self, root: TrustRoot) -> Self {
        self.trust_root = Some(root);
        self
    }

    /// How many different signers have to agree: one, unless told otherwise. A key under two names is
    /// one signer, and so is an identity that signed twice.
    pub fn required(mut self, signers: usize) -> Self {
        self.required = signers;
        self
    }

    /// Look only at signatures that are written down like this.
    pub fn formats(mut self, formats: impl IntoIterator<Item = Format>) -> Self {
        self.formats = formats.into_iter().collect();
        self
    }

    /// The signer must have written this beside the digest.
    pub fn annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotations.insert(key.into(), value.into());
        self
    }

    /// Whether a signature has to be in a transparency log: it has to, unless this says otherwise.
    ///
    /// Without one, a keyless signature needs a timestamp of an authority that the trust root names,
    /// and a stolen key can sign unseen. Flux never asks it of keys.
    pub fn require_log(mut self, required: bool) -> Self {
        self.log = required;
        self
    }

    /// Whether a certificate has to be in a certificate transparency log: it has to, unless this says
    /// otherwise. That a trust root names no such log does not say otherwise.
    pub fn require_sct(mut self, required: bool) -> Self {
        self.sct = required;
        self
    }

    /// Whether a timestamp of an authority (RFC 3161) has to be there, beside whatever else proves
    /// the time: it has not to, unless this says so.
    pub fn require_timestamp(mut self, required: bool) -> Self {
        self.timestamp = required;
        self
    }

    /// How much is looked at.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Anything else that should make two policies different, such as a fingerprint of where this one
    /// came from.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The policy.
    ///
    /// # Errors
    ///
    /// [`PolicyError`]: it could never be met, or would be met by anybody.
    pub fn build(self) -> Result<Policy, PolicyError> {
        if self.keys.is_empty() && self.identities.is_empty() {
            return Err(PolicyError::NobodyNamed);
        }
        for (what, named) in [
            ("keys", self.keys.len()),
            ("identities", self.identities.len()),
        ] {
            if named > Policy::MAX_NAMED {
                return Err(PolicyError::TooMany { what, named });
            }
        }
        if self.formats.is_empty() {
            return Err(PolicyError::NoFormat);
        }
        if self.trust_root.is_none() && (self.log || self.timestamp || !self.identities.is_empty())
        {
            return Err(PolicyError::NoTrustRoot);
        }
        let keys: BTreeSet<_> = self
            .keys
            .iter()
            .map(|key| key.fingerprint().hex())
            .collect();
        let enough = keys.len() >= self.required || !self.identities.is_empty();
        if self.required == 0 || !enough {
            return Err(PolicyError::Required {
                required: self.required,
                keys: keys.len(),
            });
        }
        let fingerprint = self.fingerprint();
        Ok(Policy(Arc::new(Rules {
            keys: self.keys,
            identities: self.identities,
            trust_root: self.trust_root,
            required: self.required,
            formats: self.formats,
            annotations: self.annotations,
            log: self.log,
            sct: self.sct,
            timestamp: self.timestamp,
            limits: self.limits,
            fingerprint,
        })))
    }

    fn fingerprint(&self) -> Digest {
        let mut parts = Parts(Hasher::new(Algorithm::Sha256));
        let keys: BTreeSet<_> = self
            .keys
            .iter()
            .map(|key| key.fingerprint().hex())
            .collect();
        parts.list("keys", keys);
        let identities = self.identities.iter().map(|identity| {
            let (issuer, subject) = (identity.issuer(), identity.subject());
            format!("{issuer:?} {subject:?}")
        });
        parts.list("identities", identities.collect::<BTreeSet<_>>());
        let root = self.trust_root.iter().map(|root| root.fingerprint().hex());
        parts.list("trust root", root);
        parts.list("formats", self.formats.iter().map(ToString::to_string));
        let annotations = self.annotations.iter();
        parts.list(
            "annotations",
            annotations.flat_map(|(key, value)| [key, value]),
        );
        let Limits {
            max_signatures,
            max_total_bytes,
            max_signature_bytes,
            max_entries,
        } = self.limits;
        let rules = [
            self.required.to_string(),
            self.log.to_string(),
            self.sct.to_string(),
            self.timestamp.to_string(),
            format!("{max_signatures} {max_total_bytes} {max_signature_bytes} {max_entries}"),
        ];
        parts.list("rules", rules);
        parts.list("label", [&self.label]);
        parts.0.finish()
    }
}

/// Hashes lists so that no two different ones give the same bytes.
struct Parts(Hasher);

impl Parts {
    fn list<T: AsRef<str>>(&mut self, name: &str, items: impl IntoIterator<Item = T>) {
        let items: Vec<_> = items.into_iter().collect();
        self.text(name);
        self.0.update(&(items.len() as u64).to_be_bytes());
        for item in items {
            self.text(item.as_ref());
        }
    }

    fn text(&mut self, text: &str) {
        self.0.update(&(text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }
}

/// Why a policy makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// It would accept anybody's signature, so it is none.
    #[error(
        "the policy names nobody: add a public key, or an identity (issuer and subject) that may sign"
    )]
    NobodyNamed,
    /// It would take too much memory, or time.
    #[error(
        "the policy names {named} {what}, and {} is the most",
        Policy::MAX_NAMED
    )]
    TooMany {
        /// Keys or identities.
        what: &'static str,
        /// How many it names.
        named: usize,
    },
    /// It looks at no signature at all.
    #[error("the policy takes signatures of no format")]
    NoFormat,
    /// Certificates, logs and timestamps are believed because a trust root says so.
    #[error(
        "the policy has no trust root, which identities, transparency logs and timestamps need: \
         add one, or ask for keys only and for no log"
    )]
    NoTrustRoot,
    /// Nobody could meet it, or anybody.
    #[error("the policy requires {required} signers and names {keys} keys")]
    Required {
        /// How many have to agree.
        required: usize,
        /// How many different keys there are.
        keys: usize,
    },
}
