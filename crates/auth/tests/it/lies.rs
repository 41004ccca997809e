//! Against a registry that lies about who may be shown what: each test passes without the lie.

use portolan_auth::{SendError, Tls, Transport};
use portolan_kit::{Lie, Login, Realm, RedirectTo, Registry, ServerName, Target};

use crate::registry::{asking_for_tokens, pull, registry};
use crate::server::{builder, user};

/// A transport that knows the token service of `registry`.
fn narrowed(registry: &Registry) -> Transport {
    builder()
        .token_realm(registry.address(), registry.token_origin().parse().unwrap())
        .build()
        .unwrap()
}

/// Nobody but the registry and its token service was shown anything.
#[track_caller]
fn kept_to_itself(registry: &Registry, lie: &Lie) {
    for seen in registry.requests() {
        if matches!(seen.server, ServerName::Other | ServerName::Plain) {
            assert_eq!(seen.login(), Login::Anonymous, "{lie:?}: {seen}");
        }
    }
}

fn access(registry: &Registry) -> portolan_auth::Access {
    let roots = registry.tls().ca_pem().as_bytes();
    user("secret").with_tls(Tls::default().with_roots_pem(roots).unwrap())
}

#[tokio::test]
async fn a_hijacked_realm_gets_no_password_out_of_a_narrowed_registry() {
    for lie in Lie::realm_lies() {
        let registry = registry(asking_for_tokens().tls().token_service_elsewhere()).await;
        let (transport, access) = (narrowed(&registry), access(&registry));
        registry.tell(lie.clone());
        match pull(&transport, &registry, &access).await {
            Err(SendError::RealmRefused { .. } | SendError::AddressRefused { .. }) => {}
            other => panic!("{lie:?}: {other:?}"),
        }
        assert_eq!(registry.requests().len(), 1, "{lie:?}");
        registry.be_honest();
        pull(&transport, &registry, &access).await.unwrap();
        kept_to_itself(&registry, &lie);
    }
}

#[tokio::test]
async fn a_hijacked_realm_without_tls_gets_no_password_out_of_any_registry() {
    let registry = registry(asking_for_tokens().tls()).await;
    let lie = Lie::Realm(Realm::PlainHttp);
    registry.tell(lie.clone());
    let result = pull(&builder().build().unwrap(), &registry, &access(&registry)).await;
    assert!(matches!(result, Err(SendError::RealmRefused { .. })));
    kept_to_itself(&registry, &lie);
}

#[tokio::test]
async fn a_redirect_that_must_not_be_followed_takes_no_login_anywhere() {
    let plain = Lie::Redirect {
        at: Target::Blobs,
        status: 307,
        to: RedirectTo::PlainHttp,
    };
    let lies = Lie::redirect_lies(Target::Blobs);
    for lie in lies.into_iter().chain([plain]) {
        let registry = registry(asking_for_tokens().tls()).await;
        let (transport, access) = (narrowed(&registry), access(&registry));
        registry.tell(lie.clone());
        match pull(&transport, &registry, &access).await {
            Err(error) => assert!(!error.is_transient(), "{lie:?}: {error:?}"),
            // What an answer without a `Location` means is for the caller to say.
            Ok(_) => assert!(format!("{lie:?}").contains("Nowhere"), "{lie:?}"),
        }
        assert!(registry.requests().len() <= 16, "{lie:?}");
        registry.be_honest();
        pull(&transport, &registry, &access).await.unwrap();
        kept_to_itself(&registry, &lie);
    }
}

#[tokio::test]
async fn a_fair_redirect_is_followed_without_a_login() {
    for lie in Lie::fair_redirects(Target::Blobs) {
        let registry = registry(asking_for_tokens().tls()).await;
        let (transport, access) = (narrowed(&registry), access(&registry));
        let honest = pull(&transport, &registry, &access).await.unwrap();
        registry.tell(lie.clone());
        let redirected = pull(&transport, &registry, &access).await.unwrap();
        assert_eq!(redirected, honest, "{lie:?}");
        kept_to_itself(&registry, &lie);
    }
}

#[tokio::test]
async fn a_token_service_that_lies_ends_in_an_error_after_few_requests() {
    for lie in Lie::token_lies() {
        let registry = registry(asking_for_tokens()).await;
        let (transport, access) = (narrowed(&registry), user("secret"));
        registry.tell(lie.clone());
        let result = pull(&transport, &registry, &access).await;
        assert!(result.is_err(), "{lie:?}");
        assert!(registry.requests().len() <= 3, "{lie:?}");
        registry.be_honest();
        pull(&transport, &registry, &access).await.unwrap();
    }
}

#[tokio::test]
async fn a_token_that_dies_before_the_blob_is_replaced_once() {
    for lies in [
        vec![Lie::TokenDiesBeforeBlob],
        vec![Lie::TokenDiesBeforeBlob, Lie::StaleIsForbidden],
        vec![Lie::TokenDiesBeforeBlob, Lie::ExpiresIn(None)],
        vec![Lie::TokenDiesBeforeBlob, Lie::OnlyAccessToken],
    ] {
        let registry = registry(asking_for_tokens()).await;
        for lie in &lies {
            registry.tell(lie.clone());
        }
        let pulled = pull(&narrowed(&registry), &registry, &user("secret")).await;
        assert!(pulled.is_ok(), "{lies:?}: {pulled:?}");
        assert_eq!(registry.tokens_issued(), 2, "{lies:?}");
        assert_eq!(registry.requests().len(), 7, "{lies:?}");
    }
}
