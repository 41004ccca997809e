//! Whom a connection trusts, and who it says we are.

use portolan_auth::{Access, ParseTlsError, SendError, Tls};

use crate::server::{Authority, Reply, Server, get, shown, told, transport, user};

#[tokio::test]
async fn a_root_of_ones_own_is_trusted_by_those_who_gave_it() {
    let authority = Authority::new();
    let server = Server::start_tls(&authority, |_| Reply::ok("")).await;
    let transport = transport();
    let trusting = Access::anonymous().with_tls(authority.tls());
    let other = Access::anonymous().with_tls(Authority::new().tls());
    // The trusting one first: its connection must not serve the others.
    assert_eq!(
        get(&transport, server.url("/"), &trusting).await.unwrap(),
        200
    );
    for access in [Access::anonymous(), other] {
        match get(&transport, server.url("/"), &access).await {
            Err(error @ SendError::Connection { .. }) => assert!(error.is_transient()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let server = Server::start_tls(&authority, |_| Reply::ok("")).await;
    let transport = crate::server::builder()
        .resolve("other.test", [server.address()])
        .resolve("registry.test", [server.address()])
        .build()
        .unwrap();
    let access = Access::anonymous().with_tls(authority.tls());
    let named = |name: &str| format!("https://{name}/").parse().unwrap();
    assert_eq!(
        get(&transport, named("registry.test"), &access)
            .await
            .unwrap(),
        200
    );
    assert!(get(&transport, named("other.test"), &access).await.is_err());
}

#[tokio::test]
async fn a_client_certificate_is_presented_by_those_who_have_one() {
    let authority = Authority::new();
    let server = Server::start_tls(&authority, |_| Reply::ok("")).await;
    let transport = transport();
    for (tls, identified) in [
        (authority.tls_with_identity(), true),
        (authority.tls(), false),
    ] {
        let access = Access::anonymous().with_tls(tls);
        get(&transport, server.url("/"), &access).await.unwrap();
        assert_eq!(server.seen().last().unwrap().identified, identified);
    }
}

#[tokio::test]
async fn a_client_certificate_is_presented_to_the_token_service_and_not_along_a_redirect() {
    let authority = Authority::new();
    let service = Server::start_tls(&authority, |_| Reply::token("t")).await;
    let store = Server::start_tls(&authority, |_| Reply::ok("")).await;
    let (realm, to) = (service.url("/token"), store.url("/blob"));
    let registry = Server::start_tls(&authority, move |seen| match seen.authorization() {
        Some(_) => Reply::redirect(to.as_str()),
        None => Reply::bearer(realm.as_str()),
    })
    .await;
    let access = user("secret").with_tls(authority.tls_with_identity());
    get(&transport(), registry.url("/v2/a"), &access)
        .await
        .unwrap();
    assert!(registry.seen().iter().all(|seen| seen.identified));
    assert!(service.seen()[0].identified);
    assert_eq!(
        service.seen()[0].authorization(),
        Some(shown("secret").as_str())
    );
    assert!(!store.seen()[0].identified);
}

#[tokio::test]
async fn a_client_certificate_of_an_authority_that_the_server_does_not_know_is_told() {
    let authority = Authority::new();
    let server = Server::start_tls(&authority, |_| Reply::ok("")).await;
    let stranger = Authority::new();
    let (certificate, key) = stranger.client_pem();
    let tls = authority
        .tls()
        .with_identity_pem(certificate.as_bytes(), key.as_bytes())
        .unwrap();
    let access = Access::anonymous().with_tls(tls);
    let error = get(&transport(), server.url("/"), &access)
        .await
        .unwrap_err();
    assert!(matches!(error, SendError::Connection { .. }));
    assert!(
        told(&error).contains("received fatal alert"),
        "{}",
        told(&error)
    );
}

#[test]
fn what_is_no_certificate_is_an_error_and_not_left_out() {
    let authority = Authority::new();
    let mut lines: Vec<_> = authority.roots_pem().lines().collect();
    lines.remove(1);
    let broken = lines.join("\n");
    let half = format!("{}\n{broken}", authority.roots_pem());
    for pem in ["", "invalid", "invalid caFile", &broken, &half] {
        assert_eq!(
            Tls::default().with_roots_pem(pem.as_bytes()).unwrap_err(),
            ParseTlsError::Roots
        );
    }
    let told = ParseTlsError::Roots.to_string();
    assert_eq!(told, "failed to parse CA certificate");
}

#[test]
fn a_certificate_and_a_key_that_do_not_belong_together_are_an_error() {
    let (one, other) = (Authority::new(), Authority::new());
    let (certificate, key) = one.client_pem();
    for (certificate, key) in [
        (certificate, other.client_pem().1),
        (certificate, ""),
        (certificate, "invalid"),
        ("", key),
        ("invalid", key),
    ] {
        assert_eq!(
            Tls::default()
                .with_identity_pem(certificate.as_bytes(), key.as_bytes())
                .unwrap_err(),
            ParseTlsError::Identity
        );
    }
}

#[tokio::test]
async fn access_without_identity_keeps_the_roots_and_shows_nothing() {
    let authority = Authority::new();
    let server = Server::start_tls(&authority, |_| Reply::ok("")).await;
    let access = user("secret")
        .with_tls(authority.tls_with_identity())
        .without_identity();
    let request = portolan_auth::Request::get(server.url("/"))
        .access(access)
        .show_credential();
    assert_eq!(transport().send(request).await.unwrap().status(), 200);
    let seen = server.seen().remove(0);
    assert!(!seen.identified);
    assert_eq!(seen.authorization(), None);
}
