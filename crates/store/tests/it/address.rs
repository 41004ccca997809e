//! Paths and URLs, as Flux builds them.

use portolan_store::{Address, ObjectKey, Record};
use serde::Deserialize;

use crate::home::Home;

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Row {
    Path {
        id: String,
        kind: String,
        ns: String,
        name: String,
        file: String,
        path: String,
    },
    Url {
        id: String,
        host: String,
        path: String,
        url: String,
    },
    Advertised {
        id: String,
        storage_addr: String,
        adv: String,
        #[serde(rename = "HOSTNAME", default)]
        host_name: String,
        advertised: Option<String>,
    },
}

#[tokio::test]
async fn paths_and_addresses_are_those_of_flux() {
    let rows = include_str!("../data/addresses.jsonl").lines();
    let mut played = 0;
    for row in rows.map(|row| serde_json::from_str::<Row>(row).unwrap()) {
        played += 1;
        match row {
            Row::Path {
                id,
                kind,
                ns,
                name,
                file,
                path,
            } => {
                let key = ObjectKey::new(&kind, &ns, &name).unwrap();
                if file.is_empty() {
                    assert_eq!(key.to_string(), path, "{id}");
                    continue;
                }
                let home = Home::new();
                let staged = home.store.stage(&key).await.unwrap();
                let published =
                    home.store
                        .publish(staged, &file, "latest.tar.gz", Record::default());
                assert_eq!(published.await.unwrap().path, path, "{id}");
            }
            Row::Url {
                id,
                host,
                path,
                url,
            } => {
                assert_eq!(Address::new(&host).unwrap().url(&path), url, "{id}");
            }
            Row::Advertised {
                id,
                storage_addr,
                adv,
                host_name,
                advertised,
            } => {
                let address = if adv.is_empty() {
                    Address::of_listener(&storage_addr, || host_name)
                } else {
                    Address::new(&adv)
                };
                let url = address.ok().map(|address| address.url("x"));
                let expected = advertised.map(|host| format!("http://{host}/x"));
                assert_eq!(url, expected, "{id}");
            }
        }
    }
    assert_eq!(played, 9);
}

#[track_caller]
fn check(address: &str, url: &str, link_url: &str) {
    let path = "helmchart/ns/app/app-1.0.0+1.tgz";
    let address = Address::new(address).unwrap();
    assert_eq!(address.url(path), format!("{url}/{path}"));
    assert_eq!(address.url(&format!("/{path}")), format!("{url}/{path}"));
    assert_eq!(address.link_url(path), format!("{link_url}/{path}"));
    assert_eq!(address.link_url(""), "");
}

#[test]
fn a_scheme_in_the_address_stays_and_else_it_is_http() {
    check("host:9090", "http://host:9090", "http://host:9090");
    check("http://host", "http://host", "http://host");
    check("https://host", "https://host", "http://host");
    check("[::1]:9090", "http://[::1]:9090", "http://[::1]:9090");
}

#[test]
fn one_leading_slash_of_a_path_is_dropped() {
    let address = Address::new("host").unwrap();
    assert_eq!(address.url("/a"), "http://host/a");
    assert_eq!(address.url("//a"), "http://host//a");
}

#[test]
fn a_new_address_replaces_host_and_port_of_a_url_and_nothing_else() {
    #[track_caller]
    fn check(address: &str, url: &str, expected: &str) {
        assert_eq!(Address::new(address).unwrap().refreshed(url), expected);
    }
    check("new:1", "http://old:9090/a/b.tgz", "http://new:1/a/b.tgz");
    check("new", "https://old/a/b.tgz", "https://new/a/b.tgz");
    check("https://new", "http://old/a%2Bb+c", "http://new/a%2Bb+c");
    check("http://new/under/path", "http://old/a", "http://new/a");
    check("new", "http://old", "http://new");
    check("new", "", "");
    check("new", "no url", "no url");
}

#[test]
fn what_cannot_be_in_front_of_a_path_is_refused() {
    for bad in [
        "",
        "/",
        "http://",
        "https:///",
        "a b",
        "a\n",
        "a?b",
        "a#b",
        "a\\b",
        "http:///path",
    ] {
        assert!(Address::new(bad).is_err(), "{bad}");
    }
    for bad in ["", "9090", "localhost"] {
        let address = Address::of_listener(bad, String::new);
        assert!(address.is_err(), "{bad}");
    }
}

#[test]
fn this_machine_has_a_name() {
    assert!(!portolan_store::host_name().is_empty());
}
