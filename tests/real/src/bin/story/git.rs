//! A chart in the tarball of a Git repository, with a requirement and a values file of its own.

use std::time::Instant;

use portolan_real::{ChartFolder, Cluster, Folder, Id, Source, WebServer};
use serde_json::json;

use crate::Foreign;
use crate::stage::{PATIENCE, SLACK, Stage, report};

/// The story. It panics where it does not go on as it should.
pub(crate) fn tell(foreign: &Foreign, cluster: &Cluster) {
    let mut stage = Stage::new(foreign, cluster, "git", WebServer::open());
    let id = Id::new("GitRepository", "git", "work");
    // Its own web server, as a source is not stored where charts are.
    let storage = WebServer::open();
    let source = Source::new(cluster.api(), &storage, id);
    let checkout = checkout(&stage);
    stage.installed_from(&source, &checkout);
    stage.upgraded_by_a_commit(&source, &checkout);
    stage.kept_while_the_parts_are_away(&source, &checkout);
    stage.deleted();
}

/// A checkout whose chart requires a part that is on the web server.
fn checkout(stage: &Stage<'_, WebServer>) -> Folder {
    let scene = &stage.scene;
    let packages = Folder::new("packages");
    let parts = [ChartFolder::part("part", "a part")];
    for archive in scene.helm.package_all(&parts, "1.0.0", packages.path()) {
        scene.charts.put_file("charts", &archive);
    }
    scene.helm.index(&scene.charts.file("charts"));
    let checkout = Folder::new("checkout");
    scene.source.copy_into(&checkout.join("charts/app"));
    let url = scene.charts.url("charts");
    checkout.write(
        "charts/app/Chart.yaml",
        format!(
            "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n  - name: part\n    version: ^1.0.0\n    repository: {url}\n"
        ),
    );
    checkout
}

impl Stage<'_, WebServer> {
    fn installed_from(&self, source: &Source<'_>, checkout: &Folder) {
        let revision = source.publish(checkout.path());
        let begun = Instant::now();
        self.release(&json!({
            "chart": "./charts/app",
            "interval": "1h",
            "reconcileStrategy": "Revision",
            "sourceRef": {"kind": "GitRepository", "name": source.id().name},
        }));
        self.until_running(&version(&revision), "one", PATIENCE);
        let part = Id::new("ConfigMap", &self.scene.namespace, "app-part");
        let part = self.scene.api().get(&part).expect("what the part installs");
        assert_eq!(part["data"]["version"], "1.0.0");
        report("installed, with its requirement", begun);
    }

    fn upgraded_by_a_commit(&self, source: &Source<'_>, checkout: &Folder) {
        checkout.write("charts/app/README.md", "Another commit.\n");
        let revision = source.publish(checkout.path());
        let begun = Instant::now();
        self.until_running(&version(&revision), "one", SLACK);
        report("upgraded after a commit", begun);
    }

    fn kept_while_the_parts_are_away(&mut self, source: &Source<'_>, checkout: &Folder) {
        let object = self.scene.api().get(&self.chart).expect("the chart");
        let before = object["status"]["artifact"]["revision"].clone();
        let before = before.as_str().expect("a version");
        self.scene.charts.stop();
        checkout.write("charts/app/README.md", "One more commit.\n");
        let revision = source.publish(checkout.path());
        let begun = Instant::now();
        self.scene
            .until(&self.chart, "told that it cannot be built", |chart| {
                portolan_real::is_true_for(chart, "BuildFailed", "DependencyBuildError")
            });
        report("the chart tells that its requirement cannot be had", begun);
        self.still_runs(before, "one");
        self.scene.charts.start();
        let begun = Instant::now();
        self.until_running(&version(&revision), "one", PATIENCE);
        report("upgraded after the requirement came back", begun);
    }
}

/// The version of a chart that goes by revisions.
fn version(revision: &str) -> String {
    let (_, hash) = revision.rsplit_once(':').expect("an algorithm");
    format!("1.0.0+{}", &hash[..12])
}
