//! Our controller, as a process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use crate::cluster::Cluster;
use crate::folder::Folder;
use crate::http::get;
use crate::ours::ours;
use crate::ports::free_port;
use crate::process::Process;

const PATIENCE: Duration = Duration::from_secs(20);

/// Which objects a controller looks after, so that the controllers of tests that run at once leave
/// each other's objects alone.
#[derive(Debug, Clone)]
pub enum Scope {
    /// Those of a namespace.
    Namespace(String),
    /// Those of all namespaces that a selector of labels admits.
    Labels(String),
}

/// `portolan-controller run`, with a storage that survives it.
#[derive(Debug)]
pub struct Controller {
    // Before the folder, so that it ends, and shows its log, before that goes.
    process: Option<Process>,
    folder: Folder,
    kubeconfig: PathBuf,
    scope: Scope,
    flags: Vec<String>,
    storage_port: u16,
    metrics_port: u16,
    health_port: u16,
}

impl Controller {
    /// A controller that is ready.
    #[track_caller]
    pub fn start(cluster: &Cluster, scope: Scope) -> Self {
        Self::start_with(cluster, scope, &[])
    }

    /// A controller with more flags, that is ready.
    #[track_caller]
    pub fn start_with(cluster: &Cluster, scope: Scope, flags: &[&str]) -> Self {
        let mut controller = Self::prepare(cluster, scope, flags);
        controller.start_again();
        controller
    }

    /// A controller that is not started yet.
    #[track_caller]
    pub fn prepare(cluster: &Cluster, scope: Scope, flags: &[&str]) -> Self {
        let folder = Folder::new("controller");
        fs::create_dir(folder.join("storage")).expect("a folder");
        fs::create_dir(folder.join("temporary")).expect("a folder");
        Self {
            folder,
            kubeconfig: cluster.controllers_kubeconfig(),
            scope,
            flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
            storage_port: free_port(),
            metrics_port: free_port(),
            health_port: free_port(),
            process: None,
        }
    }

    /// Start it on the same storage, after it has ended, and wait until it is ready.
    #[track_caller]
    pub fn start_again(&mut self) {
        self.launch();
        self.until_ready();
    }

    /// Start it without waiting for anything.
    #[track_caller]
    pub fn launch(&mut self) {
        assert!(self.process.is_none(), "it runs");
        let mut command = self.command();
        let log = self.folder.join("log");
        let process = Process::start("portolan-controller", &mut command, &log);
        self.process = Some(process);
    }

    /// Wait until it is ready and serves its storage.
    #[track_caller]
    pub fn until_ready(&mut self) {
        let urls = [
            format!("http://127.0.0.1:{}/readyz", self.health_port),
            format!("http://127.0.0.1:{}/", self.storage_port),
        ];
        let process = self.process.as_mut().expect("it runs");
        process.until_ready(PATIENCE, || {
            urls.iter()
                .all(|url| get(url).is_ok_and(|answer| answer.status == 200))
        });
    }

    /// Whether it is alive, and whether it is ready: what a kubelet would see.
    #[track_caller]
    pub fn probe(&self) -> (bool, bool) {
        let asks = |path: &str| {
            let url = format!("http://127.0.0.1:{}/{path}", self.health_port);
            get(&url).is_ok_and(|answer| answer.status == 200)
        };
        (asks("healthz"), asks("readyz"))
    }

    /// How it ended, if it has.
    #[track_caller]
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.as_mut().expect("it was started").ended()
    }

    /// Freeze it with SIGSTOP: to others it is as if it hung, or the network to it were cut.
    #[track_caller]
    pub fn freeze(&self) {
        self.process.as_ref().expect("it runs").freeze();
    }

    /// Let it go on with SIGCONT.
    #[track_caller]
    pub fn thaw(&self) {
        self.process.as_ref().expect("it runs").thaw();
    }

    /// Kill it with SIGKILL.
    #[track_caller]
    pub fn kill(&mut self) {
        // Killed when dropped.
        self.process.take().expect("it runs");
    }

    /// Ask it to end with SIGTERM, and return how it did.
    #[track_caller]
    pub fn terminate(&mut self, patience: Duration) -> ExitStatus {
        let mut process = self.process.take().expect("it runs");
        process.terminate(patience)
    }

    /// Where artifacts are.
    pub fn storage(&self) -> PathBuf {
        self.folder.join("storage")
    }

    /// Where artifacts are served: `127.0.0.1:port`.
    pub fn storage_address(&self) -> String {
        format!("127.0.0.1:{}", self.storage_port)
    }

    /// Where it may put what it needs for a moment.
    pub fn temporary(&self) -> PathBuf {
        self.folder.join("temporary")
    }

    /// Every file that is stored for an object, by its path below the storage. Links are not files.
    pub fn stored(&self, kind: &str, namespace: &str, name: &str) -> Vec<String> {
        let root = self.storage();
        let object = root.join(kind.to_lowercase()).join(namespace).join(name);
        let mut found: Vec<_> = entries(&object)
            .iter()
            .filter(|(_, is_file)| *is_file)
            .filter_map(|(path, _)| path.strip_prefix(&root).ok())
            .map(|path| path.display().to_string())
            .collect();
        found.sort();
        found
    }

    /// Every file in the storage, by its path below it, and links too.
    pub fn everything_stored(&self) -> Vec<String> {
        let root = self.storage();
        let mut found: Vec<_> = entries(&root)
            .iter()
            .filter_map(|(path, _)| path.strip_prefix(&root).ok())
            .map(|path| path.display().to_string())
            .collect();
        found.sort();
        found
    }

    /// All it wrote, of all its lives.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Its metrics.
    #[track_caller]
    pub fn metrics(&self) -> String {
        let url = format!("http://127.0.0.1:{}/metrics", self.metrics_port);
        get(&url).expect("metrics").text()
    }

    fn command(&self) -> Command {
        let loopback = |port: u16| format!("127.0.0.1:{port}");
        let mut command = Command::new(&ours().controller);
        command
            .arg("run")
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--storage-path")
            .arg(self.storage())
            .args(["--storage-addr", &loopback(self.storage_port)])
            .args(["--storage-adv-addr", &loopback(self.storage_port)])
            .args(["--metrics-addr", &loopback(self.metrics_port)])
            .args(["--health-addr", &loopback(self.health_port)])
            .args(["--events-addr="])
            .args(&self.flags)
            .env("TMPDIR", self.temporary());
        match &self.scope {
            Scope::Namespace(namespace) => {
                command
                    .arg("--watch-all-namespaces=false")
                    .env("RUNTIME_NAMESPACE", namespace);
            }
            Scope::Labels(selector) => {
                command
                    .args(["--watch-label-selector", selector])
                    .env("RUNTIME_NAMESPACE", "default");
            }
        }
        command
    }
}

/// What is below a folder and no folder itself, and whether it is a regular file.
fn entries(folder: &Path) -> Vec<(PathBuf, bool)> {
    let Ok(listed) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let listed = listed.filter_map(Result::ok);
    listed
        .flat_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => entries(&entry.path()),
            Ok(kind) => vec![(entry.path(), kind.is_file())],
            Err(_) => Vec::new(),
        })
        .collect()
}
