//! Folders as they are written by hand, rightly and wrongly.

use std::fs;
use std::path::Path;

use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use kube::runtime::watcher::Event;
use portolan_api::{FINALIZER, HelmChart, HelmRepository};
use serde_json::json;
use tempfile::TempDir;

use super::scan::MAX_FILE_BYTES;
use super::*;
use crate::cluster::Event as Happened;

const CHART: &str = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmChart
metadata: { name: hello }
spec: { chart: hello, interval: 5m, sourceRef: { kind: HelmRepository, name: charts } }
";

const REPOSITORY: &str = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: { name: charts, namespace: team }
spec: { type: oci, url: 'oci://registry.example.com/charts' }
";

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (path, bytes) in files {
        write(folder.path(), path, bytes);
    }
    folder
}

fn write(folder: &Path, path: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().expect("it has a parent")).expect("it can be made");
    fs::write(path, bytes).expect("it can be written");
}

/// What is wrong with a folder that has one file.
fn problems(path: &str, bytes: impl AsRef<[u8]>) -> Vec<String> {
    let files = folder(&[(path, bytes.as_ref())]);
    let (folder, _) = Folder::open(files.path()).expect("it can be read");
    folder.problems().iter().map(Problem::to_string).collect()
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(problems("a.yaml", text), [expected]);
}

fn names<K: Kind>(folder: &Folder) -> Vec<String> {
    let objects = folder.objects::<K>();
    objects
        .iter()
        .map(|object| format!("{}/{}", object.home(), object.name_any()))
        .collect()
}

mod reading {
    use super::*;

    #[test]
    fn objects_are_found_in_files_of_any_depth_and_in_lists() {
        let chart = |name: &str| CHART.replace("name: hello", &format!("name: {name}"));
        let list = json!({
            "apiVersion": "v1",
            "kind": "List",
            "items": [{
                "apiVersion": "source.toolkit.fluxcd.io/v1",
                "kind": "HelmChartList",
                "items": [{
                    "metadata": { "name": "d" },
                    "spec": {
                        "chart": "d",
                        "interval": "1m",
                        "sourceRef": { "kind": "HelmRepository", "name": "charts" },
                    },
                }],
            }],
        });
        let two = format!("{}---\n{REPOSITORY}", chart("a"));
        let files = folder(&[
            ("two.yaml", two.as_bytes()),
            ("deep/er/b.yml", chart("b").as_bytes()),
            ("list.json", list.to_string().as_bytes()),
            (".git/hidden.yaml", chart("hidden").as_bytes()),
            ("deep/.hidden.yaml", chart("hidden").as_bytes()),
            ("README.md", b"kind: HelmChart"),
        ]);
        let (folder, _) = Folder::open(files.path()).expect("it can be read");
        assert!(folder.problems().is_empty(), "{:?}", folder.problems());
        assert_eq!(
            names::<HelmChart>(&folder),
            ["default/a", "default/b", "default/d"]
        );
        assert_eq!(names::<HelmRepository>(&folder), ["team/charts"]);
    }

    #[test]
    fn defaults_are_filled_in_and_what_only_a_server_sets_is_our_own() {
        let text = CHART.replace(
            "name: hello",
            "name: hello, uid: theirs, generation: 7, finalizers: [theirs]",
        ) + "status: { observedGeneration: 7 }\n";
        let files = folder(&[("a.yaml", text.as_bytes())]);
        let (folder, _) = Folder::open(files.path()).expect("it can be read");
        let chart = HelmChart::clone(&folder.objects::<HelmChart>().remove(0));
        assert_eq!(chart.spec.version.as_deref(), Some("*"));
        assert_eq!(chart.metadata.generation, Some(1));
        assert_eq!(chart.metadata.finalizers, None);
        assert_ne!(chart.metadata.uid.as_deref(), Some("theirs"));
        assert_eq!(
            chart.status.and_then(|status| status.observed_generation),
            Some(-1)
        );
    }

