//! The whole tag list of a repository.

mod listing;
mod page;

use http::Method;

use self::listing::Listing;
use crate::{FetchError, OciRegistry, Remote, Target};

/// How many tags are asked for at once: as many as the registries that have a maximum allow.
const PAGE: usize = 1_000;

impl OciRegistry {
    /// Every tag of the repository once, in the registry's order.
    ///
    /// One request a page. Pages are followed by their
    /// [`Link` header](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags),
    /// whatever cursor it holds; where there is none and a page is exactly as long as was asked for,
    /// the next is asked for by the last tag, because that specification lets a registry go on
    /// without saying so. What no tag can be (longer than 128 characters, for one) is passed over.
    ///
    /// # Errors
    ///
    /// [`BadPage`](FetchError::BadPage), [`TooManyTags`](FetchError::TooManyTags) or
    /// [`TooLarge`](FetchError::TooLarge) if the list cannot be had whole: there is never a part of
    /// it. Else see [`FetchError`].
    pub async fn tags(&self, remote: &Remote) -> Result<Vec<String>, FetchError> {
        let mut first = remote.url("tags/list")?;
        first.query_pairs_mut().append_pair("n", &PAGE.to_string());
        let mut listing = Listing::new(*self.limits(), remote.repository().clone(), first.clone());
        let mut url = first;
        let target = Target::Tags(remote.repository().clone());
        loop {
            let request = || remote.reading(Method::GET, url.clone());
            let page = self.page(request, listing.allowance(), &target).await?;
            match listing.add(&page)? {
                Some(next) => url = next,
                None => return Ok(listing.into_tags()),
            }
        }
    }
}
