//! Against a whole registry, with a token service that was written without looking at this crate.

use portolan_auth::{Access, Credential, DeniedBy, Request, Secret, SendError, Tls, Transport};
use portolan_kit::{Builder, Registry, chart_archive};

use crate::server::{transport, user};

/// One that has the chart `podinfo` of version 1.0.0, and asks for a token.
pub(crate) async fn registry(builder: Builder) -> Registry {
    let registry = builder.start().await;
    let archive = chart_archive("podinfo", "1.0.0");
    registry.push_chart("charts/podinfo", &archive, "1.0.0");
    registry.forget_requests();
    registry
}

pub(crate) fn asking_for_tokens() -> Builder {
    Registry::builder().token_auth("user", "secret")
}

/// What it takes to pull the chart: its tags, its manifest and its archive.
pub(crate) async fn pull(
    transport: &Transport,
    registry: &Registry,
    access: &Access,
) -> Result<Vec<u8>, SendError> {
    let get = async |path: &str| {
        let url = format!("{}/v2/charts/podinfo/{path}", registry.url());
        let request = Request::get(url.parse().unwrap())
            .access(access.clone())
            .pull_scope("charts/podinfo");
        transport.send(request).await?.collect(1 << 20).await
    };
    get("tags/list").await?;
    let manifest = get("manifests/1.0.0").await?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let digest = manifest["layers"][0]["digest"].as_str().unwrap();
    Ok(get(&format!("blobs/{digest}")).await?.to_vec())
}

#[tokio::test]
async fn a_chart_takes_five_requests_the_first_time_and_then_three() {
    let registry = registry(asking_for_tokens()).await;
    let transport = transport();
    let archive = pull(&transport, &registry, &user("secret")).await.unwrap();
    assert_eq!(archive, chart_archive("podinfo", "1.0.0"));
    assert_eq!(registry.requests().len(), 5);
    pull(&transport, &registry, &user("secret")).await.unwrap();
    assert_eq!(registry.requests().len(), 8);
    assert_eq!(registry.tokens_issued(), 1);
}

#[tokio::test]
async fn tokens_that_were_revoked_are_replaced_once() {
    let registry = registry(asking_for_tokens()).await;
    let transport = transport();
    pull(&transport, &registry, &user("secret")).await.unwrap();
    registry.revoke_tokens();
    registry.forget_requests();
    pull(&transport, &registry, &user("secret")).await.unwrap();
    // One 401, one token, three answers.
    assert_eq!(registry.requests().len(), 5);
    assert_eq!(registry.tokens_issued(), 2);
}

#[tokio::test]
async fn a_password_is_right_or_wrong_or_rotated() {
    let registry = registry(asking_for_tokens()).await;
    let transport = transport();
    match pull(&transport, &registry, &user("wrong")).await {
        Err(SendError::Denied { by, message, .. }) => {
            assert_eq!(by, DeniedBy::TokenService(registry.address()));
            assert!(message.unwrap().starts_with("UNAUTHORIZED"));
        }
        other => panic!("{other:?}"),
    }
    pull(&transport, &registry, &user("secret")).await.unwrap();
    registry.set_password("user", "rotated");
    registry.revoke_tokens();
    let stale = pull(&transport, &registry, &user("secret")).await;
    assert!(stale.unwrap_err().is_denied());
    pull(&transport, &registry, &user("rotated")).await.unwrap();
}

#[tokio::test]
async fn an_identity_token_does_for_a_password() {
    let registry = registry(asking_for_tokens().identity_token("user", "identity")).await;
    let identity = |token: &str| {
        let token = Credential::IdentityToken(Secret::new(token));
        Access::new("a", Some(token))
    };
    pull(&transport(), &registry, &identity("identity"))
        .await
        .unwrap();
    let wrong = pull(&transport(), &registry, &identity("wrong")).await;
    assert!(wrong.unwrap_err().is_denied());
}

#[tokio::test]
async fn a_token_service_elsewhere_is_found_and_blobs_are_followed_without_the_token() {
    let builder = asking_for_tokens()
        .token_service_elsewhere()
        .redirect_blobs();
    let registry = registry(builder).await;
    let archive = pull(&transport(), &registry, &user("secret"))
        .await
        .unwrap();
    assert_eq!(archive, chart_archive("podinfo", "1.0.0"));
}

#[tokio::test]
async fn tls_changes_nothing() {
    let registry = registry(asking_for_tokens().tls().token_service_elsewhere()).await;
    let roots = registry.tls().ca_pem().as_bytes();
    let access = user("secret").with_tls(Tls::default().with_roots_pem(roots).unwrap());
    pull(&transport(), &registry, &access).await.unwrap();
    assert_eq!(registry.requests().len(), 5);
}
