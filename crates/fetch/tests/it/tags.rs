//! The tag list.

use portolan_fetch::{FetchError, Limits, PageFlaw};
use portolan_kit::{Lie, Registry, ServerName, Target, chart_archive};

use crate::errand::{Errand, REPOSITORY, chain};

/// A registry that hands out pages of two, with five tags in it.
async fn five() -> Errand {
    let errand = Errand::to(Registry::builder().page_size(2).start().await);
    push(&errand, &["1.1.0", "1.2.0", "2.0.0-rc.1", "2.0.0_build.5"]);
    errand
}

fn push(errand: &Errand, tags: &[&str]) {
    let archive = chart_archive("podinfo", "1.0.0");
    for tag in tags {
        errand.registry.push_chart(REPOSITORY, &archive, tag);
    }
    errand.registry.forget_requests();
}

const FIVE: [&str; 5] = ["1.0.0", "1.1.0", "1.2.0", "2.0.0-rc.1", "2.0.0_build.5"];

fn flaw(error: FetchError) -> PageFlaw {
    match error {
        FetchError::BadPage { flaw, .. } => flaw,
        other => panic!("{other:?}"),
    }
}

/// However the list is cut and ordered, it is the same list.
async fn check_same(lie: Option<Lie>) {
    let errand = five().await;
    let told = format!("{lie:?}");
    if let Some(lie) = lie {
        errand.registry.tell(lie);
    }
    let mut tags = errand.tags().await.unwrap();
    tags.sort();
    assert_eq!(tags, FIVE, "{told}");
}

async fn check_flaw(lie: Lie, most_requests: usize, expected: impl Fn(&PageFlaw) -> bool) {
    let errand = five().await;
    errand.registry.tell(lie.clone());
    let flaw = flaw(errand.tags().await.unwrap_err());
    assert!(expected(&flaw), "{lie:?}: {flaw:?}");
    assert!(
        errand.asked().len() <= most_requests,
        "{lie:?}: {:?}",
        errand.asked()
    );

    errand.registry.be_honest();
    assert_eq!(
        errand.tags().await.unwrap(),
        FIVE,
        "the same without the lie"
    );
}

#[tokio::test]
async fn the_whole_list_is_one_request_where_it_fits_on_a_page() {
    let errand = Errand::begin().await;
    push(&errand, &["1.1.0"]);
    assert_eq!(errand.tags().await.unwrap(), ["1.0.0", "1.1.0"]);
    assert_eq!(errand.asked(), ["GET tags/list"]);
}

#[tokio::test]
async fn pages_are_followed_whatever_their_cursors_look_like() {
    check_same(None).await;
    check_same(Some(Lie::OpaqueCursor)).await;
    check_same(Some(Lie::RelativeCursor)).await;
    check_same(Some(Lie::OneTagPerPage)).await;
}

#[tokio::test]
async fn order_duplicates_and_nonsense_make_no_difference() {
    check_same(Some(Lie::UnsortedTags)).await;
    check_same(Some(Lie::DuplicateTags)).await;
    check_same(Some(Lie::InvalidTags)).await;
    check_same(Some(Lie::HugeTagName(1 << 20))).await;
    check_same(Some(Lie::NoLength { at: Target::Tags })).await;
}

