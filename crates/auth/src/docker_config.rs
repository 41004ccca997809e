//! Docker configuration files, read by one interpreter.

mod entry;
mod key;

use std::collections::BTreeMap;
use std::fmt;

use portolan_reference::OciRepository;
use serde::Deserialize;
use serde_json::Value;

use self::key::Rank;
use crate::{Credential, CredentialError};

/// The largest file read, in bytes. A Kubernetes Secret holds no more.
const MAX_BYTES: usize = 1 << 20;
/// The most entries read. Looking for a credential compares with each of them.
const MAX_ENTRIES: usize = 4096;

/// Which keys may speak for a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMatching {
    /// Keys that name the repository or something above it.
    Scoped,
    /// Those first, and when there is none, any key of the same host and port whatever its path. This
    /// is how the docker CLI, and Flux for a `HelmRepository`, read a key with a path.
    AnyKeyOfHost,
}

/// A docker config file: `~/.docker/config.json`, or the Secret of type
/// `kubernetes.io/dockerconfigjson`.
///
/// # Which entry speaks for a repository
///
/// A key is a host with an optional port and path. A scheme in front of it and a leading `/v1/` or
/// `/v2/` of its path mean nothing. In this order:
///
/// 1. the longest path that the repository is at or below, where `charts` is above `charts/app` and
///    not above `charts-internal`;
/// 2. the host and port alone;
/// 3. a host with wildcards: `*.example.com`. A `*` stands for any part of one label;
/// 4. with [`KeyMatching::AnyKeyOfHost`], any other key of the same host and port.
///
/// Of keys that differ only in spelling, the one that is spelled as the repository is wins.
/// `docker.io`, `index.docker.io` and `registry-1.docker.io` are one host. Upper and lower case differ,
/// and port 443 is not the same as no port.
///
/// # What an entry says
///
/// `registrytoken`, else `identitytoken`, else `auth` (base64 of `name:password`, padded or not), else
/// `username` and `password`. An entry without any of them says nothing.
///
/// # Deviation
///
/// Docker's CLI and the kubelet read these files differently, and Flux follows one of them for
/// `HelmRepository` and the other for `OCIRepository`. Here one reading serves both: what either
/// accepts is accepted, but text after the JSON. A path only matches whole segments, where the kubelet's
/// `charts` also matches `charts-internal`. Programs named by `credHelpers` and `credsStore` are never
/// run.
#[derive(Clone)]
pub struct DockerConfig {
    entries: BTreeMap<String, Value>,
    helpers: BTreeMap<String, Value>,
    store: Option<String>,
}

impl DockerConfig {
    /// Read a `config.json`. Entries are looked at when they are chosen, so one that is malformed
    /// disturbs nobody else.
    ///
    /// # Errors
    ///
    /// If it is not JSON of that shape, has text behind the JSON, is larger than 1 MiB or has more than
    /// 4096 entries.
    pub fn parse(json: &[u8]) -> Result<Self, ParseConfigError> {
        let file: File = read(json)?;
        Self::new(
            file.auths.unwrap_or_default(),
            file.helpers.unwrap_or_default(),
            file.store,
        )
    }

