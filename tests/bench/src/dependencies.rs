//! Bringing what an umbrella chart depends on, beside `helm dependency build`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use portolan_kit::{ChartArchive, WebServer};
use portolan_real::{OciRegistry, Part, part};

use crate::delay::Delay;
use crate::measure;
use crate::table::{Row, title};

/// How many repositories with an index the charts are spread over.
const REPOSITORIES: usize = 5;
/// How many charts each of the repositories lists besides.
const LISTED: usize = 1_000;

pub(crate) fn run() -> Result<()> {
    let (helm, portolan) = (part(Part::Helm), measure::ours("portolan")?);
    for dependencies in [1, 10, 50] {
        let registry = OciRegistry::open();
        let web = WebServer::start_blocking();
        let folder = tempfile::tempdir()?;
        publish(dependencies, &registry, &web, folder.path(), &helm)?;
        for rtt in [0, 20] {
            let rtt_of = Duration::from_millis(rtt);
            let to_registry = Delay::to(registry.host(), rtt_of)?;
            let web_at = web.url("").trim_start_matches("http://").to_owned();
            let to_web = Delay::to(web_at.trim_end_matches('/').to_owned(), rtt_of)?;
            let chart = folder.path().join(format!("umbrella-{dependencies}-{rtt}"));
            fs::create_dir_all(&chart)?;
            let text = umbrella(
                dependencies,
                &to_registry.address().to_string(),
                &to_web.address().to_string(),
            );
            fs::write(chart.join("Chart.yaml"), text)?;
            let measured = |program: &Path, more: &[&str]| -> Result<(measure::Cost, f64)> {
                let chart = chart.display().to_string();
                let arguments = [&["dependency", "update", &chart], more].concat();
                let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
                to_registry.requests();
                to_web.requests();
                let runs = 3;
                let cost = measure::command(program, &arguments, runs)?;
                let requests = to_registry.requests() + to_web.requests();
                Ok((cost, requests as f64 / f64::from(runs + 1)))
            };
            let ours = measured(&portolan, &["--plain-http"])?;
            let helms = measured(&helm, &["--plain-http"])?;
            title(&format!(
                "update {dependencies} dependencies of a chart, {rtt} ms round trip"
            ));
            let trips = format!(
                "{:.0} (connection, tags or index, manifest, chart)",
                4.0 * rtt as f64
            );
            let figure = |what, unit, ours, theirs, limit| {
                Row {
                    what,
                    unit,
                    ours,
                    peer: Some(("helm", theirs)),
                    limit,
                }
                .print();
            };
            figure(
                "requests",
                "1",
                ours.1,
                helms.1,
                "each index and chart once",
            );
            figure("wall", "ms", ours.0.wall_ms, helms.0.wall_ms, &trips);
            figure(
                "CPU",
                "ms",
                ours.0.cpu_ms,
                helms.0.cpu_ms,
                "hash and inflate",
            );
            figure(
                "peak memory",
                "MiB",
                ours.0.rss_mib,
                helms.0.rss_mib,
                "the program",
            );
        }
    }
    Ok(())
}

/// The charts: odd ones in the registry, even ones in the repositories.
fn publish(
    dependencies: usize,
    registry: &OciRegistry,
    web: &WebServer,
    folder: &Path,
    helm: &Path,
) -> Result<()> {
    let mut indexes = vec!["apiVersion: v1\nentries:\n".to_owned(); REPOSITORIES];
    for number in 0..dependencies {
        let name = format!("dep{number}");
        let archive = ChartArchive::new(&name, "1.0.0")
            .padding(14 << 10, number as u64)
            .build();
        if number % 2 == 1 {
            let file = folder.join(format!("{name}-1.0.0.tgz"));
            fs::write(&file, archive)?;
            let to = format!("oci://{}/charts", registry.host());
            let push = ["push", &file.display().to_string(), &to, "--plain-http"];
            measure::command(helm, &push.map(str::to_owned), 1)?;
        } else {
            let repository = number % REPOSITORIES;
            list(&mut indexes[repository], &name)?;
            let path = format!("/r{repository}/{name}-1.0.0.tgz");
            web.put(&path, "application/gzip", archive);
        }
    }
    for (repository, mut index) in indexes.into_iter().enumerate() {
        for other in 0..LISTED {
            list(&mut index, &format!("other{other}"))?;
        }
        web.put(&format!("/r{repository}/index.yaml"), "text/yaml", index);
    }
    Ok(())
}

fn list(index: &mut String, name: &str) -> Result<()> {
    writeln!(
        index,
        "  {name}:\n  - apiVersion: v2\n    name: {name}\n    version: 1.0.0\n    description: A chart of many\n    urls:\n    - {name}-1.0.0.tgz"
    )?;
    Ok(())
}

fn umbrella(dependencies: usize, registry: &str, web: &str) -> String {
    let mut text = "apiVersion: v2\nname: umbrella\nversion: 1.0.0\ndependencies:\n".to_owned();
    for number in 0..dependencies {
        let repository = if number % 2 == 1 {
            format!("oci://{registry}/charts")
        } else {
            format!("http://{web}/r{}", number % REPOSITORIES)
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "- {{name: dep{number}, version: 1.x, repository: \"{repository}\"}}"
        );
    }
    text
}
