//! Charts as their authors write them.

use std::fs;
use std::path::Path;

use crate::folder::{Folder, files};

/// The folder of a chart that installs one `ConfigMap`, so that it needs neither nodes nor images.
#[derive(Debug)]
pub struct ChartFolder {
    folder: Folder,
    name: String,
}

impl ChartFolder {
    /// A chart of this name, whose `ConfigMap` repeats `message`.
    #[track_caller]
    pub fn new(name: &str, message: &str) -> Self {
        Self::with_template(name, message, include_str!("charts/configmap.yaml"))
    }

    /// A chart of this name whose `ConfigMap` is called after the release and the chart, so that several
    /// may be below one umbrella.
    #[track_caller]
    pub fn part(name: &str, message: &str) -> Self {
        Self::with_template(name, message, include_str!("charts/part.yaml"))
    }

    #[track_caller]
    fn with_template(name: &str, message: &str, template: &str) -> Self {
        let folder = Folder::new("chart");
        let chart = format!("apiVersion: v2\nname: {name}\nversion: 0.0.0\n");
        folder.write(&format!("{name}/Chart.yaml"), chart);
        let values = format!("message: {message}\n");
        folder.write(&format!("{name}/values.yaml"), values);
        folder.write(&format!("{name}/templates/configmap.yaml"), template);
        Self {
            folder,
            name: name.to_owned(),
        }
    }

    /// The name of the chart.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder that has `Chart.yaml`.
    pub fn path(&self) -> std::path::PathBuf {
        self.folder.join(&self.name)
    }

    /// Add a file, or write another one in its place.
    #[track_caller]
    pub fn write(&self, file: &str, content: &str) {
        self.folder.write(&format!("{}/{file}", self.name), content);
    }

    /// Copy it to another folder, which need not be there yet.
    #[track_caller]
    pub fn copy_into(&self, folder: &Path) {
        for (name, content) in files(&self.path()) {
            let place = folder.join(name);
            let above = place.parent().expect("a file in a folder");
            fs::create_dir_all(above).expect("a folder");
            fs::write(place, content).expect("a file");
        }
    }

    /// The folder for packages of it.
    pub(crate) fn packages(&self) -> &Path {
        self.folder.path()
    }
}
