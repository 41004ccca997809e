//! You have a chart in a folder, and want it in a registry, in the same bytes each time.
//!
//! ```console
//! $ cargo run --example publish_a_chart
//! ```

use std::path::Path;
use std::time::SystemTime;

use anyhow::{Result, ensure};
use portolan_acquire::{Acquirer, Limits, Registry};
use portolan_auth::Transport;
use portolan_chart::read_directory;
use portolan_kit::Registry as LoopbackRegistry;
use portolan_reference::{Algorithm, Digest};

#[tokio::main]
async fn main() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/hello");

    // What Helm would refuse is refused here. An archive knows no order of files and no times, so
    // whoever packages the folder gets the same bytes.
    let chart = read_directory(&folder, &portolan_chart::Limits::default())?;
    println!("{} {}:", chart.metadata().name, chart.metadata().version);
    for (path, bytes) in chart.files() {
        println!("   {:5} bytes  {path}", bytes.len());
    }
    let mut archive = Vec::new();
    chart.write_archive(&mut archive)?;
    println!("packaged: {}", Digest::of(Algorithm::Sha256, &archive));

    // Pushing a folder is the same, and the registry. Name and version are the chart's own; what is
    // said here is below what it goes.
    let registry = LoopbackRegistry::start().await;
    let acquirer = Acquirer::new(Transport::builder().build()?, Limits::default());
    let charts = format!("{}/charts", registry.address()).parse()?;
    let charts = Registry::new(charts).allow_plain_http();
    let pushed = acquirer.push(&folder, &charts, SystemTime::now()).await?;
    println!(
        "pushed:   {} with the manifest {}",
        pushed.reference, pushed.digest
    );

    let packaged = Digest::of(Algorithm::Sha256, &archive).to_string();
    let stored = registry.blob("charts/hello", &packaged);
    ensure!(
        stored.as_deref() == Some(&*archive),
        "the registry has another archive"
    );
    println!("The registry has exactly these bytes.");
    Ok(())
}
