//! Hosts that the caller did not choose, but read somewhere.

use std::net::SocketAddr;

use portolan_auth::{Reach, Request, SendError, Transport};
use url::Url;

use crate::server::{Reply, Server, builder, shown, user};

/// Ask for `url`, which was read from `place`.
async fn get(transport: &Transport, url: Url, place: &str) -> Result<u16, SendError> {
    let request = Request::get(url)
        .access(user("secret"))
        .show_credential()
        .named_by(place.parse().unwrap());
    Ok(transport.send(request).await?.status().as_u16())
}

#[track_caller]
fn refused(result: Result<u16, SendError>) -> (Reach, String) {
    match result {
        Err(SendError::AddressRefused {
            reach, named_by, ..
        }) => (reach, named_by),
        other => panic!("{other:?}"),
    }
}

/// A transport for which each of these hosts is at an address. No port is listened at.
fn knowing(hosts: &[(&str, &str)]) -> Transport {
    let add = |builder: portolan_auth::TransportBuilder, (host, address): &(&str, &str)| {
        builder.resolve(host, [SocketAddr::new(address.parse().unwrap(), 9)])
    };
    hosts.iter().fold(builder(), add).build().unwrap()
}

#[tokio::test]
async fn what_is_public_names_nothing_inside() {
    let inside = Server::start(|_| Reply::ok("")).await;
    let port = inside.address().port();
    let transport = knowing(&[
        ("public.test", "203.0.113.7"),
        ("inside.test", "127.0.0.1"),
        ("metadata.test", "169.254.169.254"),
    ]);
    for (url, reach) in [
        (format!("http://127.0.0.1:{port}/x"), Reach::Loopback),
        (format!("http://localhost:{port}/x"), Reach::Loopback),
        (format!("http://inside.test:{port}/x"), Reach::Loopback),
        ("http://169.254.169.254/x".to_owned(), Reach::LinkLocal),
        ("http://metadata.test/x".to_owned(), Reach::LinkLocal),
        ("http://10.0.0.1/x".to_owned(), Reach::Private),
        ("http://0.0.0.0/x".to_owned(), Reach::Unusable),
    ] {
        let result = get(&transport, url.parse().unwrap(), "https://public.test/").await;
        let expected = (reach, "public.test".to_owned());
        assert_eq!(refused(result), expected, "{url}");
    }
    assert!(inside.seen().is_empty());
}

#[tokio::test]
async fn an_insider_names_others_of_its_kind_and_no_further() {
    let inside = Server::start(|_| Reply::ok("")).await;
    let transport = knowing(&[("inside.test", "127.0.0.1")]);
    for place in ["http://inside.test/", "http://localhost:1/"] {
        let result = get(&transport, inside.url("/x"), place).await;
        assert_eq!(result.unwrap(), 200, "{place}");
        let private = "http://10.0.0.1/x".parse().unwrap();
        let (reach, _) = refused(get(&transport, private, place).await);
        assert_eq!(reach, Reach::Private);
    }
}

#[tokio::test]
async fn a_host_at_addresses_of_two_kinds_counts_as_public() {
    let inside = Server::start(|_| Reply::ok("")).await;
    let both = ["127.0.0.1:9", "203.0.113.7:9"].map(|address| address.parse().unwrap());
    let transport = builder().resolve("both.test", both).build().unwrap();
    let result = get(&transport, inside.url("/x"), "http://both.test/").await;
    assert_eq!(refused(result).0, Reach::Loopback);
}

#[tokio::test]
async fn its_own_origin_may_be_named_by_anybody() {
    let server = Server::start(|_| Reply::ok("")).await;
    let address = SocketAddr::new(server.address().ip(), 0);
    let transport = builder().resolve("inside.test", [address]).build().unwrap();
    let place = format!("http://inside.test:{}/index", server.address().port());
    let result = get(&transport, place.parse().unwrap(), &place).await;
    assert_eq!(result.unwrap(), 200);
}

#[tokio::test]
async fn the_credential_is_for_the_host_that_is_named() {
    let store = Server::start(|_| Reply::ok("")).await;
    let to = store.url("/moved");
    let server = Server::start(move |seen| match seen.path() {
        "/x" => Reply::redirect("/y"),
        _ => Reply::redirect(to.as_str()),
    })
    .await;
    let transport = knowing(&[]);
    let result = get(&transport, server.url("/x"), "http://localhost:1/").await;
    assert_eq!(result.unwrap(), 200);
    let authorization = shown("secret");
    for seen in server.seen() {
        assert_eq!(seen.authorization(), Some(authorization.as_str()));
    }
    assert_eq!(store.seen()[0].authorization(), None);
}
