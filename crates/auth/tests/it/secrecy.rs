//! Nothing secret in anything that is printed.

use portolan_auth::{
    Access, Anonymous, Credential, Fixed, Request, Secret, SendError, Tls, Transport,
};

use crate::server::{Authority, Reply, Server, builder, get, told, transport};

const CANARY: &str = "canary-hunter2";

#[track_caller]
fn clean(text: &str) {
    let encoded = "Y2FuYXJ5";
    assert!(!text.contains(CANARY) && !text.contains(encoded), "{text}");
}

fn every_kind() -> [Credential; 3] {
    [
        Credential::basic("user", CANARY),
        Credential::IdentityToken(Secret::new(CANARY)),
        Credential::RegistryToken(Secret::new(CANARY)),
    ]
}

#[test]
fn no_type_shows_what_it_holds() {
    for credential in every_kind() {
        clean(&format!("{credential:?}"));
        clean(&format!(
            "{:?} {Anonymous:?}",
            Fixed::new(credential.clone())
        ));
        let access = Access::new("a", Some(credential));
        let url = format!("https://user:{CANARY}@r.io/?sig={CANARY}");
        let request = Request::get(url.parse().unwrap())
            .header(http::header::ACCEPT, http::HeaderValue::from_static(CANARY))
            .access(access.clone());
        clean(&format!("{access:?} {request:?}"));
    }
    let proxy = format!("http://user:{CANARY}@proxy:3128").parse().unwrap();
    let builder = Transport::builder().proxy(proxy, "");
    clean(&format!("{builder:?}"));
    clean(&format!("{:?}", builder.build().unwrap()));
}

#[test]
fn a_key_is_not_shown_even_where_it_is_refused() {
    let authority = Authority::new();
    let (certificate, key) = authority.client_pem();
    let secret = key.lines().nth(1).unwrap();
    let tls = authority.tls_with_identity();
    assert!(!format!("{tls:?}").contains(secret));
    let error = Tls::default()
        .with_identity_pem(key.as_bytes(), certificate.as_bytes())
        .map_or_else(|error| told(&error), |tls| format!("{tls:?}"));
    assert!(!error.contains(secret), "{error}");
}

#[test]
fn a_builder_that_is_refused_shows_no_secret() {
    let secret = || format!("ftp://user:{CANARY}@a.io/?x={CANARY}");
    let proxied = Transport::builder().proxy(secret().parse().unwrap(), "");
    clean(&told(&proxied.build().unwrap_err()));
    let narrowed = Transport::builder().token_realm("r.io", secret().parse().unwrap());
    clean(&told(&narrowed.build().unwrap_err()));
}

/// A registry that repeats whatever it is shown, and whose token service does.
async fn parrot() -> Server {
    Server::start(|seen| {
        let repeated = format!(
            "{} {} {CANARY}",
            seen.authorization().unwrap_or_default(),
            seen.body
        );
        match seen.path() {
            "/token" => Reply::new(401).body(&repeated),
            "/v2/basic" => Reply::challenge("Basic").body(&repeated),
            _ => Reply::bearer(&format!("http://{}/token", seen.header("host").unwrap())),
        }
    })
    .await
}

#[tokio::test]
async fn a_server_that_repeats_what_it_was_shown_is_not_quoted() {
    let server = parrot().await;
    for credential in every_kind() {
        for path in ["/v2/basic", "/v2/bearer"] {
            let access = Access::new("a", Some(credential.clone()));
            let error = get(&transport(), server.url(path), &access)
                .await
                .unwrap_err();
            assert!(error.is_denied());
            clean(&told(&error));
        }
    }
}

#[tokio::test]
async fn a_header_that_a_server_repeats_is_not_quoted() {
    let server = Server::start(|seen| {
        Reply::challenge("Basic").body(seen.authorization().unwrap_or_default())
    })
    .await;
    let access = Access::new("a", Some(Credential::basic("", CANARY)));
    let error = get(&transport(), server.url("/"), &access)
        .await
        .unwrap_err();
    // base64 of `:canary-hunter2`
    assert!(!told(&error).contains("OmNhbmFyeS1odW50ZXIy"), "{error}");
}

#[tokio::test]
async fn a_token_that_a_registry_repeats_is_not_quoted() {
    let server = Server::start(|seen| match seen.path() {
        "/token" => Reply::token(CANARY),
        _ => Reply::bearer(&format!("http://{}/token", seen.header("host").unwrap()))
            .body(seen.authorization().unwrap_or_default()),
    })
    .await;
    let error = get(&transport(), server.url("/"), &Access::anonymous()).await;
    clean(&told(&error.unwrap_err()));
}

#[tokio::test]
async fn signed_urls_and_user_info_are_left_out_of_errors() {
    for to in [
        format!("file://user:{CANARY}@a.io/?sig={CANARY}"),
        format!("http://user:{CANARY}@10.0.0.1/?sig={CANARY}"),
        // Nobody listens there.
        format!("http://user:{CANARY}@127.0.0.1:1/?sig={CANARY}"),
    ] {
        let (challenge, redirect) = (Reply::bearer(&to), Reply::redirect(&to));
        let server = Server::start(move |seen| match seen.path() {
            "/moved" => redirect.clone(),
            _ => challenge.clone(),
        })
        .await;
        for path in ["/moved", "/v2/a"] {
            let result = get(&transport(), server.url(path), &Access::anonymous()).await;
            clean(&told(&result.unwrap_err()));
        }
    }
}

#[tokio::test]
async fn a_loop_of_signed_urls_is_told_without_their_signatures() {
    let server = Server::start(|_| Reply::redirect(&format!("/?sig={CANARY}"))).await;
    match get(&transport(), server.url("/"), &Access::anonymous()).await {
        Err(error @ SendError::RedirectRefused { .. }) => clean(&told(&error)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_response_does_not_show_its_query() {
    let server = Server::start(|_| Reply::ok("")).await;
    let url = server.url(&format!("/?sig={CANARY}"));
    let response = builder().build().unwrap().send(Request::get(url)).await;
    clean(&format!("{response:?}"));
}
