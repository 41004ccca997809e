//! A chart in an OCI registry.

use std::thread::sleep;
use std::time::Instant;

use portolan_real::{Artifact, Cluster, OciRegistry, get, helm_repository, is_true_for};
use serde_json::json;

use crate::Foreign;
use crate::stage::{INTERVAL, PATIENCE, SLACK, Stage, report};

/// The story. It panics where it does not go on as it should.
pub(crate) fn tell(foreign: &Foreign, cluster: &Cluster) {
    let mut stage = Stage::new(foreign, cluster, "registry", OciRegistry::open());
    stage.installed();
    stage.upgraded();
    stage.kept_while_the_registry_is_away();
    stage.kept_while_the_controller_is_gone();
    stage.kept_while_the_api_server_is_away();
    stage.deleted();
}

impl Stage<'_, OciRegistry> {
    fn installed(&self) {
        self.scene.push("1.0.0");
        let namespace = self.scene.namespace.as_str();
        let url = self.scene.charts.url("charts");
        let repository = helm_repository(namespace, "charts", &url);
        let begun = Instant::now();
        self.scene.api().create(&repository);
        self.release(&json!({
            "chart": "app",
            "version": "1.0.x",
            "interval": format!("{}s", INTERVAL.as_secs()),
            "sourceRef": {"kind": "HelmRepository", "name": "charts"},
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
}
