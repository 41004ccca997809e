//! Pulling a chart from a registry, beside helm and crane.

use std::time::Duration;

use anyhow::Result;
use portolan_kit::ChartArchive;
use portolan_real::{OciRegistry, Part, part};

use crate::delay::Delay;
use crate::measure::{self, Cost};
use crate::table::{Row, title};

const SIZES: [(&str, usize); 3] = [("14 KB", 14 << 10), ("1 MB", 1 << 20), ("9 MB", 9 << 20)];

/// One figure of a pull and its requests.
type Figure = fn(&(Cost, f64)) -> f64;

pub(crate) fn run() -> Result<()> {
    let registry = OciRegistry::open();
    let folder = tempfile::tempdir()?;
    let (helm, crane) = (part(Part::Helm), part(Part::Crane));
    let portolan = measure::ours("portolan")?;
    for (name, size) in SIZES {
        let chart = format!("c{size}");
        let archive = folder.path().join(format!("{chart}-1.0.0.tgz"));
        std::fs::write(
            &archive,
            ChartArchive::new(&chart, "1.0.0").padding(size, 7).build(),
        )?;
        let to = format!("oci://{}/charts", registry.host());
        let push = ["push", "--plain-http"].map(str::to_owned);
        let arguments = [&push[..1], &[archive.display().to_string(), to], &push[1..]].concat();
        measure::command(&helm, &arguments, 1)?;
        for rtt in [0, 20] {
            let delay = Delay::to(registry.host(), Duration::from_millis(rtt))?;
            let at = format!("{}/charts/{chart}", delay.address());
            let out = folder.path().display().to_string();
            let runs = if rtt == 0 { 20 } else { 10 };
            let measured = |program, arguments: &[&str]| -> Result<(Cost, f64)> {
                delay.requests();
                let arguments: Vec<String> =
                    arguments.iter().map(|text| (*text).to_owned()).collect();
                let cost = measure::command(program, &arguments, runs)?;
                Ok((cost, delay.requests() as f64 / f64::from(runs + 1)))
            };
            let oci = format!("oci://{at}");
            let version = ["--version", "1.0.0", "--plain-http", "-d", &out];
            let ours = measured(&portolan, &[&["pull", &oci], &version[..]].concat())?;
            let helms = measured(&helm, &[&["pull", &oci], &version[..]].concat())?;
            let tag = format!("{at}:1.0.0");
            let tar = format!("{out}/crane.tar");
            let cranes = measured(&crane, &["pull", "--insecure", &tag, &tar])?;
            title(&format!("pull one version of {name}, {rtt} ms round trip"));
            let trips = format!("{:.0} (one connection, manifest, blob)", 3.0 * rtt as f64);
            for (peer, theirs) in [("helm", helms), ("crane", cranes)] {
                let rows: [(&str, &str, Figure, &str); 4] = [
                    ("requests", "1", |all| all.1, "2"),
                    ("wall", "ms", |all| all.0.wall_ms, &trips),
                    ("CPU", "ms", |all| all.0.cpu_ms, "hash and inflate"),
                    ("peak memory", "MiB", |all| all.0.rss_mib, "the program"),
                ];
                for (what, unit, figure, limit) in rows {
                    Row {
                        what,
                        unit,
                        ours: figure(&ours),
                        peer: Some((peer, figure(&theirs))),
                        limit,
                    }
                    .print();
                }
            }
        }
    }
    Ok(())
}
