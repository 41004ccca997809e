//! Charts in folders: what they depend on, and packages of them.

use std::fs;

use portolan_kit::{Registry, chart_archive};

use crate::site::Site;
use crate::{code, err, json, out};

/// A chart that requires these lines.
fn umbrella(site: &Site, requirements: &str) {
    site.write(
        "umbrella/Chart.yaml",
        &format!(
            "# kept\napiVersion: v2\nname: umbrella\nversion: 0.1.0\ndependencies:\n{requirements}"
        ),
    );
}

const TWO: &str = "\
- {name: redis, version: ~18.0, repository: URL, alias: sessions}
- {name: nginx, version: '1', repository: 'URL/'}
";

fn charts(site: &Site) -> Vec<String> {
    let entries = fs::read_dir(site.path().join("umbrella/charts")).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
    let mut names: Vec<String> = entries.map(|entry| name(entry).unwrap()).collect();
    names.sort();
    names
}

#[test]
fn dependencies_are_listed_as_helm_lists_them() {
    let site = Site::open();
    umbrella(
        &site,
        "\
- {name: redis, version: ^18, repository: 'https://charts.example.com', alias: r}
- {name: nginx, version: ^2, repository: 'https://charts.example.com'}
- {name: misnamed, version: ^2, repository: ''}
- {name: unpacked, version: ^1, repository: ''}
- {name: missing, version: ^1, repository: 'file://../x'}
- {name: none}
",
    );
    let inside = |file: &str, name: &str, version: &str| {
        let folder = site.path().join("umbrella/charts");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(file), chart_archive(name, version)).unwrap();
    };
    inside("redis-18.0.0.tgz", "redis", "18.0.0");
    inside("nginx-1.0.0.tgz", "nginx", "1.0.0");
    inside("misnamed-2.0.0.tgz", "postgres", "2.0.0");
    for name in ["unpacked", "extra"] {
        let chart = format!("apiVersion: v2\nname: {name}\nversion: 1.3.0\n");
        site.write(&format!("umbrella/charts/{name}/Chart.yaml"), &chart);
    }
    fs::create_dir(site.path().join("umbrella/charts/_empty")).unwrap();
    let listed = site.run(&["dependency", "list", "umbrella"]);
    code(&listed, 0);
    // As Helm v4.3.1 prints it.
    assert_eq!(
        out(&listed),
        "NAME    \tVERSION\tREPOSITORY                \tSTATUS       \n\
         redis   \t^18    \thttps://charts.example.com\tok           \n\
         nginx   \t^2     \thttps://charts.example.com\twrong version\n\
         misnamed\t^2     \t                          \tmisnamed     \n\
         unpacked\t^1     \t                          \tunpacked     \n\
         missing \t^1     \tfile://../x               \tmissing      \n\
         none    \t       \t                          \tmissing      \n\
         \n\
         WARNING: \"umbrella/charts/_empty\" is not a chart.\n\
         WARNING: \"umbrella/charts/extra\" is not in Chart.yaml.\n\
         WARNING: \"umbrella/charts/misnamed-2.0.0.tgz\" is not in Chart.yaml.\n"
    );
    let listed = json(&site.run(&["dep", "ls", "umbrella", "-o", "json"]));
    assert_eq!(listed["dependencies"][1]["status"], "wrong version");
    let extra = serde_json::json!({"path": "charts/extra", "is_chart": true});
    assert_eq!(listed["surplus"][1], extra);
    site.write(
        "alone/Chart.yaml",
        "apiVersion: v2\nname: alone\nversion: 1.0.0\n",
    );
    let none = site.run(&["dependency", "list", "./alone/"]);
    assert_eq!(out(&none), "WARNING: no dependencies at alone/charts\n");
    // Helm writes no lock file for such a chart, and refuses one.
    code(&site.run(&["dependency", "update", "alone"]), 0);
    assert!(!site.path().join("alone/Chart.lock").exists());
    let absent = site.run(&["dependency", "list", "absent"]);
    code(&absent, 1);
    assert!(err(&absent).contains("absent"), "{}", err(&absent));
}

