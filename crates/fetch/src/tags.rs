//! The whole tag list of a repository.

use std::collections::HashSet;
use std::fmt;

use bytes::Bytes;
use http::Method;
use http::header::LINK;
use portolan_auth::Response;
use portolan_reference::{OciRepository, redacted};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use url::Url;

use crate::retry::repeat;
use crate::{FetchError, Limits, OciRegistry, Remote, Target, link};

/// How many tags are asked for at once: as many as the registries that have a maximum allow.
const PAGE: usize = 1_000;
/// The longest link that is followed, in bytes: what
/// [RFC 9110, section 4.1](https://www.rfc-editor.org/rfc/rfc9110#section-4.1) wants supported.
const MAX_LINK_BYTES: usize = 8_000;

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
                None => return Ok(listing.tags),
            }
        }
    }

    async fn page(&self, remote: &Remote, url: &Url, limit: u64) -> Result<Page, FetchError> {
        let target = Target::Tags(remote.repository().clone());
        repeat(|| async {
            let request = remote.reading(Method::GET, url.clone());
            let answer = self.ask(request, &target).await?;
            let (next, base) = (next_link(&answer), answer.url().clone());
            Ok(Page {
                body: self.body(answer, limit, &target).await?,
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
    match link::next(lines.map_err(|_| link::Malformed)?)? {
        Some(target) if target.len() > MAX_LINK_BYTES => Err(link::Malformed),
        next => Ok(next),
    }
}

struct Page {
    body: Bytes,
    next: Result<Option<String>, link::Malformed>,
    base: Url,
}

/// What has been read so far. Does no I/O.
struct Listing {
    limits: Limits,
    repository: OciRepository,
    first: Url,
    tags: Vec<String>,
    seen: HashSet<String>,
    visited: HashSet<Url>,
    bytes: u64,
    linked: bool,
}

impl Listing {
    fn new(limits: Limits, repository: OciRepository, first: Url) -> Self {
        Self {
            limits,
            repository,
            visited: HashSet::from([first.clone()]),
            first,
            tags: Vec::new(),
            seen: HashSet::new(),
            bytes: 0,
            linked: false,
        }
    }

    /// How many bytes the next page may have.
    fn allowance(&self) -> u64 {
        self.limits
            .max_tag_page_bytes
            .min(self.limits.max_tag_list_bytes.saturating_sub(self.bytes))
    }

    /// Take in a page. Returns where the next one is, `None` when the list is whole.
    fn add(&mut self, page: &Page) -> Result<Option<Url>, FetchError> {
        self.bytes = self.bytes.saturating_add(page.body.len() as u64);
        let before = self.tags.len();
        let entries = self.read(&page.body)?;
        let next = page.next.as_ref().map_err(|_| self.bad(PageFlaw::Link))?;
        let next = match next {
            Some(target) => {
                self.linked = true;
                self.follow(&page.base, target)?
            }
            None if !self.linked && entries == PAGE && self.tags.len() > before => {
                self.after_last_tag()
            }
            None => return Ok(None),
        };
        if !self.visited.insert(next.clone()) {
            return Err(self.bad(PageFlaw::Loop));
        }
        if self.visited.len() > self.limits.max_tag_pages {
            return Err(self.bad(PageFlaw::TooManyPages {
                limit: self.limits.max_tag_pages,
            }));
        }
        Ok(Some(next))
    }

    /// Take in the tags of a page. Returns how many entries it has, known ones and nonsense included.
    fn read(&mut self, body: &[u8]) -> Result<usize, FetchError> {
        let limit = self.limits.max_tags;
        let mut reader = serde_json::Deserializer::from_slice(body);
        let mut collector = Collector {
            tags: &mut self.tags,
            seen: &mut self.seen,
            limit,
            entries: 0,
            full: false,
        };
        let read = (&mut collector)
            .deserialize(&mut reader)
            .and_then(|()| reader.end());
        let (entries, full) = (collector.entries, collector.full);
        match read {
            _ if full => Err(FetchError::TooManyTags {
                repository: Box::new(self.repository.clone()),
                limit,
            }),
            Ok(()) => Ok(entries),
            Err(error) => Err(self.bad(PageFlaw::Unreadable {
                line: error.line(),
                column: error.column(),
            })),
        }
    }

    /// Where a link leads, if that is still the registry.
    fn follow(&self, base: &Url, target: &str) -> Result<Url, FetchError> {
        let mut next = base.join(target).map_err(|_| self.bad(PageFlaw::Link))?;
        next.set_fragment(None);
        let clean = next.username().is_empty() && next.password().is_none();
        if next.origin() != self.first.origin() || !clean {
            return Err(self.bad(PageFlaw::LinkLeavesRegistry {
                to: redacted(next.as_str()),
            }));
        }
        Ok(next)
    }

    fn after_last_tag(&self) -> Url {
        let mut next = self.first.clone();
        next.query_pairs_mut()
            .extend_pairs(self.tags.last().map(|last| ("last", last)));
        next
    }

    fn bad(&self, flaw: PageFlaw) -> FetchError {
        FetchError::BadPage {
            repository: Box::new(self.repository.clone()),
            flaw,
        }
    }
}

/// Reads `{"name": …, "tags": […] or null}` straight into the list, so that a page of many small
/// entries never stands in memory as a list of its own.
struct Collector<'a> {
    tags: &'a mut Vec<String>,
    seen: &'a mut HashSet<String>,
    limit: usize,
    entries: usize,
    full: bool,
}

impl<'de> DeserializeSeed<'de> for &mut Collector<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Collector<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tag list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "tags" {
                found = true;
                map.next_value_seed(Entries(&mut *self))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if found {
            Ok(())
        } else {
            Err(serde::de::Error::missing_field("tags"))
        }
    }
}

struct Entries<'a, 'b>(&'a mut Collector<'b>);

impl<'de> DeserializeSeed<'de> for Entries<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of tags, or null")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(tag) = entries.next_element::<String>()? {
            self.0.entries += 1;
            if !is_tag(&tag) || self.0.seen.contains(&tag) {
                continue;
            }
            if self.0.tags.len() == self.0.limit {
                self.0.full = true;
                return Err(serde::de::Error::custom("too many tags"));
            }
            self.0.seen.insert(tag.clone());
            self.0.tags.push(tag);
        }
        Ok(())
    }
}

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`
fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.as_bytes().first().is_some_and(|first| word(*first))
        && text
            .bytes()
            .all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}
