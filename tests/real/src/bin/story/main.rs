//! The whole story with Flux's own helm-controller, over and over: a `HelmRelease` whose chart is in an OCI
//! registry, in an HTTPS repository with an index, or in the tarball of a Git repository is installed, upgraded,
//! and kept through what breaks meanwhile; and one whose chart has to be signed, with a key or by somebody.
//!
//! helm-controller cannot be built from a pinned module, so it is taken by its path and this is no
//! part of the suite:
//!
//! ```text
//! PORTOLAN_HELM_CONTROLLER=…/helm-controller PORTOLAN_FLUX_CRDS=…/crds cargo run -p portolan-real --bin story
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it tells how the story goes"
)]

mod git;
mod index;
mod registry;
mod signed;
mod stage;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use portolan_real::{Cluster, Folder, Process, flux_resources, free_port, helm_controller};

/// What is taken from elsewhere.
struct Foreign {
    helm_controller: PathBuf,
    resources: Vec<String>,
}

impl Foreign {
    fn from_environment() -> Result<Self, String> {
        Ok(Self {
            helm_controller: helm_controller()?,
            resources: flux_resources()?,
        })
    }

    /// All of its resources but those that are ours.
    fn add_resources(&self, cluster: &Cluster) {
        let ours = ["kind: HelmChart\n", "kind: HelmRepository\n"];
        for yaml in &self.resources {
            if !ours.iter().any(|kind| yaml.contains(kind)) {
                cluster.add_resources(yaml);
            }
        }
        assert!(
            cluster.serves("HelmRelease"),
            "HelmRelease is not among the resources in PORTOLAN_FLUX_CRDS"
        );
    }

    fn start(&self, cluster: &Cluster, namespace: &str, folder: &Folder) -> Process {
        let address = || format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(&self.helm_controller);
        command
            .args(["--watch-all-namespaces=false", "--events-addr="])
            .args(["--metrics-addr", &address(), "--health-addr", &address()])
            .env("RUNTIME_NAMESPACE", namespace)
            .env("KUBECONFIG", cluster.kubeconfig())
            .env("HOME", folder.path())
            .env("TMPDIR", folder.path());
        Process::start("helm-controller", &mut command, &folder.join("log"))
    }
}

fn main() -> ExitCode {
    match Foreign::from_environment() {
        Ok(foreign) => {
            let cluster = Cluster::start();
            foreign.add_resources(&cluster);
            let stories: [fn(&Foreign, &Cluster); 4] =
                [registry::tell, index::tell, git::tell, signed::tell];
            for tell in stories {
                tell(&foreign, &cluster);
            }
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}
