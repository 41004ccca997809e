//! Addresses that only insiders may send us to.
//!
//! A registry on loopback is an insider of this machine and of nothing else. For one that is none, the
//! tests put a registry behind a proxy, where it counts as public.

use std::net::SocketAddr;

use portolan_auth::{Reach, SendError, Transport};

use crate::server::{Reply, Seen, Server, builder, get, user};

/// Everybody is sent to `to`: by a redirect below `/moved`, else for a token.
fn naming(to: &str) -> impl Fn(&Seen) -> Reply + Send + Sync + 'static {
    let (redirect, challenge) = (Reply::redirect(to), Reply::bearer(to));
    move |seen| match seen.authorization() {
        _ if seen.path().ends_with("/moved") => redirect.clone(),
        Some("Bearer t") => Reply::ok(""),
        _ => challenge.clone(),
    }
}

#[track_caller]
fn refused(result: Result<u16, SendError>) -> Reach {
    match result {
        Err(error @ SendError::AddressRefused { reach, .. }) => {
            assert!(!error.is_transient());
            reach
        }
        other => panic!("{other:?}"),
    }
}

/// A transport for which `inside.test` is at this address, and that would connect to port 9 there.
fn knowing(address: &str) -> Transport {
    let address = SocketAddr::new(address.parse().unwrap(), 9);
    builder().resolve("inside.test", [address]).build().unwrap()
}

#[tokio::test]
async fn a_registry_on_loopback_may_not_send_anybody_into_the_network_around() {
    for (host, reach) in [
        ("169.254.169.254", Reach::LinkLocal),
        ("metadata.google.internal", Reach::LinkLocal),
        ("[fd00:ec2::254]", Reach::LinkLocal),
        ("[::ffff:169.254.169.254]", Reach::LinkLocal),
        ("10.0.0.1", Reach::Private),
        ("192.168.0.1", Reach::Private),
        ("[fd00::1]", Reach::Private),
        ("0.0.0.0", Reach::Unusable),
        ("0", Reach::Unusable),
    ] {
        let registry = Server::start(naming(&format!("http://{host}/"))).await;
        for path in ["/v2/a", "/moved"] {
            let result = get(&knowing("::1"), registry.url(path), &user("secret")).await;
            assert_eq!(refused(result), reach, "{host} {path}");
            assert_eq!(registry.seen().len(), 1 + usize::from(path == "/moved"));
        }
    }
}

#[tokio::test]
async fn a_name_is_judged_by_the_address_it_stands_for() {
    for (address, reach) in [
        ("169.254.169.254", Reach::LinkLocal),
        ("10.0.0.1", Reach::Private),
        ("fd00::1", Reach::Private),
        ("0.0.0.0", Reach::Unusable),
    ] {
        let registry = Server::start(naming("http://inside.test/")).await;
        for path in ["/v2/a", "/moved"] {
            let result = get(&knowing(address), registry.url(path), &user("secret")).await;
            assert_eq!(refused(result), reach, "{address} {path}");
        }
    }
}

#[tokio::test]
async fn a_registry_on_loopback_may_name_others_there() {
    let inside = Server::start(|_| Reply::token("t")).await;
    let address = SocketAddr::new(inside.address().ip(), 0);
    let transport = builder().resolve("inside.test", [address]).build().unwrap();
    let port = inside.address().port();
    for host in ["127.0.0.1", "localhost", "inside.test"] {
        let registry = Server::start(naming(&format!("http://{host}:{port}/"))).await;
        for path in ["/v2/a", "/moved"] {
            let result = get(&transport, registry.url(path), &user("secret")).await;
            assert_eq!(result.unwrap(), 200, "{host} {path}");
        }
    }
}

/// A registry that counts as public, what it names, and a transport that reaches it. `inside.test` is
/// reached without the proxy.
async fn public(to: &str, inside: &Server) -> (Server, Transport) {
    let registry = Server::start(naming(to)).await;
    let transport = builder()
        .proxy(registry.url("/"), "inside.test")
        .resolve("inside.test", [inside.address()])
        .build()
        .unwrap();
    (registry, transport)
}

#[tokio::test]
async fn a_public_registry_may_not_send_anybody_to_this_machine() {
    let inside = Server::start(|_| Reply::token("t")).await;
    let port = inside.address().port();
    for to in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        "http://inside.test/".to_owned(),
    ] {
        let (_registry, transport) = public(&to, &inside).await;
        for path in ["v2/a", "moved"] {
            let url = format!("http://registry.test/{path}").parse().unwrap();
            let result = get(&transport, url, &user("secret")).await;
            assert_eq!(refused(result), Reach::Loopback, "{to} {path}");
        }
    }
    assert!(inside.seen().is_empty());
}

#[tokio::test]
async fn a_connection_that_the_caller_made_is_not_used_where_a_registry_sends_us() {
    let inside = Server::start(|_| Reply::token("t")).await;
    let (_registry, transport) = public("http://inside.test/", &inside).await;
    // The caller may go there, and the connection stays open.
    let url = "http://inside.test/".parse().unwrap();
    get(&transport, url, &user("secret")).await.unwrap();
    let url = "http://registry.test/moved".parse().unwrap();
    let result = get(&transport, url, &user("secret")).await;
    assert_eq!(refused(result), Reach::Loopback);
    assert_eq!(inside.seen().len(), 1);
}

#[tokio::test]
async fn whoever_was_reached_from_inside_loses_it_further_on() {
    // Behind the proxy is a public host that sends us back to the loopback address we came from.
    let inside = Server::start(|seen| match seen.path() {
        "/start" => Reply::redirect("http://public.test/moved"),
        _ => Reply::ok(""),
    })
    .await;
    let (_public, transport) = public(inside.url("/end").as_str(), &inside).await;
    let result = get(&transport, inside.url("/start"), &user("secret")).await;
    assert_eq!(refused(result), Reach::Loopback);
    assert_eq!(inside.asked(), ["GET /start"]);
}

#[tokio::test]
async fn the_caller_may_go_anywhere() {
    let server = Server::start(|_| Reply::ok("")).await;
    let transport = builder()
        .resolve("registry.test", [server.address()])
        .build()
        .unwrap();
    for host in [server.host(), "registry.test".to_owned()] {
        let url = format!("http://{host}/").parse().unwrap();
        assert_eq!(get(&transport, url, &user("secret")).await.unwrap(), 200);
    }
}
