//! Which token services a registry may name: each lie beside the honest case that works.

use portolan_auth::{RealmRefusal, SendError, Transport};

use crate::server::{Authority, Reply, Server, builder, get, shown, transport, user};

/// A token service.
fn token(_: &crate::server::Seen) -> Reply {
    Reply::token("t")
}

/// A registry that sends everybody to `realm` for its token.
fn naming(realm: &str) -> impl Fn(&crate::server::Seen) -> Reply + Send + Sync + 'static {
    let reply = Reply::bearer(realm);
    move |seen| match seen.authorization() {
        Some("Bearer t") => Reply::ok(""),
        _ => reply.clone(),
    }
}

async fn refused(transport: &Transport, registry: &Server) -> RealmRefusal {
    match get(
        transport,
        registry.url("/v2/a"),
        &user("secret").with_tls(tls()),
    )
    .await
    {
        Err(error @ SendError::RealmRefused { reason, .. }) => {
            assert!(!error.is_transient());
            reason
        }
        other => panic!("{other:?}"),
    }
}

fn tls() -> portolan_auth::Tls {
    portolan_auth::Tls::default()
}

#[tokio::test]
async fn a_token_service_on_another_https_host_is_shown_the_password() {
    let authority = Authority::new();
    let service = Server::start_tls(&authority, token).await;
    let registry = Server::start_tls(&authority, naming(service.url("/jwt/auth").as_str())).await;
    let access = user("secret").with_tls(authority.tls());
    let status = get(&transport(), registry.url("/v2/a"), &access).await;
    assert_eq!(status.unwrap(), 200);
    assert_eq!(
        service.seen()[0].authorization(),
        Some(shown("secret").as_str())
    );
}

#[tokio::test]
async fn an_https_registry_may_not_have_the_password_sent_in_the_clear() {
    let authority = Authority::new();
    let service = Server::start(token).await;
    let registry = Server::start_tls(&authority, naming(service.url("/token").as_str())).await;
    let access = user("secret").with_tls(authority.tls());
    match get(&transport(), registry.url("/v2/a"), &access).await {
        Err(SendError::RealmRefused { reason, .. }) => assert_eq!(reason, RealmRefusal::Cleartext),
        other => panic!("{other:?}"),
    }
    assert!(service.seen().is_empty());
}

#[tokio::test]
async fn a_plain_registry_may_name_a_plain_token_service() {
    let service = Server::start(token).await;
    let registry = Server::start(naming(service.url("/token").as_str())).await;
    let status = get(&transport(), registry.url("/v2/a"), &user("secret")).await;
    assert_eq!(status.unwrap(), 200);
}

#[tokio::test]
async fn a_narrowed_registry_is_not_followed_to_another_token_service() {
    let (service, thief) = (Server::start(token).await, Server::start(token).await);
    let honest = Server::start(naming(service.url("/token").as_str())).await;
    let hijacked = Server::start(naming(thief.url("/token").as_str())).await;
    let transport = builder()
        .token_realm(honest.host(), service.url("/"))
        .token_realm(hijacked.host(), service.url("/"))
        .build()
        .unwrap();
    let status = get(&transport, honest.url("/v2/a"), &user("secret")).await;
    assert_eq!(status.unwrap(), 200);
    let reason = refused(&transport, &hijacked).await;
    assert_eq!(reason, RealmRefusal::NotTheNamedOne);
    assert!(thief.seen().is_empty());
}

#[tokio::test]
async fn a_realm_that_is_no_url_of_http_is_refused() {
    for realm in ["", "/token", "token", "file:///etc/passwd", "ftp://a.io/"] {
        let registry = Server::start(naming(realm)).await;
        let reason = refused(&transport(), &registry).await;
        assert_eq!(reason, RealmRefusal::NoUrl, "{realm}");
        assert_eq!(registry.seen().len(), 1);
    }
}

#[tokio::test]
async fn user_info_in_a_realm_is_not_sent_in_place_of_the_password() {
    let service = Server::start(token).await;
    let realm = format!("http://mallory:theirs@{}/token", service.host());
    let registry = Server::start(naming(&realm)).await;
    get(&transport(), registry.url("/v2/a"), &user("secret"))
        .await
        .unwrap();
    assert_eq!(
        service.seen()[0].authorization(),
        Some(shown("secret").as_str())
    );
    get(
        &transport(),
        registry.url("/v2/a"),
        &portolan_auth::Access::anonymous(),
    )
    .await
    .unwrap();
    assert_eq!(service.seen()[1].authorization(), None);
}

#[tokio::test]
async fn a_token_service_that_redirects_is_not_followed() {
    let thief = Server::start(token).await;
    let to = thief.url("/token");
    let service = Server::start(move |_| Reply::redirect(to.as_str())).await;
    let registry = Server::start(naming(service.url("/token").as_str())).await;
    match get(&transport(), registry.url("/v2/a"), &user("secret")).await {
        Err(SendError::NoToken { status, .. }) => assert_eq!(status, 307),
        other => panic!("{other:?}"),
    }
    assert!(thief.seen().is_empty());
}

#[tokio::test]
async fn a_registry_that_only_takes_a_password_is_not_shown_one_beside_a_refused_token_service() {
    // Whoever can write the challenge could otherwise choose to have the password itself.
    let registry = Server::start(|_| {
        Reply::challenge("Basic").header("www-authenticate", r#"Bearer realm="ftp://a.io/""#)
    })
    .await;
    assert_eq!(refused(&transport(), &registry).await, RealmRefusal::NoUrl);
    assert_eq!(registry.seen().len(), 1);
}
