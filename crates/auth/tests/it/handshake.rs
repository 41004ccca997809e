//! Answering the question who is there, and how often that takes a request.

use std::time::Duration;

use bytes::Bytes;
use portolan_auth::{Access, Credential, Request, Secret};

use crate::server::{Reply, Server, get, shown, transport, user};

/// A registry that wants a bearer token for everything below `/v2/`, and its own token service at
/// `/token`, which counts its tokens: `token-1`, `token-2`.
async fn registry() -> Server {
    registry_that(|_| false).await
}

/// The same, where tokens for which `has_gone_bad` are refused.
async fn registry_that(has_gone_bad: impl Fn(&str) -> bool + Send + Sync + 'static) -> Server {
    let tokens = std::sync::atomic::AtomicU64::new(0);
    Server::start(move |seen| {
        if seen.path() == "/token" {
            let number = tokens.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            return Reply::token(&format!("token-{number}"));
        }
        match seen.authorization() {
            Some(shown) if shown.starts_with("Bearer token-") && !has_gone_bad(shown) => {
                Reply::ok("content")
            }
            _ => Reply::bearer(&format!("http://{}/token", seen.header("host").unwrap())),
        }
    })
    .await
}

#[tokio::test]
async fn an_open_registry_is_shown_nothing_and_asked_once_per_request() {
    let server = Server::start(|_| Reply::ok("content")).await;
    let transport = transport();
    for path in [
        "/v2/app/tags/list",
        "/v2/app/manifests/1",
        "/v2/app/blobs/x",
    ] {
        let status = get(&transport, server.url(path), &user("secret")).await;
        assert_eq!(status.unwrap(), 200);
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|seen| seen.authorization().is_none()));
}

#[tokio::test]
async fn a_first_pull_takes_five_requests_and_the_next_takes_three() {
    let server = registry().await;
    let (transport, access) = (transport(), user("secret"));
    let paths = [
        "/v2/app/tags/list",
        "/v2/app/manifests/1",
        "/v2/app/blobs/x",
    ];
    for path in paths {
        assert_eq!(
            get(&transport, server.url(path), &access).await.unwrap(),
            200
        );
    }
    assert_eq!(
        server.asked(),
        [
            "GET /v2/app/tags/list",
            "GET /token",
            "GET /v2/app/tags/list",
            "GET /v2/app/manifests/1",
            "GET /v2/app/blobs/x"
        ]
    );
    for path in paths {
        assert_eq!(
            get(&transport, server.url(path), &access).await.unwrap(),
            200
        );
    }
    assert_eq!(server.seen().len(), 8);
}

#[tokio::test]
async fn a_token_is_asked_for_with_the_password_and_only_for_what_is_needed() {
    let server = registry().await;
    let (transport, access) = (transport(), user("secret"));
    get(&transport, server.url("/v2/app/tags/list"), &access)
        .await
        .unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].authorization(), None);
    assert_eq!(seen[1].authorization(), Some(shown("secret").as_str()));
    assert_eq!(seen[1].parameters("service"), ["registry"]);
    assert_eq!(seen[1].parameters("scope"), ["repository:app:pull"]);
    assert_eq!(seen[2].authorization(), Some("Bearer token-1"));
}

#[tokio::test]
async fn what_the_registry_asks_for_is_taken_where_the_caller_does_not_say() {
    let server = Server::start(|seen| match (seen.path(), seen.authorization()) {
        ("/token", _) => Reply::token("t"),
        (_, Some("Bearer t")) => Reply::ok(""),
        _ => Reply::challenge(&format!(
            r#"Bearer realm="http://{}/token?a=b",scope="repository:x:pull repository:y:pull""#,
            seen.header("host").unwrap()
        )),
    })
    .await;
    let transport = transport();
    for _ in 0..2 {
        let request = Request::get(server.url("/v2/x"));
        assert_eq!(transport.send(request).await.unwrap().status(), 200);
    }
    let seen = server.seen();
    assert_eq!(
        seen[1].parameters("scope"),
        ["repository:x:pull", "repository:y:pull"]
    );
    assert_eq!(seen[1].parameters("a"), ["b"]);
    let tokens = seen.iter().filter(|seen| seen.path() == "/token").count();
    assert_eq!(
        tokens, 1,
        "the second request finds the token, not which one it needs"
    );
}

