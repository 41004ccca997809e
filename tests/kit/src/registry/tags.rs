//! The list of tags, page by page.
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags>

mod list;

use hyper::{Method, Response};
use serde_json::{Value, json};

use self::list::List;
use super::backend::Backend;
use super::links::{CURSOR, SMALL_PAGE, cursor, encode, link_to};
use super::refusal::Refusal;
use crate::lie::Lie;
use crate::response::json;
use crate::server::{Body, Call};

/// Some of the tags, and where the next ones are.
struct Page {
    tags: Vec<String>,
    next: Option<String>,
}

impl Backend {
    pub(super) fn tags(&self, call: &Call, repository: &str) -> Result<Response<Body>, Refusal> {
        if !matches!(call.method, Method::GET | Method::HEAD) {
            return Err(Refusal::method());
        }
        let tags: Vec<String> = self
            .content()
            .repository(repository)
            .ok_or_else(|| Refusal::missing("NAME_UNKNOWN", "repository name not known"))?
            .tags
            .keys()
            .cloned()
            .collect();
        let wanted = match call.parameter("n") {
            None => None,
            Some(text) => Some(text.parse::<usize>().map_err(|_| {
                Refusal::bad("PAGINATION_NUMBER_INVALID", "n is not a number of tags")
            })?),
        };
        let size = wanted.into_iter().chain(self.settings.page_size).min();
        let lies = self.told.all();
        let list = List::new(tags, &lies);
        let form = Form {
            lies: &lies,
            registry: &self.origins.url(self.origins.registry),
        };
        let page = self
            .odd_page(call, &list)
            .unwrap_or_else(|| plain_page(call, &list, size, &form));
        let tags = if lies.contains(&Lie::NullTags) {
            Value::Null
        } else {
            page.tags.into()
        };
        let mut response = json(&json!({ "name": repository, "tags": tags }));
        link_to(page.next.as_deref(), &mut response);
        Ok(response)
    }

    /// A page whose link leads astray, if there is such a lie.
    fn odd_page(&self, call: &Call, list: &List) -> Option<Page> {
        let astray = self.astray(call)?;
        Some(Page {
            tags: match astray.made_up {
                None => list.part(0, list.len()),
                Some(here) => vec![format!("0.0.{here}")],
            },
            next: Some(astray.next),
        })
    }
}

/// The page that was asked for.
fn plain_page(call: &Call, list: &List, size: Option<usize>, form: &Form<'_>) -> Page {
    let size = size.unwrap_or(usize::MAX).min(form.most());
    let start = match (cursor(call), call.parameter("last")) {
        (Some(start), _) => usize::try_from(start).unwrap_or(usize::MAX),
        (None, Some(tag)) => list.after(&tag),
        (None, None) => 0,
    };
    let end = start.saturating_add(size).min(list.len());
    let tags = list.part(start, end);
    let more = tags.last().filter(|_| end < list.len());
    let next = more.map(|tag| {
        let tag: String = url::form_urlencoded::byte_serialize(tag.as_bytes()).collect();
        let query = format!("n={size}&last={tag}");
        form.link(&call.path, &query, &encode(end))
    });
    Page { tags, next }
}

/// What pages and their links look like.
struct Form<'a> {
    lies: &'a [Lie],
    /// The registry's origin.
    registry: &'a str,
}

impl Form<'_> {
    fn is(&self, lie: &Lie) -> bool {
        self.lies.contains(lie)
    }

    /// How many tags a page holds at most.
    fn most(&self) -> usize {
        let small = [
            Lie::OpaqueCursor,
            Lie::RelativeCursor,
            Lie::LinkLosesFolder,
            Lie::LinkToOtherPath,
        ];
        if self.is(&Lie::OneTagPerPage) {
            1
        } else if small.iter().any(|lie| self.is(lie)) {
            SMALL_PAGE
        } else {
            usize::MAX
        }
    }

    /// The link from a page at `path` to the next one, which is asked for with this query or this
    /// cursor.
    fn link(&self, path: &str, query: &str, cursor: &str) -> String {
        if self.is(&Lie::RelativeCursor) {
            format!("list?{CURSOR}={cursor}")
        } else if self.is(&Lie::OpaqueCursor) {
            format!("{path}?{CURSOR}={cursor}")
        } else if self.is(&Lie::LinkLosesFolder) {
            let folder = path.trim_start_matches("/v2/").split_once('/');
            let (_, rest) = folder.unwrap_or_default();
            format!("/v2/{rest}?{query}")
        } else if self.is(&Lie::LinkToOtherPath) {
            format!("{}/repository/kit{path}?{query}", self.registry)
        } else {
            format!("{path}?{query}")
        }
    }
}