#[test]
fn an_update_chooses_brings_and_locks() {
    let site = Site::open();
    umbrella(&site, TWO);
    let done = site.run(&["dependency", "update", "umbrella"]);
    code(&done, 0);
    assert_eq!(err(&done), "", "no progress where there is no terminal");
    let url = site.url();
    assert_eq!(
        out(&done),
        format!(
            "Saved:   charts/nginx-1.0.0.tgz from {url}/\nSaved:   charts/redis-18.0.0.tgz from {url}/\n\
             Locked:  Chart.lock\n"
        )
    );
    assert_eq!(charts(&site), ["nginx-1.0.0.tgz", "redis-18.0.0.tgz"]);
    let lock = || fs::read_to_string(site.path().join("umbrella/Chart.lock")).unwrap();
    let first = lock();
    assert!(
        first.contains("version: 18.0.0\n") && first.contains("digest: sha256:"),
        "{first}"
    );
    // Each index was asked for once, and nothing else but the charts.
    let mut asked = site.asked();
    asked.sort();
    assert_eq!(
        asked,
        [
            "/helm/index.yaml",
            "/helm/nginx-1.0.0.tgz",
            "/helm/redis-18.0.0.tgz"
        ]
    );

    let again = json(&site.run(&["dependency", "up", "umbrella", "-o", "json"]));
    assert_eq!(
        (&again["saved"][1]["version"], &again["lock"]),
        (&"18.0.0".into(), &serde_json::Value::Null)
    );
    assert_eq!(lock(), first, "a lock file that would say the same stays");

    umbrella(&site, &TWO.replace("~18.0", "17.x"));
    let changed = json(&site.run(&["dependency", "update", "umbrella", "-o", "json"]));
    assert_eq!(
        changed["removed"],
        serde_json::json!(["charts/redis-18.0.0.tgz"])
    );
    assert!(lock().contains("version: 17.0.0\n"));
}

#[test]
fn a_build_takes_what_is_locked() {
    let site = Site::open();
    umbrella(&site, &TWO.replace("~18.0", "^18"));
    code(&site.run(&["dependency", "update", "umbrella"]), 0);
    site.publish(
        &[("nginx", "1.0.0"), ("redis", "18.2.1"), ("redis", "18.9.0")],
        "",
    );
    fs::remove_dir_all(site.path().join("umbrella/charts")).unwrap();
    let built = site.run(&["dependency", "build", "umbrella"]);
    code(&built, 0);
    assert_eq!(charts(&site), ["nginx-1.0.0.tgz", "redis-18.2.1.tgz"]);
    assert!(!out(&built).contains("Chart.lock"), "{}", out(&built));

    site.publish(&[("nginx", "1.0.0"), ("redis", "18.9.0")], "");
    let gone = site.run(&["dependency", "build", "umbrella"]);
    code(&gone, 3);
    let words = "no 'redis' chart with version matching '18.2.1' found";
    assert!(err(&gone).contains(words), "{}", err(&gone));

    umbrella(&site, &TWO.replace("~18.0", "^17"));
    let refused = site.run(&["dependency", "build", "umbrella"]);
    code(&refused, 1);
    let words = "the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml)";
    assert!(err(&refused).contains(words), "{}", err(&refused));
    assert_eq!(charts(&site), ["nginx-1.0.0.tgz", "redis-18.2.1.tgz"]);
}

