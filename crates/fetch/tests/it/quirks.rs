//! Registries as they are: each follows the specification in most things, and has its ways.

use portolan_auth::{Access, Credential, Secret};
use portolan_kit::{Builder, Lie, RedirectTo, Registry, Target, chart_archive};

use crate::errand::{Errand, REPOSITORY};

/// List the tags, look up a digest and pull by tag, from a registry with these ways.
async fn check(name: &str, builder: Builder, ways: &[Lie]) {
    let mut errand = Errand::to(builder.start().await);
    let archive = chart_archive("podinfo", "1.0.0");
    for tag in ["1.1.0", "2.0.0_x.1", "latest", "sha256-0123.sig", "0.9.0"] {
        errand.registry.push_chart(REPOSITORY, &archive, tag);
    }
    let password = Secret::new("secret");
    errand.access = Access::new(
        "",
        Some(Credential::Basic {
            username: "ci".to_owned(),
            password,
        }),
    );
    for lie in ways {
        errand.registry.tell(lie.clone());
    }
    let mut tags = errand.tags().await.unwrap();
    tags.sort();
    assert_eq!(tags, errand.registry.tags(REPOSITORY), "{name}");
    let digest = errand
        .oci()
        .digest(&errand.remote(), "1.0.0")
        .await
        .unwrap();
    let pinned = errand.pin("1.0.0").await.unwrap();
    assert_eq!(&digest, pinned.manifest_digest(), "{name}");
    assert_eq!(errand.pull("1.0.0").await.unwrap(), archive, "{name}");
}

fn tokens() -> Builder {
    Registry::builder().token_auth("ci", "secret")
}

fn passwords() -> Builder {
    Registry::builder().basic_auth("ci", "secret")
}

#[tokio::test]
async fn distribution_and_zot_need_nothing_special() {
    check("distribution", Registry::builder(), &[]).await;
    check("zot", passwords(), &[Lie::NoLength { at: Target::Tags }]).await;
}

#[tokio::test]
async fn docker_hub_ghcr_and_gitlab_give_tokens_on_another_host() {
    let elsewhere = || tokens().token_service_elsewhere();
    check("Docker Hub", elsewhere().page_size(2).redirect_blobs(), &[]).await;
    check(
        "ghcr",
        tokens().redirect_blobs().page_size(3),
        &[Lie::ExpiresIn(None)],
    )
    .await;
    check("GitLab", elsewhere(), &[Lie::OpaqueCursor]).await;
}

#[tokio::test]
async fn cloud_registries_redirect_blobs_to_their_stores() {
    check(
        "ECR",
        passwords().page_size(3).redirect_blobs(),
        &[Lie::NoDigestHeader {
            at: Target::Manifests,
        }],
    )
    .await;
    check(
        "ACR",
        tokens().redirect_blobs(),
        &[Lie::OnlyAccessToken, Lie::UnsortedTags],
    )
    .await;
    let to_the_store = Lie::Redirect {
        at: Target::Blobs,
        status: 302,
        to: RedirectTo::OtherOrigin,
    };
    check("GAR", passwords(), &[to_the_store, Lie::UnsortedTags]).await;
}

#[tokio::test]
async fn enterprise_registries_page_and_answer_head_in_their_own_ways() {
    check("Quay", tokens().redirect_blobs(), &[Lie::OpaqueCursor]).await;
    check("Harbor", tokens().page_size(2), &[]).await;
    check(
        "Artifactory",
        passwords(),
        &[Lie::RelativeCursor, Lie::DuplicateTags],
    )
    .await;
    check("Nexus", passwords(), &[Lie::HeadStatus(405)]).await;
    check("GitHub Enterprise", tokens(), &[Lie::HeadStatus(404)]).await;
    let manifests_elsewhere = Lie::Redirect {
        at: Target::Manifests,
        status: 307,
        to: RedirectTo::Relative,
    };
    check(
        "a pull-through cache",
        Registry::builder(),
        &[manifests_elsewhere],
    )
    .await;
}
