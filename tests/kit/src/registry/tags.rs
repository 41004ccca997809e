//! The list of tags, page by page.
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags>

use hyper::{Method, Response, header};
use serde_json::json;

use super::backend::Backend;
use super::refusal::{Refusal, value};
use crate::server::{Body, Call};

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
        let page = Page::cut(
            &tags,
            call.parameter("last").as_deref(),
            wanted.into_iter().chain(self.settings.page_size).min(),
        );
        let mut response = page_of(repository, page.tags);
        if let Some(last) = page.next {
            let size = page.tags.len();
            let link = format!("</v2/{repository}/tags/list?n={size}&last={last}>; rel=\"next\"");
            response.headers_mut().insert(header::LINK, value(&link));
        }
        Ok(response)
    }
}

/// Part of a sorted list.
struct Page<'a> {
    tags: &'a [String],
    /// The tag after which the next page begins, if there is one.
    next: Option<&'a str>,
}

impl<'a> Page<'a> {
    fn cut(all: &'a [String], after: Option<&str>, size: Option<usize>) -> Self {
        let start = after.map_or(0, |after| all.partition_point(|tag| tag.as_str() <= after));
        let rest = all.get(start..).unwrap_or_default();
        let Some(size) = size.filter(|size| *size < rest.len()) else {
            return Self {
                tags: rest,
                next: None,
            };
        };
        let tags = &rest[..size];
        Self {
            next: tags.last().map(String::as_str),
            tags,
        }
    }
}

pub(super) fn page_of<T: AsRef<str>>(repository: &str, tags: &[T]) -> Response<Body> {
    let tags: Vec<&str> = tags.iter().map(AsRef::as_ref).collect();
    json_page(&json!({ "name": repository, "tags": tags }).to_string())
}

pub(super) fn json_page(body: &str) -> Response<Body> {
    let mut response = Response::new(Body::whole(body.to_owned()));
    let kind = value("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
