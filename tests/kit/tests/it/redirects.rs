//! Redirects, as told and as an honest registry before an object store sends them.

use hyper::{Method, StatusCode};
use portolan_kit::{Lie, Realm, RedirectTo, Registry, ServerName, Target, chart_archive};

use crate::client::{ask, get, get_tls};

async fn registry() -> (Registry, Vec<u8>, String) {
    filled(Registry::start().await)
}

fn filled(registry: Registry) -> (Registry, Vec<u8>, String) {
    let archive = chart_archive("podinfo", "1.0.0");
    let digest = registry.push_blob("podinfo", &archive);
    let url = format!("{}/v2/podinfo/blobs/{digest}", registry.url());
    (registry, archive, url)
}

/// How many redirects it takes to get to an answer that is none, and that answer.
async fn follow(mut url: String, most: u32) -> (u32, crate::client::Answer) {
    for hops in 0.. {
        let answer = get(&url).send().await;
        if !answer.status.is_redirection() || hops == most {
            return (hops, answer);
        }
        let location = answer.header("location");
        let base = url::Url::parse(&url).expect("a URL");
        url = base.join(location).expect("a reference").to_string();
    }
    unreachable!("the loop ends by returning")
}

#[tokio::test]
async fn an_object_store_serves_blobs_to_who_comes_without_a_login() {
    let (registry, archive, url) = filled(Registry::builder().redirect_blobs().start().await);
    let first = get(&url).send().await;
    assert_eq!(first.status, StatusCode::TEMPORARY_REDIRECT);
    let location = first.header("location").to_owned();
    assert!(location.starts_with(&registry.other_origin()));
    assert_eq!(get(&location).send().await.bytes(), archive);
    let twice = get(&location)
        .header("authorization", "Bearer x")
        .send()
        .await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    let part = get(&location).header("range", "bytes=0-9").send().await;
    assert_eq!(part.bytes(), archive[..10]);
    assert_eq!(registry.requests_to(ServerName::Other).len(), 3);
}

#[tokio::test]
async fn lies_about_blobs_are_told_by_the_object_store_too() {
    let (registry, archive, url) = filled(Registry::builder().redirect_blobs().start().await);
    registry.tell(Lie::WrongBytes { at: Target::Blobs });
    let (_, answer) = follow(url, 3).await;
    assert_ne!(answer.bytes(), archive);
}

#[tokio::test]
async fn fair_redirects_lead_to_what_was_asked_for() {
    for lie in Lie::fair_redirects(Target::Blobs) {
        let (registry, archive, url) = registry().await;
        registry.tell(lie.clone());
        let (hops, answer) = follow(url, 20).await;
        assert_eq!(answer.bytes(), archive, "{lie:?}");
        let Lie::Redirect { to, .. } = lie else {
            panic!("{lie:?}")
        };
        let expected = match to {
            RedirectTo::Chain(length) => length,
            _ => 1,
        };
        assert_eq!(hops, expected, "{to:?}");
    }
}

#[tokio::test]
async fn other_redirects_lead_nowhere_in_particular() {
    let told = async |to, most| {
        let (registry, _, url) = registry().await;
        registry.tell(Lie::Redirect {
            at: Target::Blobs,
            status: 307,
            to,
        });
        follow(url, most).await
    };
    let (hops, _) = told(RedirectTo::Loop, 30).await;
    assert_eq!(hops, 30);
    let (hops, answer) = told(RedirectTo::OtherOriginAsking, 3).await;
    assert_eq!((hops, answer.status), (1, StatusCode::UNAUTHORIZED));
    assert!(answer.header("www-authenticate").starts_with("Basic"));
    let (_, answer) = told(RedirectTo::Nowhere, 0).await;
    assert_eq!(answer.optional_header("location"), None);
    let url = "http://169.254.169.254/latest/meta-data/";
    let (_, answer) = told(RedirectTo::Url(url.to_owned()), 0).await;
    assert_eq!(answer.header("location"), url);
}

#[tokio::test]
async fn an_upload_is_sent_elsewhere() {
    let (registry, _, _) = registry().await;
    let begin = || {
        ask(
            Method::POST,
            format!("{}/v2/podinfo/blobs/uploads/", registry.url()),
        )
    };
    assert!(
        begin()
            .send()
            .await
            .header("location")
            .starts_with("/v2/podinfo/")
    );
    registry.tell(Lie::UploadElsewhere);
    let location = begin().send().await.header("location").to_owned();
    assert!(location.starts_with(&registry.other_origin()));
}

#[tokio::test]
async fn a_registry_with_tls_leads_to_a_place_without() {
    let builder = Registry::builder().token_auth("alice", "sesame").public("");
    let (registry, archive, url) = filled(builder.tls().start().await);
    let ca = registry.tls().ca_pem();
    registry.tell(Lie::Realm(Realm::PlainHttp));
    let refused = get_tls(&url, ca, None).await.expect("an answer");
    let challenge = refused.header("www-authenticate");
    assert!(
        challenge.starts_with("Bearer realm=\"http://127.0.0.1:"),
        "{challenge}"
    );

    let open = Registry::builder().tls().telling(Lie::Redirect {
        at: Target::Blobs,
        status: 307,
        to: RedirectTo::PlainHttp,
    });
    let (open, _, url) = filled(open.start().await);
    let redirect = get_tls(&url, open.tls().ca_pem(), None)
        .await
        .expect("an answer");
    let location = redirect.header("location");
    assert_eq!(get(location).send().await.bytes(), archive);
    assert_eq!(open.requests_to(ServerName::Plain).len(), 1);
}