    #[test]
    fn other_kinds_are_counted_and_left_alone() {
        let others = "\
apiVersion: v1
kind: ConfigMap
metadata: { name: a }
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
---
apiVersion: helm.cattle.io/v1
kind: HelmChart
---
just: values
---
- a list
---
apiVersion: v1
kind: List
items: [{ apiVersion: v1, kind: Service }, { apiVersion: apps/v1, kind: Deployment }]
";
        let files = folder(&[("a.yaml", others.as_bytes())]);
        let (folder, _) = Folder::open(files.path()).expect("it can be read");
        assert!(folder.problems().is_empty(), "{:?}", folder.problems());
        assert_eq!(folder.others(), 7);
    }

    #[tokio::test]
    async fn text_and_data_of_a_secret_become_one_and_the_text_wins() {
        let text = "\
apiVersion: v1
kind: Secret
metadata: { name: login }
type: Opaque
data: { username: bWU=, password: b2xk }
stringData: { password: new, empty: null }
";
        let files = folder(&[("a.yaml", text.as_bytes())]);
        let (folder, _) = Folder::open(files.path()).expect("it can be read");
        let secret: Secret = folder
            .read("default", "login")
            .await
            .expect("it can be read")
            .expect("it is there");
        let data = secret.data.expect("it has data");
        let value = |key: &str| String::from_utf8_lossy(&data[key].0).into_owned();
        assert_eq!(
            [value("username"), value("password"), value("empty")],
            ["me", "new", ""]
        );
    }

    #[tokio::test]
    async fn what_is_not_in_the_files_is_not_there() {
        let files = folder(&[("a.yaml", REPOSITORY.as_bytes())]);
        let (folder, _) = Folder::open(files.path()).expect("it can be read");
        let elsewhere = folder.read::<HelmRepository>("default", "charts").await;
        assert!(elsewhere.expect("it can be asked").is_none());
        let there = folder.read::<HelmRepository>("team", "charts").await;
        assert!(there.expect("it can be asked").is_some());
    }

    #[test]
    fn a_folder_that_cannot_be_listed_is_an_error() {
        let files = folder(&[("file", b"")]);
        for path in ["nowhere", "file"] {
            assert!(Folder::open(&files.path().join(path)).is_err(), "{path}");
        }
    }
}

mod mistakes {
    use super::*;

    #[test]
    fn an_unknown_field() {
        check(
            &CHART.replace("interval:", "intervall: 1m, interval:"),
            "a.yaml:1 (document 1): HelmChart default/hello: unknown field \"spec.intervall\"",
        );
    }

    #[test]
    fn a_value_that_is_not_among_those_listed() {
        check(
            &CHART.replace("kind: HelmRepository", "kind: HelmRepo"),
            "a.yaml:1 (document 1): HelmChart default/hello: spec.sourceRef.kind: Unsupported value: \
             \"HelmRepo\": supported values: \"HelmRepository\", \"GitRepository\", \"Bucket\"",
        );
    }

    #[test]
    fn a_missing_field() {
        check(
            &CHART.replace("chart: hello, ", ""),
            "a.yaml:1 (document 1): HelmChart default/hello: spec.chart: Required value",
        );
    }

    #[test]
    fn an_interval_without_a_unit() {
        check(
            &CHART.replace("5m", "'30'"),
            "a.yaml:1 (document 1): HelmChart default/hello: spec.interval: Invalid value: \"30\": \
             spec.interval in body should match '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$'",
        );
    }

    #[test]
    fn fields_that_do_not_go_together() {
        let text = CHART
            .replace("kind: HelmRepository", "kind: GitRepository")
            .replace("chart: hello", "chart: hello, verify: { provider: cosign }");
        check(
            &text,
            "a.yaml:1 (document 1): HelmChart default/hello: spec: Invalid value: spec.verify is only \
             supported when spec.sourceRef.kind is 'HelmRepository'",
        );
    }

    #[test]
    fn a_version_that_yaml_takes_for_a_number() {
        check(
            &CHART.replace("chart: hello", "chart: hello, version: 1.10"),
            "a.yaml:1 (document 1): HelmChart default/hello: spec.version: Invalid value: \"number\": \
             spec.version in body must be of type string: \"number\"",
        );
    }

    #[test]
    fn an_older_version_of_the_api() {
        check(
            &CHART.replace("/v1", "/v1beta2"),
            "a.yaml:1 (document 1): HelmChart default/hello: apiVersion: Invalid value: \
             \"source.toolkit.fluxcd.io/v1beta2\": must be source.toolkit.fluxcd.io/v1",
        );
    }

