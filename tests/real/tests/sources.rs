//! Charts of a `GitRepository` or a `Bucket`, whose controller is the test.

use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use portolan_real::{
    Artifact, ChartFolder, Cluster, Folder, Id, Scene, Source, WebServer, condition, is_true_for,
    pack, source_chart, within,
};
use serde_json::{Value, json};

/// How long anything may take that should take a moment.
const PATIENCE: Duration = Duration::from_secs(20);

/// A cluster that knows both kinds.
static CLUSTER: LazyLock<&'static Cluster> = LazyLock::new(|| {
    let cluster = Cluster::shared();
    Source::add_resources(cluster);
    cluster
});

type Scenery = Scene<'static, WebServer>;

/// A scene whose web server is the storage of sources.
fn scene(namespace: &str) -> Scenery {
    Scene::in_front_of(*CLUSTER, namespace, WebServer::open())
}

fn source<'a>(scene: &'a Scenery, kind: &str) -> Source<'a> {
    let id = Id::new(kind, &scene.namespace, "work");
    Source::new(scene.cluster.api(), &scene.charts, id)
}

/// A checkout with the chart `charts/app` in it.
struct Checkout {
    folder: Folder,
}

impl Checkout {
    fn new() -> Self {
        let folder = Folder::new("checkout");
        ChartFolder::new("app", "hello").copy_into(&folder.join("charts/app"));
        let checkout = Self { folder };
        checkout.write("README.md", "Nothing of the chart.\n");
        checkout.set_version("1.0.0");
        checkout
    }

    fn write(&self, path: &str, content: &str) {
        self.folder.write(path, content);
    }

    fn set_version(&self, version: &str) {
        let chart = format!("apiVersion: v2\nname: app\nversion: {version} # of the checkout\n");
        self.write("charts/app/Chart.yaml", &chart);
    }
}

/// The event of a new artifact, for a chart.
#[track_caller]
fn news(scene: &Scenery, name: &str) -> Value {
    within(PATIENCE, "an event", || {
        let events = scene.api().list("Event", &scene.namespace);
        events.into_iter().find(|event| {
            event["involvedObject"]["name"] == name && event["reason"] == "ChartPackageSucceeded"
        })
    })
}

#[test]
fn helm_installs_a_chart_of_a_git_repository_and_its_next_version() {
    let scene = scene("git");
    let (git, checkout) = (source(&scene, "GitRepository"), Checkout::new());
    let chart = scene.api().create(&source_chart(git.id(), "charts/app"));
    // It comes before its source has anything.
    scene.until(&chart, "told that there is nothing yet", |chart| {
        is_true_for(chart, "FetchFailed", "NoSourceArtifact")
    });
    let revision = git.publish(checkout.folder.path());
    let first = scene.until_ready(&chart, "1.0.0");
    scene.install(&first, "hello");
    let object = scene.api().get(&chart).expect("a chart");
    assert_eq!(
        object["status"]["observedSourceArtifactRevision"],
        revision.as_str()
    );
    assert_eq!(object["status"]["observedChartName"], "app");
    let message = &news(&scene, "app")["message"];
    assert_eq!(message, "packaged 'app' chart with version '1.0.0'");

    // Another commit with another version.
    checkout.set_version("1.1.0");
    git.publish(checkout.folder.path());
    let second = scene.until_ready(&chart, "1.1.0");
    scene.install(&second, "hello");

    // Another commit whose chart has the same version is none for who goes by versions.
    checkout.write("charts/app/values.yaml", "message: something else\n");
    let revision = git.publish(checkout.folder.path());
    let object = scene.until(&chart, "saw the commit", |chart| {
        chart["status"]["observedSourceArtifactRevision"] == revision.as_str()
    });
    assert_eq!(Artifact::of(&object), Some(second));
}

#[test]
fn who_goes_by_revisions_gets_every_commit() {
    for (kind, namespace) in [
        ("GitRepository", "git-revision"),
        ("Bucket", "bucket-revision"),
    ] {
        let scene = scene(namespace);
        let (source, checkout) = (source(&scene, kind), Checkout::new());
        let mut chart = source_chart(source.id(), "charts/app");
        chart["spec"]["reconcileStrategy"] = json!("Revision");
        let chart = scene.api().create(&chart);
        let mut digests = Vec::new();
        for message in ["one", "two"] {
            checkout.write("charts/app/values.yaml", &format!("message: {message}\n"));
            let revision = source.publish(checkout.folder.path());
            let (_, hash) = revision.rsplit_once(':').expect("an algorithm");
            let version = format!("1.0.0+{}", &hash[..12]);
            let artifact = scene.until_ready(&chart, &version);
            scene.install(&artifact, "hello");
            let map = Id::new("ConfigMap", &scene.namespace, "hello");
            let map = scene.api().get(&map).expect("what the chart installs");
            assert_eq!(map["data"]["message"], message, "{kind}");
            digests.push(artifact.digest);
        }
        assert_ne!(digests[0], digests[1], "{kind}");
    }
}

