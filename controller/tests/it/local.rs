//! `portolan-controller local`, as a person or a pipeline runs it, against a registry of the kit.

mod following;
mod once;
mod repositories;
mod sources;
mod verified;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use portolan_kit::{Registry, WebServer, chart_archive};
use tempfile::TempDir;

/// The command, with nothing of this machine in its way.
fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portolan-controller"));
    command
        .arg("local")
        .arg(folder)
        .env_remove("HTTP_PROXY")
        .env_remove("http_proxy")
        .env("NO_PROXY", "127.0.0.1");
    command
}

/// Run it to its end.
fn run(folder: &Path, arguments: &[&str]) -> Answer {
    let output = command(folder)
        .args(arguments)
        .output()
        .expect("it can be started");
    Answer::from(output)
}

/// What it said, and how it ended.
#[derive(Debug)]
struct Answer {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("it says text");
        Self {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

/// A registry with the chart `hello` below `charts`, in these versions.
fn registry(versions: &[&str]) -> Registry {
    let registry = Registry::start_blocking();
    push(&registry, versions);
    registry
}

fn push(registry: &Registry, versions: &[&str]) {
    for version in versions {
        registry.push_chart("charts/hello", &chart_archive("hello", version), version);
    }
}

/// A web server with a repository that has the chart `hello` below `/helm`, in these versions.
fn web(versions: &[&str]) -> WebServer {
    let web = WebServer::start_blocking();
    publish(&web, versions);
    web
}

fn publish(web: &WebServer, versions: &[&str]) {
    let mut index = "apiVersion: v1\nentries:\n  hello:\n".to_owned();
    for version in versions {
        let file = format!("hello-{version}.tgz");
        let entry = format!("  - {{name: hello, version: {version}, urls: [{file}]}}\n");
        index.push_str(&entry);
        let archive = chart_archive("hello", version);
        web.put(&format!("/helm/{file}"), "application/gzip", archive);
    }
    web.put("/helm/index.yaml", "text/yaml", index);
}

/// A folder of manifests.
struct Manifests {
    folder: TempDir,
}

impl Manifests {
    /// With a repository `charts` at the registry.
    fn new(registry: &Registry) -> Self {
        let manifests = Self::empty();
        manifests.repository("charts", &registry.oci_url("charts"), "");
        manifests
    }

    fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.path().join(file), text).expect("it can be written");
    }

    fn remove(&self, file: &str) {
        fs::remove_file(self.path().join(file)).expect("it is there");
    }

    /// `more` goes into the spec, and begins with a comma.
    fn repository(&self, name: &str, url: &str, more: &str) {
        let text = format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\n\
             metadata: {{ name: {name} }}\n\
             spec: {{ type: oci, insecure: true, url: '{url}'{more} }}\n"
        );
        self.write(&format!("repository-{name}.yaml"), &text);
    }

    /// A repository with an index, looked at every second. `more` is as above.
    fn index(&self, name: &str, url: &str, more: &str) {
        let text = format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\n\
             metadata: {{ name: {name} }}\n\
             spec: {{ interval: 1s, url: '{url}'{more} }}\n"
        );
        self.write(&format!("repository-{name}.yaml"), &text);
    }

    /// A chart of the repository `charts`, looked for every second.
    fn chart(&self, name: &str, version: &str, more: &str) {
        let text = format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\n\
             metadata: {{ name: {name} }}\n\
             spec:\n  chart: hello\n  version: '{version}'\n  interval: 1s\n  \
             sourceRef: {{ kind: HelmRepository, name: charts }}\n  {more}\n"
        );
        self.write(&format!("{name}.yaml"), &text);
    }

    /// A Secret with a user name and a password, in plain text.
    fn secret(&self, name: &str, username: &str, password: &str) {
        let text = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{ name: {name} }}\n\
             stringData: {{ username: {username}, password: {password} }}\n"
        );
        self.write(&format!("secret-{name}.yaml"), &text);
    }
}

/// Every file below a folder, with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs::read_dir(&next) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap_or_default();
                found.insert(path, bytes);
            }
        }
    }
    found
}
