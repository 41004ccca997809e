//! A password that is shown without being asked for.

use portolan_auth::{Access, Credential, DeniedBy, Request, Secret, SendError};
use url::Url;

use crate::server::{Reply, Server, shown, transport, user};

async fn get(url: Url, access: &Access) -> Result<u16, SendError> {
    let request = Request::get(url).access(access.clone()).show_credential();
    let response = transport().send(request).await?;
    Ok(response.status().as_u16())
}

#[tokio::test]
async fn one_request_is_enough_where_nobody_asks() {
    let server = Server::start(|seen| match seen.authorization() {
        Some(_) => Reply::ok(""),
        None => Reply::new(404),
    })
    .await;
    assert_eq!(get(server.url("/x"), &user("secret")).await.unwrap(), 200);
    assert_eq!(server.asked(), ["GET /x"]);
    let authorization = shown("secret");
    assert_eq!(
        server.seen()[0].authorization(),
        Some(authorization.as_str())
    );
    let nobody = Access::anonymous();
    assert_eq!(get(server.url("/x"), &nobody).await.unwrap(), 404);
}

#[tokio::test]
async fn along_a_redirect_to_another_origin_it_is_not_shown() {
    let store = Server::start(|_| Reply::ok("")).await;
    let to = store.url("/x");
    let server = Server::start(move |_| Reply::redirect(to.as_str())).await;
    assert_eq!(get(server.url("/x"), &user("secret")).await.unwrap(), 200);
    assert!(server.seen()[0].authorization().is_some());
    assert_eq!(store.seen()[0].authorization(), None);
}

#[tokio::test]
async fn a_password_that_is_refused_is_shown_once() {
    for challenge in ["Basic", "Negotiate"] {
        let server = Server::start(|_| Reply::challenge(challenge)).await;
        match get(server.url("/x"), &user("wrong")).await {
            Err(SendError::Denied { by, .. }) => assert_eq!(by, DeniedBy::Registry),
            other => panic!("{other:?}"),
        }
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn who_asks_for_a_token_gets_one() {
    let service = Server::start(|_| Reply::token("t")).await;
    let realm = service.url("/token");
    let server = Server::start(move |seen| match seen.authorization() {
        Some("Bearer t") => Reply::ok(""),
        _ => Reply::bearer(realm.as_str()),
    })
    .await;
    assert_eq!(get(server.url("/x"), &user("secret")).await.unwrap(), 200);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_refresh_token_is_for_token_services_only() {
    let server = Server::start(|_| Reply::ok("")).await;
    let access = Access::new("", Some(Credential::IdentityToken(Secret::new("secret"))));
    assert_eq!(get(server.url("/x"), &access).await.unwrap(), 200);
    assert_eq!(server.seen()[0].authorization(), None);
}
