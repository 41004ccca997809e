//! What a command costs as a whole process.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

/// The cost of one run of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall_ms: f64,
    pub(crate) cpu_ms: f64,
    pub(crate) rss_mib: f64,
}

/// The mean of `runs` runs, after one that is not counted. The runs go through one shell, so that CPU
/// is summed before it is rounded to hundredths of a second.
pub(crate) fn command(program: &Path, arguments: &[String], runs: u32) -> Result<Cost> {
    const LOOP: &str =
        r#"n=$1; shift; while [ "$n" -gt 0 ]; do "$@" >/dev/null || exit 1; n=$((n-1)); done"#;
    let report = tempfile::NamedTempFile::new()?;
    let run = |count: u32| -> Result<f64> {
        let begin = Instant::now();
        let status = Command::new("/usr/bin/time")
            .args(["-f", "%U %S %M", "-o"])
            .arg(report.path())
            .args(["sh", "-c", LOOP, "sh", &count.to_string()])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .context("GNU time is needed: install the package `time`")?;
        ensure!(
            status.status.success(),
            "{} {arguments:?}: {}",
            program.display(),
            String::from_utf8_lossy(&status.stderr)
        );
        Ok(begin.elapsed().as_secs_f64() * 1000.0)
    };
    run(1)?;
    let wall = run(runs)?;
    let text = std::fs::read_to_string(report.path())?;
    let figures: Vec<f64> = text
        .lines()
        .last()
        .unwrap_or_default()
        .split(' ')
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [user, system, rss] = figures[..] else {
        bail!("GNU time said `{text}`");
    };
    let runs = f64::from(runs);
    Ok(Cost {
        wall_ms: wall / runs,
        cpu_ms: (user + system) * 1000.0 / runs,
        rss_mib: rss / 1024.0,
    })
}

/// The CPU that a process and its threads have used, in seconds.
pub(crate) fn cpu_of(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = stat.rsplit_once(") ").context("a process has a name")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    // USER_HZ is 100 on every Linux that runs Kubernetes.
    Ok(ticks as f64 / 100.0)
}

/// The memory that a process holds, in MiB.
pub(crate) fn rss_of(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("a process has memory")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

/// A program of ours, as it was built for release.
pub(crate) fn ours(name: &str) -> Result<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name(name);
    ensure!(
        beside.is_file(),
        "{} is missing: cargo build --release -p portolan -p portolan-controller",
        beside.display()
    );
    Ok(beside)
}

/// An installed peer, if it is there.
pub(crate) fn peer(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        println!("({name} is not installed: its column stays empty)");
    }
    found
}
