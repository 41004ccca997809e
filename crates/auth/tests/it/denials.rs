//! Who refused, with what words, and after how many requests.

use std::sync::atomic::{AtomicU64, Ordering};

use portolan_auth::{Access, Credential, DeniedBy, Secret, SendError};

use crate::server::{Reply, Server, get, shown, transport, user};

/// What a registry asks for that sends everybody to its token service at `/token`.
fn to_token(host: Option<&str>) -> Reply {
    Reply::bearer(&format!("http://{}/token", host.unwrap()))
}

#[track_caller]
fn denied(result: Result<u16, SendError>) -> (DeniedBy, u16, Option<String>) {
    match result {
        Err(error) if error.is_denied() && !error.is_transient() => match error {
            SendError::Denied {
                by,
                status,
                message,
                ..
            } => (by, status.as_u16(), message),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_registry_that_always_says_401_is_asked_twice_and_its_token_service_once() {
    let server = Server::start(|seen| match seen.path() {
        "/token" => Reply::token("t"),
        _ => to_token(seen.header("host")),
    })
    .await;
    let result = get(&transport(), server.url("/v2/a"), &user("secret")).await;
    assert_eq!(denied(result), (DeniedBy::Registry, 401, None));
    assert_eq!(server.asked(), ["GET /v2/a", "GET /token", "GET /v2/a"]);
}

#[tokio::test]
async fn a_token_that_has_gone_bad_is_replaced_once_and_then_the_answer_stands() {
    let asked = AtomicU64::new(0);
    let server = Server::start(move |seen| {
        if seen.path() == "/token" {
            return Reply::token("t");
        }
        match asked.fetch_add(1, Ordering::SeqCst) {
            1 => Reply::ok(""),
            _ => to_token(seen.header("host")),
        }
    })
    .await;
    let (transport, access) = (transport(), user("secret"));
    assert_eq!(
        get(&transport, server.url("/v2/a"), &access).await.unwrap(),
        200
    );
    let result = get(&transport, server.url("/v2/a"), &access).await;
    assert_eq!(denied(result), (DeniedBy::Registry, 401, None));
    assert_eq!(
        server.asked()[3..],
        ["GET /v2/a", "GET /token", "GET /v2/a"]
    );
}

#[tokio::test]
async fn a_403_for_a_kept_token_is_believed_after_it_was_replaced_once() {
    let asked = AtomicU64::new(0);
    let server = Server::start(move |seen| match seen.path() {
        "/token" => Reply::token(&format!("t{}", asked.fetch_add(1, Ordering::SeqCst))),
        "/v2/a" if seen.authorization().is_some() => Reply::ok(""),
        "/v2/stale" if seen.authorization() == Some("Bearer t1") => Reply::ok(""),
        _ if seen.authorization().is_some() => Reply::new(403),
        _ => to_token(seen.header("host")),
    })
    .await;
    let (transport, access) = (transport(), user("secret"));
    get(&transport, server.url("/v2/a"), &access).await.unwrap();
    let stale = get(&transport, server.url("/v2/stale"), &access).await;
    assert_eq!(stale.unwrap(), 200);
    let forbidden = get(&transport, server.url("/v2/forbidden"), &access).await;
    assert_eq!(
        forbidden.unwrap(),
        403,
        "what it means is for the caller to say"
    );
    assert_eq!(
        server.asked()[3..],
        [
            "GET /v2/stale",
            "GET /token",
            "GET /v2/stale",
            "GET /v2/forbidden",
            "GET /token",
            "GET /v2/forbidden"
        ]
    );
}

#[tokio::test]
async fn a_403_for_a_new_token_is_believed_at_once() {
    let server = Server::start(move |seen| match seen.authorization() {
        _ if seen.path() == "/token" => Reply::token("t"),
        Some(_) => Reply::new(403),
        None => to_token(seen.header("host")),
    })
    .await;
    let status = get(&transport(), server.url("/v2/a"), &user("secret")).await;
    assert_eq!(status.unwrap(), 403);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_wrong_password_is_told_in_the_words_of_the_registry() {
    let server = Server::start(|_| {
        Reply::challenge("Basic")
            .body(r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#)
    })
    .await;
    let (transport, access) = (transport(), user("wrong"));
    let message = || Some("UNAUTHORIZED: authentication required".to_owned());
    let result = get(&transport, server.url("/v2/a"), &access).await;
    assert_eq!(denied(result), (DeniedBy::Registry, 401, message()));
    assert_eq!(server.seen().len(), 2);
    // The next time it is shown at once, and not again after it was refused.
    let result = get(&transport, server.url("/v2/a"), &access).await;
    assert_eq!(denied(result), (DeniedBy::Registry, 401, message()));
    assert_eq!(server.seen().len(), 3);
    assert_eq!(
        server.seen()[2].authorization(),
        Some(shown("wrong").as_str())
    );
}

#[tokio::test]
async fn a_token_service_that_refuses_is_told_in_its_words() {
    for (reply, message) in [
        (
            Reply::new(401)
                .body(r#"{"errors":[{"code":"UNAUTHORIZED","message":"no such account"}]}"#),
            Some("UNAUTHORIZED: no such account"),
        ),
        (
            Reply::new(403).body(r#"{"details":"account locked"}"#),
            Some("account locked"),
        ),
        (Reply::new(401).body("<html>login</html>"), None),
        (
            Reply::new(400).body(r#"{"error":"invalid_grant","error_description":"too old"}"#),
            Some("invalid_grant: too old"),
        ),
    ] {
        let server = Server::start(move |seen| match seen.path() {
            "/token" => reply.clone(),
            _ => to_token(seen.header("host")),
        })
        .await;
        let result = get(&transport(), server.url("/v2/a"), &user("wrong")).await;
        let (by, _, actual) = denied(result);
        assert_eq!(by, DeniedBy::TokenService(server.host()));
        assert_eq!(actual.as_deref(), message);
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_credential_of_another_kind_than_is_asked_for_is_not_shown() {
    for access in [
        Access::anonymous(),
        Access::new("a", Some(Credential::IdentityToken(Secret::new("i")))),
    ] {
        let server = Server::start(|_| Reply::challenge("Basic")).await;
        let result = get(&transport(), server.url("/v2/a"), &access).await;
        let expected = DeniedBy::RegistryWithoutCredential;
        assert_eq!(denied(result), (expected, 401, None));
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_challenge_that_nobody_understands_is_a_denial() {
    for reply in [
        Reply::new(401),
        Reply::challenge("Negotiate"),
        Reply::challenge(""),
    ] {
        let server = Server::start(move |_| reply.clone()).await;
        let result = get(&transport(), server.url("/v2/a"), &user("secret")).await;
        assert_eq!(
            denied(result),
            (DeniedBy::RegistryWithoutCredential, 401, None)
        );
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_registry_token_that_is_refused_goes_nowhere_else() {
    let server = Server::start(|seen| to_token(seen.header("host"))).await;
    let token = Credential::RegistryToken(Secret::new("t"));
    let access = Access::new("a", Some(token));
    let result = get(&transport(), server.url("/v2/a"), &access).await;
    assert_eq!(denied(result), (DeniedBy::Registry, 401, None));
    assert_eq!(server.asked(), ["GET /v2/a"]);
}

#[tokio::test]
async fn a_token_service_that_is_broken_is_no_denial_and_asked_anew_the_next_time() {
    for (reply, transient) in [
        (Reply::new(500), true),
        (Reply::new(503), true),
        (Reply::new(404), false),
        (Reply::new(302).header("location", "/elsewhere"), false),
        (Reply::ok("<html>"), false),
        (Reply::ok("{}"), false),
        (Reply::ok(r#"{"token":"a\nb"}"#), false),
    ] {
        let server = Server::start(move |seen| match seen.path() {
            "/token" => reply.clone(),
            _ => to_token(seen.header("host")),
        })
        .await;
        let transport = transport();
        for _ in 0..2 {
            match get(&transport, server.url("/v2/a"), &user("secret")).await {
                Err(error @ SendError::NoToken { .. }) => {
                    assert_eq!(
                        (error.is_transient(), error.is_denied()),
                        (transient, false)
                    );
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(
            server.asked(),
            ["GET /v2/a", "GET /token", "GET /v2/a", "GET /token"]
        );
    }
}
