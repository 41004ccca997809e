//! Who signed it, asked of a registry.

use std::time::{Duration, SystemTime};

use portolan_auth::CredentialError;
use portolan_fetch::{FetchError, Remote};
use portolan_reference::{Digest, OciReference, Pin};
use portolan_verify::{Captured, Capturing, Judge, Policy, Refused, Verified};

use crate::pull::on_a_thread;
use crate::signatures::RegistrySignatures;
use crate::{Acquirer, Registry};

/// A judgement, and what it is founded on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Judged {
    /// What was judged, by its digest.
    pub reference: OciReference,
    /// The proof.
    pub verified: Verified,
    /// The signatures that were looked at, to be judged again without the registry.
    pub captured: Captured,
}

impl Acquirer {
    /// Judge whether what `pin` names in the repository that `registry` is, is signed as `policy`
    /// demands. Any manifest or image index may be judged, chart or not; nothing of it is pulled.
    ///
    /// A tag is asked for its digest once, and the digest is what is judged. Then bundles that refer to
    /// it are looked at, by the referrers API or the tag that stands in for it, and the tag
    /// `sha256-<hex>.sig`, until the policy is met. What claims to be from later than `now` does not
    /// count.
    ///
    /// # Errors
    ///
    /// [`VerificationError`]: there is no proof.
    pub async fn verify(
        &self,
        registry: &Registry,
        pin: &Pin,
        policy: &Policy,
        now: SystemTime,
    ) -> Result<Judged, VerificationError> {
        let repository = registry.base();
        let remote = registry.remote(repository).await;
        let remote = remote.map_err(VerificationError::Credential)?;
        let digest = match pin {
            Pin::Digest(digest) => digest.clone(),
            Pin::Tag(tag) => {
                let digest = self.registry.digest(&remote, tag).await;
                digest.map_err(|source| VerificationError::Resolve {
                    reference: format!("{}:{tag}", repository.url()),
                    source: Box::new(source),
                })?
            }
        };
        let signatures = self.signatures(&remote, &digest, policy);
        let mut source = Capturing::new(signatures);
        let place = repository.url();
        let verified = judge(&mut source, &place, &digest, policy, now).await?;
        Ok(Judged {
            reference: repository.at(digest),
            verified,
            captured: source.into_captured(),
        })
    }

    /// The same of a manifest that is pinned already, at `place`.
    pub(crate) async fn prove(
        &self,
        remote: &Remote,
        place: &str,
        digest: &Digest,
        policy: &Policy,
        now: SystemTime,
    ) -> Result<Verified, VerificationError> {
        let mut source = self.signatures(remote, digest, policy);
        judge(&mut source, place, digest, policy, now).await
    }

    fn signatures(&self, remote: &Remote, digest: &Digest, policy: &Policy) -> RegistrySignatures {
        RegistrySignatures::new(
            self.registry.clone(),
            remote.clone(),
            digest.clone(),
            policy,
        )
    }
}

async fn judge(
    source: &mut impl portolan_verify::SignatureSource<Error = FetchError>,
    place: &str,
    digest: &Digest,
    policy: &Policy,
    now: SystemTime,
) -> Result<Verified, VerificationError> {
    let reference = format!("{place}@{digest}");
    let mut judge = Judge::new(policy.clone(), digest.clone(), now);
    let mut unavailable = None;
    while judge.wants_more() {
        match source.next().await {
            Ok(Some(signature)) => {
                // Whoever attached it decides how much work it is.
                let considering = on_a_thread(move || {
                    judge.consider(&signature);
                    judge
                });
                judge = considering.await.map_err(VerificationError::Interrupted)?;
            }
            Ok(None) => break,
            Err(error) => {
                judge.could_not_look();
                unavailable.get_or_insert(error);
            }
        }
    }
    judge.finish().map_err(|refused| {
        let refused = Box::new(refused);
        match unavailable {
            Some(source) => VerificationError::Unavailable {
                reference,
                source: Box::new(source),
                refused,
            },
            None => VerificationError::Refused { reference, refused },
        }
    })
}

/// Why there is no proof that something is signed as demanded.
///
/// Exhaustive on purpose: whoever reports these to somebody decides about each.
#[derive(Debug, thiserror::Error)]
pub enum VerificationError {
    /// The credential for the registry could not be obtained.
    #[error("the credential for the registry could not be obtained")]
    Credential(#[source] CredentialError),
    /// What a name stands for could not be found out.
    #[error("failed to resolve digest for '{reference}'")]
    Resolve {
        /// The name, with `oci://`.
        reference: String,
        /// What the registry said.
        source: Box<FetchError>,
    },
    /// Everything there is was looked at, and it is not enough.
    #[error("failed to verify {reference}")]
    Refused {
        /// What was judged, with `oci://` and its digest.
        reference: String,
        /// What was looked at.
        #[source]
        refused: Box<Refused>,
    },
    /// Not everything could be looked at, and what could is not enough.
    #[error("failed to verify {reference}: not every signature could be looked at")]
    Unavailable {
        /// What was judged, with `oci://` and its digest.
        reference: String,
        /// What the registry said.
        source: Box<FetchError>,
        /// What was looked at.
        refused: Box<Refused>,
    },
    /// There is nothing to look at: a chart repository has no signatures.
    #[error(
        "charts of {repository} cannot be verified: only those in an OCI registry have signatures"
    )]
    NoRegistry {
        /// The repository, without secrets.
        repository: String,
    },
    /// A task of ours did not end as it should.
    #[error("judging a signature was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
}

impl VerificationError {
    /// The signatures that were looked at, if it came to that.
    pub fn refused(&self) -> Option<&Refused> {
        match self {
            Self::Refused { refused, .. } | Self::Unavailable { refused, .. } => Some(refused),
            Self::Credential(_)
            | Self::Resolve { .. }
            | Self::NoRegistry { .. }
            | Self::Interrupted(_) => None,
        }
    }

    /// What the registry said, if that is why.
    pub(crate) fn fetching(&self) -> Option<&FetchError> {
        match self {
            Self::Resolve { source, .. } | Self::Unavailable { source, .. } => Some(source),
            Self::Credential(_)
            | Self::Refused { .. }
            | Self::NoRegistry { .. }
            | Self::Interrupted(_) => None,
        }
    }

    /// Whether the registry refused the credential, or wants one.
    pub fn is_denied(&self) -> bool {
        self.fetching().is_some_and(FetchError::is_denied)
    }

    /// How long the registry asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        self.fetching().and_then(FetchError::retry_after)
    }
}
