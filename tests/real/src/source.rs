//! Sources that other controllers look after.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::api::Api;
use crate::cluster::Cluster;
use crate::folder::Folder;
use crate::http::digest;
use crate::kinds::Id;
use crate::manifest::object;
use crate::web::WebServer;

/// A `GitRepository` or a `Bucket`, as far as whoever reads its artifact can see. The test is its
/// controller, and a web server the storage of that.
#[derive(Debug)]
pub struct Source<'a> {
    api: &'a Api,
    storage: &'a WebServer,
    id: Id,
}

impl<'a> Source<'a> {
    /// The custom resources of both kinds, in a cluster that has none yet.
    #[track_caller]
    pub fn add_resources(cluster: &Cluster) {
        cluster.add_resources(include_str!("../data/sources.yaml"));
    }

    /// A new source, which has no artifact yet. Its artifacts will be served by `storage`.
    #[track_caller]
    pub fn new(api: &'a Api, storage: &'a WebServer, id: Id) -> Self {
        let spec = json!({"url": "https://example.com/nobody-asks-for-this", "interval": "1h"});
        api.create(&object(&id.kind, &id.namespace, &id.name, &spec));
        Self { api, storage, id }
    }

    /// Which object it is.
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// Pack what a folder has in it, serve that, and say so in the status. Returns the revision.
    #[track_caller]
    pub fn publish(&self, folder: &Path) -> String {
        self.publish_archive(&pack(folder))
    }

    /// Serve an archive as the artifact, and say so in the status. Returns the revision.
    #[track_caller]
    pub fn publish_archive(&self, archive: &[u8]) -> String {
        self.storage.put(&self.path(archive), archive);
        self.announce(archive)
    }

    /// Serve other bytes than the status is of.
    #[track_caller]
    pub fn publish_wrong(&self, told: &[u8], served: &[u8]) {
        self.storage.put(&self.path(told), served);
        self.announce(told);
    }

    fn path(&self, archive: &[u8]) -> String {
        let digest = digest(archive).replace(':', "-");
        let kind = self.id.kind.to_lowercase();
        let (namespace, name) = (&self.id.namespace, &self.id.name);
        format!("{kind}/{namespace}/{name}/{digest}.tar.gz")
    }

    #[track_caller]
    fn announce(&self, archive: &[u8]) -> String {
        let digest = digest(archive);
        // A commit has a hash of its own; any will do that goes with the content.
        let revision = match self.id.kind.as_str() {
            "GitRepository" => format!("main@sha1:{}", &digest[7..47]),
            _ => digest.clone(),
        };
        let now = "2026-11-21T12:00:00Z";
        let object = self.api.get(&self.id).expect("the source");
        let path = self.path(archive);
        let condition = |kind: &str| {
            json!({
                "type": kind,
                "status": "True",
                "reason": "Succeeded",
                "message": format!("stored artifact for revision '{revision}'"),
                "lastTransitionTime": now,
                "observedGeneration": object["metadata"]["generation"],
            })
        };
        self.api.report(
            &self.id,
            &json!({
                "observedGeneration": object["metadata"]["generation"],
                "conditions": [condition("Ready"), condition("ArtifactInStorage")],
                "artifact": {
                    "url": self.storage.url(&path),
                    "path": path,
                    "revision": revision,
                    "digest": digest,
                    "lastUpdateTime": now,
                    "size": archive.len(),
                },
            }),
        );
        revision
    }
}

/// What a folder has in it, as Flux packs it: names begin without a dot.
#[track_caller]
pub fn pack(folder: &Path) -> Vec<u8> {
    let target = Folder::new("packed");
    let archive = target.join("source.tar.gz");
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    let status = Command::new("tar")
        .arg("--directory")
        .arg(folder)
        .args(["--create", "--gzip", "--file"])
        .arg(&archive)
        .args(names)
        .status()
        .expect("tar runs");
    assert!(status.success(), "tar {status}");
    fs::read(archive).expect("an archive")
}

/// A folder with what is in an archive.
#[track_caller]
pub fn unpack(archive: &[u8]) -> Folder {
    let (source, folder) = (Folder::new("packed"), Folder::new("unpacked"));
    let status = Command::new("tar")
        .arg("--directory")
        .arg(folder.path())
        .args(["--extract", "--gzip", "--file"])
        .arg(source.write("archive.tgz", archive))
        .status()
        .expect("tar runs");
    assert!(status.success(), "tar {status}");
    folder
}
