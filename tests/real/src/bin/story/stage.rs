//! What the stories have in common.

use std::time::{Duration, Instant};

use portolan_real::{Cluster, Folder, Id, Process, Scene, condition};
use serde_json::{Value, json};

use crate::Foreign;

/// How often what may change is looked at. Flux's own two controllers upgraded within this time.
pub(crate) const INTERVAL: Duration = Duration::from_secs(5);

/// What an installation takes on top: helm-controller's own work.
pub(crate) const SLACK: Duration = Duration::from_secs(8);

/// How long to wait for what comes with a growing back-off, ours or helm-controller's.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Who is on the stage: Flux's helm-controller, ours, and a `HelmRelease` between them.
pub(crate) struct Stage<'a, C> {
    pub(crate) scene: Scene<'a, C>,
    /// The `HelmRelease`.
    pub(crate) release: Id,
    /// The `HelmChart` that helm-controller makes of it.
    pub(crate) chart: Id,
    // Before its folder.
    _helm_controller: Process,
    _folder: Folder,
}

impl<'a, C> Stage<'a, C> {
    /// A namespace called `name`, in which charts are at `charts`.
    pub(crate) fn new(foreign: &Foreign, cluster: &'a Cluster, name: &str, charts: C) -> Self {
        Self::with_flags(foreign, cluster, name, charts, &[])
    }

    /// The same, with more flags for the controller.
    pub(crate) fn with_flags(
        foreign: &Foreign,
        cluster: &'a Cluster,
        name: &str,
        charts: C,
        flags: &[&str],
    ) -> Self {
        println!("{name}");
        let folder = Folder::new("helm-controller");
        let scene = Scene::with_flags(cluster, name, charts, flags);
        Self {
            _helm_controller: foreign.start(cluster, name, &folder),
            _folder: folder,
            release: Id::new("HelmRelease", name, "app"),
            chart: Id::new("HelmChart", name, &format!("{name}-app")),
            scene,
        }
    }

    /// Create the `HelmRelease`. Its message is "one".
    pub(crate) fn release(&self, chart: &Value) {
        self.release_of(&json!({"chart": {"spec": chart}}));
    }

    /// Create the `HelmRelease` of a chart that is there already.
    pub(crate) fn release_chart(&self) {
        let name = &self.chart.name;
        self.release_of(&json!({"chartRef": {"kind": "HelmChart", "name": name}}));
    }

    fn release_of(&self, chart: &Value) {
        let mut spec = json!({"interval": "1h", "values": {"message": "one"}});
        for (key, value) in chart.as_object().expect("an object") {
            spec[key] = value.clone();
        }
        self.scene.api().create(&json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": {"namespace": self.scene.namespace, "name": self.release.name},
            "spec": spec,
        }));
    }

    pub(crate) fn change_values(&self, message: &str) {
        let change = json!({"spec": {"values": {"message": message}}});
        self.scene.api().merge(&self.release, &change);
    }

    /// What the chart installs.
    pub(crate) fn installed_map(&self) -> Id {
        Id::new("ConfigMap", &self.scene.namespace, &self.release.name)
    }

    /// Wait until the release is ready with a version of the chart and a value.
    #[track_caller]
    pub(crate) fn until_running(&self, version: &str, message: &str, patience: Duration) {
        let what = format!("became ready with {version} and {message}");
        self.scene
            .api()
            .until(&self.release, patience, &what, |release| {
                self.runs(release, version, message)
            });
    }

    /// See that the release is what it was.
    #[track_caller]
    pub(crate) fn still_runs(&self, version: &str, message: &str) {
        let release = self.scene.api().get(&self.release).expect("the release");
        assert!(self.runs(&release, version, message), "{release}");
    }

    fn runs(&self, release: &Value, version: &str, message: &str) -> bool {
        let ready = condition(release, "Ready").is_some_and(|(status, _, _)| status == "True");
        let current = release["status"]["observedGeneration"] == release["metadata"]["generation"];
        let latest = &release["status"]["history"][0];
        let map = self.scene.api().get(&self.installed_map());
        let data = map.map(|map| map["data"].clone()).unwrap_or_default();
        ready
            && current
            && latest["chartVersion"] == version
            && latest["status"] == "deployed"
            && data == json!({"version": version, "message": message})
    }

    /// Delete the release, and see that nothing is left of it or of its chart.
    pub(crate) fn deleted(&self) {
        let begun = Instant::now();
        self.scene.api().delete(&self.release);
        let map = self.installed_map();
        for id in [&self.release, &self.chart, &map] {
            self.scene.api().until_gone(id, PATIENCE);
        }
        let left = self.scene.controller.everything_stored();
        let of_charts = |path: &&String| path.starts_with("helmchart/");
        let left: Vec<_> = left.iter().filter(of_charts).collect();
        assert!(left.is_empty(), "{left:?} was left behind");
        report("deleted, with nothing left behind", begun);
    }
}

pub(crate) fn report(what: &str, begun: Instant) {
    println!("{:5.1} s  {what}", begun.elapsed().as_secs_f32());
}
