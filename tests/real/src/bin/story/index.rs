//! A chart in a repository with an index, over TLS and with certificates on both sides.

use std::time::Instant;

use portolan_real::{Authority, Cluster, WebServer, condition, index_repository};
use serde_json::json;

use crate::Foreign;
use crate::stage::{INTERVAL, PATIENCE, SLACK, Stage, report};

/// The story. It panics where it does not go on as it should.
pub(crate) fn tell(foreign: &Foreign, cluster: &Cluster) {
    let server = WebServer::with_certificates(Authority::new());
    let mut stage = Stage::new(foreign, cluster, "index", server);
    stage.installed();
    stage.upgraded();
    stage.kept_while_the_web_server_is_away();
    stage.kept_while_the_controller_is_gone();
    stage.deleted();
}

impl Stage<'_, WebServer> {
    fn installed(&self) {
        let scene = &self.scene;
        scene.publish("1.0.0");
        let (namespace, authority) = (&scene.namespace, scene.charts.authority());
        let identity = authority.client();
        scene.api().create(&json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"namespace": namespace, "name": "certificates"},
            "stringData": {
                "ca.crt": authority.certificate(),
                "tls.crt": identity.certificate,
                "tls.key": identity.key,
            },
        }));
        let url = scene.charts.url("charts");
        assert!(url.starts_with("https://"), "{url}");
        let mut repository = index_repository(namespace, "charts", &url);
        repository["spec"]["interval"] = json!(format!("{}s", INTERVAL.as_secs()));
        repository["spec"]["certSecretRef"] = json!({"name": "certificates"});
        let begun = Instant::now();
        scene.api().create(&repository);
        self.release(&json!({
            "chart": "app",
            "version": "1.0.x",
            "interval": "1h",
            "sourceRef": {"kind": "HelmRepository", "name": "charts"},
        }));
        self.until_running("1.0.0", "one", PATIENCE);
        report("installed", begun);
    }

    fn upgraded(&self) {
        self.scene.publish("1.0.1");
        let begun = Instant::now();
        self.until_running("1.0.1", "one", INTERVAL + SLACK);
        report("upgraded after 1.0.1 was in the index", begun);
    }

    fn kept_while_the_web_server_is_away(&mut self) {
        self.scene.charts.stop();
        let repository = portolan_real::Id::new("HelmRepository", &self.scene.namespace, "charts");
        let begun = Instant::now();
        self.scene
            .until(&repository, "told that the server is away", |repository| {
                condition(repository, "FetchFailed").is_some_and(|(status, _, _)| status == "True")
            });
        report("the repository tells that the server is away", begun);
        self.still_runs("1.0.1", "one");
        let begun = Instant::now();
        self.change_values("two");
        self.until_running("1.0.1", "two", PATIENCE);
        report("installed with other values from the stored chart", begun);
        self.scene.publish("1.0.2");
        self.scene.charts.start();
        let begun = Instant::now();
        self.until_running("1.0.2", "two", PATIENCE);
        report("upgraded to 1.0.2 after the server came back", begun);
    }

    fn kept_while_the_controller_is_gone(&mut self) {
        self.scene.controller.kill();
        self.scene.publish("1.0.3");
        self.change_values("three");
        self.scene.controller.start_again();
        let begun = Instant::now();
        self.until_running("1.0.3", "three", PATIENCE);
        report(
            "upgraded to 1.0.3 after the controller was killed and came back",
            begun,
        );
    }
}
