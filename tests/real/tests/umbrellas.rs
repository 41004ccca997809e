//! Charts with requirements: built by the controller and from a shell, as Helm builds them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::Duration;

use portolan_real::{
    Artifact, Cluster, Controller, Folder, Helm, Id, Scope, Source, Umbrella, Umbrellas,
    eventually, files, helm_repository, index_repository, is_ready_with, portolan, source_chart,
    unpack,
};
use serde_json::Value;

/// How long the largest may take, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// Helm, who made the umbrellas, and they.
static WORLD: LazyLock<(Helm, Umbrellas)> = LazyLock::new(|| {
    let helm = Helm::new();
    let umbrellas = Umbrellas::new(&helm);
    (helm, umbrellas)
});

fn helm() -> &'static Helm {
    &WORLD.0
}

fn umbrellas() -> &'static Umbrellas {
    &WORLD.1
}

/// A namespace with a controller, the repositories of the parts, and a chart for every umbrella.
struct Site {
    cluster: &'static Cluster,
    namespace: String,
    controller: Controller,
    charts: Vec<(Umbrella, Id)>,
}

impl Site {
    fn new(namespace: &str) -> Self {
        let cluster = Cluster::shared();
        Source::add_resources(cluster);
        let namespace = cluster.namespace(namespace);
        let controller = Controller::start(cluster, Scope::Namespace(namespace.clone()));
        let (api, web) = (cluster.api(), &umbrellas().web);
        api.create(&index_repository(&namespace, "web", &web.url("charts")));
        // Without it nobody speaks plain HTTP with the registry.
        let registry = umbrellas().registry.url("charts");
        api.create(&helm_repository(&namespace, "registry", &registry));
        let git = Source::new(api, web, Id::new("GitRepository", &namespace, "work"));
        git.publish(umbrellas().source());
        let charts = Umbrella::all()
            .map(|umbrella| {
                let path = format!("charts/{}", umbrella.name());
                (umbrella, api.create(&source_chart(git.id(), &path)))
            })
            .collect();
        Self {
            cluster,
            namespace,
            controller,
            charts,
        }
    }

    #[track_caller]
    fn until_ready(&self, chart: &Id) -> Artifact {
        let api = self.cluster.api();
        let object = api.until(chart, PATIENCE, "became ready", |chart| {
            is_ready_with(chart, "2.0.0")
        });
        Artifact::of(&object).expect("an artifact")
    }

    /// Install an umbrella, and see that each of its parts is there in its version.
    #[track_caller]
    fn install(&self, umbrella: Umbrella, archive: &Path) {
        let kubeconfig = self.cluster.kubeconfig();
        let release = umbrella.name();
        let which = (self.namespace.as_str(), release.as_str());
        let installed = helm().install(archive, which, &kubeconfig);
        installed.unwrap_or_else(|said| panic!("helm install: {said}"));
        let expected: BTreeMap<_, _> = umbrella
            .parts()
            .into_iter()
            .map(|(name, version)| (format!("{release}-{name}"), version.to_owned()))
            .collect();
        let maps = self.cluster.api().list("ConfigMap", &self.namespace);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let installed: BTreeMap<_, _> = maps
            .iter()
            .filter(|map| map["metadata"]["annotations"]["meta.helm.sh/release-name"] == release)
            .map(|map| {
                (
                    text(&map["metadata"]["name"]),
                    text(&map["data"]["version"]),
                )
            })
            .collect();
        assert_eq!(installed, expected);
    }
}

/// What is in a package but its own `Chart.yaml` and `Chart.lock`, which Helm writes anew.
fn content(archive: &[u8], umbrella: Umbrella) -> BTreeMap<String, Vec<u8>> {
    let mut content = files(unpack(archive).path());
    for file in ["Chart.yaml", "Chart.lock"] {
        content.remove(&format!("{}/{file}", umbrella.name()));
    }
    content
}

