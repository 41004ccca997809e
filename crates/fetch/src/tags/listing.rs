//! Putting the pages of a tag list together.

use portolan_reference::OciRepository;
use url::Url;

use super::PAGE;
use super::page::Tags;
use crate::pages::{Bounds, Page, PageFlaw, Trail};
use crate::{FetchError, Limits, Target};

/// What has been read so far, and where to go on. Does no I/O.
pub(super) struct Listing {
    repository: OciRepository,
    trail: Trail,
    tags: Tags,
    max_tags: usize,
    linked: bool,
}

impl Listing {
    /// A list whose first page is at `first`.
    pub(super) fn new(limits: Limits, repository: OciRepository, first: Url) -> Self {
        let bounds = Bounds {
            pages: limits.max_tag_pages,
            page_bytes: limits.max_tag_page_bytes,
            list_bytes: limits.max_tag_list_bytes,
        };
        Self {
            repository,
            trail: Trail::new(first, bounds),
            tags: Tags::new(limits.max_tags),
            max_tags: limits.max_tags,
            linked: false,
        }
    }

    /// How many bytes the next page may have.
    pub(super) fn allowance(&self) -> u64 {
        self.trail.allowance()
    }

    /// Take in a page. Returns where the next one is, `None` when the list is whole.
    pub(super) fn add(&mut self, page: &Page) -> Result<Option<Url>, FetchError> {
        self.trail.passed(page);
        let before = self.tags.len();
        let entries = self.read(&page.body)?;
        let linked = self.trail.link(page).map_err(|flaw| self.bad(flaw))?;
        let next = match linked {
            Some(next) => {
                self.linked = true;
                next
            }
            // A registry that once said where to go on says so every time. One that never does may
            // still have more, unless it repeats itself.
            None if !self.linked && entries == PAGE && self.tags.len() > before => {
                self.after_last_tag()
            }
            None => return Ok(None),
        };
        match self.trail.on_to(next) {
            Ok(next) => Ok(Some(next)),
            Err(flaw) => Err(self.bad(flaw)),
        }
    }

    /// Every tag, in the order in which they came.
    pub(super) fn into_tags(self) -> Vec<String> {
        self.tags.into_list()
    }

    fn read(&mut self, body: &[u8]) -> Result<usize, FetchError> {
        self.tags.read(body).map_err(|error| {
            if self.tags.overflowed() {
                let repository = Box::new(self.repository.clone());
                let limit = self.max_tags;
                return FetchError::TooManyTags { repository, limit };
            }
            self.bad(PageFlaw::Unreadable {
                line: error.line(),
                column: error.column(),
            })
        })
    }

    fn after_last_tag(&self) -> Url {
        let mut next = self.trail.first().clone();
        let last = self.tags.last().map(|tag| ("last", tag));
        next.query_pairs_mut().extend_pairs(last);
        next
    }