    #[test]
    fn a_kind_that_is_misspelt() {
        check(
            &CHART.replace("kind: HelmChart", "kind: Helmchart"),
            "a.yaml:1 (document 1): object of source.toolkit.fluxcd.io/v1: kind: there is no kind \
             \"Helmchart\" in this group; HelmChart and HelmRepository are what is read",
        );
    }

    #[test]
    fn an_object_without_a_name() {
        check(
            &CHART.replace("name: hello", "labels: {}"),
            "a.yaml:1 (document 1): HelmChart without a name: metadata.name: Required value: name is required",
        );
    }

    #[test]
    fn the_same_object_twice() {
        check(
            &format!("{CHART}---\n{CHART}"),
            "a.yaml:6 (document 2): HelmChart default/hello: is already in a.yaml:1 (document 1), and \
             only one of them can be meant",
        );
    }

    #[test]
    fn yaml_that_is_none() {
        check(
            &format!("{CHART}---\n\nkind: [HelmChart\n"),
            "a.yaml:7 (document 2): is no YAML: unclosed bracket '['",
        );
    }

    #[test]
    fn the_place_in_a_list() {
        check(
            "kind: List\nitems:\n- {}\n- {kind: HelmChart, apiVersion: source.toolkit.fluxcd.io/v1}\n",
            "a.yaml:1 (document 1, item 2): HelmChart without a name: metadata.name: Required value: name is required",
        );
    }

    #[test]
    fn a_secret_that_is_encrypted_with_sops() {
        const TOLD: &str = "a.yaml:1 (document 1): Secret default/login: is encrypted with SOPS, and no \
                            key is looked for here: decrypt the file first (`sops decrypt`)";
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: login }\n";
        check(
            &format!("{secret}data: {{}}\nsops: {{ mac: 'ENC[x]' }}\n"),
            TOLD,
        );
        check(
            &format!("{secret}stringData: {{ password: 'ENC[AES256_GCM,data:x]' }}\n"),
            TOLD,
        );
    }

    #[test]
    fn a_secret_that_is_malformed_is_refused_without_its_values() {
        let told = problems(
            "a.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: { name: login }\nstringdata: {}\n\
             data: { token: 'hunter2!' }\nstringData: { password: 4711 }\n",
        );
        assert_eq!(
            told,
            [
                "a.yaml:1 (document 1): Secret default/login: unknown field \"stringdata\"",
                "a.yaml:1 (document 1): Secret default/login: data.token: must be base64; stringData takes the text as it is",
                "a.yaml:1 (document 1): Secret default/login: stringData.password: must be a text: put it in quotes",
            ]
        );
    }

    #[test]
    fn bytes_that_are_no_text() {
        assert_eq!(
            problems("a.yaml", b"a: 1\nb: \xff\n"),
            ["a.yaml: is not UTF-8: see line 2"]
        );
    }

    #[test]
    fn a_file_that_is_too_large() {
        let size = usize::try_from(MAX_FILE_BYTES).expect("it fits") + 1;
        assert_eq!(
            problems("a.yaml", vec![b'#'; size]),
            ["a.yaml: is larger than 8 MiB"]
        );
        assert_eq!(problems("a.yaml", vec![b'#'; size - 1]), [""; 0]);
    }

    #[test]
    fn a_link_counts_if_it_stays_inside() {
        let outside = folder(&[("secret.yaml", CHART.as_bytes())]);
        let files = folder(&[("..data/real.yaml", CHART.as_bytes())]);
        let link = |to: &Path, name: &str| {
            std::os::unix::fs::symlink(to, files.path().join(name)).expect("it can be linked");
        };
        link(Path::new("..data/real.yaml"), "inside.yaml");
        link(&outside.path().join("secret.yaml"), "outside.yaml");
        link(Path::new("nowhere"), "broken.yaml");
        link(outside.path(), "folder");
        let (folder, _) = Folder::open(files.path()).expect("it can be read");
        let told: Vec<_> = folder.problems().iter().map(Problem::to_string).collect();
        assert_eq!(
            told,
            [
                "broken.yaml: is a link that leads nowhere",
                "outside.yaml: is a link that leads out of the folder: it is not followed",
            ]
        );
        assert_eq!(names::<HelmChart>(&folder), ["default/hello"]);
    }

    #[test]
    fn one_broken_file_keeps_no_other_from_being_read() {
        let files = folder(&[("a.yaml", b"a: [".as_slice()), ("b.yaml", CHART.as_bytes())]);
        let (folder, _) = Folder::open(files.path()).expect("it can be read");
        assert_eq!(folder.problems().len(), 1);
        assert_eq!(names::<HelmChart>(&folder), ["default/hello"]);
    }
}

