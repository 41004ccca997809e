//! The flags of `preflight`.

use std::path::PathBuf;

use clap::Args;

/// The flags of `preflight`.
#[derive(Debug, Args)]
pub(crate) struct PreflightFlags {
    /// Look into this folder of manifests, instead of a cluster
    #[arg(value_name = "DIR", conflicts_with = "kubeconfig")]
    pub(crate) folder: Option<PathBuf>,
    /// How to reach the API server; else `KUBECONFIG`, else the `ServiceAccount` of the pod
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
}
