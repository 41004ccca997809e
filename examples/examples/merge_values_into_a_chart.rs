//! You have a chart and the values of an environment, and want a chart with these values in it, in the
//! same bytes each time. No network, no async.

#![expect(clippy::print_stdout, reason = "it tells a story")]

use anyhow::{Result, ensure};
use portolan_chart::{Limits, merge_values, read_chart};
use portolan_kit::ChartArchive;
use portolan_reference::{Algorithm, Digest};

fn main() -> Result<()> {
    let limits = Limits::default();
    let archive = ChartArchive::new("app", "1.2.3")
        .values("image: {name: app, tag: stable}\nreplicas: 1\n")
        .file(
            "production.yaml",
            "image: {tag: v7}\nreplicas: 12345678901234567890\n",
        )
        .build();

    // Read whole, under limits: nothing in it leads out, nothing in it is endless.
    let mut chart = read_chart(archive.as_slice(), &limits)?;
    let files =
        ["values.yaml", "production.yaml"].map(|name| (name, chart.file(name).unwrap_or_default()));

    // Later files go over earlier ones, as Helm does it; numbers keep every digit.
    let values = merge_values(files, &limits)?;
    println!("{}", String::from_utf8_lossy(&values));

    chart.set_values(values)?;
    chart.set_version_metadata("production")?;
    println!("{} {}", chart.metadata().name, chart.metadata().version);

    let package = || -> Result<Digest> {
        let mut archive = Vec::new();
        chart.write_archive(&mut archive)?;
        Ok(Digest::of(Algorithm::Sha256, &archive))
    };
    let digest = package()?;
    println!("packaged: {digest}");
    ensure!(digest == package()?, "the same chart gives the same bytes");
    Ok(())
}
