//! Where the credential of a repository goes, and where it does not.

use std::net::SocketAddr;
use std::time::Duration;

use portolan_auth::{Access, Credential, SendError, Tls};
use portolan_fetch::{FetchError, IndexAnswer, IndexRemote, IndexRepository, Limits};
use portolan_kit::{ClientCertificates, Login, TlsMaterial, WebLie, WebServer};
use serde::Deserialize;

use crate::visit::{INDEX, PATH, Visit, transport};

const CHART: &str = "/charts/x.tgz";

fn alice() -> Access {
    Access::new("team", Some(Credential::basic("alice", "sesame")))
}

fn shown(user: &str, password: &str) -> Login {
    Login::Basic {
        user: user.to_owned(),
        password: password.to_owned(),
    }
}

/// Who came, in the order of the requests.
fn logins(server: &WebServer) -> Vec<Login> {
    server
        .requests()
        .iter()
        .map(portolan_kit::Seen::login)
        .collect()
}

/// A server with the chart `x.tgz` and no index.
async fn shelf() -> WebServer {
    let server = WebServer::start().await;
    server.put(CHART, "application/gzip", "x");
    server
}

/// What `alice` gets who visits a repository, and what the server saw.
async fn visit_by(access: Access) -> Visit {
    let mut visit = Visit::begin().await;
    visit.server.put(CHART, "application/gzip", "x");
    visit.access = access;
    visit
}

#[derive(Debug, Deserialize)]
struct Row {
    repo: String,
    request: String,
    #[serde(rename = "passCredentials")]
    passes: bool,
    basic_auth_sent: bool,
}

/// As the row has it, with two names for this machine.
async fn check_row(row: &Row) {
    let material = TlsMaterial::for_names(&["a.example", "b.example"]);
    let [a, b] = [(); 2].map(|()| WebServer::start_tls(&material, ClientCertificates::NotAsked));
    let address = |server: &WebServer| -> SocketAddr {
        let url = server.url("");
        url.trim_start_matches("https://").parse().unwrap()
    };
    let transport = transport(Duration::from_secs(10))
        .resolve("a.example", [address(&a)])
        .resolve("b.example", [address(&b)])
        .build()
        .unwrap();
    for server in [&a, &b] {
        server.put("/x.tgz", "application/gzip", "x");
        server.put("/charts/x.tgz", "application/gzip", "x");
    }
    let tls = Tls::default().with_roots_pem(material.ca_pem().as_bytes());
    let access = alice().with_tls(tls.unwrap());
    let mut remote = IndexRemote::new(row.repo.parse().unwrap(), access);
    if row.passes {
        remote = remote.pass_credentials();
    }
    let repository = IndexRepository::new(transport, Limits::default());
    let chart = repository.chart(&remote, &row.request).await.unwrap();
    assert_eq!(chart.collect().await.unwrap(), "x", "{row:?}");
    let requests = [a.requests(), b.requests()].concat();
    assert_eq!(requests.len(), 1, "{row:?}");
    let sent = requests[0].login() == shown("alice", "sesame");
    assert_eq!(sent, row.basic_auth_sent, "{row:?}");
}

