//! Without `--once`: the files and the registry are followed until somebody ends it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::{Manifests, command, files, push, registry};

const PATIENCE: Duration = Duration::from_secs(30);

/// The command at work; killed when it is dropped.
pub(super) struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
    storage: TempDir,
}

impl Running {
    pub(super) fn start(manifests: &Manifests, arguments: &[&str]) -> Self {
        let storage = tempfile::tempdir().expect("a temporary folder can be made");
        let mut child = command(manifests.path())
            .arg("--storage-path")
            .arg(storage.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it can be started");
        let lines = BufReader::new(child.stdout.take().expect("it is piped"));
        Self {
            child,
            lines,
            storage,
        }
    }

    /// The next line that has `text` in it.
    #[track_caller]
    pub(super) fn line_with(&mut self, text: &str) -> String {
        let mut before = String::new();
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).expect("it is text");
            assert!(read > 0, "it ended without {text:?}, after {before}");
            if line.contains(text) {
                return line;
            }
            before += &line;
        }
    }

    fn stored(&self, path: &str) -> bool {
        self.storage.path().join(path).is_file()
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("it is there");
    }

    /// How it ended, and what it wrote to standard error.
    fn end(mut self) -> (Option<i32>, String) {
        let mut err = String::new();
        let status = self.child.wait().expect("it can be waited for");
        let mut pipe = self.child.stderr.take().expect("it is piped");
        pipe.read_to_string(&mut err).expect("it is text");
        (status.code(), err)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "it never happened that {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What is served at a URL.
fn fetch(url: &str) -> Vec<u8> {
    let (host, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .expect("it is a URL");
    let mut stream = TcpStream::connect(host).expect("somebody listens");
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .expect("it can be asked");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    assert!(
        answer.starts_with(b"HTTP/1.1 200 "),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("headers end");
    answer.split_off(end + 4)
}

#[test]
fn a_newer_version_is_followed_and_served() {
    let registry = registry(&["1.0.0"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    let mut running = Running::start(&manifests, &["--output", "json"]);
    running.line_with("\"revision\":\"1.0.0\"");
    push(&registry, &["1.1.0"]);
    let line = running.line_with("\"revision\":\"1.1.0\"");
    let object: Value = serde_json::from_str(&line).expect("each line is an object");
    let served = fetch(object["url"].as_str().expect("it has a URL"));
    let stored = running
        .storage
        .path()
        .join("helmchart/default/hello/hello-1.1.0.tgz");
    assert_eq!(served, fs::read(stored).expect("it is there"));
}

#[test]
fn an_object_that_is_taken_out_of_the_files_takes_its_artifacts_with_it() {
    let registry = registry(&["1.0.0"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    manifests.chart("stays", "1.x", "");
    let mut running = Running::start(&manifests, &[]);
    wait_until("both are stored", || {
        running.stored("helmchart/default/hello/hello-1.0.0.tgz")
            && running.stored("helmchart/default/stays/hello-1.0.0.tgz")
    });
    manifests.remove("hello.yaml");
    running.line_with("HelmChart default/hello: gone");
    assert!(
        !running
            .storage
            .path()
            .join("helmchart/default/hello")
            .exists()
    );
    assert!(running.stored("helmchart/default/stays/hello-1.0.0.tgz"));
}

#[test]
fn a_manifest_that_changes_is_looked_at_again() {
    let registry = registry(&["1.0.0", "2.0.0"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    let mut running = Running::start(&manifests, &[]);
    running.line_with("ready: pulled 'hello' chart with version '1.0.0'");
    manifests.chart("hello", "2.x", "");
    running.line_with("ready: pulled 'hello' chart with version '2.0.0'");
    manifests.chart("hello", "3.x", "");
    running.line_with("not ready: ChartPullError: ");
    assert!(running.stored("helmchart/default/hello/hello-2.0.0.tgz"));
}

#[test]
fn a_manifest_that_becomes_unreadable_is_told_and_takes_nothing_away() {
    let registry = registry(&["1.0.0"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    let mut running = Running::start(&manifests, &[]);
    running.line_with("HelmChart default/hello: ready: ");
    manifests.write("hello.yaml", "oops: [");
    manifests.chart("another", "1.x", "");
    running.line_with("HelmChart default/another: ready: ");
    assert!(running.stored("helmchart/default/hello/hello-1.0.0.tgz"));
    running.signal(Signal::INT);
    let (code, err) = running.end();
    assert_eq!(code, Some(0));
    assert!(
        err.contains("hello.yaml:1 (document 1): is no YAML: "),
        "{err}"
    );
}

#[test]
fn who_is_told_to_end_ends_well_and_leaves_nothing_behind() {
    let registry = registry(&["1.0.0"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    let before = files(manifests.path());
    let temporary = tempfile::tempdir().expect("a temporary folder can be made");
    for signal in [Signal::INT, Signal::TERM] {
        let mut child = command(manifests.path())
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let is_ready = |line: Result<String, _>| line.is_ok_and(|line| line.contains(": ready: "));
        assert!(lines.any(is_ready));
        assert_eq!(entries(temporary.path()), 1);
        kill_process(Pid::from_child(&child), signal).expect("it is there");
        let output = child.wait_with_output().expect("it can be waited for");
        assert_eq!(output.status.code(), Some(0));
        let heading = String::from_utf8(output.stderr).expect("it is text");
        assert!(
            heading.contains("artifacts at http://127.0.0.1:"),
            "{heading}"
        );
        assert_eq!(entries(temporary.path()), 0);
    }
    assert_eq!(files(manifests.path()), before);
}

#[test]
fn who_is_interrupted_before_there_is_an_answer_says_so_by_its_code() {
    let registry = registry(&["1.0.0"]);
    registry.tell(portolan_kit::Lie::StallBeforeHeaders {
        at: portolan_kit::Target::Tags,
        times: portolan_kit::Lie::ALWAYS,
    });
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    let running = Running::start(&manifests, &["--once"]);
    wait_until("the registry is asked", || !registry.requests().is_empty());
    running.signal(Signal::INT);
    assert_eq!(running.end().0, Some(130));
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).expect("it is there").count()
}
