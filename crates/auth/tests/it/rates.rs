//! Leaving a server alone that wants to be left alone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use portolan_auth::{Access, SendError, Transport};

use crate::server::{Reply, Server, get, shown, transport, user};

#[track_caller]
fn limited(result: Result<u16, SendError>) -> (String, Duration) {
    match result {
        Err(error) if error.is_transient() => match error {
            SendError::RateLimited { host, retry_after } => (host, retry_after),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// A server that says 429 with this header the first time.
async fn busy_once(header: &'static str, value: &'static str) -> Server {
    let asked = AtomicU64::new(0);
    Server::start(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::new(429).header(header, value),
        _ => Reply::ok(""),
    })
    .await
}

#[tokio::test]
async fn nothing_is_sent_before_the_time_has_come() {
    let server = busy_once("retry-after", "2").await;
    let (transport, access) = (transport(), user("secret"));
    let ask = || get(&transport, server.url("/v2/a"), &access);
    let expected = (server.host(), Duration::from_secs(2));
    assert_eq!(limited(ask().await), expected);
    for _ in 0..3 {
        let (host, left) = limited(ask().await);
        assert!(host == server.host() && left <= Duration::from_secs(2));
        tokio::time::sleep(left / 4).await;
    }
    assert_eq!(server.seen().len(), 1);
    while let Err(error) = ask().await {
        assert!(matches!(error, SendError::RateLimited { .. }));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen[1].at - seen[0].at >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_date_is_understood_and_ten_minutes_are_the_longest() {
    let now = "Sat, 21 Nov 2026 12:00:00 GMT";
    for (header, expected) in [
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 12:00:00 GMT", 600),
        ("86400", 600),
    ] {
        let server = Server::start(move |_| {
            Reply::new(429)
                .header("date", now)
                .header("retry-after", header)
        })
        .await;
        let result = get(&transport(), server.url("/v2/a"), &user("secret")).await;
        assert_eq!(limited(result).1, Duration::from_secs(expected));
    }
}

#[tokio::test]
async fn a_server_that_does_not_say_is_left_alone_for_a_second_or_so() {
    let server = busy_once("x", "y").await;
    let transport = transport();
    let (_, wait) = limited(get(&transport, server.url("/v2/a"), &user("secret")).await);
    assert!(wait >= Duration::from_secs(1) && wait <= Duration::from_millis(1250));
}

#[tokio::test]
async fn other_credentials_and_other_hosts_are_not_held_up() {
    let busy = Server::start(|seen| match seen.authorization() {
        None => Reply::challenge("Basic"),
        Some(it) if it == shown("busy") => Reply::new(429).header("retry-after", "30"),
        Some(_) => Reply::ok(""),
    })
    .await;
    let free = Server::start(|_| Reply::ok("")).await;
    let transport = transport();
    limited(get(&transport, busy.url("/v2/a"), &user("busy")).await);
    let asked = busy.seen().len();
    limited(get(&transport, busy.url("/v2/other"), &user("busy")).await);
    assert_eq!(busy.seen().len(), asked);
    assert_eq!(
        get(&transport, busy.url("/v2/a"), &user("free"))
            .await
            .unwrap(),
        200
    );
    assert_eq!(
        get(&transport, free.url("/v2/a"), &user("busy"))
            .await
            .unwrap(),
        200
    );
}

#[tokio::test]
async fn the_same_credential_is_held_up_whoever_uses_it() {
    let server = busy_once("retry-after", "30").await;
    let transport = transport();
    let credential = user("secret").credential().cloned();
    for tenant in ["one", "two"] {
        let access = Access::new(tenant, credential.clone());
        limited(get(&transport, server.url("/v2/a"), &access).await);
    }
    assert_eq!(server.seen().len(), 1);
}

/// A registry whose token service says 429.
async fn busy_token_service() -> (Server, Server) {
    let service = Server::start(|_| Reply::new(429).header("retry-after", "30")).await;
    let challenge = Reply::bearer(service.url("/token").as_str());
    (Server::start(move |_| challenge.clone()).await, service)
}

#[tokio::test]
async fn a_token_service_is_left_alone_too() {
    let (registry, service) = busy_token_service().await;
    let transport: Transport = transport();
    for _ in 0..3 {
        let result = get(&transport, registry.url("/v2/a"), &user("secret")).await;
        assert_eq!(limited(result).0, service.host());
    }
    assert_eq!(service.seen().len(), 1);
}

#[tokio::test]
async fn a_store_that_is_busy_does_not_hold_up_the_registry() {
    let store = Server::start(|_| Reply::new(429).header("retry-after", "30")).await;
    let to = store.url("/blob");
    let registry = Server::start(move |seen| match seen.path() {
        "/v2/blob" => Reply::redirect(to.as_str()),
        _ => Reply::ok(""),
    })
    .await;
    let (transport, access) = (transport(), user("secret"));
    let result = get(&transport, registry.url("/v2/blob"), &access).await;
    assert_eq!(limited(result).0, store.host());
    assert_eq!(
        get(&transport, registry.url("/v2/a"), &access)
            .await
            .unwrap(),
        200
    );
}

#[tokio::test]
async fn no_token_is_fetched_for_a_registry_that_wants_to_be_left_alone() {
    let service = Server::start(|_| Reply::ok(r#"{"token":"t","expires_in":5}"#)).await;
    let challenge = Reply::bearer(service.url("/token").as_str());
    let registry = Server::start(move |seen| match (seen.path(), seen.authorization()) {
        (_, None) => challenge.clone(),
        ("/v2/busy", _) => Reply::new(429).header("retry-after", "30"),
        _ => Reply::ok(""),
    })
    .await;
    let (transport, access) = (transport(), user("secret"));
    get(&transport, registry.url("/v2/a"), &access)
        .await
        .unwrap();
    limited(get(&transport, registry.url("/v2/busy"), &access).await);
    // The token has expired by then.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(10)).await;
    tokio::time::resume();
    limited(get(&transport, registry.url("/v2/a"), &access).await);
    assert_eq!(service.seen().len(), 1);
}
