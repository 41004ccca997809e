//! How much, and for how long.

use std::time::Duration;

use portolan_auth::{Access, Request, Response, SendError, Waiting};

use crate::server::{Reply, Server, builder, get, transport, user};

async fn open(server: &Server) -> Response {
    transport()
        .send(Request::get(server.url("/")))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_read_and_no_byte_more() {
    let server = Server::start(|_| Reply::ok("12345")).await;
    assert_eq!(open(&server).await.collect(5).await.unwrap(), "12345");
    match open(&server).await.collect(4).await {
        Err(SendError::TooLarge { limit: 4, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_body_without_end_is_given_up_at_the_limit() {
    let server = Server::start(|_| Reply::ok(&"x".repeat(1000)).endless()).await;
    match open(&server).await.collect(1 << 20).await {
        Err(error @ SendError::TooLarge { .. }) => assert!(!error.is_transient()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_token_of_more_than_64_kib_is_given_up() {
    let endless = Reply::ok(&" ".repeat(1000)).endless();
    let large = Reply::token(&"t".repeat(64 << 10));
    for reply in [endless, large] {
        let server = Server::start(move |seen| match seen.path() {
            "/token" => reply.clone(),
            _ => Reply::bearer(&format!("http://{}/token", seen.header("host").unwrap())),
        })
        .await;
        match get(&transport(), server.url("/v2/a"), &user("secret")).await {
            Err(SendError::TooLarge { limit, .. }) => assert_eq!(limit, 64 << 10),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_a_server_says_beside_is_not_read_for_ever() {
    let server = Server::start(|seen| match seen.path() {
        "/moved" => Reply::redirect("/").body(&"x".repeat(1000)).endless(),
        "/denied" => Reply::new(401).body(&"x".repeat(1000)).endless(),
        _ => Reply::ok(""),
    })
    .await;
    let access = Access::anonymous();
    let moved = get(&transport(), server.url("/moved"), &access).await;
    assert_eq!(moved.unwrap(), 200);
    match get(&transport(), server.url("/denied"), &access).await {
        Err(SendError::Denied { message, .. }) => {
            assert_eq!(message.unwrap().chars().count(), 512);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_body_that_is_cut_is_an_error_and_no_shorter_body() {
    let server = Server::start(|_| Reply::ok("12345").cut()).await;
    match open(&server).await.collect(100).await {
        Err(error @ SendError::Connection { .. }) => assert!(error.is_transient()),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn timed_out<T: std::fmt::Debug>(result: Result<T, SendError>) -> Waiting {
    match result {
        Err(error @ SendError::Timeout { waiting, after, .. }) => {
            assert_eq!(after, Duration::from_secs(1));
            assert!(error.is_transient());
            waiting
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let server = Server::start(|_| Reply::ok("").after(Duration::from_mins(1))).await;
    let transport = builder()
        .header_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    let result = get(&transport, server.url("/"), &user("secret")).await;
    assert_eq!(timed_out(result), Waiting::Headers);
}

#[tokio::test]
async fn a_body_that_does_not_go_on_is_given_up() {
    let server = Server::start(|_| Reply::ok("12345").stalled()).await;
    let transport = builder()
        .idle_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    let response = transport.send(Request::get(server.url("/"))).await.unwrap();
    assert_eq!(timed_out(response.collect(100).await), Waiting::Body);
}

#[tokio::test]
async fn a_token_that_does_not_come_whole_is_given_up() {
    let server = Server::start(|seen| match seen.path() {
        "/token" => Reply::ok("{").stalled(),
        _ => Reply::bearer(&format!("http://{}/token", seen.header("host").unwrap())),
    })
    .await;
    let transport = builder()
        .header_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    let result = get(&transport, server.url("/"), &user("secret")).await;
    assert_eq!(timed_out(result), Waiting::Body);
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_a_failed_connection() {
    let server = Server::start(|_| Reply::ok("")).await;
    let url = server.url("/");
    drop(server);
    tokio::task::yield_now().await;
    match get(&transport(), url, &user("secret")).await {
        Err(error @ SendError::Connection { .. }) => assert!(error.is_transient()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn headers_that_are_not_for_callers_stop_the_request() {
    use http::header::{AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION};
    let server = Server::start(|_| Reply::ok("")).await;
    for name in [AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION] {
        let value = http::HeaderValue::from_static("x");
        let request = Request::get(server.url("/")).header(name, value);
        match transport().send(request).await {
            Err(SendError::InvalidRequest { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn user_info_of_a_url_is_not_sent() {
    let server = Server::start(|_| Reply::ok("")).await;
    let mut url = server.url("/");
    url.set_username("u").unwrap();
    url.set_password(Some("p")).unwrap();
    get(&transport(), url, &Access::anonymous()).await.unwrap();
    assert_eq!(server.seen()[0].authorization(), None);
}
