//! The real Helm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::authority::Authority;
use crate::charts::ChartFolder;
use crate::folder::Folder;
use crate::parts::{Part, part};
use crate::registry::Account;

/// Helm with a home of its own: it sees nothing of whoever runs the suite.
#[derive(Debug)]
pub struct Helm {
    home: Folder,
}

impl Default for Helm {
    fn default() -> Self {
        Self::new()
    }
}

impl Helm {
    /// Helm with an empty home.
    #[track_caller]
    pub fn new() -> Self {
        Self {
            home: Folder::new("helm"),
        }
    }

    /// Its home: who has the same one knows the same repositories.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// `helm package`: returns the archive.
    #[track_caller]
    pub fn package(&self, chart: &ChartFolder, version: &str) -> PathBuf {
        let mut command = self.command(&["package", "--version", version]);
        command.arg(chart.path()).arg("--destination");
        command.arg(chart.packages());
        run(command).unwrap_or_else(|said| panic!("helm package: {said}"));
        let archive = format!("{}-{version}.tgz", chart.name());
        chart.packages().join(archive)
    }

    /// `helm package` of a folder as it is: returns the archive.
    #[track_caller]
    pub fn package_folder(&self, folder: &Path, destination: &Path) -> PathBuf {
        let mut command = self.command(&["package"]);
        command.arg(folder).arg("--destination").arg(destination);
        let said = run(command).unwrap_or_else(|said| panic!("helm package: {said}"));
        let (_, path) = said.rsplit_once(": ").expect("helm says where it is");
        PathBuf::from(path.trim())
    }

    /// `helm package` of several charts at once: returns the archives, in the order of the charts.
    #[track_caller]
    pub fn package_all(
        &self,
        charts: &[ChartFolder],
        version: &str,
        destination: &Path,
    ) -> Vec<PathBuf> {
        let mut command = self.command(&["package", "--version", version]);
        command.args(charts.iter().map(ChartFolder::path));
        command.arg("--destination").arg(destination);
        run(command).unwrap_or_else(|said| panic!("helm package: {said}"));
        let archive = |chart: &ChartFolder| format!("{}-{version}.tgz", chart.name());
        charts
            .iter()
            .map(|chart| destination.join(archive(chart)))
            .collect()
    }

    /// `helm repo index` of a folder with archives.
    #[track_caller]
    pub fn index(&self, folder: &Path) {
        let mut command = self.command(&["repo", "index"]);
        command.arg(folder);
        run(command).unwrap_or_else(|said| panic!("helm repo index: {said}"));
    }

    /// `helm repo index`, of archives that are to be had at a URL.
    #[track_caller]
    pub fn index_for(&self, folder: &Path, url: &str) {
        let mut command = self.command(&["repo", "index", "--url", url]);
        command.arg(folder);
        run(command).unwrap_or_else(|said| panic!("helm repo index: {said}"));
    }

    /// `helm repo add`.
    #[track_caller]
    pub fn add_repository(&self, name: &str, url: &str) {
        let command = self.command(&["repo", "add", "--force-update", name, url]);
        run(command).unwrap_or_else(|said| panic!("helm repo add: {said}"));
    }

    /// `helm search repo`, as JSON.
    #[track_caller]
    pub fn search(&self, arguments: &[&str]) -> Value {
        let mut command = self.command(&["search", "repo", "--output", "json"]);
        command.args(arguments);
        let said = run(command).unwrap_or_else(|said| panic!("helm search repo: {said}"));
        serde_json::from_str(&said).expect("JSON")
    }

    /// `helm dependency build`, `update` or `list`: what it printed.
    ///
    /// # Errors
    ///
    /// What Helm said when it did not do it.
    pub fn dependency(&self, act: &str, chart: &Path) -> Result<String, String> {
        let mut command = self.command(&["dependency", act]);
        command.arg(chart);
        if act != "list" {
            command.arg("--plain-http");
        }
        run(command)
    }

    /// `helm lint`, `template` or another act on one chart: what it printed.
    ///
    /// # Errors
    ///
    /// What Helm has against the chart.
    pub fn judge(&self, act: &str, chart: &Path) -> Result<String, String> {
        let mut command = self.command(&[act]);
        command.arg(chart);
        run(command)
    }

    /// `helm show values` of an archive, without blank lines at the end.
    #[track_caller]
    pub fn show_values(&self, archive: &Path) -> String {
        self.show("values", archive)
    }

    /// `helm show chart` of an archive.
    #[track_caller]
    pub fn show_chart(&self, archive: &Path) -> String {
        self.show("chart", archive)
    }