#[tokio::test]
async fn a_password_goes_where_flux_sends_it() {
    let rows: Vec<Row> = include_str!("../data/credential-scope.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 3);
    for row in &rows {
        check_row(row).await;
    }
}

#[tokio::test]
async fn a_default_port_that_is_written_out_is_no_other_origin() {
    for (repo, request, basic_auth_sent) in [
        (
            "https://a.example/charts",
            "https://a.example:443/x.tgz",
            true,
        ),
        (
            "https://a.example:443/charts",
            "https://A.example/x.tgz",
            true,
        ),
        ("https://a.example/charts", "//a.example/x.tgz", true),
        (
            "https://a.example:443/charts",
            "//b.example:443/x.tgz",
            false,
        ),
    ] {
        let row = Row {
            repo: repo.to_owned(),
            request: request.to_owned(),
            passes: false,
            basic_auth_sent,
        };
        check_row(&row).await;
    }
}

#[tokio::test]
async fn a_password_is_shown_at_once_for_the_index_and_its_charts() {
    let visit = visit_by(alice()).await;
    visit.server.require_login("alice", "sesame");
    assert_eq!(visit.index().await.unwrap(), INDEX);
    let chart = visit.chart("x.tgz").await.unwrap();
    assert_eq!(chart.collect().await.unwrap(), "x");
    assert_eq!(
        logins(&visit.server),
        [(); 2].map(|()| shown("alice", "sesame"))
    );
}

#[tokio::test]
async fn charts_on_another_host_or_port_are_fetched_by_a_stranger() {
    let visit = visit_by(alice()).await;
    let other = shelf().await;
    for url in [
        other.url(CHART),
        other.url(CHART).replace("127.0.0.1", "localhost"),
    ] {
        let chart = visit.chart(&url).await.unwrap();
        assert_eq!(chart.collect().await.unwrap(), "x");
    }
    assert_eq!(other.requests().len(), 2);
    assert_eq!(other.logins(), 0);
}

#[tokio::test]
async fn a_challenge_of_another_host_is_not_answered() {
    let visit = visit_by(alice()).await;
    let other = shelf().await;
    other.require_login("alice", "sesame");
    let error = visit.chart(&other.url(CHART)).await.unwrap_err();
    assert!(error.is_denied(), "{error:?}");
    assert_eq!(other.logins(), 0);

    let passing = visit.remote().pass_credentials();
    let chart = visit.repository().chart(&passing, &other.url(CHART)).await;
    assert_eq!(chart.unwrap().collect().await.unwrap(), "x");
    assert_eq!(other.logins(), 1);
}

#[tokio::test]
async fn a_redirect_to_another_origin_loses_the_password_even_if_it_is_passed_on() {
    let other = shelf().await;
    other.put("/index.yaml", "text/yaml", INDEX);
    let visit = visit_by(alice()).await;
    let redirect = |to: String| WebLie::Redirect { status: 302, to };
    visit.server.tell(PATH, redirect(other.url("/index.yaml")));
    visit.server.tell(CHART, redirect(other.url(CHART)));
    let remote = visit.remote().pass_credentials();
    let IndexAnswer::Modified(index) = visit.repository().index(&remote, None).await.unwrap()
    else {
        panic!("nothing is known of it");
    };
    assert_eq!(index.collect().await.unwrap(), INDEX);
    let chart = visit.repository().chart(&remote, "x.tgz").await.unwrap();
    assert_eq!(chart.url().as_str(), other.url(CHART));
    assert_eq!(chart.collect().await.unwrap(), "x");
    assert_eq!((visit.server.logins(), other.logins()), (2, 0));
    assert_eq!(other.requests().len(), 2);
}

#[tokio::test]
async fn a_redirect_within_the_origin_keeps_it() {
    let visit = visit_by(alice()).await;
    let to = "/moved/index.yaml".to_owned();
    visit.server.put(&to, "text/yaml", INDEX);
    visit
        .server
        .tell(PATH, WebLie::Redirect { status: 308, to });
    assert_eq!(visit.index().await.unwrap(), INDEX);
    assert_eq!(visit.server.logins(), 2);
}

/// A repository that speaks TLS and looks at certificates, and who visits it with one.
fn secure(material: &TlsMaterial) -> (Visit, Tls) {
    let server = WebServer::start_tls(material, ClientCertificates::Optional);
    server.put(CHART, "application/gzip", "x");
    let mut visit = Visit::to(server);
    let identity = material.client_identity();
    let tls = Tls::default()
        .with_roots_pem(material.ca_pem().as_bytes())
        .unwrap()
        .with_identity_pem(
            identity.certificate_pem.as_bytes(),
            identity.key_pem.as_bytes(),
        )
        .unwrap();
    visit.access = alice().with_tls(tls.clone());
    (visit, tls)
}

#[tokio::test]
async fn https_never_leads_to_http() {
    let material = TlsMaterial::new();
    let plain = shelf().await;
    let (visit, _) = secure(&material);
    let to = plain.url(CHART);
    visit
        .server
        .tell(CHART, WebLie::Redirect { status: 302, to });
    let error = visit.chart("x.tgz").await.unwrap_err();
    let FetchError::Transport { source, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(
        matches!(source, SendError::RedirectRefused { .. }),
        "{source:?}"
    );
    assert!(plain.requests().is_empty());
}

#[tokio::test]
async fn a_chart_that_an_https_repository_has_in_the_clear_is_fetched_without_a_password() {
    let material = TlsMaterial::new();
    let plain = shelf().await;
    let (visit, _) = secure(&material);
    for remote in [visit.remote(), visit.remote().pass_credentials()] {
        let chart = visit.repository().chart(&remote, &plain.url(CHART)).await;
        assert_eq!(chart.unwrap().collect().await.unwrap(), "x");
    }
    assert_eq!((plain.requests().len(), plain.logins()), (2, 0));
}

#[tokio::test]
async fn a_client_certificate_is_for_the_repository_and_roots_are_for_all() {
    let material = TlsMaterial::new();
    let (visit, _) = secure(&material);
    let other = WebServer::start_tls(&material, ClientCertificates::Optional);
    other.put(CHART, "application/gzip", "x");
    assert_eq!(visit.index().await.unwrap(), INDEX);
    visit.chart(CHART).await.unwrap();
    visit.chart(&other.url(CHART)).await.unwrap();
    let presented = |server: &WebServer| -> Vec<bool> {
        let requests = server.requests();
        requests
            .iter()
            .map(|seen| seen.client_certificate)
            .collect()
    };
    assert_eq!(presented(&visit.server), [true, true]);
    assert_eq!(presented(&other), [false]);

    let passing = visit.remote().pass_credentials();
    let repository = visit.repository();
    repository.chart(&passing, &other.url(CHART)).await.unwrap();
    assert_eq!(presented(&other), [false, true]);
    assert_eq!(logins(&other), [Login::Anonymous, shown("alice", "sesame")]);
}

/// A remote whose URL has user info: `http://<login>@127.0.0.1:…/charts`.
fn written(server: &WebServer, login: &str, access: Access) -> IndexRemote {
    let url = server
        .url("/charts")
        .replace("://", &format!("://{login}@"));
    IndexRemote::new(url.parse().unwrap(), access)
}

#[tokio::test]
async fn a_password_in_the_url_is_one_for_the_repository() {
    let visit = visit_by(Access::anonymous()).await;
    for (login, user, password) in [
        ("alice:sesame", "alice", "sesame"),
        ("a%40b:p%2Fw%3A", "a@b", "p/w:"),
        ("alice", "alice", ""),
        (":sesame", "", "sesame"),
    ] {
        visit.server.forget_requests();
        let remote = written(&visit.server, login, Access::anonymous());
        visit.repository().index(&remote, None).await.unwrap();
        visit.repository().chart(&remote, "x.tgz").await.unwrap();
        let expected = [(); 2].map(|()| shown(user, password));
        assert_eq!(logins(&visit.server), expected, "{login}");
        let asked = visit.server.requests();
        assert!(asked.iter().all(|seen| !seen.host.contains('@')));
    }
}

#[tokio::test]
async fn the_password_that_is_configured_outranks_the_one_in_the_url() {
    let visit = visit_by(Access::anonymous()).await;
    let remote = written(&visit.server, "bob:hunter2", alice());
    visit.repository().index(&remote, None).await.unwrap();
    assert_eq!(logins(&visit.server), [shown("alice", "sesame")]);
}

#[tokio::test]
async fn a_password_in_the_url_is_never_passed_on() {
    let visit = visit_by(Access::anonymous()).await;
    let other = shelf().await;
    let remote = written(&visit.server, "bob:hunter2", Access::anonymous()).pass_credentials();
    let reference = other.url(CHART).replace("http:", "");
    for reference in [other.url(CHART), reference] {
        visit.repository().chart(&remote, &reference).await.unwrap();
    }
    assert_eq!((other.requests().len(), other.logins()), (2, 0));
}

#[tokio::test]
async fn a_password_that_the_index_names_is_not_shown_to_anybody() {
    let visit = visit_by(alice()).await;
    let other = shelf().await;
    for server in [&visit.server, &other] {
        let url = server.url(CHART).replace("://", "://mallory:word@");
        visit.chart(&url).await.unwrap();
    }
    assert_eq!(logins(&visit.server), [shown("alice", "sesame")]);
    assert_eq!(logins(&other), [Login::Anonymous]);
}

#[tokio::test]
async fn a_public_repository_names_nothing_inside() {
    let inside = shelf().await;
    let address = "203.0.113.7:9".parse().unwrap();
    let transport = transport(Duration::from_secs(10))
        .resolve("public.example", [address])
        .build()
        .unwrap();
    let url = "https://public.example/charts".parse().unwrap();
    let remote = IndexRemote::new(url, alice()).pass_credentials();
    let repository = IndexRepository::new(transport, Limits::default());
    let localhost = inside.url(CHART).replace("127.0.0.1", "localhost");
    for reference in [
        inside.url(CHART).as_str(),
        localhost.as_str(),
        "http://169.254.169.254/latest/meta-data",
        "http://metadata.google.internal/",
        "https://10.0.0.1/x.tgz",
    ] {
        let error = repository.chart(&remote, reference).await.unwrap_err();
        let FetchError::Transport { source, .. } = &error else {
            panic!("{error:?}");
        };
        assert!(
            matches!(source, SendError::AddressRefused { .. }),
            "{source:?}"
        );
        assert!(!error.is_transient());
    }
    assert!(inside.requests().is_empty());
}
