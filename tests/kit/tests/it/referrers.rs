//! What refers to a manifest, by the API and by the tag, honestly and not.

use hyper::StatusCode;
use portolan_kit::{Artifact, Builder, Lie, Registry, ServerName, chart_archive};
use serde_json::Value;

use crate::client::{Answer, get};

const KIND: &str = "application/vnd.kit.signature";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A chart that three artifacts refer to.
struct Signed {
    registry: Registry,
    chart: String,
    /// Sorted.
    artifacts: Vec<String>,
}

fn artifact(text: &str) -> Artifact {
    Artifact::new(KIND)
        .layer("text/plain", text.as_bytes(), &[("text", text)])
        .annotation("by", text)
}

async fn signed(builder: Builder) -> Signed {
    let registry = builder.start().await;
    let chart = registry.push_chart("podinfo", &chart_archive("podinfo", "1.0.0"), "1.0.0");
    let attach = |text| registry.attach("podinfo", &chart, &artifact(text));
    let mut artifacts = ["a", "b", "c"].map(attach).to_vec();
    artifacts.sort();
    Signed {
        registry,
        chart,
        artifacts,
    }
}

impl Signed {
    async fn told(lie: Lie) -> Self {
        let signed = signed(Registry::builder()).await;
        signed.registry.tell(lie);
        signed
    }

    async fn list(&self, query: &str) -> Answer {
        let (url, chart) = (self.registry.url(), &self.chart);
        let url = format!("{url}/v2/podinfo/referrers/{chart}{query}");
        get(url).send().await
    }
}

fn listed(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let entries = json["manifests"].as_array().into_iter().flatten();
    let mut digests: Vec<String> = entries
        .map(|entry| entry["digest"].as_str().unwrap_or_default().to_owned())
        .collect();
    digests.sort();
    digests
}

fn next(answer: &Answer) -> Option<&str> {
    let link = answer.optional_header("link")?;
    link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")
}

#[tokio::test]
async fn an_artifact_is_attached_whole() {
    let signed = signed(Registry::builder()).await;
    assert_eq!(listed(&signed.list("").await), signed.artifacts);
    let digest = signed
        .registry
        .attach("podinfo", &signed.chart, &artifact("a"));
    assert!(
        signed.artifacts.contains(&digest),
        "the same again is no other"
    );
    let manifest = signed
        .registry
        .manifest("podinfo", &digest)
        .expect("a manifest");
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    assert_eq!(manifest["artifactType"], KIND);
    assert_eq!(manifest["subject"]["digest"], signed.chart.as_str());
    assert_eq!(manifest["annotations"]["by"], "a");
    assert_eq!(manifest["config"]["mediaType"], EMPTY);
    let layer = &manifest["layers"][0];
    assert_eq!(layer["annotations"]["text"], "a");
    let blob = layer["digest"].as_str().expect("a digest");
    assert_eq!(signed.registry.blob("podinfo", blob), Some(b"a".to_vec()));
}

#[tokio::test]
async fn without_the_api_the_list_is_under_a_tag() {
    let signed = signed(Registry::builder().without_referrers()).await;
    assert_eq!(signed.list("").await.status, StatusCode::NOT_FOUND);
    let tag = signed.chart.replace(':', "-");
    let url = format!("{}/v2/podinfo/manifests/{tag}", signed.registry.url());
    let list = get(url).send().await;
    assert_eq!(list.header("content-type"), INDEX);
    assert_eq!(listed(&list), signed.artifacts);
    assert_eq!(list.json()["manifests"][0]["artifactType"], KIND);
}

#[tokio::test]
async fn an_artifact_under_a_tag_refers_to_nothing() {
    let signed = signed(Registry::builder()).await;
    let signature = Artifact::with_config("application/vnd.oci.image.config.v1+json", b"{}");
    let digest = signed
        .registry
        .push_artifact("podinfo", "x.sig", &signature);
    assert_eq!(
        signed.registry.digest("podinfo", "x.sig"),
        Some(digest.clone())
    );
    assert!(!listed(&signed.list("").await).contains(&digest));
    let manifest = signed
        .registry
        .manifest("podinfo", "x.sig")
        .expect("a manifest");
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    assert_eq!(manifest.get("artifactType"), None);
    assert_eq!(manifest.get("annotations"), None);
}