mod following {
    use super::*;

    /// A folder that is looked at when the test says so.
    struct Watched {
        files: TempDir,
        folder: Folder,
        reader: Reader,
    }

    impl Watched {
        fn open(files: &[(&str, &[u8])]) -> Self {
            let files = folder(files);
            let (folder, follower) = Folder::open(files.path()).expect("it can be read");
            Self {
                files,
                folder,
                reader: follower.reader,
            }
        }

        fn write(&self, path: &str, text: &str) {
            write(self.files.path(), path, text);
        }

        fn remove(&self, path: &str) {
            fs::remove_file(self.files.path().join(path)).expect("it is there");
        }

        fn look(&mut self) {
            if let Some(contents) = self.reader.look_again() {
                self.folder.take(contents);
            }
        }

        /// Long enough for a change to be believed.
        fn follow(&mut self) {
            self.look();
            self.look();
        }

        fn chart(&self) -> HelmChart {
            let mut charts = self.folder.objects();
            assert_eq!(charts.len(), 1);
            HelmChart::clone(&charts.remove(0))
        }

        fn problems(&self) -> usize {
            self.folder.problems().len()
        }
    }

    #[test]
    fn another_spec_is_another_generation_of_the_same_object() {
        let mut watched = Watched::open(&[("a.yaml", CHART.as_bytes())]);
        let before = watched.chart().metadata;
        watched.write("a.yaml", &CHART.replace("5m", "6m"));
        watched.follow();
        let after = watched.chart().metadata;
        assert_eq!(after.generation, Some(2));
        assert_eq!(after.uid, before.uid);
        assert_ne!(after.resource_version, before.resource_version);
    }

    #[test]
    fn another_label_is_no_other_generation() {
        let mut watched = Watched::open(&[("a.yaml", CHART.as_bytes())]);
        watched.write(
            "a.yaml",
            &CHART.replace("name: hello", "name: hello, labels: { a: b }"),
        );
        watched.follow();
        assert_eq!(watched.chart().metadata.generation, Some(1));
        assert_eq!(watched.chart().labels()["a"], "b");
    }

    #[test]
    fn a_comment_changes_nothing() {
        let mut watched = Watched::open(&[("a.yaml", CHART.as_bytes())]);
        let before = watched.chart();
        watched.write("a.yaml", &format!("# much better\n{CHART}"));
        watched.follow();
        assert_eq!(watched.chart(), before);
    }

    #[test]
    fn a_file_counts_once_it_has_stayed_the_same_for_a_while() {
        let mut watched = Watched::open(&[("a.yaml", CHART.as_bytes())]);
        // Editors empty a file before they fill it.
        watched.write("a.yaml", "");
        watched.look();
        assert_eq!(names::<HelmChart>(&watched.folder).len(), 1);
        watched.write("a.yaml", &CHART.replace("5m", "6m"));
        watched.look();
        watched.look();
        assert_eq!(watched.chart().metadata.generation, Some(2));
    }

    #[test]
    fn an_object_whose_file_is_gone_is_deleted() {
        let mut watched = Watched::open(&[("a.yaml", REPOSITORY.as_bytes())]);
        watched.remove("a.yaml");
        watched.look();
        assert_eq!(names::<HelmRepository>(&watched.folder).len(), 1);
        watched.look();
        assert_eq!(names::<HelmRepository>(&watched.folder).len(), 0);
    }

    #[test]
    fn an_object_that_moves_to_another_file_stays() {
        let mut watched = Watched::open(&[("a.yaml", CHART.as_bytes())]);
        let before = watched.chart();
        watched.remove("a.yaml");
        watched.write("b.yaml", CHART);
        watched.follow();
        assert_eq!(watched.chart(), before);
    }

