//! A registry, a store, and somebody who wants a chart.

use std::sync::Arc;

use portolan_acquire::{AcquireError, Acquired, Acquirer, Limits, Look, LookError, Request};
use portolan_auth::{Credential, Fixed, Transport};
use portolan_kit::{Registry, chart_archive};
use portolan_store::{ObjectKey, Options, Store};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) registry: Registry,
    pub(crate) acquirer: Acquirer,
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) fn new(registry: Registry) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let transport = Transport::builder().build().unwrap();
        Self {
            registry,
            acquirer: Acquirer::new(transport, Limits::default()),
            store: Store::open(folder.path(), Options::default()).unwrap(),
            folder,
        }
    }

    /// Push `app` in each version.
    pub(crate) fn publish(&self, versions: &[&str]) {
        for version in versions {
            let archive = chart_archive("app", version);
            self.registry
                .push_chart("charts/app", &archive, &version.replace('+', "_"));
        }
    }

    /// The folder in the registry that charts are pushed to.
    pub(crate) fn charts(&self) -> portolan_acquire::Registry {
        let base = format!("{}/charts", self.registry.address());
        portolan_acquire::Registry::new(base.parse().unwrap()).allow_plain_http()
    }

    pub(crate) fn wanted(&self, version: &str) -> Request {
        let base = format!("{}/charts", self.registry.address());
        Request::new(base.parse().unwrap(), "app".parse().unwrap(), version).allow_plain_http()
    }

    pub(crate) fn wanted_by(&self, version: &str, password: &str) -> Request {
        self.wanted(version)
            .credentials(Arc::new(Fixed::new(Credential::basic("ci", password))))
            .tenant("team")
    }

    pub(crate) fn object() -> ObjectKey {
        ObjectKey::new("HelmChart", "team", "app").unwrap()
    }

    pub(crate) async fn look(&self, request: &Request) -> Result<Look, LookError> {
        self.acquirer.look(request).await
    }

    pub(crate) async fn acquire(
        &self,
        request: &Request,
        held: Option<&str>,
    ) -> Result<Acquired, AcquireError> {
        let look = self.look(request).await.unwrap();
        self.acquirer
            .acquire(request, &look, &self.store, &Self::object(), held)
            .await
    }

    /// What the registry and its token service were asked, as `GET tags`, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.registry.requests();
        self.registry.forget_requests();
        asked
            .iter()
            .map(|seen| match seen.path.as_str() {
                "/token" => format!("{} token", seen.method),
                _ if seen.path.ends_with("/tags/list") => format!("{} tags", seen.method),
                _ if seen.path.contains("/manifests/") => format!("{} manifest", seen.method),
                _ if seen.path.contains("/blobs/") => format!("{} blob", seen.method),
                _ => format!("{} {}", seen.method, seen.path),
            })
            .collect()
    }

    /// Every file of the object, by name, and what is staged.
    pub(crate) fn stored(&self) -> Vec<String> {
        let mut names = Vec::new();
        for folder in ["helmchart/team/app", ".portolan/staging"] {
            let Ok(entries) = std::fs::read_dir(self.folder.path().join(folder)) else {
                continue;
            };
            names.extend(entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()));
        }
        names.sort();
        names
    }
}
