//! From the Secrets of a repository to what it is reached with.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use portolan_api::{HelmRepository, Provider, reason};
use portolan_auth::{
    Anonymous, Credential, CredentialProvider, DockerConfig, Fixed, KeyMatching, Tls,
};
use portolan_reference::OciRepository;
use tracing::info;

use crate::chain::chain;
use crate::failure::Failure;
use crate::secrets::{Secrets, home, values};

/// The type of Secrets that `kubectl create secret docker-registry` makes.
const DOCKER_CONFIG_TYPE: &str = "kubernetes.io/dockerconfigjson";
const DOCKER_CONFIG_KEY: &str = ".dockerconfigjson";

/// Who we are to the registry that `repository` names, where charts are fetched from `wanted`.
///
/// # Errors
///
/// A [`Failure`] that names the Secret, or the field that cannot be honoured.
pub(super) fn registry_credentials(
    repository: &HelmRepository,
    secrets: &Secrets,
    base: &OciRepository,
    wanted: &OciRepository,
) -> Result<Arc<dyn CredentialProvider>, Failure> {
    let Some(secret) = &secrets.credential else {
        return match repository.spec.provider() {
            Provider::Generic => Ok(Arc::new(Anonymous)),
            provider => Err(Failure::unsupported(
                &format!(
                    "spec.provider of HelmRepository '{}'",
                    repository.name_any()
                ),
                &format!(
                    "the login of {provider} is not supported by this version, use a secretRef"
                ),
            )),
        };
    };
    let credential = if secret.type_.as_deref() == Some(DOCKER_CONFIG_TYPE) {
        from_docker_config(secret, base, wanted)?
    } else {
        from_pair(secret)?
    };
    Ok(match credential {
        Some(credential) => Arc::new(Fixed::new(credential)),
        None => Arc::new(Anonymous),
    })
}

/// Who we are to a repository with an index: the user name and the password, if there are any.
///
/// # Errors
///
/// A [`Failure`] that names the Secret.
pub(super) fn repository_credential(secrets: &Secrets) -> Result<Option<Credential>, Failure> {
    secrets.credential.as_ref().map_or(Ok(None), from_pair)
}

fn from_docker_config(
    secret: &Secret,
    base: &OciRepository,
    wanted: &OciRepository,
) -> Result<Option<Credential>, Failure> {
    let unusable = |text: &str| {
        Failure::fetch(
            reason::AUTHENTICATION_FAILED,
            &format!("failed to configure OCI registry authentication: {text}"),
        )
    };
    let data = bytes_of(secret, DOCKER_CONFIG_KEY).ok_or_else(|| {
        unusable(&format!(
            "secret '{}' has no key '{DOCKER_CONFIG_KEY}'",
            home(secret)
        ))
    })?;
    let config = DockerConfig::parse(data).map_err(|error| {
        unusable(&format!(
            "unable to load Docker config from Secret '{}': {}",
            secret.name_any(),
            chain(&error)
        ))
    })?;
    let matching = KeyMatching::AnyKeyOfHost;
    let credential = config.credential_for(wanted, matching).map_err(|error| {
        unusable(&format!(
            "Secret '{}': {}",
            secret.name_any(),
            chain(&error)
        ))
    })?;
    // An entry without a credential says that nobody logs in there; no entry is a mistake.
    if credential.is_none() && !config.has_entry_for(wanted, matching) {
        return Err(unusable(&format!(
            "no auth config for '{}' in the docker-registry Secret '{}'",
            base.registry(),
            secret.name_any()
        )));
    }
    Ok(credential)
}