#[tokio::test]
async fn referrers_come_in_pages_if_they_are_to() {
    let signed = signed(Registry::builder().referrers_page_size(2)).await;
    let query = format!("?artifactType={KIND}");
    let first = signed.list(&query).await;
    let link = next(&first).expect("a link");
    assert!(link.contains("artifactType="), "{link}");
    let second = get(format!("{}{link}", signed.registry.url())).send().await;
    assert_eq!(listed(&first), signed.artifacts[..2]);
    assert_eq!(listed(&second), signed.artifacts[2..]);
    assert_eq!(next(&second), None);
}

#[tokio::test]
async fn a_filter_is_ignored_and_kinds_are_wrong() {
    let unfiltered = Signed::told(Lie::ReferrersUnfiltered).await;
    let list = unfiltered.list("?artifactType=text/plain").await;
    assert_eq!(listed(&list), unfiltered.artifacts);
    assert_eq!(list.optional_header("oci-filters-applied"), None);

    let by_config = Signed::told(Lie::ReferrersByConfig).await;
    let list = by_config.list("").await.json();
    assert_eq!(list["manifests"][0]["artifactType"], EMPTY);

    let text = "text/plain".to_owned();
    let named = Signed::told(Lie::ReferrersMediaType(text)).await;
    let list = named.list("").await;
    assert_eq!(list.json()["mediaType"], "text/plain");
    assert_eq!(list.header("content-type"), INDEX);
}

#[tokio::test]
async fn what_refers_to_something_else_or_does_not_exist_is_listed_too() {
    let strange = Signed::told(Lie::StrangeReferrers).await;
    let list = listed(&strange.list("").await);
    assert_eq!(list.len(), 4);
    assert!(list.contains(&strange.chart));

    let many = Signed::told(Lie::ManyReferrers(5000)).await;
    assert_eq!(listed(&many.list("").await).len(), 5003);
    let paged = signed(Registry::builder().referrers_page_size(1000)).await;
    paged.registry.tell(Lie::ManyReferrers(5000));
    let first = paged.list("").await;
    let link = next(&first).expect("a link");
    let second = get(format!("{}{link}", paged.registry.url())).send().await;
    assert_eq!(listed(&second).len(), 1000);
    assert!(
        listed(&first)
            .iter()
            .all(|digest| !listed(&second).contains(digest))
    );
}

#[tokio::test]
async fn links_between_pages_of_referrers_lead_astray() {
    let looped = Signed::told(Lie::LinkLoop { pages: 1 }).await;
    let list = looped.list("").await;
    let path = format!("/v2/podinfo/referrers/{}", looped.chart);
    assert_eq!(next(&list), Some(path.as_str()));

    let away = Signed::told(Lie::LinkToOtherHost).await;
    let list = away.list("").await;
    let other = away.registry.other_origin();
    assert!(next(&list).is_some_and(|next| next.starts_with(&other)));
    assert_eq!(away.registry.requests_to(ServerName::Other).len(), 0);

    let nowhere = Signed::told(Lie::LinkToOtherPath).await;
    let first = nowhere.list("").await;
    assert_eq!(listed(&first).len(), 2);
    let second = get(next(&first).expect("a link")).send().await;
    assert_eq!(second.status, StatusCode::NOT_FOUND);

    let endless = Signed::told(Lie::EndlessPages).await;
    let mut seen = Vec::new();
    let mut page = endless.list("").await;
    for _ in 0..5 {
        seen.push(listed(&page));
        let link = next(&page).expect("a link");
        page = get(format!("{}{link}", endless.registry.url()))
            .send()
            .await;
    }
    assert_eq!(seen[0], endless.artifacts);
    assert!(seen[1..].iter().all(|page| page.len() == 1));
    seen.dedup();
    assert_eq!(seen.len(), 5);
}
