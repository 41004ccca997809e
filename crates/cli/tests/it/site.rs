//! A repository with an index, and a home that knows nobody.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Output;

use portolan_kit::{WebServer, chart_archive};
use tempfile::TempDir;

use crate::portolan;

pub(crate) struct Site {
    pub(crate) web: WebServer,
    pub(crate) home: TempDir,
}

impl Site {
    /// With `redis` in four versions, and `nginx`.
    pub(crate) fn open() -> Self {
        Self::of(WebServer::start_blocking())
    }

    pub(crate) fn of(web: WebServer) -> Self {
        let home = tempfile::tempdir().unwrap();
        let site = Self { web, home };
        let charts = [
            ("nginx", "1.0.0"),
            ("redis", "17.0.0"),
            ("redis", "18.0.0"),
            ("redis", "18.2.1"),
            ("redis", "19.0.0-rc.1"),
        ];
        site.publish(&charts, "");
        site
    }

    /// Publish these charts, and an index that says that they are below `base`.
    pub(crate) fn publish(&self, charts: &[(&str, &str)], base: &str) {
        let mut index = "apiVersion: v1\nentries:\n".to_owned();
        let mut before = "";
        for (name, version) in charts {
            if *name != before {
                let _ = writeln!(index, "  {name}:");
                before = name;
            }
            let _ = writeln!(
                index,
                "  - {{apiVersion: v2, name: {name}, version: {version}, appVersion: '7', \
                 description: A {name} for you, keywords: [fast], urls: ['{base}{name}-{version}.tgz']}}"
            );
            let path = format!("/helm/{name}-{version}.tgz");
            let archive = chart_archive(name, version);
            self.web.put(&path, "application/gzip", archive);
        }
        self.index(&index);
    }

    pub(crate) fn index(&self, yaml: &str) {
        self.web.put("/helm/index.yaml", "text/yaml", yaml);
    }

    pub(crate) fn url(&self) -> String {
        self.web.url("/helm")
    }

    /// Run with `URL` standing for that of the repository.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, "")
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let url = self.url();
        let arguments: Vec<String> = arguments
            .iter()
            .map(|argument| argument.replace("URL", &url))
            .collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        portolan(self.path(), &arguments, input)
    }

    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }

    /// Write a file below the home, with `URL` as above.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text.replace("URL", &self.url())).unwrap();
    }

    /// What `helm repo add` writes, for these entries.
    pub(crate) fn know(&self, entries: &str) {
        let list = format!(
            "apiVersion: \"\"\ngenerated: \"0001-01-01T00:00:00Z\"\nrepositories:\n{entries}"
        );
        self.write(".config/helm/repositories.yaml", &list);
    }

    /// The paths that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        let requests = self.web.requests();
        requests.iter().map(|seen| seen.path.clone()).collect()
    }
}
