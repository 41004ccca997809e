//! What refers to a manifest.

use portolan_auth::{Access, Credential};
use portolan_fetch::{FetchError, Limits, ManifestFlaw, PageFlaw, Referrers};
use portolan_kit::{Artifact, Builder, Lie, Registry, ServerName, Target};
use portolan_reference::{Digest, Pin};

use crate::errand::{Errand, REPOSITORY, chain};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A chart, and what is attached to it.
struct Signed {
    errand: Errand,
    /// Sorted, as this registry lists them.
    attached: Vec<Digest>,
}

fn bundle(text: &str) -> Artifact {
    Artifact::new(BUNDLE)
        .layer(BUNDLE, text.as_bytes(), &[("about", text)])
        .annotation("by", text)
}

impl Signed {
    /// By three bundles, in a registry that has the API.
    async fn begin() -> Self {
        Self::to(Registry::builder()).await
    }

    /// The same in one that has it not.
    async fn old() -> Self {
        Self::to(Registry::builder().without_referrers()).await
    }

    async fn to(builder: Builder) -> Self {
        let errand = Errand::to(builder.start().await);
        let chart = errand.registry.digest(REPOSITORY, "1.0.0").unwrap();
        let attach = |text| errand.registry.attach(REPOSITORY, &chart, &bundle(text));
        let mut attached = ["a", "b", "c"].map(attach);
        attached.sort();
        errand.registry.forget_requests();
        Self {
            errand,
            attached: attached.map(|digest| digest.parse().unwrap()).to_vec(),
        }
    }

    async fn told(lie: Lie) -> Self {
        let signed = Self::begin().await;
        signed.errand.registry.tell(lie);
        signed
    }

    fn subject(&self) -> Digest {
        let chart = self.errand.registry.digest(REPOSITORY, "1.0.0").unwrap();
        chart.parse().unwrap()
    }

    fn tag(&self) -> String {
        self.subject().to_string().replace(':', "-")
    }

    async fn referrers(&self) -> Result<Referrers, FetchError> {
        let remote = self.errand.remote();
        self.errand.oci().referrers(&remote, &self.subject()).await
    }

    /// Whether all that is attached is found, and nothing else.
    #[track_caller]
    fn check(&self, found: &Referrers) {
        let mut digests = digests(found);
        digests.sort_by_key(Digest::to_string);
        assert_eq!(digests, self.attached);
        assert!(!found.is_truncated());
    }

    /// The requests for manifests: for the tag, if it was asked for.
    fn asked_for_tags(&self) -> usize {
        let asked = self.errand.asked();
        let tag = format!("GET manifests/{}", self.tag());
        asked.iter().filter(|asked| **asked == tag).count()
    }
}

fn digests(found: &Referrers) -> Vec<Digest> {
    let found = found.descriptors().iter();
    found.map(|found| found.digest().clone()).collect()
}

fn status(at: Target, status: u16) -> Lie {
    let times = Lie::ALWAYS;
    Lie::Status { at, status, times }
}

#[tokio::test]
async fn the_registry_is_asked_once_and_for_every_kind() {
    let signed = Signed::begin().await;
    let found = signed.referrers().await.unwrap();
    signed.check(&found);
    assert_eq!(found.descriptors()[0].artifact_type(), Some(BUNDLE));
    assert_eq!(
        signed.errand.asked(),
        [format!("GET referrers/{}", signed.subject())]
    );
    let request = &signed.errand.registry.requests()[0];
    assert_eq!(request.header("accept").unwrap(), INDEX);
    assert_eq!(request.query, "");
}

#[tokio::test]
async fn without_the_api_the_list_is_under_the_tag_of_the_digest() {
    let signed = Signed::old().await;
    let found = signed.referrers().await.unwrap();
    signed.check(&found);
    assert_eq!(found.descriptors()[0].artifact_type(), Some(BUNDLE));
    let (subject, tag) = (signed.subject(), signed.tag());
    assert_eq!(
        signed.errand.asked(),
        [
            format!("GET referrers/{subject}"),
            format!("GET manifests/{tag}"),
        ]
    );
}

