//! Charts in repositories with an index.

use portolan_kit::{ClientCertificates, TlsMaterial, WebLie, WebServer, chart_archive};

use crate::site::Site;
use crate::{code, err, json, out};

#[test]
fn a_chart_is_pulled_by_its_name() {
    let site = Site::open();
    let done = site.run(&["pull", "redis", "--repo", "URL", "-d", "charts", "--untar"]);
    code(&done, 0);
    assert_eq!(err(&done), "");
    let said = out(&done);
    let first = format!("Pulled: redis 18.2.1 from {}/\nDigest: sha256:", site.url());
    assert!(said.starts_with(&first), "{said}");
    assert!(
        said.ends_with("Saved:  charts/redis-18.2.1.tgz\nFolder: charts/redis\n"),
        "{said}"
    );
    let folder = site.path().join("charts");
    let archive = std::fs::read(folder.join("redis-18.2.1.tgz")).unwrap();
    assert_eq!(archive, chart_archive("redis", "18.2.1"));
    assert!(folder.join("redis/Chart.yaml").is_file());
}

#[test]
fn what_can_be_asked_of_a_registry_can_be_asked_of_a_repository() {
    let site = Site::open();
    let pulled = json(&site.run(&[
        "pull",
        "redis",
        "--repo",
        "URL",
        "--version",
        "^17",
        "-o",
        "json",
    ]));
    assert_eq!(
        (&pulled["version"], &pulled["manifest_digest"]),
        (&"17.0.0".into(), &serde_json::Value::Null)
    );
    let versions = json(&site.run(&["versions", "redis", "--repo", "URL", "-o", "json"]));
    let all = serde_json::json!(["19.0.0-rc.1", "18.2.1", "18.0.0", "17.0.0"]);
    assert_eq!(versions["versions"], all);
    let explained = site.run(&["explain", "redis", "--repo", "URL", "--version", ">18.5"]);
    code(&explained, 0);
    assert!(
        out(&explained).contains("`>18.5-0` chooses `19.0.0-rc.1`"),
        "{}",
        out(&explained)
    );
    let shown = json(&site.run(&["show", "chart", "nginx", "--repo", "URL", "-o", "json"]));
    assert_eq!(shown["name"], "nginx");
}

#[test]
fn each_kind_of_trouble_with_a_repository_has_its_exit_code_and_says_what_helps() {
    #[track_caller]
    fn check(site: &Site, arguments: &[&str], expected: i32, text: &str) {
        let done = site.run(arguments);
        code(&done, expected);
        assert!(err(&done).contains(text), "{}", err(&done));
        assert_eq!(out(&done), "");
    }
    let site = Site::open();
    let pull = |chart, version| ["pull", chart, "--repo", "URL", "--version", version];
    check(&site, &pull("absent", "*"), 3, "no chart name found");
    check(
        &site,
        &pull("redis", ">99"),
        3,
        "no 'redis' chart with version matching '>99' found",
    );
    check(
        &site,
        &pull("redis", "bogus"),
        1,
        "improper constraint: \"bogus\"",
    );
    check(&site, &pull("Redis", "*"), 1, "invalid chart name 'Redis'");
    check(
        &site,
        &["pull", "redis", "--repo", "URL/no"],
        3,
        "404 Not Found",
    );
    check(
        &site,
        &["pull", "redis", "--repo", "http://127.0.0.1:1"],
        5,
        "127.0.0.1:1",
    );
    check(
        &site,
        &["pull", "redis", "--repo", "ftp://x"],
        1,
        "none of `https`",
    );
    check(&site, &["pull", "redis"], 1, "--repo URL CHART");
    check(
        &site,
        &["pull", "oci://localhost/redis", "--repo", "URL"],
        1,
        "leave one out",
    );
    check(&site, &["pull", "shop/redis"], 1, "helm repo add shop URL");
    check(
        &site,
        &["pull", "redis", "--repo", "@shop"],
        1,
        "helm repo add shop URL",
    );
    site.web.tell("/helm/index.yaml", WebLie::LoginPage);
    check(&site, &pull("redis", "*"), 6, "index");
}

