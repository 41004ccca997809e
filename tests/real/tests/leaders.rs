//! Two controllers for the same objects: one leads, the other waits.

use std::time::{Duration, Instant};

use portolan_real::{
    Artifact, ChartFolder, Cluster, Controller, Helm, Id, OciRegistry, Scope, get, helm_chart,
    helm_repository, is_ready_with, within,
};
use serde_json::json;

/// Short terms, so that nobody waits long.
const FLAGS: [&str; 4] = [
    "--enable-leader-election=true",
    "--leader-election-lease-duration=3s",
    "--leader-election-renew-deadline=2s",
    "--leader-election-retry-period=500ms",
];
const LEASE: Duration = Duration::from_secs(3);

/// How long anything may take that should take a moment.
const PATIENCE: Duration = Duration::from_secs(20);

/// A leader with a chart to look after, and one that waits.
struct Rivals {
    registry: OciRegistry,
    chart: Id,
    leader: Controller,
    waiting: Controller,
}

impl Rivals {
    #[track_caller]
    fn new(namespace: &str) -> Self {
        let cluster = Cluster::shared();
        let namespace = cluster.namespace(namespace);
        let registry = OciRegistry::open();
        push(&registry, "1.0.0");
        let scope = || Scope::Namespace(namespace.clone());
        let leader = Controller::start_with(cluster, scope(), &FLAGS);
        let mut waiting = Controller::prepare(cluster, scope(), &FLAGS);
        waiting.launch();
        within(PATIENCE, "the second to be alive", || {
            waiting.probe().0.then_some(())
        });
        let url = registry.url("charts");
        cluster
            .api()
            .create(&helm_repository(&namespace, "charts", &url));
        let mut chart = helm_chart(&namespace, "app", "1.0.x", "charts");
        chart["spec"]["interval"] = json!("1s");
        let rivals = Self {
            registry,
            chart: cluster.api().create(&chart),
            leader,
            waiting,
        };
        let artifact = rivals.until_ready("1.0.0");
        assert!(artifact.url.contains(&rivals.leader.storage_address()));
        assert_eq!(rivals.waiting.probe(), (true, false), "alive, not ready");
        let url = format!("http://{}/", rivals.waiting.storage_address());
        assert!(get(&url).is_err(), "who waits serves nothing");
        rivals
    }

    #[track_caller]
    fn until_ready(&self, revision: &str) -> Artifact {
        let what = format!("became ready with {revision}");
        let object = Cluster::shared()
            .api()
            .until(&self.chart, PATIENCE, &what, |chart| {
                is_ready_with(chart, revision)
            });
        Artifact::of(&object).expect("an artifact")
    }

    /// The second has taken over, and what the chart names is served by it.
    #[track_caller]
    fn taken_over(&mut self) {
        self.waiting.until_ready();
        let address = self.waiting.storage_address();
        let object = Cluster::shared().api().until(
            &self.chart,
            PATIENCE,
            "was served by the second",
            |chart| Artifact::of(chart).is_some_and(|artifact| artifact.url.contains(&address)),
        );
        Artifact::of(&object).expect("an artifact").download();
        push(&self.registry, "1.0.1");
        self.until_ready("1.0.1").download();
    }
}

fn push(registry: &OciRegistry, version: &str) {
    let (helm, source) = (Helm::new(), ChartFolder::new("app", "hello"));
    helm.push(&helm.package(&source, version), &registry.url("charts"));
}

#[test]
fn a_leader_that_is_told_to_end_hands_over_before_its_lease_is_over() {
    let mut rivals = Rivals::new("handed-over");
    let told = Instant::now();
    let status = rivals.leader.terminate(Duration::from_secs(10));
    assert!(status.success(), "{status}");
    rivals.waiting.until_ready();
    let took = told.elapsed();
    assert!(took < LEASE, "{took:?} until the next one leads");
    rivals.taken_over();
}

#[test]
fn a_leader_that_is_killed_is_replaced_when_its_lease_is_over() {
    let mut rivals = Rivals::new("killed-leader");
    rivals.leader.kill();
    rivals.taken_over();
}

#[test]
fn a_leader_that_was_frozen_while_it_was_replaced_writes_nothing_and_ends() {
    let mut rivals = Rivals::new("frozen-leader");
    rivals.leader.freeze();
    rivals.taken_over();
    let cluster = Cluster::shared();
    let before = cluster.api().get(&rivals.chart).expect("a chart");
    rivals.leader.thaw();
    let status = within(PATIENCE, "the old leader to end", || rivals.leader.ended());
    assert!(!status.success(), "it tells that it lost the lease");
    let after = cluster.api().get(&rivals.chart).expect("a chart");
    assert_eq!(after["status"], before["status"]);
    assert_eq!(rivals.waiting.probe(), (true, true));
}
