//! Charts in registries.

use portolan_kit::{Registry, chart_archive};
use std::process::Output;
use tempfile::TempDir;

use crate::{code, err, out, portolan};

struct World {
    registry: Registry,
    home: TempDir,
}

impl World {
    fn new(registry: Registry) -> Self {
        for version in ["1.0.0", "1.1.0", "2.0.0-rc.1"] {
            registry.push_chart("charts/app", &chart_archive("app", version), version);
        }
        let home = tempfile::tempdir().unwrap();
        Self { registry, home }
    }

    fn open() -> Self {
        Self::new(Registry::start_blocking())
    }

    fn chart(&self) -> String {
        format!("oci://{}/charts/app", self.registry.address())
    }

    /// Run with `CHART` standing for the chart's reference.
    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let chart = self.chart();
        let arguments: Vec<String> = arguments
            .iter()
            .map(|argument| argument.replace("CHART", &chart))
            .collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        portolan(self.home.path(), &arguments, input)
    }
}

#[test]
fn a_pull_says_what_came_and_is_silent_otherwise() {
    let world = World::open();
    let done = world.run(&["pull", "CHART", "--plain-http", "-d", "charts", "--untar"]);
    code(&done, 0);
    let said = out(&done);
    assert!(
        said.starts_with("Pulled: ") && said.contains("app:1.1.0\nDigest: sha256:"),
        "{said}"
    );
    assert_eq!(err(&done), "", "no progress where there is no terminal");
    let folder = world.home.path().join("charts");
    assert_eq!(
        std::fs::read(folder.join("app-1.1.0.tgz")).unwrap(),
        chart_archive("app", "1.1.0")
    );
    assert!(folder.join("app/Chart.yaml").is_file());
}

#[test]
fn json_answers_can_be_read_by_programs() {
    let world = World::open();
    let read = |arguments: &[&str]| -> serde_json::Value {
        let done = world.run(arguments);
        code(&done, 0);
        serde_json::from_slice(&done.stdout).unwrap()
    };
    let pulled = read(&["pull", "CHART:1.0.0", "--plain-http", "-o", "json"]);
    assert_eq!(
        (&pulled["chart"], &pulled["version"]),
        (&"app".into(), &"1.0.0".into())
    );
    let digest = world.registry.digest("charts/app", "1.0.0").unwrap();
    assert_eq!(pulled["manifest_digest"], digest);
    let versions = read(&["versions", "CHART", "--plain-http", "-o", "json"]);
    assert_eq!(
        versions["versions"],
        serde_json::json!(["2.0.0-rc.1", "1.1.0", "1.0.0"])
    );
    let explained = read(&[
        "explain",
        "CHART",
        "--version",
        ">1.1",
        "--plain-http",
        "-o",
        "json",
    ]);
    assert_eq!(explained["chosen"], serde_json::Value::Null);
    assert!(explained["hint"].as_str().unwrap().contains("pre-releases"));
    let shown = read(&["show", "chart", "CHART", "--plain-http", "-o", "json"]);
    assert_eq!(shown["version"], "1.1.0");
}