    /// Read a legacy `.dockercfg` (a Secret of type `kubernetes.io/dockercfg`): the entries alone, with
    /// nothing around them.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_legacy(json: &[u8]) -> Result<Self, ParseConfigError> {
        Self::new(read(json)?, BTreeMap::new(), None)
    }

    fn new(
        entries: BTreeMap<String, Value>,
        helpers: BTreeMap<String, Value>,
        store: Option<String>,
    ) -> Result<Self, ParseConfigError> {
        if entries.len() + helpers.len() > MAX_ENTRIES {
            return Err(ParseConfigError(Reason::TooManyEntries));
        }
        Ok(Self {
            entries,
            helpers,
            store: store.filter(|name| !name.is_empty()),
        })
    }

    /// The credential for `repository`. `Ok(None)` where no entry speaks for it, or the one that does
    /// says nothing; [`has_entry_for`](Self::has_entry_for) tells the two apart.
    ///
    /// # Errors
    ///
    /// [`MalformedEntry`](CredentialError::MalformedEntry) if the entry that speaks for it cannot be
    /// read, [`HelperNotRun`](CredentialError::HelperNotRun) if there is no credential and the file
    /// leaves it to a program to know one. Whoever may go on as nobody can do so after the latter.
    pub fn credential_for(
        &self,
        repository: &OciRepository,
        matching: KeyMatching,
    ) -> Result<Option<Credential>, CredentialError> {
        if let Some((key, entry)) = self.chosen(repository, matching) {
            let credential =
                entry::credential(entry).map_err(|reason| CredentialError::MalformedEntry {
                    key: key.to_owned(),
                    reason,
                })?;
            if credential.is_some() {
                return Ok(credential);
            }
        }
        match self.helper_for(repository.registry()) {
            Some(helper) => Err(CredentialError::HelperNotRun {
                registry: repository.registry().to_owned(),
                helper: helper.to_owned(),
            }),
            None => Ok(None),
        }
    }

    /// Whether any entry speaks for `repository`, be it one that says nothing.
    pub fn has_entry_for(&self, repository: &OciRepository, matching: KeyMatching) -> bool {
        self.chosen(repository, matching).is_some()
    }

    /// The key and entry of the highest rank; of equals the first in byte order.
    fn chosen(&self, repository: &OciRepository, matching: KeyMatching) -> Option<(&str, &Value)> {
        let mut best: Option<(Rank, &str, &Value)> = None;
        for (key, entry) in &self.entries {
            let Some(rank) = key::rank(key, repository, matching) else {
                continue;
            };
            if best.as_ref().is_none_or(|(highest, ..)| rank > *highest) {
                best = Some((rank, key, entry));
            }
        }
        best.map(|(_, key, entry)| (key, entry))
    }

    /// The program that is said to know the credential for `registry`.
    fn helper_for(&self, registry: &str) -> Option<&str> {
        self.helpers
            .iter()
            .find(|(key, _)| key::same_host(key, registry))
            .and_then(|(_, helper)| helper.as_str())
            .filter(|name| !name.is_empty())
            .or(self.store.as_deref())
    }
}

impl fmt::Debug for DockerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DockerConfig")
            .field("keys", &self.entries.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The shape of the file. What else stands in it is of no interest here.
#[derive(Deserialize)]
struct File {
    auths: Option<BTreeMap<String, Value>>,
    #[serde(rename = "credHelpers")]
    helpers: Option<BTreeMap<String, Value>>,
    #[serde(rename = "credsStore")]
    store: Option<String>,
}

fn read<T: for<'de> Deserialize<'de>>(json: &[u8]) -> Result<T, ParseConfigError> {
    if json.len() > MAX_BYTES {
        return Err(ParseConfigError(Reason::TooLarge));
    }
    // The text of the parser's error may quote a password, so only its place is kept.
    serde_json::from_slice(json).map_err(|error| {
        ParseConfigError(match error.classify() {
            serde_json::error::Category::Data => Reason::Shape {
                line: error.line(),
                column: error.column(),
            },
            _ => Reason::NotJson {
                line: error.line(),
                column: error.column(),
            },
        })
    })
}

/// Why a docker config could not be read. Its text never holds any of the file's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the docker config {0}")]
pub struct ParseConfigError(Reason);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("is not JSON: invalid character at line {line} column {column}")]
    NotJson { line: usize, column: usize },
    #[error("has another shape than expected at line {line} column {column}")]
    Shape { line: usize, column: usize },
    #[error("is larger than {MAX_BYTES} bytes")]
    TooLarge,
    #[error("has more than {MAX_ENTRIES} entries")]
    TooManyEntries,
}