    #[test]
    fn a_file_that_becomes_unreadable_leaves_its_objects_as_they_were() {
        let mut watched = Watched::open(&[("a.yaml", CHART.as_bytes())]);
        let before = watched.chart();
        let unnamed = CHART.replace("name: hello", "labels: {}");
        for broken in ["a: [", &unnamed] {
            watched.write("a.yaml", broken);
            watched.follow();
            assert_eq!((watched.problems(), watched.chart()), (1, before.clone()));
        }
        watched.write("a.yaml", "a: [ # again");
        watched.follow();
        assert_eq!(watched.chart(), before);
        watched.write("a.yaml", &CHART.replace("5m", "6m"));
        watched.follow();
        assert_eq!(
            (watched.problems(), watched.chart().metadata.generation),
            (0, Some(2))
        );
    }

    #[test]
    fn an_object_that_becomes_invalid_stays_as_it_was() {
        let mut watched = Watched::open(&[("a.yaml", CHART.as_bytes())]);
        let before = watched.chart();
        watched.write("a.yaml", &CHART.replace("5m", "soon"));
        watched.follow();
        assert_eq!((watched.problems(), watched.chart()), (1, before));
    }

    #[test]
    fn an_object_that_appears_twice_stays_as_it_was() {
        let mut watched = Watched::open(&[("a.yaml", CHART.as_bytes())]);
        let before = watched.chart();
        watched.write("b.yaml", &CHART.replace("5m", "6m"));
        watched.follow();
        assert_eq!((watched.problems(), watched.chart()), (1, before));
        watched.remove("a.yaml");
        watched.follow();
        assert_eq!(
            (watched.problems(), watched.chart().metadata.generation),
            (0, Some(2))
        );
    }

    #[test]
    fn a_folder_that_vanishes_deletes_nothing() {
        let mut watched = Watched::open(&[("sub/a.yaml", CHART.as_bytes())]);
        let before = watched.chart();
        let elsewhere = tempfile::tempdir().expect("a temporary folder can be made");
        let away = elsewhere.path().join("away");
        fs::rename(watched.files.path(), &away).expect("it can be moved");
        watched.follow();
        watched.follow();
        assert_eq!((watched.problems(), watched.chart()), (1, before));
        fs::rename(&away, watched.files.path()).expect("it can be moved");
        watched.follow();
        assert_eq!(watched.problems(), 0);
    }
}

mod reporting {
    use super::*;

    fn open(text: &str) -> (TempDir, Folder, Reader) {
        let files = folder(&[("a.yaml", text.as_bytes())]);
        let (folder, follower) = Folder::open(files.path()).expect("it can be read");
        (files, folder, follower.reader)
    }

    fn change(files: &TempDir, folder: &Folder, reader: &mut Reader, text: Option<&str>) {
        let path = files.path().join("a.yaml");
        match text {
            Some(text) => fs::write(path, text).expect("it can be written"),
            None => fs::remove_file(path).expect("it is there"),
        }
        for _ in 0..2 {
            if let Some(contents) = reader.look_again() {
                folder.take(contents);
            }
        }
    }

    fn chart(folder: &Folder) -> HelmChart {
        HelmChart::clone(&folder.objects().remove(0))
    }

    #[tokio::test]
    async fn a_status_is_kept_in_memory_and_survives_changes_of_the_file() {
        let (files, folder, mut reader) = open(CHART);
        let status = json!({ "observedGeneration": 1, "url": "http://somewhere" });
        let version = folder.report(&chart(&folder), Report::Status(status)).await;
        let version = version.expect("it is taken");
        assert_eq!(chart(&folder).metadata.resource_version, version);
        change(
            &files,
            &folder,
            &mut reader,
            Some(&CHART.replace("5m", "6m")),
        );
        let status = chart(&folder).status.expect("it has one");
        assert_eq!(status.url.as_deref(), Some("http://somewhere"));
        let text = fs::read_to_string(files.path().join("a.yaml")).expect("it is there");
        assert!(!text.contains("status"));
    }

