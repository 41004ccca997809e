//! Lists of tags as they should not be.

use hyper::StatusCode;
use portolan_kit::{Lie, Registry, ServerName, Target, chart_archive};

use crate::client::get;

const TAGS: [&str; 5] = ["0.9.0", "1.0.0", "1.1.0", "1.2.0", "1.3.0"];

async fn registry() -> Registry {
    let registry = Registry::start().await;
    let archive = chart_archive("podinfo", "1.0.0");
    for tag in TAGS {
        registry.push_chart("podinfo", &archive, tag);
    }
    registry
}

/// The tags of every page, following links as far as they stay where they are and as often as
/// `most`.
async fn pages(registry: &Registry, most: usize) -> Vec<Vec<String>> {
    let mut url = format!("{}/v2/podinfo/tags/list", registry.url());
    let mut pages = Vec::new();
    while pages.len() < most {
        let page = get(&url).send().await;
        assert_eq!(page.status, StatusCode::OK, "{url}");
        let json = page.json();
        let tags = json["tags"].as_array().into_iter().flatten();
        pages.push(
            tags.map(|tag| tag.as_str().unwrap_or_default().to_owned())
                .collect(),
        );
        let Some(link) = page.optional_header("link") else {
            break;
        };
        let (link, rel) = link.split_once(';').expect("a parameter");
        assert_eq!(rel, " rel=\"next\"");
        let link = link.trim_matches(['<', '>']);
        let base = url::Url::parse(&url).expect("a URL");
        url = base.join(link).expect("a reference").to_string();
    }
    pages
}

async fn told(lie: Lie) -> Vec<Vec<String>> {
    let registry = registry().await;
    registry.tell(lie);
    pages(&registry, 8).await
}

#[tokio::test]
async fn an_honest_list_is_sorted_and_cut_into_pages_by_the_server_or_the_client() {
    let registry = registry().await;
    assert_eq!(pages(&registry, 8).await, [TAGS]);
    let paged = Registry::builder().page_size(2).start().await;
    for tag in TAGS {
        paged.push_chart("podinfo", &chart_archive("podinfo", tag), tag);
    }
    assert_eq!(
        pages(&paged, 8).await,
        [&TAGS[..2], &TAGS[2..4], &TAGS[4..]]
    );
    let after = get(format!(
        "{}/v2/podinfo/tags/list?n=2&last=1.0.0",
        registry.url()
    ));
    assert_eq!(
        after.send().await.json()["tags"],
        serde_json::json!(["1.1.0", "1.2.0"])
    );
    let none = get(format!("{}/v2/podinfo/tags/list?n=0", registry.url()))
        .send()
        .await;
    assert_eq!(none.json()["tags"], serde_json::json!([]));
    assert_eq!(none.optional_header("link"), None);
    let unknown = get(format!("{}/v2/unknown/tags/list", registry.url()))
        .send()
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(unknown.json()["errors"][0]["code"], "NAME_UNKNOWN");
}

#[tokio::test]
async fn odd_lists_are_complete() {
    for lie in Lie::odd_tag_lists() {
        let registry = registry().await;
        registry.tell(lie.clone());
        let found = pages(&registry, 8).await.concat();
        for tag in TAGS {
            assert!(found.iter().any(|found| found == tag), "{tag} with {lie:?}");
        }
    }
}

#[tokio::test]
async fn pages_come_in_the_form_they_are_told_to() {
    let singly: Vec<Vec<&str>> = TAGS.iter().map(|&tag| vec![tag]).collect();
    assert_eq!(told(Lie::OneTagPerPage).await, singly);
    let cut = [&TAGS[..2], &TAGS[2..4], &TAGS[4..]];
    assert_eq!(told(Lie::OpaqueCursor).await, cut);
    assert_eq!(told(Lie::RelativeCursor).await, cut);
    let unsorted = told(Lie::UnsortedTags).await.concat();
    assert!(!unsorted.is_sorted() && !unsorted.iter().rev().is_sorted());
    assert_eq!(
        told(Lie::DuplicateTags).await.concat().len(),
        2 * TAGS.len()
    );
    assert_eq!(told(Lie::ManyTags(100_000)).await.concat().len(), 100_005);
    assert_eq!(told(Lie::NullTags).await.concat(), [""; 0]);
    let huge = told(Lie::HugeTagName(10 << 20)).await.concat();
    assert_eq!(huge.last().map(String::len), Some(10 << 20));
}

#[tokio::test]
async fn many_tags_can_be_read_page_by_page() {
    let registry = Registry::builder().page_size(1000).start().await;
    registry.push_chart("podinfo", &chart_archive("podinfo", "1.0.0"), "1.0.0");
    registry.tell(Lie::ManyTags(2500));
    let pages = pages(&registry, 8).await;
    assert_eq!(
        pages.iter().map(Vec::len).collect::<Vec<_>>(),
        [1000, 1000, 501]
    );
}

#[tokio::test]
async fn links_go_round_or_on_for_ever() {
    let loops = told(Lie::LinkLoop { pages: 1 }).await;
    assert_eq!(loops, [TAGS; 8]);
    assert_eq!(told(Lie::LinkLoop { pages: 3 }).await.len(), 8);
    let endless = told(Lie::EndlessPages).await;
    assert_eq!(endless[1], ["0.0.1"]);
    assert_eq!(endless[7], ["0.0.7"]);
}

#[tokio::test]
async fn links_lead_away() {
    let registry = registry().await;
    registry.tell(Lie::LinkToOtherHost);
    let pages = pages(&registry, 8).await;
    assert_eq!(pages[1], ["99.0.0"]);
    assert_eq!(registry.requests_to(ServerName::Other).len(), 1);
    registry.be_honest();
    registry.tell(Lie::LinkToOtherScheme);
    let page = get(format!("{}/v2/podinfo/tags/list", registry.url()))
        .send()
        .await;
    let away = format!("<https://{}/v2/podinfo/tags/list>", registry.address());
    assert!(page.header("link").starts_with(&away));
}

#[tokio::test]
async fn a_list_is_no_json() {
    let registry = registry().await;
    registry.tell(Lie::InvalidJson { at: Target::Tags });
    let page = get(format!("{}/v2/podinfo/tags/list", registry.url()))
        .send()
        .await;
    assert!(serde_json::from_slice::<serde_json::Value>(&page.bytes()).is_err());
}
