//! The suite leaves nothing behind, even when it is killed.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use portolan_real::{Cluster, OciRegistry, within};

/// Says that this process is the one that is to be killed.
const VICTIM: &str = "PORTOLAN_REAL_VICTIM";

/// The parts that run in a folder, by their command lines.
fn running_in(folder: &Path) -> Vec<String> {
    let name = folder.display().to_string();
    let processes = fs::read_dir("/proc").expect("a list of processes");
    processes
        .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        // The keeper has the folder in its command line as well, and is the last to go.
        .filter(|line| line.contains(&name))
        .collect()
}

#[test]
fn what_a_killed_suite_leaves_behind_is_ended_and_removed() {
    if env::var_os(VICTIM).is_some() {
        be_killed();
    }
    let mut victim = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "--nocapture"])
        .arg("what_a_killed_suite_leaves_behind_is_ended_and_removed")
        .env(VICTIM, "yes")
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program runs");
    let output = BufReader::new(victim.stdout.take().expect("a pipe"));
    let folder = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("folder: ").map(PathBuf::from));
    let folder = folder.expect("the victim says where its folder is");
    let running = running_in(&folder);
    for part in ["etcd", "kube-apiserver", "registry"] {
        let found = running
            .iter()
            .any(|line| line.contains(&format!("/{part} ")));
        assert!(found, "{part} is not among {running:?}");
    }
    victim.kill().expect("SIGKILL");
    victim.wait().expect("it has ended");
    within(Duration::from_secs(10), "all of it to end", || {
        (running_in(&folder).is_empty() && !folder.exists()).then_some(())
    });
}

/// Start everything that can be left behind, say where, and wait for the end.
#[expect(
    clippy::print_stdout,
    reason = "read by the process that kills this one"
)]
fn be_killed() -> ! {
    let _cluster = Cluster::without_resources();
    let _registry = OciRegistry::open();
    println!("folder: {}", portolan_real::temporary().display());
    loop {
        sleep(Duration::from_secs(1));
    }
}
