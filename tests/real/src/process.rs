//! Programs that run beside the tests.

use std::fs::{self, OpenOptions};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::keeper;
use crate::wait::{eventually, within};

/// How much of a log is shown when a test fails, in lines.
const TAIL: usize = 40;

/// A program in a process group of its own, killed when it is dropped, and at the latest when this
/// process has ended, however it ends. What it writes is kept, and its end is shown when a test
/// fails.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: PathBuf,
    child: Child,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Start a program. Its output is added to the file `log`.
    #[track_caller]
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Self {
        let output = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .expect("a log file");
        let errors = output.try_clone().expect("a second handle of a file");
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        keeper::begun(child.id());
        Self {
            name: name.to_owned(),
            log: log.to_owned(),
            child,
            ended: None,
        }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().expect("a child can be asked");
            if self.ended.is_some() {
                keeper::ended(self.child.id());
            }
        }
        self.ended
    }

    /// Kill it with SIGKILL, and all that it started.
    pub fn kill(&mut self) {
        if self.ended().is_some() {
            return;
        }
        // It may end by itself just now.
        let _ = kill_process_group(self.pid(), Signal::KILL);
        self.ended = Some(self.child.wait().expect("a child can be waited for"));
        keeper::ended(self.child.id());
    }

    /// Stop it in its tracks with SIGSTOP.
    pub(crate) fn freeze(&self) {
        kill_process_group(self.pid(), Signal::STOP).expect("a child can be stopped");
    }

    /// Let it go on with SIGCONT.
    pub(crate) fn thaw(&self) {
        kill_process_group(self.pid(), Signal::CONT).expect("a child can go on");
    }

    /// Ask it to end with SIGTERM, and return how it did.
    #[track_caller]
    pub fn terminate(&mut self, patience: Duration) -> ExitStatus {
        if self.ended().is_none() {
            let _ = kill_process(self.pid(), Signal::TERM);
        }
        let what = format!("{} to end", self.name);
        within(patience, &what, || self.ended())
    }

    /// Wait until `ready` says so. Panics when the program ends before, or needs too long.
    #[track_caller]
    pub fn until_ready(&mut self, patience: Duration, mut ready: impl FnMut() -> bool) {
        let outcome = eventually(patience, || match self.ended() {
            Some(status) => Some(Err(status)),
            None => ready().then_some(Ok(())),
        });
        match outcome {
            Some(Ok(())) => {}
            Some(Err(status)) => panic!("{} ended with {status}:\n{}", self.name, self.tail()),
            None => panic!("{} is not ready in time:\n{}", self.name, self.tail()),
        }
    }

    /// All it wrote.
    pub fn log(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Process {
    #[expect(clippy::print_stderr, reason = "shown by the test that fails")]
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("---- the end of {}'s log ----\n{}", self.name, self.tail());
        }
    }
}
