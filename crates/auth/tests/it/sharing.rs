//! What is shared between requests, and what never is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use portolan_auth::{Access, Credential, DeniedBy, SendError, Transport};

use crate::server::{Authority, Reply, Server, get, shown, transport, user};

/// A registry whose token service answers after `delay`, with `token-<number>`, or with 403 as long as
/// `refuses`.
async fn slow_registry(delay: Duration, refuses: Arc<AtomicBool>) -> Server {
    let tokens = AtomicU64::new(0);
    Server::start(move |seen| {
        if seen.path() == "/token" {
            let number = tokens.fetch_add(1, Ordering::SeqCst) + 1;
            let reply = if refuses.load(Ordering::SeqCst) {
                Reply::new(403)
            } else {
                Reply::token(&format!("token-{number}"))
            };
            return reply.after(delay);
        }
        match seen.authorization() {
            Some(shown) if shown.starts_with("Bearer ") => Reply::ok(""),
            _ => Reply::bearer(&format!("http://{}/token", seen.header("host").unwrap())),
        }
    })
    .await
}

fn token_requests(server: &Server) -> usize {
    server
        .asked()
        .iter()
        .filter(|asked| *asked == "GET /token")
        .count()
}

/// As many at once.
async fn together(
    transport: &Transport,
    server: &Server,
    access: &Access,
    number: usize,
) -> Vec<Result<u16, SendError>> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..number {
        let (transport, url, access) = (transport.clone(), server.url("/v2/a"), access.clone());
        tasks.spawn(async move { get(&transport, url, &access).await });
    }
    tasks.join_all().await
}

#[tokio::test]
async fn sixteen_who_come_together_share_one_token_request() {
    let server = slow_registry(Duration::from_millis(100), Arc::default()).await;
    let transport = transport();
    for result in together(&transport, &server, &user("secret"), 16).await {
        assert_eq!(result.unwrap(), 200);
    }
    assert_eq!(token_requests(&server), 1);
    let seen = server.seen();
    let carried = seen
        .iter()
        .filter(|seen| seen.authorization() == Some("Bearer token-1"));
    assert_eq!(carried.count(), 16);
}

#[tokio::test]
async fn a_failure_is_shared_by_those_who_waited_and_forgotten_after() {
    let refuses = Arc::new(AtomicBool::new(true));
    let server = slow_registry(Duration::from_secs(1), Arc::clone(&refuses)).await;
    let (transport, access) = (transport(), user("secret"));
    for result in together(&transport, &server, &access, 16).await {
        match result {
            Err(SendError::Denied {
                by: DeniedBy::TokenService(_),
                ..
            }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(token_requests(&server), 1);
    refuses.store(false, Ordering::SeqCst);
    assert_eq!(
        get(&transport, server.url("/v2/a"), &access).await.unwrap(),
        200
    );
    assert_eq!(token_requests(&server), 2);
}

#[tokio::test]
async fn when_the_one_who_fetches_the_token_is_cancelled_a_waiter_fetches_it() {
    let tokens = AtomicU64::new(0);
    let server = Server::start(move |seen| match seen.authorization() {
        _ if seen.path() == "/token" => match tokens.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::token("t").after(Duration::from_mins(1)),
            _ => Reply::token("t"),
        },
        Some("Bearer t") => Reply::ok(""),
        _ => Reply::bearer(&format!("http://{}/token", seen.header("host").unwrap())),
    })
    .await;
    let (transport, access) = (transport(), Access::anonymous());
    let spawn = || {
        let (transport, url, access) = (transport.clone(), server.url("/v2/a"), access.clone());
        tokio::spawn(async move { get(&transport, url, &access).await })
    };
    let asked = async |number| {
        while server.asked().len() < number {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let first = spawn();
    asked(2).await;
    let second = spawn();
    asked(3).await;
    // Time for the second to read its 401 and wait for the first.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(token_requests(&server), 1);
    first.abort();
    assert_eq!(second.await.unwrap().unwrap(), 200);
    assert_eq!(token_requests(&server), 2);
}

/// The second of two who ask one registry after the other starts from nothing: it shows nothing at
/// first, and then its own.
#[track_caller]
fn second_starts_afresh(server: &Server, password: &str) {
    let seen = server.seen();
    assert_eq!(seen.len(), 6, "{:?}", server.asked());
    assert_eq!(seen[3].authorization(), None);
    assert_eq!(seen[4].authorization(), Some(shown(password).as_str()));
    assert_eq!(seen[5].authorization(), Some("Bearer token-2"));
}

#[tokio::test]
async fn a_tenant_is_never_served_with_the_token_of_another() {
    let server = slow_registry(Duration::ZERO, Arc::default()).await;
    let transport = transport();
    for tenant in ["one", "two"] {
        let access = Access::new(tenant, Some(Credential::basic("user", "same")));
        get(&transport, server.url("/v2/a"), &access).await.unwrap();
    }
    second_starts_afresh(&server, "same");
}

#[tokio::test]
async fn a_rotated_password_is_used_at_once() {
    let server = slow_registry(Duration::ZERO, Arc::default()).await;
    let transport = transport();
    for password in ["old", "new"] {
        get(&transport, server.url("/v2/a"), &user(password))
            .await
            .unwrap();
    }
    second_starts_afresh(&server, "new");
}

#[tokio::test]
async fn whoever_trusts_others_is_somebody_else() {
    let server = slow_registry(Duration::ZERO, Arc::default()).await;
    let transport = transport();
    get(&transport, server.url("/v2/a"), &user("same"))
        .await
        .unwrap();
    let trusting = user("same").with_tls(Authority::new().tls());
    get(&transport, server.url("/v2/a"), &trusting)
        .await
        .unwrap();
    second_starts_afresh(&server, "same");
}

#[tokio::test]
async fn a_registry_is_never_shown_the_token_of_another() {
    let one = slow_registry(Duration::ZERO, Arc::default()).await;
    let other = slow_registry(Duration::ZERO, Arc::default()).await;
    let (transport, access) = (transport(), user("secret"));
    get(&transport, one.url("/v2/a"), &access).await.unwrap();
    get(&transport, other.url("/v2/a"), &access).await.unwrap();
    assert_eq!(other.seen()[0].authorization(), None);
}
