//! Who asks for a certificate.

use serde_json::{Value, json};

/// Somebody for whom an `OpenID` issuer vouches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The last part of the issuer's URL.
    pub(super) issuer: &'static str,
    /// The name in the certificate.
    subject: String,
    claims: Value,
}

/// Vouches for addresses.
pub(super) const PEOPLE: &str = "people";
/// Vouches for the same addresses.
pub(super) const OTHER_PEOPLE: &str = "other-people";
/// Vouches for workflows of repositories, as GitHub Actions does.
pub(super) const WORKFLOWS: &str = "workflows";

impl Caller {
    /// Somebody with an address for mail.
    pub fn person(address: &str) -> Self {
        Self {
            issuer: PEOPLE,
            subject: address.to_owned(),
            claims: json!({"sub": address, "email": address, "email_verified": true}),
        }
    }

    /// Somebody with the same address, says another issuer.
    pub fn person_elsewhere(address: &str) -> Self {
        Self {
            issuer: OTHER_PEOPLE,
            ..Self::person(address)
        }
    }

    /// The workflow `release.yaml` of a repository, which is `owner/name`, at its branch `main`.
    pub fn workflow(repository: &str) -> Self {
        let owner = repository.split('/').next().unwrap_or_default();
        let head = "refs/heads/main";
        let workflow = format!("{repository}/.github/workflows/release.yaml@{head}");
        let commit = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        Self {
            issuer: WORKFLOWS,
            subject: format!("https://github.com/{workflow}"),
            // All of https://docs.github.com/en/actions/reference/openid-connect-reference that Fulcio insists on.
            claims: json!({
                "sub": format!("repo:{repository}:ref:{head}"),
                "event_name": "push", "ref": head, "sha": commit,
                "workflow": "release", "workflow_ref": workflow, "workflow_sha": commit,
                "job_workflow_ref": workflow, "job_workflow_sha": commit,
                "repository": repository, "repository_id": "1", "repository_visibility": "public",
                "repository_owner": owner, "repository_owner_id": "2",
                "run_id": "3", "run_attempt": "1", "runner_environment": "github-hosted",
            }),
        }
    }

    /// The name in the certificate.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    pub(super) fn claims(&self) -> &Value {
        &self.claims
    }
}
