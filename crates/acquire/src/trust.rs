//! Whether somebody vouched for the content.

use portolan_reference::Digest;
use portolan_verify::Verified;

/// What is known about who vouches for an artifact.
///
/// The function that opens a pinned layer wants one: that nobody was asked is written down where it
/// happens, and never looks like a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trust {
    /// No policy was given, so nothing was verified.
    NotAsked,
    /// The policy is met, for this very manifest and just now.
    Verified(Box<Verified>),
    /// The policy was met when the stored artifact was brought, or later: what is recorded with its
    /// bytes names this manifest and this policy.
    ProvenBefore {
        /// The digest of the manifest.
        digest: Digest,
        /// The [fingerprint](portolan_verify::Policy::fingerprint) of the policy.
        policy: Digest,
    },
}

impl Trust {
    /// Whether a policy is met.
    pub fn is_proven(&self) -> bool {
        match self {
            Self::NotAsked => false,
            Self::Verified(_) | Self::ProvenBefore { .. } => true,
        }
    }

    /// Whether this says of the manifest `digest` what `policy`, if there is one, demands.
    pub(crate) fn covers(&self, digest: &Digest, policy: Option<&portolan_verify::Policy>) -> bool {
        match (self, policy) {
            (Self::NotAsked, None) => true,
            (Self::Verified(verified), Some(policy)) => {
                verified.digest == *digest && verified.policy == *policy.fingerprint()
            }
            (
                Self::ProvenBefore {
                    digest: proven,
                    policy: met,
                },
                Some(policy),
            ) => proven == digest && met == policy.fingerprint(),
            (Self::NotAsked, Some(_)) | (_, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use portolan_reference::Algorithm;
    use portolan_verify::{Policy, PublicKey};

    use super::*;

    #[test]
    fn an_earlier_proof_covers_its_own_manifest_under_its_own_policy_and_nothing_else() {
        let policy = |label: &str| {
            let key = portolan_kit::CosignKey::generate().public_pem();
            let key = PublicKey::parse("k", key.as_bytes()).unwrap();
            let builder = Policy::builder().key(key).require_log(false).label(label);
            builder.build().unwrap()
        };
        let (asked, other) = (policy("a"), policy("b"));
        let digest = |text: &str| Digest::of(Algorithm::Sha256, text.as_bytes());
        let proven = Trust::ProvenBefore {
            digest: digest("chart"),
            policy: asked.fingerprint().clone(),
        };
        assert!(proven.covers(&digest("chart"), Some(&asked)));
        assert!(!proven.covers(&digest("chart"), Some(&other)));
        assert!(!proven.covers(&digest("tampered"), Some(&asked)));
        assert!(!proven.covers(&digest("chart"), None));
        assert!(Trust::NotAsked.covers(&digest("chart"), None));
        assert!(!Trust::NotAsked.covers(&digest("chart"), Some(&asked)));
    }
}
