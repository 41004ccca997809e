//! Passwords and tokens.

use std::time::Duration;

use hyper::{Method, StatusCode};
use portolan_kit::{Builder, Login, Registry, ServerName, chart_archive};

use crate::client::{Answer, ask, get};

const ALICE: &str = "Basic YWxpY2U6c2VzYW1l"; // alice:sesame
const WRONG: &str = "Basic YWxpY2U6d3Jvbmc="; // alice:wrong
const SCOPE: &str = "scope=repository:charts/podinfo:pull";

async fn registry(builder: Builder) -> (Registry, String) {
    let registry = builder.start().await;
    registry.push_chart(
        "charts/podinfo",
        &chart_archive("podinfo", "1.0.0"),
        "1.0.0",
    );
    let url = format!("{}/v2/charts/podinfo/manifests/1.0.0", registry.url());
    (registry, url)
}

async fn get_as(url: &str, authorization: &str) -> Answer {
    get(url).header("authorization", authorization).send().await
}

async fn token(registry: &Registry, authorization: &str) -> String {
    let url = format!("{}/token?service=kit&{SCOPE}", registry.token_origin());
    let answer = get_as(&url, authorization).await;
    assert_eq!(answer.status, StatusCode::OK);
    format!(
        "Bearer {}",
        answer.json()["token"].as_str().expect("a token")
    )
}

#[tokio::test]
async fn a_password_is_asked_for_and_looked_at() {
    let (registry, url) = registry(Registry::builder().basic_auth("alice", "sesame")).await;
    let refused = get(&url).send().await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.json()["errors"][0]["code"], "UNAUTHORIZED");
    assert!(refused.header("www-authenticate").starts_with("Basic "));
    assert_eq!(get_as(&url, WRONG).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(get_as(&url, ALICE).await.status, StatusCode::OK);
    let login = Login::Basic {
        user: "alice".to_owned(),
        password: "sesame".to_owned(),
    };
    let seen = registry.requests();
    assert_eq!(seen[0].login(), Login::Anonymous);
    assert_eq!(seen[2].login(), login);
    assert_eq!(seen[2].status, Some(200));
}

#[tokio::test]
async fn a_token_is_asked_for_and_comes_from_the_realm_of_the_challenge() {
    let builder = Registry::builder()
        .token_auth("alice", "sesame")
        .token_service_elsewhere();
    let (registry, url) = registry(builder).await;
    let refused = get(&url).send().await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let realm = format!("{}/token", registry.token_origin());
    assert_eq!(
        refused.header("www-authenticate"),
        format!(
            "Bearer realm=\"{realm}\",service=\"portolan-kit\",\
             scope=\"repository:charts/podinfo:pull\""
        )
    );
    assert_eq!(get_as(&url, ALICE).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(get_as(&realm, WRONG).await.status, StatusCode::UNAUTHORIZED);
    let token = token(&registry, ALICE).await;
    assert_eq!(get_as(&url, &token).await.status, StatusCode::OK);
    assert_eq!(registry.requests_to(ServerName::Token).len(), 2);
}

#[tokio::test]
async fn a_token_is_no_good_for_another_repository_or_to_push() {
    let (registry, url) = registry(Registry::builder().token_auth("alice", "sesame")).await;
    registry.push_chart("charts/other", &chart_archive("other", "1.0.0"), "1.0.0");
    let token = token(&registry, ALICE).await;
    let other = url.replace("podinfo", "other");
    let refused = get_as(&other, &token).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(
        refused
            .header("www-authenticate")
            .contains("insufficient_scope")
    );
    let pushed = ask(Method::PUT, &url).header("authorization", &token);
    assert_eq!(pushed.send().await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_over_or_it_is_revoked() {
    let lifetime = Duration::from_millis(50);
    let builder = Registry::builder().token_auth("alice", "sesame");
    let (registry, url) = registry(builder.token_lifetime(lifetime)).await;
    let short = token(&registry, ALICE).await;
    tokio::time::sleep(lifetime).await;
    let refused = get_as(&url, &short).await;
    assert!(refused.header("www-authenticate").contains("invalid_token"));
    let revoked = token(&registry, ALICE).await;
    registry.revoke_tokens();
    assert_eq!(
        get_as(&url, &revoked).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn an_account_gets_at_its_own_repositories_only() {
    let builder = Registry::builder()
        .basic_auth("bob", "sesame")
        .limited_account("alice", "sesame", &["chart", "team"]);
    let (_registry, url) = registry(builder).await;
    assert_eq!(get_as(&url, ALICE).await.status, StatusCode::FORBIDDEN);
    let builder = Registry::builder()
        .token_auth("bob", "sesame")
        .limited_account("alice", "sesame", &["team", "charts"]);
    let (registry, url) = registry(builder).await;
    let token = token(&registry, ALICE).await;
    assert_eq!(get_as(&url, &token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn anybody_may_pull_what_is_public() {
    let builder = Registry::builder().token_auth("bob", "x").public("charts");
    let (registry, url) = registry(builder).await;
    let realm = format!("{}/token?{SCOPE},push", registry.token_origin());
    let token = get(realm).send().await.json()["token"].to_string();
    let token = format!("Bearer {}", token.trim_matches('"'));
    assert_eq!(get_as(&url, &token).await.status, StatusCode::OK);
    let push = ask(Method::PUT, &url).header("authorization", &token);
    assert_eq!(push.send().await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_identity_token_gets_a_token_by_post() {
    let builder = Registry::builder()
        .token_auth("alice", "sesame")
        .identity_token("alice", "long-lived");
    let (registry, url) = registry(builder).await;
    let realm = format!("{}/token", registry.token_origin());
    let form = format!("grant_type=refresh_token&service=kit&{SCOPE}&refresh_token=");
    let refused = ask(Method::POST, &realm).body(format!("{form}stolen"));
    assert_eq!(refused.send().await.status, StatusCode::UNAUTHORIZED);
    let given = ask(Method::POST, &realm).body(format!("{form}long-lived"));
    let token = given.send().await.json()["access_token"].to_string();
    let token = format!("Bearer {}", token.trim_matches('"'));
    assert_eq!(get_as(&url, &token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_changed_password_is_the_only_good_one() {
    let (registry, url) = registry(Registry::builder().basic_auth("alice", "old")).await;
    assert_eq!(get_as(&url, ALICE).await.status, StatusCode::UNAUTHORIZED);
    registry.set_password("alice", "sesame");
    assert_eq!(get_as(&url, ALICE).await.status, StatusCode::OK);
}
