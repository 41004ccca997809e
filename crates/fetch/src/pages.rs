//! Lists that come in pages, each of which says where the next one is.

use std::collections::HashSet;

use bytes::Bytes;
use http::header::LINK;
use portolan_auth::{Request, Response};
use url::Url;

use crate::origin::{Stray, within};
use crate::registry::told_type;
use crate::retry::repeat;
use crate::{FetchError, ManifestFlaw, OciRegistry, Target, link};

/// The longest link that is followed, in bytes: what
/// [RFC 9110, section 4.1](https://www.rfc-editor.org/rfc/rfc9110#section-4.1) wants supported.
pub(crate) const MAX_LINK_BYTES: usize = 8_000;

/// What is wrong with a page of a list.
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
    /// It is not the image index that a list of referrers is.
    #[error(transparent)]
    Index(ManifestFlaw),
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

/// One answer.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) body: Bytes,
    /// What it says it is.
    pub(crate) content_type: Option<String>,
    /// What its header says of the next one.
    pub(crate) next: Result<Option<String>, link::Malformed>,
    /// Who answered, which is what a relative link is relative to.
    pub(crate) base: Url,
}

/// How much may be read of one list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) pages: usize,
    pub(crate) page_bytes: u64,
    pub(crate) list_bytes: u64,
}

/// The way from page to page. Does no I/O.
#[derive(Debug)]
pub(crate) struct Trail {
    bounds: Bounds,
    first: Url,
    visited: HashSet<Url>,
    bytes: u64,
}

impl Trail {
    /// Of a list whose first page is at `first`.
    pub(crate) fn new(first: Url, bounds: Bounds) -> Self {
        Self {
            bounds,
            visited: HashSet::from([first.clone()]),
            first,
            bytes: 0,
        }
    }

    /// Where the first page is.
    pub(crate) fn first(&self) -> &Url {
        &self.first
    }

    /// How many bytes the next page may have.
    pub(crate) fn allowance(&self) -> u64 {
        let rest = self.bounds.list_bytes.saturating_sub(self.bytes);
        self.bounds.page_bytes.min(rest)
    }

    /// Count a page that was read.
    pub(crate) fn passed(&mut self, page: &Page) {
        self.bytes = self.bytes.saturating_add(page.body.len() as u64);
    }

    /// Where `page` says that the next one is.
    pub(crate) fn link(&self, page: &Page) -> Result<Option<Url>, PageFlaw> {
        let Some(target) = page.next.as_ref().map_err(|_| PageFlaw::Link)? else {
            return Ok(None);
        };
        if target.len() > MAX_LINK_BYTES {
            return Err(PageFlaw::Link);
        }
        match within(&self.first, &page.base, target) {
            Ok(next) => Ok(Some(next)),
            Err(Stray::NoUrl) => Err(PageFlaw::Link),
            Err(Stray::Elsewhere(to)) => Err(PageFlaw::LinkLeavesRegistry { to }),
        }
    }

    /// Go on to `next`, where nobody has been yet.
    pub(crate) fn on_to(&mut self, next: Url) -> Result<Url, PageFlaw> {
        if !self.visited.insert(next.clone()) {
            return Err(PageFlaw::Loop);
        }
        let limit = self.bounds.pages;
        if self.visited.len() > limit {
            return Err(PageFlaw::TooManyPages { limit });
        }
        Ok(next)
    }
}

impl OciRegistry {
    /// The page that `request` asks for, of at most `limit` bytes.
    pub(crate) async fn page(
        &self,
        request: impl Fn() -> Request,
        limit: u64,
        target: &Target,
    ) -> Result<Page, FetchError> {
        repeat(|| async {
            let answer = self.asker().ask(request(), target).await?;
            let content_type = told_type(answer.headers());
            let (next, base) = (next_link(&answer), answer.url().clone());
            Ok(Page {
                body: self.asker().body(answer, limit, target).await?,
                content_type,
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