#[test]
fn helm_installs_umbrellas_that_the_controller_has_built_and_builds_the_same() {
    let site = Site::new("umbrellas");
    let built = umbrellas().copy();
    for (umbrella, chart) in &site.charts {
        let folder = Folder::new("download");
        let archive = folder.write("ours.tgz", site.until_ready(chart).download());
        site.install(*umbrella, &archive);

        let path = built.join(&format!("charts/{}", umbrella.name()));
        helm().dependency("build", &path).expect("helm builds it");
        let packaged = helm().package_folder(&path, folder.path());
        let (ours, helms) = (fs::read(&archive), fs::read(&packaged));
        let content = |bytes: std::io::Result<Vec<u8>>| content(&bytes.expect("a file"), *umbrella);
        let (ours, helms) = (content(ours), content(helms));
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&ours), names(&helms), "{umbrella:?}");
        assert!(
            ours == helms,
            "{umbrella:?}: the same files with other content"
        );
        assert_eq!(helm().show_chart(&archive), helm().show_chart(&packaged));
    }
}

#[test]
fn a_controller_that_is_killed_while_it_builds_builds_again_and_leaves_nothing_behind() {
    let mut site = Site::new("killed-building");
    for round in 0..6_u64 {
        sleep(Duration::from_millis(40 + round * 90));
        site.controller.kill();
        site.controller.start_again();
    }
    for (umbrella, chart) in &site.charts {
        site.until_ready(chart).download();
        let name = umbrella.name();
        let stored = site.controller.stored("HelmChart", &site.namespace, &name);
        let archive = format!("{name}-2.0.0.tgz");
        let is_expected = |path: &String| path.trim_end_matches(".lock").ends_with(&archive);
        assert!(stored.iter().all(is_expected), "{stored:?}");
    }
    site.controller.kill();
    site.controller.start_again();
    let left = site.controller.everything_stored();
    assert!(
        !left.iter().any(|path| path.contains("/staging/")),
        "{left:?}"
    );
    let temporary = || files(&site.controller.temporary());
    let cleaned = eventually(PATIENCE, || temporary().is_empty().then_some(()));
    let left: Vec<_> = temporary().into_keys().collect();
    assert!(cleaned.is_some(), "{left:?} were left behind");
}

/// What is in the folder of a chart: each file, and of an archive that was made here what is in it, as
/// an archive has the time at which it was made.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut tree = files(folder);
    if let Some(archive) = tree.remove("charts/shared-0.0.0.tgz") {
        for (name, content) in files(unpack(&archive).path()) {
            tree.insert(format!("charts/shared-0.0.0.tgz/{name}"), content);
        }
    }
    tree
}

/// A lock file without the time at which it was made.
#[track_caller]
fn timeless(tree: &mut BTreeMap<String, Vec<u8>>) {
    let lock = tree.get_mut("Chart.lock").expect("a lock file");
    let text = String::from_utf8_lossy(lock);
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("generated:"))
        .collect();
    *lock = lines.join("\n").into_bytes();
}

/// `portolan dependency` over plain HTTP, in a home where nobody has been.
#[track_caller]
fn dependency(act: &str, chart: &Path) -> String {
    let home = Folder::new("ours");
    dependency_in(home.path(), act, chart)
}

#[track_caller]
fn dependency_in(home: &Path, act: &str, chart: &Path) -> String {
    let chart = chart.display().to_string();
    let answer = portolan(home, ["dependency", act, &chart, "--plain-http"]);
    answer.unwrap_or_else(|said| panic!("portolan dependency {act}: {said}"))
}