#[test]
fn each_kind_of_trouble_has_its_exit_code_and_says_what_helps() {
    #[track_caller]
    fn check(world: &World, arguments: &[&str], expected: i32, text: &str) {
        let done = world.run(arguments);
        code(&done, expected);
        let said = err(&done);
        assert!(said.starts_with("error: ") || expected == 2, "{said}");
        assert!(said.contains(text), "{said}");
        assert_eq!(out(&done), "");
    }
    let world = World::open();
    let plain = "--plain-http";
    check(&world, &["pull", "CHARTs", plain], 3, "NAME_UNKNOWN");
    check(
        &world,
        &["pull", "CHART", "--version", "9.9.9", plain],
        3,
        "not found",
    );
    check(
        &world,
        &["pull", "CHART", "--version", ">1.1.0", plain],
        3,
        "only pre-releases would do",
    );
    check(
        &world,
        &["pull", "CHART", "--version", "bogus", plain],
        1,
        "improper constraint: \"bogus\"",
    );
    check(
        &world,
        &["pull", "localhost/app"],
        1,
        "does not begin with `oci://`",
    );
    check(&world, &["pull", "CHART"], 5, "--plain-http");
    check(
        &world,
        &["push", "absent", "oci://127.0.0.1:1/x", plain],
        1,
        "absent",
    );
    check(
        &world,
        &["pull", "oci://127.0.0.1:1/app", plain],
        5,
        "127.0.0.1:1",
    );
    check(&world, &["pull"], 2, "Usage");
    check(
        &world,
        &["pull", "CHART", plain, "--registry-config", "absent"],
        1,
        "cannot read absent",
    );
    world
        .registry
        .push_chart("charts/app", b"no archive", "3.0.0");
    check(&world, &["pull", "CHART", plain], 6, "gzip");
}

#[test]
fn a_password_comes_from_standard_input_or_a_config_file() {
    let world = World::new(
        Registry::builder()
            .basic_auth("ci", "secret")
            .start_blocking(),
    );
    let pull = ["pull", "CHART", "--plain-http"];
    let denied = world.run(&pull);
    code(&denied, 4);
    assert!(
        err(&denied).contains("helm registry login"),
        "{}",
        err(&denied)
    );
    let flags = [
        "pull",
        "CHART",
        "--plain-http",
        "--username",
        "ci",
        "--password-stdin",
    ];
    code(&world.run_with(&flags, "wrong\n"), 4);
    code(&world.run_with(&flags, "secret\n"), 0);
    code(&world.run_with(&flags, ""), 1);
    let config = format!(
        r#"{{"auths":{{"{}":{{"username":"ci","password":"secret"}}}},"credsStore":"desktop"}}"#,
        world.registry.address()
    );
    let docker = world.home.path().join(".docker");
    std::fs::create_dir(&docker).unwrap();
    std::fs::write(docker.join("config.json"), &config).unwrap();
    code(&world.run(&pull), 0);
    std::fs::write(docker.join("config.json"), r#"{"credsStore":"desktop"}"#).unwrap();
    code(&world.run(&pull), 4);
    std::fs::write(world.home.path().join("mine.json"), &config).unwrap();
    code(
        &world.run(&[
            "pull",
            "CHART",
            "--plain-http",
            "--registry-config",
            "mine.json",
        ]),
        0,
    );
}

#[test]
fn a_secret_never_reaches_what_is_printed() {
    let world = World::new(
        Registry::builder()
            .basic_auth("ci", "secret")
            .start_blocking(),
    );
    let flags = [
        "pull",
        "CHART",
        "--plain-http",
        "--username",
        "ci",
        "--password-stdin",
    ];
    let done = world.run_with(&flags, "canary-4711\n");
    assert!(!format!("{}{}", out(&done), err(&done)).contains("canary-4711"));
}

#[test]
fn a_chart_is_pushed_from_a_folder_and_pulled_again() {
    let world = World::open();
    let chart = world.home.path().join("web");
    std::fs::create_dir(&chart).unwrap();
    std::fs::write(
        chart.join("Chart.yaml"),
        "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    )
    .unwrap();
    std::fs::write(chart.join("values.yaml"), "a: 1\n").unwrap();
    let to = format!("oci://{}/team", world.registry.address());
    let pushed = world.run(&["push", "web", &to, "--plain-http"]);
    code(&pushed, 0);
    assert!(
        out(&pushed).contains("/team/web:0.1.0\n"),
        "{}",
        out(&pushed)
    );
    let shown = world.run(&["show", "values", &format!("{to}/web"), "--plain-http"]);
    code(&shown, 0);
    assert_eq!(out(&shown), "a: 1\n");
    let absent = world.run(&["show", "readme", &format!("{to}/web"), "--plain-http"]);
    code(&absent, 1);
    assert!(err(&absent).contains("chart web 0.1.0 has no README.md"));
}
