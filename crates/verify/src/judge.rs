//! The judgement.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::SystemTime;

use portolan_reference::Digest;

use crate::bundle::{Bundle, Material};
use crate::certified::{
    self, Certified, Demands, Evidence, certified_bundle, certified_simple_signing,
};
use crate::signature::Content;
use crate::simple_signing::SimpleSigning;
use crate::statement::Statement;
use crate::{
    Limits, Policy, Reason, Refusal, Signature, SignatureSource, Signer, Verified,
    VerifiedSignature,
};

/// Judge whether `digest` is signed as `policy` demands, by the signatures that `source` knows.
///
/// No signature can speak against an artifact: whatever does not count is passed over with its reason,
/// and looking ends with the signature that meets the policy. `now` is the present; what claims to be
/// from later is not believed.
///
/// # Errors
///
/// [`VerifyError::Refused`] if there are not enough signatures that count. [`VerifyError::Unavailable`]
/// if there are not enough, and something could not be looked at that might have made them enough: to
/// ask again later may help.
pub async fn verify<S: SignatureSource>(
    policy: &Policy,
    digest: &Digest,
    source: &mut S,
    now: SystemTime,
) -> Result<Verified, VerifyError<S::Error>> {
    let mut judge = Judge::new(policy.clone(), digest.clone(), now);
    let mut unavailable = None;
    while judge.wants_more() {
        match source.next().await {
            Ok(Some(signature)) => judge.consider(&signature),
            Ok(None) => break,
            Err(error) => {
                judge.could_not_look();
                unavailable.get_or_insert(error);
            }
        }
    }
    judge.finish().map_err(|refused| match unavailable {
        Some(source) => VerifyError::Unavailable { source, refused },
        None => VerifyError::Refused(refused),
    })
}

/// Considers signatures one by one, for whoever has them at hand. [`verify`] is the same over a
/// [`SignatureSource`].
#[derive(Debug)]
pub struct Judge {
    policy: Policy,
    digest: Digest,
    now: SystemTime,
    looked_at: usize,
    bytes: u64,
    counting: Vec<VerifiedSignature>,
    refused: Vec<Refusal>,
}

