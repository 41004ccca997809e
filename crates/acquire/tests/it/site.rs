//! A chart repository on loopback, a store, and somebody who wants a chart.

use std::fmt::Write as _;
use std::sync::Arc;

use portolan_acquire::{
    AcquireError, Acquired, Acquirer, AnonymousRepositories, ChartRepository, HeldIndex,
    IndexError, Limits, Look, LookError, Refreshed, Request, StoredAnew, StoredIndex,
};
use portolan_auth::Transport;
use portolan_kit::{ChartArchive, WebServer, chart_archive};
use portolan_reference::{Algorithm, Digest};
use portolan_store::{ObjectKey, Options, Store};
use tempfile::TempDir;

pub(crate) struct Site {
    pub(crate) web: WebServer,
    pub(crate) acquirer: Acquirer,
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::limited(Limits::default()).await
    }

    pub(crate) async fn limited(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let transport = Transport::builder().build().unwrap();
        Self {
            web: WebServer::start().await,
            acquirer: Acquirer::new(transport, limits),
            store: Store::open(folder.path(), Options::default()).unwrap(),
            folder,
        }
    }

    /// Publish `app` in each version, and an index that promises exactly these.
    pub(crate) fn publish(&self, versions: &[&str]) {
        let charts: Vec<_> = versions
            .iter()
            .map(|version| ("app", *version, chart_archive("app", version)))
            .collect();
        self.publish_all(&charts);
    }

    pub(crate) fn publish_chart(&self, version: &str, archive: &ChartArchive) {
        self.publish_all(&[("app", version, archive.build())]);
    }

    pub(crate) fn publish_all(&self, charts: &[(&str, &str, Vec<u8>)]) {
        let mut names: Vec<&str> = charts.iter().map(|(name, ..)| *name).collect();
        names.sort_unstable();
        names.dedup();
        let mut index = "apiVersion: v1\nentries:\n".to_owned();
        for name in names {
            writeln!(index, "  {name}:").unwrap();
            for (_, version, archive) in charts.iter().filter(|(other, ..)| *other == name) {
                let file = format!("{name}-{version}.tgz");
                let digest = Digest::of(Algorithm::Sha256, archive);
                writeln!(
                    index,
                    "  - apiVersion: v2\n    name: {name}\n    version: {version}\n    digest: {}\n    urls:\n    - {file}",
                    digest.hex()
                )
                .unwrap();
                let path = format!("/helm/{file}");
                self.web.put(&path, "application/gzip", archive.clone());
            }
        }
        self.index(&index);
    }

    pub(crate) fn index(&self, text: &str) {
        self.web.put("/helm/index.yaml", "text/yaml", text);
    }

    pub(crate) fn repository(&self) -> ChartRepository {
        ChartRepository::new(self.web.url("/helm").parse().unwrap())
    }

    pub(crate) fn object(kind: &str) -> ObjectKey {
        ObjectKey::new(kind, "team", "app").unwrap()
    }

    pub(crate) async fn refresh(&self, held: Option<&str>) -> Result<Refreshed, IndexError> {
        self.acquirer
            .refresh_index(
                &self.repository(),
                &self.store,
                &Self::object("HelmRepository"),
                held.map(HeldIndex::new),
            )
            .await
    }

    /// The index, stored.
    pub(crate) async fn stored(&self) -> StoredAnew {
        match self.refresh(None).await.unwrap() {
            Refreshed::Stored(stored) => stored,
            Refreshed::Unchanged => unreachable!("nothing was held"),
        }
    }

    pub(crate) fn wanted(&self, stored: &StoredAnew, version: &str) -> Request {
        let artifact = &stored.artifact;
        Request::from_repository(self.repository(), "app".parse().unwrap(), version).with_index(
            StoredIndex::new(
                self.store.clone(),
                artifact.path.clone(),
                artifact.digest.clone(),
            ),
        )
    }

    pub(crate) async fn look(&self, request: &Request) -> Result<Look, LookError> {
        self.acquirer.look(request).await
    }

    pub(crate) async fn acquire(&self, request: &Request) -> Result<Acquired, AcquireError> {
        let look = self.look(request).await.unwrap();
        self.acquirer
            .acquire(
                request,
                &look,
                &self.store,
                &Self::object("HelmChart"),
                None,
            )
            .await
    }

    /// What lies in the store at `path`.
    pub(crate) fn file(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(path)).unwrap()
    }

    /// The paths that the server was asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.web.requests();
        self.web.forget_requests();
        asked.into_iter().map(|seen| seen.path).collect()
    }

    pub(crate) fn anonymous() -> Arc<AnonymousRepositories> {
        Arc::new(AnonymousRepositories::default())
    }
}

/// A gzipped tar archive of `files`, as Flux makes them of a source.
pub(crate) fn tarball(files: &[(&str, &str)]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}
