//! Lies of the token service and about it.

use hyper::StatusCode;
use portolan_kit::{Lie, Realm, Registry, ServerName, Target, chart_archive};
use serde_json::Value;

use crate::client::{Answer, get};

const ALICE: &str = "Basic YWxpY2U6c2VzYW1l"; // alice:sesame
const WRONG: &str = "Basic YWxpY2U6d3Jvbmc="; // alice:wrong

async fn registry() -> Registry {
    let registry = Registry::builder()
        .token_auth("alice", "sesame")
        .start()
        .await;
    registry.push_chart("podinfo", &chart_archive("podinfo", "1.0.0"), "1.0.0");
    registry
}

async fn manifest(registry: &Registry, authorization: &str) -> Answer {
    let url = format!("{}/v2/podinfo/manifests/1.0.0", registry.url());
    get(url).header("authorization", authorization).send().await
}

async fn challenge(registry: &Registry) -> String {
    let url = format!("{}/v2/podinfo/manifests/1.0.0", registry.url());
    let refused = get(url).send().await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    refused.header("www-authenticate").to_owned()
}

fn token_url(origin: &str) -> String {
    format!("{origin}/token?scope=repository:podinfo:pull")
}

async fn token(registry: &Registry) -> Answer {
    let url = token_url(&registry.token_origin());
    get(url).header("authorization", ALICE).send().await
}

fn bearer(token: &Value) -> String {
    format!(
        "Bearer {}",
        token["access_token"].as_str().expect("a token")
    )
}

#[tokio::test]
async fn a_token_dies_between_manifest_and_blob_and_the_next_one_lives() {
    let registry = registry().await;
    registry.tell(Lie::TokenDiesBeforeBlob);
    let first = bearer(&token(&registry).await.json());
    let answer = manifest(&registry, &first).await;
    let layer = answer.json()["layers"][0]["digest"].clone();
    let url = format!(
        "{}/v2/podinfo/blobs/{}",
        registry.url(),
        layer.as_str().expect("text")
    );
    let blob = async |token: &str| get(&url).header("authorization", token).send().await.status;
    assert_eq!(blob(&first).await, StatusCode::UNAUTHORIZED);
    assert_eq!(blob(&first).await, StatusCode::UNAUTHORIZED);
    let second = bearer(&token(&registry).await.json());
    assert_eq!(blob(&second).await, StatusCode::OK);
}

#[tokio::test]
async fn no_token_is_good_enough_in_a_401_loop() {
    let registry = registry().await;
    let at = Target::Everything;
    registry.tell(Lie::UnauthorizedLoop { at });
    let token = bearer(&token(&registry).await.json());
    let refused = manifest(&registry, &token).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(
        refused
            .header("www-authenticate")
            .starts_with("Bearer realm=")
    );
    registry.be_honest();
    assert_eq!(manifest(&registry, &token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_stale_login_is_forbidden_rather_than_challenged() {
    let registry = registry().await;
    registry.tell(Lie::StaleIsForbidden);
    let token = bearer(&token(&registry).await.json());
    registry.revoke_tokens();
    assert_eq!(
        manifest(&registry, &token).await.status,
        StatusCode::FORBIDDEN
    );
    let url = token_url(&registry.token_origin());
    let refused = get(url).header("authorization", WRONG).send().await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    registry.be_honest();
    assert_eq!(
        manifest(&registry, &token).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn what_the_token_service_says_is_odd() {
    let told = async |lie| {
        let registry = registry().await;
        registry.tell(lie);
        token(&registry).await
    };
    let without = told(Lie::ExpiresIn(None)).await.json();
    assert_eq!(without.get("expires_in"), None);
    let odd = told(Lie::ExpiresIn(Some("-1".to_owned()))).await.json();
    assert_eq!(odd["expires_in"], -1);
    let one = told(Lie::OnlyAccessToken).await.json();
    assert_eq!(one.get("token"), None);
    assert!(one["access_token"].is_string());
    assert_eq!(told(Lie::EmptyToken).await.json()["token"], "");
    assert!(told(Lie::HugeTokenBody(1 << 20)).await.bytes().len() > 1 << 20);
    let times = 1;
    let (at, status) = (Target::Token, 503);
    let refused = told(Lie::Status { at, status, times }).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn the_realm_is_somebody_elses_and_gives_good_tokens() {
    let registry = registry().await;
    registry.tell(Lie::Realm(Realm::OtherOrigin));
    let origin = registry.other_origin();
    let expected = format!("Bearer realm=\"{origin}/token\"");
    assert!(challenge(&registry).await.starts_with(&expected));
    let stolen = get(token_url(&origin))
        .header("authorization", WRONG)
        .send()
        .await;
    let token = bearer(&stolen.json());
    assert_eq!(manifest(&registry, &token).await.status, StatusCode::OK);
    assert_eq!(registry.requests_to(ServerName::Other).len(), 1);

    registry.be_honest();
    let url = "http://169.254.169.254/latest/meta-data/";
    registry.tell(Lie::Realm(Realm::Url(url.to_owned())));
    assert!(challenge(&registry).await.contains(url));
    registry.be_honest();
    registry.tell(Lie::Challenge("Negotiate".to_owned()));
    assert_eq!(challenge(&registry).await, "Negotiate");
}