impl Judge {
    /// Judge `digest` under `policy`, at the time `now`.
    pub fn new(policy: Policy, digest: Digest, now: SystemTime) -> Self {
        Self {
            policy,
            digest,
            now,
            looked_at: 0,
            bytes: 0,
            counting: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Whether another signature could change anything: the policy is not met yet, and fewer were
    /// looked at than [`Limits::max_signatures`](crate::Limits::max_signatures).
    pub fn wants_more(&self) -> bool {
        !self.is_met() && self.looked_at < self.policy.limits().max_signatures
    }

    /// Look at one more. Beyond what [`wants_more`](Self::wants_more) says nothing is looked at.
    pub fn consider(&mut self, signature: &Signature) {
        if !self.wants_more() {
            return;
        }
        self.looked_at += 1;
        match self.judge(signature) {
            Ok(counts) => self.counting.push(counts),
            Err(reason) => self.refused.push(Refusal {
                origin: signature.origin().to_owned(),
                format: signature.format(),
                reason: reason.told(),
            }),
        }
    }

    /// One could not be looked at, and counts among those that were: whoever attaches what cannot be had
    /// is not asked for ever.
    pub fn could_not_look(&mut self) {
        self.looked_at += 1;
    }

    /// The judgement.
    ///
    /// # Errors
    ///
    /// [`Refused`] if the policy is not met.
    pub fn finish(self) -> Result<Verified, Refused> {
        if self.is_met() {
            return Ok(Verified {
                digest: self.digest,
                policy: self.policy.fingerprint().clone(),
                signatures: self.counting,
                refused: self.refused,
            });
        }
        let limit = self.policy.limits().max_signatures;
        Err(Refused {
            digest: self.digest,
            required: self.policy.rules().required,
            at_limit: (self.looked_at >= limit).then_some(limit),
            counting: self.counting,
            refused: self.refused,
        })
    }

    fn is_met(&self) -> bool {
        let signers = self.counting.iter().map(|counts| counts.signer.who());
        signers.collect::<BTreeSet<_>>().len() >= self.policy.rules().required
    }

    fn judge(&mut self, signature: &Signature) -> Result<VerifiedSignature, Reason> {
        let (rules, limits) = (self.policy.rules(), self.policy.limits());
        if !rules.formats.contains(&signature.format()) {
            return Err(Reason::Format);
        }
        let size = signature.size();
        if size > limits.max_signature_bytes {
            return Err(Reason::TooLarge {
                what: "bytes",
                limit: limits.max_signature_bytes,
            });
        }
        if size > limits.max_total_bytes.saturating_sub(self.bytes) {
            return Err(Reason::TooLarge {
                what: "bytes of all signatures",
                limit: limits.max_total_bytes,
            });
        }
        self.bytes += size;
        let read = Read::from(signature, &self.digest, limits)?;
        let (signer, evidence) = self.signer(&read)?;
        let annotations = read.annotations();
        for (key, wanted) in &rules.annotations {
            if annotations.get(key) != Some(wanted) {
                return Err(Reason::Annotation(key.clone()));
            }
        }
        let times = evidence
            .logged
            .iter()
            .filter_map(|entry| entry.integrated_time);
        if times
            .chain(evidence.timestamps.iter().copied())
            .any(|time| time > self.now)
        {
            return Err(Reason::Timestamp("it lies in the future".to_owned()));
        }
        Ok(VerifiedSignature {
            origin: signature.origin().to_owned(),
            format: signature.format(),
            signer,
            logged: evidence.logged,
            timestamps: evidence.timestamps,
            annotations,
        })
    }

    /// Who made it, if it is somebody whom the policy names.
    fn signer(&self, read: &Read<'_>) -> Result<(Signer, Evidence), Reason> {
        let rules = self.policy.rules();
        let max = self.policy.limits().max_entries;
        let demands = Demands {
            log: rules.log,
            sct: rules.sct,
            timestamp: rules.timestamp,
        };
        if read.has_certificate() {
            let (false, Some(root)) = (rules.identities.is_empty(), &rules.trust_root) else {
                return Err(Reason::KeyWanted);
            };
            let Certified {
                subject,
                issuer,
                evidence,
            } = match read {
                Read::Bundle(bundle, _) => {
                    certified_bundle(root, bundle, &self.digest, max, demands)?
                }
                Read::SimpleSigning(signed) => {
                    certified_simple_signing(root, signed, max, demands)?
                }
            };
            let named = rules.identities.iter();
            if !named
                .clone()
                .any(|identity| identity.matches(&issuer, &subject))
            {
                return Err(Reason::Identity { subject, issuer });
            }
            return Ok((Signer::Identity { subject, issuer }, evidence));
        }
        if rules.keys.is_empty() {
            return Err(Reason::CertificateWanted);
        }
        let (message, signature) = read.signed();
        let key = rules
            .keys
            .iter()
            .find(|key| key.verifies(&message, signature));
        let key = key.ok_or(Reason::NoKeyVerifies)?;
        let evidence = match (&rules.trust_root, read) {
            (Some(root), Read::Bundle(bundle, _)) if demands.any() => {
                certified::logged_bundle(root, bundle, &self.digest, key, max, demands)?
            }
            (Some(root), Read::SimpleSigning(signed)) if demands.any() => {
                certified::logged_simple_signing(root, signed, key, max, demands)?
            }
            _ => Evidence::default(),
        };
        let signer = Signer::Key {
            name: key.name().to_owned(),
            fingerprint: key.fingerprint().clone(),
        };
        Ok((signer, evidence))
    }
}

/// A signature that names the digest under verification, and is otherwise unproven.
enum Read<'a> {
    /// With what the signer wrote beside the digest.
    Bundle(Bundle<'a>, BTreeMap<String, String>),
    SimpleSigning(SimpleSigning<'a>),
}

impl<'a> Read<'a> {
    fn from(signature: &'a Signature, digest: &Digest, limits: &Limits) -> Result<Self, Reason> {
        match signature.content() {
            Content::Bundle(json) => {
                let bundle = Bundle::read(json, limits.max_entries)?;
                let annotations = Statement::read(&bundle.envelope)?.about(digest)?;
                Ok(Self::Bundle(bundle, annotations))
            }
            Content::SimpleSigning {
                payload,
                annotations,
            } => {
                let signed = SimpleSigning::read(payload, annotations)?;
                signed.is_about(digest)?;
                Ok(Self::SimpleSigning(signed))
            }
            Content::NotFetched { why, .. } => Err(Reason::NotFetched(why.clone())),
        }
    }

    fn has_certificate(&self) -> bool {
        match self {
            Self::Bundle(bundle, _) => bundle.material == Material::Certificate,
            Self::SimpleSigning(signed) => signed.certificate.is_some(),
        }
    }

    /// The bytes that were signed, and the signature.
    fn signed(&self) -> (Cow<'_, [u8]>, &[u8]) {
        match self {
            Self::Bundle(bundle, _) => (bundle.envelope.pae().into(), &bundle.envelope.signature),
            Self::SimpleSigning(signed) => (signed.payload.into(), &signed.signature),
        }
    }

    fn annotations(&self) -> BTreeMap<String, String> {
        match self {
            Self::Bundle(_, annotations) => annotations.clone(),
            Self::SimpleSigning(signed) => signed.annotations.clone(),
        }
    }
}

/// A policy that is not met, with everything that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// What should have been signed.
    pub digest: Digest,
    /// How many signers should have agreed.
    pub required: usize,
    /// How many signatures are looked at, if that many were: there may be others.
    pub at_limit: Option<usize>,
    /// The signatures that count.
    pub counting: Vec<VerifiedSignature>,
    /// Those that do not, and why.
    pub refused: Vec<Refusal>,
}

/// So many reasons are told in a message.
const TOLD: usize = 3;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.refused.is_empty() && self.counting.is_empty() {
            return f.write_str("no signatures found");
        }
        f.write_str("no matching signatures")?;
        if !self.counting.is_empty() {
            let signers = self.counting.iter().map(|counts| counts.signer.who());
            let signers = signers.collect::<BTreeSet<_>>().len();
            write!(f, ": {signers} of {} required signers agree", self.required)?;
        }
        for (number, refusal) in self.refused.iter().take(TOLD).enumerate() {
            let between = if number == 0 { ": " } else { "; " };
            write!(f, "{between}{refusal}")?;
        }
        match self.refused.len().saturating_sub(TOLD) {
            0 => {}
            more => write!(f, "; and {more} more")?,
        }
        match self.at_limit {
            None => Ok(()),
            Some(limit) => write!(f, "; no more than {limit} are looked at"),
        }
    }
}

impl std::error::Error for Refused {}

/// Why [`verify`] has no proof.
///
/// Exhaustive on purpose: whoever reports it to somebody decides about each.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError<E: std::error::Error + 'static> {
    /// Everything was looked at, and the policy is not met.
    #[error(transparent)]
    Refused(Refused),
    /// Not everything could be looked at, and what could does not meet the policy.
    #[error("not every signature could be looked at")]
    Unavailable {
        /// The first thing that went wrong.
        source: E,
        /// What was looked at.
        refused: Refused,
    },
}
