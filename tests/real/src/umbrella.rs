//! Umbrella charts, and what goes below them.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::thread;

use crate::charts::ChartFolder;
use crate::folder::Folder;
use crate::helm::Helm;
use crate::registry::OciRegistry;
use crate::web::WebServer;

/// Where parts are, in a registry and on a web server.
const SHELF: &str = "charts";

/// The version of every part that a lock file names.
const LOCKED: &str = "1.0.0";

/// The version of every part that `^1.0.0` admits, once it is there.
const LATEST: &str = "1.1.0";

/// How many requirements the umbrellas have.
const SIZES: [usize; 3] = [1, 10, 50];

/// A source with umbrella charts of several sizes, half of whose parts are in an OCI registry and half
/// in a repository with an index. One of ten or more has another chart of the same source below it
/// as well, and one of its parts a second time under an alias.
///
/// ```text
/// charts/umbrella-10          takes the latest versions
/// charts/umbrella-10-locked   has a lock file by the real Helm, with versions that are no longer the latest
/// charts/shared               what umbrellas have by `file://`
/// ```
#[derive(Debug)]
pub struct Umbrellas {
    /// The registry; parts are below `charts`.
    pub registry: OciRegistry,
    /// The web server; parts are below `charts`.
    pub web: WebServer,
    source: Folder,
}

/// One of the umbrella charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Umbrella {
    /// How many requirements it has.
    pub size: usize,
    /// Whether it has a lock file.
    pub is_locked: bool,
}

impl Umbrella {
    /// All there are.
    pub fn all() -> impl Iterator<Item = Self> {
        SIZES
            .into_iter()
            .flat_map(|size| [false, true].map(|is_locked| Self { size, is_locked }))
    }

    /// Its name, and that of its folder.
    pub fn name(self) -> String {
        let end = if self.is_locked { "-locked" } else { "" };
        format!("umbrella-{}{end}", self.size)
    }

    /// The charts below it, by the names under which they are installed, each with its version.
    pub fn parts(self) -> Vec<(String, &'static str)> {
        let version = if self.is_locked { LOCKED } else { LATEST };
        let mut parts: Vec<_> = (0..remote_parts(self.size))
            .map(|number| (part(number), version))
            .collect();
        if self.size > 1 {
            parts.push(("shared".to_owned(), "0.0.0"));
            parts.push(("again".to_owned(), version));
        }
        parts
    }
}

impl Umbrellas {
    /// Package, push and index all parts, and lock the umbrellas before the latest versions come, by
    /// the real Helm.
    #[track_caller]
    pub fn new(helm: &Helm) -> Self {
        let umbrellas = Self {
            registry: OciRegistry::open(),
            web: WebServer::open(),
            source: Folder::new("umbrellas"),
        };
        let charts: Vec<_> = (0..remote_parts(SIZES[2]))
            .map(|number| ChartFolder::part(&part(number), "a part"))
            .collect();
        let shared = ChartFolder::part("shared", "of the same source");
        shared.copy_into(&umbrellas.source.join("charts/shared"));
        for umbrella in Umbrella::all() {
            umbrellas.write(umbrella);
        }
        umbrellas.publish(helm, &charts, LOCKED);
        helm.add_repository("parts", &umbrellas.web.url(SHELF));
        for umbrella in Umbrella::all().filter(|umbrella| umbrella.is_locked) {
            let folder = umbrellas.path(umbrella);
            helm.dependency("update", &folder)
                .unwrap_or_else(|said| panic!("helm dependency update: {said}"));
            std::fs::remove_dir_all(folder.join("charts")).expect("a folder");
        }
        umbrellas.publish(helm, &charts, LATEST);
        // What Helm knows of them is as old as the time at which it was last told.
        helm.add_repository("parts", &umbrellas.web.url(SHELF));
        umbrellas
    }

    /// The root of the source.
    pub fn source(&self) -> &std::path::Path {
        self.source.path()
    }

    /// The folder of an umbrella, in the source.
    pub fn path(&self, umbrella: Umbrella) -> PathBuf {
        self.source.join(&format!("charts/{}", umbrella.name()))
    }

    /// A copy of the source for whoever wants to change it.
    #[track_caller]
    pub fn copy(&self) -> Folder {
        let copy = Folder::new("umbrellas");
        copy.fill_from(self.source.path());
        copy
    }

    fn write(&self, umbrella: Umbrella) {
        let folder = format!("charts/{}", umbrella.name());
        let mut chart = format!(
            "apiVersion: v2\nname: {}\nversion: 2.0.0\ndependencies:\n",
            umbrella.name()
        );
        let mut require = |name: &str, version: &str, repository: &str, more: &str| {
            write!(
                chart,
                "  - name: {name}\n    version: {version}\n    repository: {repository}\n{more}"
            )
            .expect("text grows");
        };
        let (web, registry) = (self.web.url(SHELF), self.registry.url(SHELF));
        for number in 0..remote_parts(umbrella.size) {
            let repository = if is_indexed(number) { &web } else { &registry };
            require(&part(number), "^1.0.0", repository, "");
        }
        if umbrella.size > 1 {
            require("shared", "0.x", "file://../shared", "");
            require(&part(0), "^1.0.0", &web, "    alias: again\n");
        }
        self.source.write(&format!("{folder}/Chart.yaml"), chart);
        self.source
            .write(&format!("{folder}/values.yaml"), "global: {}\n");
    }

    #[track_caller]
    fn publish(&self, helm: &Helm, charts: &[ChartFolder], version: &str) {
        let packages = Folder::new("packages");
        let archives = helm.package_all(charts, version, packages.path());
        let remote = self.registry.url(SHELF);
        let (indexed, pushed): (Vec<_>, Vec<_>) = archives
            .iter()
            .enumerate()
            .partition(|(number, _)| is_indexed(*number));
        for (_, archive) in indexed {
            self.web.put_file(SHELF, archive);
        }
        // Helm takes its time for every start.
        thread::scope(|scope| {
            for half in pushed.chunks(pushed.len().div_ceil(2)) {
                let remote = &remote;
                scope.spawn(move || {
                    for (_, archive) in half {
                        helm.push(archive, remote);
                    }
                });
            }
        });
        helm.index(&self.web.file(SHELF));
    }
}

/// How many of the requirements are charts of their own elsewhere.
fn remote_parts(size: usize) -> usize {
    if size > 1 { size - 2 } else { size }
}

fn part(number: usize) -> String {
    format!("part-{number}")
}

/// Whether a part is on the web server, and not in the registry.
fn is_indexed(number: usize) -> bool {
    number.is_multiple_of(2)
}
