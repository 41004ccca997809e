//! Where credentials come from on a person's machine.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use portolan_auth::{
    Credential, CredentialError, CredentialProvider, DockerConfig, KeyMatching, Lookup,
};
use portolan_reference::OciRepository;

use crate::args::ConnectionArgs;

/// Who we are to the registry or repository, if the flags say.
pub(crate) fn login(args: &ConnectionArgs) -> anyhow::Result<Option<Credential>> {
    let Some(username) = &args.username else {
        return Ok(None);
    };
    let password = io::read_to_string(io::stdin()).context("cannot read the password")?;
    let password = password.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!password.is_empty(), "no password came on standard input");
    Ok(Some(Credential::basic(username, password)))
}

/// The credentials of registries, from `config` or the usual places.
pub(crate) fn provider(config: Option<&Path>) -> anyhow::Result<Arc<dyn CredentialProvider>> {
    let configs = match config {
        Some(path) => vec![read(path)?],
        None => usual_places()
            .iter()
            .filter(|path| path.is_file())
            .map(|path| read(path))
            .collect::<Result<_, _>>()?,
    };
    Ok(Arc::new(Files { configs }))
}

fn read(path: &Path) -> anyhow::Result<DockerConfig> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    DockerConfig::parse(&bytes).with_context(|| format!("cannot use {}", path.display()))
}

/// Where `helm registry login` and `docker login` write, in the order in which helm looks.
fn usual_places() -> Vec<PathBuf> {
    let helm = helm_home().map(|home| home.join("registry/config.json"));
    let docker = folder("DOCKER_CONFIG")
        .or_else(|| Some(folder("HOME")?.join(".docker")))
        .map(|path| path.join("config.json"));
    helm.into_iter().chain(docker).collect()
}

/// Where helm keeps what it was told.
pub(crate) fn helm_home() -> Option<PathBuf> {
    folder("HELM_CONFIG_HOME")
        .or_else(|| Some(folder("XDG_CONFIG_HOME")?.join("helm")))
        .or_else(|| Some(folder("HOME")?.join(".config/helm")))
}

/// Where programs keep what they can have again.
pub(crate) fn cache_home() -> Option<PathBuf> {
    folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))
}

fn folder(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from)
}

/// The first file that has a credential for a registry. None has: the registry is asked anonymously,
/// also where a file names a helper program that would know one, as helpers are never run.
#[derive(Debug)]
struct Files {
    configs: Vec<DockerConfig>,
}

impl CredentialProvider for Files {
    fn credential<'a>(&'a self, repository: &'a OciRepository) -> Lookup<'a> {
        Box::pin(async move {
            for config in &self.configs {
                match config.credential_for(repository, KeyMatching::AnyKeyOfHost) {
                    Ok(None) | Err(CredentialError::HelperNotRun { .. }) => {}
                    found => return found,
                }
            }
            Ok(None)
        })
    }
}
