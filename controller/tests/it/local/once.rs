//! `--once`: one answer, and the end.

use std::time::{Duration, Instant};

use portolan_kit::{Lie, Registry, Target};
use serde_json::{Value, json};

use super::{Manifests, command, files, registry, run};

/// Run with `--once`, and see that it ends with `code` and says each of `told`.
#[track_caller]
fn check(manifests: &Manifests, code: i32, told: &[&str]) {
    let answer = run(manifests.path(), &["--once"]);
    assert_eq!(answer.code, Some(code), "{answer:#?}");
    for told in told {
        assert!(answer.out.contains(told), "no {told:?} in {answer:#?}");
    }
}

#[test]
fn charts_that_are_ready_end_well() {
    let registry = registry(&["1.0.0", "1.1.0", "2.0.0"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    manifests.chart("exact", "1.0.0", "");
    let answer = run(manifests.path(), &["--once"]);
    assert_eq!(
        answer.out,
        "\
OBJECT                         READY  REVISION  STATUS
HelmChart default/exact        True   1.0.0     pulled 'hello' chart with version '1.0.0'
HelmChart default/hello        True   1.1.0     pulled 'hello' chart with version '1.1.0'
HelmRepository default/charts  -      -         type oci: its charts tell whether it works

2 ready.
"
    );
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
}

#[test]
fn a_good_secret_opens_the_registry_and_a_wrong_one_is_told() {
    let registry = Registry::builder()
        .basic_auth("me", "right")
        .start_blocking();
    super::push(&registry, &["1.0.0"]);
    let manifests = Manifests::empty();
    manifests.repository(
        "charts",
        &registry.oci_url("charts"),
        ", secretRef: { name: login }",
    );
    manifests.chart("hello", "1.x", "");
    manifests.secret("login", "me", "right");
    check(&manifests, 0, &["1 ready."]);
    manifests.secret("login", "me", "wrong");
    check(
        &manifests,
        1,
        &[
            "HelmChart default/hello is not ready: AuthenticationFailed",
            "1 not ready",
        ],
    );
    manifests.remove("secret-login.yaml");
    check(
        &manifests,
        1,
        &[
            "is not ready: AuthenticationFailed",
            "secrets \"login\" not found",
        ],
    );
}

#[test]
fn what_the_registry_does_not_have_is_told() {
    let registry = registry(&["1.0.0", "2.0.0-rc.1"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("no-match", ">=2", "");
    manifests.chart("no-version", "1.2.3", "");
    manifests.write(
        "no-chart.yaml",
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\nmetadata: { name: no-chart }\n\
         spec: { chart: nope, interval: 1m, sourceRef: { kind: HelmRepository, name: charts } }\n",
    );
    check(
        &manifests,
        1,
        &[
            "could not locate a version matching provided version string >=2: nothing would do; \
             2 offered, 2 refused; `2.0.0-rc.1`: a pre-release, and those are not asked for; \
             `1.0.0`: refused by `>=2`; hint: only pre-releases would do; `>=2-0` chooses `2.0.0-rc.1`",
            "charts/hello:1.2.3`: not found",
            "charts/nope`: not found",
            "0 ready, 3 not ready.",
        ],
    );
}

#[test]
fn a_source_that_is_not_in_the_files_is_told() {
    let manifests = Manifests::empty();
    manifests.chart("hello", "1.x", "");
    check(
        &manifests,
        1,
        &[
            "is not ready: SourceUnavailable",
            "HelmRepository.source.toolkit.fluxcd.io \"charts\" not found",
        ],
    );
}

#[test]
fn what_is_suspended_is_told_and_is_no_failure() {
    let registry = registry(&["1.0.0"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "suspend: true");
    check(
        &manifests,
        0,
        &[
            "HelmChart default/hello        -      -         suspended",
            "0 ready, 1 suspended.",
        ],
    );
    assert!(registry.requests().is_empty());
}

#[test]
fn a_field_that_cannot_be_honoured_is_named_and_nothing_is_fetched() {
    let registry = registry(&["1.0.0"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "verify: { provider: notation }");
    check(
        &manifests,
        1,
        &[
            "HelmChart default/hello is not ready: VerificationError",
            "spec.verify.provider: signatures of notation cannot be verified",
        ],
    );
    assert!(registry.requests().is_empty());
}

#[test]
fn json_is_an_array_that_tells_everything() {
    let registry = registry(&["1.0.0"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("good", "1.x", "");
    manifests.chart("bad", "3.x", "");
    let answer = run(manifests.path(), &["--once", "--output", "json"]);
    assert_eq!(answer.code, Some(1), "{answer:#?}");
    let objects: Value = serde_json::from_str(&answer.out).expect("it is JSON");
    let told = |field: &str| -> Vec<Value> {
        let objects = objects.as_array().expect("it is an array");
        objects.iter().map(|object| object[field].clone()).collect()
    };
    assert_eq!(told("kind"), ["HelmChart", "HelmChart", "HelmRepository"]);
    assert_eq!(told("namespace"), ["default", "default", "default"]);
    assert_eq!(told("name"), ["bad", "good", "charts"]);
    assert_eq!(told("ready"), [json!(false), json!(true), Value::Null]);
    assert_eq!(told("state"), ["failed", "ready", "static"]);
    assert_eq!(
        told("reason"),
        [
            json!("ChartPullError"),
            json!("ChartPullSucceeded"),
            Value::Null
        ]
    );
    assert_eq!(told("revision"), [Value::Null, json!("1.0.0"), Value::Null]);
    assert_eq!(told("path")[1], "helmchart/default/good/hello-1.0.0.tgz");
    let good = &objects[1];
    assert!(
        good["digest"]
            .as_str()
            .is_some_and(|digest| digest.starts_with("sha256:"))
    );
    assert!(
        good["url"]
            .as_str()
            .is_some_and(|url| url.ends_with("/hello-1.0.0.tgz"))
    );
    assert_eq!(good["message"], "pulled 'hello' chart with version '1.0.0'");
    let kinds: Vec<_> = good["conditions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["type"])
        .collect();
    assert_eq!(kinds, ["Ready", "ArtifactInStorage"]);
}

#[test]
fn files_that_cannot_be_read_end_with_2_and_the_others_are_looked_at_all_the_same() {
    let registry = registry(&["1.0.0"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    manifests.chart("broken", "1.x", "intervall: 1m");
    let answer = run(manifests.path(), &["--once"]);
    assert_eq!(answer.code, Some(2), "{answer:#?}");
    assert_eq!(
        answer.err,
        "error: broken.yaml:1 (document 1): HelmChart default/broken: unknown field \"spec.intervall\"\n"
    );
    assert!(
        answer
            .out
            .contains("HelmChart default/hello        True   1.0.0"),
        "{answer:#?}"
    );
    assert!(
        answer.out.ends_with("\n1 ready; 1 error in the files.\n"),
        "{answer:#?}"
    );
}

#[test]
fn a_folder_in_which_there_is_nothing_to_do_is_a_mistake() {
    let manifests = Manifests::empty();
    manifests.write(
        "other.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n",
    );
    let answer = run(manifests.path(), &["--once"]);
    assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""));
    assert!(
        answer.err.contains("no HelmChart or HelmRepository in "),
        "{answer:#?}"
    );
    assert!(
        answer
            .err
            .contains("; 1 object of another kind was left alone"),
        "{answer:#?}"
    );
}

#[test]
fn arguments_that_cannot_be_used_end_with_2_and_say_why() {
    let registry = registry(&["1.0.0"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    let inside = manifests.path().join("storage");
    let inside = inside.to_str().expect("it is text");
    let taken = registry.address();
    for (arguments, told) in [
        (
            &["--source", "GitRepository/name=."][..],
            "is no source: KIND/NAMESPACE/NAME=PATH is expected",
        ),
        (
            &["--source", "Bucket/ns/name=/no/such/folder"],
            "cannot take /no/such/folder for Bucket ns/name: it cannot be read: No such file",
        ),
        (
            &["--storage-path", inside],
            "which is inside the folder of manifests",
        ),
        (
            &["--trusted-root", "/no/such/file"],
            "there is no trust root for signatures: cannot read /no/such/file: No such file",
        ),
        (
            &["--storage-addr", &taken],
            "cannot serve artifacts at 127.0.0.1:",
        ),
        (
            &["--storage-adv-addr", "a b"],
            "is not an address to advertise",
        ),
        (&["--timeout", "5"], "invalid duration"),
        (&["--output", "yaml"], "possible values: text, json"),
        (&["--no-such-flag"], "unexpected argument"),
    ] {
        let answer = run(manifests.path(), &[&["--once"], arguments].concat());
        assert_eq!(
            (answer.code, answer.out.as_str()),
            (Some(2), ""),
            "{arguments:?}: {answer:#?}"
        );
        assert!(answer.err.contains(told), "{arguments:?}: {answer:#?}");
    }
    let nowhere = run(&manifests.path().join("nowhere"), &["--once"]);
    assert_eq!(nowhere.code, Some(2));
    assert!(
        nowhere.err.starts_with("error: cannot read the folder "),
        "{nowhere:#?}"
    );
}

#[test]
fn the_folder_is_never_written_and_nothing_is_left_behind() {
    let registry = registry(&["1.0.0"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    manifests.chart("bad", "3.x", "");
    let before = files(manifests.path());
    let temporary = tempfile::tempdir().expect("a temporary folder can be made");
    let output = command(manifests.path())
        .arg("--once")
        .env("TMPDIR", temporary.path())
        .output()
        .expect("it can be started");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(files(manifests.path()), before);
    assert_eq!(
        std::fs::read_dir(temporary.path())
            .expect("it is there")
            .count(),
        0
    );
}

#[test]
fn a_storage_that_was_chosen_is_made_and_kept() {
    let registry = registry(&["1.0.0"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    let kept = tempfile::tempdir().expect("a temporary folder can be made");
    let storage = kept.path().join("new/storage");
    let answer = run(
        manifests.path(),
        &[
            "--once",
            "--storage-path",
            storage.to_str().expect("it is text"),
        ],
    );
    assert_eq!(answer.code, Some(0), "{answer:#?}");
    assert!(
        storage
            .join("helmchart/default/hello/hello-1.0.0.tgz")
            .is_file()
    );
}

#[test]
fn artifacts_are_advertised_as_they_are_told_to_be() {
    let registry = registry(&["1.0.0"]);
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    let answer = run(
        manifests.path(),
        &[
            "--once",
            "-o",
            "json",
            "--storage-adv-addr",
            "charts.example.com",
        ],
    );
    let objects: Value = serde_json::from_str(&answer.out).expect("it is JSON");
    assert_eq!(
        objects[0]["url"],
        "http://charts.example.com/helmchart/default/hello/hello-1.0.0.tgz"
    );
}

#[test]
fn a_registry_that_stumbles_once_is_forgiven() {
    let registry = registry(&["1.0.0"]);
    registry.tell(Lie::Status {
        at: Target::Tags,
        status: 503,
        times: 2,
    });
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    check(&manifests, 0, &["1 ready."]);
}

#[test]
fn a_registry_that_is_down_is_told_soon() {
    let registry = registry(&["1.0.0"]);
    registry.stop();
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    let begun = Instant::now();
    check(&manifests, 1, &["is not ready: ChartPullError", "failed"]);
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_registry_that_never_answers_is_waited_for_as_long_as_it_was_said() {
    let registry = registry(&["1.0.0"]);
    registry.tell(Lie::StallBeforeHeaders {
        at: Target::Tags,
        times: Lie::ALWAYS,
    });
    let manifests = Manifests::new(&registry);
    manifests.chart("hello", "1.x", "");
    let begun = Instant::now();
    let answer = run(manifests.path(), &["--once", "--timeout", "500ms"]);
    assert_eq!(answer.code, Some(1), "{answer:#?}");
    assert!(
        answer
            .out
            .contains("HelmChart default/hello        ...    -         in progress"),
        "{answer:#?}"
    );
    assert!(
        answer
            .out
            .ends_with("\n0 ready, 1 without an answer within 500ms.\n"),
        "{answer:#?}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}
