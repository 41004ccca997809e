//! Reading the index of a repository, and looking charts up in it, beside Helm's own loader.

mod shape;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use portolan_chart::{Index, IndexLimits, convert_index};
use portolan_real::{Part, part};

use crate::measure::{self, Cost};
use crate::table::{Row, title};
use shape::Shape;

/// An index of 100,000 versions is larger than what is read by default.
const MAX_BYTES: u64 = 1 << 30;

pub(crate) fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for versions in [1_000, 20_000, 100_000] {
        for shape in Shape::ALL {
            read_and_convert(folder.path(), shape, versions)?;
        }
        look_up(folder.path(), versions)?;
    }
    Ok(())
}

/// Do one act in a process of its own, so that its memory can be seen.
pub(crate) fn act(act: &str, file: &Path) -> Result<()> {
    let limits = IndexLimits::default().max_index_bytes(MAX_BYTES);
    let index = match act {
        "nothing" => return Ok(()),
        "read" => Index::read(File::open(file)?, &limits)?.0,
        "convert" => {
            let stored = BufWriter::new(File::create("/dev/null")?);
            convert_index(File::open(file)?, stored, tempfile::tempfile()?, &limits)?.0
        }
        other => bail!("there is no act `{other}`"),
    };
    highest(&index)?;
    Ok(())
}

/// The highest version of the first chart.
fn highest(index: &Index) -> Result<&str> {
    let first = index.charts().next().context("there are charts")?;
    let mut versions = index.versions(first).context("the chart is there")?;
    Ok(versions.next().context("it has versions")?.version())
}

fn read_and_convert(folder: &Path, shape: Shape, versions: usize) -> Result<()> {
    let file = folder.join("index.yaml");
    let mut to = BufWriter::new(File::create(&file)?);
    shape.write(versions, &mut to)?;
    to.flush()?;
    let size = std::fs::metadata(&file)?.len() as f64;
    title(&format!(
        "index of {versions} versions, {:.1} MB of {}",
        size / 1e6,
        shape.name()
    ));
    for act in ["read", "convert"] {
        let ours = ours(act, &file)?;
        let peer = peer(act, &file)?;
        let limit = shape.goal();
        for (what, unit, ours, peer, limit) in [
            ("CPU", "ms", ours.cpu_ms, peer.cpu_ms, limit),
            (
                "peak memory",
                "MiB",
                ours.rss_mib,
                peer.rss_mib,
                "ratio 0.05",
            ),
            (
                "memory per byte of index",
                "bytes",
                ours.rss_mib * 1_048_576.0 / size,
                peer.rss_mib * 1_048_576.0 / size,
                "",
            ),
        ] {
            Row {
                what: &format!("{act}: {what}"),
                unit,
                ours,
                peer: Some(("Helm's loader", peer)),
                limit,
            }
            .print();
        }
    }
    Ok(())
}

fn ours(act: &str, file: &Path) -> Result<Cost> {
    let program = std::env::current_exe()?;
    measure::command(&program, &arguments(&["index-act", act], file), 5)
}

fn peer(act: &str, file: &Path) -> Result<Cost> {
    // The largest take a quarter of a minute each.
    let runs = if std::fs::metadata(file)?.len() > 10 << 20 {
        1
    } else {
        5
    };
    measure::command(&part(Part::IndexPeer), &arguments(&[act], file), runs)
}

fn arguments(first: &[&str], file: &Path) -> Vec<String> {
    let file = file.display().to_string();
    first
        .iter()
        .map(|part| (*part).to_owned())
        .chain([file])
        .collect()
}

/// What finding a chart costs every time: ours keeps a compact index for all who ask, Flux's
/// controller reads what it stored.
fn look_up(folder: &Path, versions: usize) -> Result<()> {
    const LOOKUPS: usize = 10_000;
    title(&format!(
        "look charts up in a stored index of {versions} versions"
    ));
    let (yaml, stored) = (folder.join("index.yaml"), folder.join("stored.json"));
    let mut to = BufWriter::new(File::create(&yaml)?);
    Shape::Block.write(versions, &mut to)?;
    to.flush()?;
    let limits = IndexLimits::default().max_index_bytes(MAX_BYTES);
    let spool = tempfile::tempfile()?;
    let mut to = BufWriter::new(File::create(&stored)?);
    let (index, _) = convert_index(File::open(&yaml)?, &mut to, spool, &limits)?;
    to.flush()?;
    let charts: Vec<&str> = index.charts().collect();
    let begin = Instant::now();
    let mut found = 0;
    for chart in charts.iter().cycle().take(LOOKUPS) {
        let versions = index.versions(chart).context("the chart is there")?;
        found += versions.filter(|entry| entry.url().is_some()).count();
    }
    let each = begin.elapsed().as_secs_f64() * 1000.0 / LOOKUPS as f64;
    anyhow::ensure!(found >= LOOKUPS, "every chart has versions");
    let peer = peer("read", &stored)?;
    let weight = index.weight() as f64 / versions as f64;
    for (what, unit, ours, peer, limit) in [
        (
            "one lookup, all versions of a chart seen",
            "ms",
            each,
            Some(("Helm's loader", peer.wall_ms)),
            "1; ratio 0.005",
        ),
        ("memory kept for a version", "bytes", weight, None, "150"),
    ] {
        Row {
            what,
            unit,
            ours,
            peer,
            limit,
        }
        .print();
    }
    Ok(())
}
