//! Where a redirect leads, and what is left behind on the way.

use bytes::Bytes;
use http::HeaderValue;
use http::header::RANGE;
use portolan_auth::{DeniedBy, RedirectRefusal, Request, SendError};

use crate::server::{Authority, Reply, Seen, Server, builder, get, shown, transport, user};

/// What `password` is asked for, and shown, and then redirected to `to`.
fn guarded(to: &str) -> impl Fn(&Seen) -> Reply + Send + Sync + 'static {
    let reply = Reply::redirect(to);
    move |seen| match seen.authorization() {
        Some(_) => reply.clone(),
        None => Reply::challenge("Basic"),
    }
}

async fn refused(url: url::Url, access: &portolan_auth::Access) -> RedirectRefusal {
    match get(&transport(), url, access).await {
        Err(error @ SendError::RedirectRefused { reason, .. }) => {
            assert!(!error.is_transient());
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_kind_of_redirect_is_followed_on_the_same_origin_with_the_password() {
    for status in [301, 302, 303, 307, 308] {
        let server = Server::start(move |seen| match (seen.authorization(), seen.path()) {
            (None, _) => Reply::challenge("Basic"),
            (_, "/v2/a") => Reply::new(status).header("location", "../blob"),
            _ => Reply::ok(""),
        })
        .await;
        let status = get(&transport(), server.url("/v2/a"), &user("secret")).await;
        assert_eq!(status.unwrap(), 200);
        assert_eq!(server.asked(), ["GET /v2/a", "GET /v2/a", "GET /blob"]);
        assert_eq!(
            server.seen()[2].authorization(),
            Some(shown("secret").as_str())
        );
    }
}

#[tokio::test]
async fn another_origin_is_not_shown_the_password() {
    let store = Server::start(|_| Reply::ok("blob")).await;
    let registry = Server::start(guarded(store.url("/blob?sig=x").as_str())).await;
    let request = Request::get(registry.url("/v2/a"))
        .header(RANGE, HeaderValue::from_static("bytes=1-"))
        .access(user("secret"));
    let response = transport().send(request).await.unwrap();
    assert_eq!(response.url(), &store.url("/blob?sig=x"));
    assert_eq!(response.collect(4).await.unwrap(), "blob");
    let seen = &store.seen()[0];
    assert_eq!(seen.authorization(), None);
    assert_eq!(seen.header("range"), Some("bytes=1-"));
}

#[tokio::test]
async fn another_port_and_another_name_are_another_origin() {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let registry = Server::start(guarded("http://store.test:1/")).await;
    let port = registry.address().port();
    let to = format!("http://store.test:{port}/blob");
    let registry_of_two_names = Server::start(move |seen| match seen.path() {
        "/blob" => Reply::ok(""),
        _ => guarded(&to.replace(&port.to_string(), &seen.header("host").unwrap()[10..]))(seen),
    })
    .await;
    let transport = builder().resolve("store.test", [address]).build().unwrap();
    let url = registry_of_two_names.url("/v2/a");
    assert_eq!(get(&transport, url, &user("secret")).await.unwrap(), 200);
    assert_eq!(registry_of_two_names.seen()[2].authorization(), None);
}

#[tokio::test]
async fn a_chain_that_has_been_abroad_is_not_shown_the_password_back_home() {
    let home = std::sync::Arc::new(std::sync::OnceLock::<url::Url>::new());
    let abroad = {
        let home = home.clone();
        Server::start(move |_| Reply::redirect(home.get().unwrap().as_str())).await
    };
    let to = abroad.url("/");
    let registry = Server::start(move |seen| match seen.path() {
        "/back" => Reply::ok(""),
        _ => guarded(to.as_str())(seen),
    })
    .await;
    home.set(registry.url("/back")).unwrap();
    get(&transport(), registry.url("/v2/a"), &user("secret"))
        .await
        .unwrap();
    assert_eq!(registry.asked(), ["GET /v2/a", "GET /v2/a", "GET /back"]);
    assert_eq!(registry.seen()[2].authorization(), None);
}

#[tokio::test]
async fn a_challenge_abroad_is_never_answered() {
    for challenge in [
        Reply::challenge("Basic"),
        Reply::bearer("http://127.0.0.1:1/token"),
        Reply::new(401),
    ] {
        let store = Server::start(move |_| challenge.clone()).await;
        let registry = Server::start(guarded(store.url("/").as_str())).await;
        let transport = transport();
        match get(&transport, registry.url("/v2/a"), &user("secret")).await {
            Err(SendError::Denied { by, .. }) => {
                assert_eq!(by, DeniedBy::RedirectTarget(store.host()));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(store.seen().len(), 1);
        assert_eq!(store.seen()[0].authorization(), None);
    }
}

#[tokio::test]
async fn a_challenge_abroad_is_not_answered_for_a_request_that_showed_nothing_either() {
    let store = Server::start(|_| Reply::challenge("Basic")).await;
    let to = store.url("/");
    let registry = Server::start(move |_| Reply::redirect(to.as_str())).await;
    let result = get(&transport(), registry.url("/v2/a"), &user("secret")).await;
    assert!(result.unwrap_err().is_denied());
    assert_eq!((registry.seen().len(), store.seen().len()), (1, 1));
}

/// A server where `/n` redirects to `/n-1`, and `/0` is content.
async fn chain() -> Server {
    Server::start(|seen| match seen.path()[1..].parse::<u32>().unwrap() {
        0 => Reply::ok(""),
        number => Reply::redirect(&format!("/{}", number - 1)),
    })
    .await
}

#[tokio::test]
async fn ten_redirects_are_followed_and_no_eleventh() {
    let server = chain().await;
    let status = get(&transport(), server.url("/10"), &user("secret")).await;
    assert_eq!(status.unwrap(), 200);
    assert_eq!(server.seen().len(), 11);
    let reason = refused(server.url("/11"), &user("secret")).await;
    assert_eq!(reason, RedirectRefusal::TooMany(10));
    assert_eq!(server.seen().len(), 22);
}

#[tokio::test]
async fn a_loop_ends() {
    let server = Server::start(|_| Reply::redirect("/again")).await;
    let reason = refused(server.url("/"), &user("secret")).await;
    assert_eq!(reason, RedirectRefusal::TooMany(10));
    assert_eq!(server.seen().len(), 11);
}

#[tokio::test]
async fn https_does_not_lead_to_http() {
    let authority = Authority::new();
    let store = Server::start(|_| Reply::ok("")).await;
    let to = store.url("/");
    let registry = Server::start_tls(&authority, move |_| Reply::redirect(to.as_str())).await;
    let access = user("secret").with_tls(authority.tls());
    let reason = refused(registry.url("/v2/a"), &access).await;
    assert_eq!(reason, RedirectRefusal::Cleartext);
    assert!(store.seen().is_empty());
}

#[tokio::test]
async fn what_is_no_url_of_http_is_not_followed() {
    for to in ["file:///etc/passwd", "http://", "gopher://a.io/"] {
        let server = Server::start(move |_| Reply::redirect(to)).await;
        let reason = refused(server.url("/"), &user("secret")).await;
        assert_eq!(reason, RedirectRefusal::NoUrl);
    }
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_an_answer_like_any_other() {
    let server = Server::start(|_| Reply::new(307)).await;
    let status = get(&transport(), server.url("/"), &user("secret")).await;
    assert_eq!(status.unwrap(), 307);
}

#[tokio::test]
async fn what_changes_something_is_not_redirected() {
    let server = Server::start(|_| Reply::redirect("/elsewhere")).await;
    let transport = transport();
    for request in [
        Request::post(server.url("/"), Bytes::new()),
        Request::put(server.url("/"), Bytes::new()),
        Request::patch(server.url("/"), Bytes::new()),
    ] {
        assert_eq!(transport.send(request).await.unwrap().status(), 307);
    }
    assert_eq!(server.asked(), ["POST /", "PUT /", "PATCH /"]);
}

#[tokio::test]
async fn user_info_in_a_location_is_not_sent() {
    let store = Server::start(|_| Reply::ok("")).await;
    let to = format!("http://mallory:theirs@{}/", store.host());
    let registry = Server::start(move |_| Reply::redirect(&to)).await;
    get(&transport(), registry.url("/"), &user("secret"))
        .await
        .unwrap();
    assert_eq!(store.seen()[0].authorization(), None);
}
