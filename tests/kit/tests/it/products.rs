//! Registries in the wild.

use hyper::{Method, StatusCode};
use portolan_kit::{Product, Registry, ServerName, chart_archive};

use crate::client::{ask, get};

const ALICE: &str = "Basic YWxpY2U6c2VzYW1l"; // alice:sesame
const TAGS: [&str; 3] = ["1.0.0", "1.1.0", "1.2.0"];

/// The registry, and a login for it.
async fn like(product: Product) -> (Registry, String) {
    let registry = Registry::builder()
        .like(product, "alice", "sesame")
        .start()
        .await;
    for tag in TAGS {
        registry.push_chart("charts/podinfo", &chart_archive("podinfo", tag), tag);
    }
    let challenge = get(format!("{}/v2/", registry.url())).send().await;
    let challenge = challenge.header("www-authenticate").to_owned();
    let login = match challenge.strip_prefix("Bearer realm=\"") {
        None => ALICE.to_owned(),
        Some(rest) => {
            let (realm, _) = rest.split_once('"').expect("the realm ends");
            let url = format!("{realm}?scope=repository:charts/podinfo:pull");
            let token = get(url).header("authorization", ALICE).send().await.json();
            format!("Bearer {}", token["token"].as_str().expect("a token"))
        }
    };
    (registry, login)
}

#[tokio::test]
async fn every_product_has_its_charts_for_who_knows_how() {
    for product in Product::ALL {
        let (registry, login) = like(product).await;
        let base = format!("{}/v2/charts/podinfo", registry.url());
        let manifest = get(format!("{base}/manifests/1.1.0")).header("authorization", &login);
        let manifest = manifest.send().await;
        assert_eq!(manifest.status, StatusCode::OK, "{product:?}");
        let layer = manifest.json()["layers"][0]["digest"].to_string();
        let url = format!("{base}/blobs/{}", layer.trim_matches('"'));
        let mut layer = get(url).header("authorization", &login).send().await;
        if layer.status.is_redirection() {
            layer = get(layer.header("location")).send().await;
        }
        assert_eq!(
            layer.bytes(),
            chart_archive("podinfo", "1.1.0"),
            "{product:?}"
        );
    }
}

#[tokio::test]
async fn links_of_well_paging_products_lead_to_every_tag() {
    for product in Product::ALL {
        let (registry, login) = like(product).await;
        let mut url = format!("{}/v2/charts/podinfo/tags/list?n=2", registry.url());
        let mut found = Vec::new();
        loop {
            let page = get(&url).header("authorization", &login).send().await;
            if page.status != StatusCode::OK {
                assert!(!product.pages_well(), "{product:?}: {}", page.status);
                break;
            }
            for tag in page.json()["tags"].as_array().expect("tags") {
                found.push(tag.as_str().expect("a tag").to_owned());
            }
            let Some(link) = page.optional_header("link") else {
                break;
            };
            let (link, _) = link[1..].split_once('>').expect("a link");
            let base = url::Url::parse(&url).expect("a URL");
            url = base.join(link).expect("a reference").to_string();
        }
        found.sort();
        assert_eq!(
            found == TAGS,
            product.pages_well(),
            "{product:?}: {found:?}"
        );
    }
}

#[tokio::test]
async fn products_have_their_quirks() {
    let (nexus, login) = like(Product::Nexus).await;
    let head = |registry: &Registry, login: &str| {
        let url = format!("{}/v2/charts/podinfo/manifests/1.0.0", registry.url());
        ask(Method::HEAD, url).header("authorization", login)
    };
    assert_eq!(
        head(&nexus, &login).send().await.status,
        StatusCode::NOT_FOUND
    );

    let (artifactory, login) = like(Product::Artifactory).await;
    let file = head(&artifactory, &login).send().await;
    assert_eq!(file.header("content-type"), "application/octet-stream");
    assert_eq!(file.optional_header("docker-content-digest"), None);

    let (ecr_public, login) = like(Product::EcrPublic).await;
    ecr_public.revoke_tokens();
    assert_eq!(
        head(&ecr_public, &login).send().await.status,
        StatusCode::BAD_REQUEST
    );

    let (docker_hub, _) = like(Product::DockerHub).await;
    assert_eq!(docker_hub.requests_to(ServerName::Token).len(), 1);
}