    fn bad(&self, flaw: PageFlaw) -> FetchError {
        FetchError::BadPage {
            target: Box::new(Target::Tags(self.repository.clone())),
            flaw,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link;
    use crate::pages::MAX_LINK_BYTES;

    const FIRST: &str = "https://r.example/v2/charts/x/tags/list?n=1000";

    fn listing(limits: Limits) -> Listing {
        let repository = "r.example/charts/x".parse().unwrap();
        Listing::new(limits, repository, FIRST.parse().unwrap())
    }

    /// `tags` is a space-separated list.
    fn page(tags: &str, next: Option<&str>) -> Page {
        let tags: Vec<&str> = tags.split(' ').collect();
        Page {
            body: serde_json::to_vec(&serde_json::json!({ "tags": tags }))
                .unwrap()
                .into(),
            content_type: None,
            next: Ok(next.map(str::to_owned)),
            base: FIRST.parse().unwrap(),
        }
    }

    fn flaw(error: FetchError) -> PageFlaw {
        match error {
            FetchError::BadPage { flaw, .. } => flaw,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_link_is_followed_inside_the_registry_only() {
        let follow = |target| listing(Limits::default()).add(&page("a", Some(target)));
        let next = follow("?next_page=gAAA%3D").unwrap().unwrap();
        assert_eq!(
            next.as_str(),
            "https://r.example/v2/charts/x/tags/list?next_page=gAAA%3D"
        );
        let to = "https://evil.example/".to_owned();
        let error = follow("https://evil.example/").unwrap_err();
        assert_eq!(flaw(error), PageFlaw::LinkLeavesRegistry { to });
    }

    #[test]
    fn a_link_has_a_greatest_length() {
        let follow = |length| listing(Limits::default()).add(&page("a", Some(&"?".repeat(length))));
        assert!(follow(MAX_LINK_BYTES).is_ok());
        assert_eq!(
            flaw(follow(MAX_LINK_BYTES + 1).unwrap_err()),
            PageFlaw::Link
        );
    }

    #[test]
    fn a_page_that_was_read_is_not_read_again() {
        let mut list = listing(Limits::default());
        assert!(list.add(&page("a", Some("?b"))).unwrap().is_some());
        assert!(list.add(&page("b", Some("?c"))).unwrap().is_some());
        assert_eq!(
            flaw(list.add(&page("c", Some("?b#other"))).unwrap_err()),
            PageFlaw::Loop
        );
        let to_itself = listing(Limits::default()).add(&page("a", Some(FIRST)));
        assert_eq!(flaw(to_itself.unwrap_err()), PageFlaw::Loop);
    }

    #[test]
    fn a_link_that_cannot_be_read_does_not_end_the_list() {
        let malformed = Page {
            next: Err(link::Malformed),
            ..page("a", None)
        };
        let error = listing(Limits::default()).add(&malformed).unwrap_err();
        assert_eq!(flaw(error), PageFlaw::Link);
        let error = listing(Limits::default())
            .add(&page("a", Some("https://[::")))
            .unwrap_err();
        assert_eq!(flaw(error), PageFlaw::Link);
    }

    #[test]
    fn pages_are_counted() {
        let mut list = listing(Limits {
            max_tag_pages: 2,
            ..Limits::default()
        });
        assert!(list.add(&page("a", Some("?1"))).unwrap().is_some());
        let error = list.add(&page("b", Some("?2"))).unwrap_err();
        assert_eq!(flaw(error), PageFlaw::TooManyPages { limit: 2 });
    }

    #[test]
    fn tags_are_counted_over_all_pages() {
        let mut list = listing(Limits {
            max_tags: 3,
            ..Limits::default()
        });
        assert!(list.add(&page("a b", Some("?1"))).unwrap().is_some());
        let error = list.add(&page("b c d", None)).unwrap_err();
        assert!(
            matches!(error, FetchError::TooManyTags { limit: 3, .. }),
            "{error:?}"
        );
    }

    #[test]
    fn bytes_are_counted_over_all_pages() {
        let first = page("a", Some("?1"));
        let size = first.body.len() as u64;
        let limits = Limits {
            max_tag_page_bytes: size,
            max_tag_list_bytes: size + 3,
            ..Limits::default()
        };
        let mut list = listing(limits);
        assert_eq!(list.allowance(), size);
        list.add(&first).unwrap();
        assert_eq!(list.allowance(), 3);
    }

    #[test]
    fn a_full_page_without_a_link_is_followed_by_its_last_tag() {
        let names = |from: usize| {
            (from..from + PAGE)
                .map(|n| n.to_string())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let mut list = listing(Limits::default());
        let next = list.add(&page(&names(0), None)).unwrap().unwrap();
        assert_eq!(next.as_str(), format!("{FIRST}&last=999"));
        let next = list.add(&page(&names(PAGE), None)).unwrap().unwrap();
        assert_eq!(next.as_str(), format!("{FIRST}&last=1999"));
        assert_eq!(list.add(&page("z", None)).unwrap(), None);
        assert_eq!(list.into_tags().len(), 2 * PAGE + 1);
    }

    #[test]
    fn a_registry_that_repeats_itself_or_gives_links_has_said_it_all() {
        let names = (0..PAGE)
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join(" ");
        let mut repeats = listing(Limits::default());
        assert!(repeats.add(&page(&names, None)).unwrap().is_some());
        assert_eq!(repeats.add(&page(&names, None)).unwrap(), None);

        let mut links = listing(Limits::default());
        assert!(links.add(&page("a", Some("?1"))).unwrap().is_some());
        assert_eq!(links.add(&page(&names, None)).unwrap(), None);
    }
}