#[tokio::test]
async fn that_there_are_none_is_an_answer() {
    for builder in [Registry::builder(), Registry::builder().without_referrers()] {
        let errand = Errand::to(builder.start().await);
        let attached = Vec::new();
        let signed = Signed { errand, attached };
        assert_eq!(signed.referrers().await.unwrap(), Referrers::default());
    }
}

#[tokio::test]
async fn a_registry_without_the_api_may_say_so_in_several_ways() {
    for refusal in [400, 404, 405, 406] {
        let mut signed = Signed::old().await;
        signed
            .errand
            .registry
            .tell(status(Target::Referrers, refusal));
        signed.check(&signed.referrers().await.unwrap());

        let registry = &signed.errand.registry;
        assert!(registry.delete_tag(REPOSITORY, &signed.tag()));
        signed.attached.clear();
        signed.check(&signed.referrers().await.unwrap());
    }
}

#[tokio::test]
async fn who_has_the_api_is_not_asked_for_the_tag() {
    let signed = Signed::begin().await;
    let chart = signed.subject().to_string();
    let registry = &signed.errand.registry;
    registry.list_under_tag(REPOSITORY, &chart, &chart);
    signed.check(&signed.referrers().await.unwrap());
    assert_eq!(signed.asked_for_tags(), 0);
}

/// What is wrong when the registry lies about referrers; nobody takes that for none.
async fn failure(lie: Lie) -> (Signed, FetchError) {
    let told = format!("{lie:?}");
    let mut signed = Signed::told(lie).await;
    signed.errand.patience = std::time::Duration::from_millis(300);
    let error = match signed.referrers().await {
        Err(error) => error,
        Ok(found) => panic!("{told} was believed: {found:?}"),
    };
    signed.errand.registry.be_honest();
    signed.check(&signed.referrers().await.unwrap());
    (signed, error)
}

#[tokio::test]
async fn that_nobody_could_tell_is_never_taken_for_none() {
    let at = Target::Referrers;
    for refused in [401, 403, 409, 410, 500, 501, 503] {
        let (signed, error) = failure(status(at, refused)).await;
        assert_eq!(error.status().unwrap(), refused);
        assert_eq!(signed.asked_for_tags(), 0, "{refused}");
    }
    let mut lies = Lie::outages(at);
    lies.push(Lie::UnauthorizedLoop { at });
    lies.push(Lie::InvalidJson { at });
    lies.push(Lie::EmptyBody { at });
    lies.push(Lie::Cut {
        at,
        sixteenths: 8,
        times: Lie::ALWAYS,
    });
    for lie in lies {
        let (signed, _) = failure(lie.clone()).await;
        assert_eq!(signed.asked_for_tags(), 0, "{lie:?}");
    }
}

#[tokio::test]
async fn a_failure_that_passes_is_waited_for() {
    let (at, times) = (Target::Referrers, 2);
    let status = 503;
    let signed = Signed::told(Lie::Status { at, status, times }).await;
    signed.check(&signed.referrers().await.unwrap());
    assert_eq!(signed.errand.asked().len(), 3);

    let retry_after = Some("60".to_owned());
    let lie = Lie::TooManyRequests {
        at,
        retry_after,
        times: Lie::ALWAYS,
    };
    let signed = Signed::told(lie).await;
    let error = signed.referrers().await.unwrap_err();
    assert_eq!(error.retry_after().unwrap().as_secs(), 60);
    assert_eq!(signed.errand.asked().len(), 1);
}

/// A page in place of the API, in a registry that has it not.
async fn page_for_people(signed: &Signed) -> Result<Referrers, FetchError> {
    let at = Target::Referrers;
    signed.errand.registry.tell(Lie::LoginPage { at });
    signed.referrers().await
}