#[test]
fn charts_come_from_everywhere_at_once() {
    let site = Site::open();
    let registry = Registry::start_blocking();
    registry.push_chart("charts/web", &chart_archive("web", "2.1.0"), "2.1.0");
    site.write(
        "common/Chart.yaml",
        "apiVersion: v2\nname: common\nversion: 0.3.0\n",
    );
    site.write(
        "umbrella/charts/own/Chart.yaml",
        "apiVersion: v2\nname: own\nversion: 1.0.0\n",
    );
    site.know("- {name: shop, url: URL}\n");
    let web = format!("oci://{}/charts", registry.address());
    umbrella(
        &site,
        &format!(
            "- {{name: web, version: 2.x, repository: '{web}'}}\n\
             - {{name: redis, version: 18.2.1, repository: '@shop'}}\n\
             - {{name: redis, version: 17.x, repository: 'alias:shop', alias: old}}\n\
             - {{name: common, version: '*', repository: 'file://../common'}}\n\
             - {{name: own, version: '*', repository: ''}}\n"
        ),
    );
    let done = site.run(&["dependency", "update", "umbrella", "--plain-http"]);
    code(&done, 0);
    assert_eq!(
        charts(&site),
        [
            "common-0.3.0.tgz",
            "own",
            "redis-17.0.0.tgz",
            "redis-18.2.1.tgz",
            "web-2.1.0.tgz"
        ]
    );
    let lock = fs::read_to_string(site.path().join("umbrella/Chart.lock")).unwrap();
    assert!(lock.contains(&site.url()) && !lock.contains('@'), "{lock}");
    code(
        &site.run(&["dependency", "build", "umbrella", "--plain-http"]),
        0,
    );
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_charts_stay_as_they_are() {
    let site = Site::open();
    umbrella(
        &site,
        "\
- {name: redis, version: '>99', repository: URL}
- {name: absent, version: '*', repository: URL}
- {name: odd, version: '*', repository: 'ftp://x'}
- {name: named, version: '*', repository: '@nobody'}
- {name: umbrella, version: '*', repository: 'file://.'}
- {name: nginx, version: '*', repository: URL}
",
    );
    let refused = site.run(&["dependency", "update", "umbrella"]);
    code(&refused, 3);
    let said = err(&refused);
    for part in [
        "failed to add remote dependency 'redis'",
        "no 'redis' chart with version matching '>99' found",
        "failed to add remote dependency 'absent'",
        "no chart name found",
        "invalid dependency repository URL: ftp://x/",
        "no repository definition for '@nobody'",
        "the chart requires itself",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!site.path().join("umbrella/charts").exists());
    assert!(!site.path().join("umbrella/Chart.lock").exists());
}

#[test]
fn each_kind_of_trouble_with_a_dependency_has_its_exit_code() {
    #[track_caller]
    fn check(site: &Site, requirement: &str, expected: i32) {
        umbrella(site, requirement);
        let done = site.run(&["dependency", "update", "umbrella"]);
        code(&done, expected);
        assert!(err(&done).starts_with("error: "), "{}", err(&done));
    }
    let site = Site::open();
    check(
        &site,
        "- {name: odd, version: '*', repository: 'ftp://x'}\n",
        1,
    );
    check(
        &site,
        "- {name: redis, version: '99', repository: URL}\n",
        3,
    );
    check(
        &site,
        "- {name: redis, version: '*', repository: 'http://127.0.0.1:1'}\n",
        5,
    );
    site.web
        .put("/helm/nginx-1.0.0.tgz", "application/gzip", "no archive");
    check(&site, "- {name: nginx, version: '*', repository: URL}\n", 6);
    site.web.require_login("ci", "secret");
    check(&site, "- {name: redis, version: '*', repository: URL}\n", 4);
}

#[test]
fn a_credential_goes_to_the_repository_that_it_is_for_and_to_no_other() {
    let (site, other) = (Site::open(), Site::open());
    site.web.require_login("ci", "secret");
    site.know("- {name: shop, url: URL, username: ci, password: secret}\n");
    umbrella(
        &site,
        &format!(
            "{TWO}- {{name: redis, version: 17.x, repository: '{}'}}\n",
            other.url()
        ),
    );
    code(&site.run(&["dependency", "update", "umbrella"]), 0);
    assert!(site.web.logins() > 0);
    let before = other.web.requests().len();
    assert_eq!((other.web.logins(), before), (0, 2));

    let flags = [
        "dependency",
        "build",
        "umbrella",
        "--username",
        "ci",
        "--password-stdin",
    ];
    let refused = site.run_with(&flags, "secret\n");
    code(&refused, 1);
    assert!(
        err(&refused).contains("a chart may depend on any"),
        "{}",
        err(&refused)
    );
    assert_eq!(other.web.requests().len(), before);
}

#[test]
fn a_link_is_not_written_through() {
    let site = Site::open();
    umbrella(&site, TWO);
    let (target, link) = (
        site.path().join("target"),
        site.path().join("umbrella/Chart.lock"),
    );
    fs::write(&target, "").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    code(&site.run(&["dependency", "update", "umbrella"]), 1);
    assert_eq!(fs::read_to_string(target).unwrap(), "");
}

#[test]
fn a_package_has_what_the_chart_depends_on_and_the_same_bytes_each_time() {
    let site = Site::open();
    umbrella(&site, TWO);
    site.write("umbrella/values.yaml", "a: 1\n");
    site.write("umbrella/production.yaml", "a: 2\n");
    let done = site.run(&["package", "umbrella", "-d", "out"]);
    code(&done, 0);
    assert_eq!(
        out(&done),
        "Successfully packaged chart and saved it to: out/umbrella-0.1.0.tgz\n"
    );
    let first = fs::read(site.path().join("out/umbrella-0.1.0.tgz")).unwrap();
    let here = json(&site.run(&["package", "umbrella", "-o", "json"]));
    let path = site
        .path()
        .canonicalize()
        .unwrap()
        .join("umbrella-0.1.0.tgz");
    assert_eq!(here[0]["path"], path.to_str().unwrap());
    assert_eq!(here[0]["dependencies"][0]["version"], "18.0.0");
    assert_eq!(fs::read(path).unwrap(), first);
    assert!(
        !site.path().join("umbrella/charts").exists(),
        "the folder stays as it is"
    );
    let other = [
        "package",
        "umbrella",
        "--version",
        "1.0.0",
        "--app-version",
        "7",
        "--values-file",
        "production.yaml",
        "-o",
        "json",
    ];
    let other = json(&site.run(&other));
    assert_eq!(other[0]["version"], "1.0.0");
    assert_eq!(
        other[0]["values_files"],
        serde_json::json!(["production.yaml"])
    );
    let absent = site.run(&["package", "umbrella", "--values-file", "absent.yaml"]);
    code(&absent, 1);
    assert!(err(&absent).contains("absent.yaml"), "{}", err(&absent));
    let updated = site.run(&["package", "umbrella", "-u"]);
    code(&updated, 0);
    assert_eq!(charts(&site), ["nginx-1.0.0.tgz", "redis-18.0.0.tgz"]);
}
