//! The Secrets that a repository or a chart names.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use portolan_api::{HelmChart, HelmRepository, LocalObjectReference, reason};

use crate::chain::chain;
use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::kind::Watched as _;

/// What the Secrets of a repository hold, as far as it names any.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    /// That of `spec.secretRef`.
    pub(crate) credential: Option<Secret>,
    /// That of `spec.certSecretRef`.
    pub(crate) tls: Option<Secret>,
}

impl Secrets {
    /// Read the Secrets that `repository` names, each once, from its own namespace.
    ///
    /// # Errors
    ///
    /// A [`Failure`] that names the Secret that cannot be had. Without it nothing may be fetched.
    pub(crate) async fn read<C: Cluster>(
        repository: &HelmRepository,
        cluster: &C,
    ) -> Result<Self, Failure> {
        let namespace = repository.home();
        let read = async |named: Option<&LocalObjectReference>, kind: &str| {
            let Some(LocalObjectReference { name }) = named else {
                return Ok(None);
            };
            let failed = |cause: &str| {
                Failure::fetch(
                    reason::AUTHENTICATION_FAILED,
                    &format!("failed to get {kind} secret '{namespace}/{name}': {cause}"),
                )
            };
            let secret = cluster.read::<Secret>(&namespace, name).await;
            match secret.map_err(|error| failed(&chain(&error)))? {
                Some(secret) => Ok(Some(secret)),
                None => Err(failed(&format!("secrets \"{name}\" not found"))),
            }
        };
        let spec = &repository.spec;
        let tls = read(spec.cert_secret_ref.as_ref(), "TLS authentication").await?;
        let credential = match (&spec.secret_ref, &tls) {
            (Some(named), Some(same)) if same.name_any() == named.name => tls.clone(),
            (named, _) => read(named.as_ref(), "authentication").await?,
        };
        Ok(Self { credential, tls })
    }
}

/// The Secret that `spec.verify` of `chart` names, if it names one, from the chart's own namespace.
///
/// # Errors
///
/// A [`Failure`] if it cannot be had. Without it nothing may be fetched.
pub(crate) async fn verification<C: Cluster>(
    chart: &HelmChart,
    cluster: &C,
) -> Result<Option<Secret>, Failure> {
    let Some(verify) = &chart.spec.verify else {
        return Ok(None);
    };
    let Some(LocalObjectReference { name }) = &verify.secret_ref else {
        return Ok(None);
    };
    let secret = cluster.read::<Secret>(&chart.home(), name).await;
    match secret.map_err(|error| Failure::verifier(verify, &chain(&error)))? {
        Some(secret) => Ok(Some(secret)),
        None => Err(Failure::no_secret(verify, name)),
    }
}

/// `namespace/name`.
pub(crate) fn home(secret: &Secret) -> String {
    format!(
        "{}/{}",
        secret.namespace().unwrap_or_default(),
        secret.name_any()
    )
}

/// What a Secret holds, by key; `stringData` counts where there is no API server to fold it in.
pub(crate) fn values(secret: &Secret) -> BTreeMap<&str, &[u8]> {
    let data = secret.data.iter().flatten();
    let folded = secret.string_data.iter().flatten();
    data.map(|(key, value)| (key.as_str(), value.0.as_slice()))
        .chain(folded.map(|(key, value)| (key.as_str(), value.as_bytes())))
        .collect()
}
