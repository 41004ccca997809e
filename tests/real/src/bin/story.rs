//! The whole story with Flux's own helm-controller: a `HelmRelease` whose chart is in an OCI registry
//! is installed, upgraded after a push, and kept through everything that breaks meanwhile.
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

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::{Duration, Instant};

use portolan_real::{
    Artifact, Cluster, Folder, Id, OciRegistry, Process, Scene, condition, flux_resources,
    free_port, get, helm_controller, helm_repository, is_true_for,
};
use serde_json::{Value, json};

/// How often the chart is looked at. Flux's own two controllers upgraded within this time.
const INTERVAL: Duration = Duration::from_secs(5);

/// What an installation takes on top: helm-controller's own work.
const SLACK: Duration = Duration::from_secs(8);

/// How long to wait for what comes with a growing back-off, ours or helm-controller's.
const PATIENCE: Duration = Duration::from_secs(90);

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
            tell(&foreign);
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

/// Who is on the stage.
struct Stage<'a> {
    scene: Scene<'a>,
    /// The `HelmRelease`.
    release: Id,
    /// The `HelmChart` that helm-controller makes of it.
    chart: Id,
}

/// The story. It panics where it does not go on as it should.
fn tell(foreign: &Foreign) {
    let cluster = Cluster::start();
    foreign.add_resources(&cluster);
    let folder = Folder::new("helm-controller");
    let scene = Scene::in_front_of(&cluster, "story", OciRegistry::open());
    let _helm_controller = foreign.start(&cluster, &scene.namespace, &folder);
    let mut stage = Stage {
        release: Id::new("HelmRelease", &scene.namespace, "app"),
        chart: Id::new("HelmChart", &scene.namespace, "story-app"),
        scene,
    };
    stage.installed();
    stage.upgraded();
    stage.kept_while_the_registry_is_away();
    stage.kept_while_the_controller_is_gone();
    stage.kept_while_the_api_server_is_away();
    stage.deleted();
}

impl Stage<'_> {
    fn installed(&self) {
        self.scene.push("1.0.0");
        let namespace = self.scene.namespace.as_str();
        let url = self.scene.charts.url("charts");
        let repository = helm_repository(namespace, "charts", &url);
        let begun = Instant::now();
        self.scene.api().create(&repository);
        self.scene.api().create(&json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": {"namespace": namespace, "name": "app"},
            "spec": {
                "interval": "1h",
                "chart": {"spec": {
                    "chart": "app",
                    "version": "1.0.x",
                    "interval": format!("{}s", INTERVAL.as_secs()),
                    "sourceRef": {"kind": "HelmRepository", "name": "charts"},
                }},
                "values": {"message": "one"},
            },
        }));
        self.until_running("1.0.0", "one", PATIENCE);
        report("installed", begun);
    }

    fn upgraded(&self) {
        self.scene.push("1.0.1");
        let begun = Instant::now();
        self.until_running("1.0.1", "one", INTERVAL + SLACK);
        report("upgraded after the push of 1.0.1", begun);
    }

    fn kept_while_the_registry_is_away(&mut self) {
        self.scene.charts.stop();
        let begun = Instant::now();
        self.scene
            .until(&self.chart, "told that the registry is away", |chart| {
                is_true_for(chart, "FetchFailed", "ChartPullError")
            });
        report("the chart tells that the registry is away", begun);
        self.still_runs("1.0.1", "one");
        // The stored chart is good enough for other values.
        let begun = Instant::now();
        self.change_values("two");
        self.until_running("1.0.1", "two", PATIENCE);
        report("installed with other values from the stored chart", begun);
        self.scene.charts.start();
        self.scene.push("1.0.2");
        let begun = Instant::now();
        self.until_running("1.0.2", "two", PATIENCE);
        report("upgraded to 1.0.2 after the registry came back", begun);
    }

    fn kept_while_the_controller_is_gone(&mut self) {
        self.scene.controller.kill();
        self.scene.push("1.0.3");
        self.change_values("three");
        // helm-controller finds nobody who serves the chart meanwhile.
        sleep(INTERVAL);
        let chart = self.scene.api().get(&self.chart).expect("the chart");
        let artifact = Artifact::of(&chart).expect("its artifact");
        assert_eq!(artifact.revision, "1.0.2");
        assert!(get(&artifact.url).is_err(), "who serves it?");
        self.scene.controller.start_again();
        let begun = Instant::now();
        artifact.download();
        self.until_running("1.0.3", "three", PATIENCE);
        report(
            "upgraded to 1.0.3 after the controller was killed and came back",
            begun,
        );
    }

    fn kept_while_the_api_server_is_away(&self) {
        let chart = self.scene.api().get(&self.chart).expect("the chart");
        let artifact = Artifact::of(&chart).expect("its artifact");
        self.scene.cluster.stop_api_server();
        self.scene.push("1.0.4");
        sleep(INTERVAL);
        artifact.download();
        self.scene.cluster.start_api_server();
        let begun = Instant::now();
        self.until_running("1.0.4", "three", PATIENCE);
        report("upgraded to 1.0.4 after the API server came back", begun);
    }

    fn deleted(&self) {
        let begun = Instant::now();
        self.scene.api().delete(&self.release);
        let map = self.installed_map();
        for id in [&self.release, &self.chart, &map] {
            self.scene.api().until_gone(id, PATIENCE);
        }
        let left = self.scene.controller.everything_stored();
        let left: Vec<_> = left
            .iter()
            .filter(|path| !path.starts_with(".portolan/"))
            .collect();
        assert!(left.is_empty(), "{left:?} was left behind");
        report("deleted, with nothing left behind", begun);
    }

    fn change_values(&self, message: &str) {
        let change = json!({"spec": {"values": {"message": message}}});
        self.scene.api().merge(&self.release, &change);
    }

    /// What the chart installs.
    fn installed_map(&self) -> Id {
        Id::new("ConfigMap", &self.scene.namespace, &self.release.name)
    }

    /// Wait until the release is ready with a version of the chart and a value.
    #[track_caller]
    fn until_running(&self, version: &str, message: &str, patience: Duration) {
        let what = format!("became ready with {version} and {message}");
        self.scene
            .api()
            .until(&self.release, patience, &what, |release| {
                self.runs(release, version, message)
            });
    }

    /// See that the release is what it was.
    #[track_caller]
    fn still_runs(&self, version: &str, message: &str) {
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
}

fn report(what: &str, begun: Instant) {
    println!("{:5.1} s  {what}", begun.elapsed().as_secs_f32());
}
