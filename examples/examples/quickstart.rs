//! From an OCI registry to a chart that is served, with nothing else installed.
//!
//! ```console
//! $ cargo run --example quickstart
//! ```
//!
//! The registry, the charts and the controller are real; they only share a process. In a cluster the
//! controller reads the same manifests from the API server, and Flux's helm-controller installs what
//! it serves.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use portolan_acquire::{Acquirer, Limits, Registry};
use portolan_auth::{Request as Get, Transport};
use portolan_controller::{Local, LocalOptions, Observed, Table};
use portolan_kit::Registry as LoopbackRegistry;
use portolan_reference::{Algorithm, Digest};
use tempfile::TempDir;

/// How long anything here may take. Usually it is a tenth of that.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<()> {
    let begun = Instant::now();

    heading("1. An OCI registry starts, in this process");
    let registry = LoopbackRegistry::start().await;
    println!("   {}", registry.oci_url("charts"));

    heading("2. The charts of examples/charts are packaged and pushed");
    let charts = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts");
    push(&charts.join("hello"), &registry).await?;
    push(&charts.join("nightly"), &registry).await?;

    heading(
        "3. The controller reads the manifests of examples/quickstart, and brings what they ask for",
    );
    let manifests = manifests(&registry)?;
    let mut controller = Local::start(manifests.path(), LocalOptions::default()).await?;
    ensure!(controller.settled(PATIENCE).await, "no answer in time");
    show(&controller);

    heading("4. Newer versions are pushed; hello.yaml asks for 1.x, and to look every second");
    for version in ["1.1.0", "2.0.0"] {
        push(
            at_version(&charts.join("hello"), version)?.path(),
            &registry,
        )
        .await?;
    }
    let pushed = Instant::now();
    let hello = followed(&mut controller, "hello", "1.1.0").await?;
    println!(
        "\n   {:.1} s later 1.1.0 has been brought; 2.0.0 is not in 1.x:\n",
        pushed.elapsed().as_secs_f64()
    );
    show(&controller);

    heading("5. The artifact is served to whoever installs it");
    let url = hello.url().context("a chart that is ready has a URL")?;
    println!("   {url}");
    let archive = fetch(url).await?;
    let digest = Digest::of(Algorithm::Sha256, &archive).to_string();
    ensure!(
        Some(&*digest) == hello.digest(),
        "the status promised another digest"
    );
    println!(
        "   fetched {} bytes with the digest that the HelmChart's status names:",
        archive.len()
    );
    println!("   {digest}");

    controller.stop().await?;
    println!(
        "\nDone in {:.1} s. What next:\n",
        begun.elapsed().as_secs_f64()
    );
    println!("   your own manifests   cargo run -p portolan-controller -- local --once DIR");
    println!("   the command line     cargo run -p portolan -- --help");
    println!("   in a cluster         docs/README.md");
    Ok(())
}

fn heading(text: &str) {
    println!("\n{text}\n");
}

/// Push the chart in `folder` into the registry, below `charts`.
async fn push(folder: &Path, registry: &LoopbackRegistry) -> Result<()> {
    let acquirer = Acquirer::new(Transport::builder().build()?, Limits::default());
    let charts = format!("{}/charts", registry.address()).parse()?;
    let charts = Registry::new(charts).allow_plain_http();
    let pushed = acquirer.push(folder, &charts, SystemTime::now()).await?;
    println!("   pushed oci://{}", pushed.reference);
    Ok(())
}

/// The manifests of `examples/quickstart`, with the address of our registry in place of the one
/// that is written there.
fn manifests(registry: &LoopbackRegistry) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("quickstart"))? {
        let file = file?;
        let text = fs::read_to_string(file.path())?;
        let text = text.replace("localhost:5000", &registry.address());
        fs::write(folder.path().join(file.file_name()), text)?;
    }
    Ok(folder)
}

/// A copy of a chart that says that it is another version, as its author would write it.
fn at_version(chart: &Path, version: &str) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    copy(chart, folder.path())?;
    let metadata = folder.path().join("Chart.yaml");
    let text = fs::read_to_string(&metadata)?;
    fs::write(
        &metadata,
        text.replace("version: 1.0.0", &format!("version: {version}")),
    )?;
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for file in fs::read_dir(from)? {
        let file = file?;
        let to = to.join(file.file_name());
        if file.file_type()?.is_dir() {
            fs::create_dir(&to)?;
            copy(&file.path(), &to)?;
        } else {
            fs::copy(file.path(), to)?;
        }
    }
    Ok(())
}

/// Wait until the chart `name` has followed to `version`.
async fn followed(controller: &mut Local, name: &str, version: &str) -> Result<Observed> {
    let follow = async {
        loop {
            let mut objects = controller.objects().into_iter();
            let found =
                objects.find(|object| object.name() == name && object.revision() == Some(version));
            if let Some(object) = found {
                return object;
            }
            controller.changed().await;
        }
    };
    let followed = tokio::time::timeout(PATIENCE, follow).await;
    followed.with_context(|| format!("{name} did not follow to {version} in time"))
}

/// The table that `portolan-controller local` shows.
fn show(controller: &Local) {
    for line in Table::new(&controller.objects()).to_string().lines() {
        println!("   {line}");
    }
}

async fn fetch(url: &str) -> Result<Vec<u8>> {
    let transport = Transport::builder().build()?;
    let response = transport.send(Get::get(url.parse()?)).await?;
    ensure!(
        response.status().is_success(),
        "{url} answered {}",
        response.status()
    );
    Ok(response.collect(10 << 20).await?.to_vec())
}
