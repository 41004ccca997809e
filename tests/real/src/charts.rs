//! Charts as their authors write them.

use std::path::Path;

use crate::folder::Folder;

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
        let folder = Folder::new("chart");
        let chart = format!("apiVersion: v2\nname: {name}\nversion: 0.0.0\n");
        folder.write(&format!("{name}/Chart.yaml"), chart);
        let values = format!("message: {message}\n");
        folder.write(&format!("{name}/values.yaml"), values);
        folder.write(
            &format!("{name}/templates/configmap.yaml"),
            include_str!("charts/configmap.yaml"),
        );
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

    /// The folder for packages of it.
    pub(crate) fn packages(&self) -> &Path {
        self.folder.path()
    }
}
