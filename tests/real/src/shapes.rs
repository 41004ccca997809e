//! Indexes as others than Helm write them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::http::digest;

/// Who writes an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// [ChartMuseum](https://github.com/helm/chartmuseum) in multitenant mode: it tells of itself in
    /// `serverInfo`, keeps archives below `charts/`, names them relative to that, and counts nanoseconds.
    ChartMuseum,
    /// [Artifactory](https://jfrog.com/help/r/jfrog-artifactory-documentation/kubernetes-helm-chart-repositories):
    /// it names archives by whole URLs with a port, oldest first, quotes in its own way, and
    /// [leaves aliases out](https://github.com/helm/helm/issues/12748), so that a chart seems to require
    /// one other twice.
    Artifactory,
}

impl Writer {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ChartMuseum, Self::Artifactory];

    /// Where archives are, below the repository.
    pub fn folder(self) -> &'static str {
        match self {
            Self::ChartMuseum => "charts",
            Self::Artifactory => "helm-local/team",
        }
    }

    /// The index of versions of the chart `app` in these archives, which are below `url`.
    #[track_caller]
    pub fn index(self, url: &str, archives: &[(&str, &Path)]) -> String {
        let mut text = match self {
            Self::ChartMuseum => "apiVersion: v1\nentries:\n  app:\n".to_owned(),
            Self::Artifactory => "'apiVersion': 'v1'\n'entries':\n  'app':\n".to_owned(),
        };
        for (version, archive) in archives {
            let digest = digest(&fs::read(archive).expect("an archive"));
            let digest = digest.trim_start_matches("sha256:");
            let folder = self.folder();
            let written = match self {
                Self::ChartMuseum => write!(
                    text,
                    "  - apiVersion: v2\n    created: \"2026-11-20T08:15:30.123456789Z\"\n    digest: {digest}\n    \
                     name: app\n    urls:\n    - {folder}/app-{version}.tgz\n    version: {version}\n"
                ),
                Self::Artifactory => write!(
                    text,
                    "    - 'urls': ['{url}/{folder}/app-{version}.tgz']\n      'created': '2026-11-20T08:15:30.123Z'\n      \
                     'digest': '{digest}'\n      'name': 'app'\n      'version': '{version}'\n      'keywords': []\n      \
                     'maintainers': [{{'name': 'somebody', 'email': 'somebody@example.com'}}]\n      'dependencies':\n      \
                     - {{'name': 'cache', 'version': '1.x', 'repository': 'https://example.com/charts'}}\n      \
                     - {{'name': 'cache', 'version': '1.x', 'repository': 'https://example.com/charts'}}\n"
                ),
            };
            written.expect("text grows");
        }
        text += match self {
            Self::ChartMuseum => {
                "generated: \"2026-11-21T12:00:00Z\"\nserverInfo:\n  contextPath: /museum\n"
            }
            Self::Artifactory => "'generated': '2026-11-21T12:00:00.000Z'\n",
        };
        text
    }
}
