//! Where a repository has its index and its charts.

use portolan_reference::RepositoryUrl;
use serde::Deserialize;
use url::Url;

#[derive(Debug, Deserialize)]
struct Row {
    base: String,
    #[serde(rename = "ref", default)]
    reference: String,
    out: String,
}

fn rows(data: &str) -> Vec<Row> {
    data.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn repository(text: &str) -> RepositoryUrl {
    text.parse().unwrap()
}

#[track_caller]
fn check_index(base: &str, expected: &str) {
    assert_eq!(repository(base).index_url().as_str(), expected, "{base}");
}

#[track_caller]
fn check_chart(base: &str, reference: &str, expected: &str) {
    let url = repository(base).chart_url(reference).unwrap();
    assert_eq!(url.as_str(), expected, "{base} {reference}");
}

#[track_caller]
fn check_refused(reference: &str, reason: &str) {
    let base = repository("https://example.com/helm?sig=hunter2");
    let error = base.chart_url(reference).unwrap_err().to_string();
    assert!(error.contains(reason), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn the_index_is_where_flux_looks_for_it() {
    let rows = rows(include_str!("../data/index-urls.jsonl"));
    assert_eq!(rows.len(), 2);
    for row in rows {
        check_index(&row.base, &row.out);
    }
}

#[test]
fn the_path_of_the_index_is_cleaned_and_its_query_kept() {
    check_index(
        "http://Example.com/A//b//",
        "http://example.com/A/b/index.yaml",
    );
    check_index("https://e.com/a/./b/../c", "https://e.com/a/c/index.yaml");
    check_index("https://e.com/a//../b", "https://e.com/b/index.yaml");
    check_index("https://e.com/../..", "https://e.com/index.yaml");
    check_index(
        "https://e.com/?sig=a%2Fb&c",
        "https://e.com/index.yaml?sig=a%2Fb&c",
    );
    check_index("https://e.com?sig=a/b", "https://e.com/index.yaml?sig=a/b");
    check_index(
        "https://e.com/next%2Fpath",
        "https://e.com/next%2Fpath/index.yaml",
    );
    check_index("https://e.com/a b", "https://e.com/a%20b/index.yaml");
    check_index("https://[::1]:8443", "https://[::1]:8443/index.yaml");
}

#[test]
fn a_chart_is_where_flux_looks_for_it() {
    let rows = rows(include_str!("../data/chart-urls.jsonl"));
    assert_eq!(rows.len(), 46);
    for row in rows {
        check_chart(&row.base, &row.reference, &row.out);
    }
}

#[test]
fn a_relative_reference_begins_in_the_folder_of_the_repository() {
    check_chart("https://e.com", "x.tgz", "https://e.com/x.tgz");
    check_chart("https://e.com/a", "./x.tgz", "https://e.com/a/x.tgz");
    check_chart("https://e.com/a/", "../../../x.tgz", "https://e.com/x.tgz");
    check_chart("https://e.com/a", "b c.tgz", "https://e.com/a/b%20c.tgz");
    check_chart("https://e.com/a//b", "x.tgz", "https://e.com/a//b/x.tgz");
}

#[test]
fn the_query_of_the_repository_stays_with_its_host() {
    let base = "https://e.com/helm?sig=hunter2";
    check_chart(base, "x.tgz", "https://e.com/helm/x.tgz?sig=hunter2");
    check_chart(base, "//E.com:443/x.tgz", "https://e.com/x.tgz?sig=hunter2");
    check_chart(base, "//cdn.example/x.tgz?y", "https://cdn.example/x.tgz?y");
    check_chart(base, "//e.com:8443/x.tgz", "https://e.com:8443/x.tgz");
}

#[test]
fn what_browsers_forgive_names_no_other_host() {
    let base = "https://e.com/a";
    check_chart(
        base,
        r"\\evil.example\x",
        "https://e.com/a/%5C%5Cevil.example%5Cx",
    );
    check_chart(base, r"/\evil.example/x", "https://e.com/%5Cevil.example/x");
    check_chart(
        base,
        " https://evil.example/",
        "https://e.com/a/%20https://evil.example/",
    );
    check_refused("https:evil.example/x.tgz", "a host follows the scheme");
    check_refused("https:/evil.example/x.tgz", "a host follows the scheme");
    check_refused("https:///evil.example/x.tgz", "a host follows the scheme");
    check_refused(r"https:\\evil.example\x.tgz", "a host follows the scheme");
    check_refused("ht\ntps://evil.example/", "control character");
    check_refused("//evil\t.example/", "control character");
}

#[test]
fn only_http_is_fetched() {
    check_refused(
        "file:///etc/passwd",
        "its scheme `file` is none of `https`, `http`",
    );
    check_refused("oci://ghcr.io/x/y", "its scheme `oci` is none of");
    check_refused("data:text/plain,x", "its scheme `data` is none of");
    check_refused("ftp://e.com/x?sig=hunter2", "its scheme `ftp` is none of");
    check_refused("C:/charts/x.tgz", "its scheme `C` is none of");
    check_refused("", "it is empty");
    check_refused("https://e.com:x/", "port");
    let oci = repository("oci://e.com/charts");
    let error = oci.chart_url("x.tgz").unwrap_err().to_string();
    assert!(error.contains("its scheme `oci` is none of"), "{error}");
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    #[track_caller]
    fn check(base: &str, url: &str, shared: bool) {
        let url: Url = url.parse().unwrap();
        assert_eq!(repository(base).shares_origin(&url), shared, "{base} {url}");
    }
    check("https://e.com/a", "https://e.com/b?c", true);
    check("https://E.com", "https://e.com:443/x", true);
    check("http://e.com:80", "http://e.com/x", true);
    check("https://e.com", "https://u:p@e.com/x", true);
    check("https://e.com", "http://e.com/x", false);
    check("https://e.com", "https://e.com:8443/x", false);
    check("https://e.com", "https://charts.e.com/x", false);
    check("https://e.com", "https://e.com.evil.example/x", false);
    check("https://e.com", "https://e.com./x", false);
    check("oci://e.com/a", "oci://e.com/a", false);
}
