//! Where credentials come from: one small trait, and the providers that need no network.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use portolan_reference::OciRepository;

use crate::{Credential, CredentialError, DockerConfig, KeyMatching};

/// The answer of a [`CredentialProvider`]: a boxed future, so that providers can stand behind `dyn`.
pub type Lookup<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Credential>, CredentialError>> + Send + 'a>>;

/// Somebody who knows credentials for repositories.
///
/// `Ok(None)` means that the provider knows of none and the request goes out as nobody, unless the
/// caller insists on one. A provider must not answer from a cache that outlives a change of what it
/// reads: rotation works because it is asked again.
pub trait CredentialProvider: fmt::Debug + Send + Sync {
    /// The credential to use for `repository`.
    ///
    /// # Errors
    ///
    /// If there should be one and it cannot be read. No request may be sent as nobody in its place.
    fn credential<'a>(&'a self, repository: &'a OciRepository) -> Lookup<'a>;
}

/// Nobody: every repository is asked without a credential.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

impl CredentialProvider for Anonymous {
    fn credential<'a>(&'a self, _: &'a OciRepository) -> Lookup<'a> {
        Box::pin(async { Ok(None) })
    }
}

/// One credential for whatever repository is asked for. The caller answers for asking only about
/// repositories that it is meant for.
#[derive(Debug, Clone)]
pub struct Fixed(Credential);

impl Fixed {
    /// Always answer with `credential`.
    pub fn new(credential: Credential) -> Self {
        Self(credential)
    }
}

impl CredentialProvider for Fixed {
    fn credential<'a>(&'a self, _: &'a OciRepository) -> Lookup<'a> {
        Box::pin(async { Ok(Some(self.0.clone())) })
    }
}

/// The entries of a docker config.
#[derive(Debug, Clone)]
pub struct FromDockerConfig {
    config: DockerConfig,
    matching: KeyMatching,
}

impl FromDockerConfig {
    /// Answer from `config`, with keys read as `matching` says.
    pub fn new(config: DockerConfig, matching: KeyMatching) -> Self {
        Self { config, matching }
    }
}

impl CredentialProvider for FromDockerConfig {
    fn credential<'a>(&'a self, repository: &'a OciRepository) -> Lookup<'a> {
        Box::pin(async { self.config.credential_for(repository, self.matching) })
    }
}
