//! A chart that has to be signed, as
//! [RFC-0002](https://github.com/fluxcd/flux2/tree/main/rfcs/0002-helm-oci#verify-helm-charts) tells it: with a
//! key that a `HelmRelease` names, and by somebody whom a `HelmChart` names.

use std::time::{Duration, Instant};

use portolan_real::{
    Believed, Caller, Cluster, KeyKind, OciRegistry, Signature, SigningKey, Sigstore, condition,
    copy, helm_chart, helm_repository, is_true_for, pinned,
};
use serde_json::json;

use crate::Foreign;
use crate::stage::{INTERVAL, PATIENCE, SLACK, Stage, report};

/// Both stories. They panic where they do not go on as they should.
pub(crate) fn tell(foreign: &Foreign, cluster: &Cluster) {
    with_a_key(foreign, cluster);
    by_somebody(foreign, cluster);
}

fn with_a_key(foreign: &Foreign, cluster: &Cluster) {
    let stage = Stage::new(foreign, cluster, "signed-with-a-key", OciRegistry::open());
    let (lab, key) = (Sigstore::shared(), SigningKey::new(KeyKind::P256));
    stage.repository();
    stage.scene.api().create(&json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": stage.scene.namespace, "name": "cosign-keys"},
        "stringData": {"cosign.pub": key.public_pem()},
    }));
    let first = stage.push("1.0.0");
    lab.sign(&first, &Signature::with(&key).as_tag());
    let begun = Instant::now();
    stage.release(&json!({
        "chart": "app",
        "version": "1.0.x",
        "interval": format!("{}s", INTERVAL.as_secs()),
        "sourceRef": {"kind": "HelmRepository", "name": "charts"},
        "verify": {"provider": "cosign", "secretRef": {"name": "cosign-keys"}},
    }));
    stage.until_running("1.0.0", "one", PATIENCE);
    report("installed, as it is signed", begun);

    let second = stage.push("1.0.1");
    // The signature of something else.
    copy(&signature_tag(&first), &signature_tag(&second));
    stage.refused("1.0.1 is refused, which nobody has signed");
    stage.still_runs("1.0.0", "one");
    let begun = Instant::now();
    lab.sign(&second, &Signature::with(&key));
    stage.until_running("1.0.1", "one", PATIENCE);
    report("upgraded to 1.0.1 after it was signed", begun);

    // Other content under the tag that was signed.
    stage
        .scene
        .source
        .write("values.yaml", "message: changed\n");
    stage.push("1.0.1");
    std::thread::sleep(INTERVAL + Duration::from_secs(1));
    stage.still_runs("1.0.1", "one");
    stage.deleted();
}

fn by_somebody(foreign: &Foreign, cluster: &Cluster) {
    let lab = Sigstore::shared();
    let root = lab.trusted_root(Believed::Everything);
    let flag = format!("--trusted-root={}", root.display());
    let registry = OciRegistry::open();
    let name = "signed-by-somebody";
    let mut stage = Stage::with_flags(foreign, cluster, name, registry, &[&flag]);
    "app".clone_into(&mut stage.chart.name);
    let (release, mallory) = (
        Caller::workflow("example/charts"),
        Caller::workflow("mallory/charts"),
    );
    stage.repository();
    let first = stage.push("1.0.0");
    lab.sign(&first, &Signature::by(&release));
    let begun = Instant::now();
    let mut chart = helm_chart(&stage.scene.namespace, "app", "1.0.x", "charts");
    chart["spec"]["interval"] = json!(format!("{}s", INTERVAL.as_secs()));
    chart["spec"]["verify"] = json!({
        "provider": "cosign",
        "matchOIDCIdentity": [{
            "issuer": format!("^{}$", lab.issuer(&release)),
            "subject": format!("^{}$", release.subject()),
        }],
    });
    stage.scene.api().create(&chart);
    stage.release_chart();
    stage.until_running("1.0.0", "one", PATIENCE);
    report("installed, as somebody signed it who may", begun);

    let second = stage.push("1.0.1");
    lab.sign(&second, &Signature::by(&mallory));
    stage.refused("1.0.1 is refused, which somebody else has signed");
    stage.still_runs("1.0.0", "one");
    let begun = Instant::now();
    lab.sign(&second, &Signature::by(&release));
    stage.until_running("1.0.1", "one", PATIENCE + SLACK);
    report("upgraded to 1.0.1 after the right one signed it", begun);
}

impl Stage<'_, OciRegistry> {
    fn repository(&self) {
        let url = self.scene.charts.url("charts");
        let repository = helm_repository(&self.scene.namespace, "charts", &url);
        self.scene.api().create(&repository);
    }

    /// Push a version: where it is, with its digest.
    fn push(&self, version: &str) -> String {
        self.scene.push(version);
        pinned(&format!(
            "{}/charts/app:{version}",
            self.scene.charts.host()
        ))
    }

    fn refused(&self, what: &str) {
        let begun = Instant::now();
        self.scene.until(&self.chart, "was refused", |chart| {
            condition(chart, "SourceVerified").is_some_and(|(status, reason, _)| {
                (status, reason) == ("False", "VerificationError")
            }) && is_true_for(chart, "BuildFailed", "ChartVerificationError")
        });
        report(what, begun);
    }
}

/// Where the tag form of a signature is.
fn signature_tag(reference: &str) -> String {
    let (repository, digest) = reference.split_once('@').expect("a digest");
    format!("{repository}:{}.sig", digest.replace(':', "-"))
}