/// `username` and `password`: both, or neither, which means that nobody logs in.
fn from_pair(secret: &Secret) -> Result<Option<Credential>, Failure> {
    let username = text_of(secret, "username")?.filter(|text| !text.is_empty());
    let password = text_of(secret, "password")?.filter(|text| !text.is_empty());
    let half = |has: &str, lacks: &str| {
        Failure::fetch(
            reason::AUTHENTICATION_FAILED,
            &format!(
                "failed to detect authentication methods: secret '{}': malformed basic auth - has '{has}' but missing '{lacks}'",
                home(secret)
            ),
        )
    };
    match (username, password) {
        (Some(username), Some(password)) => Ok(Some(Credential::basic(username, password))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(half("username", "password")),
        (None, Some(_)) => Err(half("password", "username")),
    }
}

/// Which servers are believed, and who we are to them: from the Secret of `certSecretRef`, or, where
/// none is named, from the keys of the same names in that of `secretRef`, as in Flux, which calls that
/// deprecated.
///
/// # Errors
///
/// A [`Failure`] that names the Secret. There is no fallback: who asked for TLS with these files gets
/// no other.
pub(super) fn tls(repository: &HelmRepository, secrets: &Secrets) -> Result<Tls, Failure> {
    if let Some(secret) = &secrets.tls {
        const PREFIX: &str = "failed to construct Helm client's TLS config: ";
        return from_files(secret, PREFIX)?.ok_or_else(|| {
            bad_files(
                PREFIX,
                &format!(
                    "secret '{}' must contain either 'ca.crt' or both 'tls.crt' and 'tls.key'",
                    home(secret)
                ),
            )
        });
    }
    let Some(secret) = &secrets.credential else {
        return Ok(Tls::default());
    };
    let found = from_files(secret, "failed to detect authentication methods: ")?;
    if found.is_some() {
        info!(
            repository = repository.name_any(),
            "TLS keys in the Secret of spec.secretRef are deprecated, use spec.certSecretRef"
        );
    }
    Ok(found.unwrap_or_default())
}

/// `ca.crt`, and `tls.crt` with `tls.key`; the older names that Flux also takes are read where those
/// are absent. `None` if nothing of the kind is there.
fn from_files(secret: &Secret, prefix: &str) -> Result<Option<Tls>, Failure> {
    let failed = |text: &str| bad_files(prefix, text);
    let half = |has: &str, lacks: &str| {
        failed(&format!(
            "secret '{}' contains '{has}' but missing '{lacks}'",
            home(secret)
        ))
    };
    let read =
        |name: &str, legacy: &str| bytes_of(secret, name).or_else(|| bytes_of(secret, legacy));
    let authority = read("ca.crt", "caFile");
    let identity = match (read("tls.crt", "certFile"), read("tls.key", "keyFile")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (Some(_), None) => return Err(half("tls.crt", "tls.key")),
        (None, Some(_)) => return Err(half("tls.key", "tls.crt")),
        (None, None) => None,
    };
    if authority.is_none() && identity.is_none() {
        return Ok(None);
    }
    let mut tls = Tls::default();
    if let Some(pem) = authority {
        tls = tls.with_roots_pem(pem).map_err(|error| {
            failed(&format!(
                "failed to parse CA certificate: {}",
                chain(&error)
            ))
        })?;
    }
    if let Some((certificate, key)) = identity {
        tls = tls
            .with_identity_pem(certificate, key)
            .map_err(|error| failed(&format!("secret '{}': {}", home(secret), chain(&error))))?;
    }
    Ok(Some(tls))
}

fn bad_files(prefix: &str, text: &str) -> Failure {
    Failure::fetch(reason::AUTHENTICATION_FAILED, &format!("{prefix}{text}"))
}

/// The value of a key.
fn bytes_of<'a>(secret: &'a Secret, key: &str) -> Option<&'a [u8]> {
    values(secret).remove(key)
}

/// The same as text. One that is none is no reason to go on without it.
fn text_of<'a>(secret: &'a Secret, key: &str) -> Result<Option<&'a str>, Failure> {
    let text = bytes_of(secret, key).map(std::str::from_utf8).transpose();
    text.map_err(|_| {
        Failure::fetch(
            reason::AUTHENTICATION_FAILED,
            &format!(
                "failed to detect authentication methods: secret '{}': '{key}' is not UTF-8",
                home(secret)
            ),
        )
    })
}
