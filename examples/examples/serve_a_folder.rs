//! You have manifests of Flux, and want their charts served where there is no cluster: in a test, or
//! on a laptop.
//!
//! ```console
//! $ cargo run --example serve_a_folder
//! ```
//!
//! On the command line this is `portolan-controller local DIR`.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use portolan_controller::{Local, LocalOptions, State, Table};
use portolan_kit::{Registry, chart_archive};

#[tokio::main]
async fn main() -> Result<()> {
    let registry = Registry::start().await;
    registry.push_chart(
        "charts/podinfo",
        &chart_archive("podinfo", "6.5.1"),
        "6.5.1",
    );

    // A folder as it lies in a repository: any number of files and documents.
    let folder = tempfile::tempdir()?;
    let manifests = format!(
        "
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {{ name: charts }}
spec: {{ type: oci, url: '{}', insecure: true }}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmChart
metadata: {{ name: podinfo }}
spec: {{ chart: podinfo, version: 6.x, interval: 10m, sourceRef: {{ kind: HelmRepository, name: charts }} }}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmChart
metadata: {{ name: mistaken }}
spec: {{ chart: podinfo, version: 8.x, interval: 10m, sourceRef: {{ kind: HelmRepository, name: charts }} }}
",
        registry.oci_url("charts")
    );
    fs::write(folder.path().join("podinfo.yaml"), manifests)?;

    let mut controller = Local::start(folder.path(), LocalOptions::default()).await?;
    ensure!(
        controller.problems().is_empty(),
        "{:?}",
        controller.problems()
    );
    ensure!(
        controller.settled(Duration::from_secs(30)).await,
        "no answer in time"
    );
    let objects = controller.objects();
    print!("{}", Table::new(&objects));

    for object in &objects {
        match object.state() {
            State::Ready => println!("\n{object} is at {}", object.url().unwrap_or_default()),
            State::Failed => println!("\n{object}: {}", object.message().unwrap_or_default()),
            _ => {}
        }
    }
    controller.stop().await?;
    Ok(())
}
