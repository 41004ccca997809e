//! `portolan-controller run`, where no API server answers, and what else needs none.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The command, with an environment that has nothing in it.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portolan-controller"));
    command.env_clear().args(arguments);
    command
}

/// What comes of the command, which must end by itself.
fn output(arguments: &[&str]) -> Output {
    let mut process = command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let (mut stdout, mut stderr) = (process.stdout.take(), process.stderr.take());
    let out = std::thread::spawn(move || all(stdout.as_mut()));
    let err = std::thread::spawn(move || all(stderr.as_mut()));
    let began = Instant::now();
    let status = loop {
        if let Some(status) = process.try_wait().expect("a process") {
            break status;
        }
        let is_late = began.elapsed() > Duration::from_secs(30);
        if is_late {
            let _ = process.kill();
        }
        assert!(!is_late, "{arguments:?} does not end");
        std::thread::sleep(Duration::from_millis(5));
    };
    Output {
        status,
        stdout: out.join().expect("read"),
        stderr: err.join().expect("read"),
    }
}

fn all(pipe: Option<&mut impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    pipe.expect("a pipe").read_to_end(&mut bytes).expect("read");
    bytes
}

/// The exit code, and everything that was written to standard error.
#[track_caller]
fn check_refused(arguments: &[&str], code: i32, because: &str) {
    let output = output(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(because), "{said}");
}

/// A folder with a storage path, and a way to an API server that is not there.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("data")).expect("a folder");
        let kubeconfig = "{apiVersion: v1, kind: Config, current-context: x, \
            clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}], \
            users: [{name: u, user: {token: hunter2}}], contexts: [{name: x, context: {cluster: c, user: u}}]}";
        std::fs::write(folder.path().join("kubeconfig"), kubeconfig).expect("written");
        Self { folder }
    }

    fn flag(&self, flag: &str, file: &str) -> String {
        format!("--{flag}={}", self.folder.path().join(file).display())
    }

    /// What is right, and on top of it `more`.
    fn refuses(&self, more: &[&str], because: &str) {
        let (kubeconfig, data) = (
            self.flag("kubeconfig", "kubeconfig"),
            self.flag("storage-path", "data"),
        );
        let mut arguments = vec![
            "run",
            &kubeconfig,
            &data,
            "--storage-addr=127.0.0.1:0",
            "--health-addr=0",
            "--metrics-addr=0",
        ];
        arguments.extend(more);
        check_refused(&arguments, 1, because);
    }
}

#[test]
fn what_cannot_work_is_refused_at_the_start_by_the_name_of_its_flag() {
    let place = Place::new();
    place.refuses(
        &["--storage-path=/nowhere"],
        "--storage-path: `/nowhere` is not a directory",
    );
    place.refuses(
        &["--storage-addr=nonsense"],
        "--storage-addr: cannot listen on `nonsense`",
    );
    place.refuses(&["--storage-adv-addr=a b"], "--storage-adv-addr");
    place.refuses(
        &["--trusted-root=/nowhere"],
        "--trusted-root: cannot read /nowhere: No such file",
    );
    let kubeconfig = place.folder.path().join("kubeconfig");
    let kubeconfig = kubeconfig.display();
    place.refuses(
        &[&format!("--trusted-root={kubeconfig}")],
        &format!("--trusted-root: cannot use {kubeconfig}: not a usable trusted root: "),
    );
    place.refuses(&["--kubeconfig=/nowhere"], "--kubeconfig cannot be used");
    place.refuses(
        &["--feature-gates=Nonsense=true"],
        "--feature-gates: there is no feature gate `Nonsense`",
    );
    place.refuses(
        &["--authorized-artifact-client-spiffe-id=spiffe://self/flux/"],
        "--authorized-artifact-client-spiffe-id is not supported",
    );
    place.refuses(&["--watch-all-namespaces=false"], "RUNTIME_NAMESPACE");
    place.refuses(
        &[
            "--enable-leader-election",
            "--leader-election-renew-deadline=40s",
        ],
        "--leader-election-lease-duration must be longer",
    );
}

#[test]
fn a_port_in_use_is_told_by_the_name_of_its_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    for flag in ["storage-addr", "health-addr", "metrics-addr"] {
        Place::new().refuses(
            &[&format!("--{flag}={address}")],
            &format!("--{flag}: cannot listen on `{address}`"),
        );
    }
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2() {
    check_refused(&["run", "--interval-jitter-percentage=100"], 2, "0..=99");
    check_refused(&["run", "--nonsense"], 2, "unexpected argument");
    check_refused(&["nonsense"], 2, "unrecognized subcommand");
}