#[test]
fn values_files_are_merged_and_missing_ones_are_told() {
    let scene = scene("values-files");
    let (bucket, checkout) = (source(&scene, "Bucket"), Checkout::new());
    checkout.write(
        "charts/app/values.yaml",
        "message: own\nkept: 12345678901234567890\n",
    );
    checkout.write("environments/production.yaml", "message: production\n");
    bucket.publish(checkout.folder.path());
    let mut chart = source_chart(bucket.id(), "./charts/app");
    chart["spec"]["valuesFiles"] =
        json!(["charts/app/values.yaml", "environments/production.yaml"]);
    let chart = scene.api().create(&chart);
    let artifact = scene.until_ready(&chart, "1.0.0+1");
    let folder = Folder::new("download");
    let archive = folder.write("chart.tgz", artifact.download());
    let values = scene.helm.show_values(&archive);
    assert_eq!(values, "kept: 12345678901234567890\nmessage: production\n");
    scene.install(&artifact, "hello");
    let map = Id::new("ConfigMap", &scene.namespace, "hello");
    let map = scene.api().get(&map).expect("what the chart installs");
    assert_eq!(map["data"]["message"], "production");
    let files = json!({"spec": {"valuesFiles": ["environments/production.yaml", "environments/nowhere.yaml"]}});
    scene.api().merge(&chart, &files);
    let failed = scene.until(&chart, "told what is missing", |chart| {
        is_true_for(chart, "BuildFailed", "ValuesFilesError")
    });
    let (_, _, message) = condition(&failed, "BuildFailed").expect("it failed");
    assert!(message.contains("environments/nowhere.yaml"), "{message}");
    assert!(
        is_true_for(&failed, "Stalled", "ValuesFilesError"),
        "{failed}"
    );
    assert_eq!(Artifact::of(&failed), Some(artifact));

    let ignore = json!({"spec": {"ignoreMissingValuesFiles": true}});
    scene.api().merge(&chart, &ignore);
    let artifact = scene.until_ready(&chart, "1.0.0+3");
    let archive = folder.write("chart.tgz", artifact.download());
    assert_eq!(scene.helm.show_values(&archive), "message: production\n");
    let object = scene.api().get(&chart).expect("a chart");
    assert_eq!(
        object["status"]["observedValuesFiles"],
        json!(["environments/production.yaml"])
    );
}

#[test]
fn an_archive_in_a_source_keeps_its_bytes() {
    let scene = scene("archive-in-source");
    let (git, folder) = (source(&scene, "GitRepository"), Folder::new("checkout"));
    let archive = scene.helm.package(&scene.source, "2.3.4");
    let bytes = fs::read(archive).expect("an archive");
    folder.write("packages/app-2.3.4.tgz", &bytes);
    git.publish(folder.path());
    let mut chart = source_chart(git.id(), "packages/app-2.3.4.tgz");
    chart["metadata"]["name"] = json!("app");
    let chart = scene.api().create(&chart);
    assert_eq!(scene.until_ready(&chart, "2.3.4").download(), bytes);
}

#[test]
fn equal_sources_give_equal_artifacts() {
    let scene = scene("equal");
    let checkout = Checkout::new();
    let digests = ["GitRepository", "Bucket"].map(|kind| {
        let source = source(&scene, kind);
        // Other times in the archive, and the same content.
        let copy = Folder::new("checkout");
        copy.fill_from(checkout.folder.path());
        source.publish(copy.path());
        let mut chart = source_chart(source.id(), "charts/app");
        chart["metadata"]["name"] = json!(kind.to_lowercase());
        let chart = scene.api().create(&chart);
        scene.until_ready(&chart, "1.0.0").digest
    });
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn what_is_not_what_the_source_says_is_refused_and_the_last_chart_stays() {
    let scene = scene("wrong-source");
    let (git, checkout) = (source(&scene, "GitRepository"), Checkout::new());
    git.publish(checkout.folder.path());
    let chart = scene.api().create(&source_chart(git.id(), "charts/app"));
    let first = scene.until_ready(&chart, "1.0.0");
    let is_refused = |what: &str, reason: &str| {
        let failed = scene.until(&chart, &format!("told of {what}"), |chart| {
            let ready = condition(chart, "Ready");
            ready.is_some_and(|(status, _, message)| status == "False" && message.contains(reason))
        });
        assert_eq!(Artifact::of(&failed), Some(first.clone()), "{what}");
        first.download();
    };

    checkout.set_version("1.1.0");
    let right = pack(checkout.folder.path());
    checkout.write("charts/app/values.yaml", "message: intruder\n");
    git.publish_wrong(&right, &pack(checkout.folder.path()));
    is_refused("other bytes", "sha256:");
    git.publish_wrong(&right, &right[..right.len() / 2]);
    is_refused("half of it", "sha256:");

    git.publish_archive(b"no archive");
    is_refused("no archive", "artifact untar error");
    let link = checkout.folder.join("charts/app/templates/link.yaml");
    std::os::unix::fs::symlink("/etc/passwd", link).expect("a link");
    git.publish(checkout.folder.path());
    is_refused("a link", "symlink, which is not allowed in this context");
    let empty = Folder::new("checkout");
    empty.write("README.md", "There is no chart.\n");
    git.publish(empty.path());
    is_refused("no chart", "charts/app");

    git.publish_archive(&right);
    scene.until_ready(&chart, "1.1.0").download();
    let left = scene.controller.everything_stored();
    assert!(
        !left.iter().any(|path| path.contains("/staging/")),
        "{left:?}"
    );
    let left: Vec<_> = portolan_real::files(&scene.controller.temporary())
        .into_keys()
        .collect();
    assert_eq!(left, [""; 0], "what was unpacked is removed");
}
