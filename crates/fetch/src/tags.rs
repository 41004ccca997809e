//! The whole tag list of a repository.

mod listing;
mod page;

use http::Method;
use http::header::LINK;
use portolan_auth::Response;
use url::Url;

use self::listing::{Listing, Page};
use crate::retry::repeat;
use crate::{FetchError, OciRegistry, Remote, Target, link};

/// How many tags are asked for at once: as many as the registries that have a maximum allow.
const PAGE: usize = 1_000;
/// What is wrong with a page of a tag list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PageFlaw {
    /// It is not the JSON of a tag list.
    #[error("it is not a tag list (line {line}, column {column})")]
    Unreadable {
        /// The line where it stops being one, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// Its `Link` header cannot be read, so whether the list goes on is unknown.
    #[error("its `Link` header cannot be read")]
    Link,
    /// The next page would be at another origin, where this request's credential has no business.
    #[error("its next page is at `{to}`, outside the registry")]
    LinkLeavesRegistry {
        /// Where the link leads, without user info and query.
        to: String,
    },
    /// The next page is one that was already read.
    #[error("its next page was read before")]
    Loop,
    /// The list does not end.
    #[error("the list has more than {limit} pages")]
    TooManyPages {
        /// The limit.
        limit: usize,
    },
}

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
        loop {
            let page = self.page(remote, &url, listing.allowance()).await?;
            match listing.add(&page)? {
                Some(next) => url = next,
                None => return Ok(listing.into_tags()),
            }
        }
    }

    async fn page(&self, remote: &Remote, url: &Url, limit: u64) -> Result<Page, FetchError> {
        let target = Target::Tags(remote.repository().clone());
        repeat(|| async {
            let request = remote.reading(Method::GET, url.clone());
            let answer = self.asker().ask(request, &target).await?;
            let (next, base) = (next_link(&answer), answer.url().clone());
            Ok(Page {
                body: self.asker().body(answer, limit, &target).await?,
                next,
                base,
            })
        })
        .await
    }
}

/// What a page's header says of the next one.
fn next_link(answer: &Response) -> Result<Option<String>, link::Malformed> {
    let lines: Result<Vec<&str>, _> = answer
        .headers()
        .get_all(LINK)
        .iter()
        .map(|line| std::str::from_utf8(line.as_bytes()))
        .collect();
    link::next(lines.map_err(|_| link::Malformed)?)
}