    #[tokio::test]
    async fn a_report_about_an_older_generation_is_not_taken() {
        let (files, folder, mut reader) = open(CHART);
        let seen = chart(&folder);
        change(
            &files,
            &folder,
            &mut reader,
            Some(&CHART.replace("5m", "6m")),
        );
        let told = folder
            .report(&seen, Report::Status(json!({ "url": "old" })))
            .await;
        assert!(matches!(told, Err(ClusterError::Outdated)), "{told:?}");
        assert_eq!(chart(&folder).status.and_then(|status| status.url), None);
    }

    #[tokio::test]
    async fn an_object_with_a_finalizer_goes_when_the_finalizer_does() {
        let (files, folder, mut reader) = open(CHART);
        let claim = Report::Finalizer { present: true };
        folder
            .report(&chart(&folder), claim)
            .await
            .expect("it is taken");
        assert_eq!(chart(&folder).finalizers(), [FINALIZER]);
        change(&files, &folder, &mut reader, None);
        let going = chart(&folder);
        assert!(going.is_deleted());
        assert_eq!(going.generation(), 2);
        let release = Report::Finalizer { present: false };
        folder
            .report(&going, release.clone())
            .await
            .expect("it is taken");
        assert!(folder.objects::<HelmChart>().is_empty());
        let told = folder.report(&going, release).await;
        assert!(matches!(told, Err(ClusterError::Gone)), "{told:?}");
    }

    #[tokio::test]
    async fn an_object_that_comes_back_while_it_goes_is_another_one() {
        let (files, folder, mut reader) = open(CHART);
        let claim = Report::Finalizer { present: true };
        folder
            .report(&chart(&folder), claim)
            .await
            .expect("it is taken");
        change(&files, &folder, &mut reader, None);
        let going = chart(&folder);
        change(&files, &folder, &mut reader, Some(CHART));
        assert!(chart(&folder).is_deleted());
        let release = Report::Finalizer { present: false };
        folder.report(&going, release).await.expect("it is taken");
        let new = chart(&folder);
        assert!(!new.is_deleted());
        assert_ne!(new.metadata.uid, going.metadata.uid);
        let late = folder.report(&going, Report::Status(json!({}))).await;
        assert!(matches!(late, Err(ClusterError::Gone)), "{late:?}");
    }

    #[tokio::test]
    async fn an_event_changes_no_object() {
        let (_files, folder, _) = open(CHART);
        let before = chart(&folder);
        let event = Happened::warning("Failed", "it did not work".to_owned());
        folder
            .report(&before, Report::Event(event))
            .await
            .expect("it is taken");
        assert_eq!(chart(&folder), before);
    }

    #[tokio::test]
    async fn a_watch_lists_and_then_tells_what_changes() {
        let (files, folder, mut reader) = open(CHART);
        let mut watch = folder.watch::<HelmChart>();
        let mut next = async || match watch.next().await.expect("it goes on").expect("it is well") {
            Event::Init => "init".to_owned(),
            Event::InitApply(object) => format!("has {}", object.name_any()),
            Event::InitDone => "that is all".to_owned(),
            Event::Apply(object) => format!("{} {}", object.name_any(), object.generation()),
            Event::Delete(object) => format!("no {}", object.name_any()),
        };
        assert_eq!(
            [next().await, next().await, next().await],
            ["init", "has hello", "that is all"]
        );
        change(
            &files,
            &folder,
            &mut reader,
            Some(&CHART.replace("5m", "6m")),
        );
        assert_eq!(next().await, "hello 2");
        let status = Report::Status(json!({ "url": "somewhere" }));
        folder
            .report(&chart(&folder), status)
            .await
            .expect("it is taken");
        assert_eq!(next().await, "hello 2");
        change(&files, &folder, &mut reader, None);
        assert_eq!(next().await, "no hello");
    }

    #[tokio::test]
    async fn the_same_object_has_the_same_uid_in_every_process() {
        let (_one, first, _) = open(CHART);
        let (_other, second, _) = open(CHART);
        let uid = chart(&first).metadata.uid.expect("it has one");
        assert_eq!(Some(&uid), chart(&second).metadata.uid.as_ref());
        assert_eq!(uid.len(), 36);
    }
}
