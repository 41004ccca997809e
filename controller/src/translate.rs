//! From custom resources and Secrets to what the libraries understand.
//!
//! A field that the schema accepts and this version cannot honour is refused here, by name, before
//! anything is fetched.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use portolan_acquire::{ChartName, Request};
use portolan_api::{
    HelmChart, HelmChartSpec, HelmRepository, Provider, RepositoryType, SourceKind, message, reason,
};
use portolan_auth::{
    Anonymous, Credential, CredentialProvider, DockerConfig, Fixed, KeyMatching, Tls,
};
use portolan_reference::{OciRepository, RepositoryUrl, Scheme, redacted};

use crate::chain::chain;
use crate::failure::Failure;

/// The type of Secrets that `kubectl create secret docker-registry` makes.
const DOCKER_CONFIG_TYPE: &str = "kubernetes.io/dockerconfigjson";
const DOCKER_CONFIG_KEY: &str = ".dockerconfigjson";

/// Refuse what this version cannot do, naming the field.
pub(crate) fn refuse_unsupported(spec: &HelmChartSpec) -> Result<(), Failure> {
    if spec.verify.is_some() {
        return Err(Failure {
            unverified: true,
            ..Failure::unsupported(
                "spec.verify",
                "signatures cannot be verified by this version",
            )
        });
    }
    if !matches!(spec.source_ref.kind, SourceKind::HelmRepository) {
        return Err(Failure::unsupported(
            "spec.sourceRef.kind",
            &format!(
                "charts from a {} cannot be built by this version, only those of a HelmRepository of type oci are served",
                spec.source_ref.kind
            ),
        ));
    }
    // The chart's own values alone are what the chart has anyway.
    if !matches!(spec.values_files.as_slice(), [] | [_])
        || spec.values_files.iter().any(|file| file != "values.yaml")
    {
        return Err(Failure::unsupported(
            "spec.valuesFiles",
            "values files cannot be merged by this version",
        ));
    }
    Ok(())
}

/// Which Secrets a repository names: for the credential, and for TLS.
pub(crate) fn secrets_of(repository: &HelmRepository) -> (Option<&str>, Option<&str>) {
    (
        repository
            .spec
            .secret_ref
            .as_ref()
            .map(|secret| secret.name.as_str()),
        repository
            .spec
            .cert_secret_ref
            .as_ref()
            .map(|secret| secret.name.as_str()),
    )
}

/// What the repository's Secrets hold, as far as it names any.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    /// That of `spec.secretRef`.
    pub(crate) credential: Option<Secret>,
    /// That of `spec.certSecretRef`.
    pub(crate) tls: Option<Secret>,
}

/// What is to be acquired for `chart` from `repository`.
///
/// # Errors
///
/// A [`Failure`] that names the field or the Secret, and says what to do.
pub(crate) fn request(
    chart: &HelmChart,
    repository: &HelmRepository,
    secrets: &Secrets,
) -> Result<Request, Failure> {
    let name: ChartName = chart.spec.chart.parse().map_err(|error| {
        Failure::stalled(
            reason::INVALID_CHART_REFERENCE,
            &format!("{}{}", message::INVALID_CHART_REFERENCE, chain(&error)),
        )
    })?;
    let base = base(repository)?;
    let credentials = credentials(repository, secrets, &base, &name)?;
    let request = Request::new(base, name, chart.spec.version())
        .credentials(credentials)
        .tenant(chart.namespace().unwrap_or_default())
        .tls(tls(secrets)?);
    request.check().map_err(|error| {
        Failure::stalled(
            reason::INVALID_CHART_REFERENCE,
            &format!("{}{}", message::INVALID_CHART_REFERENCE, chain(&error)),
        )
    })?;
    Ok(if repository.spec.insecure {
        request.allow_plain_http()
    } else {
        request
    })
}

fn base(repository: &HelmRepository) -> Result<OciRepository, Failure> {
    let invalid = |error: &(dyn std::error::Error + 'static)| {
        Failure::stalled(
            reason::URL_INVALID,
            &format!("{}{}", message::INVALID_REPOSITORY_URL, chain(error)),
        )
    };
    debug_assert!(repository.spec.repository_type() == RepositoryType::Oci);
    let url: RepositoryUrl = repository
        .spec
        .url
        .parse()
        .map_err(|error| invalid(&error))?;
    if url.scheme() != Scheme::Oci {
        return Err(Failure::stalled(
            reason::FAILED,
            &format!(
                "{}invalid OCI registry URL: {}",
                message::CLIENT_CONSTRUCTION_FAILED,
                redacted(url.as_str())
            ),
        ));
    }
    url.oci().map_err(|error| invalid(&error))
}