    #[track_caller]
    fn show(&self, part: &str, archive: &Path) -> String {
        let mut command = self.command(&["show", part]);
        command.arg(archive);
        let shown = run(command).unwrap_or_else(|said| panic!("helm show {part}: {said}"));
        shown.trim_end().to_owned() + "\n"
    }

    /// `helm push` to a registry that does not ask who is there.
    #[track_caller]
    pub fn push(&self, archive: &Path, remote: &str) {
        self.push_as(archive, remote, None);
    }

    /// `helm push`, logged in.
    #[track_caller]
    pub fn push_as(&self, archive: &Path, remote: &str, account: Option<Account>) {
        let mut flags = vec!["--plain-http"];
        if let Some(account) = account {
            flags.extend(["--username", account.name, "--password", account.password]);
        }
        self.push_with(archive, remote, &flags);
    }

    /// `helm push` over TLS, with an identity that the authority has signed.
    #[track_caller]
    pub fn push_over_tls(&self, archive: &Path, remote: &str, authority: &Authority) {
        let identity = authority.client();
        let file = |name: &str, text: &str| self.home.write(name, text).display().to_string();
        let flags = [
            format!("--ca-file={}", file("ca.crt", authority.certificate())),
            format!("--cert-file={}", file("tls.crt", &identity.certificate)),
            format!("--key-file={}", file("tls.key", &identity.key)),
        ];
        self.push_with(archive, remote, &flags.each_ref().map(String::as_str));
    }

    #[track_caller]
    fn push_with(&self, archive: &Path, remote: &str, flags: &[&str]) {
        let mut command = self.command(&["push"]);
        command.args(flags).arg(archive).arg(remote);
        run(command).unwrap_or_else(|said| panic!("helm push: {said}"));
    }

    /// `helm pull` into a folder that has nothing else in it.
    ///
    /// # Errors
    ///
    /// What Helm said when it pulled nothing.
    pub fn pull(&self, reference: &str, version: &str) -> Result<Pulled, String> {
        let folder = Folder::new("pulled");
        let mut command = self.command(&["pull", reference, "--plain-http", "--version", version]);
        command.arg("--destination").arg(folder.path());
        run(command)?;
        Ok(Pulled::only_file_of(folder.path()))
    }

    /// `helm pull` from a repository with an index, into a folder that has nothing else in it.
    ///
    /// # Errors
    ///
    /// What Helm said when it pulled nothing.
    pub fn pull_from(
        &self,
        repository: &str,
        chart: &str,
        version: &str,
    ) -> Result<Pulled, String> {
        let folder = Folder::new("pulled");
        let mut command = self.command(&["pull", chart, "--repo", repository]);
        command.args(["--version", version, "--destination"]);
        command.arg(folder.path());
        run(command)?;
        Ok(Pulled::only_file_of(folder.path()))
    }

    /// `helm upgrade --install` of an archive.
    ///
    /// # Errors
    ///
    /// What Helm said when it installed nothing.
    pub fn install(
        &self,
        archive: &Path,
        (namespace, release): (&str, &str),
        kubeconfig: &Path,
    ) -> Result<(), String> {
        let mut command = self.command(&["upgrade", "--install", release]);
        command.arg(archive).args(["--namespace", namespace]);
        command.arg("--kubeconfig").arg(kubeconfig);
        run(command).map(drop)
    }

    /// The chart's version and the state of a release, as `helm status` tells them.
    ///
    /// # Errors
    ///
    /// What Helm said when there is no such release.
    pub fn status(
        &self,
        (namespace, release): (&str, &str),
        kubeconfig: &Path,
    ) -> Result<Value, String> {
        let mut command = self.command(&["list", "--output", "json", "--filter"]);
        command.arg(format!("^{release}$"));
        command.args(["--namespace", namespace, "--kubeconfig"]);
        command.arg(kubeconfig);
        let releases: Value = serde_json::from_str(&run(command)?).map_err(|e| e.to_string())?;
        Ok(releases[0].clone())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(part(Part::Helm));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("HELM_CACHE_HOME", self.home.join("cache"))
            .env("HELM_CONFIG_HOME", self.home.join("config"))
            .env("HELM_DATA_HOME", self.home.join("data"));
        command
    }
}

/// A chart that was pulled.
#[derive(Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The name of the file.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Pulled {
    /// What is in a folder that has one file.
    #[track_caller]
    pub fn only_file_of(folder: &Path) -> Self {
        let files: Vec<_> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        let [file] = files.as_slice() else {
            panic!("one file was expected: {files:?}");
        };
        let name = file.file_name().expect("a name").to_string_lossy();
        Self {
            name: name.into_owned(),
            bytes: fs::read(file).expect("a file"),
        }
    }
}

/// Run a command to its end: what it printed, or why it failed.
fn run(mut command: Command) -> Result<String, String> {
    let output = command.output().expect("helm runs");
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
