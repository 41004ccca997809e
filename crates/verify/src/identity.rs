use crate::Pattern;

/// Who may sign: an OIDC issuer and a subject, both of which must match the certificate.
///
/// Flux: `spec.verify.matchOIDCIdentity[]`; cosign: `--certificate-oidc-issuer[-regexp]` and
/// `--certificate-identity[-regexp]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    issuer: Pattern,
    subject: Pattern,
}

impl Identity {
    /// Whoever `issuer` vouches for as `subject`.
    pub fn new(issuer: Pattern, subject: Pattern) -> Self {
        Self { issuer, subject }
    }

    /// Which issuers are believed.
    pub fn issuer(&self) -> &Pattern {
        &self.issuer
    }

    /// Which subjects are.
    pub fn subject(&self) -> &Pattern {
        &self.subject
    }

    pub(crate) fn matches(&self, issuer: &str, subject: &str) -> bool {
        self.issuer.matches(issuer) && self.subject.matches(subject)
    }
}
