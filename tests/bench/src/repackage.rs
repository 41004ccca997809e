//! Packaging a folder with another values file merged in, beside `helm package`, which merges none.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use portolan_chart::{Limits, merge_values, read_directory};
use portolan_real::{Part, part};

use crate::measure;
use crate::table::{Row, title};

const SIZES: [(&str, usize); 2] = [("1 MB", 1 << 20), ("10 MB", 10 << 20)];

pub(crate) fn run() -> Result<()> {
    title("package a folder with a values file merged in");
    let helm = part(Part::Helm);
    for (name, size) in SIZES {
        let here = tempfile::tempdir()?;
        let path = |file: &str| here.path().join(file).display().to_string();
        write_chart(here.path(), size)?;
        let once = |out: &str| {
            let arguments = [
                "repackage-folder",
                &path("app"),
                &path("more.yaml"),
                &path(out),
            ];
            arguments.map(str::to_owned)
        };
        let runs = if size > 1 << 20 { 5 } else { 20 };
        let program = std::env::current_exe()?;
        let ours = measure::command(&program, &once("ours.tgz"), runs)?;
        measure::command(&program, &once("again.tgz"), 1)?;
        ensure!(
            fs::read(path("ours.tgz"))? == fs::read(path("again.tgz"))?,
            "equal charts gave other bytes"
        );
        let package = ["package", &path("app"), "-d", &path("")].map(str::to_owned);
        let theirs = measure::command(&helm, &package, runs)?;
        let megabytes =
            |file: &str| -> Result<f64> { Ok(fs::metadata(path(file))?.len() as f64 / 1e6) };
        let cpu = format!("{name}: CPU");
        let limit = format!("3 times the chart: {}", 3 * size / (1 << 20));
        for (what, unit, ours, peer, limit) in [
            (cpu.as_str(), "ms", ours.cpu_ms, theirs.cpu_ms, "ratio 0.5"),
            ("peak memory", "MiB", ours.rss_mib, theirs.rss_mib, &limit),
            (
                "package",
                "MB",
                megabytes("ours.tgz")?,
                megabytes("app-1.0.0.tgz")?,
                "as small",
            ),
        ] {
            Row {
                what,
                unit,
                ours,
                peer: Some(("helm package", peer)),
                limit,
            }
            .print();
        }
    }
    Ok(())
}

/// What is measured: one package, written to `out`.
pub(crate) fn repackage_folder(folder: &Path, values: &Path, out: &Path) -> Result<()> {
    let limits = Limits::default();
    let mut chart = read_directory(folder, &limits)?;
    let more = fs::read(values)?;
    let own = chart.values().context("a chart with values")?;
    let merged = merge_values([("values.yaml", own), ("more.yaml", &more)], &limits)?;
    chart.set_values(merged)?;
    chart.set_version_metadata("3")?;
    let mut out = BufWriter::new(fs::File::create(out)?);
    chart.write_archive(&mut out)?;
    Ok(out.flush()?)
}

/// A chart of templates that are about as easy to compress as written ones, and a values file
/// beside it.
fn write_chart(here: &Path, size: usize) -> Result<()> {
    let app = here.join("app");
    fs::create_dir_all(app.join("templates"))?;
    fs::write(
        app.join("Chart.yaml"),
        "apiVersion: v2\nname: app\nversion: 1.0.0\n",
    )?;
    let mut words = Words(7);
    let (mut written, mut file) = (0, 0);
    while written < size {
        let lines = (0..1200).map(|_| {
            let (key, value, comment) = (words.next(), words.next(), words.next());
            format!(
                "  {key}: {value}-{} # {comment}\n",
                words.random() % 100_000
            )
        });
        let text = lines.collect::<Vec<_>>().concat();
        written += text.len();
        file += 1;
        fs::write(app.join(format!("templates/{file}.yaml")), text)?;
    }
    for path in [app.join("values.yaml"), here.join("more.yaml")] {
        let entries = (0..300).map(|entry| {
            let (name, key) = (words.next(), words.next());
            format!("{name}{entry}:\n  {key}: {entry}\n  list: [a, b, {entry}]\n")
        });
        fs::write(path, entries.collect::<Vec<_>>().concat())?;
    }
    Ok(())
}

/// Three thousand words, in the same random order every time.
struct Words(u64);

impl Words {
    fn random(&mut self) -> u64 {
        // Knuth's MMIX generator; its high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn next(&mut self) -> String {
        let mut word = self.random() % 3000 + 1;
        let mut text = String::new();
        for _ in 0..3 + word % 7 {
            word = word.wrapping_mul(48_271) % 2_147_483_647;
            text.push(char::from(b'a' + (word % 26) as u8));
        }
        text
    }
}
