//! Signatures: asked for, and not found good.

use portolan_acquire::VerificationError;
use portolan_api::{Verification, message, reason};

use super::chart::hinted;
use super::{Claim, Failure};
use crate::chain::chain;

impl Failure {
    /// Nobody can tell who must have signed: what `verify` names is not there, or cannot be used.
    pub(crate) fn verifier(verify: &Verification, cause: &str) -> Self {
        let keyless = if verify.secret_ref.is_some() {
            ""
        } else {
            " keyless"
        };
        let text = format!(
            "{}'{}{keyless}': {cause}",
            message::VERIFIER_FAILED,
            verify.provider
        );
        Self::fetch(reason::VERIFICATION_ERROR, &text).denied()
    }

    /// The Secret that `verify` names is not there.
    pub(crate) fn no_secret(verify: &Verification, name: &str) -> Self {
        Self::verifier(verify, &format!("secrets \"{name}\" not found"))
    }

    /// The spec asks for a verification that this version does not do. Nothing was fetched.
    pub(crate) fn unverifiable(field: &str, what: &str) -> Self {
        Self::unsupported(field, what).denied()
    }

    /// There is no proof that a chart is signed as its spec demands. It may be signed at any time, so
    /// it is tried again.
    pub(super) fn verifying(error: &VerificationError) -> Self {
        let text = hinted(&chain(error));
        let failure = match error {
            VerificationError::Credential(source) => Self::credential(source),
            VerificationError::Resolve { .. } | VerificationError::Unavailable { .. }
                if error.is_denied() =>
            {
                let text = format!("{}{text}", message::REPOSITORY_LOGIN_FAILED);
                Self::fetch(reason::AUTHENTICATION_FAILED, &text)
            }
            VerificationError::Resolve { .. }
            | VerificationError::Unavailable { .. }
            | VerificationError::Refused { .. }
            | VerificationError::Interrupted(_) => Self::unproven(&text),
            VerificationError::NoRegistry { .. } => Self::unproven(&text).lasting(),
        };
        let failure = match error.retry_after() {
            Some(wait) => failure.not_before(Some(wait)),
            None => failure,
        };
        failure.denied()
    }

    /// A chart is not proven to be signed.
    pub(super) fn unproven(cause: &str) -> Self {
        Self::build(
            reason::CHART_VERIFICATION_ERROR,
            &format!("{}{cause}", message::CHART_VERIFICATION_ERROR),
        )
        .denied()
    }

    /// The same, and verification is owed.
    fn denied(self) -> Self {
        Self {
            claim: Claim::Denied,
            ..self
        }
    }
}