#[tokio::test]
async fn a_tag_that_is_a_page_long_costs_no_more_than_a_page() {
    let errand = five().await;
    errand.registry.tell(Lie::HugeTagName(10 << 20));
    let error = errand.tags().await.unwrap_err();
    assert!(
        matches!(error, FetchError::TooLarge { limit, .. } if limit == 8 << 20),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_repository_without_tags_has_none() {
    let errand = Errand::begin().await;
    errand.registry.tell(Lie::NullTags);
    assert_eq!(errand.tags().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_list_that_goes_in_circles_is_given_up() {
    for pages in 1..4 {
        check_flaw(Lie::LinkLoop { pages }, 5, |flaw| *flaw == PageFlaw::Loop).await;
    }
}

#[tokio::test]
async fn a_list_is_not_followed_out_of_the_registry() {
    let leaves = |flaw: &PageFlaw| matches!(flaw, PageFlaw::LinkLeavesRegistry { .. });
    check_flaw(Lie::LinkToOtherHost, 1, leaves).await;
    check_flaw(Lie::LinkToOtherScheme, 1, leaves).await;

    let errand = five().await;
    errand.registry.tell(Lie::LinkToOtherHost);
    errand.tags().await.unwrap_err();
    assert_eq!(errand.registry.requests_to(ServerName::Other).len(), 0);
}

#[tokio::test]
async fn a_list_without_end_is_given_up_after_the_last_page_allowed() {
    let mut errand = five().await;
    errand.limits = Limits {
        max_tag_pages: 20,
        ..errand.limits
    };
    errand.registry.tell(Lie::EndlessPages);
    let flaw = flaw(errand.tags().await.unwrap_err());
    assert_eq!(flaw, PageFlaw::TooManyPages { limit: 20 });
    assert_eq!(errand.asked().len(), 20);
}

#[tokio::test]
async fn tags_are_counted_over_all_pages() {
    let mut errand = Errand::begin().await;
    errand.limits = Limits {
        max_tags: 2_500,
        ..errand.limits
    };
    errand.registry.tell(Lie::ManyTags(100_000));
    let error = errand.tags().await.unwrap_err();
    assert!(
        matches!(error, FetchError::TooManyTags { limit: 2_500, .. }),
        "{error:?}"
    );
    assert_eq!(errand.asked().len(), 3);
}

#[tokio::test]
async fn bytes_are_counted_over_all_pages() {
    let mut errand = Errand::begin().await;
    errand.limits = Limits {
        max_tag_list_bytes: 20_000,
        ..errand.limits
    };
    errand.registry.tell(Lie::ManyTags(100_000));
    let error = errand.tags().await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
    assert!(errand.asked().len() < 4, "{:?}", errand.asked());
}

#[tokio::test]
async fn a_hundred_thousand_tags_are_a_hundred_and_one_pages() {
    let errand = Errand::begin().await;
    errand.registry.tell(Lie::ManyTags(100_000));
    assert_eq!(errand.tags().await.unwrap().len(), 100_001);
    assert_eq!(errand.asked().len(), 101);
}

#[tokio::test]
async fn a_page_without_end_is_cut_at_its_limit() {
    let mut errand = Errand::begin().await;
    errand.limits = Limits {
        max_tag_page_bytes: 100_000,
        ..errand.limits
    };
    errand.registry.tell(Lie::Endless { at: Target::Tags });
    let error = errand.tags().await.unwrap_err();
    assert!(
        matches!(error, FetchError::TooLarge { limit: 100_000, .. }),
        "{error:?}"
    );
    assert_eq!(errand.asked().len(), 1);
}

#[tokio::test]
async fn what_is_no_tag_list_is_an_error_and_not_an_empty_one() {
    let unreadable = |flaw: &PageFlaw| matches!(flaw, PageFlaw::Unreadable { .. });
    check_flaw(Lie::LoginPage { at: Target::Tags }, 1, unreadable).await;
    check_flaw(Lie::EmptyBody { at: Target::Tags }, 1, unreadable).await;
    check_flaw(Lie::InvalidJson { at: Target::Tags }, 1, unreadable).await;
}

#[tokio::test]
async fn a_repository_that_does_not_exist_is_said_to_be_missing() {
    let errand = Errand::begin().await;
    let remote = errand.remote_of("charts/nothing");
    let error = errand.oci().tags(&remote).await.unwrap_err();
    assert!(matches!(error, FetchError::NotFound { .. }), "{error:?}");
    assert_eq!(
        chain(&error),
        format!(
            "tags of `{}/charts/nothing`: not found: NAME_UNKNOWN: repository name not known",
            errand.registry.address()
        )
    );
    assert!(!error.is_transient() && !error.is_denied());
}

#[tokio::test]
async fn a_registry_is_not_a_repository() {
    let errand = Errand::begin().await;
    let error = errand.oci().tags(&errand.remote_of("")).await.unwrap_err();
    assert!(
        matches!(error, FetchError::Unaddressable { .. }),
        "{error:?}"
    );
    assert_eq!(errand.asked().len(), 0);
}
