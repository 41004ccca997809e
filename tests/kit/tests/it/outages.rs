//! Registries that go away and come back, and how they are found.

use std::time::{Duration, Instant};

use hyper::StatusCode;
use portolan_kit::{ClientCertificates, Registry, TlsMaterial, chart_archive};

use crate::client::{get, get_tls};

#[tokio::test]
async fn a_stopped_registry_refuses_connections_and_comes_back_on_its_port() {
    let registry = Registry::start().await;
    registry.push_chart("podinfo", &chart_archive("podinfo", "1.0.0"), "1.0.0");
    let url = format!("{}/v2/podinfo/tags/list", registry.url());
    for _ in 0..3 {
        assert_eq!(get(&url).send().await.status, StatusCode::OK);
        registry.stop();
        registry.stop();
        let refused = get(&url).try_send().await.expect_err("nobody listens");
        assert!(refused.contains("refused"), "{refused}");
        registry.start_again();
        registry.start_again();
    }
    assert_eq!(get(&url).send().await.json()["tags"][0], "1.0.0");
    assert_eq!(registry.requests().len(), 4);
}

#[test]
fn a_registry_is_there_within_milliseconds_and_needs_no_runtime() {
    let began = Instant::now();
    let registries: Vec<Registry> = (0..10).map(|_| Registry::start_blocking()).collect();
    assert!(began.elapsed() < Duration::from_secs(1));
    for registry in &registries {
        std::net::TcpStream::connect(registry.address()).expect("somebody listens");
    }
}

#[tokio::test]
async fn tls_is_by_an_authority_that_has_to_be_trusted() {
    let registry = Registry::builder().tls().start().await;
    let url = format!("{}/v2/", registry.url());
    let answer = get_tls(&url, registry.tls().ca_pem(), None).await;
    assert_eq!(answer.map(|answer| answer.status), Ok(StatusCode::OK));
    let stranger = TlsMaterial::new();
    let refused = get_tls(&url, stranger.ca_pem(), None).await;
    assert!(refused.expect_err("not trusted").contains("UnknownIssuer"));
}

#[tokio::test]
async fn certificates_are_expired_or_for_somebody_else() {
    for (material, expected) in [
        (TlsMaterial::expired(), "Expired"),
        (
            TlsMaterial::for_names(&["registry.example"]),
            "NotValidForName",
        ),
    ] {
        let ca = material.ca_pem().to_owned();
        let builder = Registry::builder().tls_with(material, ClientCertificates::NotAsked);
        let registry = builder.start().await;
        let refused = get_tls(&format!("{}/v2/", registry.url()), &ca, None).await;
        let refused = refused.expect_err("not to be trusted");
        assert!(refused.contains(expected), "{refused}");
    }
}

#[tokio::test]
async fn client_certificates_are_looked_at() {
    for asked in [ClientCertificates::Optional, ClientCertificates::Required] {
        let builder = Registry::builder().tls_with(TlsMaterial::new(), asked);
        let registry = builder.start().await;
        let url = format!("{}/v2/", registry.url());
        let ca = registry.tls().ca_pem();
        let without = get_tls(&url, ca, None).await;
        assert_eq!(without.is_ok(), asked == ClientCertificates::Optional);
        let with = get_tls(&url, ca, Some(&registry.tls().client_identity())).await;
        assert!(with.is_ok(), "{with:?}");
        let stranger = TlsMaterial::new().client_identity();
        let strange = get_tls(&url, ca, Some(&stranger)).await;
        assert!(strange.is_err(), "{strange:?}");
        let seen = registry.requests();
        assert!(seen.last().expect("there was one").client_certificate);
    }
}