#[tokio::test]
async fn a_page_for_people_leads_to_the_tag_and_is_an_error_without_one() {
    let signed = Signed::old().await;
    signed.check(&page_for_people(&signed).await.unwrap());

    let signed = Signed::old().await;
    let registry = &signed.errand.registry;
    registry.delete_tag(REPOSITORY, &signed.tag());
    let error = page_for_people(&signed).await.unwrap_err();
    assert_eq!(
        chain(&error),
        format!(
            "referrers of `{}/{REPOSITORY}@{}`: unusable answer: the registry sent `text/html`, \
             which is no image index",
            signed.errand.registry.address(),
            signed.subject()
        )
    );
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_list_of_another_type_is_an_error() {
    let at = Target::Referrers;
    let kinds = [
        "application/json",
        IMAGE,
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ];
    for kind in kinds {
        let media_type = kind.to_owned();
        for lie in [
            Lie::ContentType { at, media_type },
            Lie::ReferrersMediaType(kind.to_owned()),
        ] {
            let (_, error) = failure(lie.clone()).await;
            assert!(
                matches!(
                    &error,
                    FetchError::BadPage {
                        flaw: PageFlaw::Index(ManifestFlaw::NotAnIndex { media_type }),
                        ..
                    } if media_type == kind
                ),
                "{lie:?}: {error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_tag_that_cannot_be_had_is_never_taken_for_none() {
    let at = Target::Manifests;
    let mut lies = Lie::outages(at);
    lies.extend([401, 403, 400, 410].map(|refused| status(at, refused)));
    lies.extend([
        Lie::LoginPage { at },
        Lie::InvalidJson { at },
        Lie::EmptyBody { at },
        Lie::WrongDigestHeader { at },
        Lie::WrongBytes { at },
        Lie::ContentType {
            at,
            media_type: IMAGE.to_owned(),
        },
        Lie::ContentType {
            at,
            media_type: "application/json".to_owned(),
        },
    ]);
    for lie in lies {
        let mut signed = Signed::old().await;
        signed.errand.patience = std::time::Duration::from_millis(300);
        signed.errand.registry.tell(lie.clone());
        let found = signed.referrers().await;
        assert!(found.is_err(), "{lie:?} was believed: {found:?}");
    }
}

#[tokio::test]
async fn a_tag_that_names_no_index_is_an_error() {
    let signed = Signed::old().await;
    let image = signed.attached[0].to_string();
    let registry = &signed.errand.registry;
    registry.move_tag(REPOSITORY, &signed.tag(), &image);
    let error = signed.referrers().await.unwrap_err();
    assert!(
        matches!(
            &error,
            FetchError::BadManifest {
                flaw: ManifestFlaw::NotAnIndex { .. },
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn pages_are_followed_to_the_last() {
    let signed = Signed::to(Registry::builder().referrers_page_size(1)).await;
    signed.check(&signed.referrers().await.unwrap());
    assert_eq!(signed.errand.asked().len(), 3);
}

#[tokio::test]
async fn a_list_is_not_followed_out_of_the_registry_or_in_circles() {
    let flaw = async |lie| match failure(lie).await {
        (signed, FetchError::BadPage { flaw, .. }) => {
            let elsewhere = signed.errand.registry.requests_to(ServerName::Other);
            assert_eq!(elsewhere.len(), 0);
            flaw
        }
        (_, other) => panic!("{other:?}"),
    };
    for lie in [Lie::LinkToOtherHost, Lie::LinkToOtherScheme] {
        let flaw = flaw(lie).await;
        assert!(
            matches!(flaw, PageFlaw::LinkLeavesRegistry { .. }),
            "{flaw:?}"
        );
    }
    for pages in 1..4 {
        assert_eq!(flaw(Lie::LinkLoop { pages }).await, PageFlaw::Loop);
    }
}

#[tokio::test]
async fn a_list_that_breaks_off_is_an_error_and_not_a_part() {
    let (signed, error) = failure(Lie::LinkToOtherPath).await;
    assert!(matches!(error, FetchError::NotFound { .. }), "{error:?}");
    assert_eq!(signed.asked_for_tags(), 0, "the API is there");
}

#[tokio::test]
async fn a_list_without_end_is_truncated_and_says_so() {
    let mut signed = Signed::told(Lie::EndlessPages).await;
    signed.errand.limits = Limits {
        max_referrer_pages: 20,
        ..Limits::default()
    };
    let found = signed.referrers().await.unwrap();
    assert!(found.is_truncated());
    assert_eq!(digests(&found)[..3], signed.attached);
    assert_eq!(found.descriptors().len(), 3 + 19);
    assert_eq!(signed.errand.asked().len(), 20);
}

#[tokio::test]
async fn referrers_are_counted_over_all_pages() {
    let signed = Signed::told(Lie::ManyReferrers(5_000)).await;
    let found = signed.referrers().await.unwrap();
    assert!(found.is_truncated());
    assert_eq!(found.descriptors().len(), 1_000);

    let signed = Signed::to(Registry::builder().referrers_page_size(400)).await;
    signed.errand.registry.tell(Lie::ManyReferrers(5_000));
    let found = signed.referrers().await.unwrap();
    assert!(found.is_truncated());
    assert_eq!(found.descriptors().len(), 1_000);
    assert_eq!(signed.errand.asked().len(), 3);

    let signed = Signed::told(Lie::ManyReferrers(997)).await;
    let found = signed.referrers().await.unwrap();
    assert!(!found.is_truncated(), "exactly as many are not too many");
    assert_eq!(found.descriptors().len(), 1_000);
}

#[tokio::test]
async fn the_list_under_a_tag_is_bounded_too() {
    let mut signed = Signed::old().await;
    signed.errand.limits.max_referrers = 2;
    let found = signed.referrers().await.unwrap();
    assert!(found.is_truncated());
    assert_eq!(found.descriptors().len(), 2);

    signed.errand.limits = Limits {
        max_manifest_bytes: 500,
        ..Limits::default()
    };
    let error = signed.referrers().await.unwrap_err();
    assert!(
        matches!(error, FetchError::TooLarge { limit: 500, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_page_without_end_is_cut_at_its_limit() {
    let at = Target::Referrers;
    for lie in [Lie::EndlessReferrers, Lie::Endless { at }] {
        let mut signed = Signed::told(lie).await;
        signed.errand.limits.max_manifest_bytes = 100_000;
        let error = signed.referrers().await.unwrap_err();
        assert!(
            matches!(error, FetchError::TooLarge { limit: 100_000, .. }),
            "{error:?}"
        );
        assert_eq!(signed.errand.asked().len(), 1);
    }
}

#[tokio::test]
async fn bytes_are_counted_over_all_pages() {
    let mut signed = Signed::to(Registry::builder().referrers_page_size(1)).await;
    signed.errand.limits.max_referrer_list_bytes = 800;
    let found = signed.referrers().await.unwrap();
    assert!(found.is_truncated());
    assert_eq!(digests(&found), signed.attached[..2]);
}

#[tokio::test]
async fn a_referrer_says_what_it_is_and_what_it_is_about() {
    let signed = Signed::told(Lie::ReferrersByConfig).await;
    let found = signed.referrers().await.unwrap();
    assert_eq!(found.descriptors()[0].artifact_type(), Some(EMPTY));

    let (oci, remote) = (signed.errand.oci(), signed.errand.remote());
    let digest = Pin::Digest(found.descriptors()[0].digest().clone());
    let manifest = oci.manifest(&remote, &digest).await.unwrap();
    assert_eq!(manifest.artifact_type(), Some(BUNDLE));
    assert_eq!(manifest.media_type(), IMAGE);
    assert_eq!(manifest.config().media_type(), EMPTY);
    assert_eq!(manifest.subject().unwrap().digest(), &signed.subject());
    let text = &manifest.annotations()["by"];
    let [layer] = manifest.layers() else {
        panic!("{manifest:?}")
    };
    assert_eq!(&layer.annotations()["about"], text);
    let blob = oci.blob(&remote, layer, 1).await.unwrap();
    assert_eq!(blob.collect().await.unwrap(), *text);
}

#[tokio::test]
async fn what_is_listed_and_refers_to_something_else_gives_itself_away() {
    let signed = Signed::begin().await;
    let registry = &signed.errand.registry;
    let other = Digest::of(portolan_reference::Algorithm::Sha256, b"other");
    let stranger = registry.attach(REPOSITORY, &other.to_string(), &bundle("d"));
    signed.check(&signed.referrers().await.unwrap());

    registry.tell(Lie::StrangeReferrers);
    let found = digests(&signed.referrers().await.unwrap());
    assert_eq!(found.len(), 5);
    let (oci, remote) = (signed.errand.oci(), signed.errand.remote());
    for digest in found {
        let pin = Pin::Digest(digest.clone());
        let manifest = oci.manifest(&remote, &pin).await.unwrap();
        let subject = manifest.subject().map(|subject| subject.digest().clone());
        let expected = if digest == signed.subject() {
            None
        } else if digest.to_string() == stranger {
            Some(other.clone())
        } else {
            Some(signed.subject())
        };
        assert_eq!(subject, expected);
    }
}

#[tokio::test]
async fn a_huge_referrer_is_not_read() {
    let signed = Signed::begin().await;
    let registry = &signed.errand.registry;
    let huge = bundle("d").annotation("padding", &"x".repeat(4 << 20));
    let digest = registry.attach(REPOSITORY, &signed.subject().to_string(), &huge);
    let pin = Pin::Digest(digest.parse().unwrap());
    let (oci, remote) = (signed.errand.oci(), signed.errand.remote());
    let error = oci.find_manifest(&remote, &pin).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn a_manifest_that_is_not_there_is_no_error_to_who_looks_for_one() {
    let signed = Signed::begin().await;
    let (oci, remote) = (signed.errand.oci(), signed.errand.remote());
    let name = format!("{}.sig", signed.tag());
    let tag = Pin::Tag(name.clone());
    assert_eq!(oci.find_manifest(&remote, &tag).await.unwrap(), None);
    let nothing = Digest::of(portolan_reference::Algorithm::Sha256, b"nothing");
    let nothing = Pin::Digest(nothing);
    assert_eq!(oci.find_manifest(&remote, &nothing).await.unwrap(), None);

    let registry = &signed.errand.registry;
    let digest = registry.push_artifact(REPOSITORY, &name, &bundle("d"));
    let found = oci.find_manifest(&remote, &tag).await.unwrap().unwrap();
    assert_eq!(found.digest().to_string(), digest);
    assert_eq!(found.subject(), None);

    for refused in [400, 401, 403, 405, 500, 503] {
        registry.tell(status(Target::Manifests, refused));
        let error = oci.find_manifest(&remote, &tag).await.unwrap_err();
        assert_eq!(error.status().unwrap(), refused);
        registry.be_honest();
    }
    registry.tell(Lie::WrongBytes {
        at: Target::Manifests,
    });
    let by_digest = Pin::Digest(found.digest().clone());
    let error = oci.find_manifest(&remote, &by_digest).await.unwrap_err();
    assert!(
        matches!(error, FetchError::DigestMismatch { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn referrers_are_shown_to_who_may_pull() {
    let builder = || Registry::builder().token_auth("ci", "secret");
    let mut signed = Signed::to(builder()).await;
    let error = signed.referrers().await.unwrap_err();
    assert!(error.is_denied(), "{error:?}");
    assert_eq!(signed.asked_for_tags(), 0);

    let known = Access::new("team", Some(Credential::basic("ci", "secret")));
    signed.errand.access = known.clone();
    let before = signed.errand.registry.tokens_issued();
    signed.check(&signed.referrers().await.unwrap());
    assert_eq!(signed.errand.registry.tokens_issued() - before, 1);

    let mut old = Signed::to(builder().without_referrers()).await;
    old.errand.access = known;
    old.check(&old.referrers().await.unwrap());
    assert_eq!(old.errand.registry.tokens_issued(), 1, "one token for both");
}
