//! What refers to a manifest.

mod found;

use http::header::ACCEPT;
use http::{HeaderValue, Method, StatusCode};
use portolan_reference::Digest;
use url::Url;

use self::found::{Found, check_kind};
use crate::manifest::OCI_INDEX;
use crate::pages::{Bounds, Page, PageFlaw, Trail};
use crate::{Descriptor, FetchError, OciRegistry, Remote, Target};

/// How much of a hash is in a
/// [referrers tag](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema).
const MAX_TAG_HASH: usize = 64;

/// What a registry names as referring to a manifest: signatures, attestations, and whatever else
/// somebody has attached.
///
/// It is the registry's word, and an artifact type in it is a hint and no more. Whether one of them
/// does refer to the manifest is what [`Manifest::subject`](crate::Manifest::subject) tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Referrers {
    descriptors: Vec<Descriptor>,
    truncated: bool,
}

impl Referrers {
    /// Each once, in the registry's order.
    pub fn descriptors(&self) -> &[Descriptor] {
        &self.descriptors
    }

    /// Whether there are more of them, or may be, than were read under the
    /// [`Limits`](crate::Limits).
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }
}

impl OciRegistry {
    /// What refers to `subject`; nothing is an answer too.
    ///
    /// One request a page to the
    /// [referrers API](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers),
    /// whose pages are followed by their `Link` header as those of [`tags`](Self::tags) are. Where the
    /// registry has no such API, one more for the image index that the
    /// [referrers tag](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema)
    /// names. No filter is asked for, since a registry may ignore it, or apply it to the wrong field.
    ///
    /// No more than [`max_referrers`](crate::Limits::max_referrers) are returned. Where that, or the
    /// number or size of the pages, is exceeded, those of the pages read so far are, and
    /// [`is_truncated`](Referrers::is_truncated) tells. An entry whose digest cannot be read could not
    /// be fetched, and is passed over.
    ///
    /// # Errors
    ///
    /// If the registry could not be asked, so that nothing is known:
    /// [`BadPage`](FetchError::BadPage) or [`BadManifest`](FetchError::BadManifest) if it answers with
    /// something else than an image index, [`TooLarge`](FetchError::TooLarge) if the first page does not
    /// fit; else see [`FetchError`]. There is never a part of a list that broke off.
    ///
    /// # Deviation
    ///
    /// The specification has 404 alone mean that there is no such API. Some registries say it with 400,
    /// 405 or 406, and some lead to a page for people: then the tag is tried, as
    /// [go-containerregistry](https://github.com/google/go-containerregistry/blob/v0.22.1/pkg/v1/remote/referrers.go)
    /// does. If there is no such tag either, such a page stays an error, because nobody has said that
    /// there are no referrers. A tag that names something else than an image index is an error too,
    /// where the specification would assume none.
    pub async fn referrers(
        &self,
        remote: &Remote,
        subject: &Digest,
    ) -> Result<Referrers, FetchError> {
        let mut trail = self.referrers_trail(remote, subject)?;
        let target = Target::Referrers(remote.repository().at(subject.clone()));
        let bad = |flaw| FetchError::BadPage {
            target: Box::new(target.clone()),
            flaw,
        };
        let mut url = trail.first().clone();
        let first = match self.referrers_page(remote, &url, &trail, &target).await {
            Ok(page) => page,
            Err(error) if says_no_api(&error) => {
                let tagged = self.tagged_referrers(remote, subject).await?;
                return Ok(tagged.unwrap_or_default());
            }
            Err(error) => return Err(error),
        };
        if let Err(flaw) = check_kind(first.content_type.as_deref()) {
            let tagged = self.tagged_referrers(remote, subject).await?;
            return tagged.ok_or_else(|| bad(PageFlaw::Index(flaw)));
        }
        let mut found = Found::new(self.limits().max_referrers);
        let mut page = first;
        loop {
            found
                .read(&page.body, page.content_type.as_deref())
                .map_err(|flaw| bad(PageFlaw::Index(flaw)))?;
            if found.is_truncated() {
                return Ok(found.into_referrers());
            }
            trail.passed(&page);
            url = match next(&mut trail, &page) {
                Ok(Some(next)) => next,
                Ok(None) => return Ok(found.into_referrers()),
                Err(PageFlaw::TooManyPages { .. }) => return Ok(found.and_more()),
                Err(flaw) => return Err(bad(flaw)),
            };
            page = match self.referrers_page(remote, &url, &trail, &target).await {
                Ok(page) => page,
                Err(FetchError::TooLarge { .. }) => return Ok(found.and_more()),
                Err(error) => return Err(error),
            };
        }
    }

    fn referrers_trail(&self, remote: &Remote, subject: &Digest) -> Result<Trail, FetchError> {
        let first = remote.url(&format!("referrers/{subject}"))?;
        let limits = self.limits();
        let bounds = Bounds {
            pages: limits.max_referrer_pages,
            page_bytes: limits.max_manifest_bytes,
            list_bytes: limits.max_referrer_list_bytes,
        };
        Ok(Trail::new(first, bounds))
    }

    async fn referrers_page(
        &self,
        remote: &Remote,
        url: &Url,
        trail: &Trail,
        target: &Target,
    ) -> Result<Page, FetchError> {
        let request = || {
            let request = remote.reading(Method::GET, url.clone());
            request.header(ACCEPT, HeaderValue::from_static(OCI_INDEX))
        };
        self.page(request, trail.allowance(), target).await
    }

    /// What the referrers tag names. `None` if there is no such tag.
    async fn tagged_referrers(
        &self,
        remote: &Remote,
        subject: &Digest,
    ) -> Result<Option<Referrers>, FetchError> {
        let tag = remote.repository().tagged(&referrers_tag(subject));
        let reference = tag.map_err(FetchError::Reference)?;
        let index = match self.content(remote, &reference).await {
            Ok(index) => index,
            Err(FetchError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut found = Found::new(self.limits().max_referrers);
        let read = found.read(&index.bytes, index.content_type.as_deref());
        read.map_err(|flaw| FetchError::BadManifest {
            reference: Box::new(reference),
            flaw,
        })?;
        Ok(Some(found.into_referrers()))
    }
}

/// Whether this is how registries without the referrers API answer.
fn says_no_api(error: &FetchError) -> bool {
    matches!(
        error.status(),
        Some(
            StatusCode::NOT_FOUND
                | StatusCode::BAD_REQUEST
                | StatusCode::METHOD_NOT_ALLOWED
                | StatusCode::NOT_ACCEPTABLE
        )
    )
}

/// Where the page after this one is, if there is one.
fn next(trail: &mut Trail, page: &Page) -> Result<Option<Url>, PageFlaw> {
    match trail.link(page)? {
        Some(next) => trail.on_to(next).map(Some),
        None => Ok(None),
    }
}

/// The tag under which a client keeps the list where the registry does not.
fn referrers_tag(subject: &Digest) -> String {
    let algorithm = subject.algorithm().as_str();
    let hash = subject.hex();
    format!("{algorithm}-{}", hash.get(..MAX_TAG_HASH).unwrap_or(hash))
}

#[cfg(test)]
mod tests {
    use portolan_reference::Algorithm;

    use super::*;

    #[track_caller]
    fn check(algorithm: Algorithm, expected: &str) {
        assert_eq!(referrers_tag(&Digest::of(algorithm, b"abc")), expected);
    }

    #[test]
    fn the_tag_of_a_digest_is_cut_to_what_the_specification_says() {
        check(
            Algorithm::Sha256,
            "sha256-ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        );
        check(
            Algorithm::Sha512,
            "sha512-ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a",
        );
    }
}