#[test]
fn help_and_version_are_no_failures() {
    for arguments in [
        &["--help"][..],
        &["run", "--help"],
        &["version"],
        &["--version"],
    ] {
        let output = output(arguments);
        assert!(output.status.success(), "{arguments:?}");
        assert!(
            !output.stdout.is_empty() && output.stderr.is_empty(),
            "{arguments:?}"
        );
    }
}

#[test]
fn the_definitions_are_printed_as_documents_of_yaml() {
    let output = output(&["crds"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    let crds: Vec<Value> = serde_saphyr::from_multiple(&text).expect("YAML");
    let names: Vec<_> = crds
        .iter()
        .map(|crd| crd["metadata"]["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(
        names,
        [
            "helmcharts.source.toolkit.fluxcd.io",
            "helmrepositories.source.toolkit.fluxcd.io"
        ]
    );
}

/// A running controller, which is killed at the end whatever happens.
struct Running {
    process: Child,
    health: String,
    metrics: String,
    storage: String,
    _place: Place,
}

/// An address that was free a moment ago.
fn free() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

impl Running {
    fn start(more: &[&str]) -> Self {
        let place = Place::new();
        let (health, metrics, storage) = (free(), free(), free());
        let process = command(&["--log-level=debug"])
            .args(more)
            .arg(place.flag("kubeconfig", "kubeconfig"))
            .arg(place.flag("storage-path", "data"))
            .args([
                format!("--health-addr={health}"),
                format!("--metrics-addr={metrics}"),
            ])
            .env("STORAGE_ADDRESS", &storage)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command runs");
        let running = Self {
            process,
            health,
            metrics,
            storage,
            _place: place,
        };
        eventually("alive", || ask(&running.health, "/healthz").is_some());
        running
    }

    /// Tell it to stop. How long that took, and what it had written.
    fn stop(mut self) -> (Duration, String) {
        let began = Instant::now();
        let signal = Command::new("kill")
            .args(["-TERM", &self.process.id().to_string()])
            .status();
        assert!(signal.expect("kill runs").success());
        let mut log = String::new();
        let mut stderr = self.process.stderr.take().expect("a log");
        stderr.read_to_string(&mut log).expect("text");
        let status = self.process.wait().expect("an end");
        assert!(status.success(), "{status}: {log}");
        (began.elapsed(), log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The status and the body of `path`, if anybody answers.
fn ask(address: &str, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[track_caller]
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "never {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn who_asks_nobody_serves_at_once_and_stops_in_time() {
    let running = Running::start(&[]);
    eventually("serving", || {
        ask(&running.storage, "/").is_some_and(|(status, _)| status == 200)
    });
    assert_eq!(ask(&running.health, "/readyz").expect("an answer").0, 200);
    eventually("counting", || {
        ask(&running.metrics, "/metrics")
            .is_some_and(|(_, text)| text.contains("controller_runtime_max_concurrent_reconciles{"))
    });
    let (took, log) = running.stop();
    assert!(took < Duration::from_secs(10), "{took:?}");
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        assert!(
            line["ts"].is_string() && line["level"].is_string() && line["msg"].is_string(),
            "{line}"
        );
    }
    assert!(log.contains("the watch was interrupted"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}

#[test]
fn who_waits_for_the_lease_is_alive_and_not_ready_and_serves_nothing() {
    let running = Running::start(&["--enable-leader-election"]);
    assert_eq!(ask(&running.health, "/healthz").expect("an answer").0, 200);
    assert_eq!(ask(&running.health, "/readyz").expect("an answer").0, 500);
    assert!(TcpStream::connect(&running.storage).is_err());
    let (_, metrics) = ask(&running.metrics, "/metrics").expect("an answer");
    assert!(
        metrics.contains(
            r#"leader_election_master_status{name="source-controller-leader-election"} 0"#
        ),
        "{metrics}"
    );
    let (took, _) = running.stop();
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_flag_without_effect_is_told_once() {
    let running = Running::start(&["--kube-api-qps=500", "--ssh-kex-algos=a,b"]);
    let (_, log) = running.stop();
    for flag in [
        "--kube-api-qps has no effect",
        "--ssh-kex-algos has no effect",
    ] {
        assert_eq!(log.matches(flag).count(), 1, "{log}");
    }
}