fn credentials(
    repository: &HelmRepository,
    secrets: &Secrets,
    base: &OciRepository,
    chart: &ChartName,
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
        from_docker_config(secret, base, chart)?
    } else {
        from_pair(secret)?
    };
    Ok(match credential {
        Some(credential) => Arc::new(Fixed::new(credential)),
        None => Arc::new(Anonymous),
    })
}

fn from_docker_config(
    secret: &Secret,
    base: &OciRepository,
    chart: &ChartName,
) -> Result<Option<Credential>, Failure> {
    let unusable = |text: &str| {
        Failure::fetch(
            reason::AUTHENTICATION_FAILED,
            &format!("failed to configure OCI registry authentication: {text}"),
        )
    };
    let data = text_of(secret, DOCKER_CONFIG_KEY).ok_or_else(|| {
        unusable(&format!(
            "secret '{}' has no key '{DOCKER_CONFIG_KEY}'",
            home(secret)
        ))
    })?;
    let config = DockerConfig::parse(data.as_bytes()).map_err(|error| {
        unusable(&format!(
            "unable to load Docker config from Secret '{}': {}",
            secret.name_any(),
            chain(&error)
        ))
    })?;
    let wanted = base.join(chart.as_str()).unwrap_or_else(|_| base.clone());
    let matching = KeyMatching::AnyKeyOfHost;
    let credential = config.credential_for(&wanted, matching).map_err(|error| {
        unusable(&format!(
            "Secret '{}': {}",
            secret.name_any(),
            chain(&error)
        ))
    })?;
    // An entry without a credential says that nobody logs in there; no entry is a mistake.
    if credential.is_none() && !config.has_entry_for(&wanted, matching) {
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
    let username = text_of(secret, "username").filter(|text| !text.is_empty());
    let password = text_of(secret, "password").filter(|text| !text.is_empty());
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

/// `ca.crt`, and `tls.crt` with `tls.key`; the older names that Flux also takes are read where those
/// are absent.
fn tls(secrets: &Secrets) -> Result<Tls, Failure> {
    let Some(secret) = &secrets.tls else {
        return Ok(Tls::default());
    };
    let failed = |text: &str| {
        Failure::fetch(
            reason::AUTHENTICATION_FAILED,
            &format!(
                "failed to construct TLS config from Secret '{}': {text}",
                home(secret)
            ),
        )
    };
    let read = |name: &str, legacy: &str| text_of(secret, name).or_else(|| text_of(secret, legacy));
    let mut tls = Tls::default();
    let authority = read("ca.crt", "caFile");
    if let Some(pem) = authority {
        tls = tls
            .with_roots_pem(pem.as_bytes())
            .map_err(|error| failed(&format!("ca.crt: {}", chain(&error))))?;
    }
    match (read("tls.crt", "certFile"), read("tls.key", "keyFile")) {
        (Some(certificate), Some(key)) => tls
            .with_identity_pem(certificate.as_bytes(), key.as_bytes())
            .map_err(|error| failed(&chain(&error))),
        (Some(_), None) => Err(failed("has 'tls.crt' but missing 'tls.key'")),
        (None, Some(_)) => Err(failed("has 'tls.key' but missing 'tls.crt'")),
        (None, None) if authority.is_none() => Err(failed(
            "none of the keys 'ca.crt', 'tls.crt' and 'tls.key' is there",
        )),
        (None, None) => Ok(tls),
    }
}

fn home(secret: &Secret) -> String {
    format!(
        "{}/{}",
        secret.namespace().unwrap_or_default(),
        secret.name_any()
    )
}

/// The value of a key, if it is text; `stringData` counts where there is no API server to fold it in.
fn text_of<'a>(secret: &'a Secret, key: &str) -> Option<&'a str> {
    let folded = secret.string_data.as_ref().and_then(|data| data.get(key));
    folded.map(String::as_str).or_else(|| {
        let data: &BTreeMap<String, ByteString> = secret.data.as_ref()?;
        std::str::from_utf8(&data.get(key)?.0).ok()
    })
}

#[cfg(test)]
#[path = "translate/tests.rs"]
mod tests;