#[tokio::test]
async fn a_password_is_shown_once_it_was_asked_for() {
    let server = Server::start(|seen| match seen.authorization() {
        Some(_) => Reply::ok(""),
        None => Reply::challenge(r#"Basic realm="registry""#),
    })
    .await;
    let (transport, access) = (transport(), user("sec:ret"));
    for _ in 0..2 {
        assert_eq!(
            get(&transport, server.url("/v2/a"), &access).await.unwrap(),
            200
        );
    }
    let seen: Vec<_> = server.seen();
    let shown = shown("sec:ret");
    let expected = [None, Some(shown.as_str()), Some(shown.as_str())];
    assert!(seen.iter().map(|seen| seen.authorization()).eq(expected));
}

#[tokio::test]
async fn nobody_gets_a_token_too() {
    let server = registry().await;
    let transport = transport();
    let status = get(&transport, server.url("/v2/a"), &Access::anonymous()).await;
    assert_eq!(status.unwrap(), 200);
    assert_eq!(server.seen()[1].authorization(), None);
}

#[tokio::test]
async fn an_identity_token_is_posted_and_never_shown_to_the_registry() {
    let server = registry().await;
    let identity = Credential::IdentityToken(Secret::new("identity&token"));
    let access = Access::new("a", Some(identity));
    get(&transport(), server.url("/v2/app/x"), &access)
        .await
        .unwrap();
    let seen = server.seen();
    assert_eq!(server.asked()[1], "POST /token");
    assert_eq!(seen[1].authorization(), None);
    assert_eq!(seen[1].parameters("grant_type"), ["refresh_token"]);
    assert_eq!(seen[1].parameters("refresh_token"), ["identity&token"]);
    assert_eq!(seen[1].parameters("service"), ["registry"]);
    assert_eq!(seen[1].parameters("scope"), ["repository:app:pull"]);
    assert_eq!(seen[1].target, "/token", "a secret has no place in a URL");
    assert_eq!(seen[2].authorization(), Some("Bearer token-1"));
}

#[tokio::test]
async fn a_token_service_that_knows_no_post_is_asked_with_get() {
    for status in [404, 405] {
        let server = Server::start(move |seen| match (&*seen.method, seen.path()) {
            ("POST", _) => Reply::new(status),
            (_, "/token") => Reply::ok(r#"{"access_token":"t"}"#),
            _ if seen.authorization() == Some("Bearer t") => Reply::ok(""),
            _ => Reply::bearer(&format!("http://{}/token", seen.header("host").unwrap())),
        })
        .await;
        let access = Access::new("a", Some(Credential::IdentityToken(Secret::new("i"))));
        get(&transport(), server.url("/v2/a"), &access)
            .await
            .unwrap();
        assert_eq!(
            server.asked(),
            ["GET /v2/a", "POST /token", "GET /token", "GET /v2/a"]
        );
        // `<token>:i`
        assert_eq!(server.seen()[2].authorization(), Some("Basic PHRva2VuPjpp"));
    }
}

#[tokio::test]
async fn a_registry_token_goes_to_the_registry_as_it_is() {
    let server = registry().await;
    let token = Credential::RegistryToken(Secret::new("token-x"));
    let access = Access::new("a", Some(token));
    get(&transport(), server.url("/v2/a"), &access)
        .await
        .unwrap();
    assert_eq!(server.asked(), ["GET /v2/a"]);
    assert_eq!(server.seen()[0].authorization(), Some("Bearer token-x"));
}

#[tokio::test]
async fn a_body_is_sent_again_after_the_challenge() {
    let server = registry().await;
    let request = Request::put(server.url("/v2/app/manifests/1"), Bytes::from("manifest"))
        .access(user("secret"))
        .push_scope("app");
    assert_eq!(transport().send(request).await.unwrap().status(), 200);
    let seen = server.seen();
    assert_eq!(seen[1].parameters("scope"), ["repository:app:pull,push"]);
    assert_eq!((&*seen[0].body, &*seen[2].body), ("manifest", "manifest"));
}

#[tokio::test]
async fn a_token_for_one_repository_is_not_used_for_another() {
    let server = registry().await;
    let (transport, access) = (transport(), user("secret"));
    for repository in ["one", "two", "one"] {
        let request = Request::get(server.url("/v2/x"))
            .access(access.clone())
            .pull_scope(repository);
        transport.send(request).await.unwrap();
    }
    assert_eq!(
        server.asked(),
        [
            "GET /v2/x",
            "GET /token",
            "GET /v2/x",
            // The token service is known by now.
            "GET /token",
            "GET /v2/x",
            "GET /v2/x"
        ]
    );
}

#[tokio::test]
async fn an_expired_token_is_replaced_before_it_is_shown() {
    let server = registry().await;
    let (transport, access) = (transport(), user("secret"));
    get(&transport, server.url("/v2/a"), &access).await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_mins(5)).await;
    tokio::time::resume();
    get(&transport, server.url("/v2/a"), &access).await.unwrap();
    assert_eq!(server.asked()[3..], ["GET /token", "GET /v2/a"]);
    assert_eq!(server.seen()[4].authorization(), Some("Bearer token-2"));
}

#[tokio::test]
async fn a_kept_token_that_is_refused_is_replaced_once() {
    let bad = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let server = {
        let bad = bad.clone();
        registry_that(move |shown| *bad.lock().unwrap() == shown).await
    };
    let (transport, access) = (transport(), user("secret"));
    get(&transport, server.url("/v2/a"), &access).await.unwrap();
    *bad.lock().unwrap() = "Bearer token-1".to_owned();
    assert_eq!(
        get(&transport, server.url("/v2/a"), &access).await.unwrap(),
        200
    );
    assert_eq!(
        server.asked()[3..],
        ["GET /v2/a", "GET /token", "GET /v2/a"]
    );
    // And the new one is kept.
    get(&transport, server.url("/v2/a"), &access).await.unwrap();
    assert_eq!(server.asked()[6..], ["GET /v2/a"]);
}

#[tokio::test]
async fn a_token_service_that_has_moved_is_found_again() {
    let moved = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let server = {
        let moved = moved.clone();
        Server::start(move |seen| {
            let moved = moved.load(std::sync::atomic::Ordering::SeqCst);
            let (path, good) = if moved {
                ("/new", "Bearer n")
            } else {
                ("/old", "Bearer o")
            };
            match seen.path() {
                "/old" if moved => Reply::new(404),
                "/old" => Reply::token("o"),
                "/new" => Reply::token("n"),
                _ if seen.authorization() == Some(good) => Reply::ok(""),
                _ => Reply::bearer(&format!("http://{}{path}", seen.header("host").unwrap())),
            }
        })
        .await
    };
    let (transport, access) = (transport(), user("secret"));
    get(&transport, server.url("/v2/a"), &access).await.unwrap();
    moved.store(true, std::sync::atomic::Ordering::SeqCst);
    // The kept token is refused, and the challenge says where to go now.
    assert_eq!(
        get(&transport, server.url("/v2/a"), &access).await.unwrap(),
        200
    );
    assert_eq!(server.asked()[3..], ["GET /v2/a", "GET /new", "GET /v2/a"]);
}

#[tokio::test]
async fn a_registry_that_changes_its_mind_about_what_to_show_is_followed() {
    let basic = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let server = {
        let basic = basic.clone();
        Server::start(move |seen| {
            let host = seen.header("host").unwrap();
            let basic = basic.load(std::sync::atomic::Ordering::SeqCst);
            let wanted = if basic { "Basic " } else { "Bearer " };
            match seen.authorization() {
                _ if seen.path() == "/token" => Reply::token("t"),
                Some(shown) if shown.starts_with(wanted) => Reply::ok(""),
                _ if wanted == "Basic " => Reply::challenge("Basic"),
                _ => Reply::bearer(&format!("http://{host}/token")),
            }
        })
        .await
    };
    let (transport, access) = (transport(), user("secret"));
    for is_basic in [true, false, true] {
        basic.store(is_basic, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(
            get(&transport, server.url("/v2/a"), &access).await.unwrap(),
            200
        );
    }
}

#[tokio::test]
async fn a_client_with_requests_of_its_own_is_given_a_token() {
    let server = registry().await;
    let (transport, access) = (transport(), user("secret"));
    let scope = "repository:app:pull,push";
    for _ in 0..2 {
        let token = transport
            .bearer_token(&server.url("/any"), scope, &access)
            .await;
        assert_eq!(token.unwrap().unwrap().reveal(), "token-1");
    }
    assert_eq!(server.asked(), ["GET /v2/", "GET /token"]);
    assert_eq!(server.seen()[1].parameters("scope"), [scope]);
}

#[tokio::test]
async fn a_registry_without_tokens_gives_none() {
    for challenge in [Reply::ok(""), Reply::challenge("Basic"), Reply::new(404)] {
        let server = Server::start(move |_| challenge.clone()).await;
        let token = transport()
            .bearer_token(&server.url("/"), "repository:app:pull", &user("secret"))
            .await;
        assert_eq!(token.unwrap(), None);
    }
}
