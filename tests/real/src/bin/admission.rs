//! Writes `data/admission.jsonl` anew: what the API server answers to the objects in it with the custom
//! resources of Flux.
//!
//! A new row needs `kind`, `name` and `spec`; the rest is written by this program:
//!
//! ```text
//! PORTOLAN_FLUX_CRDS=…/config/crd/bases cargo run -p portolan-real --bin admission
//! ```
#![expect(clippy::print_stderr, reason = "it says what it needs")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use portolan_real::{Cluster, flux_resources};
use serde_json::{Value, json};

fn main() -> ExitCode {
    match flux_resources() {
        Ok(resources) => {
            record(&resources);
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn record(resources: &[String]) {
    let cluster = Cluster::without_resources();
    for yaml in resources {
        cluster.add_resources(yaml);
    }
    let namespace = cluster.namespace("admission");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/admission.jsonl");
    let rows = fs::read_to_string(&path).expect("a table");
    let mut recorded = String::new();
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).expect("a row of the table");
        let answered = answer(&cluster, &namespace, &row);
        writeln!(recorded, "{answered}").expect("memory");
    }
    fs::write(&path, recorded).expect("the table can be written");
}

fn answer(cluster: &Cluster, namespace: &str, row: &Value) -> Value {
    let mut answered = json!({"kind": row["kind"], "name": row["name"], "spec": row["spec"]});
    let manifest = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": row["kind"],
        "metadata": {"namespace": namespace, "name": row["name"]},
        "spec": row["spec"],
    });
    match cluster.api().try_create(&manifest) {
        Ok(object) => {
            answered["stored"] = object["spec"].clone();
            answered["status"] = object["status"].clone();
        }
        Err(refusal) => {
            answered["code"] = json!(refusal.code);
            answered["reason"] = json!(refusal.reason);
            answered["message"] = json!(refusal.message);
        }
    }
    answered
}
