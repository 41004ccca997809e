//! What a registry may be shown to prove who is asking.

use std::error::Error;

use crate::Secret;

/// A credential for one registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A name and a password. Sent to the registry if it asks for Basic, or to its token service if it
    /// asks for Bearer.
    Basic {
        /// Who is asking. May be empty: some registries look at the password only.
        username: String,
        /// The password, which may hold anything, colons included.
        password: Secret,
    },
    /// An `OAuth2` refresh token, which docker config calls `identitytoken`. Only the token service that
    /// the registry names is ever shown it.
    IdentityToken(Secret),
    /// A token that the registry itself takes as `Authorization: Bearer`, which docker config calls
    /// `registrytoken`. No token service is asked.
    RegistryToken(Secret),
}

impl Credential {
    /// A name and a password.
    pub fn basic(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Basic {
            username: username.into(),
            password: Secret::new(password),
        }
    }

    /// Read a pair of optional fields, as they stand in an Opaque Secret. Both absent or empty is
    /// nobody: `Ok(None)`.
    ///
    /// # Errors
    ///
    /// [`IncompletePair`](CredentialError::IncompletePair) if only one of the two is there: a request
    /// without the other would be somebody else's.
    pub fn from_pair(
        username: Option<&str>,
        password: Option<&str>,
    ) -> Result<Option<Self>, CredentialError> {
        let present = |field: Option<&str>| field.is_some_and(|text| !text.is_empty());
        match (present(username), present(password)) {
            (false, false) => Ok(None),
            (true, false) => Err(CredentialError::IncompletePair {
                missing: "password",
            }),
            (false, true) => Err(CredentialError::IncompletePair {
                missing: "username",
            }),
            (true, true) => Ok(Some(Self::basic(
                username.unwrap_or_default(),
                password.unwrap_or_default(),
            ))),
        }
    }
}

/// Why there is no credential to use although there should be one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The entry that names this registry best cannot be read. Other entries are not tried in its
    /// place: they were meant for something else.
    #[error("the docker config entry for `{key}` is malformed: {reason}")]
    MalformedEntry {
        /// The key of the entry, as it was written.
        key: String,
        /// What is wrong with it. Never holds any of its text.
        reason: &'static str,
    },
    /// The only thing the docker config says of this registry is the name of a helper program, and
    /// programs are never run on behalf of a configuration.
    #[error(
        "no entry of the docker config has a credential for `{registry}`, and its helper program `docker-credential-{helper}` is not run"
    )]
    HelperNotRun {
        /// The registry a credential was looked for.
        registry: String,
        /// The helper, as `credHelpers` or `credsStore` names it.
        helper: String,
    },
    /// One of `username` and `password` is missing.
    #[error("required fields 'username' and 'password' are not both set: '{missing}' is missing")]
    IncompletePair {
        /// The field that is not there.
        missing: &'static str,
    },
    /// A provider could not reach what it reads from.
    #[error("the credential could not be obtained")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}