/// Helm and ours do the same to a copy each of an umbrella.
#[track_caller]
fn check(act: &str, umbrella: Umbrella) {
    let copies = [umbrellas().copy(), umbrellas().copy()];
    let [helms, ours] = copies
        .each_ref()
        .map(|copy| copy.join(&format!("charts/{}", umbrella.name())));
    helm().dependency(act, &helms).expect("helm does it");
    dependency(act, &ours);
    let (mut expected, mut found) = (tree(&helms), tree(&ours));
    timeless(&mut expected);
    timeless(&mut found);
    let names = |tree: &BTreeMap<String, Vec<u8>>| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected), "{act} {umbrella:?}");
    for (name, content) in &expected {
        let content = String::from_utf8_lossy(content);
        let found = String::from_utf8_lossy(&found[name]);
        assert_eq!(found, content, "{act} {umbrella:?}: {name}");
    }
    // Each takes what the other has written.
    let by_ours = dependency("list", &helms);
    let by_helm = helm().dependency("list", &ours);
    assert_eq!(lines(&by_ours), lines(&by_helm.expect("helm lists it")));
    helm()
        .dependency("build", &ours)
        .expect("helm builds from our lock file");
    dependency("build", &helms);
    helm()
        .judge("lint", &ours)
        .expect("helm has nothing against it");
    let rendered = |chart: &Path| helm().judge("template", chart).expect("helm renders it");
    assert_eq!(rendered(&ours), rendered(&helms));
}

/// The lines of a table, without the blanks at their ends.
fn lines(table: &str) -> Vec<&str> {
    table
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn building_gives_the_tree_that_helm_gives() {
    for umbrella in Umbrella::all() {
        check("build", umbrella);
    }
}

#[test]
fn updating_gives_the_tree_and_the_digest_of_the_lock_that_helm_gives() {
    for umbrella in Umbrella::all() {
        check("update", umbrella);
    }
}

#[test]
fn repositories_that_helm_was_told_of_go_by_their_names() {
    let write = |folder: &Folder| {
        folder.write(
            "named/Chart.yaml",
            "apiVersion: v2\nname: named\nversion: 1.0.0\ndependencies:\n\
             - name: part-0\n  version: 1.x\n  repository: '@parts'\n\
             - name: part-2\n  version: 1.x\n  repository: alias:parts\n",
        );
        folder.join("named")
    };
    let folders = [Folder::new("helms"), Folder::new("ours")];
    let [helms, ours] = folders.each_ref().map(write);
    helm().dependency("update", &helms).expect("helm does it");
    dependency_in(helm().home(), "update", &ours);
    let (mut expected, mut found) = (tree(&helms), tree(&ours));
    timeless(&mut expected);
    timeless(&mut found);
    assert!(expected.contains_key("charts/part-2-1.1.0.tgz"));
    assert!(
        found == expected,
        "{:?} {:?}",
        found.keys(),
        expected.keys()
    );
}

#[test]
fn a_search_finds_what_helm_finds() {
    for arguments in [
        &["parts/"][..],
        &["part-4"],
        &["PART-4", "--versions"],
        &["part-4", "--versions", "--version", "<1.1"],
        &["part-4", "--devel"],
        &["there is none"],
    ] {
        let expected = helm().search(arguments);
        let command = ["search", "--output", "json"];
        let found = portolan(helm().home(), command.iter().chain(arguments));
        let found = found.unwrap_or_else(|said| panic!("portolan search: {said}"));
        let found: Value = serde_json::from_str(&found).expect("JSON");
        assert_eq!(found, expected, "{arguments:?}");
    }
}

#[test]
fn what_is_packaged_from_the_shell_is_installed_and_is_the_same_each_time() {
    let umbrella = Umbrella {
        size: 10,
        is_locked: true,
    };
    let digests = ["first", "second"].map(|name| {
        let (copy, packages) = (umbrellas().copy(), Folder::new(name));
        let path = copy.join(&format!("charts/{}", umbrella.name()));
        dependency("build", &path);
        let destination = packages.path().display().to_string();
        let path = path.display().to_string();
        portolan(
            copy.path(),
            ["package", &path, "--destination", &destination],
        )
        .unwrap_or_else(|said| panic!("portolan package: {said}"));
        let archive = packages.join(&format!("{}-2.0.0.tgz", umbrella.name()));
        helm()
            .judge("lint", &archive)
            .expect("helm has nothing against it");
        helm().judge("template", &archive).expect("helm renders it");
        fs::read(archive).expect("an archive")
    });
    assert!(digests[0] == digests[1], "equal folders, other bytes");
}
