//! Docker configuration files, read by one interpreter.

use std::fmt;

use portolan_reference::OciRepository;

use crate::{Credential, CredentialError};

/// Which keys may speak for a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMatching {
    /// Keys that name the repository or something above it.
    Scoped,
    /// Those first, and when there is none, any key of the same host and port whatever its path. This
    /// is how the docker CLI, and Flux for a `HelmRepository`, read a key with a path.
    AnyKeyOfHost,
}

/// A docker config file (`~/.docker/config.json`, a `kubernetes.io/dockerconfigjson` Secret).
#[derive(Clone)]
pub struct DockerConfig {}

impl DockerConfig {
    /// Read a `config.json`.
    ///
    /// # Errors
    ///
    /// If it is not JSON of that shape, or larger than the limits.
    pub fn parse(_json: &[u8]) -> Result<Self, ParseConfigError> {
        Ok(Self {})
    }

    /// Read a legacy `.dockercfg`: the entries alone, with nothing around them.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_legacy(_json: &[u8]) -> Result<Self, ParseConfigError> {
        Ok(Self {})
    }

    /// The credential for `repository`. `Ok(None)` where no entry speaks for it.
    ///
    /// # Errors
    ///
    /// If the entry that speaks for it cannot be used.
    pub fn credential_for(
        &self,
        _repository: &OciRepository,
        _matching: KeyMatching,
    ) -> Result<Option<Credential>, CredentialError> {
        Ok(None)
    }

    /// Whether any entry speaks for `repository`, be it an empty one.
    pub fn has_entry_for(&self, _repository: &OciRepository, _matching: KeyMatching) -> bool {
        false
    }
}

impl fmt::Debug for DockerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DockerConfig").finish_non_exhaustive()
    }
}

/// Why a docker config could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the docker config cannot be read")]
pub struct ParseConfigError {}