#[test]
fn other_bytes_than_the_index_promises_are_told_of_or_refused() {
    let site = Site::open();
    let digest = "0".repeat(64);
    site.index(&format!(
        "apiVersion: v1\nentries:\n  redis:\n  - {{name: redis, version: 18.2.1, digest: '{digest}', urls: [redis-18.2.1.tgz]}}\n"
    ));
    let done = site.run(&["pull", "redis", "--repo", "URL"]);
    code(&done, 0);
    let warning = format!("warning: the index of the repository promises digest {digest}");
    assert!(err(&done).starts_with(&warning), "{}", err(&done));
    let strict = [
        "pull",
        "redis",
        "--repo",
        "URL",
        "-d",
        "strict",
        "--require-index-digest",
    ];
    let refused = site.run(&strict);
    code(&refused, 6);
    assert_eq!(
        std::fs::read_dir(site.path().join("strict"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn a_credential_comes_from_the_flags_or_the_list_of_repositories() {
    let site = Site::open();
    site.web.require_login("ci", "secret");
    let pull = ["pull", "redis", "--repo", "URL"];
    let denied = site.run(&pull);
    code(&denied, 4);
    assert!(
        err(&denied).contains("--username and --password-stdin"),
        "{}",
        err(&denied)
    );
    let flags = [
        "pull",
        "redis",
        "--repo",
        "URL",
        "--username",
        "ci",
        "--password-stdin",
    ];
    code(&site.run_with(&flags, "wrong\n"), 4);
    code(&site.run_with(&flags, "secret\n"), 0);
    site.know("- {name: shop, url: URL/, username: ci, password: secret}\n");
    code(&site.run(&pull), 0);
    code(&site.run(&["pull", "shop/redis"]), 0);
    code(&site.run(&["pull", "redis", "--repo", "@shop"]), 0);
    code(&site.run_with(&flags, "wrong\n"), 4);
    site.write(
        "mine.yaml",
        "repositories: [{name: shop, url: URL, username: ci, password: wrong}]",
    );
    code(
        &site.run(&["pull", "shop/redis", "--repository-config", "mine.yaml"]),
        4,
    );
}

#[test]
fn a_credential_stays_with_its_repository_unless_it_is_to_be_passed_on() {
    let (site, other) = (Site::open(), Site::open());
    site.publish(&[("redis", "1.0.0")], &format!("{}/", other.url()));
    other.publish(&[("redis", "1.0.0")], "");
    site.web.require_login("ci", "secret");
    site.know("- {name: shop, url: URL, username: ci, password: secret}\n");
    code(&site.run(&["pull", "shop/redis"]), 0);
    assert_eq!((site.web.logins(), other.web.logins()), (1, 0));
    code(&site.run(&["pull", "shop/redis", "--pass-credentials"]), 0);
    assert_eq!(other.web.logins(), 1);
    site.know(
        "- {name: shop, url: URL, username: ci, password: secret, pass_credentials_all: true}\n",
    );
    code(&site.run(&["pull", "shop/redis"]), 0);
    assert_eq!(other.web.logins(), 2);
    // That was said of the credential in the list, and not of any other.
    let flags = ["pull", "shop/redis", "--username", "ci", "--password-stdin"];
    code(&site.run_with(&flags, "secret\n"), 0);
    assert_eq!(other.web.logins(), 2);
}

#[test]
fn what_the_list_of_repositories_says_of_trust_counts_and_nothing_is_believed_blindly() {
    let material = TlsMaterial::new();
    let site = Site::of(WebServer::start_tls(
        &material,
        ClientCertificates::NotAsked,
    ));
    site.write("ca.pem", material.ca_pem());
    let pull = ["pull", "redis", "--repo", "URL"];
    code(&site.run(&pull), 5);
    code(
        &site.run(&["pull", "redis", "--repo", "URL", "--ca-file", "ca.pem"]),
        0,
    );
    site.know("- {name: shop, url: URL, caFile: ca.pem}\n");
    code(&site.run(&pull), 0);
    let flags = ["pull", "shop/redis", "--username", "ci", "--password-stdin"];
    code(&site.run_with(&flags, "secret\n"), 0);
    site.know("- {name: shop, url: URL, insecure_skip_tls_verify: true}\n");
    let blind = site.run(&pull);
    code(&blind, 1);
    assert!(
        err(&blind).contains("which is never done here"),
        "{}",
        err(&blind)
    );
    site.know("- {name: shop, url: URL, caFile: ca.pem, certFile: ca.pem}\n");
    let half = site.run(&pull);
    code(&half, 1);
    assert!(
        err(&half).contains("a certificate and its key belong together"),
        "{}",
        err(&half)
    );
    site.write(".config/helm/repositories.yaml", "repositories: 7");
    let broken = site.run(&pull);
    code(&broken, 1);
    assert!(
        err(&broken).contains("repositories.yaml is not what `helm repo add` writes"),
        "{}",
        err(&broken)
    );
}

#[test]
fn no_secret_of_a_repository_reaches_what_is_printed() {
    let site = Site::open();
    site.web.require_login("ci", "other");
    site.know("- {name: shop, url: URL, username: ci, password: canary-4711}\n");
    let mut said = String::new();
    for arguments in [
        ["pull", "shop/redis", "-o", "json"],
        ["search", "--devel", "-o", "json"],
        ["versions", "shop/absent", "-o", "text"],
    ] {
        let done = site.run(&arguments);
        code(&done, 4);
        said += &(out(&done) + &err(&done));
    }
    let url = site.url().replace("http://", "http://ci:canary-4711@");
    let done = site.run(&["pull", "redis", "--repo", &format!("{url}?sig=canary-4711")]);
    said += &(out(&done) + &err(&done));
    assert!(!said.contains("canary-4711"), "{said}");
}
