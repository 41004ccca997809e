//! Looking for charts.

use crate::site::Site;
use crate::{code, err, json, out};

#[test]
fn what_is_found_is_told_as_helm_tells_it() {
    let site = Site::open();
    let search = |arguments: &[&str]| {
        let done = site.run(&[&["search", "--repo", "URL"], arguments].concat());
        code(&done, 0);
        assert_eq!(err(&done), "");
        out(&done)
    };
    // As `helm search repo` of Helm v4.3.1 prints it, save the name of the repository.
    let all = "NAME \tCHART VERSION\tAPP VERSION\tDESCRIPTION    \n\
               nginx\t1.0.0        \t7          \tA nginx for you\n\
               redis\t18.2.1       \t7          \tA redis for you\n";
    assert_eq!(search(&[]), all);
    assert_eq!(search(&["FAST"]), all);
    let versions = search(&["redis", "--versions", "--version", "<18.1"]);
    assert!(versions.contains("redis\t18.0.0") && versions.contains("redis\t17.0.0"));
    assert!(!versions.contains("18.2.1"), "{versions}");
    assert!(search(&["redis", "--devel"]).contains("19.0.0-rc.1"));
    assert_eq!(search(&["zzz"]), "No results found\n");
    let found = json(&site.run(&["search", "nginx", "--repo", "URL", "-o", "json"]));
    let expected = serde_json::json!([{
        "name": "nginx", "version": "1.0.0", "app_version": "7", "description": "A nginx for you",
    }]);
    assert_eq!(found, expected);
}

#[test]
fn every_repository_that_has_a_name_is_looked_into_and_the_name_comes_first() {
    let site = Site::open();
    site.know("- {name: one, url: URL}\n- {name: two, url: URL}\n");
    let found = json(&site.run(&["search", "redis", "-o", "json"]));
    let names: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(names, ["one/redis", "two/redis"]);
    // A match in the name comes before one in the name of the repository, as with Helm.
    site.know("- {name: nginx, url: URL}\n");
    let found = json(&site.run(&["search", "nginx", "-o", "json"]));
    let names: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(names, ["nginx/nginx", "nginx/redis"]);
}

#[test]
fn a_search_that_cannot_be_made_says_why() {
    #[track_caller]
    fn check(site: &Site, arguments: &[&str], expected: i32, text: &str) {
        let done = site.run_with(arguments, "secret\n");
        code(&done, expected);
        assert!(err(&done).contains(text), "{}", err(&done));
        assert_eq!(out(&done), "");
    }
    let site = Site::open();
    check(&site, &["search"], 1, "no repositories configured");
    check(
        &site,
        &["search", "zzz", "--repo", "URL", "--fail-on-no-result"],
        3,
        "no results found",
    );
    check(
        &site,
        &["search", "--repo", "oci://localhost"],
        1,
        "registries have no list",
    );
    check(
        &site,
        &["search", "--repo", "URL", "--version", "bogus"],
        1,
        "improper constraint",
    );
    site.know("- {name: one, url: URL}\n");
    let login = ["search", "--username", "ci", "--password-stdin"];
    check(&site, &login, 1, "for one repository");
    assert!(site.asked().iter().all(|path| path == "/helm/index.yaml"));
    assert_eq!(site.web.logins(), 0);
}
